"""What a person sees while Lightning works: a bar with a rate, or lines in the log; and none of Lightning's own."""

import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)
REPORT_SECONDS = 30.0


class ImageBar:
    """Shows what is done, rate and time left: a bar on a terminal, a line in the log every half minute elsewhere.

    Args:
        what: What is being made.
        total: Number of images, or of what else is counted.
        unit: What is counted.
        summary: Whether a line in the log says at the end what was done.
    """

    def __init__(self, what: str, total: int, unit: str = "images", *, summary: bool = True) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._total = total
        self._unit = unit
        self._summary = summary
        self._done = 0
        self._start = self._reported = time.monotonic()
        console = Console(stderr=True)
        columns = (
            TextColumn(what),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(f"{{task.fields[rate]:.1f}} {unit}/s"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task("", total=total, rate=0.0, note="")

    def __enter__(self) -> "ImageBar":
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()
        if not self._summary:
            return
        seconds = time.monotonic() - self._start
        rate = self._done / max(seconds, 1e-9)
        log.info("%d of %d %s in %.1f s, %.1f %s/s", self._done, self._total, self._unit, seconds, rate, self._unit)

    def advance(self, count: int, note: str = "") -> None:
        """Counts what is done.

        Args:
            count: How many more.
            note: Words to show beside it.
        """
        self._done += count
        now = time.monotonic()
        rate = self._done / max(now - self._start, 1e-9)
        self._bar.update(self._task, completed=self._done, rate=rate, note=note)
        if self._bar.disable and now - self._reported > REPORT_SECONDS:
            self._reported = now
            left = (self._total - self._done) / max(rate, 1e-9)
            words = f", {note}" if note else ""
            counts = (self._done, self._total, self._unit, rate, self._unit, left, words)
            log.info("%d of %d %s, %.1f %s/s, %.0f s left%s", *counts)


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Keeps Lightning's device lines and tips out of the log; its errors stay."""
    names = ("utilities.rank_zero", "accelerators.cuda", "trainer.connectors.signal_connector")
    loggers = [logging.getLogger(f"pytorch_lightning.{name}") for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*does not have many workers.*")
            warnings.filterwarnings("ignore", message=".*num_workers.*")
            warnings.filterwarnings("ignore", message=".*persistent_workers.*")
            warnings.filterwarnings("ignore", message=".*module\\(s\\) in eval mode.*")
            warnings.filterwarnings("ignore", message=".*predict returned None.*")
            warnings.filterwarnings("ignore", message=".*isinstance\\(treespec, LeafSpec\\).*")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
