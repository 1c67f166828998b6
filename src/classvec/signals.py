"""Signals that ask the program to end: it ends in good order within seconds, and at once on a second Ctrl-C."""

import functools
import io
import logging
import multiprocessing
import os
import select
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

CODES = {signal.SIGTERM: 143, signal.SIGUSR1: 143, signal.SIGINT: 130}
"""Exit codes. SLURM sends SIGUSR1 ahead of a time limit if asked to (``--signal=USR1@60``), and SIGTERM at it."""
GRACE_SECONDS = 7.0
"""What the program gets to end in good order; then it ends as if it were killed, and what is kept stays whole."""


class Stopped(SystemExit):
    """The program was asked to end. This is no error: nothing catches it by mistake, and it carries the exit code.

    Args:
        number: The signal.

    Attributes:
        kept: What need not be done again, such as "412 of 1,000 classes"; empty for whatever was finished.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.code = CODES[signal.Signals(number)]
        self.kept = ""

    def __str__(self) -> str:
        name = "Ctrl-C" if self.number == signal.SIGINT else signal.Signals(self.number).name
        return f"stopped by {name}; kept: {self.kept or 'whatever was finished'}; the same command goes on from there"


@contextmanager
def keeping(what: Callable[[], str]) -> Iterator[None]:
    """Says what is kept of the work in this block if it is stopped; of nested blocks the innermost is heard.

    Args:
        what: Returns it; called only when the work was stopped.
    """
    try:
        yield
    except Stopped as stopped:
        with suppress(Exception):  # words are no reason to end otherwise than asked
            stopped.kept = stopped.kept or what()
        raise


@contextmanager
def stopping(last_words: Callable[[str], None]) -> Iterator[None]:
    """Turns signals that ask the program to end into `Stopped`, raised in the main thread.

    Code in C lets no exception through, so a thread watches: a second Ctrl-C, or the end of `GRACE_SECONDS`, ends the
    program and its processes from there. It watches on when `Stopped` leaves the block, until the interpreter is gone.
    Python takes signals in the main thread only: elsewhere, and within another such block, this does nothing.

    Args:
        last_words: Called with one line before the program ends from there.
    """
    if threading.current_thread() is not threading.main_thread() or isinstance(signal.getsignal(signal.SIGTERM), _Stop):
        yield
        return
    awake, wake = os.pipe()
    os.set_blocking(wake, False)
    _alone_in_forks()
    before = {number: signal.getsignal(number) for number in CODES}
    descriptor = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    stop = _Stop()
    for number, handler in before.items():
        if handler != signal.SIG_IGN:  # by nohup, or a shell that has put the program into the background
            signal.signal(number, stop)
    watch = threading.Thread(target=_watch, args=(awake, last_words), name="signals", daemon=True)
    watch.start()
    ends = False
    try:
        yield
    except Stopped:
        ends = True
        raise
    finally:
        if not ends:
            for number, handler in before.items():
                signal.signal(number, handler if handler is not None else signal.SIG_DFL)
            signal.set_wakeup_fd(descriptor)
            os.write(wake, b"\0")
            watch.join()
            os.close(wake)
            os.close(awake)


def ignore_interrupts() -> None:
    """Leaves Ctrl-C, which a terminal sends to all processes, to the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Stop:
    """The handler: raises `Stopped` once, so that a further signal does not disturb the end in good order."""

    def __init__(self) -> None:
        self._stopped = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if not self._stopped:
            self._stopped = True
            raise Stopped(number)


def _watch(awake: int, last_words: Callable[[str], None]) -> None:
    """Reads the signals as they come, one byte each."""
    first = _next(awake, None)
    if not first:
        return
    deadline = time.monotonic() + GRACE_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        more = _next(awake, left)
        if more == 0:  # the block has ended
            return
        if more == signal.SIGINT:
            break
    with suppress(Exception):
        last_words(str(Stopped(first)))
    for process in multiprocessing.active_children():
        process.kill()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(CODES[signal.Signals(first)])


def _next(awake: int, seconds: float | None) -> int | None:
    """Returns the next signal that asks the program to end; 0 for the end of the block."""
    while select.select([awake], [], [], seconds)[0]:
        (number,) = os.read(awake, 1)
        if number == 0 or number in CODES:
            return number
    return None


@functools.cache
def _alone_in_forks() -> None:
    """Keeps signals of forked processes out of our pipe: Ctrl-C, which all get, would look like several."""
    os.register_at_fork(after_in_child=lambda: signal.set_wakeup_fd(-1))


def outlive_readers() -> None:
    """Lets the program go on without its output once whoever reads it has left, as ``head`` does."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, io.TextIOWrapper) or stream is not getattr(sys, f"__{name}__"):
            continue  # a test's, a notebook's, or ours already
        if stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode):
            stream.flush()
            raw = _Patient(stream.fileno(), "w", closefd=False)
            ours = io.TextIOWrapper(io.BufferedWriter(raw), stream.encoding, stream.errors, line_buffering=True)
            setattr(sys, name, ours)


class _Patient(io.FileIO):
    """Writes to a pipe as long as somebody reads it, and to nowhere from then on."""

    def write(self, data: Any) -> int:
        """Writes some bytes; see `io.FileIO.write`."""
        try:
            return super().write(data) or 0
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(data)
