"""Text for people: the summary on the terminal, layers of a network, the scorecard of images."""

from collections.abc import Sequence
from itertools import accumulate

from classvec.artifacts import ClassVectors, Evaluation, Reconstructions, RunCard, aligned
from classvec.report.tables import score_cells, score_columns

LONGEST_NAMES = 100
"""Characters of the names of one k on the terminal."""


def summary(evaluation: Evaluation, card: RunCard) -> str:
    """Returns a compact table for the terminal: F1 against chance for every k, with the clusters' names."""
    scores, labels = evaluation.scores, evaluation.labels
    n_images, rule = int(evaluation.vectors.n_images.sum()), labels.provenance.get("affinity")
    about = [f"{len(labels.classes)} classes", f"{n_images} images", *([f"affinity: {rule}"] if rule else [])]
    lines = [
        "",
        f"{card.name}: {', '.join(about)}",
    ]
    table = [["k", *score_columns(scores), "smallest", "clusters, largest first, each with its adjusted F1"]]
    for row in scores.rows:
        names = _cut([label.rated for label in labels.clusters[row.k]])
        table.append([str(row.k), *score_cells(scores, row.k), str(row.smallest), names])
    lines += [f" {line}" for line in aligned(table, right=range(len(table[0]) - 1))]
    said = [scores.headline(), scores.caveat(), labels.brackets(), scores.intervals()]
    return "\n".join([*lines, *filter(None, said)])


def _cut(names: Sequence[str]) -> str:
    """Joins names, as many as fit on a line; the first is always there."""
    ends = accumulate(len(name) + 2 for name in names)
    fit = [name for name, end in zip(names, ends, strict=True) if end <= LONGEST_NAMES]
    shown = fit or names[:1]
    return ", ".join([*shown, *(["..."] if len(shown) < len(names) else [])])


def scorecard(made: Reconstructions) -> str:
    """Returns the scorecard of reconstructions for the terminal."""
    names = [
        f"{item.target.name}, {next(iter(item.target.means))}" if made.by_layer else item.target.name
        for item in made.items
    ]
    width = max(len("reconstruction"), *map(len, names)) + 2
    judged = f"  {made.judge}'s place" if made.judge else ""
    lines = ["", f"{'reconstruction':{width}}{'loss':>7}{'cosine':>8}{'rank':>6}{judged}  (beside it)"]
    for name, item in zip(names, made.items, strict=True):
        own, *others = item.appraisals
        beside = "; ".join(f"{seen.kind}: loss {seen.loss:.2f}, cosine {seen.cosine:.2f}" for seen in others)
        rank = "" if own.rank is None else str(own.rank)
        place = f"{own.judge_rank or '':>{len(judged)}}" if made.judge else ""
        lines.append(f"{name:{width}}{own.loss:7.3f}{own.cosine:8.3f}{rank:>6}{place}  ({beside})")
    return "\n".join(lines)


def vector_table(vectors: ClassVectors) -> str:
    """Returns a table of the layers of class vectors for the terminal."""
    lines = ["", f"{'layer':24}{'features':>12}{'mean norm':>12}"]
    for name, block in vectors.layers.items():
        lines.append(f"{name:24}{block.n_features:12,}{float(block.norms.mean()):12.4g}")
    lines.append(f"{'sum':24}{vectors.n_features:12,}")
    for name, error in vectors.provenance.get("cosine_errors", {}).items():
        lines.append(
            f"{name} is projected: cosines off by {error['mean']:.4f} on average, {error['largest']:.4f} at most"
        )
    lines.append(f"{len(vectors.classes)} classes, {int(vectors.n_images.sum())} images")
    lines.append(f"Class vectors: {vectors.path}")
    return "\n".join(lines)


def layer_table(name: str, transform: str, rows: Sequence[tuple[str, str, str, int]], *, total: bool) -> str:
    """Returns a table of a network's layers for the terminal.

    Args:
        name: Name of the network.
        transform: Its input, in words.
        rows: Name, path, shape in words and number of features of each layer.
        total: Whether the features add up to a class vector.
    """
    width = max(len(row[0]) for row in rows) + 2
    path = max(len(row[1]) for row in rows) + 2
    lines = [f"{name}, input: {transform}", f"{'layer':{width}}{'module':{path}}{'shape':>14}{'features':>12}"]
    lines += [f"{layer:{width}}{module:{path}}{shape:>14}{n:12,}" for layer, module, shape, n in rows]
    if total:
        lines.append(f"{'sum':{width + path + 14}}{sum(row[3] for row in rows):12,}")
    return "\n".join(lines)
