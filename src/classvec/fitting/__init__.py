"""Fitting: weights for a network that has none for these classes, from scratch, fine-tuned, or the head alone."""
