"""Which synset a folder stands for: by its own name, or by a mapping file.

A mapping file is CSV with a first line ``folder,synset`` (other columns are ignored) or JSON with one object
``{"folder": "synset"}``. A synset is an id, ``n02084071``, or a name, ``dog.n.01``, of WordNet 3.0.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from pathlib import Path

from classvec.errors import InputError
from classvec.settings import OnSameSynset

Resolve = Callable[[str], str]
"""Turns the id or name of a synset into its id; raises InputError where there is none."""

SYNSET_ID = re.compile(r"n\d{8}")
SYNSET_NAME = re.compile(r"\S+\.[nvasr]\.\d{1,3}")


def ids_only(synset: str) -> str:
    """Resolves nothing: for callers without a dictionary, whose synsets are all ids.

    Raises:
        InputError: If the synset is no id.
    """
    if not SYNSET_ID.fullmatch(synset):
        raise InputError(f"{synset!r} is no synset id like n02084071, and no dictionary was given to look it up in")
    return synset


def synset_ids(
    folders: Iterable[str], root: Path, *, mapping: str | Path | None = None, resolve: Resolve = ids_only
) -> dict[str, str]:
    """Finds the synset of every class folder.

    Args:
        folders: Names of the folders.
        root: Where they are, for errors.
        mapping: The mapping file; None where the folders are named by synset ids or synset names.
        resolve: Turns a synset's name into its id.

    Returns:
        Folder to synset id.

    Raises:
        InputError: If a folder is not in the mapping or not named by a synset, or a synset is unknown.
    """
    folders = list(folders)
    if mapping is not None:
        known = read_mapping(mapping)
        if missing := [folder for folder in folders if folder not in known]:
            raise InputError(
                f"data.mapping={mapping} lacks {len(missing)} of the {len(folders)} folders in {root}: "
                f"{_some(missing)}; add a line for each, or move the folder away"
            )
        return {folder: _resolved(known[folder], f"data.mapping={mapping}, {folder}", resolve) for folder in folders}
    found, foreign, problem = {}, [], ""
    for folder in folders:
        try:
            found[folder] = folder if SYNSET_ID.fullmatch(folder) else resolve(folder)
        except (InputError, FileNotFoundError) as error:
            if SYNSET_NAME.fullmatch(folder):
                raise InputError(f"folder {root / folder}: {error}") from error
            foreign.append(folder)
            problem = problem or str(error)
    if foreign:
        raise InputError(
            f"{len(foreign)} of {len(folders)} folders in {root} are not named by a synset, like n02084071 or "
            f"dog.n.01: {_some(foreign)} ({problem}); rename them, or say what they are with data.mapping=FILE "
            "(CSV with the first line folder,synset)"
        )
    return found


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
            + ": correct one of them, or make one class of their images with data.on_same_synset=merge"
        )
    return dict(sorted(groups.items()))


def read_mapping(path: str | Path) -> dict[str, str]:
    """Reads a mapping file.

    Returns:
        Folder to synset, id or name, as it stands in the file.

    Raises:
        InputError: If the file is missing, has another form, or names a folder twice.
    """
    path = Path(path).expanduser()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"data.mapping={path} cannot be read ({reason}): wanted a CSV or JSON file") from error
    if path.suffix.lower() not in (".csv", ".json"):
        raise InputError(f"data.mapping={path} ends in {path.suffix or 'nothing'}: wanted a .csv or .json file")
    rows = _json_rows(text, path) if path.suffix.lower() == ".json" else _csv_rows(text, path)
    mapping: dict[str, str] = {}
    for folder, synset, where in rows:
        if folder in mapping:
            raise InputError(f"{path}, {where}: folder {folder!r} is there twice; leave one of its lines")
        mapping[folder] = synset
    if not mapping:
        raise InputError(f"{path} names no folder: wanted a line such as dogs,dog.n.01 for each")
    return mapping


def _csv_rows(text: str, path: Path) -> list[tuple[str, str, str]]:
    lines = csv.reader(text.splitlines())
    rows = []
    try:
        head = [cell.strip() for cell in next(lines, [])]
        if not {"folder", "synset"} <= set(head):
            raise InputError(f"{path}: the first line is {','.join(head)!r}; wanted folder,synset")
        for cells in lines:
            where = f"line {lines.line_num}"
            row = dict(zip(head, map(str.strip, cells), strict=False))
            if not any(cells):
                continue
            if not row.get("folder") or not row.get("synset"):
                raise InputError(f"{path}, {where} is {','.join(cells)!r}; wanted a value for {' and '.join(head)}")
            rows.append((row["folder"], row["synset"], where))
    except csv.Error as error:
        raise InputError(f"{path}, line {lines.line_num} cannot be read as CSV ({error})") from error
    return rows


def _json_rows(text: str, path: Path) -> list[tuple[str, str, str]]:
    try:
        pairs = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as JSON ({error})") from error
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
        raise InputError(f'{path} holds no JSON object: wanted one such as {{"dogs": "dog.n.01"}}')
    for folder, synset in pairs:
        if not isinstance(synset, str) or not synset:
            raise InputError(f"{path}: the value of {folder!r} is {synset!r}; wanted a synset such as 'dog.n.01'")
    return [(folder, synset, f"key {folder!r}") for folder, synset in pairs]


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


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
