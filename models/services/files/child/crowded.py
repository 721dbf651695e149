"""Refuses an XLSX workbook with too many rows at once: they are counted by their bytes, before anything is understood.

Neither the size that a sheet says of itself nor its rows in which nothing stands say how many there are.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from lxml import etree

from . import workbooks
from .archives import refuse_bomb
from .unreadable import Unreadable

CHUNK = 1 << 20
REST_MAX = 8 << 20
_ROW = b"<row"
_HOLDS = re.compile(rb"<(?:v|t)(?: [^>]*)?>[^<]")
_BLANK_STRING = re.compile(rb"<si/>|<t(?: [^>]*)?(?:/>|>\s*</t>)")


def refuse_crowded(content: BinaryIO, most: int) -> None:
    """Raise Unreadable where more than `most` rows of the first shown sheet surely hold something. What is not sure, or
    not sound, is left to those who read it."""
    content.seek(0)
    if content.read(2) != b"PK":
        return
    refuse_bomb(content)
    try:
        archive = zipfile.ZipFile(content)
        book = workbooks.Workbook(archive)
        workbooks.read_sheets(book)
        first = next((sheet for sheet in book.sheets if sheet.is_shown), None)
        if first is not None and _has_more(archive, first.member, most) and not _has_blank_strings(archive):
            raise Unreadable("rows")
    except (KeyError, ValueError, RuntimeError, zipfile.BadZipFile, etree.XMLSyntaxError):
        return


def _has_more(archive: zipfile.ZipFile, member: str, most: int) -> bool:
    count = 0
    for rows in _pieces(archive, member, _ROW):
        count += sum(_HOLDS.search(row) is not None for row in rows)
        if count > most:
            return True
    return False


def _has_blank_strings(archive: zipfile.ZipFile) -> bool:
    """Whether a cell that points to a text may be blank all the same."""
    if "xl/sharedStrings.xml" not in archive.namelist():
        return False
    texts = _pieces(archive, "xl/sharedStrings.xml", b"<si>")
    return any(_BLANK_STRING.search(piece) for pieces in texts for piece in pieces)


def _pieces(archive: zipfile.ZipFile, member: str, mark: bytes) -> Iterator[list[bytes]]:
    """What stands after each mark, some at a time; none is cut."""
    with archive.open(member) as stream:
        rest = b""
        while chunk := stream.read(CHUNK):
            *whole, rest = (rest + chunk).split(mark)
            yield whole
            if len(rest) > REST_MAX:  # no sheet that anybody made
                return
        yield [rest]
