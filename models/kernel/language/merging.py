"""Records that were entered twice and can be made one: who may merge them, by what doubles are suspected, and which
record a merged one has become.

`merges=Merging(by={Role.HEAD}, alike="name contacts.phone")`. The merged record is kept, out of lists and pickers, and
names the one that stands for it (`went_into`); links that could not be changed go on leading to it. Whoever reads goes
by what stands here: from a merged record to the one that stands for it, and from that one to all that went into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pymongo import ASCENDING, IndexModel

from ..base.roles import Role
from ..base.store import in_unit
from .names import Names

if TYPE_CHECKING:
    from .record import Record
    from .spec import Declaration

WENT_INTO, KNOWN_AS = "went_into", "known_as"
HOPS_MAX = 50
TOGETHER_MAX = 500
_UNFIT = ("public", "deadlines", "event", "recurs", "publish", "belongs_to", "editions", "mail_in", "prompts")


@dataclass(frozen=True, kw_only=True)
class Merging:
    """`by`: the roles of which whoever merges needs one, besides being able to change both records. `alike`: the fields
    and columns of lines of which two records that have one in common may be the same; the list finds by each of them.
    """

    by: Set[Role]
    alike: Names = Names()


def merging_faults(spec: Declaration, fields: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with how a type merges, as halves of a sentence."""
    merging = spec.merges
    if merging is None:
        return
    if not isinstance(merging, Merging):
        yield f"merges is {merging!r}, which is no Merging(...)"
        return
    if not merging.by or any(not isinstance(role, Role) for role in merging.by):
        yield f"is merged by {' '.join(sorted(map(str, merging.by))) or 'nobody'}, which is no set of roles"
    if not merging.alike:
        yield "merges, and says nothing by which doubles are alike"
    for path in merging.alike:
        name, _, column = path.partition(".")
        if name not in fields or (column and column not in fields[name].columns):
            yield f"merges what is alike in {path!r}, which the type does not have"
        elif path not in spec.grid.search:
            yield f"merges what is alike in {path!r}, by which its list does not search"
    for option in _UNFIT:
        if getattr(spec, option):
            yield f"merges, and says {option}=, which others outside or the clock go by"
    yield from _field_faults(spec)
    if spec.access.private or spec.access.time_boxed:
        yield "merges, and is private or lent, so that nobody sees both records"


def _field_faults(spec: Declaration) -> Iterator[str]:
    for name, field in spec.own_fields.items():
        if why := _not_united(field):
            yield f"merges, and has the list {name!r} with {why}, though lists are united whoever merges"
    if any(getattr(field, "rollup", None) for field in spec.own_fields.values()):
        yield "merges, and counts fields from other records, some of which go on naming the merged one"


def _not_united(field: Any) -> str:
    """What keeps a list from being united with another one by somebody who may not see, or set, all of it."""
    if not field.columns or field.computed:
        return ""
    if field.append_only:
        return "append_only="
    for option in ("see", "edit"):
        if any(getattr(part, option) for part in (field, *field.columns.values())):
            return f"{option}="
    return ""


def merged_line_faults(path: str, link: Any, by_class: Mapping[str, Any]) -> Iterator[str]:
    """Links to lines of a type that merges, whose lines become those of another record."""
    target = by_class.get(link.line_target)
    if target is not None and target.declared.merges:
        yield f"{path!r} links to lines of {link.line_target}, which merges"


def indexes_of_merging(spec: Declaration) -> Iterator[IndexModel]:
    """What went into a record, and by what else it is known."""
    if spec.merges:
        yield IndexModel([(WENT_INTO, ASCENDING)], sparse=True)
        yield IndexModel([(KNOWN_AS, ASCENDING)], sparse=True)


def stands_for(cls: type[Record], id: Any) -> ObjectId | None:
    """The record that a merged one has become, over as many as there are between; None: it was not merged."""
    if not cls.declared.merges or not isinstance(id, ObjectId):
        return None
    seen = [id]
    while len(seen) <= HOPS_MAX:
        row = in_unit(cls.type_name()).find_one(
            {"_id": seen[-1], WENT_INTO: {"$gt": ObjectId("0" * 24)}}, {WENT_INTO: 1}
        )
        if row is None or row[WENT_INTO] in seen:
            break
        seen.append(row[WENT_INTO])
    return seen[-1] if len(seen) > 1 else None


def with_merged(cls: type[Record], ids: Iterable[ObjectId]) -> list[ObjectId]:
    """Some records, those that stand for them, and all that went into either: what a link to one of them may hold. Of a
    type that does not merge, and where nothing was merged, the records as they came; one query for each hop. What a
    damaged record holds instead of a link is nobody."""
    result = list(dict.fromkeys(id for id in ids if isinstance(id, ObjectId)))
    if not cls.declared.merges:
        return result
    fresh = result
    for _ in range(HOPS_MAX):
        if not fresh:
            break
        known = {"$or": [{WENT_INTO: {"$in": fresh}}, {"_id": {"$in": fresh}, WENT_INTO: {"$gt": ObjectId("0" * 24)}}]}
        rows = list(in_unit(cls.type_name()).find(known, {WENT_INTO: 1}))
        both = (id for row in rows for id in (row["_id"], row[WENT_INTO]))
        near = dict.fromkeys(id for id in both if isinstance(id, ObjectId))
        fresh = [id for id in near if id not in result]
        result += fresh
    return result


def merged_ids(cls: type[Record]) -> dict[ObjectId, list[ObjectId]]:
    """What was merged of a type, the last few hundred, by the record that stands for it: what a table of figures counts
    together."""
    if not cls.declared.merges:
        return {}
    query = {WENT_INTO: {"$gt": ObjectId("0" * 24)}}
    rows = in_unit(cls.type_name()).find(query, {WENT_INTO: 1}).sort("_id", -1).limit(TOGETHER_MAX)
    direct = {row["_id"]: row[WENT_INTO] for row in rows}
    result: dict[ObjectId, list[ObjectId]] = {}
    for id in direct:
        into, hops = id, 0
        while into in direct and hops < HOPS_MAX:
            into, hops = direct[into], hops + 1
        result.setdefault(into, []).append(id)
    return result


def is_merged_with(cls: type[Record], id: ObjectId | None, other: ObjectId | None) -> bool:
    """Whether two links lead to one record: to the same, or to what was merged with it."""
    return id == other or (None not in (id, other) and other in with_merged(cls, [id]))  # type: ignore[list-item]
