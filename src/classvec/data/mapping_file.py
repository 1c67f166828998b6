"""Mapping files: which synset each folder stands for, as people and spreadsheets write them.

A mapping file is a table with a first line ``folder,synset`` (other columns are ignored) or JSON with one object
``{"folder": "synset"}``. A synset is an id, ``n02084071``, or a name, ``dog.n.01``, of WordNet 3.0. Cells are separated
by commas, semicolons or tabs; the text is UTF-8, UTF-16 with a byte order mark, or Windows-1252.
"""

import codecs
import csv
import io
import json
import logging
from pathlib import Path

from classvec.data.folders import readable
from classvec.errors import InputError

log = logging.getLogger(__name__)
ENDINGS = (".csv", ".tsv", ".txt", ".json")


LEAVE_OUT = "-"
"""Stands in the place of a synset where a folder is to be left out."""


def read_mapping(path: str | Path) -> dict[str, str]:
    """Reads a mapping file.

    Returns:
        Folder, as `readable` writes it, to synset, id or name, as it stands in the file; `LEAVE_OUT` to leave the
        folder out, empty for a row without any.

    Raises:
        InputError: If the file is missing, has another form, or names a folder twice.
    """
    path = Path(path).expanduser()
    if path.suffix.lower() not in ENDINGS:
        raise InputError(
            f"data.mapping={path} ends in {path.suffix or 'nothing'}: wanted {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}"
            "; a spreadsheet is saved as CSV"
        )
    text = _text(path)
    rows = _json_rows(text, path) if path.suffix.lower() == ".json" else _table_rows(text, path)
    mapping: dict[str, str] = {}
    for name, synset, where in rows:
        folder = readable(name)
        if folder in mapping:
            raise InputError(f"{path}, {where}: folder {folder!r} is there twice; leave one of its lines")
        mapping[folder] = synset
    if not mapping:
        raise InputError(f"{path} names no folder: wanted a line such as dogs,dog.n.01 for each")
    return mapping


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return content.decode("utf-16")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252")
            log.info("%s is no UTF-8: read as Windows-1252, as spreadsheets save CSV files", path)
            return text
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"data.mapping={path} cannot be read ({reason}): wanted a CSV or JSON file") from error


def _table_rows(text: str, path: Path) -> list[tuple[str, str, str]]:
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep="):  # a line that tells a spreadsheet the separator
        text, first = rest, rest.partition("\n")[0]
    cells_of = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    rows = []
    try:
        head = [cell.strip().lower() for cell in next(cells_of, [])]
        if not {"folder", "synset"} <= set(head):
            raise InputError(f"{path}: the first line is {','.join(head)!r}; wanted folder,synset")
        for cells in cells_of:
            row = dict(zip(head, map(str.strip, cells), strict=False))
            where = f"line {cells_of.line_num}"
            if not any(row.values()):
                continue
            if not row["folder"]:
                raise InputError(f"{path}, {where} is {','.join(cells)!r}; wanted a folder")
            rows.append((row["folder"], row.get("synset", ""), where))
    except csv.Error as error:
        raise InputError(f"{path}, line {cells_of.line_num} cannot be read as CSV ({error})") from error
    return rows


def _json_rows(text: str, path: Path) -> list[tuple[str, str, str]]:
    try:
        pairs = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as JSON ({error})") from error
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
        raise InputError(f'{path} holds no JSON object: wanted one such as {{"dogs": "dog.n.01"}}')
    for folder, synset in pairs:
        if not isinstance(synset, str) or not synset:
            raise InputError(f"{path}: the value of {folder!r} is {synset!r}; wanted a synset such as 'dog.n.01'")
    return [(folder, synset, f"key {folder!r}") for folder, synset in pairs]
