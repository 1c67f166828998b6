"""Matrices of the classes from the user's files: human judgements of similarity, dissimilarities of brain responses.

They are compared like the ontology's similarities (Kriegeskorte, Mur, Bandettini: Representational similarity
analysis, Frontiers in Systems Neuroscience 2008), or taken out of a comparison, as are those of finished runs.
"""

import csv
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts import Float64, Similarity
from classvec.errors import InputError
from classvec.ontology.similarities import NAMES
from classvec.ontology.taxonomy import Taxonomy, plain

log = logging.getLogger(__name__)
RELATIVE = 1e-6
"""Differences up to this share of the largest value are rounding."""
SHOWN = 40
"""Characters of a header that an error shows."""
LISTED = 5
"""Classes that an error names."""


def references(paths: Sequence[Path], taxonomy: Taxonomy, classes: Sequence[str]) -> dict[str, Float64]:
    """Reads matrices to compare the classes of a run with.

    Args:
        paths: Files, ``.csv`` or ``.npy``; see `read`.
        taxonomy: Has the names of the classes.
        classes: Ids of the classes of the run, in their order.

    Returns:
        Name of each, that of its file without the ending, to values that grow with similarity, of shape
        (n_classes, n_classes).

    Raises:
        InputError: If a file does not fit, or its name is taken or cannot be that of a column.
    """
    found: dict[str, Float64] = {}
    for path in paths:
        if path.stem in (*NAMES, *found):
            raise InputError(f"analysis.reference={path}: another similarity is called {path.stem}; rename the file")
        if not re.fullmatch(r"\w[\w. -]*", path.stem):
            raise InputError(
                f"analysis.reference={path}: the name of the file becomes that of a column, and may have letters, "
                "digits, spaces and .-_ only; rename it"
            )
        found[path.stem] = read(path, taxonomy, classes)
    return found


def controls(paths: Sequence[Path], taxonomy: Taxonomy, classes: Sequence[str]) -> dict[str, Float64]:
    """Reads matrices whose effect is taken out of a comparison.

    Args:
        paths: Folders of finished runs, and files as for `references`.
        taxonomy: Has the names of the classes.
        classes: Ids of the classes of the run, in their order.

    Returns:
        Name of each, of a run that of its network, to values that grow with similarity, of shape
        (n_classes, n_classes).

    Raises:
        InputError: If a folder holds no finished run, it is about other classes, or a file does not fit.
    """
    found: dict[str, Float64] = {}
    for path in paths:
        if path.is_dir():
            similarity = _of_run(path, taxonomy, classes)
            name, matrix = str(similarity.provenance.get("network", path.name)), similarity.likeness
        else:
            name, matrix = path.stem, read(path, taxonomy, classes)
        found[name if name not in found else str(path)] = matrix
    return found


def matrix_file(path: Path) -> Path:
    """Returns the file that is read where a folder of a run, or a file, is named."""
    return path / Similarity.FILE if path.is_dir() else path


def read(path: Path, taxonomy: Taxonomy, classes: Sequence[str]) -> Float64:
    """Reads similarities or distances of the classes, which of the two the diagonal tells.

    Args:
        path: A CSV file with a header and a first column of class ids, synset names such as ``dog.n.01`` or names such
            as ``dog``, in any order and with further classes; or a ``.npy`` file of shape (n_classes, n_classes) in the
            order of the classes.
        taxonomy: Has the names of the classes.
        classes: Ids of the classes of the run, in their order.

    Returns:
        Values that grow with similarity, of shape (n_classes, n_classes), symmetric.

    Raises:
        InputError: If a class is missing, a value is not finite, the matrix is not symmetric, or it cannot be told what
            its values are.
    """
    readers = {".csv": _from_csv, ".npy": _from_npy}
    if path.suffix.lower() not in readers:
        raise InputError(f"{path}: expected a matrix of the classes, .csv or .npy (or, to take out, a folder of a run)")
    values = readers[path.suffix.lower()](path, taxonomy, classes)
    words = [f"{class_id} ({taxonomy.class_name(class_id)})" for class_id in classes]
    symmetric = _symmetric(path, values, words)
    sign, kind = _kind(path, symmetric)
    log.info("%s: %s of %d classes", path, kind, len(classes))
    return sign * symmetric


def _of_run(folder: Path, taxonomy: Taxonomy, classes: Sequence[str]) -> Similarity:
    if not matrix_file(folder).is_file():
        raise InputError(f"{folder} holds no finished run of evaluate.py: {Similarity.FILE} is missing")
    similarity = Similarity.load(matrix_file(folder))
    _complete(folder, set(similarity.classes), taxonomy, classes)
    return similarity.of_classes(classes)


def _from_npy(path: Path, taxonomy: Taxonomy, classes: Sequence[str]) -> Float64:
    try:
        values = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path} is no array of numbers ({error})") from error
    shape = (len(classes), len(classes))
    if values.shape != shape or values.dtype.kind not in "biuf":
        raise InputError(
            f"{path} holds {values.dtype} of shape {values.shape}: expected numbers of shape {shape}, in the order of "
            f"the classes of this run (that of their ids: {', '.join(classes[:3])}, ...); a .csv names its classes"
        )
    return np.asarray(values, dtype=np.float64)


