"""Files of boxes (ISO/IEC 14496-12): photographs in HEIC and AVIF, films in MP4 and MOV, without what they say beside.

Offsets within such files point everywhere, so nothing is moved: what holds metadata is overwritten where it stands.
Of pictures these are the items `Exif`, of which an empty one is left, and `mime` (XMP); of films the boxes for users
and of metadata, which become free space. How a picture is turned stands in a property of it, and stays.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

TOLD_ITEMS = frozenset({b"Exif", b"mime", b"uri "})
TOLD_BOXES = frozenset({b"udta", b"uuid", b"XMP_"})
HOLD_BOXES = frozenset({b"moov", b"trak", b"mdia", b"minf", b"moof", b"traf"})
EMPTY_EXIF = b"\0\0\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"  # in order, and without a single entry
FREE, DEPTH_MAX, BOXES_MAX = b"free", 6, 10_000


@dataclass(frozen=True)
class FileBox:
    """A box: its type, where it and its content begin, and where it ends."""

    type: bytes
    start: int
    content: int
    end: int


def is_boxed(content: bytes) -> bool:
    """Whether a file is made of boxes."""
    return content[4:8] == b"ftyp"


def without_metadata(content: bytes) -> bytes:
    """The file with its metadata overwritten. Raises ValueError, IndexError or struct.error where it is broken."""
    changed = bytearray(content)
    for box in boxes_in(content, 0, len(content)):
        _clear(changed, content, box, DEPTH_MAX)
    return bytes(changed)


def boxes_in(content: bytes, at: int, end: int) -> Iterator[FileBox]:
    """The boxes one after the other between two places."""
    for _ in range(BOXES_MAX):
        if at + 8 > end:
            return
        size, kind = struct.unpack(">I4s", content[at : at + 8])
        head = 8
        if size == 1:
            (size,), head = struct.unpack(">Q", content[at + 8 : at + 16]), 16
        elif size == 0:
            size = end - at
        if size < head or at + size > end:
            raise ValueError("a box that ends nowhere")
        yield FileBox(kind, at, at + head, at + size)
        at += size
    raise ValueError("too many boxes")


def _clear(changed: bytearray, content: bytes, box: FileBox, depth: int) -> None:
    if depth == 0:
        return
    if box.type in TOLD_BOXES or (box.type == b"meta" and depth < DEPTH_MAX):
        changed[box.start + 4 : box.start + 8] = FREE
        changed[box.content : box.end] = bytes(box.end - box.content)
    elif box.type == b"meta":
        _clear_items(changed, content, box)
    elif box.type in HOLD_BOXES:
        for inner in boxes_in(content, box.content, box.end):
            _clear(changed, content, inner, depth - 1)


def _clear_items(changed: bytearray, content: bytes, meta: FileBox) -> None:
    """Overwrite the items of a picture that tell something; where they stand is said by `iloc`."""
    inner = {box.type: box for box in boxes_in(content, meta.content + 4, meta.end)}
    if b"iinf" not in inner or b"iloc" not in inner:
        return
    hidden = {id: kind for id, kind in _items(content, inner[b"iinf"]) if kind in TOLD_ITEMS}
    data = inner[b"idat"].content if b"idat" in inner else 0
    for id, is_within, offset, length in _places(content, inner[b"iloc"]):
        start = offset + data if is_within else offset
        if id in hidden and 0 < start <= start + length <= len(content):
            nothing = EMPTY_EXIF if hidden[id] == b"Exif" and length >= len(EMPTY_EXIF) else b""
            changed[start : start + length] = nothing.ljust(length, b"\0")


def _items(content: bytes, box: FileBox) -> Iterator[tuple[int, bytes]]:
    """The numbers of the items with what each is."""
    first = box.content + (6 if content[box.content] == 0 else 8)
    for entry in boxes_in(content, first, box.end):
        version = content[entry.content]
        if entry.type != b"infe" or version < 2:
            continue
        wide = 2 if version == 2 else 4
        at = entry.content + 4
        yield int.from_bytes(content[at : at + wide], "big"), content[at + wide + 2 : at + wide + 6]


def _places(content: bytes, box: FileBox) -> Iterator[tuple[int, bool, int, int]]:
    """Where each part of each item stands: the item, whether it is within `idat`, offset and length."""
    version, reader = content[box.content], _Numbers(content, box.content + 4, box.end)
    sizes = reader.number(2)
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    for _ in range(min(reader.number(4 if version == 2 else 2), BOXES_MAX)):
        id = reader.number(4 if version == 2 else 2)
        is_within = bool(version) and reader.number(2) & 15 == 1
        reader.number(2)
        base = reader.number(base_size)
        for _ in range(min(reader.number(2), BOXES_MAX)):
            reader.number(index_size if version else 0)
            offset, length = reader.number(offset_size), reader.number(length_size)
            yield id, is_within, base + offset, length


class _Numbers:
    """Numbers one after the other. Raises ValueError at the end."""

    def __init__(self, content: bytes, at: int, end: int):
        self.content, self.at, self.end = content, at, end

    def number(self, size: int) -> int:
        start, self.at = self.at, self.at + size
        if self.at > self.end:
            raise ValueError("cut off")
        return int.from_bytes(self.content[start : self.at], "big")
