"""From a node of a configuration to what its ``_target_`` makes: the only room that calls what a file names."""

import inspect
import traceback
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, get_type_hints

from omegaconf import DictConfig, OmegaConf

from classvec.errors import InputError
from classvec.settings import REQUIRED, Settings


def instantiate(node: DictConfig | None, **parts: Any) -> Any:
    """Calls what a node's ``_target_`` names, and before it what the nodes inside name.

    Its keys are the arguments; a target with a parameter ``settings`` gets them as the settings class that it declares.
    With ``_partial_: true`` it is not called, but bound to its arguments.

    Args:
        node: The node; without a target it stands for nothing.
        **parts: Built objects, for targets with a parameter of that name.

    Returns:
        What the target returned; None without a target.

    Raises:
        InputError: If the target cannot be imported, or refuses its keys.
    """
    if not isinstance(node, DictConfig | None):
        raise InputError(f"{node!r}: expected keys with a _target_")
    keys = {} if node is None else plain(node)
    return _built(keys, parts) if keys.get("_target_") else None


def _built(value: Any, parts: Mapping[str, Any]) -> Any:
    """Builds plain containers; nothing in them is read as an interpolation again."""
    if isinstance(value, list):
        return [_built(item, parts) for item in value]
    if not isinstance(value, dict):
        return value
    arguments = {key: _built(item, parts) for key, item in value.items() if key not in ("_target_", "_partial_")}
    return _called(value["_target_"], arguments, parts, value) if value.get("_target_") else arguments


def _called(name: str, arguments: dict[str, Any], parts: Mapping[str, Any], node: Mapping[str, Any]) -> Any:
    target = _imported(name)
    if node.get("_partial_"):
        return partial(target, **arguments)
    given = {part: value for part, value in parts.items() if part in inspect.signature(target).parameters}
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
        cause = error.__cause__ or error
        frame = traceback.extract_tb(cause.__traceback__)[-1]
        where = f" ({frame.filename}, line {frame.lineno})" if not isinstance(cause, ImportError) else ""
        raise InputError(f"_target_={name} cannot be imported: {' '.join(str(cause).split())}{where}") from error


def _bind(name: str, target: Any, arguments: Mapping[str, Any]) -> None:
    """Refuses arguments that do not fit a signature.

    Raises:
        InputError: If one is unknown or missing.
    """
    try:
        inspect.signature(target).bind(**arguments)
    except TypeError as error:
        raise InputError(f"the keys of _target_={name} do not fit it: {error}") from None


def require(thing: object, protocol: type, what: str) -> Any:
    """Returns an object if it has all members of a protocol.

    Raises:
        InputError: If it lacks some; the message names them.
    """
    members = {*getattr(protocol, "__annotations__", {}), *(n for n in vars(protocol) if not n.startswith("_"))}
    if missing := sorted(name for name in members if not hasattr(thing, name)):
        wanted = f"{protocol.__module__}.{protocol.__qualname__}"
        raise InputError(
            f"{what} {type(thing).__qualname__} lacks {', '.join(missing)}: expected all members of {wanted}"
        )
    return thing


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
