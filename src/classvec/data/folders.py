"""What lies in folders: class folders, the images in them, and words about everything that is left out."""

import logging
import os
import stat
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from classvec.data.picture import EXTENSIONS, is_picture
from classvec.errors import InputError

log = logging.getLogger(__name__)
ENDINGS = tuple(EXTENSIONS)
SYSTEM = frozenset({
    "__macosx",  # ZIP files made by macOS; its other folders and files begin with a dot
    "@eadir", "#recycle", "#snapshot", "@tmp",  # Synology
    "@recycle", "@recently-snapshot",  # QNAP
    "$recycle.bin", "recycler", "system volume information", "thumbs.db", "desktop.ini",  # Windows
    "lost+found",  # Linux
})  # fmt: skip
"""Names, in lower case, of folders and files that systems leave beside those of a person, who may not see them."""
PARTS = ("train", "training", "val", "valid", "validation", "test", "testing")
"""Folders into which data sets are split, the one to take first in front."""


def existing_root(root: str | Path) -> Path:
    """Returns the folder of a data set.

    Raises:
        FileNotFoundError: If it is missing.
    """
    path = Path(root).expanduser()
    if not path.is_dir():
        raise FileNotFoundError(f"data.root={root} is no folder: wanted one with a folder of images for each class")
    return path


def readable(name: str) -> str:
    """Returns the name of a file or folder as text, to be compared with what a person wrote, and to be shown.

    Accents are composed (NFC): macOS decomposes them. A name that is no UTF-8 is read as Windows-1252.
    """
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:  # what the system could not decode are surrogates
        name = os.fsencode(name).decode("cp1252", "replace")
    return unicodedata.normalize("NFC", name)


def refuse_parts(root: Path) -> None:
    """Refuses a folder that holds ``train`` and ``val``, or one folder alone, in which the class folders lie.

    Raises:
        InputError: If it is such a folder; it names the one to give instead.
    """
    folders = {entry.name.casefold(): entry.name for entry in _scan(root) if _is_folder(entry)}
    named = [folders[part] for part in PARTS if part in folders]
    around = [name for name in named or list(folders.values())[: len(folders) == 1] if _holds_folders(root / name)]
    if around:
        raise InputError(
            f"data.root={root} holds {', '.join(around)}, and the class folders lie in "
            f"{'these: choose one, such as' if len(around) > 1 else 'there: give'} data.root={root / around[0]}"
        )


def _holds_folders(folder: Path) -> bool:
    """Returns whether several folders lie in a folder, and no image."""
    entries = _scan(folder)
    return sum(map(_is_folder, entries)) > 1 and not any(_has_extension(e.name) and not _is_folder(e) for e in entries)


def class_folders(root: Path, is_class: Callable[[str], object] = bool) -> list[str]:
    """Lists the class folders in a folder, and logs what lies beside them.

    Args:
        root: The folder.
        is_class: Whether a name may be that of a class; every name may by default.

    Returns:
        Their names, sorted, without hidden ones and those of the system.

    Raises:
        InputError: If a link that may be a class leads nowhere.
    """
    if system := sorted(entry.name for entry in _scan(root, system=True) if _is_folder(entry)):
        log.info("%s: left out folders of the system: %s", root, ", ".join(system))
    entries = _scan(root)
    folders = sorted(entry.name for entry in entries if is_class(entry.name) and _is_class_folder(entry))
    if folders and (beside := sorted({entry.name for entry in entries}.difference(folders))):
        log.info("%s: left out %d files or folders beside the class folders, such as %s", root, len(beside), beside[0])
    return folders


def _is_class_folder(entry: os.DirEntry[str]) -> bool:
    if not entry.is_symlink():
        return entry.is_dir()
    try:
        return stat.S_ISDIR(entry.stat().st_mode)
    except OSError as error:
        if _has_extension(entry.name):  # a link to an image: whoever reads it says so
            return False
        raise dead_link(Path(entry.path)) from error


def dead_link(path: Path) -> InputError:
    """Makes the error for a link whose target is not there."""
    return InputError(
        f"{path} is a link to {path.readlink()}, which is not there, cannot be opened, or leads back to the link: "
        "mount or repair that disk, or remove the link"
    )


def images_in(folder: Path) -> list[str]:
    """Returns the names of the image files in a folder, sorted, without hidden ones; logs which files are left out."""
    return _listed(folder).images


def images_of_class(folder: Path) -> list[str]:
    """Returns the names of the image files in the folder of a class, sorted; logs what is left out.

    Raises:
        InputError: If there is none.
    """
    found = _listed(folder)
    if not found.images:
        raise InputError(f"class folder {folder} holds no image{_instead(found)}; add images to it or remove it")
    below = {name: n_images for name in found.folders if (n_images := _n_images_below(folder / name))}
    if below:
        log.warning(
            "%s: left out %d images in folders below it, such as %s: only images in the class folder itself count",
            folder,
            sum(below.values()),
            next(iter(below)),
        )
    return found.images


@dataclass(frozen=True)
class _Listed:
    """Names in a folder, sorted, without hidden ones."""

    images: list[str]
    folders: list[str]
    others: list[str]


def _listed(folder: Path) -> _Listed:
    """Lists a folder; only files without the extension of an image are opened."""
    images: list[str] = []
    folders: list[str] = []
    others: list[str] = []
    for entry in _scan(folder):
        if _has_extension(entry.name):
            images.append(entry.name)
        elif _is_folder(entry):
            folders.append(entry.name)
        else:
            (images if is_picture(Path(entry.path)) else others).append(entry.name)
    if heic := [name for name in others if name.lower().endswith((".heic", ".heif"))]:
        log.warning("%s: %d HEIC images are not read, such as %s: convert them to JPEG", folder, len(heic), heic[0])
    if images and others:
        kinds = sorted({Path(name).suffix for name in others})
        log.warning("%s: left out %d files that are no images %s", folder, len(others), kinds)
    return _Listed(sorted(images), sorted(folders), sorted(others))


def _instead(found: _Listed) -> str:
    """Says what a folder without images holds."""
    if found.folders:
        return (
            f" but {len(found.folders)} folders, such as {found.folders[0]}: images must lie in the class folder itself"
        )
    if kinds := sorted({Path(name).suffix or name for name in found.others}):
        return f" but other files ({', '.join(kinds[:5])}); wanted {', '.join(sorted(EXTENSIONS))}"
    return ""


def _n_images_below(folder: Path) -> int:
    count = 0
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not _is_of_system(name)]
        shown = [name for name in names if not _is_of_system(name)]
        count += sum(_has_extension(name) or is_picture(Path(place, name)) for name in shown)
    return count


def _has_extension(name: str) -> bool:
    return name.lower().endswith(ENDINGS)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads back to itself
        return False


def _is_of_system(name: str) -> bool:
    return name[0] == "." or name.casefold() in SYSTEM


def _scan(folder: Path, *, system: bool = False) -> list[os.DirEntry[str]]:
    """Returns what a folder holds, without hidden names and those of the system; or these alone."""
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if _is_of_system(entry.name) == system]
    except OSError as error:
        raise InputError(
            f"{folder} cannot be opened ({error.strerror or error}): give yourself the right to read it (chmod u+rx)"
        ) from error
