"""Compares what two checkouts computed (see `run.py`), and lists everything that differs."""

import csv
import json
import re
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

EXPECTED = (
    r"ontology\._partial_|data\.resolve.*|printed: None -> \{\}|data\.name: None -> sketches",
    r"clustering\.k: \[2, 3, .*\] -> None",
    r"architecture\.(groups|layers).*|layers\.names.*|reconstruction\.judge.*",
    r"(analysis|clustering|metric|tracking)\..* -> missing",
)
"""Keys of the configuration that changed, see docs/changes.md: layer groups are resolved when objects are built, and
keys that an option does not have are gone."""
KEPT = ("class_vectors", "finished", "mlartifacts", ".hydra", "reconstructions")
NOT_COMPARED = (
    "run.json",
    "job.json",
    "finished.json",
    "multirun.yaml",
    "config.yaml",
    "report.html",
    "summary.csv",
    "error.txt",
)
COSTS = ("seconds", "gigabytes", "memory", "images_per_second", "cost")
PROVENANCE = ("image_list_hash", "store", "made_by", "power", "linkage", "clustering")
"""They hold a hash of code that moved, or were added, see docs/changes.md; what they describe is compared itself."""


def differences(before: Path, after: Path) -> Iterator[str]:
    """Yields a line for each difference."""
    yield from configs(before, after)
    for name in sorted(path.name for path in before.iterdir() if path.is_dir() and path.name != "class_vectors"):
        yield from files(before / name, after / name)
        for run, points in metrics(before / name / "mlflow.db").items():
            found = metrics(after / name / "mlflow.db").get(run)
            if found != points:
                yield f"{name}: MLflow values of {run} differ"
    yield from stores(before / "class_vectors", after / "class_vectors")


def configs(before: Path, after: Path) -> Iterator[str]:
    """Yields the keys whose value differs, each once with the number of choices and experiments where it does."""
    old, new = (json.loads((folder / "configs.json").read_text()) for folder in (before, after))
    lines: Counter[str] = Counter()
    for choice, keys in old.items():
        found = new.get(choice, {})
        lines.update(
            f"{key}: {keys.get(key, 'missing')} -> {found.get(key, 'missing')}"
            for key in {*keys, *found}
            if "_target_" not in key and keys.get(key, "missing") != found.get(key, "missing")
        )
    for line, count in sorted(lines.items()):
        if not any(re.match(pattern, line) for pattern in EXPECTED):
            yield f"config, {count} times: {line}"


def files(before: Path, after: Path) -> Iterator[str]:
    """Yields the files of a job or a sweep that differ."""
    for path in sorted(before.rglob("*")):
        name = path.relative_to(before)
        if not path.is_file() or set(name.parts) & set(KEPT) or path.name in NOT_COMPARED:
            continue
        other = after / name
        if path.suffix in (".log", ".lock", ".db"):
            continue
        if not other.is_file():
            yield f"{before.name}/{name} is missing"
        elif path.suffix == ".npz":
            yield from (f"{before.name}/{name}: {what}" for what in archive(path, other))
        elif path.suffix in READ and READ[path.suffix](path) != READ[path.suffix](other):
            yield f"{before.name}/{name} differs"


def rows(path: Path) -> list[list[str]]:
    """Returns the cells of a table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def archive(path: Path, other: Path) -> Iterator[str]:
    """Yields the arrays that differ, and the keys of the provenance."""
    with np.load(path, allow_pickle=False) as old, np.load(other, allow_pickle=False) as new:
        for name in old.files:
            if name == "provenance":
                mine, theirs = (plain(json.loads(str(a[name]))) for a in (old, new))
                if mine != theirs:
                    keys = sorted(key for key in {*mine, *theirs} if mine.get(key) != theirs.get(key))
                    yield f"provenance differs in {', '.join(keys)}"
            elif name not in new.files or not np.array_equal(old[name], new[name]):
                yield f"array {name} differs"


def plain(value: Any) -> Any:
    """Returns a JSON value without what names code or a folder."""
    if isinstance(value, dict):
        return {key: plain(child) for key, child in value.items() if key not in (*PROVENANCE, *COSTS)}
    return [plain(child) for child in value] if isinstance(value, list) else value


READ: dict[str, Callable[[Path], Any]] = {
    ".csv": rows,
    ".json": lambda path: plain(json.loads(path.read_text(encoding="utf-8"))),
    ".txt": lambda path: re.sub(r"(?m)^Files: .*", "", path.read_text(encoding="utf-8")),
    ".png": Path.read_bytes,
    ".jpg": Path.read_bytes,
}


def metrics(database: Path) -> dict[str, list[tuple[str, int, float]]]:
    """Returns the logged points of every run that was not deleted, without what a run took."""
    if not database.is_file():
        return {}
    query = """select runs.name, metrics.key, step, value from metrics join runs using (run_uuid)
               where lifecycle_stage = 'active' order by 1, 2, 3"""
    with sqlite3.connect(database) as connection:
        points = connection.execute(query).fetchall()
    found: dict[str, list[tuple[str, int, float]]] = {}
    for run, key, step, value in points:
        if not any(word in key for word in COSTS):
            found.setdefault(run, []).append((key, step, value))
    return found


def stores(before: Path, after: Path) -> Iterator[str]:
    """Yields the layers whose class vectors differ, store by store, the stores matched by network and content."""

    def arrays(folder: Path) -> dict[str, list[Path]]:
        named: dict[str, list[Path]] = {}
        for store in sorted(folder.glob("*/manifest.json")):
            content = json.loads(store.read_text())["content"]
            key = (
                f"{content['network']} {content['weights_hash'][:8]} halves={content['halves_seed']} {content['pool']}"
            )
            named[key] = sorted((store.parent / "layers").rglob("*.npy"))
        return named

    old, new = arrays(before), arrays(after)
    for key in sorted({*old, *new}):
        mine, theirs = old.get(key, []), new.get(key, [])
        same = len(mine) == len(theirs) and all(
            a.read_bytes() == b.read_bytes() for a, b in zip(mine, theirs, strict=True)
        )
        yield from [] if same else [f"class vectors of {key} differ"]


if __name__ == "__main__":
    found = list(differences(Path(sys.argv[1]), Path(sys.argv[2])))
    print("\n".join(found) or "no difference")
    sys.exit(bool(found))
