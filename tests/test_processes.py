"""Classes shared out between processes: the same bytes as one process makes, whoever starts them and whoever dies."""

import os
import signal
import socket
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from classvec import build
from classvec.compose import compose
from classvec.data.image_folder import ImageFolder
from classvec.errors import InputError
from classvec.extraction.extractor import Extractor
from classvec.extraction.processes import Rank, launched, shares
from classvec.settings import Accelerator
from tests.conftest import ROOT, draw_images, image_folder

CLASSES = [f"n{i:08d}" for i in (1440764, 1443537, 2084071, 2121620, 2814533, 3445777, 1503061, 2958343, 4194289)]
COUNTS = [3, 1, 4, 2, 5, 2, 7, 1, 2]


# who gets what


def test_every_class_goes_to_one_process_and_the_images_are_balanced() -> None:
    n_images = np.random.default_rng(0).integers(1, 1300, 1000)
    for n in (1, 2, 3, 7, 64):
        found = shares(n_images, range(1000), n)
        assert sorted(sum(found, [])) == list(range(1000))
        assert all(share == sorted(share) for share in found)
        loads = [int(n_images[share].sum()) for share in found]
        assert max(loads) - min(loads) <= 1300
        assert found == shares(n_images, list(range(1000))[::-1], n)


def test_shares_by_hand() -> None:
    assert shares(np.array([5, 3, 3, 2, 1]), [0, 1, 2, 3, 4], 2) == [[0, 3], [1, 2, 4]]
    assert shares(np.array([5, 3, 3, 2, 1]), [1, 4], 2) == [[1], [4]]
    assert shares(np.array([9, 9]), [0, 1], 4) == [[0], [1], [], []]


def test_the_bound_on_the_largest_share_holds() -> None:
    rng = np.random.default_rng(1)
    for _ in range(30):
        n_images = rng.integers(1, 20, 7)
        best = min(
            max(sum(int(n) for n, p in zip(n_images, places, strict=True) if p == process) for process in range(3))
            for places in product(range(3), repeat=7)
        )
        assert max(int(n_images[share].sum()) for share in shares(n_images, range(7), 3)) <= best * 4 / 3


# who we are


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in os.environ:
        if name.startswith(("SLURM", "TORCHELASTIC", "MASTER")) or name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
            monkeypatch.delenv(name)
    return monkeypatch


