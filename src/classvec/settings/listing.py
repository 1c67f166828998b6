"""The list of all keys, for people."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from classvec.errors import unknown
from classvec.settings.key import REQUIRED, Settings, default, meaning
from classvec.settings.run import GROUP

WORDS = {None: "null", True: "true", False: "false", REQUIRED: "required"}
"""Values that are written in YAML otherwise than in Python, and the mark of those that must be given."""


def key_list(schemas: Mapping[str, type[Settings]], composed: Mapping[str, Any], group: str | None = None) -> str:
    """Returns all keys with their defaults and meaning, a line each.

    Args:
        schemas: Name of a schema to its class.
        composed: A composed configuration, unresolved: it has the interpolations that conf/ gives as defaults.
        group: One group alone; None for all.

    Raises:
        InputError: If there is no such group.
    """
    groups = dict.fromkeys(kind.group for kind in schemas.values())
    if group is not None and group not in groups:
        raise unknown("group", group, filter(None, groups))
    lines = []
    for name, kind in schemas.items():
        if group not in (None, kind.group):
            continue
        lines.append(f"\n{kind.group or 'top'}" + (f" ({name})" if name != kind.group else ""))
        node = composed.get(kind.group, {}) if kind.group else composed
        for entry in fields(kind):
            words, value = meaning(kind, entry.name), default(kind, entry.name)
            if value == REQUIRED and isinstance(node.get(entry.name), str):
                value = node[entry.name]  # conf/ sets it, mostly by an interpolation
            if words != GROUP:
                lines.append(f"  {kind.key_name(entry.name):38} {_shown(value):12} {words}")
    return "\n".join(lines)


def _shown(value: object) -> str:
    """Returns a default as it would be written in YAML."""
    return WORDS.get(value, str(value)) if isinstance(value, bool | str | None) else str(value)
