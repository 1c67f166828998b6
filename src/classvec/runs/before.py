"""What lay where a job was to write: restored if the job leaves nothing of its own."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from classvec.artifacts import atomic_write


@dataclass(frozen=True, kw_only=True)
class Before:
    """A folder before a job, or a sweep, began in it.

    Attributes:
        folder: The folder, absolute.
        missing: It and the folders above it that were missing, from the inside out.
        names: Names of the files that lay in it.
        notes: Files that the job begins with, such as Hydra's and `job.json`, and what was in them; None for those that
            were missing.
    """

    folder: Path
    missing: Sequence[Path]
    names: frozenset[str]
    notes: Mapping[Path, bytes | None]

    @classmethod
    def seen(cls, folder: Path, notes: Sequence[str]) -> Self:
        """Looks at a folder.

        Args:
            folder: The folder; it may be missing.
            notes: Paths in it of the files that a job begins with.
        """
        folder = folder.absolute()
        paths = [folder / note for note in notes]
        return cls(
            folder=folder,
            missing=[path for path in (folder, *folder.parents) if not path.exists()],
            names=frozenset(path.name for path in folder.iterdir()) if folder.is_dir() else frozenset(),
            notes={path: path.read_bytes() if path.is_file() else None for path in paths},
        )

    def restore(self) -> None:
        """Puts the notes back as they were, and removes the logs and the folders that were not there.

        Whatever else lies in the folder stays, and the folder with it. Nothing is logged into it from now on.
        """
        for path, content in self.notes.items():
            if content is None:
                path.unlink(missing_ok=True)
            elif not path.is_file() or path.read_bytes() != content:
                with atomic_write(path) as file:
                    file.write(content)
        root = logging.getLogger()
        for handler in [entry for entry in root.handlers if isinstance(entry, logging.FileHandler)]:
            log = Path(handler.baseFilename)
            if log.parent == self.folder:
                root.removeHandler(handler)
                handler.close()
                if log.name not in self.names:
                    log.unlink(missing_ok=True)
        inside = {path.parent for path in self.notes} - {self.folder}
        with suppress(OSError):  # what is not empty stays
            for path in [*inside, *self.missing]:
                path.rmdir()
