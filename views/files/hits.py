"""Hits of the search inside attached files, by file: places with what stands around them, and ways to those places."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from models.kernel.base.people import Actor
from models.kernel.base.titles import short_title
from models.kernel.language.record import Record
from models.services.files import kinds as file_kinds
from models.services.files import search as file_search
from models.services.files.search import Hit

from .. import wording
from .endpoints import place_query, place_words
from .panel import superseded_by

PLACES_SHOWN = 3


def file_hits(catalogue: Mapping[str, type[Record]], me: Actor, text: str, args: Mapping[str, str]) -> dict[str, Any]:
    """The hits of one page by file, the way to the next page, and whether the time was too short for all."""
    kind = args.get("type", "") if args.get("type", "") in catalogue else ""
    before = args.get("before", "")
    types = [catalogue[kind]] if kind else list(catalogue.values())
    place = int(before) if before.isdecimal() and len(before) < 16 else None
    rows = file_search.find(me, types, text, before=place)
    query = {"q": text, "in": "files", **({"type": kind} if kind else {})}
    by_file = [list(hits) for _, hits in groupby(rows.hits, key=lambda hit: hit.file["_id"])]
    by_file.sort(key=lambda hits: _superseded_by(hits[0]) is not None)  # what is in force stands first
    return {
        "files": [_file(catalogue, hits, text) for hits in by_file],
        "kind": catalogue[kind].declared.plural if kind else "",
        "everywhere": f"/admin/search/?{urlencode({'q': text})}",
        "next": f"/admin/search/?{urlencode({**query, 'before': rows.next})}" if rows.next is not None else "",
        "is_cut": rows.is_cut,
        "is_short": rows.is_short,
    }


def _file(catalogue: Mapping[str, type[Record]], hits: list[Hit], text: str) -> dict[str, Any]:
    """One file with its first places."""
    first = hits[0]
    cls = catalogue[first.file["type"]]
    home = f"/admin/archive/{cls.type_name()}/" if first.is_archived else f"/admin/{cls.type_name()}/"
    return {
        "name": first.file["name"],
        "label": cls.declared.label,
        "number": first.record["number"],
        "title": short_title(first.record),
        "url": f"{home}details/?id={first.record['_id']}",
        "state": wording.state_label(cls, first.record.get("state")),
        "tone": wording.tone(cls, first.record.get("state")),
        "is_archived": first.is_archived,
        "edition": first.file.get("edition"),
        "superseded_by": _superseded_by(first),
        "places": [_place(hit, text) for hit in sorted(hits[:PLACES_SHOWN], key=lambda hit: hit.n)],
        "more": len(hits) - PLACES_SHOWN if len(hits) > PLACES_SHOWN else 0,
    }


def _superseded_by(hit: Hit) -> int | None:
    return superseded_by(hit.file, hit.record.get("edition"))


def _place(hit: Hit, text: str) -> dict[str, Any]:
    query = place_query(file_kinds.kind_of(hit.file), dict(hit.place), hit.n, text)
    return {
        "where": place_words(dict(hit.place)),
        "url": f"/files/{hit.file['_id']}/view?{urlencode(query)}",
        "before": hit.before,
        "found": hit.match,
        "after": hit.after,
    }
