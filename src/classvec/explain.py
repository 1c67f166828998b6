"""Hydra's errors in one line: what was given, what was expected, and what to type instead."""

import difflib
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from classvec import settings
from classvec.compose import choices, compose
from classvec.errors import InputError, unknown
from classvec.settings import SCHEMAS

PLAIN = r"[A-Za-z_][A-Za-z0-9_.-]*"
"""Texts that need no quotes."""
KEY = r"[~+]*[A-Za-z_][\w.@/-]*"
LIST_ALL = "python -m classvec keys"
EXAMPLE = f"expected KEY=VALUE, such as clustering.k=[2,5]; {LIST_ALL} lists all keys"


def check(overrides: Sequence[str]) -> None:
    """Refuses what Hydra's grammar does not take, and shows how it is to be typed.

    Args:
        overrides: Words of the command line that are no options.

    Raises:
        InputError: If one cannot be read; it shows the word as it is to be typed in a shell.
    """
    for word in overrides:
        override = _parsed(word)
        key, equals, value = word.partition("=")
        if override is None or not key:
            raise InputError(f"{word}: {_advice(key, value) if equals and re.fullmatch(KEY, key) else EXAMPLE}")
        group = choices(override.key_or_group)
        if group and not override.is_delete() and not _names(override):
            raise unknown(override.key_or_group, value, group)


def _advice(key: str, value: str) -> str:
    """Says what to type instead of a value that Hydra's grammar does not take."""
    key = key.lstrip("+~")
    if group := choices(key):
        return str(unknown(key, value, group))
    expected = next(_expected(key), "a text")
    if expected.startswith("a list of texts"):
        quoted = _items_in_quotes(key, value)
    else:
        quoted = in_quotes(key, value) if "text" in expected or "path" in expected else ""
    if not quoted:
        return f"expected {expected}{f', such as {key}=[2,5]' if 'whole numbers' in expected else ''}"
    return f"a value with such characters needs quotes, one pair for Hydra and one for the shell: {quoted}"


def in_quotes(key: str, value: str) -> str:
    """Returns an override as it is to be typed in a shell for its value to be taken as it is; empty if it cannot."""
    word = f"{key}={_quoted(value)}"
    return shlex.quote(word) if _parsed(word) else ""


def _items_in_quotes(key: str, value: str) -> str:
    """Returns a list of texts as it is to be typed, each item that needs it in quotes; empty if it is none."""
    items = [item.strip() for item in value[1:-1].split(",")]
    if not (value.startswith("[") and value.endswith("]")) or any(item[:1] in set("'\"[{") for item in items):
        return ""
    word = f"{key}=[{','.join(item if re.fullmatch(PLAIN, item) else _quoted(item) for item in items)}]"
    return shlex.quote(word) if _parsed(word) else ""


def _quoted(value: str) -> str:
    """Returns a text in Hydra's double quotes."""
    value = re.sub(r'(\\*)("|$)', lambda found: found[1] * 2 + ('\\"' if found[2] else ""), value)
    return f'"{value}"'.replace("${", r"\${")


def _parsed(word: str) -> Override | None:
    try:
        return OverridesParser.create().parse_override(word)
    except HydraException:
        return None


def _names(override: Override) -> bool:
    """Returns whether a choice is a name, a list of names or a sweep over some."""
    value = override.value()
    names = value if isinstance(value, list) else [value]
    return override.is_sweep_override() or all(name is None or isinstance(name, str) for name in names)


