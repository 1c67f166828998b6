"""WordNet 3.0: the concepts above the classes, from the package itself or from the full dictionary through NLTK."""

import difflib
import functools
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from classvec import settings
from classvec.errors import InputError
from classvec.ontology.dictionary import VERSION, dictionary_place, open_at, open_dictionary
from classvec.ontology.taxonomy import Concept, Taxonomy
from classvec.settings import WordNetSource

EMBEDDED = "concepts.tsv"
NOUNS = 82_115
"""Number of WordNet 3.0's noun synsets."""
NOUN_DEPTH = 19
"""Longest way from entity to one of them."""


@dataclass(frozen=True, kw_only=True)
class WordNet(settings.WordNet):
    """WordNet's nouns: an `Ontology` whose ids are offsets such as ``n02084071``."""

    name = "WordNet"
    version = VERSION

    def resolve(self, name: str) -> str:
        """Returns the id of a noun synset, given by id or by name such as ``dog.n.01``; see `find`."""
        return find(name, self.path)

    def taxonomy(self, classes: Sequence[str]) -> Taxonomy:
        """Returns the part of WordNet that lies above some classes; see `load`."""
        return load(classes, source=self.source, path=self.path)


def load(
    classes: Sequence[str], *, source: WordNetSource = WordNetSource.auto, path: str | Path | None = None
) -> Taxonomy:
    """Loads the part of WordNet that lies above some classes.

    Args:
        classes: Synset ids, WordNet 3.0 noun offsets such as ``n02084071``.
        source: ``embedded`` for the concepts that ship with the package (the classes of ILSVRC 2012, CIFAR and the
            sketches, and all above them), ``nltk`` for the full dictionary, ``auto`` for the first of the two that
            knows every class.
        path: Where the full dictionary lies; see `dictionary_place`.

    Returns:
        A taxonomy with the classes and every concept above them.

    Raises:
        InputError: If the source does not know a class.
        FileNotFoundError: If the full dictionary is needed and not installed.
    """
    if source != WordNetSource.nltk:
        taxonomy = embedded()
        missing = [c for c in classes if c not in taxonomy]
        if not missing:
            return restrict(taxonomy, classes)
        if source == WordNetSource.embedded:
            raise InputError(
                f"{len(missing)} classes are not among the concepts that ship with classvec: {', '.join(missing[:5])}; "
                "use ontology.source=nltk with the full WordNet 3.0 installed"
            )
    return from_dictionary(classes, open_dictionary(path))


def embedded() -> Taxonomy:
    """Reads the concepts that ship with the package: the classes of ILSVRC, CIFAR and the sketches, and all above."""
    text = resources.files("classvec.ontology").joinpath(EMBEDDED).read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return Taxonomy(
        (Concept(id_, synset, name, tuple(above.split()), int(below)) for id_, synset, name, above, below in rows),
        source=f"WordNet {VERSION} (embedded)",
        whole_size=NOUNS,
        whole_depth=NOUN_DEPTH,
    )


def restrict(taxonomy: Taxonomy, classes: Iterable[str]) -> Taxonomy:
    """Returns the part of a taxonomy that lies above some of its classes."""
    above = sorted(frozenset().union(*(taxonomy.closure(c) for c in classes)))
    whole = taxonomy.whole_size, taxonomy.whole_depth
    counted = (replace(taxonomy[c], n_below=taxonomy.n_below[c]) for c in above)
    return Taxonomy(counted, taxonomy.source, *whole)


def from_dictionary(classes: Iterable[str], dictionary: Any) -> Taxonomy:
    """Collects the classes and every concept above them from the full WordNet.

    Args:
        classes: Synset ids such as ``n02084071``.
        dictionary: What `open_dictionary` returns.

    Raises:
        InputError: If a class is no noun synset of the dictionary.
    """
    concepts: dict[str, Concept] = {}
    pending = [noun_synset(dictionary, class_id) for class_id in classes]
    while pending:
        synset = pending.pop()
        id_ = synset_id(synset)
        if id_ in concepts:
            continue
        above = synset.hypernyms() + synset.instance_hypernyms()
        name = synset.lemma_names()[0].replace("_", " ")
        parents = tuple(sorted(synset_id(parent) for parent in above))
        concepts[id_] = Concept(id_, synset.name(), name, parents, dictionary.noun_hyponyms[synset.offset()])
        pending.extend(above)
    return Taxonomy(concepts.values(), f"WordNet {dictionary.get_version()} (NLTK)", NOUNS, NOUN_DEPTH)


