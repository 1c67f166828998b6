"""The validation set of ILSVRC 2012 in the layouts it comes in.

Folders named by synset id; or flat ``ILSVRC2012_val_00000001.JPEG`` files with Kaggle's ``LOC_val_solution.csv``, the
development kit's ``ILSVRC2012_validation_ground_truth.txt``, or a list of synset ids in its place. The kit numbers the
classes 1 to 1000 in an order of its own, told by its ``meta.mat``; Caffe's and PyTorch's numbers, 0 to 999, follow the
sorted synset ids instead.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from classvec.data.choice import chosen_classes
from classvec.data.class_ids import by_synset, id_in_front, ids_only, own_names, synset_ids
from classvec.data.folders import class_folders, dead_link, existing_root, images_in, images_of_class, refuse_parts
from classvec.data.image_files import ImageFiles
from classvec.data.imagenet_labels import read_ground_truth, read_meta, read_solution, read_synset_list
from classvec.errors import InputError
from classvec.ontology.taxonomy import Ontology
from classvec.settings import ImageNet as Settings

log = logging.getLogger(__name__)
IMAGE_FOLDERS = ("", "val", "ILSVRC2012_img_val", "ILSVRC/Data/CLS-LOC/val", "Data/CLS-LOC/val")
KIT_FOLDERS = ("", "ILSVRC2012_devkit_t12/data", "devkit/data", "data")
SOLUTION = "LOC_val_solution.csv"
GROUND_TRUTH = "ILSVRC2012_validation_ground_truth.txt"
META = "meta.mat"
LEVELS_UP = 4
"""Kaggle's file lies that many folders above the images."""


class ImageNet(ImageFiles):
    """The validation set of ILSVRC 2012, or a part of it; or any images of ImageNet in folders named by synset id.

    Args:
        settings: Folder of the images, or one above them where they lie under a usual name (``val``,
            ``ILSVRC/Data/CLS-LOC/val``); for a flat folder the files with their classes, which are searched beside the
            images and above by default.
        ontology: Turns the names of synsets into ids; None for ids alone.

    Raises:
        FileNotFoundError: If a file or folder is missing.
        InputError: If the files do not fit each other, or there are fewer than two classes.
    """

    def __init__(self, settings: Settings, ontology: Ontology | None = None) -> None:
        resolve = ontology.resolve if ontology else ids_only
        folder, members = _layout(existing_root(settings.root))
        labels = {} if members else _flat(folder, settings.truth, settings.synsets)
        known = synset_ids(members, folder) if members else {synset: synset for synset in labels.values()}
        ids = chosen_classes(settings, known, resolve)
        files = {
            synset: [f"{member}/{image}" for member in of_synset for image in images_of_class(folder / member)]
            for synset, of_synset in by_synset(ids).items()
            if members
        }
        for image, synset in labels.items():
            if synset in ids:
                files.setdefault(synset, []).append(image)
        super().__init__(folder, settings.name or "imagenet", files, settings, own_names(ids))


def _layout(root: Path) -> tuple[Path, list[str]]:
    """Returns the folder of the images, and the class folders in it; none for a flat one."""
    for below in IMAGE_FOLDERS:
        folder = root / below
        if folder.is_dir():
            if members := class_folders(folder, id_in_front):
                return folder, members
            if images_in(folder):
                return folder, []
        elif folder.is_symlink():
            raise dead_link(folder)
    refuse_parts(root)
    raise InputError(
        f"data.root={root} holds neither folders named by synset id (n01440764) nor images, nor does "
        f"{', '.join(filter(None, IMAGE_FOLDERS))} below it: give the folder of the images"
    )


def _flat(folder: Path, truth: str | Path | None, synsets: str | Path | None) -> dict[str, str]:
    """Returns the synset id of each image in a flat folder, the images sorted by name."""
    path = _named(truth, "data.truth") if truth is not None else _near(folder, (SOLUTION, GROUND_TRUTH))
    if path is None:
        raise FileNotFoundError(
            f"{folder} holds images but no class folders, and neither {SOLUTION} nor {GROUND_TRUTH} lies near them: "
            "say which class each image has with data.truth=FILE"
        )
    table = path.suffix.lower() == ".csv"
    known = read_solution(path) if table else read_ground_truth(path, lambda: _kit(path, synsets))
    images = images_in(folder)
    if missing := [image for image in images if Path(image).stem not in known]:
        raise InputError(
            f"{path} says nothing about {len(missing)} of {len(images)} images in {folder}, such as {missing[0]}: "
            "are these the images of the validation set?"
        )
    if len(known) > len(images):
        log.warning("%s holds %d of the %d images that %s tells of", folder, len(images), len(known), path.name)
    return {image: known[Path(image).stem] for image in images}


def _kit(truth: Path, synsets: str | Path | None) -> dict[int, str]:
    """Reads the kit's order of the classes, from a file named or one near the ground truth."""
    path = _named(synsets, "data.synsets") if synsets is not None else _near(truth.parent, (META,))
    if path is None:
        raise FileNotFoundError(
            f"{truth} gives the development kit's own class numbers, but its {META} is not near: give it, or the "
            "synset ids in the kit's order, with data.synsets=FILE"
        )
    return read_meta(path) if path.suffix.lower() == ".mat" else read_synset_list(path)


def _named(path: str | Path, key: str) -> Path:
    file = Path(path).expanduser()
    if not file.is_file():
        raise FileNotFoundError(f"{key}={path} is no file")
    return file


def _near(folder: Path, names: Sequence[str]) -> Path | None:
    """Looks for a file beside the images and above, and in the development kit's folders there."""
    above = [folder.resolve(), *folder.resolve().parents[:LEVELS_UP]]
    candidates = (place / kit / name for name in names for place in above for kit in KIT_FOLDERS)
    return next((path for path in candidates if path.is_file()), None)
