"""What clusters and matrices say beyond their scores: one analysis, one file."""
