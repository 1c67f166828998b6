"""A directed acyclic graph of concepts, and which classes lie under each of them."""

import copy
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Protocol

import numpy as np

from classvec.artifacts import Extents, content_key
from classvec.errors import InputError

MOST_NAMES = 3
"""Own names of a class that are shown; there are more where many folders are one class."""


def plain(words: str) -> str:
    """Returns words as they are compared: in lower case, with one space where ``_``, ``-`` or spaces stand."""
    return re.sub(r"[\s_-]+", " ", words).strip().casefold()


@dataclass(frozen=True)
class Concept:
    """A node of the graph.

    Attributes:
        id: Key of the concept, a synset id such as ``n02084071``.
        synset: Name of the synset, such as ``dog.n.01``.
        name: The words to print, such as ``dog``.
        parents: Ids of the concepts directly above (hypernyms and instance hypernyms); empty for a root.
        n_below: Number of concepts below it in the whole ontology, of which a taxonomy may hold a part; None for as
            many as the taxonomy holds.
    """

    id: str
    synset: str
    name: str
    parents: tuple[str, ...]
    n_below: int | None = None


class Taxonomy:
    """Concepts and their parents; all parents count, not one path alone.

    Args:
        concepts: The concepts; every parent that one of them names must be among them.
        source: Where they come from, kept as provenance.
        whole_size: Number of concepts in the whole ontology; None for as many as there are.
        whole_depth: Longest way from a root in the whole ontology; None for the longest there is.

    Raises:
        InputError: If a parent is missing or the graph has a cycle.
    """

    def __init__(
        self, concepts: Iterable[Concept], source: str, whole_size: int | None = None, whole_depth: int | None = None
    ) -> None:
        self.concepts: Mapping[str, Concept] = {concept.id: concept for concept in concepts}
        self.source = source
        self._whole = whole_size, whole_depth
        self._own: Mapping[str, Sequence[str]] = MappingProxyType({})
        for concept in self.concepts.values():
            for parent in concept.parents:
                if parent not in self.concepts:
                    raise InputError(
                        f"{concept.id} ({concept.synset}) names the parent {parent}, which the taxonomy lacks"
                    )
        self._order = self._topological_order()

    def __contains__(self, concept: object) -> bool:
        return concept in self.concepts

    def __getitem__(self, concept: str) -> Concept:
        return self.concepts[concept]

    def __len__(self) -> int:
        return len(self.concepts)

    def with_names(self, own: Mapping[str, Sequence[str]]) -> "Taxonomy":
        """Returns the same concepts, with names of a person's own for some classes.

        Args:
            own: Id of a class to its names, such as those of its folders.
        """
        named = copy.copy(self)
        named._own = {class_id: tuple(names) for class_id, names in own.items()}
        return named

    def class_name(self, class_id: str) -> str:
        """Returns the words to print for a class: the concept's, after a person's own where they say something else.

        ``my cats (cat)``; but ``Cat``, ``cat_`` or ``cat.n.01`` are ``cat``. Several folders of one class are joined:
        ``hounds + terriers (dog)``.
        """
        concept, own = self[class_id], self._own.get(class_id, ())
        if {plain(name) for name in own} <= {plain(concept.name), plain(concept.synset.rsplit(".", 2)[0])}:
            return concept.name
        shown = [*own[:MOST_NAMES], *(["..."] if len(own) > MOST_NAMES else [])]
        return f"{' + '.join(shown)} ({concept.name})"

    def class_words(self, class_id: str) -> frozenset[str]:
        """Returns all names by which a person may mean a class, beside its id and synset, as `plain` writes them."""
        return frozenset(map(plain, (self[class_id].name, self.class_name(class_id), *self._own.get(class_id, ()))))

    def _topological_order(self) -> list[str]:
        """Returns the ids with every parent before its children."""
        from graphlib import CycleError, TopologicalSorter

        try:
            return list(TopologicalSorter({c.id: c.parents for c in self.concepts.values()}).static_order())
        except CycleError as error:
            raise InputError(f"the taxonomy has a cycle: {' -> '.join(error.args[1])}") from None

    @property
    def fingerprint(self) -> str:
        """A hash of all concepts, of what is known of the whole ontology, and of the names shown for classes."""
        concepts = sorted((c.id, c.synset, c.name, sorted(c.parents), c.n_below) for c in self.concepts.values())
        shown = {class_id: self.class_name(class_id) for class_id in self._own if class_id in self}
        names = {class_id: name for class_id, name in shown.items() if name != self[class_id].name}
        return content_key([concepts, self.source, self._whole, names])

    @cached_property
    def depth(self) -> Mapping[str, int]:
        """Longest way from a root to each concept; a concept is always deeper than whatever lies above it."""
        depth: dict[str, int] = {}
        for concept in self._order:
            depth[concept] = max((depth[parent] + 1 for parent in self[concept].parents), default=0)
        return depth

    @cached_property
    def least_depth(self) -> Mapping[str, int]:
        """Shortest way from a root to each concept."""
        depth: dict[str, int] = {}
        for concept in self._order:
            depth[concept] = min((depth[parent] + 1 for parent in self[concept].parents), default=0)
        return depth

    @property
    def whole_size(self) -> int:
        """Number of concepts in the whole ontology."""
        return len(self) if self._whole[0] is None else self._whole[0]

    @property
    def whole_depth(self) -> int:
        """Longest way from a root to a concept in the whole ontology."""
        return max(self.depth.values()) if self._whole[1] is None else self._whole[1]

    @cached_property
    def n_below(self) -> Mapping[str, int]:
        """Number of concepts below each concept in the whole ontology."""
        held = Counter(above for concept in self.concepts for above in self.closure(concept) if above != concept)
        return {c.id: held[c.id] if c.n_below is None else c.n_below for c in self.concepts.values()}

    @cached_property
    def _closures(self) -> Mapping[str, frozenset[str]]:
        closures: dict[str, frozenset[str]] = {}
        for concept in self._order:
            closures[concept] = frozenset([concept]).union(*(closures[parent] for parent in self[concept].parents))
        return closures

    def closure(self, concept: str) -> frozenset[str]:
        """Returns the concept and everything above it.

        Raises:
            KeyError: If the taxonomy lacks the concept.
        """
        return self._closures[concept]

    def extents(self, classes: Sequence[str]) -> Extents:
        """Finds the classes under every concept: a concept applies to a class that is that concept or below it.

        Args:
            classes: Synset ids of shape (n_classes,).

        Returns:
            The concepts with at least one class, the most general first: larger extent, then smaller depth, then name.

        Raises:
            InputError: If a class is not in the taxonomy.
        """
        missing = [c for c in classes if c not in self]
        if missing:
            raise InputError(
                f"{len(missing)} of {len(classes)} classes are not in {self.source}: {', '.join(missing[:5])}; "
                "a class is named by its WordNet 3.0 noun offset, like n02084071"
            )
        under: dict[str, list[int]] = {}
        for index, class_id in enumerate(classes):
            for concept in self.closure(class_id):
                under.setdefault(concept, []).append(index)
        order = sorted(under, key=lambda c: (-len(under[c]), self.depth[c], self[c].name, c))
        return Extents(
            under=tuple(np.array(under[concept], dtype=np.intp) for concept in order),
            concepts=tuple(order),
            synsets=tuple(self[c].synset for c in order),
            names=tuple(self[c].name for c in order),
            classes=tuple(classes),
            class_names=tuple(self.class_name(c) for c in classes),
            source=self.source,
        )


class Ontology(Protocol):
    """Names for classes, and the concepts above them; any object with these members is one."""

    @property
    def name(self) -> str:
        """Its name, such as ``WordNet``."""

    @property
    def version(self) -> str:
        """Its version, such as ``3.0``."""

    def resolve(self, name: str) -> str:
        """Returns the id of a concept, given by id or by name.

        Raises:
            InputError: If there is no such concept.
        """
        ...

    def taxonomy(self, classes: Sequence[str]) -> Taxonomy:
        """Returns the classes, given by id, and every concept above them.

        Raises:
            InputError: If a class is unknown.
        """
        ...
