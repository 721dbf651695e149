"""Night for night or all at once: the same; and a closed period stays as it was."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.assessment import knowledge, populations, publishing
from models.assessment.indicators import formula_of
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.services.keeping import audit
from tests.fixtures.doing import do
from tests.fixtures.histories import HOUR, Histories

INDICATOR = catalogue["indicator"]
BEGIN = dt.datetime(2026, 9, 20, 1, tzinfo=dt.UTC)
NEXT = {"draft": ("submit", "submitted"), "submitted": ("approve", "approved"), "approved": ("", "")}
SEALED = ("indicator_case", "indicator_running")


def state_of(*names: str) -> dict[str, list[Any]]:
    """What stands in some collections, but for the moment of knowledge."""
    return {
        name: sorted(({k: v for k, v in row.items() if k != "known_at"} for row in get_db()[name].find()), key=str)
        for name in names
    }


def a_night(chance: random.Random, histories: Histories, company: Any, now: dt.datetime) -> None:
    """Some cases begin, some go on; each step by chance refused before, given back or taken back."""
    owners = [company.users[login] for login in ("clerk_sal", "clerk_sal2")]
    for _ in range(chance.randint(1, 4)):
        owner = chance.choice(owners)
        facts = {"owner": owner, "actor": owner, "department": company.department("SAL"), "flow": 1}
        case = histories.case("quotation", **facts)
        case.add(now, "create", target="draft", next_due=now + chance.randint(1, 400) * HOUR)
    for case in histories.cases:
        verb, target = NEXT[case.state]
        if not verb or chance.random() < 0.6:
            continue
        if chance.random() < 0.3:
            case.refused(now, verb, "required")
        if case.state == "submitted" and chance.random() < 0.3:
            verb, target = chance.choice((("return", "draft"), ("withdraw", "draft")))
        due = now + chance.randint(-30, 30) * HOUR
        later = now + chance.randint(1, 400) * HOUR if target != "approved" else None
        case.add(now, verb, case.state, target, due=due, next_due=later, actor=company.users["head_sal"])
    histories.write()


def test_night_for_night_is_all_at_once(company: Any) -> None:
    chance, histories = random.Random(7), Histories()
    with clock.set_to(BEGIN):
        first = None
        for measure in ("quotation.firstpass", "quotation.completeness", "quotation.stepsintime"):
            values = {"name": measure, "group": "process", "measure": measure, "since": BEGIN.date(), "least_n": 1,
                      "per": ["department", "person"], "counterpart": first}  # fmt: skip
            first = first or changes.create(INDICATOR, values, actor=SYSTEM).id
            if measure != "quotation.firstpass":
                changes.create(INDICATOR, values, actor=SYSTEM)
        get_db().indicator.update_many({}, {"$set": {"state": "in_force"}})
    published: dict[Any, Any] = {}
    for night in range(30):
        now = BEGIN + night * dt.timedelta(days=1)
        a_night(chance, histories, company, now)
        with clock.set_to(now + HOUR):
            counts = do("indicators.compute") if night % 3 else publishing.compute()
            known = {row["_id"]: row for row in get_db().indicator_value.find()}
        assert all(known[id] == row for id, row in published.items())  # closed periods are never counted again
        assert bool(counts["published"]) is (now.date() == dt.date(2026, 10, 4))
        published = known
        if night % 7 == 6:
            by_night = state_of(*SEALED)
            with clock.set_to(now + HOUR):
                get_db().indicator_case.delete_many({"r": {"$in": [case.id for case in histories.cases[::2]]}})
                publishing.compute(whole=True)
            assert state_of(*SEALED) == by_night
    assert {row["scope"] for row in published.values()} == {"company", "department", "person"}
    assert all(row["last_day"].date() == dt.date(2026, 9, 30) for row in published.values())


def test_what_is_not_sealed_yet_is_not_counted(company: Any, monkeypatch: Any) -> None:
    """An entry that comes between the seal and the reading is left for the next night."""
    with clock.set_to(BEGIN):
        values = {
            "name": "准",
            "group": "process",
            "measure": "quotation.firstpass",
            "since": BEGIN.date(),
            "least_n": 1,
        }
        changes.create(INDICATOR, values, actor=SYSTEM)
        get_db().indicator.update_many({}, {"$set": {"state": "in_force"}})
        histories = Histories()
        owner = company.users["clerk_sal"]
        case = histories.case("quotation", owner=owner, actor=owner, department=company.department("SAL"))
        case.add(BEGIN, "create", target="draft").add(BEGIN, "submit", "draft", "submitted")
        histories.write()
        seal = publishing.newest

        def sealed_then_written() -> Any:
            known = seal()
            case.add(BEGIN, "approve", "submitted", "approved")
            histories.write()
            return known

        monkeypatch.setattr(publishing, "newest", sealed_then_written)
        with clock.set_to(BEGIN + HOUR):
            publishing.compute()
        assert get_db().indicator_running.find_one({"scope": "company"})["n"] == 0
        monkeypatch.undo()
        with clock.set_to(BEGIN + 2 * HOUR):
            publishing.compute()
        assert get_db().indicator_running.find_one({"scope": "company"})["n"] == 1


def test_what_was_sealed_while_an_indicator_was_revised_is_counted(company: Any) -> None:
    """Another indicator goes on meanwhile, so that what is sealed has been read."""
    firstpass = {"group": "process", "measure": "quotation.firstpass", "since": BEGIN.date(), "least_n": 1}
    with clock.set_to(BEGIN):
        revised, other = (changes.create(INDICATOR, {"name": name, **firstpass}, actor=SYSTEM).id for name in "甲乙")
    histories = Histories()
    owner = company.users["clerk_sal"]
    for night, state in enumerate(("in_force", "draft", "draft", "in_force")):
        now = BEGIN + night * dt.timedelta(days=1)
        case = histories.case("quotation", owner=owner, actor=owner, department=company.department("SAL"))
        case.add(now, "create", target="draft").add(now, "submit", "draft", "submitted")
        case.add(now, "approve", "submitted", "approved")
        histories.write()
        get_db().indicator.update_one({"_id": other}, {"$set": {"state": "in_force"}})
        get_db().indicator.update_one({"_id": revised}, {"$set": {"state": state}})
        with clock.set_to(now + HOUR):
            publishing.compute()
    running = get_db().indicator_running
    assert [running.find_one({"indicator": id, "scope": "company"})["n"] for id in (revised, other)] == [4, 4]


def test_the_period_of_published_values_stays(company: Any) -> None:
    hr = company.actor("hr")
    with clock.set_to(BEGIN):
        values = {"name": "准", "group": "process", "measure": "quotation.firstpass", "since": BEGIN.date()}
        made = changes.create(INDICATOR, values, actor=hr)
        made = changes.update(INDICATOR, made.id, {"period": "quarter"}, actor=hr, version=made.version)
        value = {"indicator": made.id, "first_day": BEGIN.date(), "last_day": BEGIN.date(), "scope": "company"}
        value["department"] = company.department("SAL")
        changes.create(catalogue["indicator_value"], value, actor=SYSTEM)
        with pytest.raises(Refused) as refusal:
            changes.update(INDICATOR, made.id, {"period": "year"}, actor=hr, version=made.version)
        assert "period" in refusal.value.problems
        changes.update(INDICATOR, made.id, {"least_n": 9}, actor=hr, version=made.version)
        # whatever became of it: the first period of the new kind of which nothing is closed
        get_db().indicator_state.insert_one({"_id": made.id, "closed_until": dt.datetime(2026, 11, 1, tzinfo=dt.UTC)})
        formula = formula_of(INDICATOR.objects.get(id=made.id))
        assert formula is not None
        assert populations.first_open(formula) == dt.date(2027, 1, 1)


def test_each_later_seal_is_read_once(company: Any, monkeypatch: Any) -> None:
    """However many records a proof of long ago looks at; and what is sealed meanwhile is later, too."""
    histories, read = Histories(), []
    unpack = knowledge.unpack
    with clock.set_to(BEGIN):
        known = knowledge.newest()
        assert known is not None
        monkeypatch.setattr(knowledge, "unpack", lambda leaves: read.append(1) or unpack(leaves))
        case = histories.case("quotation", owner=company.users["clerk_sal"])
        for place, verb in enumerate(("create", "submit", "approve"), 1):
            case.add(BEGIN, verb)
            histories.write()
            assert all(entry["_id"] in known.later() for entry in case.entries)
            audit.seal_all()
            assert [entry["_id"] in known.later() for entry in case.entries] == [True] * place
            assert len(read) == place
