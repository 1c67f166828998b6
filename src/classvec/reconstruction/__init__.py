"""What a class vector looks like: images that make a network's layers answer as a class does on the mean."""
