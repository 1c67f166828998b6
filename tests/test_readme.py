"""Every command in the README and in --help can be given: it composes, and its arguments fit what they name."""

import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

from classvec.__main__ import parser
from classvec.compose import compose
from tests.conftest import ROOT, bind

LINES = [
    line.split("#")[0].strip()
    for path in (ROOT / "README.md", ROOT / "docs" / "data.md")
    for block in re.findall(r"```bash\n(.*?)```", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for line in block.replace("\\\n", " ").splitlines()
    if line.split("#")[0].strip()
]
INDENTED = re.findall(
    r"^ {4}(python (?:evaluate|train)\.py [^.\n]*(?:\.[^.\n]+)*)$",
    (ROOT / "docs" / "data.md").read_text(encoding="utf-8"),
    flags=re.MULTILINE,
)
LINES += [line for line in INDENTED if "..." not in line]
HELP = re.search(r"== Examples ==\n(.*)", (ROOT / "conf" / "config.yaml").read_text(encoding="utf-8"), re.DOTALL)
assert HELP is not None
LINES += re.findall(r"^ +(python (?:evaluate|train)\.py .*)$", HELP[1].replace("\\\n", " "), flags=re.MULTILINE)


def first_job(override: str) -> str:
    """Returns what the first job of a sweep gets of ``key=a,b``; commas in brackets belong to the value."""
    return override if re.search(r"[\[{]", override) else override.split(",")[0]


@pytest.mark.parametrize("line", LINES)
def test_the_command_can_be_given(line: str) -> None:
    words = shlex.split(line)
    if words[0] == "make":
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    elif words[:3] == ["python", "-m", "classvec"]:
        parser().parse_args(words[3:])
    elif words[0] == "python":
        assert (ROOT / words[1]).is_file()
        overrides = [word for word in words[2:] if "=" in word and not word.startswith("-")]
        bind(compose([first_job(word) for word in overrides]))
    else:
        assert words[0] in ("pip", "apt"), line


def test_there_are_commands_to_check() -> None:
    assert sum(line.startswith("python") for line in LINES) > 20
    assert INDENTED


def test_files_that_the_readme_links_to_exist() -> None:
    for name in ("README.md", *(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))):
        text = (ROOT / name).read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)#:]+)\)", text):
            assert ((ROOT / name).parent / Path(link)).exists(), (name, link)


def test_what_the_pages_import_exists() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    lines = [
        line for page in pages for line in re.findall(r"^\s*from (classvec\S*) import (.+)$", page.read_text(), re.M)
    ]
    assert len(lines) > 4
    for module, names in lines:
        for name in names.split(","):
            assert hasattr(import_module(module), name.strip()), (module, name)
