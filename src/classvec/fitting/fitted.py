"""What a fit leaves, and how it is followed while it goes on."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classvec.artifacts import checksum, read_json
from classvec.errors import InputError
from classvec.fitting.recipe import Epoch

log = logging.getLogger(__name__)
FITTED = "fitted.json"
"""Written last: the checksums of the other files."""

EpochDone = Callable[[Epoch], None]
"""Called after each epoch with what was measured; after a resumed fit also for the epochs before."""


@dataclass(frozen=True, kw_only=True)
class UnfinishedFit:
    """A fit that is about to begin, or to go on.

    Attributes:
        key: A hash of what the weights are made from.
        content: What they are made from.
        path: The file of the weights to come.
    """

    key: str
    content: Mapping[str, Any]
    path: Path


@contextmanager
def unfollowed(unfinished: UnfinishedFit) -> Iterator[EpochDone]:
    """Follows a fit without a word."""
    yield lambda measured: None


@dataclass(frozen=True, kw_only=True)
class FittedWeights:
    """Weights that were fitted.

    Attributes:
        path: The safetensors file. Its metadata: ``input`` (text of the input transform), ``classes`` (JSON list of
            synset ids in the order of the outputs), ``fitted`` (JSON: settings, data, start, accuracy, versions).
        content: What they are made from.
        history: What was measured in each epoch.
        is_new: Whether they were made just now.
    """

    path: Path
    content: Mapping[str, Any]
    history: Sequence[Epoch]
    is_new: bool


def damage(folder: Path) -> str:
    """Returns what is wrong with a fit that was finished; empty if nothing is.

    Args:
        folder: Folder of the fit.
    """
    try:
        files = read_json(folder / FITTED)
        changed = [name for name, known in files.items() if checksum(folder / name) != known]
    except (InputError, OSError) as error:
        return str(error)
    return f"{folder}: {', '.join(changed)} not what was written" if changed else ""


def is_whole(folder: Path) -> bool:
    """Returns whether a folder holds a fit that was finished and is not damaged."""
    if not (folder / FITTED).exists():
        return False
    if found := damage(folder):
        log.warning("%s; fitting again", found)
    return not found
