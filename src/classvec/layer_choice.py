"""The layers to compare classes by: a group of the network's, or those that the user names."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from classvec import settings
from classvec.errors import InputError, unknown
from classvec.instantiate import instantiate, plain

if TYPE_CHECKING:
    from classvec.analyses.subsets import SubsetRanking
    from classvec.networks.network import Architecture


LARGEST_WEIGHT = 1_000_000
"""Beyond, the other layers are lost in rounding."""


@dataclass(frozen=True, kw_only=True)
class LayerChoice:
    """The layers to compare classes by.

    Attributes:
        group: Name of the group that was asked for.
        names: The layers, low to top.
        weights: Layer to weight; None for equal weights.
        ranking: Ranks all subsets of these layers; None for none.
    """

    group: str
    names: list[str]
    weights: dict[str, float] | None
    ranking: "SubsetRanking | None"


def choose_layers(cfg: DictConfig, network: "Architecture") -> LayerChoice:
    """Returns the layers to compare classes by, with the names that a group stands for.

    Raises:
        InputError: If no layer is named, one is named twice, there is no such group, or weights do not fit the layers.
    """
    chosen, groups = settings.Layers(**plain(cfg.layers)), network.layer_groups
    if chosen.names is None and chosen.name not in groups:
        raise unknown(f"group of layers of {network.name} in layers.name", chosen.name, groups)
    names = list(groups[chosen.name] if chosen.names is None else chosen.names)
    if not names or len(set(names)) != len(names):
        raise InputError(f"layers.names={names}: expected one or more layers, each once")
    weights = _layer_weights(chosen.weights, names)
    ranking = instantiate(cfg.layers.get("subsets"))
    if ranking and weights and min(weights.values()) == 0.0:
        raise InputError("layers.weights of 0 with layers=subsets: omit the layer with layers.names=[...]")
    return LayerChoice(group=chosen.name, names=names, weights=weights, ranking=ranking)


def _layer_weights(weights: Any, names: list[str]) -> dict[str, float] | None:
    if not weights:
        return None
    if not (isinstance(weights, dict) and all(isinstance(value, int | float) for value in weights.values())):
        raise InputError(
            f"layers.weights={weights}: expected a number for each layer, like 'layers.weights={{conv5_4:2}}'"
        )
    if strange := [name for name in weights if name not in names]:
        raise unknown("layer in layers.weights", strange[0], names)
    if large := {name: value for name, value in weights.items() if not abs(value) <= LARGEST_WEIGHT}:
        raise InputError(f"layers.weights={large}: expected weights of at most {LARGEST_WEIGHT:,}")
    return {str(name): float(value) for name, value in weights.items()}


def group_name(network: "Architecture", chosen: LayerChoice) -> str:
    """Returns the name of the layers in tables; nothing for a network of one layer."""
    if len(network.named_layers) == 1:
        return ""
    group = chosen.group if chosen.names == list(network.layer_groups.get(chosen.group, ())) else "+".join(chosen.names)
    group = f"subsets of {group}" if chosen.ranking else group
    return f"{group} {chosen.weights}" if chosen.weights else group
