"""A directed acyclic graph of concepts, and which classes lie under each of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from classvec.artifacts import Extents
from classvec.errors import InputError


@dataclass(frozen=True)
class Concept:
    """A node of the graph.

    Attributes:
        id: Key of the concept, a synset id such as ``n02084071``.
        synset: Name of the synset, such as ``dog.n.01``.
        name: The words to print, such as ``dog``.
        parents: Ids of the concepts directly above (hypernyms and instance hypernyms); empty for a root.
    """

    id: str
    synset: str
    name: str
    parents: tuple[str, ...]


class Taxonomy:
    """Concepts and their parents; all parents count, not one path alone.

    Args:
        concepts: The concepts; every parent that one of them names must be among them.
        source: Where they come from, kept as provenance.

    Raises:
        InputError: If a parent is missing or the graph has a cycle.
    """

    def __init__(self, concepts: Iterable[Concept], source: str) -> None:
        self.concepts: Mapping[str, Concept] = {concept.id: concept for concept in concepts}
        self.source = source
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

    def _topological_order(self) -> list[str]:
        """Returns the ids with every parent before its children."""
        from graphlib import CycleError, TopologicalSorter

        try:
            return list(TopologicalSorter({c.id: c.parents for c in self.concepts.values()}).static_order())
        except CycleError as error:
            raise InputError(f"the taxonomy has a cycle: {' -> '.join(error.args[1])}") from None

    @cached_property
    def depth(self) -> Mapping[str, int]:
        """Longest way from a root to each concept; a concept is always deeper than whatever lies above it."""
        depth: dict[str, int] = {}
        for concept in self._order:
            depth[concept] = max((depth[parent] + 1 for parent in self[concept].parents), default=0)
        return depth

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
            class_names=tuple(self[c].name for c in classes),
            source=self.source,
        )
