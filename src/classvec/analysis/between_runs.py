"""Runs against runs: what networks, layers or metrics agree on, from the files that their jobs left."""

from collections.abc import Mapping
from pathlib import Path

from classvec.analysis.agreement import between
from classvec.artifacts import Accord, Clusterings, Similarity
from classvec.errors import InputError


def between_runs(runs: Mapping[str, Path], n_permutations: int = 199, seed: int = 0) -> tuple[Accord, ...]:
    """Compares every two runs, over the classes that both have.

    Args:
        runs: Name of a run to its folder.
        n_permutations: Permutations of the classes behind each p.
        seed: Their seed.

    Raises:
        InputError: If there is one run only, a folder holds none, or two have fewer than four classes in common.
    """
    if len(runs) < 2:
        raise InputError(f"one run, {next(iter(runs), 'none')}: there is nothing to compare it with; name two or more")
    for name, folder in runs.items():
        if not (folder / "similarity.npz").is_file():
            raise InputError(f"{folder} ({name}) holds no finished run of evaluate.py: similarity.npz is missing")
    return between(
        {name: Similarity.load(folder / "similarity.npz") for name, folder in runs.items()},
        {name: Clusterings.load(folder / "clusterings.npz") for name, folder in runs.items()},
        n_permutations,
        seed,
    )
