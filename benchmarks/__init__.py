"""Measurements, side by side in one run and never as timed tests: `python -m benchmarks.scale` and others."""
