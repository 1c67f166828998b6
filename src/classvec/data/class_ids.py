"""Which synset a folder stands for, by its own name or by a mapping file, and which words of a person's it has."""

import logging
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping
from importlib import resources
from pathlib import Path

from classvec.data.folders import readable
from classvec.data.mapping_file import LEAVE_OUT, read_mapping
from classvec.errors import InputError
from classvec.settings import OnSameSynset

Resolve = Callable[[str], str]
"""Turns the id or name of a synset into its id; raises InputError where there is none."""

log = logging.getLogger(__name__)
SYNSET_ID = re.compile(r"n\d{8}")
SYNSET_NAME = re.compile(r"\S+\.[nvasr]\.\d{1,3}")
ID_IN_FRONT = re.compile(r"(n\d{8})(?:[\W_]+(.*))?", re.DOTALL)
"""Folders named by synset id, with words behind it or without: ``n02085620-Chihuahua``."""


def ids_only(synset: str) -> str:
    """Resolves nothing: for callers without a dictionary, whose synsets are all ids.

    Raises:
        InputError: If the synset is no id.
    """
    if not SYNSET_ID.fullmatch(synset):
        raise InputError(f"{synset!r} is no synset id like n02084071, and no dictionary was given to look it up in")
    return synset


def id_in_front(folder: str) -> str | None:
    """Returns the synset id that a folder's name is or begins with, as in ``n02085620-Chihuahua``; None without."""
    found = ID_IN_FRONT.fullmatch(folder)
    return found[1] if found else None


