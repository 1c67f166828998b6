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
    r"analysis\.(more|standard): missing",
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
        other = after / renamed(name)
        if path.suffix in (".log", ".lock", ".db"):
            continue
        if not other.is_file():
            yield f"{before.name}/{name} is missing"
        elif path.name == "findings.json":
            yield from [] if values(path) == values(other) else [f"{before.name}/{name} differs"]
        elif path.name == "depth.png":
            continue  # concepts that are no cluster were added
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
            elif not np.array_equal(old[name], new[{"agreement": "seeds_ari"}.get(name, name)]):
                yield f"array {name} differs"


def plain(value: Any) -> Any:
    """Returns a JSON value without what names code or a folder."""
    if isinstance(value, dict):
        return {key: plain(child) for key, child in value.items() if key not in (*PROVENANCE, *COSTS)}
    return [plain(child) for child in value] if isinstance(value, list) else value


RENAMED = {
    "agreement": "ontology_correlation",
    "layers": "layer_similarity",
    "findings.json": "analyses.json",
}
METRICS = {"clusters/agreement": "clusters/seeds_ari", "clusters/halves": "clusters/halves_ari"}


def renamed(name: Path) -> Path:
    """Returns what a file is called now."""
    if name.stem in RENAMED and name.suffix in (".csv", ".png"):
        in_sweep = name.parts[0] == "sweep" and len(name.parts) == 2
        stem = "comparison" if in_sweep else RENAMED[name.stem]
        return name.with_name(f"{stem}{name.suffix}")
    return name.with_name(RENAMED.get(name.name, name.name))


def values(path: Path) -> dict[str, Any]:
    """Returns the values that fit in no table, before and after."""
    content = json.loads(path.read_text(encoding="utf-8"))
    if "analyses" in content:
        content = {key: value for one in content["analyses"] for key, value in one["values"].items()}
    return plain(content)


def columns(path: Path) -> list[list[str]]:
    """Returns the cells of a table under the names that columns had before."""
    cells = rows(path)
    new = {"seeds_ari": "agreement", "seeds_ari_min": "agreement_min"}
    if path.name == "stability.csv":
        new = {"seeds_ari": "seeds", "halves_ari": "halves"}
    if path.name == "depth.csv" and "is_cluster" in cells[0]:
        table = [dict(zip(cells[0], row, strict=True)) for row in cells[1:]]
        kept = [row for row in table if row["first_layer"]]
        old = ("concept", "synset", "name", "n_concept", "chance", "first_layer", "layer", "k", "f1")
        return [list(old), *([Cell(row[name]) for name in old] for row in kept)]
    if path.name == "depth.csv":
        return [cells[0], *([Cell(cell) for cell in row] for row in cells[1:])]
    return [[new.get(name, name) for name in cells[0]], *cells[1:]]


class Cell(str):
    """A cell that equals another number to a millionth."""

    def __eq__(self, other: object) -> bool:
        try:
            return abs(float(self) - float(str(other))) < 2e-6
        except ValueError:
            return str(self) == str(other)

    __hash__ = str.__hash__


READ: dict[str, Callable[[Path], Any]] = {
    ".csv": columns,
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
            key = METRICS.get(key, key).replace("wordnet/", "ontology/").replace("summary/wordnet_", "summary/ontology_")
            found.setdefault(run, []).append((key, step, value))
    return {run: sorted(points) for run, points in found.items()}


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
