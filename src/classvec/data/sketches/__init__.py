"""The embedded data set: images drawn by code, whose families are known because they were planted."""

from classvec.data.sketches.album import SIZE, Sketches

__all__ = ["SIZE", "Sketches"]
