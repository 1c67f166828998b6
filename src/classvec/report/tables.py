"""The paper's tables: layers and their sizes, as printed and as they are (1 and 2), and clusters by name (3)."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from classvec import figures
from classvec.artifacts import (
    TABLE3_K,
    ClusterLabel,
    ConceptLabels,
    ConceptMatch,
    Scores,
    adjusted_cell,
    aligned,
    p_cell,
    p_words,
    q_cell,
    write_text,
)

LABELS = ["k", "classes", "label", "F1", "P", "R", "chance", "adjusted", "p", "q", "second best"]
"""Columns of the list of labels."""
MARKS = re.compile(r"[|\\`*]|\](?=\()|<(?=[A-Za-z/!])")
"""What Markdown would take as more than text: ends of cells, code, emphasis, links and HTML."""
RELEVANT = 0.9
"""The second-best concept of a cluster stands in Table 3 if its F1 is at least this share of the best one's.

The paper shows it "when relevant", and says no more."""


def second_best(label: ClusterLabel) -> ConceptMatch | None:
    """Returns the second-best concept of a cluster where it is nearly as good, and not what tells the cluster apart."""
    best, *others = label.matches
    near = [match for match in others[:1] if match.f1 >= RELEVANT * best.f1 and match.name != label.apart]
    return near[0] if near else None


def cell(label: ClusterLabel) -> str:
    """Returns a cluster's name, with the second-best concept where it is relevant, and its F1."""
    second = second_best(label)
    return f"{label.shown}{f' or {second.name}' if second else ''}, {label.best.f1:.2f}"


def table3(labels: ConceptLabels, scores: Scores) -> list[list[str]]:
    """Returns the paper's Table 3 for k up to 8, largest cluster first, the scores beside it; first the heading."""
    rows = {k: clusters for k, clusters in labels.clusters.items() if k <= TABLE3_K}
    width = max(rows, default=0)
    lines = [["k", *(f"cluster {i + 1}" for i in range(width)), *score_columns(scores)]]
    for k, clusters in rows.items():
        names = [cell(label) for label in clusters]
        lines.append([str(k), *names, *[""] * (width - len(names)), *score_cells(scores, k)])
    return lines


def score_columns(scores: Scores) -> list[str]:
    """Returns the heading of `score_cells`."""
    return [name for name, _ in scores.cells(scores.rows[0].k)]


def score_cells(scores: Scores, k: int) -> list[str]:
    """Returns mean F1, chance, adjusted F1 and p of one k for a table; see `Scores.cells`."""
    return [cell for _, cell in scores.cells(k)]


def write_table3(labels: ConceptLabels, scores: Scores, title: str, folder: Path) -> tuple[list[Path], dict[str, Path]]:
    """Writes ``table3.txt``, ``table3.md`` and ``table3.png``; nothing where all k are larger than the paper's.

    Args:
        labels: Names of the clusters.
        scores: Their scores.
        title: What was clustered.
        folder: Where to write.

    Returns:
        The text files, and name of the picture to its file.
    """
    lines = table3(labels, scores)
    if len(lines) == 1:
        return [], {}
    legend = [_apart(labels, TABLE3_K), labels.brackets(TABLE3_K)]
    rule = " ".join(filter(None, [
        "Clusters, largest first, each with the concept of the best F1, and that F1; after \"or\" the second best "
        f"where its F1 is at least {RELEVANT:g} of the best.", *legend]))  # fmt: skip
    blocks = [line for k, block in label_blocks(labels, scores) if k <= TABLE3_K for line in block]
    head = [f"{title}: clusters, largest first, with the concept of the best F1.", *filter(None, legend)]
    write_text(folder / "table3.txt", "\n".join([*head, *blocks]) + "\n")
    listed = [line for k, lines in _label_lines(labels).items() if k <= TABLE3_K for line in lines]
    write_text(folder / "table3.md", "\n".join([*markdown(lines), "", rule, "", *markdown([LABELS, *listed])]) + "\n")
    weak = {cell(label) for k in labels.clusters for label in labels.clusters[k] if not label.stands_out}
    picture = figures.save(figures.name_table(lines, title, rule, weak), folder / "table3.png")
    return [folder / "table3.txt", folder / "table3.md"], {"table3": picture}


