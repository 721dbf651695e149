"""Attached files as pages list them: name, size, state of reading and scanning, small picture, ways to look at them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.kernel import file_kinds, file_text, scanning

from ..wording import moment

MEGABYTE = 1024 * 1024


def file_context(file: Mapping[str, Any], *, has_mark: bool = False) -> dict[str, Any]:
    """A file as a page lists it; with a reader's mark it has no small picture."""
    address = f"/files/{file['_id']}"
    scan = scanning.state_of(file)
    reading = file.get("reading") or {}
    is_shown = bool(file_kinds.kind_of(file)) and scan != scanning.INFECTED
    given = file.get("given_name") or file["name"]
    return {
        "id": str(file["_id"]),
        "name": file["name"],
        "given": given if given != file["name"] else "",
        "kind": file.get("kind", ""),
        "edition": file.get("edition"),
        "size": size_text(file["size"]),
        "by": file.get("uploaded_by_name", ""),
        "at": moment(file["at"]),
        "url": address,
        "view": f"{address}/view" if is_shown else "",
        "small": f"{address}/small" if is_shown and reading.get("pages") and not has_mark else "",
        "pages": reading.get("pages") if file_kinds.kind_of(file) == file_kinds.PDF else None,
        "reading": file_text.state_words(dict(file)),
        "scan": scanning.STATES.get(scan),
        "is_locked": scan == scanning.INFECTED,
    }


def size_text(size: int) -> str:
    return f"{size / MEGABYTE:.1f} MB" if size >= MEGABYTE else f"{max(1, size // 1024)} KB"
