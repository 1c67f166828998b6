"""Readers of what a program prints, which may leave before its end."""

import io
import logging
import os
import stat
import sys
from typing import Any


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
            for handler in logging.getLogger().handlers:
                if isinstance(handler, logging.StreamHandler) and handler.stream is stream:
                    handler.setStream(ours)


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
