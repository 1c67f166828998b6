"""Do runs find the same classes similar? Networks, layer groups or metrics compared, from the files of their runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from classvec import figures
from classvec.analyses.layer_similarity import PairComparison, compare_pairs, draw, table
from classvec.artifacts import Clusterings, Scores, Similarity, aligned, p_cell, write_table
from classvec.errors import InputError
from classvec.runs import differences
from classvec.runs.card import check
from classvec.runs.files import CLUSTERINGS, SCORES, SIMILARITY
from classvec.runs.finding import find_runs

SHOWN_K = (2, 5, 8, 19)
"""Numbers of clusters that are printed, where they were computed."""


def compare_runs(
    runs: Mapping[str, Path], n_permutations: int = 199, seed: int = 0, most_classes: int | None = None
) -> tuple[PairComparison, ...]:
    """Compares every two runs, over the classes that both have.

    Args:
        runs: Name of a run to its folder.
        n_permutations: Permutations of the classes behind each p.
        seed: Their seed.
        most_classes: Number of classes above which nothing is compared; None for no limit.

    Raises:
        InputError: If there is only one run, a folder holds none, one has too many classes or was written by an earlier
            version, or no two have four classes in common.
    """
    if len(runs) < 2:
        raise InputError(f"one run, {next(iter(runs), 'none')}: there is nothing to compare it with; name two or more")
    clusterings = {}
    for name, folder in runs.items():
        for file in (SIMILARITY, CLUSTERINGS):
            if not (folder / file).is_file():
                raise InputError(f"{folder} ({name}) holds no finished run of evaluate.py: {file} is missing")
        check(folder, SIMILARITY, CLUSTERINGS)
        clusterings[name] = Clusterings.load(folder / CLUSTERINGS)
        n_classes = len(clusterings[name].classes)
        if most_classes is not None and n_classes > most_classes:
            raise InputError(f"{name} has {n_classes:,} classes, more than {most_classes:,}")
    similarities = {name: Similarity.load(folder / SIMILARITY) for name, folder in runs.items()}
    for name, similarity in similarities.items():
        if "network" in similarity.provenance and "paths" not in similarity.provenance:
            raise InputError(f"{runs[name]} ({name}) was written by an earlier version: run evaluate.py again")
    return compare_pairs(similarities, clusterings, n_permutations, seed)


def compare(folders: Sequence[Path], out: Path, n_permutations: int) -> str:
    """Compares runs, writes a table and a picture beside it, and returns the comparison for the terminal.

    Args:
        folders: Output folders of runs, or folders of sweeps.
        out: The CSV file to write.
        n_permutations: Permutations of the classes behind each p.

    Raises:
        InputError: If there are fewer than two runs, two share fewer than four classes, or there are no permutations.
    """
    if out.suffix != ".csv":
        raise InputError(f"--out {out}: expected a name that ends in .csv; the picture is written beside it")
    if n_permutations < 1:
        raise InputError(f"--permutations {n_permutations}: expected 1 or more")
    runs = find_runs(folders)
    pairs, curves = compare_runs(runs, n_permutations), differences.differences(runs)
    files = [write_table(out, table(pairs))]
    files.append(figures.save(draw(pairs, "Do these runs find the same classes similar?"), out.with_suffix(".png")))
    beside = out.with_name(f"{out.stem}_differences.csv")
    if curves:
        files.append(write_table(beside, differences.table(curves)))
    told = [*(aligned(differences.cells(curves)) if curves else []), *differences.remarks(curves, runs, beside.name)]
    return "\n".join([*lines(pairs), "", *told, f"Files: {', '.join(map(str, files))}"])


def lines(pairs: Sequence[PairComparison]) -> list[str]:
    """Returns comparisons as lines for the terminal; of two that share layers, these stand at the end."""
    width = max(len(f"{pair.one} / {pair.other}") for pair in pairs) + 2
    cells = [[p_cell(p, pair.n_permutations) for p in (pair.mantel_p, pair.cka_p)] for pair in pairs]
    p_width = 2 + max(len(cell) for row in cells for cell in row)
    head = f"{'classes':>8}{'Mantel':>8}{'p':>{p_width}}{'CKA':>7}{'p':>{p_width}}"
    shown = [f"{'':{width}}{head}  clusters (adjusted Rand index)"]
    for pair, (mantel_p, cka_p) in zip(pairs, cells, strict=True):
        k_shown = [k for k in SHOWN_K if k in pair.ari] or sorted(pair.ari)[:1]
        ari = ", ".join(f"k={k}: {pair.ari[k]:.2f}" for k in k_shown)
        numbers = f"{pair.n_classes:8d}{pair.mantel:8.2f}{mantel_p:>{p_width}}{pair.cka:7.2f}{cka_p:>{p_width}}"
        shares = f"; both have {pair.shares}" if pair.shared_layers else ""
        shown.append(f"{f'{pair.one} / {pair.other}':{width}}{numbers}  {ari}{shares}")
    if any(pair.shared_layers for pair in pairs):
        shown.append("Runs that share layers agree in part by construction: what both have agrees with itself.")
    return shown


def curves(folders: Sequence[Path], out: Path) -> Path:
    """Draws the F1 curves of several runs into one picture.

    Args:
        folders: Output folders of runs, or folders of sweeps.
        out: The PNG file to write.

    Raises:
        InputError: If a folder holds no run.
    """
    runs = find_runs(folders)
    for folder in runs.values():
        check(folder, SCORES)
    scores = {name: Scores.load(run / SCORES) for name, run in runs.items()}
    return figures.save(figures.f1_curves(scores, "How well concepts describe the clusters"), out)