def _from_csv(path: Path, taxonomy: Taxonomy, classes: Sequence[str]) -> Float64:
    known = _by_label(taxonomy, classes)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header, *rows = [row for row in csv.reader(file) if row] or [[]]
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{path} is no CSV file in UTF-8 ({error})") from error
    columns = _places(path, "columns", header[1:], known)
    if header and not columns:
        raise InputError(
            f"{path}: the header, which begins with {','.join(header)[:SHOWN]!r}, names no class of this run; expected "
            "a header and a first column of class ids or names, and cells separated by commas"
        )
    lines = _places(path, "rows", [row[0] for row in rows], known)
    strange = [label for label in header[1:] if plain(label) not in known]
    _complete(path, {classes[i] for i in columns.keys() & lines.keys()}, taxonomy, classes, strange)
    picked = [columns[i] + 1 for i in range(len(classes))]
    values = np.empty((len(classes), len(classes)))
    for i, row in enumerate(values):
        cells = rows[lines[i]]
        if len(cells) != len(header):
            raise InputError(f"{path}, row {cells[0]}: expected {len(header)} cells as in the header, got {len(cells)}")
        for j, place in enumerate(picked):
            row[j] = _number(path, cells[place], cells[0], header[place])
    return values


def _number(path: Path, cell: str, row: str, column: str) -> float:
    try:
        return float(cell) if cell.strip() else float("nan")
    except ValueError:
        raise InputError(f"{path}, row {row}, column {column}: expected a number, got {cell!r}") from None


def _by_label(taxonomy: Taxonomy, classes: Sequence[str]) -> Mapping[str, list[int]]:
    """Returns the positions of the classes that a label may mean: one of its id or synset, or all of its name."""
    names: dict[str, list[int]] = {}
    for i, class_id in enumerate(classes):
        for word in taxonomy.class_words(class_id):
            names.setdefault(word, []).append(i)
    exact = {plain(label): [i] for i, c in enumerate(classes) for label in (c, taxonomy[c].synset)}
    return {**names, **exact}


def _places(path: Path, what: str, labels: Sequence[str], known: Mapping[str, list[int]]) -> dict[int, int]:
    """Returns position of a class to that of its label; labels of further classes are left out."""
    places: dict[int, int] = {}
    for place, label in enumerate(labels):
        meant = known.get(plain(label), [])
        if len(meant) > 1:
            raise InputError(
                f"{path}: {label!r} is the name of {len(meant)} classes; write their ids, such as n02084071"
            )
        if meant and meant[0] in places:
            raise InputError(f"{path}: two {what} are about the class {label}; leave one of them out")
        places.update(dict.fromkeys(meant, place))
    return places


def _complete(
    path: Path, found: set[str], taxonomy: Taxonomy, classes: Sequence[str], strange: Sequence[str] = ()
) -> None:
    if missing := [class_id for class_id in classes if class_id not in found]:
        names = ", ".join(f"{class_id} ({taxonomy.class_name(class_id)})" for class_id in missing[:LISTED])
        more = ", ..." if len(missing) > LISTED else ""
        unknown = f" (names there that no class of the run has: {', '.join(strange[:LISTED])})" if strange else ""
        raise InputError(
            f"{path} lacks {len(missing)} of the {len(classes)} classes of this run: {names}{more}{unknown}; add them, "
            "or leave them out of the run with data.classes=[...]"
        )


def _symmetric(path: Path, values: Float64, words: Sequence[str]) -> Float64:
    """Returns the values with the rounding between both triangles taken out."""
    off = ~np.eye(len(values), dtype=bool)

    def pair(wrong: NDArray[np.bool_]) -> str:
        i, j = np.argwhere(wrong)[0]
        return f"{words[i]} and {words[j]}: {values[i, j]:g}, and {values[j, i]:g} the other way round"

    if (wrong := off & ~np.isfinite(values)).any():
        raise InputError(f"{path}: expected finite numbers, not those of {pair(wrong)}; leave a class out if need be")
    allowed = RELATIVE * np.abs(values[off]).max(initial=0.0)
    if (wrong := off & (np.abs(values - values.T) > allowed)).any():
        raise InputError(f"{path} is not symmetric, {pair(wrong)}; average both triangles, if they measure the same")
    return (values + values.T) / 2.0


def _kind(path: Path, values: Float64) -> tuple[float, str]:
    """Returns the sign that makes values grow with similarity, and what they are."""
    n, diagonal = len(values), values.diagonal()
    off = values[~np.eye(n, dtype=bool)].reshape(n, n - 1)
    allowed = RELATIVE * np.abs(off).max(initial=0.0)
    if np.ptp(off) <= allowed:
        raise InputError(f"{path} has one value for all pairs of classes, {off[0, 0]:g}: there is nothing to correlate")
    if (np.abs(diagonal) <= allowed).all() and (off >= -allowed).all():
        return -1.0, "distances (0 on the diagonal)"
    if (diagonal >= off.max(axis=1) - allowed).all():
        return 1.0, "similarities (largest on the diagonal)"
    raise InputError(
        f"{path}: the diagonal does not tell similarities from distances. Of similarities it must hold the largest "
        "value of each row, such as 1; of distances 0, with no value below 0 elsewhere (where distances can be "
        "negative, add a constant to those off the diagonal: their ranks stay)"
    )
