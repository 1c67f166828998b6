"""Proposals of a synset for each class folder, as a mapping file that a person corrects."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from classvec.data.class_ids import SYNSET_NAME, id_in_front, some
from classvec.data.folders import class_folders, existing_root, readable, refuse_parts
from classvec.data.mapping_file import LEAVE_OUT
from classvec.errors import InputError
from classvec.ontology import wordnet
from classvec.ontology.dictionary import open_dictionary
from classvec.ontology.taxonomy import Concept, Taxonomy, plain

COLUMNS = ("folder", "synset", "name", "gloss", "alternatives")
MOST = 5
"""Alternatives that are listed for a folder."""
WITHOUT_MEANING = frozenset({
    "a", "all", "an", "and", "class", "data", "different", "dir", "folder", "for", "from", "image", "images", "img",
    "imgs", "in", "jpg", "misc", "my", "new", "of", "on", "old", "other", "our", "photo", "photos", "pic", "pics",
    "picture", "pictures", "png", "raw", "set", "some", "the", "various", "with",
})  # fmt: skip
"""Words in the names of folders that say nothing of what is pictured, unless there is no other."""
ENDINGS = (("men", "man"), ("ies", "y"), ("ves", "f"), ("ses", "s"), ("xes", "x"), ("zes", "z"), ("ches", "ch"),
           ("shes", "sh"), ("s", ""))  # fmt: skip
"""Endings of plurals and what stands there in the singular; morphy(7WN), without its list of exceptions."""


KINDS = {"animal": 0, **dict.fromkeys(("artifact", "body", "food", "object", "plant"), 1), "person": 2}
"""What is pictured, by likelihood: a seal is the animal rather than its fur or the wax.

With it the first sense is right for 87 of CIFAR-100's classes and 873 of ILSVRC's 1,000; by frequency alone for 73 and
803.
"""
LAST = 9
"""The place of kinds that cannot be pictured, and of single persons and places: Stephen Crane is no class."""
ANIMAL = "n00015388"


@dataclass(frozen=True)
class Sense:
    """A meaning of a word.

    Attributes:
        id: Synset id.
        synset: Its name.
        gloss: What it means, or what it is a kind of.
    """

    id: str
    synset: str
    gloss: str


Look = Callable[[str], list[Sense]]
"""Returns the noun senses of a word or words, joined by ``_``, the likeliest first."""


def propose(root: Path, dictionary: str | Path | None = None) -> tuple[str, str]:
    """Proposes a synset for each class folder.

    Args:
        root: The folder of a data set.
        dictionary: Where the full WordNet lies; None for the usual places, or else the concepts that ship.

    Returns:
        A mapping file with the columns `COLUMNS`, and a line on what it lacks.

    Raises:
        InputError: If there is no class folder, or the class folders lie one level below.
        FileNotFoundError: If there is no such folder, or no dictionary where it was said to be.
    """
    folder = existing_root(root)
    refuse_parts(folder)
    if not (folders := class_folders(folder)):
        raise InputError(f"{folder} holds no class folder: expected a folder of images for each class")
    look, source = looking_up(dictionary)
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    empty: list[str] = []
    for name in map(readable, folders):
        best, *others = found if (found := senses(name, look)) else [None]
        empty += [] if best else [name]
        listed = "; ".join(f"{sense.synset}: {sense.gloss.split(';')[0]}" for sense in others[:MOST] if sense)
        table.writerow([name, best.id, best.synset, best.gloss, listed] if best else [name, "", "", "", ""])
    mark = "" if text.getvalue().isascii() else "\ufeff"  # spreadsheets take UTF-8 without it for something else
    lacks = (
        f"; no English noun found for {some(empty)}: write a synset, or {LEAVE_OUT} to leave it out" if empty else ""
    )
    said = f"{len(folders)} folders looked up in {source}{lacks}. Read the glosses, and correct what is wrong"
    return mark + text.getvalue(), said


def senses(folder: str, look: Look) -> list[Sense]:
    """Returns what a folder's name may mean, the likeliest first.

    Longer parts of the name come before shorter ones, and of these the last, which in English is what the others
    describe: "my golden retrievers" is a golden retriever rather than a retriever.

    Args:
        folder: Its name.
        look: Looks up words.
    """
    if (known := id_in_front(folder)) or SYNSET_NAME.fullmatch(folder):
        return look(known or folder)
    found = {sense.id: sense for sense in look("_".join(folder.casefold().split()))}
    for words in _parts(folder):
        for joint in ("_", "-", "") if len(words) > 1 else ("_",):
            for sense in look(joint.join(words)):
                found.setdefault(sense.id, sense)
    return list(found.values())


def _parts(folder: str) -> Iterator[list[str]]:
    """Yields runs of the words in a folder's name, the longest first, of equally long ones the last."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", folder)
    words = re.findall(r"[^\W\d_]+", plain(apart))
    telling = [word for word in words if word not in WITHOUT_MEANING] or words
    for length in range(len(telling), 0, -1):
        for start in range(len(telling) - length, -1, -1):
            yield telling[start : start + length]


def looking_up(dictionary: str | Path | None) -> tuple[Look, str]:
    """Returns what looks words up, and its source: the full dictionary, or the concepts that ship where there is none.

    Raises:
        FileNotFoundError: If no dictionary lies where it was said to be.
    """
    try:
        reader = open_dictionary(dictionary)
    except FileNotFoundError:
        if dictionary is not None:
            raise
        shipped = wordnet.embedded()
        source = f"the {len(shipped):,} concepts that ship (there are more with `apt install wordnet-base`)"
        return _Embedded(shipped), source
    return partial(_in_dictionary, reader, dictionary), f"WordNet {reader.get_version()}"


def _in_dictionary(reader: Any, path: str | Path | None, words: str) -> list[Sense]:
    if id_in_front(words) or SYNSET_NAME.fullmatch(words):
        try:
            found = [wordnet.noun_synset(reader, wordnet.find(words, path))]
        except InputError:
            return []
    else:
        found = sorted(reader.synsets(words, "n"), key=_place)  # the dictionary's order is that of frequency
    return [Sense(wordnet.synset_id(synset), synset.name(), synset.definition()) for synset in found]


def _place(synset: Any) -> int:
    return LAST if synset.instance_hypernyms() else KINDS.get(synset.lexname().removeprefix("noun."), LAST)


class _Embedded:
    """Looks words up among the concepts that ship, which have no glosses: what they are a kind of stands there."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._of_words: dict[str, list[Sense]] = {}
        for concept in sorted(taxonomy.concepts.values(), key=self._place):
            above = ", ".join(taxonomy[parent].name for parent in concept.parents)
            sense = Sense(concept.id, concept.synset, f"a kind of {above}" if above else concept.name)
            for words in {concept.id, concept.synset, plain(concept.name), plain(concept.synset.rsplit(".", 2)[0])}:
                self._of_words.setdefault(words, []).append(sense)

    def _place(self, concept: Concept) -> tuple[bool, int, str]:
        return ANIMAL not in self._taxonomy.closure(concept.id), int(concept.synset.rsplit(".", 1)[1]), concept.id

    def __call__(self, words: str) -> list[Sense]:
        """Returns the senses of words in the singular or plural."""
        singular = [words.removesuffix(end) + stem for end, stem in ENDINGS if words.endswith(end)]
        tried = [words, *map(plain, [words, *singular])]
        return next((self._of_words[one] for one in tried if one in self._of_words), [])
