"""Which curves of several runs can be told apart, and at which k: from the files of the runs."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from classvec.artifacts import ResampledScores, Scores
from classvec.figures.differences import difference_map
from classvec.method.differences import CurveDifference, curve_differences
from classvec.runs.card import check
from classvec.runs.files import HALF_SAMPLES, SCORES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMED = 30
"""Pairs of runs that are named in a table of the summary."""
PICTURED = 60
"""Pairs of runs up to which there is a picture."""
HOW = "analysis.half_samples=50"
"""What a run needs to be compared."""


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
    for name, folder in runs.items():
        if (folder / HALF_SAMPLES).is_file():
            check(folder, SCORES, HALF_SAMPLES)
            found[name] = Scores.load(folder / SCORES), ResampledScores.load(folder / HALF_SAMPLES)
    return curve_differences(found)


def table(pairs: Sequence[CurveDifference]) -> list[dict[str, Any]]:
    """Returns the differences as a table: a row for each pair and k, and one for the mean over k."""
    rows = []
    for pair in pairs:
        for k, q, found in [*((k, pair.q[k], pair.at[k]) for k in pair.at), ("mean", math.nan, pair.mean)]:
            numbers = {
                "difference": found.value,
                "low": found.value - found.margin,
                "high": found.value + found.margin,
                "p": found.p,
                "q": q,
            }
            known = {name: "" if math.isnan(value) else value for name, value in numbers.items()}
            rows.append({"one": pair.one, "other": pair.other, "k": k, **known, "n_half_samples": pair.n_half_samples})
    return rows


def cells(pairs: Sequence[CurveDifference]) -> list[list[str]]:
    """Returns which pairs can be told apart, and where, as the cells of a table; its first row is the heading.

    The better one of a pair by its mean over k comes first. Of very many pairs the first are named.
    """
    lines = [["curves", "adjusted F1, mean over k", "95% interval", "told apart at k (q <= 0.05)"]]
    for pair in pairs[:NAMED]:
        ahead = pair.mean.value >= 0.0 or math.isnan(pair.mean.value)
        names = (pair.one, pair.other) if ahead else (pair.other, pair.one)
        value, width = abs(pair.mean.value), pair.mean.margin
        numbers = ["", ""] if math.isnan(width) else [f"{value:+.3f}", f"[{value - width:z.3f}, {value + width:.3f}]"]
        lines.append([(" above " if pair.apart else " and ").join(names), *numbers, ranges(pair.apart) or "none"])
    return lines


def remarks(pairs: Sequence[CurveDifference], n_runs: int) -> list[str]:
    """Returns what is to be known beside the table.

    Args:
        pairs: The differences.
        n_runs: Number of runs; those that are in no pair are counted.
    """
    if not pairs:
        return [f"Which of these curves differ by more than the choice of classes explains is not known: add {HOW}."]
    said = [
        f"q of each k is over the k of its pair, from {pairs[0].n_half_samples} half-samples of the classes that both "
        "runs have; every k: differences.csv."
    ]
    if len(pairs) > NAMED:
        said.append(f"{len(pairs) - NAMED} more pairs: differences.csv.")
    paired = {name for pair in pairs for name in (pair.one, pair.other)}
    if without := n_runs - len(paired):
        said.append(f"{without} of {n_runs} runs have no half-samples in common with another: {HOW}, the same classes.")
    return said


def draw(pairs: Sequence[CurveDifference], title: str) -> "Figure | None":
    """Draws the differences of every pair at every k; None for none, or for more pairs than a picture can name."""
    if not 0 < len(pairs) <= PICTURED:
        return None
    k = sorted({number for pair in pairs for number in pair.at})
    values = [[pair.at[number].value if number in pair.at else math.nan for number in k] for pair in pairs]
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
