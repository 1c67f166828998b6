"""Picture files whose pixels are whole and whose rest is not: what to decode in their place, as bytes.

Pillow has a switch for such files, but it is one for the whole process, and then pixels that are missing become grey.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from hashlib import shake_128

PNG = b"\x89PNG\r\n\x1a\n"
PNG_END = b"IEND\xae\x42\x60\x82"
PNG_PIXELS = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT"))
"""Chunks that pixels follow from. The first frame of an animation is in IDAT too, or stands aside from it."""

JPEG, SCAN, JPEG_END = b"\xff\xd8\xff", b"\xff\xda", b"\xff\xd9"
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
PROGRESSIVE = frozenset((0xC2, 0xC6, 0xCA, 0xCE))
COEFFICIENTS = 64
AFTER_A_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
ZEROS = 16
"""So many zeros at the end of a JPEG file without end marker were left by a transfer that stopped."""

TIFF = {b"II*\0": "<", b"MM\0*": ">"}
PHOTOMETRIC, WHITE_IS_ZERO = 262, 0
"""The tag that says what a value means."""

NO_END = "no end marker"
METADATA = "metadata that are damaged or too large"


def lacks_end(content: bytes) -> bool:
    """Returns whether a PNG or JPEG file has no end marker; Pillow notices only some that have none."""
    if content.startswith(PNG):
        return content.rfind(PNG_END) < 0
    is_jpeg = content.startswith(JPEG) and not content.endswith(JPEG_END)
    return is_jpeg and content.rfind(JPEG_END) < content.rfind(SCAN)  # a thumbnail has an end of its own, before


def ends_in_zeros(content: bytes) -> bool:
    """Returns whether zeros take the place of the end of a JPEG file, which decode as pixels."""
    rest = content.rstrip(b"\0")
    return content.startswith(JPEG) and len(content) - len(rest) >= ZEROS and lacks_end(rest)


def without_metadata(content: bytes) -> bytes | None:
    """Returns a PNG file with only the chunks that decide its pixels, and its EXIF data, which may turn it, if whole.

    What is missing of these chunks stays missing. None for other files.
    """
    if not content.startswith(PNG):
        return None
    return PNG + b"".join(
        chunk for kind, chunk in _chunks(content) if kind in PNG_PIXELS or (kind == b"eXIf" and _is_sound(chunk))
    )


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields kind and bytes of each chunk of a PNG file, up to the end marker or the end of the file."""
    start, kind = len(PNG), b""
    while start + 8 <= len(content) and kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", content, start)
        yield kind, content[start : start + length + 12]
        start += length + 12


def _is_sound(chunk: bytes) -> bool:
    return len(chunk) >= 12 and zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:])


def black_is_zero(content: bytes) -> bytes | None:
    """Returns a TIFF file whose zero is white, such as a scan, as one whose zero is black; None for other files."""
    order = TIFF.get(content[:4])
    if order is None:
        return None
    with suppress(struct.error):  # where the table of tags is cut
        (start,) = struct.unpack_from(f"{order}I", content, 4)
        (n_tags,) = struct.unpack_from(f"{order}H", content, start)
        for place in range(start + 2, start + 2 + 12 * n_tags, 12):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", content, place)
            if (tag, value) == (PHOTOMETRIC, WHITE_IS_ZERO):
                return content[: place + 8] + struct.pack(f"{order}H", 1) + content[place + 10 :]
    return None


def with_ends(content: bytes) -> tuple[bytes, ...]:
    """Returns a JPEG file that lacks its end marker, ended in three ways; none for other files.

    If the three decode to the same pixels, none is missing: the first has nothing before the end marker, so that the
    decoder fills up what is missing with grey; the others have bytes that would decode to something else, the second
    the complement of the first. Restart markers stand among them, since after one that is missing no bytes are read up
    to the next; a decoder passes over one or two that are not due, so the two begin with different ones.
    """
    body = content.rstrip(b"\xff")  # also of half an end marker
    if not content.startswith(JPEG) or content.endswith(JPEG_END) or not _has_all_scans(body):
        return ()
    noise = [byte for byte in shake_128(b"classvec").digest(16 * 70) if 0 < byte < 255][: 16 * 64]
    ends = [b""]
    for flip, first in ((0x00, 0), (0xFF, 4)):
        pieces = [bytes(byte ^ flip for byte in noise[start : start + 64]) for start in range(0, len(noise), 64)]
        ends.append(b"".join(piece + bytes((0xFF, 0xD0 + (first + i) % 8)) for i, piece in enumerate(pieces)))
    return tuple(body + end + JPEG_END for end in ends)


def _has_all_scans(content: bytes) -> bool:
    """Returns whether a JPEG file has a scan for every component; if progressive, for every bit of its coefficients."""
    left: dict[int, set[int]] = {}
    is_progressive = False
    for marker, segment in _segments(content):
        if marker in JPEG_FRAMES and len(segment) >= 6:
            is_progressive = marker in PROGRESSIVE
            left = {component: set(range(COEFFICIENTS)) for component in segment[6::3]}
        elif marker == 0xDA and len(segment) >= 4:
            first, last, bits = segment[-3:]
            done = set(range(first, last + 1) if is_progressive else range(COEFFICIENTS))
            for component in segment[1:-3:2]:
                if component in left and (not is_progressive or bits & 15 == 0):
                    left[component] -= done
    return bool(left) and not any(left.values())


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields marker and content of each segment of a JPEG file; of a scan its header."""
    start = 2
    while start + 4 <= len(content) and content[start] == 0xFF:
        marker = content[start + 1]
        if marker == 0xFF:  # padding
            start += 1
            continue
        end = start + 2 + int.from_bytes(content[start + 2 : start + 4])
        yield marker, content[start + 4 : end]
        found = AFTER_A_SCAN.search(content, end) if marker == 0xDA else None
        start = found.start() if found else len(content) if marker == 0xDA else end
