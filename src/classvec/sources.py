"""The code that computed a result, as a hash: this package's own, and modules of the user's.

Comments, docstrings and what only presents results (pages, figures, tracking) do not count: a change there makes
nothing stale.
"""

import ast
import hashlib
import io
import json
import sys
import sysconfig
import tokenize
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib.metadata import distribution, packages_distributions, version
from importlib.util import find_spec
from pathlib import Path
from typing import TypeGuard

from classvec.errors import InputError

PACKAGE = "classvec"
NOT_COMPUTING = (
    "figures", "page", "report", "runs", "settings", "app.py", "compose.py", "progress.py", "rerun.py", "saved.py",
    "verify.py", "__main__.py",
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
    """Returns the code in a Python file without comments, docstrings and empty lines, the same in every version.

    A file that cannot be parsed is returned as it is.
    """
    stat = path.stat()
    return _code_of(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=1000)
def _code_of(path: Path, *version: int) -> bytes:
    content = path.read_bytes()
    if (tree := _tree(path)) is None:
        return content
    lines = content.splitlines()
    for node in ast.walk(tree):
        if _is_text(node) and node.end_lineno is not None:
            before = lines[node.lineno - 1][: node.col_offset]
            after = lines[node.end_lineno - 1][node.end_col_offset :]
            if not before.strip() and (not after.strip() or after.lstrip().startswith(b"#")):
                lines[node.lineno - 1 : node.end_lineno] = [b""] * (node.end_lineno - node.lineno + 1)
    for token in tokenize.tokenize(io.BytesIO(content).readline):
        if token.type == tokenize.COMMENT:
            line = lines[token.start[0] - 1].decode()
            lines[token.start[0] - 1] = line[: token.start[1]].encode()
    return b"\n".join(line.rstrip() for line in lines if line.strip())


def _tree(path: Path) -> ast.Module | None:
    try:
        return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):  # a template, say, that lies in a package
        return None


def _is_text(node: ast.AST) -> TypeGuard[ast.Expr]:
    """Returns whether a statement is a bare text: a docstring, or the description of an attribute."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def source_of(thing: object) -> str:
    """Describes the code of an object whose class or function comes from outside this package; empty for our own.

    Args:
        thing: An object, a class or a function, or a function bound to arguments.
    """
    function = getattr(thing, "func", thing)
    module = getattr(function, "__module__", None) or type(function).__module__
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
        The version of Python or of the distribution that it belongs to; else a hash of its code and of the modules
        beside it that it imports, directly or through others.
    """
    located = _located(module)
    if located is None:
        return f"Python {sys.version_info.major}.{sys.version_info.minor}, or defined in a session"
    file, root = located
    if installed := _installed(module.partition(".")[0], file):
        return installed
    files = sorted(_with_imports(file, root))
    codes = [(str(path.relative_to(root)), hashlib.sha256(code_of(path)).hexdigest()) for path in files]
    return f"source {hashlib.sha256(json.dumps(codes).encode()).hexdigest()[:12]}"


def _located(module: str) -> tuple[Path, Path] | None:
    """Returns the file of a module, its package's for a package, and the folder of the import path that it lies in."""
    top = module.partition(".")[0]
    if top in ("__main__", "__mp_main__"):  # a script, also as a process that it started sees it
        script = getattr(sys.modules[top], "__file__", None)
        return (Path(script), Path(script).parent) if script else None
    spec = find_spec(top)
    if spec is not None and spec.origin is None and spec.submodule_search_locations:  # without __init__.py
        root, spec = Path(next(iter(spec.submodule_search_locations))).parent, find_spec(module)
        return (Path(spec.origin), root) if spec and spec.origin else None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    file = Path(spec.origin)
    return file, file.parents[1] if file.name == "__init__.py" else file.parent


def _installed(top: str, origin: Path) -> str:
    """Returns the distribution that a top-level module was installed with; empty for a module in another folder."""
    found = [name for name in _distributions().get(top, ()) if origin.is_relative_to(_folder_of(name))]
    if not found and origin.is_relative_to(sysconfig.get_path("stdlib")) and "site-packages" not in origin.parts:
        return f"Python {sys.version_info.major}.{sys.version_info.minor}"
    return ", ".join(f"{name} {version(name)}" for name in sorted(set(found)))


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(packages_distributions())


def _folder_of(name: str) -> Path:
    return Path(str(distribution(name).locate_file("")))


def _with_imports(file: Path, root: Path) -> set[Path]:
    """Returns a module's file, those of a whole package, and those of the modules below the root that they import."""
    found, pending = set[Path](), [file]
    while pending:
        path = pending.pop()
        members = path.parent.rglob("*.py") if path.name == "__init__.py" else [path]
        for member in set(members) - found:
            found.add(member)
            pending += [imported for imported in _imported(member, root) if imported not in found]
    return found


def _imported(path: Path, root: Path) -> Iterator[Path]:
    """Yields the files below the root that a file imports."""
    tree = _tree(path)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = path.relative_to(root).parts[: -node.level] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [base, *(f"{base}.{alias.name}" if base else alias.name for alias in node.names)]
        else:
            continue
        for parts in (name.split(".") for name in names if name):
            for end in range(1, len(parts) + 1):
                place = root.joinpath(*parts[:end])
                yield from (p for p in (place.with_suffix(".py"), place / "__init__.py") if p.is_file())
