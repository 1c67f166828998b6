"""The order of the rooms: each imports only from those before it, and each vendor has one door."""

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT

ROOMS = (
    "errors", "progress", "image_prior", "settings", "sources", "artifacts", "class_map", "figures", "networks",
    "ontology", "similarity", "clustering", "labelling", "tracking", "jobs", "tables", "analysis", "data", "extraction",
    "fitting", "reconstruction", "report", "findings", "page", "sweep", "publishing", "pipeline", "multirun",
    "instantiate", "compose", "saved", "build", "app", "evaluate", "train", "rerun", "__main__",
)  # fmt: skip
"""The rooms in their order: each imports only from rooms before it."""
DOORS = {
    "faiss": {"similarity"},
    "nltk": {"ontology"},
    "mlflow": {"tracking"},
    "pytorch_lightning": {"extraction", "fitting"},
    "hydra": {"app", "build", "compose", "instantiate", "multirun", "rerun", "__main__"},
    "omegaconf": {
        "app",
        "build",
        "compose",
        "instantiate",
        "saved",
        "multirun",
        "evaluate",
        "train",
        "rerun",
        "__main__",
    },  # fmt: skip
    "sklearn": {"clustering", "class_map"},
    "plotly": {"page"},
    "torchvision": {"networks", "data"},
}
LIGHT = {
    "app",
    "build",
    "compose",
    "errors",
    "saved",
    "evaluate",
    "instantiate",
    "multirun",
    "rerun",
    "settings",
    "train",
}
"""Rooms that answer before anything heavy is imported."""
HEAVY = {
    "torch", "torchvision", "pytorch_lightning", "mlflow", "sklearn", "scipy", "faiss", "nltk", "matplotlib", "plotly",
}  # fmt: skip


def imports(source: str, *, top_level_only: bool = False) -> set[str]:
    """Returns the modules that a file imports; those under `if TYPE_CHECKING` do not count."""
    found: set[str] = set()
    tree = ast.parse(source)
    skipped = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    nodes = tree.body if top_level_only else ast.walk(tree)
    for node in nodes:
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names if node.module == "classvec" else {node.module}
    return found


def room(path: Path) -> str:
    parts = path.relative_to(ROOT / "src" / "classvec").parts
    return parts[0].removesuffix(".py")


def breaches(name: str, source: str) -> list[str]:
    """Returns what a room imports that it must not."""
    found = []
    for module in imports(source):
        top, *rest = module.split(".")
        if top == "classvec" and rest and rest[0] != name and ROOMS.index(rest[0]) >= ROOMS.index(name):
            found.append(f"{name} imports {rest[0]}, which comes after it")
        if top in DOORS and name not in DOORS[top]:
            found.append(f"{name} imports {top}, whose door is {', '.join(sorted(DOORS[top]))}")
    return found


FILES = sorted(path for path in (ROOT / "src" / "classvec").rglob("*.py") if path.name != "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT / "src" / "classvec")))
def test_rooms_import_only_from_rooms_before_them(path: Path) -> None:
    assert breaches(room(path), path.read_text()) == []


def test_every_room_has_its_place() -> None:
    assert sorted({room(path) for path in FILES}) == sorted(ROOMS)


def test_the_check_can_fail() -> None:
    assert breaches("clustering", "from classvec.labelling import score") != []
    assert breaches("clustering", "def f():\n    import classvec.pipeline") != []
    assert breaches("artifacts", "from classvec import labelling") != []
    assert breaches("figures", "import mlflow.entities") == ["figures imports mlflow, whose door is tracking"]
    assert breaches("pipeline", "from classvec.labelling import score") == []


def test_scripts_and_config_import_nothing_heavy() -> None:
    for path in (
        ROOT / "evaluate.py",
        ROOT / "train.py",
        *(ROOT / "src/classvec" / f"{light}.py" for light in LIGHT if light != "settings"),
        *(ROOT / "src/classvec/settings").glob("*.py"),
    ):
        heavy = {m for m in imports(path.read_text(), top_level_only=True) if m.split(".")[0] in HEAVY}
        ours = {m for m in imports(path.read_text(), top_level_only=True) if m.startswith("classvec.")}
        assert heavy == set(), path
        assert {m.split(".")[1] for m in ours} <= LIGHT, path


def test_no_room_has_a_name_that_means_nothing() -> None:
    assert not {"utils", "misc", "helpers", "common", "base", "manager"} & {path.stem for path in FILES}
