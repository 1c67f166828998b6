"""A person's own names for classes stand beside the concept's wherever a class is shown, and change no number."""

from pathlib import Path

import pytest

from classvec.analyses.own_matrices import read
from classvec.data.choice import named_classes
from classvec.data.class_ids import ids_only, own_names
from classvec.errors import InputError
from classvec.ontology.taxonomy import Taxonomy
from classvec.reconstruction.targets import class_index
from tests.conftest import draw_images
from tests.runs import call

DOG, CAT, CRANE_BIRD, CRANE_MACHINE = "n02084071", "n02121620", "n02012849", "n03126707"


@pytest.mark.parametrize(
    ("own", "shown"),
    [
        (["my cats"], "my cats (cat)"),
        (["cats"], "cats (cat)"),
        (["Cat"], "cat"),
        (["cat_"], "cat"),
        (["toms", "kittens"], "toms + kittens (cat)"),
        (["cat", "kittens"], "cat + kittens (cat)"),
        (["a", "b", "c", "d"], "a + b + c + ... (cat)"),
        ([], "cat"),
    ],
)
def test_own_names_come_first_where_they_say_something_else(own: list[str], shown: str, taxonomy: Taxonomy) -> None:
    named = taxonomy.with_names({"cat": own})
    assert named.class_name("cat") == shown
    assert named.class_name("dog") == "dog"
    extents = named.extents(["cat", "dog"])
    assert extents.class_names == (shown, "dog")
    assert extents.names == taxonomy.extents(["cat", "dog"]).names, "names of concepts stay"


def test_names_of_classes_count_for_a_taxonomy_and_leave_the_plain_one_alone(taxonomy: Taxonomy) -> None:
    before = taxonomy.fingerprint
    named = taxonomy.with_names({"cat": ["toms"]})
    assert named.fingerprint not in {before, taxonomy.with_names({"cat": ["kittens"]}).fingerprint}
    assert taxonomy.with_names({"cat": ["Cat"]}).fingerprint == before, "nothing else is shown"
    assert taxonomy.fingerprint == before
    assert taxonomy.class_name("cat") == "cat"


def test_words_of_folders_without_ids_and_synset_names() -> None:
    ids = {
        "my  cats": CAT,
        f"{DOG}-Maltese_dog": DOG,
        "hounds": DOG,
        CRANE_BIRD: CRANE_BIRD,
        "crane.n.04": CRANE_MACHINE,
    }
    assert own_names(ids) == {CAT: ("my cats",), DOG: ("hounds", "Maltese_dog")}


def test_classes_are_asked_for_by_own_names_ids_and_synsets() -> None:
    ids = {"my cats": CAT, f"{DOG}-Rex": DOG, "bird": CRANE_BIRD, f"{CRANE_MACHINE}-bird": CRANE_MACHINE}

    def resolve(name: str) -> str:
        return CRANE_BIRD if name == "crane.n.05" else ids_only(name)

    def find(*names: str) -> list[str]:
        return named_classes("image_vectors", names, ids, own_names(ids), resolve)

    assert find("my cats", "Rex", f"{DOG}-Rex", DOG) == ["my cats", *[f"{DOG}-Rex"] * 3]
    assert find("crane.n.05", "bird") == ["bird", "bird"]
    with pytest.raises(InputError, match="unknown class in image_vectors 'my cat': did you mean my cats"):
        find("my cat")
    images = dict.fromkeys([CRANE_BIRD, CRANE_MACHINE])
    with pytest.raises(InputError, match=rf"2 classes are called 'bird': name one in key by its id, {CRANE_BIRD}"):
        named_classes("key", ["bird"], {i: i for i in images}, own_names(ids), resolve)


def test_reconstructions_and_matrices_take_own_names(taxonomy: Taxonomy, tmp_path: Path) -> None:
    named, classes = taxonomy.with_names({"cat": ["my_cats"], "dog": ["Rex"]}), ["cat", "dog", "saw"]
    for name in ("my cats", "my_cats", "my cats (cat)", "cat"):
        assert class_index(name, classes, named) == 0
    with pytest.raises(InputError, match=r"known: my_cats \(cat\), Rex \(dog\), saw"):
        class_index("robot", classes, named)
    path = tmp_path / "own.csv"
    path.write_text("x,my cats,Rex,saw\nmy cats,0,1,2\nREX,1,0,3\nsaw,2,3,0\n")
    assert (-read(path, named, classes)).tolist() == [[0.0, 1.0, 2.0], [1.0, 0.0, 3.0], [2.0, 3.0, 0.0]]


def test_a_renamed_folder_is_shown_by_its_new_name_and_nothing_else_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    draw_images(tmp_path / "images", ["dogs", "my cats", "n02012849-bird", "cars"], [2] * 4)
    monkeypatch.chdir(tmp_path)
    small = ["architecture=colour_histogram", "data=image_folder", "data.root=images", "tracking=none", "analysis=none",
             "data.mapping=map.csv", "clustering.k=[2]", "clustering.seeds=[0]", "chance.draws=10"]  # fmt: skip

    def run(cats: str) -> Path:
        rows = [f"dogs,{DOG}", f"{cats},{CAT}", f"n02012849-bird,{CRANE_BIRD}", f"cars,{CRANE_MACHINE}"]
        Path("map.csv").write_text("\n".join(["folder,synset", *rows]))
        call("evaluate.py", *small, f"hydra.run.dir={cats}", monkeypatch=monkeypatch)
        return tmp_path / cats

    first = run("my cats")
    Path("images", "my cats").rename(Path("images", "toms"))
    second = run("toms")
    assert "Done already" not in capsys.readouterr().out
    for folder, shown in ((first, "my cats (cat)"), (second, "toms (cat)")):
        table = (folder / "neighbours.csv").read_text()
        assert f"{CAT},{shown}," in table
        assert f"{CRANE_BIRD},bird (crane)," in table
        assert shown in (folder / "report.html").read_text()
    assert (first / "scores.csv").read_bytes() == (second / "scores.csv").read_bytes()
    assert (first / "labels.csv").read_bytes() == (second / "labels.csv").read_bytes()
    stores = list(Path("outputs", "class_vectors").glob("*/manifest.json"))
    assert len(stores) == 1
    assert "my cats" not in stores[0].read_text()
    run("toms")
    assert "Done already" in capsys.readouterr().out


def test_image_vectors_of_a_class_by_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw_images(tmp_path / "images", [f"{DOG}-Rex", "cat.n.01", CRANE_BIRD], [1] * 3)
    monkeypatch.chdir(tmp_path)
    names = "image_vectors=[Rex,cat.n.01,n02084071]"
    call("train.py", "architecture=colour_histogram", "data=image_folder", "data.root=images", "tracking=none", names,
         monkeypatch=monkeypatch)  # fmt: skip
    assert {path.parent.name for path in Path("outputs").rglob("images.txt")} == {DOG, CAT}
