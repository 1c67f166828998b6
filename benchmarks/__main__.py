"""The benchmark suite: each row measured side by side in one run, as a table and JSON.

python -m benchmarks
python -m benchmarks --quick
python -m benchmarks --rows matrices clusters names similarities
python -m benchmarks --rows extraction lrn --networks googlenet --images 200
python -m benchmarks --data DIR --weights bvlc_googlenet=FILE
python -m benchmarks --accelerator gpu --batch-size 128
python -m benchmarks --check
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from classvec.app import tune
from classvec.artifacts import write_json
from classvec.errors import InputError

ROWS = {
    "extraction": "extraction.rows",
    "lrn": "extraction.lrn",
    "bfloat16": "extraction.bfloat16",
    "matrices": "classes.matrices",
    "clusters": "classes.clusters",
    "names": "classes.names",
    "chance": "chance.rows",
    "similarities": "classes.wordnet_similarities",
    "memory": "memory.rows",
    "reconstruction": "step.rows",
    "hashes": "image_hashes.rows",
}
"""Name on the command line to function; each returns rows."""

ON_A_GPU = ("extraction", "bfloat16", "matrices", "reconstruction")
"""Rows that differ there."""

QUICK = {
    "images": 6,
    "per_class": 3,
    "batch_size": 2,
    "repeats": 1,
    "classes": 30,
    "features": 700,
    "pairs": 5,
    "reconstructions": 1,
    "steps": 1,
    "files": 20,
    "networks": ["small_inception"],
}
"""Sizes at which every row still works; the figures say nothing."""


def parser() -> argparse.ArgumentParser:
    """Returns the command line."""
    found = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    found.add_argument("--rows", nargs="*", choices=ROWS, help="default: all that differ on the device")
    found.add_argument("--quick", action="store_true", help="tiny sizes, to see whether everything works")
    found.add_argument(
        "--check", action="store_true", help="instead: does the GPU find what the CPU finds? Without one, a rehearsal"
    )
    found.add_argument("--networks", nargs="*", default=["bvlc_googlenet", "googlenet", "vgg19"])
    found.add_argument("--images", type=int, default=128, help="half of them for vgg19")
    found.add_argument("--per-class", type=int, default=50, help="images in a class (ImageNet's validation set: 50)")
    found.add_argument("--batch-size", type=int, default=32)
    found.add_argument("--repeats", type=int, default=3)
    found.add_argument("--classes", type=int, default=1000, help="of ILSVRC's, for what comes after class vectors")
    found.add_argument("--features", type=int, default=100_352, help="of the layer whose matrix is made")
    found.add_argument("--pairs", type=int, default=2000, help="of classes, for NLTK's similarities")
    found.add_argument("--reconstructions", type=int, default=8, help="images of a reconstruction")
    found.add_argument("--steps", type=int, default=8, help="of a reconstruction, in each repeat")
    found.add_argument("--files", type=int, default=50_000, help="small ones whose hashes are kept")
    found.add_argument("--accelerator", choices=("cpu", "gpu"), default="cpu")
    found.add_argument("--data", type=Path, help="folder with folders of images; default: drawings")
    found.add_argument("--weights", type=_pair, nargs="*", default=[], metavar="NAME=FILE", help="default: random")
    found.add_argument("--folder", type=Path, default=Path("outputs/benchmarks"), help="where to work")
    found.add_argument("--out", type=Path, default=Path("outputs/benchmarks.json"))
    return found


def _pair(text: str) -> tuple[str, Path]:
    name, sign, path = text.partition("=")
    if not sign or not Path(path).is_file():
        raise argparse.ArgumentTypeError(f"wanted NAME=FILE, such as bvlc_googlenet=weights.safetensors; found {text}")
    return name, Path(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures the rows chosen; what is measured is kept, whatever comes next."""
    options = parser().parse_args(arguments)
    options.weights = dict(options.weights)
    vars(options).update(QUICK if options.quick else {})
    tune()
    import torch

    if options.check:
        from benchmarks.check_gpu import check

        return check(options)
    from benchmarks.measure import Row, table

    if options.accelerator == "gpu" and not torch.cuda.is_available():
        print("error: --accelerator gpu, but PyTorch sees no GPU", file=sys.stderr)
        return 1
    rows: list[Row] = []
    skipped: dict[str, str] = {}
    for name in options.rows or (ON_A_GPU if options.accelerator == "gpu" else ROWS):
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        module, _, function = ROWS[name].partition(".")
        try:
            rows += getattr(import_module(f"benchmarks.{module}"), function)(options)
        except (InputError, FileNotFoundError) as error:
            skipped[name] = str(error)
        content = [{**asdict(row), "met": row.met} for row in rows]
        write_json(options.out, {"machine": machine(options.accelerator), "rows": content, "not measured": skipped})
    for folder in ("store", "images", "memory", "stacked"):
        shutil.rmtree(options.folder / folder, ignore_errors=True)
    print(f"\n{machine(options.accelerator)}\n\n{table(rows, skipped)}\n\n{options.out}")
    return 0


def machine(accelerator: str) -> str:
    """Returns what the figures were measured on, in words."""
    import platform

    import torch

    if accelerator == "gpu":
        return f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}"
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{torch.get_num_threads()} threads, {(models or [platform.processor()])[0]}, PyTorch {torch.__version__}"


if __name__ == "__main__":
    sys.exit(main())
