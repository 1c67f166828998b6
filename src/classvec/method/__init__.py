"""How classes are compared, clustered and named."""
