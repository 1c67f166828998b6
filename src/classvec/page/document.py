"""The shell of a page: escaped text, style, script and data in one file that asks for nothing from outside."""

import base64
import html
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from classvec.errors import InputError

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; form-action 'none'"
)
"""What the page allows itself: the browser refuses any request that would leave it."""

LARGEST_PICTURE = 400_000
"""Bytes up to which a picture is embedded as it is; a larger one is made smaller."""

PICTURE_WIDTH = 1600
NUMBER = re.compile(r"[-+\d.,<=\[\] ]+( s)?")
"""Cells of numbers, intervals and bounds, which are not broken."""


def document(title: str, body: str, data: Mapping[str, Any], scripts: Sequence[str]) -> str:
    """Returns a whole HTML page.

    Args:
        title: Title, plain text.
        body: Content of the page, HTML.
        data: What the scripts draw, plain JSON values.
        scripts: Names of this room's scripts, in the order to run them.
    """
    code = "\n".join(f"<script>{_resource(name)}</script>" for name in scripts)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{text(title)}</title>
<style>{_resource("page.css")}</style>
</head>
<body>
{body}
<script type="application/json" id="data">{_embedded_json(data)}</script>
<script>{_plotly()}</script>
{code}
</body>
</html>
"""


def text(value: object) -> str:
    """Returns a value as text that can stand anywhere in HTML, between quotes too."""
    return html.escape(str(value), quote=True)


def section(name: str, title: str, *parts: str) -> str:
    """Returns a section with a heading, which links can lead to under its name."""
    name = text(name)
    return f'<section id="{name}" aria-labelledby="{name}-title">\n<h2 id="{name}-title">{text(title)}</h2>\n' + (
        "\n".join(parts) + "\n</section>"
    )


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "") -> str:
    """Returns a table of plain values; a cell that is a `Markup` stands as it is."""
    head = "".join(f'<th scope="col">{text(column)}</th>' for column in columns)
    lines = ["<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows]
    title = f"<caption>{text(caption)}</caption>" if caption else ""
    return (
        f'<div class="wide"><table>{title}<thead><tr>{head}</tr></thead>\n<tbody>'
        + "\n".join(lines)
        + "</tbody></table></div>"
    )


class Markup(str):
    """HTML that was escaped where it had to be."""


def _cell(value: object) -> str:
    if isinstance(value, Markup):
        return f"<td>{value}</td>"
    mark = ' class="number"' if NUMBER.fullmatch(str(value)) else ""
    return f"<td{mark}>{text(value)}</td>"


def fold(summary: str, content: str) -> str:
    """Returns content that unfolds under its summary."""
    return f"<details><summary>{text(summary)}</summary>\n{content}\n</details>"


def picture(path: Path, alt: str, caption: str = "") -> str:
    """Returns a picture with its bytes inside.

    Raises:
        InputError: If the file is no picture.
    """
    words = f"<figcaption>{text(caption)}</figcaption>" if caption else ""
    return f'<figure><img src="{picture_uri(path)}" alt="{text(alt)}" loading="lazy">{words}</figure>'


def picture_uri(path: Path, *, shrink: bool = True) -> str:
    """Returns a PNG or JPEG file as a ``data:`` address.

    Args:
        path: The file.
        shrink: Whether one that is large is made smaller.

    Raises:
        InputError: If the file is no picture, or truncated.
    """
    from PIL import Image

    content = path.read_bytes()
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
            image.load()
            kind = str(image.format).lower()
            if shrink and len(content) > LARGEST_PICTURE:
                image.thumbnail((PICTURE_WIDTH, 4 * PICTURE_WIDTH))
                smaller = io.BytesIO()
                image.convert("RGB").save(smaller, "WEBP", quality=85)
                content, kind = smaller.getvalue(), "webp"
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{path} is truncated or no picture ({error}): run evaluate.py again") from error
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _embedded_json(data: Mapping[str, Any]) -> str:
    """Returns JSON that cannot end its script element, whatever the names in it."""
    plain = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)
    return plain.replace("<", "\\u003c")


def _resource(name: str) -> str:
    return (files("classvec.page") / name).read_text(encoding="utf-8")


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    code: str = get_plotlyjs()
    return code