def label_table(labels: ConceptLabels, scores: Scores) -> str:
    """Returns every label for every k, largest cluster first, with chance, p and q, and its second-best concept."""
    lines = [
        "Clusters, largest first: number of classes, concept with the best F1 (P: precision, R: recall), the F1 to",
        f"expect of as many random classes, F1 adjusted for it, p over {labels.n_draws:,} draws of random classes,",
        f"q over all {labels.n_labels} labels of the run (Benjamini and Hochberg).",
        "The labels of a k are those of one clustering, mean F1 and chance are over all seeds.",
        *filter(None, [_apart(labels), labels.brackets()]),
        *(line for _, block in label_blocks(labels, scores) for line in block),
    ]
    return "\n".join(lines) + "\n"


def _apart(labels: ConceptLabels, most: int | None = None) -> str:
    """Returns a line on what parentheses after a name mean; empty if no name up to a largest k has them."""
    shown = [label for k, of_k in labels.clusters.items() if most is None or k <= most for label in of_k]
    said = "In parentheses: what tells clusters of one k with the same concept apart."
    return said if any(label.apart for label in shown) else ""


def label_blocks(labels: ConceptLabels, scores: Scores) -> list[tuple[int, list[str]]]:
    """Returns for each k its scores and a table of its labels, as lines of text."""
    blocks = []
    for k, lines in _label_lines(labels).items():
        row = scores.at(k)
        level = adjusted_cell(row.f1_adjusted) or "undefined"
        head = f"k = {k}: mean F1 {row.f1_mean:.3f}, chance {row.f1_chance:.3f}, adjusted {level}"
        table = aligned([LABELS[1:], *(line[1:] for line in lines)])
        blocks.append((k, ["", f"{head}, {p_words(row.p, scores.n_draws)}", *(f"  {line}" for line in table)]))
    return blocks


def _label_lines(labels: ConceptLabels) -> dict[int, list[list[str]]]:
    """Returns the rows of the list of labels for each k."""
    return {k: [_label_line(k, label, labels.n_draws) for label in of_k] for k, of_k in labels.clusters.items()}


def _label_line(k: int, label: ClusterLabel, n_draws: int) -> list[str]:
    best, second = label.best, label.matches[1:2]
    return [
        str(k), str(len(label.members)), label.shown, f"{best.f1:.2f}", f"{best.precision:.2f}", f"{best.recall:.2f}",
        f"{label.f1_chance:.2f}", adjusted_cell(label.f1_adjusted), p_cell(label.p, n_draws),
        q_cell(label.q, label.p, n_draws),
        *(f"{match.name} {match.f1:.2f}" for match in second), *[""] * (1 - len(second)),
    ]  # fmt: skip


def markdown(lines: Sequence[Sequence[str]]) -> list[str]:
    """Returns a table in Markdown; the first line is the heading. Marks in the cells stand for themselves."""
    ruled = [lines[0], ["---"] * len(lines[0]), *lines[1:]]
    return [f"| {' | '.join(map(_as_text, line))} |" for line in ruled]


def _as_text(value: str) -> str:
    return MARKS.sub(r"\\\g<0>", value)


def printed_layers(sizes: Mapping[str, tuple[str, int]], printed: Mapping[str, str]) -> list[list[str]]:
    """Returns layers and their sizes as printed and as they are, with a word where the two differ; first the heading.

    Args:
        sizes: Layer to its path and number of features, low to top.
        printed: Layer to what is printed for it, such as ``conv2_2 1,605,632``; ``sum`` for the printed total.
    """
    whole = {**sizes, "sum": ("sum", sum(features for _, features in sizes.values()))}
    lines = [["layer", "as printed", "as it is", ""]]
    for name, (path, features) in whole.items():
        found = printed.get(name, "")
        right = f"{path if '/' in found else name} {features:,}"  # the paper prints some layers by their paths
        lines.append([name, found, right, "" if found in ("", right) else "erratum"])
    return lines


def write_layers(sizes: Mapping[str, tuple[str, int]], printed: Mapping[str, str], title: str, folder: Path) -> str:
    """Writes ``layers.txt`` and ``layers.md``, and returns the text.

    Args:
        sizes: Layer to its path and number of features, low to top.
        printed: Layer to what is printed for it; see `printed_layers`.
        title: What network it is.
        folder: Where to write.
    """
    lines = printed_layers(sizes, printed)
    text = "\n".join([title, *aligned(lines), f"Files: {folder}"])
    write_text(folder / "layers.txt", text + "\n")
    write_text(folder / "layers.md", "\n".join([title, "", *markdown(lines)]) + "\n")
    return text
