"""A run: what it found and how it is known."""

from collections.abc import Mapping
from dataclasses import dataclass

from classvec.artifacts.clusterings import Clusterings
from classvec.artifacts.concepts import ConceptLabels
from classvec.artifacts.resampled_scores import ResampledScores
from classvec.artifacts.scores import Scores
from classvec.artifacts.vectors import ClassVectors, Neighbours, Similarity

Point = tuple[str, float, int]
"""Name, value and step of a point of a curve; a headline figure is named ``summary/...`` and has step 0."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """All that one run finds out about one network and one choice of layers.

    Attributes:
        vectors: The class vectors.
        similarity: Similarities of the classes over the chosen layers.
        neighbours: Nearest classes of each class.
        clusterings: Clusters for every k and seed.
        labels: Names of the clusters.
        scores: F1 against chance, for every k.
        resampled: Scores of half-samples of the classes, behind the intervals; None if there are none.
    """

    vectors: ClassVectors
    similarity: Similarity
    neighbours: Neighbours
    clusterings: Clusterings
    labels: ConceptLabels
    scores: Scores
    resampled: ResampledScores | None = None


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """The command that a run belongs to: one run, or the jobs of a sweep.

    Attributes:
        name: Name of its folder, for people; another command may have the same.
        id: Unique; letters, digits, dashes, underscores and dots.
    """

    name: str
    id: str


@dataclass(frozen=True, kw_only=True)
class RunCard:
    """How a run is known to people and to the tracking store.

    Attributes:
        name: Name that tells it apart from the other runs of a sweep.
        sweep: The command that it belongs to.
        choices: The few choices that matter, as they are compared in tables.
        data: Name of the data set.
        data_source: Where it lies.
        config: The whole configuration, as YAML.
        control: Whether the network has no trained weights.
        identity: The same for all runs of the same job: same settings, same inputs, same code.
        owner: Who holds the locks of the jobs of this folder of outputs; empty before the work begins.
    """

    name: str
    sweep: Sweep
    choices: Mapping[str, str]
    data: str
    data_source: str
    config: str
    control: bool = False
    identity: str = ""
    owner: str = ""
