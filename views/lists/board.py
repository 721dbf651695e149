"""Boards: the records of a type in columns by state, newest first; a card is moved to another column by a move.

Which moves there are is asked for one card at a time; the gate makes them, on the version that was seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import abort, jsonify, redirect, request
from flask_admin import expose
from pymongo.errors import ExecutionTimeout

from models.kernel.base import clock
from models.kernel.base.errors import Forbidden
from models.kernel.base.people import Actor
from models.kernel.base.titles import short_title
from models.kernel.gate import changes, intents
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.kernel.language.declare import leading_choice
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.language.sound import rows_of
from models.kernel.language.workflow import REASON, Workflow
from models.kernel.rights import rights

from .. import wording
from ..kinds import kind_of
from ..moves import moved_words, moves_context
from ..session import actor, asks_for_json, say, seen_version
from ..slots import PlainRun
from ..view_switch import ways_to_look
from . import grid_page, listing
from .layouts import query_of
from .listing import ListQuery

CARDS_MAX = 30
FACTS_MAX = 2


class BoardView(PlainRun):
    """The board of each type that has a workflow."""

    def __init__(self, catalogue: Mapping[str, type[Record]]):
        super().__init__(name="boards", endpoint="boards", url="/admin/board")
        self.catalogue = catalogue

    @expose("/")
    def index(self) -> Any:
        return redirect("/admin/")

    @expose("/<type_name>/")
    def of_type(self, type_name: str) -> str:
        """The columns, filtered as the list: a query for the cards, one for the counts, one for each linked type."""
        me, cls = actor(), self._type(type_name)
        query = query_of(cls, me, request.args)
        base = f"/admin/board/{type_name}/"
        states = _states(cls.declared.workflow, query)  # type: ignore[arg-type]
        facts = _facts(cls, me)
        cards = rows_of(cls, _cards(query, states, facts))
        counts = _counts(query, states)
        labels = wording.reference_labels(cls, cards, (*facts, "owner"))
        return self.render(
            "board.html",
            declared=cls.declared,
            base=base,
            problems=query.problems,
            chips=grid_page.chips_of(query, base),
            mine_url=None if "f.owner" in request.args else query.url(base, **{"f.owner": me.id}),
            ways=ways_to_look(type_name, "board"),
            columns=[
                {
                    "state": state,
                    "label": wording.state_label(cls, state),
                    "tone": wording.tone(cls, state),
                    "count": _count(counts.get(state, 0)),
                    "hidden": max(0, counts.get(state, 0) - CARDS_MAX),
                    "cards": [_card(cls, row, facts, labels) for row in cards if row.get("state") == state],
                    "url": query.url(f"/admin/{type_name}/", **{"f.state": state}),
                }
                for state in states
            ],
        )

    @expose("/<type_name>/moves/")
    def moves(self, type_name: str) -> Any:
        """The moves that the reader may make on one card, each with the column that it leads to, and what is held back
        from them until they have passed a course."""
        me, cls = actor(), self._type(type_name)
        record = rights.find(me, cls, request.args.get("id"))
        steps = moves_context(intents.on(me, record))
        answer = jsonify(ok=True, version=record.version, moves=_moves(record, steps), held=_held(steps))
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/<type_name>/move/", methods=("POST",))
    def move(self, type_name: str) -> Any:
        """Make a move that asks for nothing; what it still lacks is said. Raises Missing, Refused, Changed."""
        me, cls = actor(), self._type(type_name)
        verb, seen = request.form.get("verb", ""), seen_version(request.form.get("version"))
        id = rights.find(me, cls, request.form.get("id")).id
        record = changes.move(cls, id, verb, actor=me, version=seen, context=Context(source=Source.BOARD))
        words = moved_words(record, verb)
        if asks_for_json():
            return jsonify(ok=True, message=str(words), version=record.version, state=record.state)
        say("good", words)
        return redirect(f"/admin/board/{type_name}/")

    def _type(self, name: str) -> type[Record]:
        """The type of a board. What there is none of is not found; what is not the reader's is refused."""
        cls = self.catalogue.get(name)
        if cls is None or cls.declared.workflow is None:
            abort(404)
        if not rights.can_open(actor(), cls):
            raise Forbidden(rights.NOT_YOURS)
        return cls


def _states(flow: Workflow, query: ListQuery) -> tuple[str, ...]:
    """The columns: all states, or those that the list is filtered by."""
    needed = set(query.args_with_view.getlist("f.state"))
    return tuple(state for state in flow.states if state in needed) or flow.states


