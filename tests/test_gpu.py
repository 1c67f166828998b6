"""What holds of a GPU, told without one: which device is chosen, its numerics, its memory, and who waits for it."""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import faiss
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

from classvec import settings
from classvec.artifacts import Target
from classvec.data.labelled_images import Batch
from classvec.errors import InputError
from classvec.extraction import device
from classvec.extraction.device import device_type, gpu_number
from classvec.extraction.loop import ClassVectorExtraction
from classvec.extraction.mean import ClassBlock, FinishedMean
from classvec.extraction.processes import Rank
from classvec.fitting.fitter import Fitter
from classvec.method.matrix_cache import layer_matrix
from classvec.method.metrics import Centred, Cosine
from classvec.networks.network import Network
from classvec.reconstruction.methods import Spectral
from classvec.settings import Accelerator
from tests.artifacts import extractor, vectors
from tests.conftest import LAYERS, image_folder, tiny_architecture


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Pretends which GPUs PyTorch sees."""

    def pretend(*, cuda: int = 0, mps: bool = False) -> None:
        monkeypatch.setattr("torch.cuda.is_available", lambda: cuda > 0)
        monkeypatch.setattr("torch.cuda.device_count", lambda: cuda)
        monkeypatch.setattr("torch.backends.mps.is_available", lambda: mps)
        device._say_once.cache_clear()

    return pretend


# which device


@pytest.mark.parametrize(
    ("asked", "cuda", "mps", "found"),
    [
        ("auto", 0, False, "cpu"), ("auto", 2, False, "cuda"), ("auto", 0, True, "cpu"), ("cpu", 2, False, "cpu"),
        ("gpu", 1, False, "cuda"),
    ],
)  # fmt: skip
def test_auto_is_cuda_or_the_cpu(
    machine: Callable[..., None], asked: str, cuda: int, mps: bool, found: str, caplog: pytest.LogCaptureFixture
) -> None:
    machine(cuda=cuda, mps=mps)
    with caplog.at_level(logging.INFO):
        assert [device_type(Accelerator(asked), "trainer.accelerator") for _ in range(2)] == [found] * 2
    assert caplog.text.count("(MPS) has no float64, in which class vectors are summed: computing on the CPU") == mps


@pytest.mark.parametrize(("mps", "why"), [(False, "sees no GPU on this machine"), (True, "has no float64")])
def test_a_gpu_that_is_not_there_is_an_error_before_anything_is_read(
    machine: Callable[..., None], mps: bool, why: str, image_root: Path, tmp_path: Path
) -> None:
    machine(mps=mps)
    images = image_folder(image_root)
    with pytest.raises(
        InputError, match=rf"^trainer\.accelerator=gpu, but .*{why}.*: use trainer\.accelerator=cpu, or auto"
    ):
        extractor(tmp_path, accelerator=Accelerator.gpu).check(len(images.classes))
    with pytest.raises(InputError, match=rf"^reconstruction\.accelerator=gpu, but .*{why}"):
        Spectral(store=tmp_path, accelerator=Accelerator.gpu).check(images.classes, [], None, [2])  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["images"]


def test_an_unknown_accelerator_is_an_error_that_lists_those_there_are() -> None:
    for word in ("tpu", "hpu", "mps", "cuda:0", "foo"):
        with pytest.raises(InputError, match=rf"^trainer\.accelerator={word}: expected one of auto, cpu, gpu$"):
            settings.Trainer(store="x", accelerator=word)  # type: ignore[arg-type]


def test_each_process_has_a_gpu_of_its_own(machine: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_GPUS_ON_NODE", raising=False)
    machine(cuda=2)
    assert [gpu_number(Rank(r, 2, r, 2, "env://")) for r in range(2)] == [0, 1]
    with pytest.raises(InputError, match="3 processes on this machine with 2 GPUs: start at most one for each GPU"):
        gpu_number(Rank(0, 3, 0, 3, "env://"))
    machine(cuda=1)  # of eight, under SLURM: each task sees its own
    monkeypatch.setenv("SLURM_GPUS_ON_NODE", "8")
    assert [gpu_number(Rank(r, 8, r, 8, "tcp://node:15000")) for r in range(8)] == [0] * 8


def test_more_processes_than_gpus_are_an_error(machine: Callable[..., None], tmp_path: Path) -> None:
    machine(cuda=2)
    ours = replace(extractor(tmp_path), accelerator=Accelerator.auto, processes=3)
    with pytest.raises(InputError, match=r"^trainer\.processes=3 with 2 GPUs"):
        ours._n_processes()
    assert replace(ours, processes="auto")._n_processes() == 2


# its numerics


@pytest.fixture
def seen() -> Iterator[set[tuple[bool, ...]]]:
    """What any module's forward pass finds of PyTorch's switches."""
    found: set[tuple[bool, ...]] = set()

    def look(module: nn.Module, inputs: object) -> None:
        cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
        found.add((cudnn.enabled, cudnn.deterministic, cudnn.allow_tf32, matmul.allow_tf32))

    handle = register_module_forward_pre_hook(look)
    torch.backends.cuda.matmul.allow_tf32 = True  # as in NVIDIA's containers
    yield found
    torch.backends.cuda.matmul.allow_tf32 = False
    handle.remove()


@pytest.mark.parametrize("what", ["extraction", "fitting", "reconstruction"])
def test_cudnn_is_on_in_exact_float32(
    what: str, image_root: Path, tmp_path: Path, tiny: Network, seen: set[tuple[bool, ...]]
) -> None:
    if what == "extraction":
        extractor(tmp_path)(tiny, image_folder(image_root), list(LAYERS))
    elif what == "fitting":
        fit = Fitter(store=tmp_path, accelerator=Accelerator.cpu, epochs=1, validation=0.0, batch_size=8, workers=0)
        fit(tiny_architecture(), image_folder(image_root))
    else:
        target = Target(key="a", name="a", means={"top": np.ones(80, dtype=np.float32)}, index=None)
        Spectral(store=tmp_path, accelerator=Accelerator.cpu, steps=2, snapshots=1).pictures(tiny, [target])
    assert (True, True, False, False) in seen
    assert {switches[0] for switches in seen} == {True}
    assert torch.backends.cuda.matmul.allow_tf32
    assert torch.backends.cudnn.allow_tf32


# its memory


class FakeResources:
    """Stands for FAISS's handle on a GPU."""

    temporary: ClassVar[list[int]] = []

    def setTempMemory(self, size: int) -> None:
        self.temporary.append(size)


