"""Reconstructions as one picture."""

from typing import TYPE_CHECKING

from classvec.artifacts import Reconstruction, Reconstructions
from classvec.figures.canvas import FAINT, INK, sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

IN_A_ROW = 8


def reconstructions(made: Reconstructions, title: str) -> "Figure":
    """Draws reconstructions under their names (Figure 3), each over the real image nearest to its class vector.

    With one image per layer there is a row per target and a column per layer instead.

    Args:
        made: The images.
        title: What they are about.
    """
    columns = len(made.layers) if made.by_layer else min(len(made.items), IN_A_ROW)
    rows = -(-len(made.items) // columns)
    tall = 1 if made.by_layer else 2
    figure = sheet(max(1.9 * columns, 5.0), (2.3 if made.by_layer else 3.7) * rows + 0.6)
    grid = figure.subplots(rows * tall, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for position, item in enumerate(made.items):
        row, column = divmod(position, columns)
        above = grid[row * tall, column]
        above.imshow(item.picture)
        above.set_title(_caption(item, made), fontsize=8, color=INK, parse_math=False)  # a folder may be named $5
        if not made.by_layer and item.real is not None:
            below = grid[row * tall + 1, column]
            below.imshow(item.real)
            below.set_title(f"real image, loss {item.appraisals[1].loss:.2f}", fontsize=7, color=FAINT)
    figure.suptitle(title, fontsize=11, color=INK)
    return figure


def _caption(item: Reconstruction, made: Reconstructions) -> str:
    seen = item.appraisal
    words = [f"loss {seen.loss:.2f}"]
    words += [f"rank {seen.rank}"] if seen.rank is not None else []
    words += [f"judge {seen.judge_rank}"] if seen.judge_rank is not None else []
    head = f"{item.target.name}\n{next(iter(item.target.means))}" if made.by_layer else item.target.name
    return f"{head}\n{', '.join(words)}"
