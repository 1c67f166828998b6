"""A run's folder: its identity, status, files and summary; sweeps, and comparisons of runs."""