def test_torchrun_and_slurm_say_who_we_are(environment: pytest.MonkeyPatch) -> None:
    assert launched() is None
    environment.setenv("SLURM_NTASKS", "4")  # a batch script sees this too, and is one process
    environment.setenv("SLURM_PROCID", "0")
    assert launched() is None
    slurm = {"STEP_ID": "0", "STEP_NUM_TASKS": "4", "STEP_NUM_NODES": "2", "LOCALID": "1", "PROCID": "3"}
    for name, value in {**slurm, "JOB_ID": "1234567", "STEP_NODELIST": "gpu[07-08]"}.items():
        environment.setenv(f"SLURM_{name}", value)
    assert launched() == Rank(3, 4, 1, 2, "tcp://gpu07:19567")
    environment.setenv("SLURM_STEP_NUM_TASKS", "1")
    assert launched() is None
    for name, value in {"TORCHELASTIC_RUN_ID": "x", "RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1"}.items():
        environment.setenv(name, value)
    environment.setenv("LOCAL_WORLD_SIZE", "2")
    assert launched() == Rank(3, 4, 1, 2, "env://")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "torchrun started 2 processes, which would all do the same: add trainer=ddp"),
        (["-m", "trainer=ddp", "layers=low,top"], "start one command for each job"),
        (["trainer=ddp", "architecture.weights=fit"], "fitting is the work of one"),
    ],
)
def test_what_several_processes_cannot_do_is_refused(
    arguments: list[str], message: str, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import runpy

    environment.chdir(tmp_path)
    for name in ("RANK", "LOCAL_RANK", "TORCHELASTIC_RUN_ID"):
        environment.setenv(name, "1")
    for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"):
        environment.setenv(name, "2")
    environment.setattr(sys, "argv", ["evaluate.py", *arguments])
    with pytest.raises(SystemExit, match=message):
        runpy.run_path(str(ROOT / "evaluate.py"), run_name="__main__")
    assert list(tmp_path.iterdir()) == []  # process 1 leaves nothing behind


def test_processes_without_gpus_need_a_number(image_root: Path, tmp_path: Path) -> None:
    from tests.conftest import LAYERS, tiny_architecture

    extractor = Extractor(store=tmp_path / "store", accelerator=Accelerator.cpu, processes="auto")
    with pytest.raises(InputError, match=r"such as trainer\.processes=2"):
        extractor(tiny_architecture().network(), image_folder(image_root), list(LAYERS))
    for number in (0, -1):
        with pytest.raises(
            InputError, match=rf"^trainer\.processes={number}: expected auto or a number from 1 to 1024"
        ):
            Extractor(store=tmp_path / "store", accelerator=Accelerator.cpu, processes=number)


# what they make


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine classes of images of different number, and the store that one process makes of them."""
    folder = tmp_path_factory.mktemp("processes")
    draw_images(folder / "images", CLASSES, COUNTS)
    train(folder, "one", "trainer=cpu", cores="0")
    return folder


def pinned(cores: str, *command: str) -> list[str]:
    """Returns a command that computes on these cores, with a thread for each of one process or of several.

    The last bits of a convolution depend on the number of threads, so all processes compared here have one each.
    """
    return ["taskset", "--cpu-list", cores, sys.executable, *command]


def arguments(folder: Path, out: str, *more: str) -> list[str]:
    return [
        "architecture=small_inception", "data=image_folder", f"data.root={folder / 'images'}", "tracking=none",
        f"outputs={folder / out}", "trainer.accelerator=cpu", "trainer.batch_size=4", "trainer.workers=0", *more,
    ]  # fmt: skip


def clean() -> dict[str, str]:
    names = ("SLURM", "TORCHELASTIC", "MASTER", "RANK", "WORLD_SIZE")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    return {**environment, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}


def train(folder: Path, out: str, *more: str, cores: str = "0,1") -> str:
    command = pinned(cores, str(ROOT / "train.py"), *arguments(folder, out, *more))
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=clean(), timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def stored(folder: Path, out: str) -> dict[str, bytes]:
    """Returns name to bytes of a store's files, without the matrices that an evaluation adds."""
    (store,) = [path for path in (folder / out / "class_vectors").iterdir() if path.is_dir()]
    made = [store / "manifest.json", *sorted((store / "layers").rglob("*.npy"))]
    return {str(path.relative_to(store)): path.read_bytes() for path in made}


def differing(folder: Path, out: str) -> list[str]:
    """Returns the files in which a store differs from what one process makes."""
    made, expected = stored(folder, out), stored(folder, "one")
    return sorted(name for name in {*made, *expected} if made.get(name) != expected.get(name))


def runs(folder: Path, out: str) -> list[Path]:
    return list((folder / out / "runs").iterdir())


@pytest.mark.slow
def test_two_processes_make_the_bytes_of_one(folder: Path) -> None:
    printed = train(folder, "two", "trainer=ddp", "trainer.processes=2")
    assert differing(folder, "two") == []
    assert len(stored(folder, "one")) == 1 + 6 * 5
    assert printed.count("Class vectors:") == 1
    assert "of 9 classes" in printed
    assert len(runs(folder, "two")) == 1


def torchrun(folder: Path, out: str, node: int, port: int, script: str) -> "subprocess.Popen[str]":
    more = ["trainer=ddp"] + (["clustering.k=[2,3]"] if script == "evaluate.py" else [])
    launcher = [
        "-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1", f"--node-rank={node}",
        "--master-addr=127.0.0.1", f"--master-port={port}",
    ]  # fmt: skip
    return subprocess.Popen(
        pinned(str(node), *launcher, str(ROOT / script), *arguments(folder, out, *more)),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder, env=clean(),
    )  # fmt: skip


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.slow
def test_two_nodes_over_loopback_make_them_too_and_one_goes_on(folder: Path) -> None:
    port = free_port()
    nodes = [torchrun(folder, "nodes", node, port, "evaluate.py") for node in (0, 1)]
    printed = [node.communicate(timeout=200)[0] for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], printed
    assert differing(folder, "nodes") == []
    assert "mean F1" in printed[0]
    assert "mean F1" not in printed[1]
    assert len(runs(folder, "nodes")) == 1
    assert (runs(folder, "nodes")[0] / "scores.csv").exists()


@pytest.mark.slow
def test_tasks_of_slurm_make_them_too(folder: Path) -> None:
    """Two processes with the environment that srun gives them; there is no SLURM here."""
    step = {"SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_NUM_NODES": "1", "SLURM_NTASKS": "2"}
    step |= {"SLURM_STEP_NODELIST": "localhost", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    tasks = [
        subprocess.Popen(
            pinned("0,1", str(ROOT / "train.py"), *arguments(folder, "slurm", "trainer=ddp")),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder,
            env={**clean(), **step, "SLURM_PROCID": str(task), "SLURM_LOCALID": str(task)},
        )
        for task in (0, 1)
    ]  # fmt: skip
    printed = [task.communicate(timeout=200)[0] for task in tasks]
    assert [task.returncode for task in tasks] == [0, 0], printed
    assert differing(folder, "slurm") == []
    assert printed[1] == ""
    assert len(runs(folder, "slurm")) == 1


SLOW = """
import sys, time
sys.path.insert(0, {root!r})
import classvec.extraction.writer
from classvec import build
from classvec.compose import compose
from classvec.data.image_folder import ImageFolder
from classvec.extraction.extractor import Extractor
from tests.conftest import image_folder

read = ImageFolder.read

def slow(images, index):
    time.sleep(0.4)
    return read(images, index)

# also in the processes that share out the classes: they import this file
ImageFolder.read = slow  # images take their time
classvec.extraction.writer.SYNC_SECONDS = 0.0  # classes are marked at once

if __name__ == "__main__":
    architecture = build.architecture(compose(["architecture=small_inception"]))
    extractor = Extractor(store={store!r}, accelerator="cpu", batch_size=4, workers=0, processes=2)
    try:
        extractor(architecture.network(), image_folder({images!r}), list(architecture.named_layers))
    except Exception as error:
        sys.exit(f"{{type(error).__name__}}: {{error}}")
"""


@pytest.mark.slow
def test_a_killed_process_ends_the_job_in_seconds_and_the_next_start_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = folder / "killed" / "class_vectors"
    code = folder / "slow.py"
    code.write_text(SLOW.format(root=str(ROOT), store=str(store), images=str(folder / "images")))
    job = subprocess.Popen(pinned("0,1", str(code)), stderr=subprocess.PIPE, text=True, env=clean())
    deadline = time.monotonic() + 120
    while n_done(store) < 2:
        assert job.poll() is None, job.communicate()[1]
        assert time.monotonic() < deadline, "no class was finished"
        time.sleep(0.05)
    os.kill(workers(job.pid)[1], signal.SIGKILL)
    killed = time.monotonic()
    errors = job.communicate(timeout=60)[1]
    assert time.monotonic() - killed < 20
    assert job.returncode == 1
    assert "InputError: process " in errors
    assert "SIGKILL" in errors
    assert "finished classes are kept: start again to resume" in errors
    finished = np.all([np.load(file) for file in store.rglob("done.npy")], axis=0)
    assert 2 <= finished.sum() < len(CLASSES)
    seen: list[int] = []
    read = ImageFolder.read

    def watched(images: ImageFolder, index: int) -> Image.Image:
        seen.append(index)
        return read(images, index)

    monkeypatch.setattr(ImageFolder, "read", watched)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    architecture = build.architecture(compose(["architecture=small_inception"]))
    images = image_folder(folder / "images")
    extractor = Extractor(store=store, accelerator=Accelerator.cpu, batch_size=4, workers=0)
    extractor(architecture.network(), images, list(architecture.named_layers))
    torch.set_num_threads(threads)
    assert set(seen) == set(np.flatnonzero(~finished[images.labels]))
    assert differing(folder, "killed") == []


def n_done(store: Path) -> int:
    return min((int(np.load(file).sum()) for file in store.rglob("done.npy")), default=0)


def workers(parent: int) -> list[int]:
    """Returns the processes that share out the classes, in their order."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(c) for c in children if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()]


@pytest.mark.slow
def test_an_error_in_one_process_reaches_the_user_as_it_is(folder: Path, tmp_path: Path) -> None:
    draw_images(tmp_path / "images", CLASSES, COUNTS)
    (tmp_path / "images" / CLASSES[4] / "2.png").write_bytes(b"broken")
    command = [
        sys.executable,
        str(ROOT / "train.py"),
        *arguments(tmp_path, "out", "trainer=ddp", "trainer.processes=2"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=clean(), timeout=200)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("error: ")
    assert f"{CLASSES[4]}/2.png cannot be read as an image" in done.stderr
    assert "Traceback" not in done.stderr
