"""Runs the same jobs from any checkout, for `compare.py` to hold two of them against each other.

    git worktree add ../baseline COMMIT
    python tests/rebuild/run.py ../baseline /tmp/before --data DIR
    python tests/rebuild/run.py . /tmp/after --data DIR
    python tests/rebuild/compare.py /tmp/before /tmp/after

DIR holds ``data/imagenet-sample`` and ``weights/bvlc_googlenet.safetensors``. It takes about six minutes for each
checkout, on two cores.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

RECONSTRUCTED = "reconstruction.classes=[cock.n.05,hummingbird.n.01]"


def jobs(data: Path) -> dict[str, tuple[list[str], int]]:
    """Returns the arguments of evaluate.py for each job, and its exit code."""
    images = data / "data" / "imagenet-sample"
    classes = ",".join(sorted(path.name for path in images.iterdir())[::10])
    weights = f"weights.bvlc_googlenet={data / 'weights' / 'bvlc_googlenet.safetensors'}"
    return {
        "default": ([], 0),
        "full": (["analysis=full"], 0),
        "subsets": (["layers=subsets", "trainer.halves=0", "layers.subsets.draws=20", "layers.subsets.splits=2"], 0),
        "spectrum": (["reconstruction=spectrum", RECONSTRUCTED, "reconstruction.steps=24", "analysis=none"], 0),
        "pixels": (
            ["reconstruction=pixels", "reconstruction.clusters=2", "reconstruction.steps=8", "analysis=none"],
            0,
        ),
        "failing": (["-m", "architecture=small_inception,vgg19", "layers=low,top", "clustering.k=[2,5]"], 1),
        "methods": (
            [
                "-m",
                "metric=cosine,centred,euclidean,manhattan",
                "clustering=spectral,kmeans,agglomerative",
                "layers=top",
            ],
            0,
        ),
        "figure1": (["experiment=figure1", weights, f"data.root={images}", f"data.classes=[{classes}]"], 0),
        "table1": (["experiment=table1"], 0),
        "table3": (["experiment=table3", weights, f"data.root={images}", f"data.classes=[{classes}]"], 0),
    }


def main() -> None:
    """Runs the jobs, and writes down what each printed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=None, help="names of jobs")
    options = parser.parse_args()
    out = options.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    checkout = options.checkout.absolute()
    environment = {**os.environ, "PYTHONPATH": f"{checkout / 'src'}:{Path(__file__).parent}"}
    subprocess.run(
        [sys.executable, Path(__file__).with_name("configs.py"), out / "configs.json"], env=environment, check=True
    )
    for name, (arguments, code) in jobs(options.data.absolute()).items():
        if options.only is not None and name not in options.only:
            continue
        mode = "sweep" if "-m" in arguments or name == "figure1" else "run"
        command = [sys.executable, checkout / "evaluate.py", *arguments]
        # an outputs folder for each sweep, so that no job is done already; one store of class vectors for all
        command += [f"outputs={out / name}", f"store={out / 'class_vectors'}", f"hydra.{mode}.dir={out / name / mode}"]
        result = subprocess.run(command, env=environment, cwd=out, capture_output=True, text=True, check=False)
        (out / f"{name}.txt").write_text(result.stdout + result.stderr, encoding="utf-8")
        print(f"{name}: exit code {result.returncode}, expected {code}", flush=True)


if __name__ == "__main__":
    main()
