"""Errors that a user can fix: each names the thing, what was expected, what it got and what to do."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Something the user gave cannot be used; the message is all that needs to be shown."""


def shown(path: object) -> str:
    """Returns a path, or a name in one, as text of one line that every file and terminal can take.

    Names of files are bytes: those that are not UTF-8 are shown as ``\\xe9``, control characters as ``\\n`` or
    ``\\x1b``, and a backslash as two, so that no two names look alike. All other names are shown as they are.
    """
    return "".join(map(_shown_character, str(path)))


def _shown_character(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # how Python keeps a byte that is not UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    if character.isprintable() or character == " ":
        return character.replace("\\", "\\\\")
    return character.encode("unicode_escape").decode()


def unknown(kind: str, name: str, choices: Iterable[str]) -> InputError:
    """Makes the error for a name that is not among the choices, with the nearest ones first.

    Args:
        kind: What the name is for, such as ``layer``.
        name: What was given.
        choices: What could have been given.
    """
    known = list(choices)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    listed = ", ".join(known[:40]) + (", ..." if len(known) > 40 else "")
    return InputError(f"unknown {kind} {name!r}: {hint}known: {listed}")
