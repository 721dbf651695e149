"""How a record is called in a line: its number, and its title without the number that stands before it anyway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def short_title(record: Any) -> str:
    """The title of a record, or of its stored row, without its number."""
    number, title = _facts(record)
    return title.removeprefix(number).strip()


def number_and_title(record: Any) -> str:
    """Both in one line, the number once."""
    return f"{_facts(record)[0]} {short_title(record)}".strip()


def _facts(record: Any) -> tuple[str, str]:
    if isinstance(record, Mapping):
        return str(record.get("number") or ""), str(record.get("title") or "")
    return str(record.number or ""), str(record.title or "")
