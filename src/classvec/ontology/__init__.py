"""What the clusters are compared with: a graph of concepts above the classes."""
