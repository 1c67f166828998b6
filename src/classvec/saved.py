"""Configurations that a run has saved, perhaps somebody else's: read, checked, and made to run again."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from classvec.compose import CONF, choices, folders
from classvec.errors import InputError
from classvec.instantiate import plain, targets

PATH, NAME, DIR = ("--config-path", "-cp"), ("--config-name", "-cn"), ("--config-dir", "-cd")


def option(arguments: Sequence[str], names: Sequence[str]) -> str | None:
    """Returns the value of an option of Hydra's on a command line; None if it is not there."""
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name in names:
            return value if equals else next(iter(arguments[position + 1 :]), None)
    return None


def load(path: Path) -> DictConfig:
    """Reads a saved configuration.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it is no configuration.
    """
    try:
        found = OmegaConf.load(path)
    except (YAMLError, OmegaConfBaseException, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(found, DictConfig):
        raise InputError(f"{path}: expected a configuration, got {type(found).__name__}")
    return found


def trust(cfg: DictConfig, config_dir: str | None = None) -> None:
    """Refuses a saved configuration that names other code than conf/ and the user's own configuration folder do.

    It may have been written by somebody else, and whatever it names would be called. Interpolations are resolved
    first, as they are when objects are built; nothing that was resolved is read as a configuration again.

    Raises:
        InputError: If it does.
    """
    known = {name for path in _files(config_dir) for name in targets(OmegaConf.to_container(load(path)))}
    if strange := sorted(set(targets(plain(cfg))) - known):
        raise InputError(
            f"the saved configuration would call {', '.join(strange)}, which conf/ does not: if you trust it, name the "
            "folder of your own configuration with --config-dir"
        )


def _files(config_dir: str | None) -> Iterator[Path]:
    """Yields the files of conf/, and those of the user's folder that lie in groups of conf/."""
    yield from CONF.rglob("*.yaml")
    if config_dir is not None:
        for group in (path for path in CONF.iterdir() if path.is_dir()):
            yield from (Path(config_dir) / group.name).rglob("*.yaml")


def trust_overrides(overrides: Sequence[str], source: Path, config_dir: str | None = None) -> None:
    """Refuses saved overrides that reach beyond conf/ and the user's own configuration folder.

    Args:
        overrides: The overrides.
        source: The file that they were saved in.
        config_dir: The user's own configuration folder, if there is one.

    Raises:
        InputError: If one is an option of Hydra's, sets a key of Hydra's own, or chooses a file elsewhere.
    """
    for override in overrides:
        key, _, value = override.partition("=")
        group = key.lstrip("+~").partition("@")[0]
        is_group = any((folder / group).is_dir() for folder in folders(config_dir))
        known = {*choices(group, config_dir), "null", ""}
        if override.startswith("-") or "hydra" in key or ".." in key:
            raise InputError(f"{source} sets {override!r}, which no run of classvec saves: remove it")
        if is_group and not {choice.strip() for choice in value.strip("[]").split(",")} <= known:
            raise InputError(
                f"{source} chooses {override!r}: expected a file of conf/{group} or of your own --config-dir"
            )


def completed(arguments: Sequence[str], config_dir: str | None = None) -> list[str]:
    """Completes a command line that runs a saved configuration, ``--config-path RUN/.hydra --config-name config``.

    Hydra keeps its own part of a configuration, with folders, callbacks and log formats, in another file; and to Hydra,
    a relative path starts from the script.

    Args:
        arguments: The command line, options first.
        config_dir: The user's own configuration folder, if there is one.

    Raises:
        InputError: If the configuration is not one that a run has saved, or names code that conf/ does not.
        FileNotFoundError: If there is none.
    """
    if (path := option(arguments, PATH)) is None:
        return list(arguments)
    saved = load(_file(path, arguments))
    if {"hydra", "defaults"} & set(saved):
        raise InputError(
            f"--config-path={path}: expected the folder .hydra of a run; for files of your own use --config-dir"
        )
    trust(saved, config_dir)
    own: Any = OmegaConf.to_container(load(CONF / "config.yaml").hydra)
    added = {"hydra.run.dir": own["run"]["dir"], "hydra.sweep.dir": own["sweep"]["dir"]}
    added |= {f"+hydra.callbacks.{name}._target_": node["_target_"] for name, node in own["callbacks"].items()}
    added |= {f"++hydra.job_logging.{key}": f"'{value}'" for key, value in _leaves(own["job_logging"])}
    given = {argument.partition("=")[0] for argument in arguments}
    return [
        f"--config-path={Path(path).absolute()}",
        *_without(arguments, PATH),
        *(f"{key}={value}" for key, value in added.items() if key not in given),
    ]


def is_shared_by_processes(arguments: Sequence[str]) -> bool:
    """Returns whether a command line runs a saved configuration whose processes share the classes."""
    if (path := option(arguments, PATH)) is None:
        return False
    return bool(load(_file(path, arguments)).get("trainer", {}).get("processes", 1) != 1)


def _file(path: str, arguments: Sequence[str]) -> Path:
    name = (option(arguments, NAME) or "config").removesuffix(".yaml")
    return Path(path) / f"{name}.yaml"


def _leaves(node: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _without(arguments: Sequence[str], names: Sequence[str]) -> list[str]:
    """Returns a command line without an option and its value."""
    kept: list[str] = []
    skip = False
    for word in arguments:
        is_option = word.partition("=")[0] in names
        if not (is_option or skip):
            kept.append(word)
        skip = is_option and "=" not in word
    return kept
