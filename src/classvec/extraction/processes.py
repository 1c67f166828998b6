"""Several processes share out the classes of one store: who they are, what each one does, how one's end ends them all.

Each process runs a predict loop of its own over classes of its own; nothing is exchanged between them but the list of
work and, in the end, the news that it is done. That goes through gloo, which notices a dead peer by its closed socket.
"""

import heapq
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classvec.errors import InputError
from classvec.readers import outlive_readers
from classvec.signals import deaf_to_warnings, stopping

log = logging.getLogger(__name__)
MEETING = timedelta(minutes=30)
"""How long processes wait at the start until all of them are there."""
PATIENCE = timedelta(days=30)
"""How long a process waits for the others' work; the end of one of them is noticed at once all the same."""
GRACE_SECONDS = 4.0
"""What the others get to end by themselves when one has failed, and again to end in good order once they are told."""


class LostError(InputError):
    """Another process ended; what it died of is its own to say."""


def shares(n_images: NDArray[np.int64], classes: Sequence[int], n_processes: int) -> list[list[int]]:
    """Shares out classes between processes so that each has about as many images.

    The largest class goes first, always to the process with the fewest images so far (longest processing time first;
    Graham: Bounds on multiprocessing timing anomalies, SIAM J. Appl. Math. 1969): the largest share is at most 4/3 of
    the smallest largest share there is.

    Args:
        n_images: Images of each class, of shape (n_classes,).
        classes: Indices of the classes to share out.
        n_processes: Number of processes.

    Returns:
        The classes of each process, ascending; empty for those that are left without.
    """
    found: list[list[int]] = [[] for _ in range(n_processes)]
    load = [(0, process) for process in range(n_processes)]
    for label in sorted(classes, key=lambda label: (-int(n_images[label]), label)):
        images, process = load[0]
        found[process].append(label)
        heapq.heapreplace(load, (images + int(n_images[label]), process))
    return [sorted(share) for share in found]


@dataclass(frozen=True)
class Rank:
    """Our process among processes that work together.

    Attributes:
        rank: Our number among all of them; process 0 leads.
        size: How many there are.
        local_rank: Our number on this machine, and that of our device.
        local_size: How many there are on this machine.
        meeting: Where they find each other, as `torch.distributed` names it.
    """

    rank: int
    size: int
    local_rank: int
    local_size: int
    meeting: str


def launched() -> Rank | None:
    """Returns our process if torchrun or SLURM's srun started several of us, else None."""
    env = os.environ
    if "TORCHELASTIC_RUN_ID" in env:
        rank, size = int(env["RANK"]), int(env["WORLD_SIZE"])
        process = Rank(rank, size, int(env["LOCAL_RANK"]), int(env["LOCAL_WORLD_SIZE"]), "env://")
    elif "SLURM_STEP_ID" in env:  # only srun sets it; a batch script has the number of tasks, but is one process
        size = int(env.get("SLURM_STEP_NUM_TASKS", "1"))
        nodes = int(env.get("SLURM_STEP_NUM_NODES", "1"))
        local = int(env["SLURM_LOCALID"])
        process = Rank(int(env["SLURM_PROCID"]), size, local, -(-size // nodes), _slurm_meeting() if size > 1 else "")
    else:
        return None
    return process if process.size > 1 else None


def _slurm_meeting() -> str:
    """Returns an address at which the tasks of a SLURM job find the first of them, by Lightning's rules."""
    from pytorch_lightning.plugins.environments import SLURMEnvironment  # type: ignore[attr-defined]

    first = SLURMEnvironment.resolve_root_node_address(os.environ.get("SLURM_STEP_NODELIST", "127.0.0.1"))
    port = 15_000 + int(os.environ.get("SLURM_JOB_ID", "0")) % 10_000
    return f"tcp://{os.environ.get('MASTER_ADDR', first)}:{os.environ.get('MASTER_PORT', port)}"


class ProcessGroup:
    """The processes that have met; what they say to each other."""

    def __init__(self) -> None:
        import torch.distributed as dist

        self._group: Any = dist.new_group(backend="gloo", timeout=PATIENCE)

    def broadcast(self, value: Any) -> Any:
        """Returns the value that process 0 calls this with, in all processes; the others wait for it."""
        import torch.distributed as dist

        values = [value]
        dist.broadcast_object_list(values, src=0, group=self._group)
        return values[0]

    def barrier(self) -> None:
        """Waits until all processes have come here."""
        import torch.distributed as dist

        dist.barrier(group=self._group)


@contextmanager
def joined(process: Rank) -> Iterator[ProcessGroup]:
    """Joins the processes, and turns the end of another one into an error of this one.

    Raises:
        LostError: If another process ends before its work is done.
    """
    import torch.distributed as dist

    try:
        dist.init_process_group(
            "gloo", init_method=process.meeting, rank=process.rank, world_size=process.size, timeout=MEETING
        )
        yield ProcessGroup()
    except RuntimeError as error:
        if "onnection" not in str(error) and "gloo" not in str(error):
            raise
        raise LostError(
            f"process {process.rank} of {process.size} lost another one, which says why above or in its own log; "
            "finished classes are kept: start again to resume"
        ) from error
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def start(work: Callable[..., None], n_processes: int, *arguments: Any) -> None:
    """Runs a function in several new processes on this machine, and waits for them; if one ends badly, all end.

    Args:
        work: Called with a `Rank` and the arguments; a function of a module, since new processes import it.
        n_processes: How many.
        *arguments: Sent to each process.

    Raises:
        InputError: If a process was killed, or raised this error itself.
        OSError: If a process raised it.
    """
    from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException, start_processes

    with deaf_to_warnings():
        errors = get_context("spawn").SimpleQueue()
    with tempfile.TemporaryDirectory(prefix="classvec-") as folder:
        meeting = (Path(folder) / "meeting").as_uri()
        given = (n_processes, meeting, errors, work, arguments)
        with deaf_to_warnings():
            processes = start_processes(  # type: ignore[no-untyped-call]
                _run, given, nprocs=n_processes, join=False, start_method="spawn"
            )
        try:
            while not processes.join(grace_period=GRACE_SECONDS):
                pass
        except (ProcessExitedException, ProcessRaisedException) as error:
            if not errors.empty():
                raise errors.get() from None
            if isinstance(error, ProcessRaisedException):
                raise
            raise InputError(
                f"process {error.error_index} of {n_processes} ended ({error}), out of memory perhaps; "
                "finished classes are kept: start again to resume"
            ) from None
        except BaseException:
            for process in processes.processes:
                process.terminate()
            for process in processes.processes:
                process.join(GRACE_SECONDS / n_processes)
            raise


def _run(rank: int, size: int, meeting: str, errors: Any, work: Callable[..., None], arguments: Sequence[Any]) -> None:
    """What a new process does; only the first one says what goes on."""
    logging.raiseExceptions = False  # as in the process that has started this one
    outlive_readers()
    if rank == 0:
        logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        with stopping(silent=True):
            work(Rank(rank, size, rank, size, meeting), *arguments)
    except LostError:
        raise SystemExit(1) from None
    except (InputError, OSError) as error:
        errors.put(error)
        raise SystemExit(1) from None
