"""The files that say which class each validation image of ILSVRC 2012 has."""

import csv
from pathlib import Path

from classvec.data.class_ids import SYNSET_ID
from classvec.errors import InputError

IMAGE = "ILSVRC2012_val_{:08d}"


def read_solution(path: Path) -> dict[str, str]:
    """Reads Kaggle's ``LOC_val_solution.csv``: ``ImageId,PredictionString``, the string beginning with the synset id.

    Returns:
        Image, without extension, to synset id.

    Raises:
        InputError: If the file has another form.
    """
    lines = csv.DictReader(_text(path).splitlines())
    known: dict[str, str] = {}
    try:
        for row in lines:
            image, prediction = row.get("ImageId"), row.get("PredictionString")
            synset = (prediction or "").split(" ")[0]
            if not image or not SYNSET_ID.fullmatch(synset):
                raise InputError(
                    f"{path}, line {lines.line_num}: wanted an ImageId and a PredictionString that begins with a "
                    f"synset id, found {image!r} and {prediction!r}"
                )
            known[image] = synset
    except csv.Error as error:
        raise InputError(f"{path}, line {lines.line_num} cannot be read as CSV ({error})") from error
    return known


def read_ground_truth(path: Path, order: dict[int, str]) -> dict[str, str]:
    """Reads the development kit's ground truth: line i has the kit's number of the class of image i.

    Args:
        path: ``ILSVRC2012_validation_ground_truth.txt``.
        order: The kit's number of each class to its synset id.

    Returns:
        Image, without extension, to synset id.

    Raises:
        InputError: If a line is no number of a class.
    """
    known = {}
    for number, line in enumerate(_text(path).split(), start=1):
        synset = order.get(int(line)) if line.isascii() and line.isdigit() else None
        if synset is None:
            raise InputError(
                f"{path}, line {number} is {line[:20]!r}: wanted one of the development kit's class numbers, "
                f"{min(order)} to {max(order)}"
            )
        known[IMAGE.format(number)] = synset
    return known


def read_meta(path: Path) -> dict[int, str]:
    """Reads the development kit's ``meta.mat``, a MATLAB file without code in it.

    Returns:
        The kit's number of each class, without the groups of classes above them, to its synset id.

    Raises:
        InputError: If the file is no such file.
    """
    from scipy.io import loadmat

    try:
        synsets = loadmat(path, squeeze_me=True)["synsets"].ravel()
        rows = [(int(s["ILSVRC2012_ID"]), str(s["WNID"]), int(s["num_children"])) for s in synsets]
    except Exception as error:  # SciPy's reader raises whatever it meets in a broken file
        raise InputError(f"{path} is not the development kit's meta.mat ({error})") from error
    return {number: synset for number, synset, children in rows if children == 0}


def read_synset_list(path: Path) -> dict[int, str]:
    """Reads a text file whose lines begin with the synset ids in the development kit's order.

    Returns:
        The kit's number of each class, from 1 on, to its synset id.

    Raises:
        InputError: If a line has no synset id, or the order is the sorted one, which is not the kit's.
    """
    order: dict[int, str] = {}
    for number, line in enumerate(_text(path).splitlines(), start=1):
        order[number] = (line.split() or [""])[0]
        if not SYNSET_ID.fullmatch(order[number]):
            raise InputError(f"{path}, line {number} is {line[:40]!r}; wanted a synset id such as n02119789 first")
    if list(order.values()) == sorted(order.values()):
        raise InputError(
            f"{path} lists {len(order)} synsets in sorted order, as Caffe and PyTorch do; the development kit numbers "
            "them otherwise (n02119789 is 1): give its meta.mat instead"
        )
    return order


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as text ({getattr(error, 'strerror', None) or error})") from error
