"""The six similarities: by hand, against NLTK with its own information content, and how long they take."""

import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classvec.errors import InputError
from classvec.ontology import wordnet
from classvec.ontology.similarities import (
    NAMES,
    corpus_information,
    intrinsic_information,
    shortest_ways,
    similarities,
)
from classvec.ontology.taxonomy import Concept, Taxonomy

CLASSES = ["dog", "cat", "saw", "axe", "robodog"]


@pytest.fixture(scope="module")
def embedded() -> Taxonomy:
    return wordnet.embedded()


def leaves(taxonomy: Taxonomy) -> list[str]:
    parents = {parent for concept in taxonomy.concepts.values() for parent in concept.parents}
    return sorted(c for c in taxonomy.concepts if c not in parents)


def test_by_hand(taxonomy: Taxonomy) -> None:
    found = similarities(taxonomy, CLASSES)
    assert tuple(found) == NAMES
    path = found["path"]
    assert path[0, 1] == 1.0 / 3  # dog, creature, cat
    assert path[2, 4] == 1.0 / 3  # saw, tool, robodog
    assert path[0, 4] == 1.0 / 2  # a robodog is a dog
    assert path[1, 2] == 1.0 / 6  # cat, creature, being, thing, tool, saw
    # robodog lies two steps below thing by way of tool, four by way of dog
    assert found["wup"][2, 4] == 2.0 * 2 / (3 + 3)
    assert found["lch"][0, 1] == pytest.approx(-np.log(3 / (2 * 4)))  # the deepest concept has depth 4
    information = intrinsic_information(taxonomy)
    assert information["thing"] == 0.0
    assert information["axe"] == 1.0
    assert information["tool"] == pytest.approx(1 - np.log(4) / np.log(9))
    assert found["res"][2, 3] == information["tool"]
    assert found["lin"][2, 3] == information["tool"]
    assert found["jcn"][2, 3] == pytest.approx(1 / (2 - 2 * information["tool"]))
    assert found["lin"][1, 2] == 0.0
    assert (found["jcn"].diagonal() == 1e300).all()


def test_the_shortest_way_may_leave_out_the_subsumer() -> None:
    concepts = [("r", ()), ("a", ("r",)), ("b", ("a",)), ("c", ("b", "r"))]
    taxonomy = Taxonomy((Concept(i, i, i, p) for i, p in concepts), source="x")
    ways = shortest_ways(taxonomy)
    assert ways[3, 1] == 2.0  # by way of b or of r
    assert ways[3, 2] == 1.0


def test_concepts_without_a_common_root_are_unlike() -> None:
    taxonomy = Taxonomy((Concept(i, i, i, ()) for i in ("a", "b")), source="x")
    found = similarities(taxonomy, ["a", "b"], {"a": 1.0, "b": 2.0})
    assert {name: found[name][0, 1] for name in ("path", "wup", "lch", "res", "lin")} == dict.fromkeys(
        ("path", "wup", "lch", "res", "lin"), 0.0
    )


class HandMadeCorpus:
    """Words as NLTK's corpus readers give them."""

    def words(self) -> list[str]:
        text = "dog dog cat hound puppy table chair tree tree tree oak fish trout car truck bus person bird eagle owl"
        return text.split() * 3 + ["dog", "animal", "artifact", "entity"]


def write_counts(path: Path, counts: dict[str, dict[int, float]]) -> None:
    """Writes NLTK's counts as a file of its ``wordnet_ic`` corpus."""
    rows = [
        f"{offset}n {count!r}{' ROOT' if offset == 1740 else ''}" for offset, count in counts["n"].items() if offset
    ]
    path.write_text("\n".join(["wnver::hand-made", *rows]) + "\n")


