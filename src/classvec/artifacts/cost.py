"""What a run took."""

import resource
import sys
import time
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Time and memory of a run.

    Attributes:
        wall_seconds: Seconds from its start to its results; class vectors are in it where this run made them.
        process_max_rss_mib: Most memory resident in the main process so far (ru_maxrss), MiB. Pages of memory-mapped
            class vectors count, worker processes do not; jobs of a sweep that share a process share this figure.
    """

    wall_seconds: float
    process_max_rss_mib: float

    @classmethod
    def since(cls, start: float) -> Self:
        """Measures up to now.

        Args:
            start: `time.monotonic` at the start of the run, seconds.
        """
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        unit = 1 if sys.platform == "darwin" else 1024  # bytes; KiB on Linux
        return cls(wall_seconds=round(time.monotonic() - start, 1), process_max_rss_mib=round(most * unit / 2**20, 1))
