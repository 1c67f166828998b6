"""Runs against runs: what networks, layers or metrics agree on, from the files that their jobs left."""

from collections.abc import Mapping
from pathlib import Path

from classvec.analysis.agreement import between
from classvec.artifacts import Accord, Clusterings, Similarity
from classvec.errors import InputError


def between_runs(
    runs: Mapping[str, Path], n_permutations: int = 199, seed: int = 0, most_classes: int | None = None
) -> tuple[Accord, ...]:
    """Compares every two runs, over the classes that both have.

    Args:
        runs: Name of a run to its folder.
        n_permutations: Permutations of the classes behind each p.
        seed: Their seed.
        most_classes: Above so many classes nothing is compared; None for no such limit.

    Raises:
        InputError: If there is one run only, a folder holds none, one has too many classes, or no two have four in
            common.
    """
    if len(runs) < 2:
        raise InputError(f"one run, {next(iter(runs), 'none')}: there is nothing to compare it with; name two or more")
    for name, folder in runs.items():
        for file in ("similarity.npz", "clusterings.npz"):
            if not (folder / file).is_file():
                raise InputError(f"{folder} ({name}) holds no finished run of evaluate.py: {file} is missing")
        n_classes = len(Clusterings.load(folder / "clusterings.npz").classes)
        if most_classes is not None and n_classes > most_classes:
            raise InputError(f"{name} has {n_classes:,} classes, more than {most_classes:,}")
    return between(
        {name: Similarity.load(folder / "similarity.npz") for name, folder in runs.items()},
        {name: Clusterings.load(folder / "clusterings.npz") for name, folder in runs.items()},
        n_permutations,
        seed,
    )
