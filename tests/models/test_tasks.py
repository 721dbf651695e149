"""Tasks (3.4.1): blocked and free again, circles over any hops, who is told, and what other clauses make of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from models.kernel.base import clock
from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import speaking
from models.kernel.gate import changes
from models.sales.customers import Interaction
from models.sales.receivables import Dunning
from models.tasks import Task
from tests.fixtures.doing import do


@pytest.fixture
def task(company: Any) -> Any:
    """`task(**values)` is one that clerk_sal has entered."""

    def make(**values: Any) -> Task:
        return changes.create(Task, {"subject": "交報價", **values}, actor=company.actor("clerk_sal"))

    return make


def made_of(record: Any) -> list[Task]:
    return list(Task.objects(once=f"{record.type_name()}:{record.id}:task"))


def move(company: Any, record: Any, verb: str, login: str = "clerk_sal", **options: Any) -> Any:
    fresh = company.fresh(record)
    return changes.move(type(fresh), fresh.id, verb, actor=company.actor(login), version=fresh.version, **options)


def notified(db: Any, kind: str) -> list[Any]:
    return [row["person"] for row in db["notice"].find({"kind": kind}).sort("_id", 1)]


def test_a_task_is_whose_it_is_entered_by_until_somebody_else_is_named(task: Any, company: Any, db: Any) -> None:
    own = task()
    assert own.ref("assignee") == company.users["clerk_sal"]
    given = task(assignee=company.users["clerk_prd"], helpers=[company.users["clerk_mkt"]])
    assert sorted(notified(db, "assigned")) == sorted([company.users["clerk_prd"], company.users["clerk_mkt"]])
    done = move(company, given, "finish", "clerk_prd")
    assert (done.state, done.progress) == ("done", 100)
    with pytest.raises(Missing):
        move(company, own, "finish", "clerk_mkt")


def test_what_is_urgent_is_told_at_once_and_waits_first(task: Any, company: Any, db: Any) -> None:
    given = task(assignee=company.users["clerk_prd"])
    for _ in range(2):
        given = changes.update(Task, given.id, {"priority": "urgent"}, actor=company.actor("clerk_sal"),
                               version=company.fresh(given).version)  # fmt: skip
    assert notified(db, "urgent") == [company.users["clerk_prd"]]
    assert db["waiting"].find_one({"_id": given.id})["rank"] == 2


def test_where_most_is_urgent_it_is_said(task: Any, company: Any) -> None:
    for priority in ("normal", "normal", "normal", "normal", "urgent"):
        task(priority=priority)
    task(priority="urgent")  # two of six are a third
    with speaking("en"), pytest.raises(Refused) as refusal:
        task(priority="urgent")
    assert "3 of the 7 tasks" in str(refusal.value.problems["priority"][0])
    context = changes.Context(confirmed=True)
    values = {"subject": "交報價", "priority": "urgent"}
    assert changes.create(Task, values, actor=company.actor("clerk_sal"), context=context).priority == "urgent"


def test_the_case_is_due_by_the_date_of_the_task(task: Any, company: Any, db: Any) -> None:
    due = dt.datetime(2027, 3, 5, 7, tzinfo=dt.UTC)
    given = task(due=due)
    assert db["waiting"].find_one({"_id": given.id})["due"] == due
    later = due + dt.timedelta(days=3)
    changes.update(Task, given.id, {"due": later}, actor=company.actor("clerk_sal"), version=given.version)
    assert db["waiting"].find_one({"_id": given.id})["due"] == later
    move(company, given, "finish")
    assert db["waiting"].find_one({"_id": given.id}) is None


def test_what_is_blocked_is_not_done(task: Any, company: Any) -> None:
    first = task(subject="first")
    second = task(subject="second", blocked_by=[first.id])
    for verb in ("start", "finish"):
        with speaking("en"), pytest.raises(Refused) as refusal:
            move(company, second, verb)
        assert "What blocks the task is done" in str(refusal.value.problems["require"][0])
    move(company, first, "finish")
    assert move(company, second, "finish").state == "done"


@pytest.mark.parametrize("hops", [1, 2, 30])
def test_a_circle_is_refused_and_named(task: Any, company: Any, hops: int) -> None:
    chain = [task(subject="task 0")]
    for at in range(1, hops):
        beside = task(subject=f"beside {at}")
        chain.append(task(subject=f"task {at}", blocked_by=[beside.id, chain[-1].id]))
    person = company.actor("clerk_sal")
    with speaking("en"), pytest.raises(Refused) as refusal:
        changes.update(Task, chain[0].id, {"blocked_by": [chain[-1].id]}, actor=person, version=chain[0].version)
    said = str(refusal.value.problems["blocked_by"][0])
    assert said.count("→") == hops
    assert "task 0" in said
    assert "beside" not in said


def test_the_next_step_of_a_talk_becomes_a_task_once(company: Any) -> None:
    talk = company.make("interaction", "clerk_sal")
    assert made_of(talk) == []
    person, values = company.actor("clerk_sal"), {"next_step": "寄樣品", "next_due": dt.date(2027, 3, 5)}
    talk = changes.update(Interaction, talk.id, values, actor=person, version=company.fresh(talk).version)
    [made] = made_of(talk)
    assert (made.subject, made.about) == ("寄樣品", f"customer:{talk.ref('customer')}")
    assert made.ref("assignee") == company.users["clerk_sal"]
    assert made.due.astimezone(clock.zone()).isoformat()[:16] == "2027-03-05T18:00"
    assert not Interaction.still_reminds({"_id": talk.id})
    for step in ("", "寄合同"):
        talk = changes.update(Interaction, talk.id, {"next_step": step, "next_due": None}, actor=SYSTEM, version=None)
    assert len(made_of(talk)) == 1


def test_a_talk_of_before_is_untouched(company: Any) -> None:
    """One whose next step was filled in before there were tasks makes none when changed, and reminds as it did."""
    talk = company.make("interaction", "clerk_sal")
    Interaction.collection().update_one({"_id": talk.id}, {"$set": {"next_step": "寄樣品"}})
    changes.update(Interaction, talk.id, {"budget": "10 萬", "next_step": "寄合同"}, actor=SYSTEM, version=None)
    assert made_of(talk) == []
    assert Interaction.still_reminds({"_id": talk.id})


def test_a_step_of_dunning_is_a_task_that_ends_with_it(company: Any, db: Any) -> None:
    step = company.make("dunning", owner=company.users["clerk_sal"])
    [made] = made_of(step)
    assert made.about == f"dunning:{step.id}"
    assert made.ref("assignee") == company.users["clerk_sal"]
    assert db["waiting"].find_one({"_id": step.id}) is None
    with pytest.raises(Refused):
        move(company, made, "finish")
    values = {"done_on": clock.today(), "result": "答應月底付款"}
    changes.update(Dunning, step.id, values, actor=SYSTEM, version=None)
    move(company, step, "complete")
    assert company.fresh(made).state == "done"
    do("moves.timed")
    assert len(made_of(step)) == 1


def test_a_step_of_dunning_that_is_removed_lets_its_task_go(company: Any) -> None:
    step = company.make("dunning", owner=company.users["clerk_sal"])
    [made] = made_of(step)
    with pytest.raises(Refused):
        move(company, made, "finish")
    assert changes.remove(Dunning, step.id, actor=SYSTEM, version=None).removed_at
    assert move(company, made, "finish").state == "done"


def test_a_step_of_dunning_of_before_waits_as_it_did(company: Any, db: Any) -> None:
    step = company.make("dunning", owner=company.users["clerk_sal"])
    Dunning.collection().update_one({"_id": step.id}, {"$set": {"flow_version": 1}})
    changes.update(Dunning, step.id, {"result": "無人接聽"}, actor=SYSTEM, version=None)
    assert db["waiting"].find_one({"_id": step.id}) is not None


@pytest.mark.parametrize(("days", "who"), [(1, "clerk_sal"), (3, "head_sal"), (5, "management"), (10, "management")])
def test_what_is_late_goes_up_the_chain(task: Any, company: Any, db: Any, days: int, who: str) -> None:
    """The assignee, the head, the department above it, management: each on a day of its own."""
    due = dt.datetime(2027, 3, 1, 7, tzinfo=dt.UTC)
    with clock.set_to(due - dt.timedelta(days=5)):
        given = task(due=due)
    with clock.set_to(due + dt.timedelta(days=days, hours=1)):
        do("reminders.sweep")
    causes = {row["person"] for row in db["notice"].find({"record": given.id, "cause": {"$regex": f":-{days}$"}})}
    assert company.users[who] in causes
    assert company.users["clerk_prd"] not in causes
