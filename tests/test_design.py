"""The order of the rooms: each imports only from those before it, and each vendor has one door."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import ROOT

ROOMS = (
    "errors", "readers", "signals", "progress", "settings", "sources", "artifacts", "scaling", "class_map", "figures",
    "networks", "ontology", "method", "analyses", "data", "extraction", "fitting", "reconstruction", "runs", "page",
    "report", "pipeline", "instantiate", "keys", "layer_choice", "compose", "explain", "saved", "build", "app",
    "layer_list", "evaluate", "train", "rerun", "verify", "__main__",
)  # fmt: skip
"""The rooms in their order: each imports only from rooms before it."""
DOORS = {
    "faiss": {"method/pairs"},
    "nltk": {"ontology/dictionary"},
    "mlflow": {"report/mlflow_content", "report/mlflow_sqlite", "report/mlflow_store"},
    "pytorch_lightning": {"extraction", "fitting", "progress"},
    "hydra": {"app", "build", "compose", "explain", "instantiate", "layer_list", "runs/callback", "rerun"},
    "omegaconf": {"app", "build", "compose", "evaluate", "explain", "instantiate", "layer_list", "keys", "layer_choice",
                  "rerun", "runs/callback", "saved", "train", "__main__"},
    "sklearn": {"method/clusterers", "method/clustering", "class_map"},
    "plotly": {"page"},
    "torchvision": {"networks", "data"},
}  # fmt: skip
"""Who may import a vendor: rooms, or single files of them."""
LIGHT = {
    "app", "build", "compose", "errors", "evaluate", "explain", "instantiate", "layer_list", "keys", "layer_choice",
    "readers", "rerun", "runs/callback", "saved", "settings", "signals", "train",
}  # fmt: skip
"""Rooms and files that answer before anything heavy is imported."""
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


def place(path: Path) -> str:
    """Returns room and file, such as ``method/pairs``."""
    return path.relative_to(ROOT / "src" / "classvec").with_suffix("").as_posix()


def breaches(at: str, source: str) -> list[str]:
    """Returns what a file imports that it must not."""
    found, name = [], at.split("/")[0]
    for module in imports(source):
        top, *rest = module.split(".")
        if top == "classvec" and rest and rest[0] != name and ROOMS.index(rest[0]) >= ROOMS.index(name):
            found.append(f"{name} imports {rest[0]}, which comes after it")
        if top in DOORS and not {name, at} & DOORS[top]:
            found.append(f"{at} imports {top}, whose door is {', '.join(sorted(DOORS[top]))}")
    return found


FILES = sorted(path for path in (ROOT / "src" / "classvec").rglob("*.py") if path.name != "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT / "src" / "classvec")))
def test_rooms_import_only_from_rooms_before_them(path: Path) -> None:
    assert breaches(place(path), path.read_text()) == []


def test_no_file_imports_itself_in_a_circle() -> None:
    names = {place(path).replace("/", ".").removesuffix(".__init__"): path for path in FILES}
    graph = {
        name: {m.removeprefix("classvec.") for m in imports(path.read_text())} & (set(names) - {name})
        for name, path in names.items()
    }
    tuple(TopologicalSorter(graph).static_order())  # raises CycleError
    with pytest.raises(CycleError):
        TopologicalSorter({**graph, "errors": {"app"}}).prepare()


def test_every_room_has_its_place() -> None:
    assert sorted({place(path).split("/")[0] for path in FILES}) == sorted(ROOMS)


def test_the_check_can_fail() -> None:
    assert breaches("method/clustering", "from classvec.analyses.depth import depth") != []
    assert breaches("method/clustering", "def f():\n    import classvec.pipeline") != []
    assert breaches("artifacts/files", "from classvec import method") != []
    assert breaches("report/text", "import mlflow.entities") == [
        "report/text imports mlflow, whose door is report/mlflow_content, report/mlflow_sqlite, report/mlflow_store"
    ]
    assert breaches("pipeline", "from classvec.method.scores import score") == []


def test_scripts_and_config_import_nothing_heavy() -> None:
    for path in (
        ROOT / "evaluate.py",
        ROOT / "train.py",
        *(ROOT / "src/classvec" / f"{light}.py" for light in LIGHT - {"settings"}),
        *(ROOT / "src/classvec/settings").glob("*.py"),
    ):
        heavy = {m for m in imports(path.read_text(), top_level_only=True) if m.split(".")[0] in HEAVY}
        ours = {m for m in imports(path.read_text(), top_level_only=True) if m.startswith("classvec.")}
        assert heavy == set(), path
        assert all(set(light_names(m)) & LIGHT for m in ours), path


def light_names(module: str) -> list[str]:
    """Returns the names under which a module may be listed as light: its room, and its file."""
    parts = module.split(".")[1:]
    return [parts[0], "/".join(parts[:2])]


def functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]


def test_files_and_functions_are_small() -> None:
    ours = [path for path in FILES if "sketches" not in path.parts]
    lines = sorted((len(path.read_text().splitlines()), place(path)) for path in ours)
    assert lines[-1][0] <= 300, lines[-1]
    assert lines[-3][0] <= 250, lines[-3:]
    for path in ours:
        for node in functions(path):
            doc = len((ast.get_docstring(node, clean=False) or "").splitlines())
            assert (node.end_lineno or 0) - node.lineno - doc < 40, f"{path.name}: {node.name} is long"
            named = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            assert len([name for name in named if name not in ("self", "cls")]) <= 6, f"{path.name}: {node.name}"


def test_no_room_has_a_name_that_means_nothing() -> None:
    assert not {"utils", "misc", "helpers", "common", "base", "manager"} & {path.stem for path in FILES}
