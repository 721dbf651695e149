"""Attached files as pages list them: name, size, state of reading and scanning, small picture, ways to look at them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.kernel.base.people import Actor
from models.services.files import kinds as file_kinds
from models.services.files import scanning
from models.services.files import text as file_text
from models.services.files.viewing import may_download

from ..wording import moment

MEGABYTE = 1024 * 1024


def file_context(
    file: Mapping[str, Any], me: Actor, *, has_mark: bool = False, edition: int | None = None
) -> dict[str, Any]:
    """A file as a page lists it for a reader; with their mark it has no small picture, and may not be for taking away.

    `edition`: the one in force of its record.
    """
    address = f"/files/{file['_id']}"
    is_locked = bool(scanning.closed(file, me))
    reading = file.get("reading") or {}
    is_shown = bool(file_kinds.kind_of(file)) and not is_locked
    may_take = not is_locked and bool(may_download(file, has_mark=has_mark))
    given = file.get("given_name") or file["name"]
    return {
        "id": str(file["_id"]),
        "name": file["name"],
        "given": given if given != file["name"] else "",
        "kind": file.get("kind", ""),
        "edition": file.get("edition"),
        "superseded_by": superseded_by(file, edition),
        "code": file.get("code", ""),
        "size": size_text(file["size"]),
        "by": file.get("uploaded_by_name", ""),
        "at": moment(file["at"]),
        "url": address,
        "may_download": may_take,
        "view": f"{address}/view" if is_shown else "",
        "small": f"{address}/small" if is_shown and reading.get("pages") and not has_mark else "",
        "pages": reading.get("pages") if file_kinds.kind_of(file) == file_kinds.PDF else None,
        "reading": file_text.state_words(dict(file)),
        "scan": scanning.STATES.get(scanning.state_of(file)),
    }


def superseded_by(file: Mapping[str, Any], edition: int | None) -> int | None:
    """The edition in force, where a file is of a former one."""
    own = file.get("edition")
    return edition if own and edition and own < edition else None


def size_text(size: int) -> str:
    return f"{size / MEGABYTE:.1f} MB" if size >= MEGABYTE else f"{max(1, size // 1024)} KB"
