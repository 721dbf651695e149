"""Photographs without what they say beside the picture: where and when it was taken, with which device, small previews.

Nothing is drawn anew: the parts of a JPEG, PNG or WebP file that hold such data are left out, and the rest stays.
Which way is up is kept. HEIC and AVIF, MP4 and MOV are boxes (`boxes.py`). A file that is none of these, or is broken,
stays as it is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from . import boxes

JPEG, PNG, RIFF, WEBP = b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF", b"WEBP"
EXIF, ORIENTATION, SHORT = b"Exif\0\0", 0x0112, 3
SOS, EOI = 0xDA, 0xD9
ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length
KEPT_APPS = {0xE0: b"", 0xE2: b"ICC_PROFILE", 0xEE: b"Adobe"}  # the pixels' size, their colours
COMMENT, APPS = 0xFE, range(0xE0, 0xF0)
TOLD_IN_PNG = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"})
TOLD_IN_WEBP = frozenset({b"EXIF", b"XMP "})
EXIF_FLAG, XMP_FLAG = 0x08, 0x04  # of the first byte of VP8X


def without_position(content: bytes) -> bytes:
    """A photograph without its metadata; other content as it is."""
    try:
        if content.startswith(JPEG):
            return b"".join(_jpeg(content))
        if content.startswith(PNG):
            return b"".join(_png(content))
        if content.startswith(RIFF) and content[8:12] == WEBP:
            return _webp(content)
        if boxes.is_boxed(content):
            return boxes.without_metadata(content)
    except (struct.error, ValueError, IndexError):
        return content
    return content


def _jpeg(content: bytes) -> Iterator[bytes]:
    """The segments of a JPEG in order, up to its end: what stands behind it is another picture, or hidden."""
    yield JPEG
    if turned := _orientation(content):
        yield turned
    at = 2
    while at < len(content):
        if content[at] != 0xFF:
            raise ValueError("no marker")
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker == EOI:
            yield content[at : at + 2]
            return
        elif marker in ALONE:
            yield content[at : at + 2]
            at += 2
        else:
            (length,) = struct.unpack(">H", content[at + 2 : at + 4])
            end = at + 2 + length
            if marker == SOS:
                end = _end_of_scan(content, end)
            if not _says_something(marker, content[at + 4 : at + 20]):
                yield content[at:end]
            at = end
    raise ValueError("no end")


def _says_something(marker: int, begin: bytes) -> bool:
    if marker == COMMENT:
        return True
    return marker in APPS and not (marker in KEPT_APPS and begin.startswith(KEPT_APPS[marker]))


def _end_of_scan(content: bytes, at: int) -> int:
    """Where the next marker stands behind the data of a scan."""
    while (at := content.find(b"\xff", at)) >= 0:
        if content[at + 1] and not 0xD0 <= content[at + 1] < 0xD8:
            return at
        at += 2
    raise ValueError("no end")


def _orientation(content: bytes) -> bytes:
    """A segment that says nothing but which way is up, where the picture does; else nothing."""
    place = content.find(EXIF, 0, 65_600)
    tiff = content[place + len(EXIF) : place + len(EXIF) + 65_536] if place >= 0 else b""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return b""
    (start,) = struct.unpack(f"{order}I", tiff[4:8])
    (count,) = struct.unpack(f"{order}H", tiff[start : start + 2])
    for number in range(min(count, 200)):
        entry = tiff[start + 2 + 12 * number : start + 14 + 12 * number]
        tag, kind = struct.unpack(f"{order}HH", entry[:4])
        if (tag, kind) == (ORIENTATION, SHORT):
            (value,) = struct.unpack(f"{order}H", entry[8:10])
            body = EXIF + b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, ORIENTATION, SHORT, 1, value, 0, 0)
            return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body if 1 < value <= 8 else b""
    return b""


def _png(content: bytes) -> Iterator[bytes]:
    yield PNG
    at = len(PNG)
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        name, end = content[at + 4 : at + 8], at + 12 + length
        if end > len(content):
            raise ValueError("cut off")
        if name not in TOLD_IN_PNG:
            yield content[at:end]
        if name == b"IEND":
            return
        at = end
    raise ValueError("no end")


def _webp(content: bytes) -> bytes:
    kept, at = [], 12
    while at + 8 <= len(content):
        name, (length,) = content[at : at + 4], struct.unpack("<I", content[at + 4 : at + 8])
        end = at + 8 + length + length % 2
        chunk = content[at:end]
        if name == b"VP8X":
            chunk = chunk[:8] + bytes([chunk[8] & ~(EXIF_FLAG | XMP_FLAG)]) + chunk[9:]
        if name not in TOLD_IN_WEBP:
            kept.append(chunk)
        at = end
    body = b"".join(kept)
    return RIFF + struct.pack("<I", len(body) + 4) + WEBP + body
