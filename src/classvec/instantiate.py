"""From a node of a configuration to what its ``_target_`` makes: the only room that calls what a file names."""

import inspect
from collections.abc import Iterator
from typing import Any, get_type_hints

from omegaconf import DictConfig, OmegaConf

from classvec.errors import InputError
from classvec.settings import REQUIRED, Settings


def instantiate(node: DictConfig | None, **parts: Any) -> Any:
    """Calls what a node's ``_target_`` names.

    Its keys are the arguments; a target with a parameter ``settings`` gets them as the settings class that it declares.

    Args:
        node: The node; without a target it stands for nothing.
        **parts: Built objects, for targets with a parameter of that name.

    Returns:
        What the target returned; None without a target.

    Raises:
        InputError: If the target cannot be imported, or refuses its keys.
    """
    keys = {} if node is None else plain(node)
    name = keys.get("_target_")
    if not name:
        return None
    target = _imported(name)
    asked = inspect.signature(target).parameters
    given = {part: value for part, value in parts.items() if part in asked}
    arguments = _nested({key: value for key, value in keys.items() if key not in ("_target_", "_partial_")})
    if (kind := _settings_of(target)) is not None:
        _bind(name, kind, arguments)
        return target(kind(**arguments), **given)
    if missing := [key for key, value in arguments.items() if isinstance(value, str) and value == REQUIRED]:
        raise InputError(f"_target_={name}: {', '.join(missing)} not set; give a value on the command line")
    _bind(name, target, {**arguments, **given})
    return target(**arguments, **given)


def _settings_of(target: Any) -> type[Settings] | None:
    """Returns the settings class that a target takes as its argument ``settings``; None if it takes its keys."""
    if "settings" not in inspect.signature(target).parameters:
        return None
    function = inspect.unwrap(getattr(target, "__init__") if isinstance(target, type) else target)  # noqa: B009
    kind = get_type_hints(function).get("settings")
    return kind if isinstance(kind, type) and issubclass(kind, Settings) else None


def _imported(name: str) -> Any:
    from hydra.utils import get_object

    try:
        return get_object(name)
    except Exception as error:  # Hydra raises several kinds, and whatever the module itself raises
        raise InputError(
            f"_target_={name} cannot be imported: {' '.join(str(error.__cause__ or error).split())}"
        ) from error


def _nested(arguments: dict[str, Any]) -> dict[str, Any]:
    """Builds the targets inside the arguments of another one, such as ``architecture.make``."""
    from hydra.errors import InstantiationException
    from hydra.utils import instantiate as hydra_instantiate

    try:
        built: dict[str, Any] = hydra_instantiate(arguments, _convert_="all")
    except InstantiationException as error:
        if isinstance(error.__cause__, InputError | OSError):
            raise error.__cause__ from None
        raise InputError(" ".join(f"{error.__cause__ or ''} {error}".split())) from error
    return built


def _bind(name: str, target: Any, arguments: dict[str, Any]) -> None:
    """Refuses arguments that do not fit a signature.

    Raises:
        InputError: If one is unknown or missing.
    """
    try:
        inspect.signature(target).bind(**arguments)
    except TypeError as error:
        raise InputError(f"the keys of _target_={name} do not fit it: {error}") from None


def targets(node: Any) -> Iterator[str]:
    """Yields every ``_target_`` in plain containers."""
    if isinstance(node, dict):
        if node.get("_target_"):
            yield str(node["_target_"])
        for value in node.values():
            yield from targets(value)
    elif isinstance(node, list):
        for value in node:
            yield from targets(value)


def plain(node: DictConfig) -> dict[str, Any]:
    """Returns a node as plain containers, with interpolations resolved."""
    keys = OmegaConf.to_container(node, resolve=True)
    assert isinstance(keys, dict)
    return {str(key): value for key, value in keys.items()}
