"""The device that a network runs on: which one, with which numerics, and what happens when its memory is full.

A GPU is one of NVIDIA's, or of AMD's under ROCm, which PyTorch calls ``cuda`` as well.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch

from classvec.errors import InputError
from classvec.extraction.processes import Rank
from classvec.settings import Accelerator

log = logging.getLogger(__name__)
NO_FLOAT64 = "the GPU of this Mac (MPS) has no float64, in which class vectors are summed"


def device_type(accelerator: Accelerator, key: str) -> str:
    """Chooses between GPU and CPU.

    Args:
        accelerator: What was asked for.
        key: The key that asks, for errors.

    Returns:
        ``cuda`` or ``cpu``, never ``mps``.

    Raises:
        InputError: If a GPU is asked for and there is none that can be used.
    """
    if accelerator == Accelerator.cpu:
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    mps = torch.backends.mps.is_available()
    if accelerator == Accelerator.gpu:
        why = NO_FLOAT64 if mps else f"PyTorch {torch.__version__} sees no GPU on this machine"
        raise InputError(f"{key}=gpu, but {why}: use {key}=cpu, or auto for a GPU where there is one")
    if mps:
        _say_once(f"{NO_FLOAT64}: computing on the CPU")
    return "cpu"


@cache
def _say_once(words: str) -> None:
    log.info(words)


def gpu_number(process: Rank) -> int:
    """Returns the number of the GPU of one of several processes, among those that it sees.

    SLURM may let each task see only GPUs of its own; then it says how many the machine gives to all tasks.

    Raises:
        InputError: If several processes would share a GPU.
    """
    seen = torch.cuda.device_count()
    n_gpus = int(os.environ.get("SLURM_GPUS_ON_NODE", seen))
    if process.local_size > n_gpus:
        raise InputError(
            f"{process.local_size} processes on this machine with {n_gpus} GPUs: start at most one for each GPU, or "
            "compute with trainer.accelerator=cpu"
        )
    return process.local_rank % seen


@contextmanager
def exact_float32() -> Iterator[None]:
    """Lets a GPU compute in float32, not in TF32 with its 10 bits, and the same each time; a CPU does so anyway.

    cuDNN stays on; `torch.backends.cudnn.flags` would turn it off unless told. Matrix products are named as well, since
    an environment variable (``TORCH_ALLOW_TF32_CUBLAS_OVERRIDE``, set in NVIDIA's containers) allows TF32 there.
    """
    matmul = torch.backends.cuda.matmul
    before = matmul.allow_tf32
    matmul.allow_tf32 = False
    try:
        with torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
            yield
    finally:
        matmul.allow_tf32 = before


@contextmanager
def enough_memory(advice: str) -> Iterator[None]:
    """Turns a lack of memory on the GPU into an error that says what to do.

    Nothing goes on on the CPU: its last bits differ, and results of both would be mixed.

    Args:
        advice: What to do.

    Raises:
        InputError: If the GPU's memory is full.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise InputError(f"the memory of the GPU is full ({str(error).splitlines()[0]}): {advice}") from error