@pytest.mark.parametrize("smoothing", [1.0, 0.0])
def test_equal_to_nltk(
    dictionary: Any, embedded: Taxonomy, tmp_path: Path, smoothing: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    import nltk.data
    from nltk.corpus.reader.wordnet import WordNetICCorpusReader

    monkeypatch.setattr(nltk.data, "path", [*nltk.data.path, str(tmp_path)])  # NLTK reads from these folders alone

    counts = dictionary.ic(HandMadeCorpus(), weight_senses_equally=False, smoothing=smoothing)
    write_counts(tmp_path / "ic-hand.dat", counts)
    reference = WordNetICCorpusReader(str(tmp_path), ["ic-hand.dat"]).ic("ic-hand.dat")
    classes = list(embedded.concepts)  # not leaves alone: pairs of which one lies above the other are the hard ones
    random.Random(0).shuffle(classes)
    classes = classes[:700]
    information = corpus_information(tmp_path / "ic-hand.dat", embedded)
    found = similarities(embedded, classes, information)
    synsets = [dictionary.synset_from_pos_and_offset("n", int(c[1:])) for c in classes]
    rng = random.Random(1)
    pairs = [(rng.randrange(700), rng.randrange(700)) for _ in range(1500)]
    pairs += [(i, j) for i, c in enumerate(classes) for j, d in enumerate(classes) if c in embedded.closure(d)][:1500]
    for i, j in pairs:
        one, other = synsets[i], synsets[j]
        assert found["path"][i, j] == pytest.approx(one.path_similarity(other), rel=1e-9)
        assert found["wup"][i, j] == pytest.approx(one.wup_similarity(other), rel=1e-9)
        assert found["lch"][i, j] == pytest.approx(one.lch_similarity(other), rel=1e-9)
        assert found["res"][i, j] == pytest.approx(one.res_similarity(other, reference), rel=1e-9)
        assert found["jcn"][i, j] == pytest.approx(one.jcn_similarity(other, reference), rel=1e-9)
        if found["res"][i, j] or i != j:
            assert found["lin"][i, j] == pytest.approx(one.lin_similarity(other, reference), rel=1e-9)


def test_facts_about_the_whole_of_wordnet(dictionary: Any, embedded: Taxonomy) -> None:
    with dictionary.open("data.noun") as file:
        above = {
            line[:8]: [w[1] for w in zip(line.split(), line.split()[1:], strict=False) if w[0] in ("@", "@i")]
            for line in file
            if line[0].isdigit()
        }
    assert len(above) == wordnet.NOUNS
    depth: dict[str, int] = {}

    def longest(offset: str) -> int:
        if offset not in depth:
            depth[offset] = max((1 + longest(parent) for parent in above[offset]), default=0)
        return depth[offset]

    assert max(map(longest, above)) == wordnet.NOUN_DEPTH
    assert embedded.n_below["n00001740"] == wordnet.NOUNS - 1
    for class_id in ("n02084071", "n03791235"):
        synset = dictionary.synset_from_pos_and_offset("n", int(class_id[1:]))
        under = set(synset.closure(lambda s: s.hyponyms() + s.instance_hyponyms()))
        assert embedded.n_below[class_id] == len(under)


def test_a_part_of_wordnet_keeps_the_facts_about_the_whole(embedded: Taxonomy) -> None:
    classes = leaves(embedded)[:40]
    part = wordnet.restrict(embedded, classes)
    whole, found = similarities(embedded, classes), similarities(part, classes)
    for name in NAMES:
        np.testing.assert_array_equal(whole[name], found[name])


def test_all_six_for_a_thousand_classes_take_seconds(embedded: Taxonomy) -> None:
    classes = leaves(embedded)[:1000]
    taxonomy = wordnet.restrict(embedded, classes)
    start = time.perf_counter()
    found = similarities(taxonomy, classes)
    assert {matrix.shape for matrix in found.values()} == {(1000, 1000)}
    assert time.perf_counter() - start < 10.0


def test_a_file_of_counts_that_is_none(taxonomy: Taxonomy, tmp_path: Path) -> None:
    path = tmp_path / "ic.dat"
    path.write_text("wnver\n1740n many\n")
    with pytest.raises(InputError, match=r"line 2 is '1740n many': wanted an offset and a count"):
        corpus_information(path, taxonomy)
    path.write_text("wnver\n1740n 12\n")
    with pytest.raises(InputError, match="counts no root of the nouns"):
        corpus_information(path, taxonomy)
