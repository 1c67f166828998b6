"""The sheet that every picture is drawn on: ink, colours, axes, and the way to the disk."""

from pathlib import Path
from typing import TYPE_CHECKING

from classvec.artifacts import ClusterLabel, Picture, atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1f2933"
FAINT = "#9aa5b1"
GREY = "#6b7785"
"""Ink of words that say less, and are read all the same."""
COLOURS = ("#2563eb", "#d9480f", "#2b8a3e", "#862e9c", "#0b7285", "#a61e4d", "#5f3dc4", "#846358")


def save(figure: "Figure", path: Path) -> Path:
    """Writes a figure as PNG, atomically, and returns the path; a dollar in its words is a dollar."""
    from matplotlib.text import Text

    for words in figure.findobj(Text):
        words.set_parse_math(False)
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=150)
    return path


def save_picture(picture: Picture, path: Path) -> Path:
    """Writes a picture as it is, as PNG, atomically, and returns the path."""
    from PIL import Image

    with atomic_write(path) as file:
        Image.fromarray(picture).save(file, format="PNG")
    return path


def sheet(width: float, height: float) -> "Figure":
    """Returns an empty figure of so many inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def plain(axes: "Axes") -> None:
    """Leaves of axes what is read: no box, faint lines."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK)
    axes.grid(axis="y", color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)


def label_ink(label: ClusterLabel) -> str:
    """Returns the colour of a label's words: grey if it does not stand out from chance."""
    return INK if label.stands_out else GREY


def short_layer(name: str) -> str:
    """Shortens a layer's name to what tells it from the others; others stay."""
    return name.removeprefix("inception_")