def explain(error: Exception, overrides: Sequence[str] = (), config_dir: str | None = None) -> str:
    """Returns an error of Hydra's or OmegaConf's in one line that says what to do.

    Args:
        error: The error.
        overrides: The command line; which keys exist depends on the files that it chooses.
        config_dir: The user's own configuration folder, if there is one.
    """
    messages = [" ".join(str(error).split())]
    last = error
    while last.__cause__ is not None:
        last = last.__cause__  # type: ignore[assignment]
        messages.append(" ".join(str(last).split()))
    text = ": ".join(part for i, part in enumerate(messages) if not any(part in other for other in messages[:i]))
    values = {key.lstrip("+"): value for key, _, value in (word.partition("=") for word in overrides)}
    if found := re.search(r"Could not find '([^'@]+)/([^'/]+)'", text):
        return str(unknown(found[1], found[2], choices(found[1], config_dir)))
    if found := re.search(r"Could not override '([^'@]+)", text):
        return _unknown_key(found[1], overrides, config_dir)
    if found := re.search(r"Ambiguous value for argument '([^=]+)=(.*?)' 1\.", text):
        key, value = found[1], found[2]
        return (
            f"{key}={value}: several values are a sweep, which needs -m; for a list write {key}=[{value}], for one "
            f"text quote it: {in_quotes(key, value)}"
        )
    if found := re.search(r"full_key: (\S+) (?:reference_type=\S+ )?object_type=(\w+)", text):
        key = found[1]
        return _of_wrong_type(key, values.get(key, ""), found[2]) or text
    if not isinstance(error, HydraException | OmegaConfBaseException):
        return f"{' '.join(overrides)}: cannot be composed to a configuration ({text or type(error).__name__})"
    return text


def _of_wrong_type(key: str, value: str, kind_name: str) -> str:
    """Says what a value should have been; returns nothing about keys that are not ours."""
    kind = next((kind for kind in SCHEMAS.values() if kind.__name__ == kind_name), None)
    name = key.rpartition(".")[2]
    if kind is None or not _has(kind, name):
        return ""
    expected = settings.expected(kind, name)
    hint = ""
    of_numbers, of_texts = (f"a list of {what}" in expected for what in ("whole numbers", "texts"))
    if of_numbers and value and not value.isdecimal() and value[0] != "[":
        hint = f"; such as {key}=[2,5]"
    elif of_numbers and value.isdecimal() or of_texts and re.fullmatch(r"[\w.-]+", value):
        hint = f"; write {key}=[{value}]"
    elif ("text" in expected or "path" in expected) and value[:1] in {"[", "{"}:
        hint = f"; a text with such characters needs quotes: {in_quotes(key, value)}"
    return f"{key}={value}: expected {expected}{hint}"


def _unknown_key(key: str, overrides: Sequence[str], config_dir: str | None) -> str:
    """Says that a key is unknown, and names the nearest."""
    try:
        known = list(_keys(compose(_groups(overrides, config_dir), config_dir)))
    except (HydraException, OmegaConfBaseException, InputError):
        known = []
    group, _, name = key.partition(".")
    near = difflib.get_close_matches(key, known, n=3, cutoff=0.6)
    elsewhere = [kind.__name__ for kind in SCHEMAS.values() if kind.group == group and _has(kind, name)]
    hint = f"it is a key of {' and '.join(elsewhere)}. " if elsewhere else ""
    hint = hint or (f"did you mean {' or '.join(near)}? " if near else "")
    command = f"{LIST_ALL} {group}" if any(kind.group == group for kind in SCHEMAS.values()) else LIST_ALL
    return f"unknown key {key!r}: {hint}To list all: {command}"


def _has(kind: type[settings.Settings], name: str) -> bool:
    return name in {entry.name for entry in fields(kind)}


def _expected(key: str) -> Iterator[str]:
    """Yields what values a key takes, of each group that has one of that name."""
    for kind in SCHEMAS.values():
        for entry in fields(kind):
            if kind.key_name(entry.name) == key:
                yield settings.expected(kind, entry.name)


def _groups(overrides: Sequence[str], config_dir: str | None) -> list[str]:
    """Returns what overrides choose of the groups, of a sweep the first choice."""
    pairs = [(group, chosen.split(",")[0]) for group, _, chosen in (entry.partition("=") for entry in overrides)]
    return [f"{group}={choice}" for group, choice in pairs if choice in choices(group, config_dir)]


def _keys(node: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(node, DictConfig):
        for key in map(str, node):
            yield f"{prefix}{key}"
            if not OmegaConf.is_missing(node, key) and not OmegaConf.is_interpolation(node, key):
                yield from _keys(node[key], f"{prefix}{key}.")