def _facts(cls: type[Record], me: Actor) -> tuple[str, ...]:
    """What a card shows beside number and title: the first columns of the list that the title does not tell, and how
    far its checklists are."""
    declared = cls.declared
    hidden = {"number", "title", "owner", "department", "state", *declared.title_fields}
    kept = rights.readable_fields(me, cls) - hidden
    names = [name for name in declared.grid.columns if name in kept]
    lists = [name for name, field in declared.own_fields.items() if name in kept and field.columns and field.done]
    return (*[name for name in names if cls._fields[name].is_indexable][:FACTS_MAX], *lists)


def _cards(query: ListQuery, states: tuple[str, ...], facts: tuple[str, ...]) -> list[dict[str, Any]]:
    """The first records of each column, in one command: the newest, or where its list begins with an ordered choice, by
    that one before."""
    shown: dict[str, Any] = dict.fromkeys(
        (*facts, "number", "title", "state", "version", "owner", "state_since", "due_at"), 1
    )
    lists = [fact for fact in facts if query.cls._fields[fact].columns]
    shown |= {name: kind_of(query.cls._fields[name]).projection(name) for name in lists}
    name = leading_choice(query.cls)
    order = {query.cls.fields_of()[name].order_key(name): -1} if name else {}
    stages = [{"$sort": {**order, "_id": -1}}, {"$limit": CARDS_MAX}, {"$project": shown}]
    return _of_each(query, states, stages)


def _counts(query: ListQuery, states: tuple[str, ...]) -> dict[str, int]:
    """How many records each column has, counted no further than a list counts, in one command."""
    stages: list[dict[str, Any]] = [{"$limit": listing.COUNT_CAP + 1}, {"$group": {"_id": "$state", "n": {"$sum": 1}}}]
    return {row["_id"]: row["n"] for row in _of_each(query, states, stages)}


def _count(hits: int) -> listing.HitCount:
    """A count as lists say it."""
    return listing.HitCount(min(hits, listing.COUNT_CAP), is_exact=hits <= listing.COUNT_CAP)


def _of_each(query: ListQuery, states: tuple[str, ...], stages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same stages for the records of each state."""
    each = [[{"$match": {"$and": [{"state": state}, query.filter]}}, *stages] for state in states]
    name = query.collection.name
    others = [{"$unionWith": {"coll": name, "pipeline": pipeline}} for pipeline in each[1:]]
    try:
        return list(query.collection.aggregate([*each[0], *others], maxTimeMS=listing.TIME_LIMIT_MS))
    except ExecutionTimeout:
        if listing.SLOW not in query.problems:
            query.problems.append(listing.SLOW)
        return []


def _card(cls: type[Record], row: Mapping[str, Any], facts: tuple[str, ...], labels: Mapping) -> dict[str, Any]:
    number, due = row.get("number", ""), row.get("due_at")
    kinds = {fact: kind_of(cls._fields[fact]) for fact in facts}
    texts = [(str(label_of(kind.field)), kind.plain(row.get(fact) or None, labels)) for fact, kind in kinds.items()]
    return {
        "id": str(row["_id"]),
        "version": row.get("version", 0),
        "number": number,
        "title": short_title(row),
        "url": f"/admin/{cls.declared.name}/details/?id={row['_id']}",
        "facts": [pair for pair in texts if pair[1]],
        "owner": labels.get(row.get("owner"), ""),
        "since": wording.ago(row["state_since"]) if row.get("state_since") else "",
        "since_at": wording.moment(row["state_since"]) if row.get("state_since") else "",
        "due": wording.moment(due) if due else "",
        "is_late": bool(due and due < clock.now()),
    }


def _moves(record: Record, steps: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The reader's moves on a record; `asks` where a page must be filled in first."""
    flow = record.flow()
    result = []
    for step in steps:
        chosen = flow.find(step["verb"], record.state) if flow else None
        if chosen is None or not step["may"]:
            continue
        lacks = any(not item["ok"] for item in step["checklist"])
        asks = bool(chosen.sign or chosen.asked_fields or REASON in chosen.ask or lacks)
        values = {name: str(step[name]) for name in ("verb", "label", "url")}
        result.append(values | {"target": chosen.target, "asks": asks, "is_danger": step["is_danger"]})
    return result


def _held(steps: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What is held back from the reader, why, and where they learn what is asked."""
    return [
        {"label": str(step["label"]), "why": step["why"], "url": step["why_url"]} for step in steps if step["why_url"]
    ]
