"""A saved run again: from the folder of a run to the command line that repeats it."""

import logging
from collections.abc import Sequence
from pathlib import Path

import yaml
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from classvec import app
from classvec.compose import compose
from classvec.errors import InputError
from classvec.saved import DIR, load, option, trust, trust_overrides

log = logging.getLogger(__name__)
SAVED = ".hydra"
"""Folder of a run in which Hydra keeps its configuration and its overrides."""


def command_line(folder: Path, overrides: Sequence[str]) -> tuple[str, list[str]]:
    """Returns the command that repeats a run.

    The run's own overrides are given again if conf/ still makes the saved configuration of them; other choices of
    groups can then be added. If conf/ has changed since, the saved configuration is run as it stands.

    Args:
        folder: Folder of the run.
        overrides: Further arguments, as for evaluate.py; they win.

    Returns:
        Name of the script, and its arguments.

    Raises:
        InputError: If the folder holds no run, or the saved files name code that conf/ does not.
    """
    saved, given, script = _read(folder)
    config_dir = option(app.options_first(overrides), DIR)
    app.import_beside(config_dir)
    trust(saved, config_dir)
    trust_overrides(given, folder / SAVED / "overrides.yaml", config_dir)
    try:
        composed = compose(given, config_dir)
        same = OmegaConf.create(OmegaConf.to_yaml(composed)) == saved
        trust(composed, config_dir)
    except (HydraException, OmegaConfBaseException):
        same = False
    mode = [] if {"-m", "--multirun"} & set(overrides) else ["hydra.mode=RUN"]  # a figure's experiment would sweep
    if same:
        return script, [*given, *mode, *overrides]
    log.warning(
        "conf/ no longer gives the configuration of %s: running the saved one, in which no group can be chosen", folder
    )
    return script, ["--config-path", str(folder / SAVED), "--config-name", "config", *mode, *overrides]


def _read(folder: Path) -> tuple[DictConfig, list[str], str]:
    """Reads the configuration of a run, its overrides and the name of its script."""
    try:
        saved, hydra = (load(folder / SAVED / f"{name}.yaml") for name in ("config", "hydra"))
        overrides = yaml.safe_load((folder / SAVED / "overrides.yaml").read_text(encoding="utf-8"))  # nothing resolved
        script = str(hydra.hydra.job.name)
    except (OSError, OmegaConfBaseException, AttributeError, yaml.YAMLError) as error:
        raise InputError(
            f"{folder} holds no run that can be repeated ({error}): expected outputs/runs/..., with {SAVED}/config.yaml"
        ) from error
    if script not in ("evaluate", "train") or not isinstance(overrides, list):
        raise InputError(f"{folder} was made by {script}, with the overrides {overrides}: expected evaluate or train")
    return saved, [str(entry) for entry in overrides], script
