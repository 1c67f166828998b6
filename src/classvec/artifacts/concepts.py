"""The clusters that concepts name."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from classvec.artifacts.files import Provenance, json_number, write_json
from classvec.artifacts.p_values import SIGNIFICANT
from classvec.artifacts.scores import HARDLY_ABOVE_CHANCE, adjusted_cell
from classvec.errors import InputError


@dataclass(frozen=True, kw_only=True)
class ConceptMatch:
    """How well one concept describes one cluster (paper, section 4.2).

    Attributes:
        concept: Id of the concept.
        synset: Its synset name.
        name: Its words.
        f1: Harmonic mean of precision and recall.
        precision: Share of the cluster's classes that lie under the concept.
        recall: Share of the concept's classes that lie in the cluster.
        n_concept: Number of classes under the concept.
        n_both: Number of classes under the concept and in the cluster.
        same_extent: Words of the concepts that hold exactly the same classes and therefore have the same F1.
    """

    concept: str
    synset: str
    name: str
    f1: float
    precision: float
    recall: float
    n_concept: int
    n_both: int
    same_extent: tuple[str, ...] = ()


TESTED = ("f1_chance", "f1_adjusted", "p", "q")
"""What is known of a label's F1 beside chance."""
NOT_STANDING_OUT = f"q > {SIGNIFICANT:g} or adjusted F1 < {HARDLY_ABOVE_CHANCE:g}"
"""When a label does not stand out from chance, in words."""


@dataclass(frozen=True, kw_only=True)
class ClusterLabel:
    """A cluster and the concepts that describe it.

    Attributes:
        cluster: Number of the cluster within its clustering.
        members: Indices of its classes, ascending.
        matches: Concepts by falling F1; the first is the cluster's name, the others are the runners-up.
        apart: Words that tell it apart from clusters of the same k with the same concept; empty if there is none.
        f1_chance: Mean of the best F1, over all concepts, of as many random classes.
        f1_adjusted: (F1 - f1_chance) / (1 - f1_chance); NaN where 1 - f1_chance < .01, as for a single class.
        p: Share of draws of as many random classes whose best F1 is as large, the observed one counted as a draw; NaN
            where f1_adjusted is.
        q: p adjusted for the number of labels of the run (Benjamini and Hochberg 1995); NaN where p is.
    """

    cluster: int
    members: tuple[int, ...]
    matches: tuple[ConceptMatch, ...]
    apart: str = ""
    f1_chance: float = math.nan
    f1_adjusted: float = math.nan
    p: float = math.nan
    q: float = math.nan

    @property
    def best(self) -> ConceptMatch:
        """The concept with the best F1."""
        return self.matches[0]

    @property
    def name(self) -> str:
        """The words of the best concept, with what tells the cluster apart: ``artifact (covering)``."""
        return f"{self.best.name} ({self.apart})" if self.apart else self.best.name

    @property
    def stands_out(self) -> bool:
        """Whether the label is better than chance would have it, and not by a little."""
        return self.q <= SIGNIFICANT and self.f1_adjusted >= HARDLY_ABOVE_CHANCE

    @property
    def rated(self) -> str:
        """The name as it is shown, with its adjusted F1 where that is defined: ``[bird] 0.07``."""
        return self.shown if math.isnan(self.f1_adjusted) else f"{self.shown} {adjusted_cell(self.f1_adjusted)}"

    @property
    def shown(self) -> str:
        """The name, in brackets if it does not stand out from chance: ``[bird]``."""
        return self.name if self.stands_out else f"[{self.name}]"


