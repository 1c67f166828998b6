"""What a file names is called with its keys; whatever does not fit is answered in one line."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from classvec.data.labelled_images import LabelledImages
from classvec.errors import InputError
from classvec.instantiate import instantiate, require, targets
from classvec.method.metrics import Cosine
from classvec.method.similarity import Metric

MODULE = """
class Part:
    def __init__(self, size, ontology=None, inner=None):
        self.size, self.ontology, self.inner = size, ontology, inner

def scaled(by, size):
    return by * size
"""


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module of the user's on the import path."""
    (tmp_path / "own_parts.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_parts", raising=False)
    return tmp_path


def make(**keys: Any) -> Any:
    return instantiate(OmegaConf.create(keys), ontology="WordNet", other=3)


def test_keys_are_arguments_nodes_inside_are_built_first_and_parts_come_by_name() -> None:
    part = make(_target_="own_parts.Part", size=[1, 2], inner={"x": {"_target_": "own_parts.Part", "size": 3}})
    assert (part.size, part.ontology) == ([1, 2], "WordNet")
    assert part.inner["x"].size == 3
    bound = make(_target_="own_parts.scaled", _partial_=True, by=3)
    assert isinstance(bound, partial)
    assert bound(size=4) == 12
    assert instantiate(None) is None
    assert make(_target_=None, size=3) is None


def test_a_resolved_value_is_not_read_as_an_interpolation_again() -> None:
    assert make(_target_="own_parts.Part", size=r"\${oc.env:HOME}").size == "${oc.env:HOME}"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"_target_": "own_parts.Partt", "size": 1},
            "_target_=own_parts.Partt cannot be imported: .*own_parts",
        ),
        ({"_target_": "no_parts.Part"}, "_target_=no_parts.Part cannot be imported: .*no_parts"),
        ({"_target_": "own_parts.Part"}, "the keys of _target_=own_parts.Part do not fit it: missing .* 'size'"),
        ({"_target_": "own_parts.Part", "size": 1, "sise": 2}, "unexpected keyword argument 'sise'"),
        ({"_target_": "own_parts.Part", "size": "???"}, "_target_=own_parts.Part: size not set"),
        ({"_target_": "classvec.data.image_folder.ImageFolder", "root": "???"}, "data.root is not set"),
        ({"_target_": "classvec.data.image_folder.ImageFolder", "roott": "x"}, "unexpected keyword argument 'roott'"),
    ],
)
def test_what_does_not_fit_is_an_error(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make(**keys)


def test_a_mistake_in_a_users_module_is_found_by_file_and_line(own: Path) -> None:
    (own / "own_broken.py").write_text("x = 1\ny = undefined\n")
    with pytest.raises(InputError, match=r"name 'undefined' is not defined \(.*own_broken.py, line 2\)"):
        make(_target_="own_broken.Part")


def test_a_part_that_lacks_members_is_refused_at_once() -> None:
    assert require(Cosine(), Metric, "metric") == Cosine()
    with pytest.raises(
        InputError, match=r"data Part lacks classes, fingerprint, .*expected all members of .*LabelledImages"
    ):
        require(make(_target_="own_parts.Part", size=1), LabelledImages, "data")


def test_targets_are_found_wherever_they_stand() -> None:
    node = {"_target_": "a", "b": [{"_target_": "c"}, {"d": {"_target_": "e"}}], "f": None}
    assert list(targets(node)) == ["a", "c", "e"]
