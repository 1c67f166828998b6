"""Artifacts as pictures. Every function returns a matplotlib figure and leaves showing and saving to its caller."""

from classvec.figures.canvas import COLOURS, save, save_picture
from classvec.figures.matrix import sorted_matrix
from classvec.figures.reconstructions import reconstructions
from classvec.figures.scores import f1_curves, name_table

__all__ = ["COLOURS", "f1_curves", "name_table", "reconstructions", "save", "save_picture", "sorted_matrix"]
