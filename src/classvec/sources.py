"""The code that computed a result, as a hash: this package's own, and modules of the user's.

Comments, docstrings and what only presents results (pages, figures, tracking) do not count: a change there makes
nothing stale.
"""

import ast
import hashlib
import json
import sys
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.metadata import distribution, packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

from classvec.errors import InputError

PACKAGE = "classvec"
NOT_COMPUTING = (
    "figures", "page", "settings", "app.py", "multirun.py", "progress.py", "publishing.py", "rerun.py", "sweep.py",
    "tracking.py", "__main__.py",
)  # fmt: skip
"""Rooms that show, log or start what others compute, and the settings, whose values count by themselves."""
DATA = (".tsv", ".csv", ".txt", ".safetensors")
"""Files of the package that results depend on, beside its code."""


@cache
def package_hash() -> str:
    """Returns a hash of the code and data of this package that results depend on."""
    package, digest = Path(__file__).parent, hashlib.sha256()
    for path in sorted(package.rglob("*")):
        name = path.relative_to(package)
        if name.parts[0] in NOT_COMPUTING or path.suffix not in (".py", *DATA):
            continue
        content = code_of(path) if path.suffix == ".py" else path.read_bytes()
        digest.update(f"{name}\0".encode() + hashlib.sha256(content).digest())
    return digest.hexdigest()


def code_of(path: Path) -> bytes:
    """Returns the code in a Python file without comments, docstrings and layout; as it is if it cannot be parsed."""
    stat = path.stat()
    return _code_of(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=1000)
def _code_of(path: Path, *version: int) -> bytes:
    tree = _tree(path)
    if tree is None:
        return path.read_bytes()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not _is_text(part)]  # type: ignore[attr-defined]
    return ast.dump(tree).encode()


def _tree(path: Path) -> ast.Module | None:
    try:
        return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):  # a template, say, that lies in a package
        return None


def _is_text(node: ast.AST) -> bool:
    """Returns whether a statement is a bare text: a docstring, or the description of an attribute."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def source_of(thing: object) -> str:
    """Describes the code of an object whose class or function comes from outside this package; empty for our own.

    Args:
        thing: An object, a class or a function.
    """
    module = getattr(thing, "__module__", None) or type(thing).__module__
    return "" if module.partition(".")[0] == PACKAGE else outside_source(module)


def sources_of(targets: Iterable[str]) -> dict[str, str]:
    """Describes the modules behind dotted names such as ``my_module.Thing``, without those of this package.

    Returns:
        Module to its description.
    """
    modules = {_module(target) for target in targets}
    return {name: outside_source(name) for name in sorted(modules) if name.partition(".")[0] != PACKAGE}


def _module(target: str) -> str:
    """Returns the longest part of a dotted name that is a module."""
    parts = target.split(".")
    for end in range(len(parts), 0, -1):
        try:
            if find_spec(".".join(parts[:end])) is not None:
                return ".".join(parts[:end])
        except (ImportError, ValueError, AttributeError):
            continue
    raise InputError(f"_target_: {target} is not found: no module {parts[0]!r} on the import path")


def outside_source(module: str) -> str:
    """Describes a module outside this package.

    Args:
        module: Its name.

    Returns:
        The version of the distribution that it belongs to, if it was installed; else a hash of its code and of the
        modules beside it that it imports, directly or through others.
    """
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names:
        return f"Python {sys.version_info.major}.{sys.version_info.minor}"
    if top in ("__main__", "__mp_main__"):  # a script, also as a process that it started sees it
        origin = getattr(sys.modules[top], "__file__", None)
    else:
        spec = find_spec(top)
        if spec is not None and spec.origin is None:  # a package without __init__.py
            spec = find_spec(module)
        origin = spec.origin if spec else None
    if origin is None or not origin.endswith(".py"):
        return "built in, or defined in a session"
    if installed := _installed(top, Path(origin)):
        return installed
    files = sorted(_with_imports(Path(origin)))
    codes = [(path.name, hashlib.sha256(code_of(path)).hexdigest()) for path in files]
    return f"source {hashlib.sha256(json.dumps(codes).encode()).hexdigest()[:12]}"


def _installed(top: str, origin: Path) -> str:
    """Returns the distribution that a top-level module was installed with; empty for a module in another folder."""
    names = sorted(set(packages_distributions().get(top, [])))
    found = [name for name in names if origin.is_relative_to(Path(str(distribution(name).locate_file(""))))]
    return ", ".join(f"{name} {version(name)}" for name in found)


def _folder(origin: Path) -> Path:
    """Returns the folder of the import path that a top-level module lies in."""
    return origin.parent.parent if origin.name == "__init__.py" else origin.parent


def _with_imports(origin: Path) -> set[Path]:
    """Returns the files of a module or package, and of the modules beside it that they import."""
    folder, found, pending = _folder(origin), set[Path](), [origin]
    while pending:
        path = pending.pop()
        members = sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]
        for member in members:
            if member in found:
                continue
            found.add(member)
            for name in _imported(member):
                pending += [p for p in (folder / f"{name}.py", folder / name / "__init__.py") if p.is_file()]
    return found


def _imported(path: Path) -> set[str]:
    """Returns the top-level names that a file imports."""
    names: set[str] = set()
    for node in ast.walk(_tree(path) or ast.Module([], [])):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names - {PACKAGE}
