"""Open cases as home and inbox show them: what waits for whom, since when, and the decisions that one key can give."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.base.people import Actor
from models.kernel.base.record_key import RecordKey
from models.kernel.base.store import RowQuery, answers
from models.kernel.base.titles import short_title
from models.kernel.base.words import L, Listed, Words
from models.kernel.gate import history
from models.kernel.gate.waiting import COLLECTION as WAITING
from models.kernel.language.declare import registered
from models.kernel.language.record import Record
from models.kernel.language.workflow import REASON, Move, Workflow
from models.kernel.rights import rights

from .. import wording
from ..frame import waiting_filter
from ..moves import is_danger
from .held import Held

HOME_ROWS = 10
DRAFT = "draft"  # the state of what nobody but its owner has seen; other first states are work to be done
MINE_MAX = 60
YES, NO, DONE = "yes", "no", "done"
RETURNED, LATE, TODAY, DRAFTS, GOING = "returned", "late", "today", "drafts", "going"
MINE_LABELS = {
    RETURNED: L("Returned to me", "退回給我的"),
    LATE: L("Late", "已逾期"),
    TODAY: L("Due today", "今天到期"),
    DRAFTS: L("My drafts", "我的草稿"),
    GOING: L("To do", "待處理"),
}
INBOX_ORDER = [("rank", -1), ("since", 1), ("_id", 1)]  # what is ranked above others, then the oldest first
Cases = list[dict[str, Any]]


def decision_move(flow: Workflow | None, state: str, kind: str) -> Move | None:
    """The move by which one key says yes or no in a state: yes asks nothing, no asks for the reason and nothing else.

    None where there is no such move, or more than one.
    """
    if kind == DONE:
        return done_move(flow, state)
    query = () if kind == YES else (REASON,)
    moves = [move for move in (flow.out_of(state) if flow else ()) if _is_offered(move)]
    result = [move for move in moves if move.ask == query and not (move.sign or move.values)]
    return result[0] if len(result) == 1 else None


def done_move(flow: Workflow | None, state: str) -> Move | None:
    """The step of one's own work that ends it and asks for nothing; None where there is none, or more than one."""
    moves = [move for move in (flow.out_of(state) if flow else ()) if flow and _is_work(move) and _ends(flow, move)]
    result = [move for move in moves if not move.ask and not move.sign]
    return result[0] if len(result) == 1 else None


def _ends(flow: Workflow, move: Move) -> bool:
    """Whether nobody is waited for any more after a move."""
    onward = flow.out_of(move.target)
    return move.target in flow.ends or all(
        later.optional or later.is_by_itself or later.by.is_system for later in onward
    )


def _is_work(move: Move) -> bool:
    return not (move.is_decision or move.optional or move.is_by_itself or move.by.is_system)


def _is_offered(move: Move) -> bool:
    return move.is_decision and not move.optional and not move.auto


def to_decide(me: Actor, most: int) -> Cases:
    """What waits for a person's decision, in the order of the inbox."""
    return list(get_db()[WAITING].find(waiting_filter(me)).sort(INBOX_ORDER).limit(most))


def following(case: Mapping[str, Any]) -> dict[str, Any]:
    """The cases that come after one in the inbox."""
    rank, since = case.get("rank"), case["since"]
    less: list[dict[str, Any]] = [{"rank": {"$lt": rank}}, {"rank": None}] if rank else []
    same = [{"since": {"$gt": since}}, {"since": since, "_id": {"$gt": case["_id"]}}]
    return {"$or": [*less, *({"rank": rank, **later} for later in same)]}


def overseen_late(me: Actor, catalogue: Mapping[str, type[Record]], most: int) -> Cases | None:
    """The late cases of those whose work a person looks over, the latest first; None for who looks over nothing."""
    whose = rights.overseen(me)
    if whose is None:
        return None
    opened = [name for name, cls in catalogue.items() if rights.can_open(me, cls) and _reads_them(me, cls)]
    late = {**whose, "type": {"$in": opened}, "due": {"$lt": clock.now()}}
    return list(get_db()[WAITING].find(late).sort("due", 1).limit(most))


