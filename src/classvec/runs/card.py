"""The card of a run: ``run.json`` says how it is known and which files it wrote, with their checksums.

``finished.json`` is written last; it has the identity of the job and the checksum of the card.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from classvec.artifacts import Cost, RunCard, checksum, read_json, write_json
from classvec.errors import InputError

RUN, FINISHED, PAGE = "run.json", "finished.json", "report.html"


def write_card(folder: Path, card: RunCard, n_images: int, cost: Cost | None, files: Sequence[Path]) -> Path:
    """Writes ``run.json``: how the run is known, what it took, and the files that it wrote, with their checksums.

    The page has none, since it can be made again from the other files; nor has a file that is still to come.
    """
    names = sorted({path.relative_to(folder).as_posix() for path in files})
    content = {
        "name": card.name,
        "sweep_id": card.sweep.name,
        "choices": dict(card.choices),
        "control": card.control,
        "images": n_images,
        "files": {name: checksum(folder / name) if _is_kept(folder / name) else None for name in names},
        **({} if cost is None else vars(cost)),
    }
    write_json(folder / RUN, content)
    return folder / RUN


def _is_kept(path: Path) -> bool:
    return path.name != PAGE and path.is_file()


def finish(folder: Path, identity: str) -> None:
    """Writes ``finished.json``: from now on the run is whole."""
    write_json(folder / FINISHED, {"identity": identity, "card": checksum(folder / RUN)})


def read_card(folder: Path) -> Mapping[str, Any]:
    """Reads ``run.json``.

    Raises:
        InputError: If it is missing, truncated or foreign, or is not what the run wrote.
    """
    card = read_json(folder / RUN)
    try:
        files = {str(name): None if digest is None else str(digest) for name, digest in card["files"].items()}
        card = {**card, "name": str(card["name"]), "choices": dict(card["choices"]), "files": files}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{folder / RUN} is truncated or foreign ({error!r}): run evaluate.py again") from error
    if (folder / FINISHED).is_file() and read_json(folder / FINISHED).get("card") != checksum(folder / RUN):
        raise InputError(f"{folder / RUN} is not what the run wrote: run evaluate.py again")
    return card


def check(folder: Path, *names: str) -> None:
    """Compares files of a run with the checksums on its card.

    Args:
        folder: Folder of the run.
        *names: Files to check, if the run wrote them; none for all.

    Raises:
        InputError: If one is missing or is not what the run wrote.
    """
    for name, digest in read_card(folder)["files"].items():
        if digest is not None and (not names or name in names):
            path = folder / name
            found = checksum(path) if path.is_file() else "it is missing"
            if found != digest:
                raise InputError(
                    f"{path} is not what the run wrote (checksum {digest}, found: {found}): run evaluate.py again"
                )


def identity(folder: Path) -> str | None:
    """Returns the identity of the job whose results a folder holds; None without results."""
    try:
        return str(read_json(folder / FINISHED)["identity"])
    except (InputError, KeyError):
        return None
