"""Small jobs of the command line, each in a process of its own: for tests that kill them, or run several at once."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT, SYNSETS, draw_images

SMALL = (
    "architecture=colour_histogram", "data=image_folder", "data.root=images", "report.page=false", "analysis=none",
    "clustering.k=[2,3]", "clustering.seeds=[0,1]", "chance.draws=10",
)  # fmt: skip
"""A job that takes a second, once everything is imported."""

EVALUATE = (str(ROOT / "evaluate.py"), *SMALL)


@dataclass(frozen=True)
class Workplace:
    """A folder with images, from which jobs are started.

    Attributes:
        folder: The working directory of the jobs.
        compiled: Folder for Python's compiled files, where the user wants none beside the code: without any, a job
            spends twice its time on compiling what it imports.
    """

    folder: Path
    compiled: Path

    @classmethod
    def drawn(cls, folder: Path, compiled: Path) -> "Workplace":
        draw_images(folder / "images", SYNSETS, [2] * len(SYNSETS))
        return cls(folder, compiled)

    def start(self, arguments: Sequence[str]) -> subprocess.Popen[str]:
        """Starts Python in a process group of its own, such as with `EVALUATE` and more keys."""
        environment = dict(os.environ)
        if environment.pop("PYTHONDONTWRITEBYTECODE", ""):
            environment["PYTHONPYCACHEPREFIX"] = str(self.compiled)
        return subprocess.Popen(
            [sys.executable, *arguments], cwd=self.folder, env=environment, start_new_session=True, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, arguments: Sequence[str], timeout: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Runs Python to its end."""
        return ended(self.start(arguments), timeout)

    @property
    def runs(self) -> list[Path]:
        """The folders of single runs, oldest first: they are named by the time of their start."""
        return sorted((self.folder / "outputs" / "runs").glob("*"))


def ended(process: subprocess.Popen[str], timeout: float = 120.0) -> subprocess.CompletedProcess[str]:
    """Waits for a process, and returns its exit code and what it printed."""
    try:
        out, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, errors)
