"""The keys of a composed configuration: checked, and without those that cannot change results."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from omegaconf import DictConfig, OmegaConf

from classvec import settings
from classvec.errors import InputError, unknown
from classvec.instantiate import plain

T = TypeVar("T", bound=settings.Settings)
GROUPS = [entry.name for entry in fields(settings.Run) if settings.meaning(settings.Run, entry.name) == settings.GROUP]
"""Groups of the configuration."""


def check(cfg: DictConfig) -> None:
    """Checks all values that have a schema, without importing anything heavy.

    Raises:
        InputError: If a value is missing, out of range or not finite; the message names the key.
    """
    run_settings(cfg)
    nodes = [cfg[group] for group in GROUPS]
    for node in [*nodes, cfg.layers.get("subsets"), cfg.reconstruction.get("judge")]:
        kind = OmegaConf.get_type(node) if isinstance(node, DictConfig) else None
        if isinstance(kind, type) and issubclass(kind, settings.Settings):
            _made(kind, plain(node))
    if cfg.reconstruction.get("judge") and not cfg.reconstruction.get("_target_"):
        raise InputError("a judge of reconstructions, but no reconstructions: add reconstruction=spectrum")


def run_settings(cfg: DictConfig) -> settings.Run:
    """Returns the keys at the top of a configuration, checked."""
    keys = plain(cfg)
    keys["chance"] = _made(settings.Chance, keys.get("chance", {}))
    keys["report"] = _made(settings.Report, keys.get("report", {}))
    return settings.Run(**{entry.name: keys[entry.name] for entry in fields(settings.Run) if entry.name in keys})


def _made(kind: type[T], keys: Mapping[str, Any]) -> T:
    """Makes settings of their keys.

    Raises:
        InputError: If a value does not fit, or a key is unknown: one that ``+`` forces upon a schema.
    """
    known = [entry.name for entry in fields(kind)]
    if foreign := [key for key in keys if key not in known]:
        raise unknown(f"key of {kind.group}", foreign[0], [name for name in known if not name.startswith("_")])
    return kind(**keys)


def keys_with_effect(cfg: DictConfig) -> dict[str, Any]:
    """Returns the configuration without keys that cannot change what a job computes."""
    keys = {key: value for key, value in plain(cfg).items() if key not in settings.without_effect(settings.Run)}
    for kind in settings.SCHEMAS.values():
        if isinstance(node := keys.get(kind.group), dict):
            for name in settings.without_effect(kind):
                node.pop(name, None)
    if isinstance(judge := keys["reconstruction"].get("judge"), dict):
        judge.pop("weights", None)
    return keys
