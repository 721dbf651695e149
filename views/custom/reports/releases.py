"""Two releases of a specification side by side, item by item: what came, what went, in which words the rest differs.

It is of no one record: an item as it was in a release stands among its former editions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any
from urllib.parse import urlencode

from flask import request
from flask_admin import BaseView, expose

from models.development.specifications import KEPT, Specification, SpecificationItem, between, changed_between
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.rights import rights
from views.kinds import kind_of
from views.lists.listing import TIME_LIMIT_MS
from views.session import actor
from views.slots import CustomView, Link, on_record_page

COMPARE = L("Compare two releases", "比較兩個發佈版次")
PAGE = 50
COMPARED_MAX = 1000  # characters of a text that is compared sign by sign; a longer one stands there as a whole
ADDED, WITHDRAWN, CHANGED = (
    (L("added", "新增"), "good"),
    (L("withdrawn", "撤回"), "bad"),
    (L("changed", "修改"), "wait"),
)


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = "specification" in catalogue
    return [ReleasesView(name="releases", endpoint="releases", url="/admin/releases")] if known else []


@on_record_page("specification")
def _offer(_me: Actor, record: Record) -> Link | None:
    return Link(COMPARE, f"/admin/releases/?id={record.id}") if (record.raw("edition") or 0) > 1 else None


class ReleasesView(CustomView):
    """Which items differ between two releases of a specification, as far as their reader sees them."""

    @expose("/")
    def index(self) -> str:
        """One query for the items that may differ; fifty of those that do are on a page."""
        me = actor()
        specification: Any = rights.find(me, Specification, request.args.get("id", ""))
        last = specification.edition or 0
        new = _number("new", last, last)
        old = _number("old", max(new - 1, 1), last)
        scope = rights.visible(me, SpecificationItem) or {"_id": None}
        query = {"$and": [scope, {"specification": specification.id}, changed_between(*sorted((old, new)))]}
        rows = SpecificationItem.collection().find(query).sort("_id", 1).max_time_ms(TIME_LIMIT_MS)
        differing = between(list(rows), old, new)
        first = _number("from", 0, len(differing)) // PAGE * PAGE
        names = [name for name in KEPT if name in rights.listed_fields(me, SpecificationItem)]
        return self.render(
            "custom/releases.html",
            specification=specification,
            releases=range(1, last + 1),
            old=old,
            new=new,
            counts=_counts(differing),
            items=[_item(names, *each) for each in differing[first : first + PAGE]],
            pages=_pages({"id": specification.id, "old": old, "new": new}, len(differing), first),
        )


def _number(name: str, default: int, most: int) -> int:
    text = request.args.get(name, "")
    number = int(text) if text.isdecimal() and len(text) < 7 else default
    return number if min(1, default) <= number <= most else default


def _counts(differing: Sequence[tuple[Any, Any, Any]]) -> list[dict[str, Any]]:
    kinds = [_kind(before, after) for _, before, after in differing]
    return [
        {"label": str(words), "tone": tone, "count": kinds.count((words, tone))}
        for words, tone in (ADDED, WITHDRAWN, CHANGED)
    ]


def _kind(before: Any, after: Any) -> tuple[L, str]:
    return CHANGED if before and after else ADDED if after else WITHDRAWN


def _item(names: Sequence[str], row: Mapping[str, Any], before: Any, after: Any) -> dict[str, Any]:
    """An item with the fields in which it differs; one that came or went has all that it says there."""
    words, tone = _kind(before, after)
    texts = [(kind_of(SpecificationItem.fields_of()[name]), name) for name in names]
    compared = [(kind, (before or {}).get(name), (after or {}).get(name)) for kind, name in texts]
    return {
        "number": row.get("number", ""),
        "name": (after or before).get("name", ""),
        "url": f"/admin/specification_item/details/?id={row['_id']}",
        "label": str(words),
        "tone": tone,
        "fields": [
            {"label": label_of(kind.field), **sides(kind.plain(was), kind.plain(then))}
            for kind, was, then in compared
            if was != then
        ],
    }


def sides(old: str, new: str) -> dict[str, list[tuple[str, str]]]:
    """Both texts in pieces, each with what is to be said of it: `del` in the old one, `ins` in the new one."""
    pieces = list(_pieces(old, new))
    return {
        "old": [(kind if kind == "del" else "", text) for kind, text in pieces if kind != "ins"],
        "new": [(kind if kind == "ins" else "", text) for kind, text in pieces if kind != "del"],
    }


def _pieces(old: str, new: str) -> Iterator[tuple[str, str]]:
    if not old or not new or max(len(old), len(new)) > COMPARED_MAX:
        yield from ((kind, text) for kind, text in (("del", old), ("ins", new)) if text)
        return
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield "", old[a:b]
            continue
        yield from ((name, text) for name, text in (("del", old[a:b]), ("ins", new[c:d])) if text)


def _pages(args: Mapping[str, Any], count: int, first: int) -> list[dict[str, Any]]:
    return [
        {
            "label": f"{at + 1}-{min(at + PAGE, count)}",
            "url": f"/admin/releases/?{urlencode({**args, 'from': at})}",
            "is_open": at == first,
        }
        for at in range(0, count, PAGE)
        if count > PAGE
    ]
