"""conf/ and the settings become a configuration: where the files lie, which schemas they ask for."""

from collections.abc import Sequence
from dataclasses import field, fields, make_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, DictConfig, OmegaConf

from classvec import settings

PACKAGE = Path(__file__).parent
CHECKOUT = PACKAGE.parents[1]
IS_CHECKOUT = PACKAGE == CHECKOUT / "src" / "classvec" and (CHECKOUT / "conf" / "config.yaml").is_file()
CONF = CHECKOUT / "conf" if IS_CHECKOUT else PACKAGE / "conf"
"""A checkout reads its own conf/, an installed package the copy that its wheel brought."""


def register() -> None:
    """Makes the settings known to Hydra, as ``schema_NAME``."""
    for name, kind in settings.SCHEMAS.items():
        ConfigStore.instance().store(name=f"schema_{name}", node=_schema(kind))


def _schema(kind: type[settings.Settings]) -> DictConfig:
    """Returns a settings class as a schema: it also takes a target, can be written to, and takes paths as text."""
    target = [] if kind in (settings.Run, settings.Layers) else [("_target_", str, MISSING)]
    hints = get_type_hints(kind)
    paths: list[Any] = []
    for entry in fields(kind):
        if Path in (options := get_args(hints[entry.name])):  # OmegaConf takes no number as one of a union
            hint = str | None if type(None) in options else str
            paths.append((entry.name, hint, field(default=entry.default, metadata=dict(entry.metadata))))
    node: DictConfig = OmegaConf.structured(
        make_dataclass(kind.__name__, [*target, *paths], bases=(kind,), frozen=True, kw_only=True)
    )
    for part in (node, *(node[name] for name in ("chance", "report") if name in node)):
        OmegaConf.set_readonly(part, False)
    return node


def folders(config_dir: str | None = None) -> list[Path]:
    """Returns the folders of configuration files: conf/, and the user's own if there is one."""
    return [CONF, *([Path(config_dir)] if config_dir else [])]


def choices(group: str, config_dir: str | None = None) -> list[str]:
    """Returns the files that a group has, by name; none if there is no such group."""
    return sorted(path.stem for folder in folders(config_dir) for path in (folder / group).glob("*.yaml"))


def compose(overrides: Sequence[str], config_dir: str | None = None) -> DictConfig:
    """Composes a configuration without running anything.

    Args:
        overrides: As on the command line.
        config_dir: The user's own configuration folder, if there is one.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    GlobalHydra.instance().clear()
    beside = [f"hydra.searchpath=['{Path(config_dir).absolute()}']"] if config_dir else []
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        return hydra_compose("config", overrides=[*overrides, *beside])


register()  # when imported, since a parallel launcher's processes import this room and call nothing of it