def _reads_them(me: Actor, cls: type[Record]) -> bool:
    """Whether who looks over the work of others reads it, too: of what is private they see no more than its pages."""
    return not cls.declared.access.private or rights.visible(me, cls) == {"removed_at": None}


def mine(me: Actor, catalogue: Mapping[str, type[Record]]) -> tuple[dict[str, Cases], dict[ObjectId, str]]:
    """A person's own open work in the order of its urgency, each case once, and why cases were returned: 2 commands."""
    whose = rights.waits_at(me, "act")
    tonight = clock.start_of(clock.today() + dt.timedelta(days=1))
    by_due, by_age = [("rank", -1), ("due", 1)], [("rank", -1), ("since", -1)]
    soon, dated, undated = answers(
        [
            RowQuery(WAITING, {**whose, "due": {"$lt": tonight}}, sort=by_due, most=MINE_MAX),
            RowQuery(WAITING, {**whose, "due": {"$gte": tonight}}, sort=by_due, most=MINE_MAX),
            RowQuery(WAITING, {**whose, "due": None}, sort=by_age, most=MINE_MAX),
        ]
    )
    others = [*dated, *undated][:MINE_MAX]
    reasons = _reasons([case["_id"] for case in (*soon, *others)])
    result: dict[str, Cases] = {key: [] for key in MINE_LABELS}
    for case in (*soon, *others):
        cls = catalogue.get(case["type"])
        result[_kind_of(case, reasons.get(case["_id"]), cls.declared.workflow if cls else None)].append(case)
    for cases in result.values():
        cases.sort(key=lambda case: -(case.get("rank") or 0))
    return result, {id: _said(row) for id, row in reasons.items()}


def how_many(own: Mapping[str, Cases], kind: str) -> str:
    """How many cases of a kind there are; with a plus where not all of a person's cases were read."""
    is_whole = sum(len(result) for result in own.values()) < MINE_MAX
    return f"{len(own[kind])}{'' if is_whole else '+'}"


def _kind_of(case: Mapping[str, Any], reason: Mapping[str, Any] | None, flow: Workflow | None) -> str:
    if _was_returned(case, reason, flow):
        return RETURNED
    if case.get("due"):
        if case["due"] < clock.now():
            return LATE
        if case["due"].astimezone(clock.zone()).date() == clock.today():
            return TODAY
    return DRAFTS if case["state"] == DRAFT else GOING


def _reasons(ids: list[ObjectId]) -> dict[ObjectId, dict[str, Any]]:
    """Why cases are where they are: the reason given with the move into their present state, by whom."""
    stages = [
        {"$match": {"record": {"$in": ids}, "state_to": {"$ne": None}}},
        {"$sort": {"record": 1, "seq": -1}},
        {
            "$group": {
                "_id": "$record",
                "reason": {"$first": "$reason"},
                "by": {"$first": "$actor_name"},
                "verb": {"$first": "$verb"},
                "type": {"$first": "$type"},
            }
        },
    ]
    rows = history.HistoryEntry._get_collection().aggregate(stages) if ids else ()
    return {row["_id"]: row for row in rows if row.get("reason") and not _is_for_some(row)}


def _is_for_some(entry: Mapping[str, Any]) -> bool:
    """Whether the reason of a move is read by some people alone: it stands on the page of its record for them."""
    cls = registered().get(entry["type"])
    flow = cls.declared.workflow if cls else None
    return any(move.verb == entry["verb"] and move.reason_see for move in (flow.moves if flow else ()))


def _said(row: Mapping[str, Any]) -> str:
    return f"{row['by']}{wording.t(': ', '：')}{row['reason']}"


