"""The protocol of a metric, and the similarity of classes over some layers.

A metric computes one matrix per layer and combines those of any group of layers, so that no layer is read twice.
"""

from collections.abc import Mapping
from typing import Protocol

from classvec.artifacts import ClassVectors, Float64, LayerBlock, Similarity
from classvec.errors import InputError, unknown


class Metric(Protocol):
    """A way to compare classes; any object with these members is one."""

    @property
    def name(self) -> str:
        """Its name, in tables and provenance."""

    @property
    def kind(self) -> str:
        """What its values are.

        ``similarity`` (larger is more alike), ``centred`` (a similarity whose negative values mean unlike), or
        ``distance``.
        """

    @property
    def power(self) -> int | None:
        """Of a distance, the power to which it is a squared Euclidean distance; None for a similarity."""

    @property
    def keeps(self) -> str:
        """Name of the layer matrices that it works on.

        Metrics that keep the same share them; whatever changes these matrices must change the name.
        """

    def matrix(self, block: LayerBlock) -> Float64:
        """Computes one layer's matrix, which is kept beside the class vectors.

        Returns:
            Of shape (n_classes, n_classes), float64.
        """
        ...

    def combine(self, matrices: Mapping[str, Float64], vectors: ClassVectors, weights: Mapping[str, float]) -> Float64:
        """Combines layers.

        Args:
            matrices: Layer name to what `matrix` returned; not to be changed.
            vectors: The class vectors they come from; of halves of the images, their norms alone.
            weights: Layer name to weight, for each of these layers: not negative, not all zero.

        Returns:
            Of shape (n_classes, n_classes), float64, symmetric; on the diagonal 1, or 0 for a distance.
        """
        ...


def compare(
    metric: Metric,
    matrices: Mapping[str, Float64],
    vectors: ClassVectors,
    weights: Mapping[str, float] | None = None,
) -> Similarity:
    """Compares the classes over some layers.

    Args:
        metric: How.
        matrices: Layer name to the metric's matrix of it, for the layers to combine.
        vectors: The class vectors they come from.
        weights: Layer name to weight; a layer that is not named has weight 1.

    Raises:
        InputError: If there is no layer, or weights name other layers, are negative or all zero.
    """
    values = metric.combine(matrices, vectors, _checked_weights(matrices, weights))
    used = {"metric": metric.name, "kind": metric.kind, "power": metric.power, "layers": list(matrices)}
    paths = {name: vectors.layers[name].path for name in matrices}  # a layer may have several names
    return Similarity(
        values=values,
        classes=vectors.classes,
        metric=metric.name,
        kind=metric.kind,
        power=metric.power,
        layers=tuple(matrices),
        provenance={
            **vectors.provenance,
            **used,
            "paths": paths,
            "layer_weights": None if weights is None else dict(weights),
        },
    )


def shared_layers(one: Similarity, other: Similarity) -> tuple[str, ...]:
    """Returns the layers behind two similarities that are the same: one module of one network, with the same weights.

    Images, input, pooling, metric and clustering do not count: whatever they are, the two look through the same layer.
    A layer of weight 0 is not behind a similarity. One whose provenance names no network shares none. Weights are those
    of the whole network: one whose head alone was fitted anew counts as another, although its layers are the same.

    Returns:
        Their names in the first.
    """
    known, found = _modules(one), set(_modules(other).values())
    return tuple(name for name, module in known.items() if module in found)


def _modules(similarity: Similarity) -> dict[str, tuple[str, ...]]:
    """Returns name of each layer behind a similarity to what identifies its module."""
    known = similarity.provenance
    if "network" not in known:
        return {}
    network = tuple(str(known[key]) for key in ("network", "weights_hash", "made_by"))
    weights = known["layer_weights"] or {}
    return {name: (*network, known["paths"][name]) for name in similarity.layers if weights.get(name, 1.0) > 0.0}


def _checked_weights(matrices: Mapping[str, Float64], weights: Mapping[str, float] | None) -> dict[str, float]:
    if not matrices:
        raise InputError("no layer to compute a similarity from")
    weight = {**dict.fromkeys(matrices, 1.0), **(weights or {})}
    for name in weight:
        if name not in matrices:
            raise unknown("layer in layers.weights", name, matrices)
    if not weight or min(weight.values()) < 0.0 or sum(weight.values()) <= 0.0:
        raise InputError(f"layers.weights must not be negative, nor all zero; found {weight}")
    return weight
