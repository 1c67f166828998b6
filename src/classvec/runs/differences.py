"""Which curves of several runs can be told apart, and at which k: from the files of the runs."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from classvec.artifacts import INTERVAL, SIGNIFICANT, ResampledScores, Scores, t_cell
from classvec.figures.differences import difference_map
from classvec.method.differences import CurveDifference, curve_differences
from classvec.runs.card import check
from classvec.runs.files import HALF_SAMPLES, SCORES
from classvec.settings import CLASSES_PER_CLUSTER

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMED = 30
"""Pairs of runs that are named in a table of the summary."""
PICTURED = 60
"""Pairs of runs up to which there is a picture."""
HOW = "add analysis.half_samples=50"
"""How runs can be compared."""
UNKNOWN = "Which of these curves differ by more than the choice of classes explains is not known"


def differences(runs: Mapping[str, Path]) -> tuple[CurveDifference, ...]:
    """Compares the curves of every two runs that have the same half-samples of the same classes.

    Args:
        runs: Name of a run to its folder.

    Returns:
        An entry for each such pair; none where no two runs have any.

    Raises:
        InputError: If a file of a run is damaged.
    """
    found = {}
    for name, folder in with_half_samples(runs).items():
        check(folder, SCORES, HALF_SAMPLES)
        found[name] = Scores.load(folder / SCORES), ResampledScores.load(folder / HALF_SAMPLES)
    return curve_differences(found)


def with_half_samples(runs: Mapping[str, Path]) -> dict[str, Path]:
    """Returns those of some runs that have half-samples."""
    return {name: folder for name, folder in runs.items() if (folder / HALF_SAMPLES).is_file()}


def table(pairs: Sequence[CurveDifference]) -> list[dict[str, Any]]:
    """Returns the differences as a table: a row for each pair and k, and one for the mean over k."""
    rows = []
    for pair in pairs:
        for k, q, found in [*((k, pair.q[k], pair.at[k]) for k in pair.at), ("mean", math.nan, pair.mean)]:
            numbers = {
                "difference": found.value,
                "low": found.value - found.margin,
                "high": found.value + found.margin,
            }
            known = {name: "" if math.isnan(value) else value for name, value in numbers.items()}
            tests = {name: "" if math.isnan(p) else f"{p:.3g}" for name, p in (("p", found.p), ("q", q))}
            names = {"one": pair.one, "other": pair.other, "k": k}
            rows.append({**names, **known, **tests, "n_half_samples": pair.n_half_samples})
    return rows


def cells(pairs: Sequence[CurveDifference]) -> list[list[str]]:
    """Returns which pairs can be told apart, and where, as the cells of a table; its first row is the heading.

    The better one of a pair by its mean over k comes first. Of very many pairs the first are named.
    """
    lines = [["curves", "adjusted F1, mean over k", INTERVAL, "p", f"told apart at k (q <= {SIGNIFICANT:g})"]]
    return lines + [_cells(pair.reversed if pair.mean.value < 0.0 else pair) for pair in pairs[:NAMED]]


def _cells(pair: CurveDifference) -> list[str]:
    mean, p = pair.mean, pair.mean.p
    all_k = len(pair.mean_k) == len(pair.at)
    value = "" if math.isnan(mean.value) else f"{mean.value:+.3f}" + ("" if all_k else f" (k = {ranges(pair.mean_k)})")
    interval = "" if math.isnan(p) else f"[{mean.value - mean.margin:z.3f}, {mean.value + mean.margin:z.3f}]"
    above = [k for k in pair.apart if pair.at[k].value > 0.0]
    below = [k for k in pair.apart if k not in above]
    where = "; ".join([*([ranges(above)] if above else []), *([f"below at {ranges(below)}"] if below else [])])
    where = (where or "none") + ("" if len(pair.tested) == len(pair.at) else f" of {ranges(pair.tested)}")
    word = "above" if above or p <= SIGNIFICANT else "and"
    return [f"{pair.one} {word} {pair.other}", value, interval, t_cell(p), where if pair.tested else "not tested"]


def remarks(pairs: Sequence[CurveDifference], runs: Mapping[str, Path], file: str = "differences.csv") -> list[str]:
    """Returns what is to be known beside the table.

    Args:
        pairs: The differences.
        runs: All runs, name to folder.
        file: Name of the file with all differences.
    """
    known = with_half_samples(runs)
    same = "of the same classes, drawn with the same analysis.seed and in the same number"
    if len(known) < 2:
        return [f"{UNKNOWN}: {HOW}."]
    if not pairs:
        return [f"{UNKNOWN}: no two of them have half-samples {same}."]
    counts = sorted({pair.n_half_samples for pair in pairs})
    said = [
        f"From {' or '.join(map(str, counts))} half-samples of the classes that both runs have. p is that of the mean; "
        f'q is over the k of a pair. "above": p, or q at some k, is at most {SIGNIFICANT:g}. Every k: {file}.'
    ]
    if any(len(pair.tested) < len(pair.at) for pair in pairs):
        said.append(f"Means and tests are of the k that have {CLASSES_PER_CLUSTER} classes or more for each cluster.")
    if len(pairs) > NAMED:
        said.append(f"{len(pairs) - NAMED} more pairs: {file}.")
    paired = {name for pair in pairs for name in (pair.one, pair.other)}
    if without := [name for name in runs if name not in paired]:
        said.append(f"Without half-samples in common with another run: {', '.join(without)}. They must be {same}.")
    return said


def draw(pairs: Sequence[CurveDifference], title: str) -> "Figure | None":
    """Draws the differences of every pair at every k; None for none, or for more pairs than a picture can name."""
    k = sorted({number for pair in pairs for number in pair.at})
    if not k or len(pairs) > PICTURED:
        return None
    values = [[pair.at[number].value if number in pair.tested else math.nan for number in k] for pair in pairs]
    apart = [[number in pair.apart for number in k] for pair in pairs]
    names = [f"{pair.one} - {pair.other}" for pair in pairs]
    return difference_map(names, k, np.array(values), np.array(apart), title)


def ranges(k: Sequence[int]) -> str:
    """Returns ascending numbers in words, such as ``2, 5-8``."""
    runs: list[list[int]] = []
    for number in k:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)