@pytest.fixture
def faiss_gpu(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """FAISS with a GPU, which computes as a CPU does but for the last bits; what was done, in order."""
    done: list[str] = []

    def distances(resources: object, queries: Any, others: Any, metric: int) -> NDArray[np.float32]:
        done.append("distances")
        exact: NDArray[np.float32] = faiss.pairwise_distances(queries, others, metric=metric)
        return exact * np.float32(1.0 - 2.0**-20)

    FakeResources.temporary.clear()
    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 1, raising=False)
    monkeypatch.setattr(faiss, "StandardGpuResources", FakeResources, raising=False)
    monkeypatch.setattr(faiss, "pairwise_distance_gpu", distances, raising=False)
    monkeypatch.setattr("torch.cuda.empty_cache", lambda: done.append("PyTorch's memory is free"))
    return done


def kept(folder: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in sorted(folder.glob("matrices/*/a.npy"))}


def test_matrices_of_a_gpu_have_files_of_their_own(faiss_gpu: list[str], tmp_path: Path) -> None:
    found = replace(vectors({"a": 40}), path=tmp_path)
    of_gpu = layer_matrix(found.layers["a"], Cosine(), found)
    assert faiss_gpu == ["PyTorch's memory is free", "distances"]
    assert FakeResources.temporary == [256_000_000]
    of_cpu = layer_matrix(found.layers["a"], Centred(gpu=False), found)
    assert set(kept(tmp_path)) == {"cosine", "cosine%20on%20gpu"}
    assert not np.array_equal(of_gpu, of_cpu)
    np.testing.assert_allclose(of_gpu, of_cpu, atol=1e-5)
    np.testing.assert_array_equal(layer_matrix(found.layers["a"], Cosine(), found), of_gpu)