def _was_returned(case: Mapping[str, Any], reason: Mapping[str, Any] | None, flow: Workflow | None) -> bool:
    """Whether a decision that asks for a reason brought a case to where it is."""
    moves = [move for move in (flow.moves if flow else ()) if REASON in move.ask and move.is_decision]
    return reason is not None and any((m.verb, m.target) == (reason["verb"], case["state"]) for m in moves)


def owners_of(cases: Iterable[Mapping[str, Any]]) -> Mapping[ObjectId, str]:
    """The names of those whose cases these are: one query."""
    return wording.titles({"User": {case["owner"] for case in cases if case.get("owner")}})


def case_row(
    case: Mapping[str, Any],
    catalogue: Mapping[str, type[Record]],
    owners: Mapping,
    reasons: Mapping | None = None,
    held: Held = MappingProxyType({}),
) -> dict[str, Any]:
    """An open case for a template; `held`: the steps that its reader cannot take until they have learned something."""
    cls = catalogue.get(case["type"])
    base, due, since = f"/admin/{case['type']}/", case.get("due"), case.get("since")
    return {
        "id": str(case["_id"]),
        "given": str(RecordKey(case["type"], case["_id"], case.get("version"))),
        "kind": cls.declared.label if cls else case["type"],
        "number": case["number"],
        "title": short_title(case),
        "url": f"{base}details/?id={case['_id']}",
        "owner": owners.get(case.get("owner"), ""),
        "state": wording.state_label(cls, case["state"]) if cls else case["state"],
        "tone": wording.tone(cls, case["state"]) if cls else wording.NEUTRAL,
        "since": wording.ago(since) if since else "",
        "since_at": wording.moment(since) if since else "",
        "due": wording.deadline(due, is_provisional=bool(case.get("provisional"))),
        "is_late": bool(due and due < clock.now()),
        "reason": (reasons or {}).get(case["_id"], ""),
        "moves": [row for row in _decisions(cls, case, base) if row["verb"] not in held] if cls else [],
        "work": [row for row in _steps(cls, case, base) if row["verb"] not in held] if cls else [],
        "held": _held_lines(cls, held) if cls else [],
    }


def _held_lines(cls: type[Record], held: Held) -> list[dict[str, Any]]:
    """The steps that are held back, together where they are for the same reason."""
    flow = cls.declared.workflow
    labels: dict[tuple[str, str], list[Words]] = {}
    for verb, verdict in held.items() if flow else ():
        labels.setdefault((str(verdict.why), verdict.url), []).append(flow.verb_label(verb) if flow else L(verb, verb))
    return [{"why": why, "url": url, "label": Listed(tuple(some))} for (why, url), some in labels.items()]


def _steps(cls: type[Record], case: Mapping[str, Any], base: str) -> list[dict[str, Any]]:
    """The steps of one's own work that a state leads on with; `kind` where one key makes it, else it has its page."""
    flow = cls.declared.workflow
    last = done_move(flow, case["state"])
    return [
        {
            "verb": move.verb,
            "kind": DONE if move is last else "",
            "label": flow.verb_label(move.verb),
            "url": f"{base}move/?id={case['_id']}&verb={move.verb}&version={case['version']}",
            "is_danger": False,
        }
        for move in (flow.out_of(case["state"]) if flow else ())
        if flow and _is_work(move)
    ]


def _decisions(cls: type[Record], case: Mapping[str, Any], base: str) -> list[dict[str, Any]]:
    """The decisions that are open in a state; `kind` where one key gives them, else they have their page."""
    flow = cls.declared.workflow
    kinds = {id(decision_move(flow, case["state"], kind)): kind for kind in (NO, YES)}
    return [
        {
            "verb": move.verb,
            "kind": kinds.get(id(move), ""),
            "label": flow.verb_label(move.verb),
            "url": f"{base}move/?id={case['_id']}&verb={move.verb}&version={case['version']}",
            "is_danger": is_danger(cls, move),
        }
        for move in (flow.out_of(case["state"]) if flow else ())
        if flow and _is_offered(move)
    ]
