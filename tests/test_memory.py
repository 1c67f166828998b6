"""Memory does not grow with the images: anonymous memory (PSS, workers included) while class vectors are made.

What the allocator keeps differs by a tenth from run to run, so the bound is no percentage of all memory: it is a fifth
of what it would take to keep the vectors of the images that one run has more than the other.
"""

from pathlib import Path

import numpy as np
import pytest
from benchmarks.memory import anonymous_samples

from tests.conftest import ROOT

EXTRACT = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from classvec import build
from classvec.compose import compose
from classvec.extraction.extractor import Extractor
from tests.conftest import image_folder
architecture = build.architecture(compose(["architecture=bvlc_googlenet", "architecture.weights=random"]))
images = image_folder({images!r})
Extractor(store=Path({store!r}), accelerator="cpu")(architecture.network(), images, list(architecture.named_layers))
"""


def memory(images: Path, store: Path) -> tuple[float, int]:
    """Returns the mean over the second half of an extraction, and the highest value seen, in bytes."""
    code = EXTRACT.format(root=str(ROOT), store=str(store), images=str(images))
    samples = anonymous_samples(code)
    return float(np.mean(samples[len(samples) // 2 : -5])), max(samples)


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
        found[count] = memory(root, tmp_path / f"store{count}")
        mean, peak = (value / 1e6 for value in found[count])
        print(
            f"nine layers, {len(classes)} classes of {count} images: mean {mean:.0f} MB, peak {peak:.0f} MB anonymous"
        )
    kept = 4 * 1_235_584 * 5 * len(classes)  # what the image vectors of the five more images a class would take
    assert kept > 0.9e9
    for more, fewer in zip(found[10], found[5], strict=True):
        assert more - fewer < 0.2 * kept