def synset_id(synset: Any) -> str:
    """Returns the id of an NLTK noun synset: ``n`` and the offset in eight digits."""
    return f"n{synset.offset():08d}"


def noun_synset(dictionary: Any, class_id: str) -> Any:
    """Returns NLTK's synset for an id.

    Raises:
        InputError: If there is no such noun.
    """
    problem = f"{class_id!r} is no noun of WordNet {VERSION}: a class is named by its offset, like n02084071"
    if not (len(class_id) == 9 and class_id[0] == "n" and class_id[1:].isdigit()):
        raise InputError(problem)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            synset = dictionary.synset_from_pos_and_offset("n", int(class_id[1:]))
        except Exception as error:  # NLTK raises whatever its line parser meets at a wrong offset
            raise InputError(problem) from error
    if synset is None:
        raise InputError(problem)
    return synset


def find(synset: str, path: str | Path | None = None) -> str:
    """Finds the id of a noun synset: in the embedded table, else in the full dictionary.

    Args:
        synset: An id such as ``n02084071``, which is checked where a dictionary is installed, or a name such as
            ``dog.n.01``.
        path: Where the full dictionary lies; by default the usual places.

    Returns:
        The id.

    Raises:
        InputError: If there is no such synset, or it takes the full dictionary to know and there is none.
    """
    names = _embedded_names()
    if synset in names:
        return names[synset]
    is_id = re.fullmatch(r"n\d{8}", synset) is not None
    try:
        dictionary = _opened(dictionary_place(path))
    except FileNotFoundError as error:
        if is_id:
            return synset
        raise InputError(f"{_unknown(synset, names)} among the concepts that ship with classvec; {error}") from None
    if is_id:
        return synset_id(noun_synset(dictionary, synset))
    try:
        found = dictionary.synset(synset)
    except Exception:  # NLTK raises errors of its own, ValueError, KeyError, depending on what is wrong with the name
        others = [s.name() for s in dictionary.synsets(synset.split(".")[0].replace(" ", "_"), "n")]
        raise InputError(f"{_unknown(synset, others or names)} in WordNet {VERSION}") from None
    if found.pos() != "n":
        raise InputError(f"{synset!r} is no noun; classes are nouns, such as dog.n.01")
    return synset_id(found)


@functools.cache
def _embedded_names() -> dict[str, str]:
    concepts = embedded().concepts.values()
    return {concept.synset: concept.id for concept in concepts} | {concept.id: concept.id for concept in concepts}


_opened = functools.cache(open_at)  # many names are looked up in one dictionary


def _unknown(synset: str, known: Iterable[str]) -> str:
    names = [name for name in known if "." in name]
    word = synset.strip().lower().replace(" ", "_")
    senses = sorted(name for name in names if name.rsplit(".", 2)[0] == word)  # a word, such as dog
    near = senses[:3] or difflib.get_close_matches(synset, names, n=3, cutoff=0.75)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    return f"unknown synset {synset!r}: {hint}there is none such"


def embed(classes: Iterable[str], dictionary: Any) -> str:
    """Writes the text of the embedded table for some classes, sorted by id."""
    taxonomy = from_dictionary(classes, dictionary)
    concepts = [concept for _, concept in sorted(taxonomy.concepts.items())]
    rows = ("\t".join((c.id, c.synset, c.name, " ".join(c.parents), str(c.n_below))) for c in concepts)
    head = "# id, synset, name, ids of the parents, number of synsets below; from WordNet 3.0, see WORDNET_LICENSE\n"
    return head + "".join(f"{row}\n" for row in rows)