@pytest.mark.parametrize(
    ("words", "free"),
    [
        ("Error in allocMemory:\nStandardGpuResources: alloc fail dev 0 (cudaMalloc error out of memory [2])\n", 9e9),
        ("", 1e6),
    ],
)
def test_without_memory_on_the_gpu_the_cpu_computes_and_says_so(
    faiss_gpu: list[str], machine: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    caplog: pytest.LogCaptureFixture, words: str, free: float,
) -> None:  # fmt: skip
    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError(words)

    machine(cuda=1)
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda: (free, 10e9))
    monkeypatch.setattr(faiss, "pairwise_distance_gpu", fail)
    found = replace(vectors({"a": 40}), path=tmp_path)
    of_gpu = layer_matrix(found.layers["a"], Cosine(), found)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    why = "alloc fail dev 0 (cudaMalloc error out of memory [2])" if words else "0.00 GB free, 0.51 GB needed"
    assert f"layer a: the GPU has too little memory ({'StandardGpuResources: ' if words else ''}{why})" in caplog.text
    assert set(kept(tmp_path)) == {"cosine"}, "under the name of what computed it"
    np.testing.assert_array_equal(of_gpu, Cosine(gpu=False).matrix(found.layers["a"]))


def test_other_errors_of_faiss_are_not_taken_for_a_lack_of_memory(
    faiss_gpu: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("an illegal instruction was encountered")

    monkeypatch.setattr(faiss, "pairwise_distance_gpu", fail)
    with pytest.raises(RuntimeError, match="illegal instruction"):
        layer_matrix(vectors({"a": 40}).layers["a"], Cosine(), replace(vectors({"a": 40}), path=tmp_path))


class Greedy(nn.Module):
    """Asks for more memory than the GPU has."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.device.type == "meta":  # where shapes are found out
            return x
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9.00 GiB.\nMore of it")


def test_a_network_that_does_not_fit_is_an_error_with_advice(image_root: Path, tmp_path: Path, tiny: Network) -> None:
    tiny.module.relu1 = Greedy()
    with pytest.raises(
        InputError, match=r"full \(CUDA out of memory. .* GiB.\): use a smaller trainer\.batch_size, or"
    ):
        extractor(tmp_path)(tiny, image_folder(image_root), ["low"])


# waiting for it


class Waits(TorchFunctionMode):
    """Counts what makes this thread wait for a GPU: floats that it brings to the CPU, but for parameters."""

    NAMES = ("item", "cpu", "tolist", "__bool__", "__float__", "__int__", "nonzero")

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(function, "__name__", "")
        self.count += name in self.NAMES and args[0].is_floating_point() and not isinstance(args[0], nn.Parameter)
        return function(*args, **(kwargs or {}))


def test_waits_are_counted() -> None:
    ones = torch.ones(2)
    with Waits() as waits:
        for wait in (lambda: float(ones[0]), lambda: ones.cpu(), ones.tolist, lambda: bool(ones[0]), ones[0].item):
            before = waits.count
            wait()
            assert waits.count > before
        before = waits.count
        ones.add_(1.0).sum().sqrt()
        torch.arange(3).tolist()
        assert waits.count == before


@pytest.mark.parametrize("folds", [None, 2])
def test_the_predict_loop_never_waits_and_the_writer_once_for_all_layers_of_a_mean(
    folds: int | None, image_root: Path, tmp_path: Path, tiny: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    blocks = FinishedMean.blocks

    def counted(mean: FinishedMean, class_id: str) -> dict[str, ClassBlock]:
        with Waits() as waits:
            found = blocks(mean, class_id)
        threads.extend([threading.current_thread().name] * waits.count)
        return found

    monkeypatch.setattr(FinishedMean, "blocks", counted)
    with Waits() as waits:
        extractor(tmp_path, folds=folds)(tiny, image_folder(image_root), list(LAYERS))
    assert waits.count == 0
    means = 6 if folds is None else 6 + 2 * 5  # one of the six classes has a single image, and so no folds
    assert threads == ["class vector writer"] * means


def test_batches_are_pinned_for_a_gpu_and_copied_while_it_computes() -> None:
    class Tensor:
        def __init__(self) -> None:
            self.asked: list[tuple[str, bool]] = []

        def to(self, place: torch.device, non_blocking: bool) -> "Tensor":
            self.asked.append((place.type, non_blocking))
            return self

    images = Tensor()
    index = torch.tensor([3, -1])
    batch = Batch(images, index)  # type: ignore[arg-type]
    moved = ClassVectorExtraction.transfer_batch_to_device(None, batch, torch.device("cuda"), 0)  # type: ignore[arg-type]
    assert images.asked == [("cuda", True)]
    assert moved.index is index
