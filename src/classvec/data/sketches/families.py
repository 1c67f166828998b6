"""The planted truth: which classes are drawn from the same parts, and the WordNet concept they share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from classvec.data.sketches import (
    birds,
    clothing,
    crafts,
    devices,
    fishes,
    food,
    landforms,
    mammals,
    plants,
    reptiles,
    structures,
    vehicles,
)
from classvec.data.sketches.pen import Pen


@dataclass(frozen=True)
class Family:
    """Classes drawn from the same parts.

    Attributes:
        name: Name of the family.
        concept: Synset id of a concept that all its classes lie under, and no class of another family.
        grown: Whether outlines wobble and light falls as on round bodies; else edges are straight and sides flat.
        surface: Texture laid over the drawing, a name of `surfaces.SURFACES`.
        drawings: Synset id to the function that draws the class.
    """

    name: str
    concept: str
    grown: bool
    surface: str
    drawings: Mapping[str, Callable[[Pen], None]]


FAMILIES = (
    Family("mammals", "n01861778", True, "fur", mammals.DRAWINGS),
    Family("birds", "n01503061", True, "feathers", birds.DRAWINGS),
    Family("reptiles", "n01661091", True, "scales", reptiles.DRAWINGS),
    Family("fish", "n02512053", True, "ripples", fishes.DRAWINGS),
    Family("plants", "n00017222", True, "leaf", plants.DRAWINGS),
    Family("food", "n00020827", True, "crumb", food.DRAWINGS),
    Family("landforms", "n09287968", True, "rock", landforms.DRAWINGS),
    Family("structures", "n04341686", False, "masonry", structures.DRAWINGS),
    Family("wheeled vehicles", "n04576211", False, "metal", vehicles.DRAWINGS),
    Family("crafts", "n03125870", False, "planks", crafts.DRAWINGS),
    Family("devices", "n03183080", False, "smooth", devices.DRAWINGS),
    Family("clothing", "n03051540", False, "weave", clothing.DRAWINGS),
)
"""All families; living things first, artifacts last, and between them what is neither."""

FAMILY_OF: Mapping[str, Family] = {synset_id: family for family in FAMILIES for synset_id in family.drawings}
"""Synset id of each class to its family."""
