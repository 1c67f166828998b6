"""The files that say which class each validation image of ILSVRC 2012 has."""

import csv
from collections.abc import Callable
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


def read_ground_truth(path: Path, order: Callable[[], dict[int, str]]) -> dict[str, str]:
    """Reads a list of the images' classes.

    Args:
        path: The development kit's ``ILSVRC2012_validation_ground_truth.txt``, whose line i has the kit's number of the
            class of image i; or a file of as many synset ids; or one with an image and its synset id on each line.
        order: Returns the kit's number of each class and its synset id; called where there are numbers.

    Returns:
        Image, without extension, to synset id.

    Raises:
        InputError: If a line is none of these.
    """
    rows = [line.replace(",", " ").split() for line in _text(path).rstrip().splitlines()]
    numbers = order() if any(len(row) == 1 and row[0].isdecimal() for row in rows) else {}
    known = {}
    for number, row in enumerate(rows, start=1):
        *image, label = row or [""]
        synset = label if SYNSET_ID.fullmatch(label) else None
        if label.isascii() and label.isdigit() and not image:
            synset = numbers.get(int(label))
        if synset is None or len(image) > 1:
            kit = f"the development kit's class numbers, {min(numbers)} to {max(numbers)}, or " if numbers else ""
            raise InputError(
                f"{path}, line {number} is {' '.join(row)[:60]!r}: wanted one of {kit}synset ids such as n01440764, "
                "with the name of the image in front or without"
            )
        known[Path(image[0]).stem if image else IMAGE.format(number)] = synset
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
