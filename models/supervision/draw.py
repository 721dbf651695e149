"""How a check of data freezes its population, draws, and says what the result proves.

Who wants to draw again: the digest is the SHA-256 of the lines of the population (`guicheng audit snapshot NUMBER`
proves them); seed = SHA-256(digest:our number:their number:root of the seal); the records in the order of
SHA-256(seed and id), all as lower-case hexadecimal texts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from mongoengine.base import get_document
from mongoengine.connection import get_db
from pymongo.errors import ExecutionTimeout

from ..kernel.base import collections
from ..kernel.base.arithmetic.ratio import NoData
from ..kernel.base.arithmetic.rounding import rounded
from ..kernel.base.arithmetic.sampling import drawn, sample_size, seed_of, upper_bound
from ..kernel.base.errors import Refused
from ..kernel.base.people import SYSTEM, Actor
from ..kernel.base.store import in_unit
from ..kernel.base.words import L, Words, in_all_locales
from ..kernel.gate import passages
from ..kernel.gate.changes import MoveActions
from ..kernel.language.declare import registered
from ..kernel.language.localized import together
from ..kernel.language.phase_gate import judge_of
from ..kernel.rights import rights

if TYPE_CHECKING:
    from .data_checks import DataCheck, SampledRecord

POPULATION, SEALED = "data_check.population", "data_check.sealed"
POPULATION_MAX, SAMPLE_MAX = 50_000, 500
TIME_LIMIT_MS = 8000
MANY = Fraction(1, 10)
TOO_MANY = L(
    "There are more than {most} such records: choose a shorter period.", "此類記錄超過 {most} 條，請縮短期間。"
)
TOO_LONG = L("Finding these records takes too long: choose a shorter period.", "查找記錄耗時過長，請縮短期間。")
TOO_LARGE = L(
    "This promise needs {count} records, more than {most}: tolerate more, or be less sure.",
    "此承諾需抽查 {count} 條，超過 {most} 條：請提高可容忍錯誤率或降低置信度。",
)
NONE_THERE = L(
    "There is no record of this kind that you see, of this department and in this period.",
    "該部門期間內沒有您可見的此類記錄。",
)
ARE_SEALED = L("The commitments are sealed, which is done every few minutes", "雙方承諾已封存（每數分鐘一次）")
SOME_THERE = L("The department has such records in the period", "該部門期間內有此類記錄")
PROVEN = L(
    "{wrong} of {checked} wrong: at most {bound} % ({confidence} % sure).",
    "核對 {checked} 條，不符 {wrong} 條：錯誤率至多 {bound}%（置信度 {confidence}%）。",
)
NOTHING = L("Nothing was checked, so nothing is proven.", "未核對任何記錄，不能得出結論。")
LEFT_OUT = L(
    "{count} of {of} drawn ({share} %) were not checked; were all of them wrong, it would be at most {bound} %.",
    "抽中 {of} 條中有 {count} 條（{share}%）未核對；若全部不符，錯誤率至多 {bound}%。",
)
LEFT_OUT_MANY = L("More than a tenth: the result says little.", "超過十分之一，結論參考價值有限。")


@dataclass(frozen=True)
class Readiness:
    """Whether a check can go on: a judgement that names no records."""

    label: Words
    is_met: bool
    rows: tuple[Any, ...] = ()
    count: int = 0
    url: str = ""
    is_told: bool = False


def query_of(check: DataCheck, actor: Actor) -> dict[str, Any] | None:
    """The filter of the population: what the actor sees of the type, of the inspected department, in the period."""
    return _in_period(check, rights.visible(actor, registered()[check.of_type]))


def archived_query(check: DataCheck, actor: Actor) -> dict[str, Any] | None:
    """The same of the records that went into the archive, which the population leaves out."""
    return _in_period(check, rights.visible_archived(actor, registered()[check.of_type]))


def _in_period(check: DataCheck, visible: dict[str, Any] | None) -> dict[str, Any] | None:
    if visible is None:
        return None
    cls = registered()[check.of_type]
    by = cls.declared.happened or "created_at"
    stored = cls.fields_of()[by]
    span = {"$gte": stored.start_of(check.since), "$lt": stored.start_of(check.until + dt.timedelta(days=1))}
    return {"$and": [visible, {"department": check.ref("inspected"), by: span}]}


@judge_of(POPULATION)
def has_population(check: DataCheck) -> list[Readiness]:
    query = query_of(check, SYSTEM) if check.of_type in registered() and check.since and check.until else None
    row = in_unit(check.of_type).find_one(query, {"_id": 1}, max_time_ms=TIME_LIMIT_MS) if query else None
    return [Readiness(SOME_THERE, row is not None)]


@judge_of(SEALED)
def is_sealed(check: DataCheck) -> list[Readiness]:
    return [Readiness(ARE_SEALED, has_seal(check))]


def freeze(check: DataCheck, actions: MoveActions) -> None:
    """Keep which editions the population has, and how many of them the promise needs. Raises Refused."""
    query = query_of(check, actions.actor)
    if query is None:
        raise Refused(NONE_THERE)
    left_out = archived_query(check, actions.actor)
    try:
        if left_out is not None:
            archive = in_unit(collections.archive_of(check.of_type))
            check.archived = archive.count_documents(left_out, maxTimeMS=TIME_LIMIT_MS)
        digest, count = passages.freeze_rows(
            check, check.of_type, query, POPULATION_MAX, time_limit_ms=TIME_LIMIT_MS, is_dry=actions.unit.is_dry
        )
    except ExecutionTimeout:
        raise Refused(TOO_LONG) from None
    if count > POPULATION_MAX:
        raise Refused(TOO_MANY(most=POPULATION_MAX))
    if not count:
        raise Refused(NONE_THERE)
    size = sample_size(check.tolerable / 100, _confidence(check), count)
    if size > SAMPLE_MAX:
        raise Refused(TOO_LARGE(count=size, most=SAMPLE_MAX))
    check.digest, check.population, check.size = digest, count, size


def _confidence(check: DataCheck) -> Decimal:
    return Decimal(check.confidence) / 100


def next_seal() -> int:
    """The number of the seal that comes next: nobody knows its root when the commitments are given."""
    last = in_unit(collections.SEALS).find_one({}, {"_id": 1}, sort=[("_id", -1)])
    return (last["_id"] if last else 0) + 1


def root_of(check: DataCheck) -> str | None:
    """The root of the first seal after the commitments, once there is one."""
    seal = get_db()[collections.SEALS].find_one({"_id": check.seal_no}, {"root": 1})
    return seal["root"] if seal else None


def has_seal(check: DataCheck) -> bool:
    """Whether the seal that joins the commitments is there: from then on a number can be shown, since nobody can try
    for another root any more."""
    return bool(check.seal_no) and root_of(check) is not None


def seed_for(check: DataCheck, root: str) -> str:
    """The seed of a check; the root of the seal stands in for a number that was not given."""
    return seed_of(check.digest, check.number_ours, check.number_theirs or root, root)


def draw(check: DataCheck, line: type[SampledRecord]) -> None:
    """Draw the sample, with the editions that were frozen."""
    check.seed = seed_for(check, root_of(check) or "")
    ids = (str(edition.id) for edition in passages.snapshot(check.digest))
    order = {id: place for place, id in enumerate(drawn(check.seed, ids, check.size))}
    editions = [edition for edition in passages.snapshot(check.digest) if str(edition.id) in order]
    rows = {
        row["_id"]: row.get("version")
        for row in in_unit(check.of_type).find({"_id": {"$in": [edition.id for edition in editions]}}, {"version": 1})
    }
    lines = []
    for edition in sorted(editions, key=lambda edition: order[str(edition.id)]):
        facts = {
            "sampled": f"{edition.type}:{edition.id}",
            "edition": edition.version,
            "changed": rows.get(edition.id) != edition.version,
        }
        made = line()
        for name, value in facts.items():
            made.put(name, value)
        lines.append(made)
    check.sample = lines


def frozen_head(check: DataCheck, sampled: str) -> str | None:
    """The head of the history of a drawn record when the population was frozen: all that was written until then."""
    id = sampled.partition(":")[2]
    return next((edition.hash for edition in passages.snapshot(check.digest) if str(edition.id) == id), None)


def acted_on(check: DataCheck, inspectors: list[ObjectId]) -> Iterator[tuple[str, int]]:
    """Those of the inspectors who changed or decided records of the sample before it was drawn (ISO 19011), or for
    whom somebody did, and how many."""
    ids = [ObjectId(line.sampled.partition(":")[2]) for line in check.sample or () if line.sampled]
    if not ids or not inspectors:
        return
    who = {"$in": inspectors}
    own = {"type": type(check).type_name(), "record": check.id, "verb": "draw"}
    draw_of = get_db()[collections.HISTORY].find_one(own, {"at": 1})
    acts: dict[str, Any] = {
        "record": {"$in": ids},
        **({"at": {"$lt": draw_of["at"]}} if draw_of else {}),
        "$and": [
            {"$or": [{"actor": who}, {"acting_for": who}]},
            {"$or": [{"state_to": {"$gt": ""}}, {"changes.0": {"$exists": True}}]},
        ],
    }
    records: dict[ObjectId, set[ObjectId]] = {}
    for row in get_db()[collections.HISTORY].find(acts, {"record": 1, "actor": 1, "acting_for": 1}):
        for person in {row.get("actor"), row.get("acting_for")} & {*inspectors}:
            records.setdefault(person, set()).add(row["record"])
    names = {row["_id"]: row["name"] for row in get_document("User").collection().find({"_id": {"$in": [*records]}})}
    yield from ((names.get(person, ""), len(some)) for person, some in records.items())


def proven(check: DataCheck) -> dict[str, str]:
    """What the sample proves, as a sentence in all languages: the bound, and what those not checked do to it."""
    bound = _bound(check, check.wrong, check.checked)
    if bound is None:
        return in_all_locales(NOTHING)
    facts = {"wrong": check.wrong, "checked": check.checked, "bound": bound, "confidence": check.confidence}
    parts = [PROVEN(**facts)]
    if check.unchecked:
        drawn_in_all = check.checked + check.unchecked
        share = Fraction(check.unchecked, drawn_in_all)
        worst = _bound(check, check.wrong + check.unchecked, drawn_in_all)
        count = {"count": check.unchecked, "of": drawn_in_all, "share": rounded(share * 100, 1), "bound": worst}
        parts.append(LEFT_OUT(**count))
        parts += [LEFT_OUT_MANY()] if share > MANY else []
    return in_all_locales(together(tuple(parts)))


def _bound(check: DataCheck, wrong: int, checked: int) -> Decimal | None:
    """The upper bound in percent, rounded up to one decimal place: a promise is never rounded to a better one."""
    bound = upper_bound(wrong, checked, _confidence(check), check.population)
    if isinstance(bound, NoData):
        return None
    return Decimal(-((-bound * 1000).__floor__())) / 10
