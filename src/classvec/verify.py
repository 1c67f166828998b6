"""All that is kept, compared with its checksums."""

from collections.abc import Callable, Iterator
from pathlib import Path

from classvec.artifacts import load_arrays, read_json
from classvec.errors import InputError
from classvec.extraction.store import UnfinishedStore, open_store
from classvec.fitting import fitted
from classvec.method.matrix_cache import whole_matrix
from classvec.runs import folder as folders
from classvec.runs.card import FINISHED, check
from classvec.runs.identity import OWNER, read_mark


def verify(folder: Path) -> Iterator[str]:
    """Checks everything below a folder that carries a checksum.

    Args:
        folder: A folder of outputs, or one of class vectors, of a run, or of a sweep.

    Yields:
        For each store of class vectors, matrix, fit, file of arrays, run, job and mark what is wrong with it; empty if
        nothing is.

    Raises:
        InputError: If there is nothing to check.
    """
    kinds = {
        "manifest.json": _store,
        "matrices/**/*.npy": _matrix,
        "subsets/*.npz": _arrays,
        "reconstructions/*.npz": _arrays,
        "image_hashes/*.npz": _arrays,
        fitted.FITTED: lambda path: fitted.damage(path.parent),
        FINISHED: lambda path: _raised(lambda: check(path.parent)),
        folders.JOB: lambda path: _raised(lambda: folders.status(path.parent)),
        "finished/*.json": _mark,
    }
    checked = 0
    for pattern, damage in kinds.items():
        for path in sorted({*folder.glob(pattern), *folder.glob(f"**/{pattern}")}):
            checked += 1
            yield damage(path)
    if not checked:
        raise InputError(f"{folder} holds nothing that was kept: expected a folder of outputs")


def _raised(step: Callable[[], object]) -> str:
    """Takes a step and returns its error, empty for none."""
    try:
        step()
    except UnfinishedStore:
        return ""
    except (InputError, OSError) as error:
        return str(error)
    return ""


def _store(path: Path) -> str:
    return _raised(lambda: open_store(path.parent).check_all())


def _matrix(path: Path) -> str:
    return (
        ""
        if whole_matrix(path) is not None
        else f"{path} is not what was written: the next run to need it makes it again"
    )


def _arrays(path: Path) -> str:
    return _raised(lambda: load_arrays(path))


def _mark(path: Path) -> str:
    if path.name == OWNER:
        return _raised(lambda: read_json(path))
    return _raised(lambda: read_mark(path))
