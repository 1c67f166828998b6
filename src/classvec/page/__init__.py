"""A run, and a sweep, as one HTML page that needs nothing else: no network, no server, no other file."""
