"""How a run compares, clusters, names and scores its classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from classvec import settings
from classvec.artifacts import ClassVectors, Float64, Similarity
from classvec.method.clustering import Clustering
from classvec.method.similarity import Metric, compare


@dataclass(frozen=True, kw_only=True)
class Method:
    """How class vectors are compared, clustered, named and scored.

    Attributes:
        layers: Layers to compare classes by, low to top.
        layer_weights: Layer name to weight; None for equal weights.
        metric: Compares the classes.
        clustering: Clusters them.
        chance: Draws behind the chance level.
        runners_up: Concepts kept beside the best of each cluster.
        neighbours: Most similar classes to list for each class.
    """

    layers: Sequence[str]
    layer_weights: Mapping[str, float] | None = None
    metric: Metric
    clustering: Clustering
    chance: settings.Chance = field(default_factory=settings.Chance)
    runners_up: int = 4
    neighbours: int = 10

    def compare(
        self, matrices: Mapping[str, Float64], vectors: ClassVectors, layers: Sequence[str] | None = None
    ) -> Similarity:
        """Compares the classes over some of the layers, each with its weight; see `similarity.compare`."""
        names = self.layers if layers is None else layers
        weights = self.layer_weights and {name: self.layer_weights.get(name, 1.0) for name in names}
        return compare(self.metric, {name: matrices[name] for name in names}, vectors, weights)
