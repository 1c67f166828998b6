"""The paper's tables: layers and their sizes, as printed and as they are (1 and 2), and clusters by name (3)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from classvec import figures
from classvec.artifacts import TABLE3_K, ClusterLabel, ConceptLabels, Scores, write_text

RELEVANT = 0.9
"""The second-best concept of a cluster stands in Table 3 if its F1 is at least this share of the best one's.

The paper shows it "when relevant", and says no more."""


def cell(label: ClusterLabel) -> str:
    """Returns a cluster's name, in brackets the second-best concept where it describes the cluster nearly as well."""
    best, *others = label.matches
    second = f" ({others[0].name})" if others and others[0].f1 >= RELEVANT * best.f1 else ""
    return f"{best.name}{second}"


def table3(labels: ConceptLabels, scores: Scores) -> list[list[str]]:
    """Returns the paper's Table 3 for k up to 8, largest cluster first, the scores beside it; first the heading."""
    rows = {k: clusters for k, clusters in labels.clusters.items() if k <= TABLE3_K}
    width = max(rows, default=0)
    lines = [["k", *(f"cluster {i + 1}" for i in range(width)), "F1", "chance", "adjusted"]]
    for k, clusters in rows.items():
        names = [f"{cell(label)}, {label.best.f1:.2f}" for label in clusters]
        row = scores.at(k)
        numbers = [f"{value:.3f}" for value in (row.f1_mean, row.f1_chance, row.f1_adjusted)]
        lines.append([str(k), *names, *[""] * (width - len(names)), *numbers])
    return lines


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
    rule = (
        "Clusters, largest first, each with the WordNet synset of the best F1, and that F1; in brackets the second "
        f"best where its F1 is at least {RELEVANT:g} of the best."
    )
    write_text(folder / "table3.txt", "\n".join([f"{title}. {rule}", "", *_stacked(lines)]) + "\n")
    write_text(folder / "table3.md", "\n".join([*markdown(lines), "", rule]) + "\n")
    picture = figures.save(figures.name_table(lines, title, rule), folder / "table3.png")
    return [folder / "table3.txt", folder / "table3.md"], {"table3": picture}


def _stacked(lines: Sequence[Sequence[str]]) -> list[str]:
    """Returns one block for each k, which fits a terminal, unlike a row of eight clusters."""
    found = []
    for k, *cells, f1, chance, adjusted in lines[1:]:
        found.append(f"k = {k}: mean F1 {f1}, chance {chance}, adjusted {adjusted}")
        found += [f"    {name}" for name in cells if name]
    return found


def markdown(lines: Sequence[Sequence[str]]) -> list[str]:
    """Returns a table in Markdown; the first line is the heading."""
    ruled = [lines[0], ["---"] * len(lines[0]), *lines[1:]]
    return [f"| {' | '.join(value.replace('|', chr(92) + '|') for value in line)} |" for line in ruled]


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


def aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    """Returns a table for the terminal."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return ["  ".join(value.ljust(width) for value, width in zip(line, widths, strict=True)).rstrip() for line in lines]
