"""Signals that ask the program to end: it ends in good order within seconds, and at once on a second Ctrl-C."""

import functools
import logging
import multiprocessing
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from types import FrameType

from classvec.readers import outlive_readers

CODES = {signal.SIGTERM: 143, signal.SIGUSR1: 143, signal.SIGINT: 130, signal.SIGHUP: 129}
"""Exit codes. SLURM sends SIGUSR1 ahead of a time limit if asked to (``--signal=USR1@60``), and SIGTERM at it."""
GRACE_SECONDS = 7.0
"""What the program gets to end in good order; then it ends as if it were killed, and what is kept stays whole."""
REPEAT_SECONDS, LAST_WORDS_SECONDS = 0.05, 1.0
"""Until an exception that was dropped is raised again; for what is said before an end that cannot be in good order."""


class Stopped(SystemExit):
    """The program was asked to end. This is no error: nothing catches it by mistake, and it carries the exit code.

    Args:
        number: The signal.

    Attributes:
        kept: What need not be done again, such as "412 of 1,000 classes"; empty where nothing goes on.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.code = CODES[signal.Signals(number)]
        self.kept = ""

    def __str__(self) -> str:
        name = "Ctrl-C" if self.number == signal.SIGINT else signal.Signals(self.number).name
        return f"stopped by {name}" + (f"; kept: {self.kept}; the same command goes on from there" if self.kept else "")


@contextmanager
def keeping(what: Callable[[], str]) -> Iterator[None]:
    """Says what is kept of the work in this block if it is stopped; of nested blocks the innermost is heard.

    Args:
        what: Returns it; called only when the work was stopped.
    """
    try:
        with _errors_of_the_end():
            yield
    except Stopped as stopped:
        with suppress(Exception):  # words are no reason to end otherwise than asked
            stopped.kept = stopped.kept or what()
        raise


@contextmanager
def _errors_of_the_end() -> Iterator[None]:
    """Takes any error for the end that was asked for, once it was: what is ended midway fails in many ways."""
    try:
        yield
    except Exception as error:
        for handler in map(signal.getsignal, CODES):  # Lightning puts its own in the place of one for a while
            if isinstance(handler, _Stop) and handler.received:
                raise Stopped(handler.received) from error
        raise


@contextmanager
def stopping(
    note: Callable[[str], None] | None = None, *, silent: bool = False, until_exit: bool = False
) -> Iterator[None]:
    """Turns signals that ask the program to end into `Stopped`, raised in the main thread; the outermost block says so.

    Code in C lets no exception through, so a thread watches: a second Ctrl-C, or the end of `GRACE_SECONDS`, ends the
    program and its processes from there. Python takes signals in the main thread only: elsewhere this does nothing.

    Args:
        note: Called with the line that is printed, when the block is left by `Stopped`, or before the program ends
            from the thread that watches.
        silent: Whether the line is not printed; within another such block this makes no difference.
        until_exit: Whether the thread watches on when `Stopped` leaves the block, until the interpreter is gone: for
            programs, not for a notebook, which goes on.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    outer = signal.getsignal(signal.SIGTERM)
    with _watched(silent, until_exit) if not isinstance(outer, _Stop) else nullcontext(outer) as stop:
        notes = [] if note is None else [note]
        stop.notes += notes
        try:
            with _errors_of_the_end():
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
def _watched(silent: bool, until_exit: bool) -> Iterator["_Stop"]:
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
    watches_on = False
    try:
        yield stop
        if stop.received:  # somebody has dropped the exception
            raise Stopped(stop.received)
    except Stopped as stopped:
        stop.say(stopped)
        watches_on = until_exit
        raise
    finally:
        if not watches_on:
            stop.is_installed = False
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


@contextmanager
def deaf_to_warnings() -> Iterator[None]:
    """Lets processes that are started here ignore SIGUSR1, which SLURM sends to all processes of a job.

    Python's own tracker of resources, which is one of them, ignores the other signals, and would die of this one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


class _Stop:
    """The handler: raises `Stopped` once, so that a further signal does not disturb the end in good order.

    Args:
        silent: Whether nothing is printed.

    Attributes:
        notes: Called with the line that is printed.
        is_installed: Whether it is the handler of the signals.
        received: The signal that was received; 0 for none.
        repeated: Number of signals that we have sent ourselves.
    """

    def __init__(self, silent: bool) -> None:
        self._silent = silent
        self._raises = True
        self._hook = sys.unraisablehook
        self.notes: list[Callable[[str], None]] = []
        self.is_installed = True
        self.received = 0
        self.repeated = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.received = self.received or number
        if self._raises:
            self._raises = False
            raise Stopped(number)

    def unraisable(self, lost: "sys.UnraisableHookArgs") -> None:
        """Sends a signal again whose exception Python has dropped: it was raised in a destructor or a callback."""
        if not isinstance(lost.exc_value, Stopped):
            if not self.received:  # else an error of the end
                self._hook(lost)
            return
        self._raises = True
        threading.Timer(REPEAT_SECONDS, self._repeat, [lost.exc_value.number]).start()

    def _repeat(self, number: int) -> None:
        if self.is_installed and (main := threading.main_thread().ident) is not None:
            self.repeated += 1
            signal.pthread_kill(main, number)

    def say(self, stopped: Stopped) -> None:
        """Prints the line, once."""
        silent, self._silent = self._silent, True
        if not silent:
            print(stopped, file=sys.stderr, flush=True)  # noqa: T201


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
    for process in multiprocessing.active_children():
        process.kill()
    words = threading.Thread(target=_last_words, args=(stop, Stopped(first)), daemon=True)
    words.start()
    words.join(LAST_WORDS_SECONDS)  # a full pipe that nobody reads, or a disk that is gone, would hold them for good
    os._exit(CODES[signal.Signals(first)])


def _last_words(stop: _Stop, stopped: Stopped) -> None:
    for write in stop.notes:
        with suppress(Exception):
            write(str(stopped))
    with suppress(Exception):
        stop.say(stopped)
        logging.shutdown()
        sys.stdout.flush()


def _next(awake: int, seconds: float | None) -> int | None:
    """Returns the next signal that asks the program to end; 0 for the end of the block."""
    while select.select([awake], [], [], seconds)[0]:
        (number,) = os.read(awake, 1)
        if number == 0 or number in CODES:
            return number
    return None


@functools.cache
def _alone_in_forks() -> None:
    """Leaves signals to this process, in processes forked from it.

    Ctrl-C, which a terminal sends to all of them, would look like several in our pipe; and image loaders that end of it
    make their loader fail.
    """

    def forget() -> None:
        if any(isinstance(signal.getsignal(number), _Stop) for number in CODES):
            signal.set_wakeup_fd(-1)
            for number in CODES:
                signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.SIG_IGN)

    os.register_at_fork(after_in_child=forget)
