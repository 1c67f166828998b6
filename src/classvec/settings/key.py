"""How a key is declared: name, type, default, meaning and check in one place."""

import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import Enum
from numbers import Integral, Real
from pathlib import Path
from types import UnionType
from typing import Any, ClassVar, get_type_hints

from classvec.errors import InputError

REQUIRED = "???"
"""Hydra's mark of a value that the user must give."""

LIMITS = {"at_least": "at least", "above": "more than", "at_most": "at most", "below": "less than"}
"""Name of a limit to its words."""


def key(
    default: Any,
    meaning: str,
    *,
    affects_results: bool = True,
    **limits: float,
) -> Any:
    """Declares a key of a settings class.

    Args:
        default: Its default; a list or dict is copied for each instance, `REQUIRED` means that there is none.
        meaning: What it means, in one line; `python -m classvec keys` prints it.
        affects_results: Whether another value can change what a job computes. A folder cannot, nor can weights, whose
            content counts and not their path.
        **limits: Limits of a number, or of a list's items, by the names in `LIMITS`.
    """
    words = {LIMITS[name]: limit for name, limit in limits.items()}
    metadata = {"meaning": meaning, "affects_results": affects_results, "limits": words}
    if isinstance(default, list | dict):
        return field(default_factory=lambda: type(default)(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def seed_key(default: int | list[int] | None, meaning: str, **options: bool) -> Any:
    """Declares a key that is a seed: a whole number of 32 bits, which every library takes."""
    return key(default, meaning, at_least=0, at_most=2**32 - 1, **options)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The keys of a configuration group, checked when an instance is made.

    A settings class is Hydra's schema of its group, and the base class of what it configures (or its one argument, for
    a data set). It imports nothing heavy.

    Raises:
        InputError: If a value is missing, of another type, out of its range or not finite; the message names the key.
    """

    group: ClassVar[str] = ""

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for entry in fields(self):
            hint = hints[entry.name]
            words = _enum(hint)
            value = getattr(self, entry.name)
            if words is not None and not isinstance(value, words) and not (value is None and _may_be_none(hint)):
                object.__setattr__(self, entry.name, self._word(entry.name, value, words, _may_be_none(hint)))
            else:
                self._check(entry.name, value, hint, entry.metadata.get("limits", {}))

    @classmethod
    def key_name(cls, name: str) -> str:
        """Returns a key as it is written on the command line, such as ``trainer.batch_size``."""
        return f"{cls.group}.{name}" if cls.group else name

    def _word(self, name: str, value: Any, words: type[Enum], optional: bool) -> Enum:
        try:
            return words(value)
        except ValueError:
            known = ", ".join(word.value for word in words) + (", null" if optional else "")
            raise InputError(f"{self.key_name(name)}={value}: expected one of {known}") from None

    def _check(self, name: str, value: Any, hint: Any, limits: Mapping[str, float]) -> None:
        if isinstance(value, str) and value == REQUIRED:
            raise InputError(f"{self.key_name(name)} is not set: give {self.key_name(name)}=..., {meaning(self, name)}")
        expected = _within(limits)
        if not _fits_type(value, hint):
            raise InputError(f"{self.key_name(name)}={value!r}: expected {_type_name(hint)}")
        if isinstance(value, str) and Path in getattr(hint, "__args__", ()):
            check_path(self.key_name(name), value)
        numbers = value if isinstance(value, list | tuple) else [value]
        for number in numbers:
            if isinstance(number, Real) and not math.isfinite(number):
                raise InputError(
                    f"{self.key_name(name)}={value}: expected a finite number{expected and ', '}{expected}"
                )
            if isinstance(number, Real) and not all(_WITHIN[w](number, limit) for w, limit in limits.items()):
                raise InputError(f"{self.key_name(name)}={value}: expected {expected}")


NAME = re.compile(r"[^\x00-\x1f\x7f/\\]{1,120}")
"""What can be the name of something: it becomes part of file names, and stands in titles and tables."""


def check_name(settings: Settings, *names: str) -> None:
    """Refuses names that could not be part of a file's name.

    Raises:
        InputError: If one is empty, longer than 120 characters, or has a slash or a control character.
    """
    for name in names:
        value = getattr(settings, name)
        if value is not None and not (NAME.fullmatch(value) and value.strip(" .")):
            raise InputError(
                f"{settings.key_name(name)}={value!r}: expected a name of 1 to 120 characters, without slashes"
            )


def check_path(key: str, path: str) -> None:
    """Refuses what no file can be called, and the empty path, which would be the working directory.

    Raises:
        InputError: If a path is such.
    """
    if not path.strip() or "\0" in path:
        raise InputError(f"{key}={path!r}: expected a path")


def each_once(settings: Settings, *names: str) -> None:
    """Refuses lists that are empty or repeat an item.

    Raises:
        InputError: If one of these lists does.
    """
    for name in names:
        values = getattr(settings, name)
        if values is not None and (not values or len(set(values)) < len(values)):
            raise InputError(f"{settings.key_name(name)}={list(values)}: expected one or more values, each once")


_WITHIN = {
    "at least": lambda value, limit: value >= limit,
    "more than": lambda value, limit: value > limit,
    "at most": lambda value, limit: value <= limit,
    "less than": lambda value, limit: value < limit,
}


def expected(settings: type[Settings], name: str) -> str:
    """Returns in words what values a key takes."""
    hint = get_type_hints(settings)[name]
    if (words := _enum(hint)) is not None:
        return f"one of {', '.join(word.value for word in words)}{', null' * _may_be_none(hint)}"
    limits = next(entry.metadata.get("limits", {}) for entry in fields(settings) if entry.name == name)
    return ", ".join(filter(None, [_type_name(hint), _within(limits)]))


def _within(limits: Mapping[str, float]) -> str:
    return " and ".join(f"{words} {limit}" for words, limit in limits.items())


def meaning(settings: Settings | type[Settings], name: str) -> str:
    """Returns what a key means."""
    return next(str(entry.metadata.get("meaning", "")) for entry in fields(settings) if entry.name == name)


def default(settings: type[Settings], name: str) -> Any:
    """Returns the default of a key, `REQUIRED` if it has none."""
    entry = next(entry for entry in fields(settings) if entry.name == name)
    return entry.default if entry.default_factory is MISSING else entry.default_factory()


def without_effect(settings: type[Settings]) -> set[str]:
    """Returns the keys that cannot change what a job computes."""
    return {entry.name for entry in fields(settings) if not entry.metadata.get("affects_results", True)}


def _enum(hint: Any) -> type[Enum] | None:
    """Returns the enum that is declared, alone or with None; None if there is none."""
    options = hint.__args__ if isinstance(hint, UnionType) else (hint,)
    return next((one for one in options if isinstance(one, type) and issubclass(one, Enum)), None)


def _may_be_none(hint: Any) -> bool:
    return isinstance(hint, UnionType) and type(None) in hint.__args__


_PLAIN: Mapping[Any, type] = {int: Integral, float: Real, str: str, bool: bool, type(None): type(None)}


def _fits_type(value: Any, hint: Any) -> bool:
    """Returns whether a number, word or list has the type that is declared; other types check themselves."""
    options = getattr(hint, "__args__", ()) if not hasattr(hint, "__origin__") else ()
    if options:
        return any(_fits_type(value, option) for option in options)
    if getattr(hint, "__origin__", None) is list:
        return isinstance(value, list | tuple) and all(_fits_type(item, hint.__args__[0]) for item in value)
    if hint in (int, float) and isinstance(value, bool):
        return False
    kind = _PLAIN.get(hint, hint)
    return kind is Any or not isinstance(kind, type) or isinstance(value, kind)


def _type_name(hint: Any) -> str:
    names = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", type(None): "null"}
    plural = {int: "whole numbers", float: "numbers", str: "texts"}
    if options := getattr(hint, "__args__", ()) if not hasattr(hint, "__origin__") else ():
        found = ["a path" if option is Path else _type_name(option) for option in options]
        return " or ".join(name for name in found if not (name == "a text" and "a path" in found))
    if getattr(hint, "__origin__", None) is list:
        return f"a list of {plural.get(hint.__args__[0], 'values')}"
    if getattr(hint, "__origin__", None) is dict:
        return "a mapping, {name: value}"
    return str(names.get(hint, getattr(hint, "__name__", hint)))
