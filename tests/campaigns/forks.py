"""Jobs as forks of one process that has imported everything: what is killed is work, not imports."""

import atexit
import contextlib
import importlib
import os
import re
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from classvec import app
from tests.conftest import SYNSETS, draw_images
from tests.jobs import SMALL

OUT, MODULES = "printed.txt", "modules.txt"
LONGEST = 120.0
"""Seconds after which a job counts as hung."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a job ended.

    Attributes:
        code: Its exit code; negative for a signal.
        text: What it printed.
        seconds: How long it took.
        ending: How long it took from the signal on.
        orphans: Whether processes that it has started live on.
        folder: Where it was started.
    """

    code: int
    text: str
    seconds: float
    ending: float
    orphans: bool
    folder: Path

    @property
    def results(self) -> Path | None:
        """The folder of its results, as it says; None if it names none."""
        named = [line.removeprefix("Files: ") for line in self.text.splitlines() if line.startswith("Files: ")]
        return self.folder / named[-1] if named else None

    @property
    def finished(self) -> Path:
        """The folder of the results of a job that came to its end.

        Raises:
            RuntimeError: If it did not.
        """
        if self.code != 0 or self.results is None:
            raise RuntimeError(f"a job that nobody disturbed ended with exit code {self.code}:\n{self.text}")
        return self.results

    @property
    def last_line(self) -> str:
        return next((line for line in reversed(self.text.splitlines()) if line.strip()), "")

    @property
    def reason(self) -> str:
        """The line that names an exception, or else the last one."""
        named = [line for line in self.text.splitlines() if re.match(r"[\w.]*(Error|Exception)(:|$)", line)]
        return named[-1] if named else self.last_line

    @property
    def has_traceback(self) -> bool:
        return "Traceback (most recent call last)" in self.text


@dataclass(frozen=True)
class Bench:
    """A folder with images, in which jobs are forked that write to `outputs` there."""

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> "Bench":
        """Draws the images, and imports all that a job imports."""
        folder = folder.resolve()
        draw_images(folder / "images", SYNSETS, [2] * len(SYNSETS))
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        app.tune()
        bench = cls(folder)
        bench.run(["outputs=first"])
        for name in (folder / MODULES).read_text().split():
            with contextlib.suppress(Exception):  # some modules are there only for others to look at
                importlib.import_module(name)
        return bench

    @property
    def outputs(self) -> Path:
        return self.folder / "outputs"

    def run(
        self, keys: Sequence[str], kill_after: float | None = None, number: int = signal.SIGKILL, to_all: bool = True
    ) -> Ended:
        """Runs one job of evaluate.py to its end, or sends it a signal after some seconds.

        Args:
            keys: More keys than those of a small job.
            kill_after: Seconds to the signal; None for none.
            number: The signal.
            to_all: Whether all processes of the job get it, as Ctrl-C in a terminal; only the first one otherwise.
        """
        started = time.monotonic()
        job = self._fork(keys)
        sent = None
        while os.waitid(os.P_PID, job, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            now = time.monotonic()
            if kill_after is not None and sent is None and now - started >= kill_after:
                sent = now
                _send(job, number, to_all)
            if now - (sent or started) >= LONGEST:
                _send(job, signal.SIGKILL, to_all=True)
            time.sleep(0.002)
        ended = time.monotonic()
        code = os.waitstatus_to_exitcode(os.waitpid(job, 0)[1])
        return Ended(
            code=code,
            text=(self.folder / OUT).read_text(errors="replace"),
            seconds=ended - started,
            ending=ended - (sent or ended),
            orphans=_lives_on(job),
            folder=self.folder,
        )

    def _fork(self, keys: Sequence[str]) -> int:
        out = os.open(self.folder / OUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        sys.stdout.flush()
        job = os.fork()
        if job == 0:
            code = 1
            try:
                os.setsid()
                os.chdir(self.folder)
                os.dup2(out, 1)
                os.dup2(out, 2)
                code = _evaluate([*SMALL, *keys], self.folder / MODULES)
                threading._shutdown()  # type: ignore[attr-defined]
                atexit._run_exitfuncs()  # both as the interpreter does, which would first go back to the campaign
            finally:
                os._exit(code)  # never back into the code of the campaign
        os.close(out)
        return job


def _send(job: int, number: int, to_all: bool) -> None:
    """Sends a signal to a job that has not been waited for."""
    if to_all:
        with contextlib.suppress(ProcessLookupError):  # it has no group of its own yet
            os.killpg(job, number)
            return
    os.kill(job, number)


def _lives_on(group: int) -> bool:
    """Returns whether a process of a group is there; multiprocessing's tracker of resources gets its time to end."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.03)
    os.system(f"ps -o pid,ppid,pgid,stat,args -g {group}")
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    return True


def _evaluate(keys: Sequence[str], modules: Path) -> int:
    """Does in a forked process what evaluate.py does; returns the exit code."""
    sys.argv = ["evaluate.py", *keys]
    try:
        from classvec.evaluate import main

        main()
        code = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    if not modules.exists():
        modules.write_text("\n".join(name for name in sys.modules if not name.startswith("__")))
    sys.stdout.flush()
    sys.stderr.flush()
    return code
