"""Runs found in folders, each under a name of its own."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from classvec.errors import InputError
from classvec.runs.card import FINISHED, RUN, read_card
from classvec.runs.folder import JOB, jobs, status

log = logging.getLogger(__name__)


def find_runs(folders: Sequence[Path]) -> dict[str, Path]:
    """Finds the runs in some folders and gives each a unique name.

    Args:
        folders: Output folders of runs, or folders with the folders of jobs, such as those of sweeps.

    Returns:
        Name of a run to its folder.

    Raises:
        InputError: If no folder holds a run.
    """
    runs: list[Path] = []
    for folder in folders:
        marked = [folder] if (folder / JOB).is_file() else jobs(folder)
        results = [s.results for s in map(status, marked) if s.identity] if marked else [folder]
        whole = [run for run in results if run is not None and (run / FINISHED).is_file()]
        if not whole:
            log.warning("%s holds no run of evaluate.py: left out", folder)
        runs += whole
    if not runs:
        raise InputError(f"no run of evaluate.py in {', '.join(map(str, folders))}: expected folders with {RUN}")
    runs = list(dict.fromkeys(runs))
    cards = [read_card(run) for run in runs]
    names = unique_names([card["name"] for card in cards], [card["choices"] for card in cards], runs)
    return dict(zip(names, runs, strict=True))


def differing(choices: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns the keys whose values are not the same everywhere, in the order in which they first occur."""
    keys = dict.fromkeys(key for chosen in choices for key in chosen)
    return [key for key in keys if len({str(chosen.get(key)) for chosen in choices}) > 1]


def unique_names(names: Sequence[str], choices: Sequence[Mapping[str, str]], folders: Sequence[Path]) -> list[str]:
    """Makes names unique: those that occur twice get the choices in which they differ, and if need be their folder.

    Args:
        names: The names.
        choices: The choices behind each.
        folders: The folder of each.
    """
    keys = differing(choices)
    longer = [
        ", ".join([name, *(str(chosen[key]) for key in keys if key in chosen)]) if names.count(name) > 1 else name
        for name, chosen in zip(names, choices, strict=True)
    ]
    with_folder = [
        f"{name}, {folder.parent.name}/{folder.name}" if longer.count(name) > 1 else name
        for name, folder in zip(longer, folders, strict=True)
    ]
    return [
        f"{name}, {folder}" if with_folder.count(name) > 1 else name
        for name, folder in zip(with_folder, folders, strict=True)
    ]
