"""Errors that a user can fix: each names the thing, what was expected, what it got and what to do."""

import difflib
import re
from collections.abc import Iterable

SURROGATE = re.compile("[\udc80-\udcff]")
"""How Python keeps a byte of a file's name that is not UTF-8."""


def shown(path: object) -> str:
    r"""Returns a path, or a name in one, as one line of text that every file, terminal and store takes.

    A byte that is not UTF-8 is shown as ``\xe9``, a control character as ``\n`` or ``\x1b``, any other without a sign
    of its own as ``\u202f``, and a backslash as two, so that no two names look alike. All else is shown as it is.
    """
    text = str(path).replace("\\", "\\\\")
    return text if text.isprintable() else writable("".join(map(_shown_sign, text)))


def _shown_sign(sign: str) -> str:
    if sign.isprintable() or SURROGATE.match(sign):
        return sign
    return repr(sign)[1:-1] if sign.isascii() else f"\\u{ord(sign):04x}"


def writable(text: str) -> str:
    """Returns text in which bytes of names that are not UTF-8 are shown, as in `shown`, and all else is as it is."""
    return SURROGATE.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", text)


class InputError(ValueError):
    """Something the user gave cannot be used; the message is all that needs to be shown."""

    def __init__(self, message: str) -> None:
        super().__init__(writable(message))


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
