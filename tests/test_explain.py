"""What is said about a command line that cannot be read: the word to type instead, tried in a real shell."""

import logging
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from classvec.compose import compose
from classvec.errors import InputError
from classvec.explain import check, in_quotes

PATHS = [
    "a=b", "a[b]", "Vögel", "a#b", "a&b", "~/x", "(a)", "[x]", "{x}", "it's", 'a"b', "a;b", "C:\\x\\", "a\\b", "\\",
    "a,b", "$HOME", "${x}", "`ls`", "日本", " a ", "a'\"b", "*?", "a%b!", "!x", "a\\\"b", "\\'", "2024.10", "true",
]  # fmt: skip
"""Names of folders; Hydra's grammar refuses most of them, or takes them for something else."""


@pytest.fixture
def logging_restored() -> Iterator[None]:
    """Takes back what Hydra does to the log of this process."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def typed(word: str) -> str:
    """Returns what a shell makes of a word."""
    return subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("path", PATHS)
def test_the_quoted_form_means_the_path_itself(path: str) -> None:
    word = in_quotes("data.root", path)
    assert compose(["data=image_folder", typed(word)]).data.root == path


def test_any_text_can_be_quoted() -> None:
    rng = random.Random(0)
    for _ in range(40):
        text = "".join(rng.choice("ab \\'\"$={}[](),:#&~ü") for _ in range(rng.randint(1, 9)))
        overrides = ["data=image_folder", typed(in_quotes("data.root", text))]
        assert compose(overrides).data.root == text


@pytest.mark.parametrize("value", ["a=b", "a[b]", "Vögel", "a#b", "a&b", "~/x", "(a)", "it's", "a;b"])
def test_a_value_that_cannot_be_read_is_shown_with_its_quotes(value: str) -> None:
    with pytest.raises(InputError) as caught:
        check(["chance.draws=5", f"data.root={value}"])
    assert str(caught.value).endswith(in_quotes("data.root", value))
    check([typed(in_quotes("data.root", value))])


@pytest.mark.parametrize("word", ["x", "=5", "data.root", "a b=c'", "data.root='a", "5=3=2"])
def test_what_is_no_override_is_answered(word: str) -> None:
    with pytest.raises(InputError) as caught:
        check([word])
    assert str(caught.value).startswith(f"{word}: ")


def test_a_choice_must_be_a_name() -> None:
    check(["architecture=vgg19,resnet50", "~analysis", "data=null", "chance.draws=1,2"])
    for word in ("architecture=5", "ontology=[-1]", "trainer=true"):
        with pytest.raises(InputError, match="unknown .*: known: "):
            check([word])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data.root=a=b"], "'data.root=\"a=b\"'"),
        (["data=image_folder", "data.root=[x]"], "expected a path; a text with such characters needs quotes"),
        (["data=image_folder", "data.root=a,b"], "several values are a sweep, which needs -m; for a list write"),
        (["data.classes=n02084071"], "expected a list of texts or null; write data.classes=[n02084071]"),
        (["chance.drwas=4"], "unknown key 'chance.drwas': did you mean chance.draws or chance.label_draws"),
        (["clustering.k.x=3"], "clustering.k.x=3: cannot be composed to a configuration"),
        (["outputs="], "outputs='': expected a path"),
        (["data=image_folder", "data.root="], "data.root='': expected a path"),
        (["data.name=../up"], "data.name='../up': expected a name of 1 to 120 characters, without slashes"),
        (["layers.weights={values:1e308}", "architecture=colour_histogram"], "expected weights of at most 1,000,000"),
        (["layers.weights={values:nan}", "architecture=colour_histogram"], "layers.weights={'values': nan}: expected"),
        (["data.classes=[my cats,Vögel]"], '\'data.classes=["my cats","Vögel"]\''),
        (["clustering.k=[5"], "clustering.k=[5: expected a list of whole numbers or null, at least 2, such as"),
        (["architecture=ü"], "unknown architecture 'ü': known: bvlc_googlenet"),
    ],
)
def test_one_line_says_what_to_do(
    arguments: list[str], message: str, logging_restored: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from classvec.evaluate import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["evaluate.py", "tracking=none", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    assert str(caught.value.code).startswith("error: ")
    assert message in str(caught.value.code)
    assert len(str(caught.value.code).splitlines()) == 1
