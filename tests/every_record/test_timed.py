"""Every timed move: nothing before its time, then once, by rule; its page says when; an index serves the sweep."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bson import ObjectId

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import EN, speaking
from models.kernel.gate import changes, timed
from models.kernel.gate.history import entries_of
from models.kernel.language import by_time
from models.kernel.language.fields import Day
from models.kernel.language.indexes import indexes_of
from tests.fixtures._sound import is_sound
from tests.fixtures.doing import do
from tests.fixtures.http import reader

MOVES = [
    (cls, move, state)
    for cls in catalogue.values()
    for move in by_time.timed_moves(cls.declared.workflow)
    for state in move.source
]
TIMED = pytest.mark.parametrize(("cls", "move", "state"), MOVES, ids=lambda item: getattr(item, "__name__", None))
A_SECOND = dt.timedelta(seconds=1)


def test_there_are_moves_by_day_and_by_moment() -> None:
    assert {cls.declared.name for cls, _, _ in MOVES} >= {"quotation", "receivable", "loan"}
    assert len({(cls.declared.name, move.verb) for cls, move, _ in MOVES}) >= 4


def read_on_screen(company: Any) -> dict[str, Any]:
    document = company.walk(company.make("document", "clerk_sal", confidentiality="confidential"), "approved")
    today = clock.today()
    return {"document": document.id, "wanted_from": today, "wanted_until": today + dt.timedelta(days=3)}


UNGUESSED = {("loan", "expire"): read_on_screen}  # what the rules of a type ask for beyond a single value


@pytest.fixture
def waiting(cls: Any, move: Any, state: str, company: Any, made_anew: Callable[[], Any]) -> Any:
    """A record in the state that the move leaves, with the date that it goes by."""
    made_anew()
    facts = UNGUESSED.get((cls.declared.name, move.verb), lambda company: {})(company)
    record = company.walk(company.make(cls.declared.name, **facts, **move.only), state)
    if by_time.moment_of(record, move) is None:
        value = clock.today() if isinstance(cls.fields_of()[move.at], Day) else clock.now()
        record = changes.update(cls, record.id, {move.at: value}, actor=SYSTEM, version=None)
    record = company._prepare(record, move, imminent=True)
    assert record.state == state
    assert not list(timed.hindrances(record, move))
    return record


@TIMED
def test_before_its_time_nothing_after_it_once_and_by_rule(
    cls: Any, move: Any, state: str, waiting: Any, company: Any
) -> None:
    moment = by_time.moment_of(waiting, move)
    assert moment is not None
    with clock.set_to(moment - A_SECOND):
        do("moves.timed")
        assert company.fresh(waiting).version == waiting.version
    with clock.set_to(moment):
        assert do("moves.timed")["done"] >= 1
        moved = company.fresh(waiting)
        assert moved.state == move.target
        entry = next(entry for entry in entries_of(moved.id, newest_first=True) if entry["verb"] == move.verb)
        assert (entry["door"], entry["actor"], entry["state_from"]) == ("rule", None, state)
        assert is_sound(moved)
        do("moves.timed")
        assert company.fresh(moved).version == moved.version, "made twice"


@TIMED
def test_its_page_says_when(cls: Any, move: Any, state: str, waiting: Any, company: Any, browser_as: Any) -> None:
    moment = by_time.moment_of(waiting, move)
    assert moment is not None
    with speaking(EN):
        label = str(waiting.flow().verb_label(move.verb))
    said = f"“{label}” follows by itself on {moment.astimezone(clock.zone()):%Y-%m-%d %H:%M}"
    page = browser_as(reader(company, cls, waiting), locale="en").get(
        f"/admin/{cls.declared.name}/details/", {"id": waiting.id}
    )
    assert said in page.text


@TIMED
def test_what_lies_in_the_bin_stays_as_it_is(cls: Any, move: Any, state: str, waiting: Any) -> None:
    removed = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    cls.collection().update_one({"_id": waiting.id}, {"$set": {"removed_at": removed}})
    moment = by_time.moment_of(waiting, move)
    assert moment is not None
    with clock.set_to(moment + dt.timedelta(days=400)):
        do("moves.timed")
    assert cls.collection().find_one({"_id": waiting.id})["version"] == waiting.version


@TIMED
def test_the_sweep_reads_an_index_and_no_more_than_it_moves(
    cls: Any, move: Any, state: str, waiting: Any, db: Any
) -> None:
    """In a collection of its own: an index that has once held a list sorts no more, even when that is gone."""
    key, row = by_time.key_of(move), cls.collection().find_one({"_id": waiting.id})
    db["plans"].create_indexes(list(indexes_of(cls)))
    later = {key: clock.now() + dt.timedelta(days=900)}
    others = [{**row, **values, "_id": ObjectId()} for values in ({"state": "elsewhere"}, later) for _ in range(50)]
    for at, other in enumerate(others):
        other["number"] = f"X-{at}"
        for unneeded in ("once", *(rule.fields[-1] for rule in cls.declared.unique)):
            other.pop(unneeded, None)
    db["plans"].insert_many([row, *others])
    moment = by_time.moment_of(waiting, move)
    assert moment is not None
    query = by_time.candidates(move, state, cls.fields_of(), moment)
    rows = db["plans"].find(query).sort([(key, 1), ("_id", 1)]).limit(timed.BATCH)
    stats = rows.clone().explain()["executionStats"]
    assert 1 <= stats["totalDocsExamined"] == stats["nReturned"] < 10
    plan = rows.clone().hint(by_time.PREFIX + key).explain()
    names = set(stages(plan["queryPlanner"]["winningPlan"]))
    assert "IXSCAN" in names
    assert not names & {"COLLSCAN", "SORT"}
    db["plans"].drop()


def stages(plan: Any) -> Iterator[str]:
    yield plan.get("stage", "")
    for name in ("inputStage", "queryPlan"):
        if name in plan:
            yield from stages(plan[name])