@dataclass(frozen=True, kw_only=True)
class ConceptLabels:
    """Names for the clusters, for every k; of several seeds the one that agrees best with the others is named.

    Attributes:
        clusters: k to the labels of its clusters, largest cluster first.
        seeds: k to the seed of its clustering.
        classes: Synset ids of the classes.
        class_names: Their words.
        n_draws: Number of random clusters behind each p; 0 where labels were not tested.
        provenance: That of the clusterings, with the ontology.
    """

    clusters: Mapping[int, tuple[ClusterLabel, ...]]
    seeds: Mapping[int, int]
    classes: tuple[str, ...]
    class_names: tuple[str, ...]
    provenance: Provenance
    n_draws: int = 0

    @property
    def n_labels(self) -> int:
        """Number of labels, over all k."""
        return sum(map(len, self.clusters.values()))

    @property
    def n_standing_out(self) -> int:
        """Number of labels that stand out from chance."""
        return sum(label.stands_out for labels in self.clusters.values() for label in labels)

    def brackets(self, most: int | None = None) -> str:
        """Returns a line on what brackets around a name mean, and how many names have them; empty if none has.

        Args:
            most: Largest k that is shown; None for all.
        """
        weak = [(k, label) for k, of_k in self.clusters.items() for label in of_k if not label.stands_out]
        if not weak:
            return ""
        untested = any(math.isnan(label.p) for _, label in weak)
        alone = ", or chance leaves nothing to gain, as for a single class" if untested else ""
        said = f"In brackets: labels that do not stand out from chance ({NOT_STANDING_OUT}{alone})"
        everywhere = f"{len(weak)} of {self.n_labels} labels"
        here = [k for k in self.clusters if most is None or k <= most]
        if len(here) == len(self.clusters):
            return f"{said}; {everywhere}."
        n_here = sum(len(self.clusters[k]) for k in here)
        return f"{said}; {sum(k in here for k, _ in weak)} of these {n_here}, over all k {everywhere}."

    def rows(self) -> list[dict[str, Any]]:
        """Returns one row per k, cluster and concept: rank 1 is the label, the rest are runners-up, without a test."""
        return [
            {"k": k, "cluster": label.cluster, "size": len(label.members), "rank": rank, **asdict(match),
             **(_tested(label) if rank == 1 else dict.fromkeys((*TESTED, "stands_out", "apart"), ""))}
            for k, labels in self.clusters.items()
            for label in labels
            for rank, match in enumerate(label.matches, start=1)
        ]  # fmt: skip

    def save(self, path: Path) -> None:
        """Writes one JSON file atomically."""
        clusters = {
            str(k): [
                {**asdict(label), **_without_nan(label), "classes": [self.classes[i] for i in label.members]}
                for label in labels
            ]
            for k, labels in self.clusters.items()
        }
        seeds = {str(k): seed for k, seed in self.seeds.items()}
        value = {"clusters": clusters, "seeds": seeds, "classes": self.classes, "class_names": self.class_names}
        write_json(path, {**value, "n_draws": self.n_draws, "provenance": dict(self.provenance)})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            InputError: If the file is truncated or foreign.
        """
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            clusters = {int(k): tuple(map(_read_label, labels)) for k, labels in value["clusters"].items()}
            return cls(
                clusters=dict(sorted(clusters.items())),
                seeds={int(k): seed for k, seed in value["seeds"].items()},
                classes=tuple(value["classes"]),
                class_names=tuple(value["class_names"]),
                provenance=value["provenance"],
                n_draws=int(value["n_draws"]),
            )
        except KeyError as error:
            raise InputError(f"{path} lacks {error}, as those of an earlier version: run evaluate.py again") from error
        except (ValueError, TypeError) as error:
            raise InputError(f"{path} is no file of concept labels ({error})") from error


def _tested(label: ClusterLabel) -> dict[str, Any]:
    return {**{name: getattr(label, name) for name in TESTED}, "stands_out": label.stands_out, "apart": label.apart}


def _without_nan(label: ClusterLabel) -> dict[str, float | None]:
    """Returns what is tested as JSON knows it: there is no NaN in it."""
    return {name: json_number(getattr(label, name)) for name in TESTED}


def _read_label(value: Mapping[str, Any]) -> ClusterLabel:
    tested = {name: math.nan if value[name] is None else float(value[name]) for name in TESTED}
    matches = [ConceptMatch(**{**match, "same_extent": tuple(match["same_extent"])}) for match in value["matches"]]
    return ClusterLabel(
        cluster=value["cluster"],
        members=tuple(value["members"]),
        matches=tuple(matches),
        apart=str(value["apart"]),
        **tested,
    )
