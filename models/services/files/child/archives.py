"""Looks at what an archive says of itself before anything in it is unpacked."""

from __future__ import annotations

import zipfile
from typing import BinaryIO

from .unreadable import Unreadable

UNPACKED_MAX = 300 * 1024 * 1024
MEMBERS_MAX = 20_000


def refuse_bomb(content: BinaryIO) -> None:
    """Raise Unreadable for an archive that would become too large; what it hides meets the limits."""
    try:
        members = zipfile.ZipFile(content).infolist()
    except (zipfile.BadZipFile, ValueError) as fault:
        raise Unreadable("damaged") from fault
    if len(members) > MEMBERS_MAX or sum(member.file_size for member in members) > UNPACKED_MAX:
        raise Unreadable("unpacked")
    content.seek(0)
