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
from contextlib import contextmanager, nullcontext, suppress
from types import FrameType
from typing import Any

CODES = {signal.SIGTERM: 143, signal.SIGUSR1: 143, signal.SIGINT: 130}
"""Exit codes. SLURM sends SIGUSR1 ahead of a time limit if asked to (``--signal=USR1@60``), and SIGTERM at it."""
GRACE_SECONDS = 7.0
"""What the program gets to end in good order; then it ends as if it were killed, and what is kept stays whole."""

REPEAT_SECONDS = 0.05


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
def stopping(note: Callable[[str], None] | None = None, *, silent: bool = False) -> Iterator[None]:
    """Turns signals that ask the program to end into `Stopped`, raised in the main thread; the outermost block says so.

    Code in C lets no exception through, so a thread watches: a second Ctrl-C, or the end of `GRACE_SECONDS`, ends the
    program and its processes from there. It watches on when `Stopped` leaves the block, until the interpreter is gone.
    Python takes signals in the main thread only: elsewhere this does nothing.

    Args:
        note: Called with the line that is printed, when the block is left by `Stopped`, or before the program ends
            from the thread that watches.
        silent: Whether the line is not printed; within another such block this makes no difference.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    outer = signal.getsignal(signal.SIGTERM)
    with _watched(silent) if not isinstance(outer, _Stop) else nullcontext(outer) as stop:
        notes = [] if note is None else [note]
        stop.notes += notes
        try:
            yield
        except Stopped as stopped:
            for write in notes:
                with suppress(Exception):
                    write(str(stopped))
            raise
        finally:
            for write in notes:
                stop.notes.remove(write)


@contextmanager
def _watched(silent: bool) -> Iterator["_Stop"]:
    """Installs the handler and the thread of the outermost block."""
    outlive_readers()
    awake, wake = os.pipe()
    os.set_blocking(wake, False)
    _alone_in_forks()
    before = {number: signal.getsignal(number) for number in CODES}
    descriptor = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    stop = _Stop(silent)
    for number, handler in before.items():
        if handler != signal.SIG_IGN:  # by nohup, or a shell that has put the program into the background
            signal.signal(number, stop)
    hook, sys.unraisablehook = sys.unraisablehook, stop.unraisable
    watch = threading.Thread(target=_watch, args=(awake, stop), name="signals", daemon=True)
    watch.start()
    ends = False
    try:
        yield stop
    except Stopped as stopped:
        ends = True
        stop.say(str(stopped))
        raise
    finally:
        if not ends:
            for number, handler in before.items():
                signal.signal(number, handler if handler is not None else signal.SIG_DFL)
            signal.set_wakeup_fd(descriptor)
            sys.unraisablehook = hook
            os.write(wake, b"\0")
            watch.join()
            os.close(wake)
            os.close(awake)


def ignore_interrupts() -> None:
    """Leaves Ctrl-C, which a terminal sends to all processes, to the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Stop:
    """The handler: raises `Stopped` once, so that a further signal does not disturb the end in good order.

    Args:
        silent: Whether nothing is printed.

    Attributes:
        notes: Called with the line that is printed.
        repeated: Number of signals that we have sent ourselves.
    """

    def __init__(self, silent: bool) -> None:
        self._silent = silent
        self._stopped = False
        self._hook = sys.unraisablehook
        self.notes: list[Callable[[str], None]] = []
        self.repeated = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if not self._stopped:
            self._stopped = True
            raise Stopped(number)

    def unraisable(self, lost: "sys.UnraisableHookArgs") -> None:
        """Sends a signal again whose exception Python has dropped: it was raised in a destructor or a callback."""
        if not isinstance(lost.exc_value, Stopped):
            self._hook(lost)
            return
        self._stopped = False
        self.repeated += 1
        arguments = (threading.main_thread().ident, lost.exc_value.number)
        threading.Timer(REPEAT_SECONDS, signal.pthread_kill, arguments).start()

    def say(self, line: str) -> None:
        """Prints a line."""
        if not self._silent:
            print(line, file=sys.stderr, flush=True)  # noqa: T201


def _watch(awake: int, stop: _Stop) -> None:
    """Reads the signals as they come, one byte each."""
    first = _next(awake, None)
    if not first:
        return
    deadline = time.monotonic() + GRACE_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        more = _next(awake, left)
        if more == 0:  # the block has ended
            return
        if more is not None and stop.repeated:
            stop.repeated -= 1
        elif more == signal.SIGINT:
            break
    line = str(Stopped(first))
    for write in [*stop.notes, stop.say]:
        with suppress(Exception):
            write(line)
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
