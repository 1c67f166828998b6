"""What clusters and matrices say beyond their scores: agreement, stability, depth, genealogy, all subsets of layers."""
