"""Screens read what a record holds by its methods (`raw`, `ref`, `refs`), not out of MongoEngine's private store."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRIVATE = re.compile(r"\._data\b")


def places_in(source: str) -> list[int]:
    return [at for at, line in enumerate(source.splitlines(), 1) if PRIVATE.search(line)]


def test_a_bad_sample_is_known() -> None:
    assert places_in("value = record.raw('name')\nvalue = record._data['name']") == [2]


def test_no_screen_reaches_into_a_record() -> None:
    files = sorted((ROOT / "views").rglob("*.py"))
    places = {path.relative_to(ROOT).as_posix(): places_in(path.read_text(encoding="utf-8")) for path in files}
    assert {path: lines for path, lines in places.items() if lines} == {}
