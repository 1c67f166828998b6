"""The card of a run: ``run.json`` says how it is known and which files it wrote, with their checksums.

``finished.json`` is written last; it has the identity of the job, the checksum of the card, and the time.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from classvec.artifacts import Cost, RunCard, checksum, read_json, write_json
from classvec.errors import InputError

RUN, FINISHED, PAGE = "run.json", "finished.json", "report.html"


def write_card(folder: Path, card: RunCard, n_images: int, cost: Cost | None, files: Mapping[Path, str | None]) -> Path:
    """Writes ``run.json``: how the run is known, what it took, and the files that it wrote, with their checksums.

    Args:
        folder: Folder of the run.
        card: How the run is known.
        n_images: Number of images.
        cost: What it took; None before its end.
        files: Its files and their checksums, from `kept`.
    """
    content = {
        "name": card.name,
        "sweep_id": card.sweep.name,
        "choices": dict(card.choices),
        "control": card.control,
        "images": n_images,
        "files": {path.relative_to(folder).as_posix(): digest for path, digest in files.items()},
        **({} if cost is None else vars(cost)),
    }
    write_json(folder / RUN, content)
    return folder / RUN


def kept(path: Path) -> str | None:
    """Returns the checksum of a file that was just written; None for the page, which can be made again."""
    return None if path.name == PAGE else checksum(path)


def finish(folder: Path, identity: str) -> None:
    """Writes ``finished.json``: from now on the run is whole.

    Raises:
        InputError: If a file is no longer what the run wrote: another process writes into the same folder.
    """
    check(folder)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    write_json(folder / FINISHED, {"identity": identity, "card": checksum(folder / RUN), "ended": now})


def finished_at(folder: Path) -> datetime:
    """Returns when a run became whole; of one of an earlier version when its mark was last written.

    Raises:
        InputError: If the mark is missing, truncated or foreign.
    """
    path = folder / FINISHED
    try:
        ended = read_json(path).get("ended")
        return (
            datetime.fromisoformat(ended).astimezone(UTC)
            if ended
            else datetime.fromtimestamp(path.stat().st_mtime, UTC)
        )
    except (TypeError, ValueError) as error:
        raise InputError(f"{path} is truncated or foreign ({error!r}): run evaluate.py again") from error


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
                    f"{path} is not what the run wrote (checksum {digest}, found: {found}): delete the folder "
                    "and run evaluate.py again"
                )


def identity(folder: Path) -> str | None:
    """Returns the identity of the job whose results a folder holds; None without results."""
    try:
        return str(read_json(folder / FINISHED)["identity"])
    except (InputError, KeyError):
        return None
