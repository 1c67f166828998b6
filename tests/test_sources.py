"""The code behind a result: what it does counts, how it is written about and shown does not."""

import shutil
import sys
from pathlib import Path

import pytest

from classvec import sources
from classvec.errors import InputError
from classvec.method.metrics import Cosine

PACKAGE = Path(sources.__file__).parent


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package's source, which `package_hash` reads."""
    copy = shutil.copytree(PACKAGE, tmp_path / "classvec", ignore=shutil.ignore_patterns("__pycache__", "conf"))
    monkeypatch.setattr(sources, "__file__", str(copy / "sources.py"))
    return copy


def fresh_hash() -> str:
    sources.package_hash.cache_clear()
    try:
        return sources.package_hash()
    finally:
        sources.package_hash.cache_clear()


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_only_code_that_computes_counts(package: Path) -> None:
    before = fresh_hash()
    edit(package / "page" / "page.css", "{", "{ /* another colour */")
    for shown in ("figures/canvas.py", "report/text.py", "runs/files.py"):
        edit(package / shown, "from", "import sys\nfrom")
    edit(package / "method" / "embedding.py", '"""From affinities', '"""Another docstring. From affinities')
    edit(package / "method" / "embedding.py", "import numpy", "# a comment\nimport numpy")
    (package / "README.md").write_text("notes")
    assert fresh_hash() == before
    edit(package / "method" / "embedding.py", "DENSE_UP_TO = 4000", "DENSE_UP_TO = 4001")
    changed = fresh_hash()
    assert changed != before
    edit(package / "ontology" / "concepts.tsv", "entity", "entities")
    assert fresh_hash() not in (before, changed)


def test_our_own_code_has_no_source_of_its_own_and_installed_code_its_version() -> None:
    assert sources.source_of(Cosine()) == ""
    assert sources.source_of(Cosine) == ""
    assert sources.outside_source("safetensors.torch").startswith("safetensors ")
    assert sources.outside_source("json.decoder") == f"Python {sys.version_info.major}.{sys.version_info.minor}"
    assert sources.sources_of(["classvec.method.metrics.Cosine", "collections.OrderedDict"]).keys() == {"collections"}
    with pytest.raises(InputError, match="no_such_module.Thing is not found"):
        sources.sources_of(["no_such_module.Thing"])


def test_a_users_module_counts_with_what_it_imports_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_metric.py").write_text("import json\nfrom own_helper import f\n\n\nclass Own:\n    x = 1\n")
    (tmp_path / "own_helper.py").write_text("def f():\n    return 1\n")
    (tmp_path / "unrelated.py").write_text("x = 1\n")
    before = sources.outside_source("own_metric")
    (tmp_path / "unrelated.py").write_text("x = 2\n")
    (tmp_path / "own_metric.py").write_text(f'"""Words."""\n{(tmp_path / "own_metric.py").read_text()}')
    assert sources.outside_source("own_metric") == before
    (tmp_path / "own_helper.py").write_text("def f():\n    return 20\n")
    changed = sources.outside_source("own_metric")
    assert changed != before
    assert sources.sources_of(["own_metric.Own"]) == {"own_metric": changed}


def test_packages_count_with_all_their_files_and_what_they_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    files = {
        "own_package/__init__.py": "",
        "own_package/part.py": "x = 1\n",
        "own_package/broken.py": "a template {{ }} of no language\n",
        "own_space/part.py": "from own_space.inner import x\nfrom . import beside\nimport own_deep.tool\n",
        "own_space/inner.py": "x = 1\n",
        "own_space/beside.py": "x = 1\n",
        "own_deep/tool.py": "x = 1\n",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    for name in files:
        module = f"{name.partition('/')[0]}.part".replace("own_deep", "own_space")
        before = sources.outside_source(module)
        (tmp_path / name).write_text(f"{files[name]}y = 1\n")
        assert sources.outside_source(module) != before, name
        changed = sources.outside_source(module)
        (tmp_path / name).write_text(f"{files[name]}y = 1\n\n# a comment\n")
        assert (sources.outside_source(module) == changed) == ("broken" not in name)


def test_names_of_the_standard_library_and_bound_functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from functools import partial

    (tmp_path / "this.py").write_text("def f(x):\n    return x\n")  # hides a module of the standard library
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "this", raising=False)
    import this

    assert sources.source_of(partial(this.f, 3)).startswith("source ")  # type: ignore[attr-defined]
    assert sources.source_of(partial(Cosine)) == ""


def test_code_is_what_is_left_without_words(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    words = [
        '"""Doc."""',
        'X = "a # b"  # words',
        '"""Of X."""',
        "",
        "def f():",
        '    """Does."""',
        "    # more",
        "    return X",
    ]
    path.write_text("\n".join([*words, 'def g(): "no room of its own"', "Y = (", '    """a value"""', ")"]))
    kept = [
        'X = "a # b"',
        "def f():",
        "    return X",
        'def g(): "no room of its own"',
        "Y = (",
        '    """a value"""',
        ")",
    ]
    assert sources.code_of(path).decode().splitlines() == kept
