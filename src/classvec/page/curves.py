"""The section of a run's page on its curve: the chart, what it shows, and the figures behind it."""

from classvec.artifacts import Score, Scores, bands
from classvec.page.document import fold, section, table


def curve_section(scores: Scores) -> str:
    """Returns the section as HTML."""
    rows = [_cells(scores, row) for row in scores.rows]
    return section(
        "curves",
        "How well concepts describe the clusters",
        '<div class="chart" id="f1-chart" role="img" aria-label="F1 over the number of clusters; the table below has '
        'the same figures"></div>',
        f"<p>Mean of the clusters' best F1. {bands([scores])} Grey: chance, from "
        f"{scores.n_draws:,} permutations of the classes, with its 95% band. Adjusted is what is left once "
        "chance is taken off, (F1 - chance) / (1 - chance). p of a k is that of its F1; p of the best "
        "adjusted F1 is that of the largest over all k.</p>",
        fold("The figures", table([name for name, _ in rows[0]], [[cell for _, cell in row] for row in rows])),
    )


def _cells(scores: Scores, row: Score) -> list[tuple[str, object]]:
    """Returns name and cell of each column."""
    beside = [("smallest cluster", row.smallest), ("ARI of seeds", f"{row.seeds_ari:.2f}")]
    return [("k", row.k), *scores.cells(row.k), *beside]
