"""Memory does not grow with the images: anonymous memory (PSS, workers included) while class vectors are made."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT

EXTRACT = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from classvec import config
from classvec.data.image_folder import ImageFolder
from classvec.extraction import Extractor
architecture = config.architecture(config.compose(["architecture=bvlc_googlenet", "architecture.weights=random"]))
images = ImageFolder({images!r})
Extractor(store=Path({store!r}), accelerator="cpu")(architecture.network(), images, list(architecture.layers))
"""


def anonymous_bytes(process: int) -> int:
    """Returns the proportional anonymous memory of a process and its children, in bytes."""
    total = 0
    pending = [process]
    while pending:
        current = pending.pop()
        try:
            rollup = Path(f"/proc/{current}/smaps_rollup").read_text()
            children = Path(f"/proc/{current}/task/{current}/children").read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss_Anon:"))
        pending += map(int, children)
    return total


def peak(images: Path, store: Path) -> int:
    code = EXTRACT.format(root=str(ROOT), store=str(store), images=str(images))
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    highest = 0
    while process.poll() is None:
        highest = max(highest, anonymous_bytes(process.pid))
        time.sleep(0.1)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    return highest


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="reads Linux's /proc")
def test_memory_is_the_same_with_twice_the_images(real_data: Path, tmp_path: Path) -> None:
    sample = real_data / "data" / "imagenet-sample"
    classes = sorted(path.name for path in sample.iterdir())[::25]
    found = {}
    for count in (5, 10):
        root = tmp_path / f"images{count}"
        for class_id in classes:
            (root / class_id).mkdir(parents=True)
            picture = next((sample / class_id).iterdir())
            for number in range(count):
                (root / class_id / f"{number}.jpg").symlink_to(picture)
        found[count] = peak(root, tmp_path / f"store{count}")
        print(f"nine layers, {len(classes)} classes of {count} images: {found[count] / 1e6:.0f} MB anonymous")
    assert found[10] == pytest.approx(found[5], rel=0.05)