def own_names(ids: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Finds the words in the names of folders that are a person's own, beside ids and names of synsets.

    Args:
        ids: Folder to synset id.

    Returns:
        Synset id to the words of each of its folders, sorted; synsets whose folders have none are left out.
    """
    found: dict[str, list[str]] = {}
    for folder, synset in sorted(ids.items()):
        name = " ".join(readable(folder).split())
        in_front = ID_IN_FRONT.fullmatch(name)
        words = (in_front[2] or "") if in_front else "" if SYNSET_NAME.fullmatch(name) else name
        if words:
            found.setdefault(synset, []).append(words)
    return {synset: tuple(words) for synset, words in found.items()}


def synset_ids(
    folders: Iterable[str],
    root: Path,
    *,
    mapping: str | Path | None = None,
    resolve: Resolve = ids_only,
    wanted: Collection[str] | None = None,
) -> dict[str, str]:
    """Finds the synset of every class folder.

    Args:
        folders: Names of the folders.
        root: Where they are, for errors.
        mapping: The mapping file; None where the folders are named by synset ids or synset names.
        resolve: Turns a synset's name into its id.
        wanted: What is asked for in data.classes: folders that stand for no synset are left out unless they are among
            these. None for all.

    Returns:
        Folder to synset id.

    Raises:
        InputError: If a folder is not in the mapping or not named by a synset, or a synset is unknown.
    """
    folders = list(folders)
    found, error = (
        _named_by_synset(folders, root, resolve) if mapping is None else _mapped(folders, root, mapping, resolve)
    )
    left_out = [folder for folder in found if found[folder] == LEAVE_OUT]
    if left_out:
        log.info("data.mapping=%s: left out %s", mapping, some(left_out))
    found = {folder: synset for folder, synset in found.items() if synset != LEAVE_OUT}
    foreign = [folder for folder in folders if folder not in found and folder not in left_out]
    if wanted is not None and found:
        asked = {readable(name) for name in wanted}
        beside = [folder for folder in foreign if readable(folder) not in asked]
        foreign = [folder for folder in foreign if readable(folder) in asked]
        if beside:
            log.info("%s: left out %d folders without a synset: %s", root, len(beside), some(beside))
    if foreign:
        raise error(foreign)
    return found


def _named_by_synset(
    folders: list[str], root: Path, resolve: Resolve
) -> tuple[dict[str, str], Callable[[list[str]], InputError]]:
    """Returns folder to synset id as far as names tell, and what makes the error for the others."""
    found: dict[str, str] = {}
    problems: dict[str, str] = {}
    for folder in folders:
        try:
            found[folder] = id_in_front(folder) or resolve(folder)
        except (InputError, FileNotFoundError) as problem:
            problems[folder] = str(problem)

    def error(foreign: list[str]) -> InputError:
        for folder in filter(SYNSET_NAME.fullmatch, foreign):
            return InputError(f"folder {root / folder}: {problems[folder]}")
        return InputError(
            f"{len(foreign)} of {len(folders)} folders in {root} are not named by a synset, like n02084071, "
            f"n02085620-Chihuahua or dog.n.01: {some(foreign)}; say what they are with data.mapping=FILE (CSV with the "
            f"first line folder,synset), which `python -m classvec mapping {shlex.quote(str(root))} > mapping.csv` "
            "proposes, or choose others with data.classes=[...]"
        )

    return found, error


def _mapped(
    folders: list[str], root: Path, mapping: str | Path, resolve: Resolve
) -> tuple[dict[str, str], Callable[[list[str]], InputError]]:
    """Returns folder to synset id as far as the mapping file tells, and what makes the error for the others."""
    known = read_mapping(mapping)
    found = {
        folder: synset if synset == LEAVE_OUT else _resolved(synset, f"data.mapping={mapping}, {folder}", resolve)
        for folder in folders
        if (synset := known.get(readable(folder), ""))
    }

    def error(foreign: list[str]) -> InputError:
        if missing := [folder for folder in foreign if readable(folder) not in known]:
            short = [folder for folder in missing if folder.lstrip("0") in known]
            zeros = f" (spreadsheets drop zeros in front: it has {short[0].lstrip('0')})" if short else ""
            return InputError(
                f"data.mapping={mapping} lacks {len(missing)} of the {len(folders)} folders in {root}: "
                f"{some(missing)}{zeros}; add a line for each, with {LEAVE_OUT} as synset to leave it out"
            )
        return InputError(
            f"data.mapping={mapping} has no synset for {len(foreign)} of the {len(folders)} folders in {root}: "
            f"{some(foreign)}; write an id or a name such as dog.n.01 into the column synset, or {LEAVE_OUT} to leave "
            "the folder out"
        )

    return found, error


def by_synset(ids: Mapping[str, str], on_same_synset: OnSameSynset = OnSameSynset.error) -> dict[str, list[str]]:
    """Inverts the folder-to-synset mapping.

    Args:
        ids: Folder to synset id.
        on_same_synset: ``error`` if two folders must not stand for one synset, ``merge`` to make one class of them.

    Returns:
        Synset id to its folders, both sorted.

    Raises:
        InputError: If two folders stand for one synset and are not to be merged; it names both.
    """
    groups: dict[str, list[str]] = {}
    for folder, synset in sorted(ids.items()):
        groups.setdefault(synset, []).append(folder)
    double = {synset: folders for synset, folders in groups.items() if len(folders) > 1}
    if double and on_same_synset == OnSameSynset.error:
        synset, folders = min(double.items())
        raise InputError(
            f"the folders {' and '.join(folders)} stand for one synset, {synset}"
            + (f" (and so in {len(double) - 1} more cases)" if len(double) > 1 else "")
            + ": correct one of them, or make one class of their images with data=image_folder"
            " data.on_same_synset=merge"
        )
    return dict(sorted(groups.items()))


def shipped(name: str) -> dict[str, str]:
    """Reads the map of a known data set: class name to synset id.

    Args:
        name: ``cifar10``, ``cifar100``.
    """
    with resources.as_file(resources.files("classvec.data") / "classes" / f"{name}.csv") as path:
        return read_mapping(path)


def ilsvrc_classes() -> list[str]:
    """Returns the synset ids of ILSVRC 2012's thousand classes, in the order of the networks fitted on them."""
    text = resources.files("classvec.data").joinpath("classes", "ilsvrc2012.txt").read_text(encoding="utf-8")
    return sorted(text.split())


def shipped_synsets() -> list[str]:
    """Returns the synset ids of all data sets that classvec knows by name, sorted: what the embedded table covers.

    They are those of the sketches, and what is kept in ``classes``: ``.csv`` files are mapping files, ``.txt`` files
    have one id on each line.
    """
    from classvec.data.sketches.families import FAMILY_OF

    found = set(FAMILY_OF)
    for file in (resources.files("classvec.data") / "classes").iterdir():
        stem, _, ending = file.name.rpartition(".")
        found |= set(shipped(stem).values() if ending == "csv" else file.read_text(encoding="utf-8").split())
    return sorted(found)


def _resolved(synset: str, where: str, resolve: Resolve) -> str:
    try:
        return resolve(synset)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def some(names: list[str]) -> str:
    """Joins names, the first five if there are more."""
    return ", ".join(map(readable, names[:5])) + (", ..." if len(names) > 5 else "")
