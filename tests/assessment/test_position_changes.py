"""Changes of position (4.4.2): ground, signed consent, two approvals; in force at the instant, once, also after a
breakdown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.assessment import standing
from models.assessment.position_changes import roles_after
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import SYSTEM, actor_of
from models.kernel.gate import changes
from models.kernel.rights import rights
from tests.fixtures.doing import do
from tests.fixtures.rounds import NOW, SHEET, USER, act, sheet_of

CHANGE, POSITION, DEPARTMENT = catalogue["position_change"], catalogue["position"], catalogue["department"]
DAY = dt.date(2026, 12, 1)
INSTANT = dt.datetime(2026, 11, 30, 16, tzinfo=dt.UTC)  # midnight in Shanghai
SIGNED = {"how": "typed", "typed": "林曉梅"}


def user(company: Any, login: str = "clerk_sal") -> Any:
    return USER.objects.get(id=company.users[login])


def propose(company: Any, login: str = "clerk_sal", by: str = "hr", **given: Any) -> Any:
    position = POSITION.objects(name="主管").first() or changes.create(POSITION, {"name": "主管"}, actor=SYSTEM)
    values = {
        "employee": company.users[login],
        "effective_on": DAY,
        "ground": "other",
        "why": "主持西北片區業務一年，業績穩定。",
        "to_department": company.department("MKT"),
        "to_position": position.id,
        "to_roles": ["head"],
        **given,
    }
    return changes.create(CHANGE, values, actor=company.actor(by))


def sign(company: Any, change: Any, login: str = "clerk_sal") -> Any:
    name = user(company, login).name
    return act(CHANGE, change, "consent", login, {"consent": {"how": "typed", "typed": name}})


def approve(company: Any, change: Any) -> Any:
    act(CHANGE, change, "submit", "hr")
    sign(company, change)
    act(CHANGE, change, "review", "hr2")
    return act(CHANGE, change, "approve", "management")


@pytest.fixture
def people(company: Any, published: Any) -> Iterator[Any]:
    """The company of the published cycle, with a second person in human resources."""
    values = {"login": "hr2", "name": "人事二", "department": company.actor("hr").department, "roles": ["hr"]}
    company.users["hr2"] = changes.create(USER, values, actor=SYSTEM).id
    yield company
    company.users.pop("hr2")


def sweep(moment: dt.datetime) -> None:
    with clock.set_to(moment):
        do("moves.timed")


def test_it_takes_effect_at_the_instant_and_once(people: Any, browser_as: Any) -> None:
    """Entry, roles, seat: all at midnight of the day, none before; a second sweep changes nothing."""
    changes.update(
        DEPARTMENT, people.department("SAL"), {"deputy": people.users["clerk_sal"]}, actor=SYSTEM, version=None
    )
    change = propose(people, to_seat="head", to_manager=people.users["management"])
    approve(people, change)
    before = user(people)
    sweep(INSTANT - dt.timedelta(minutes=1))
    assert user(people).version == before.version
    sweep(INSTANT)
    sweep(INSTANT + dt.timedelta(minutes=5))
    now = user(people)
    assert now.version == before.version + 1
    assert (now.ref("department"), now.roles, now.ref("manager")) == (
        people.department("MKT"), ["head"], people.users["management"],
    )  # fmt: skip
    assert now.position.name == "主管"
    seats = {row["code"]: (row.get("head"), row.get("deputy")) for row in get_db().department.find()}
    assert seats["MKT"][0] == now.id
    assert seats["SAL"][1] is None
    assert CHANGE.objects.get(id=change.id).state == "effective"
    entry = get_db().history.find_one({"record": change.id, "verb": "take_effect"})
    assert entry["door"] == "rule"
    reached = get_db().notice.distinct("person", {"kind": "alarm"})
    assert {now.id, people.users["supervisor"]} <= set(reached)


def test_also_if_the_system_was_down_then(people: Any) -> None:
    approve(people, propose(people))
    sweep(INSTANT + dt.timedelta(days=20))
    assert user(people).ref("department") == people.department("MKT")
    version = user(people).version
    changes.update(USER, people.users["clerk_sal"], {"roles": ["clerk"]}, actor=SYSTEM, version=None)
    sweep(INSTANT + dt.timedelta(days=21))
    assert (user(people).version, user(people).roles) == (version + 1, ["clerk"])


def test_what_was_given_meanwhile_stays(people: Any) -> None:
    """Roles are added and taken away by the difference, not written over."""
    approve(people, propose(people))
    changes.update(USER, people.users["clerk_sal"], {"roles": ["clerk", "legal"]}, actor=SYSTEM, version=None)
    sweep(INSTANT)
    assert user(people).roles == ["head", "legal"]
    assert roles_after(["a", "b", "x"], ["a", "b"], ["b", "c"]) == ["b", "c", "x"]


def test_nobody_but_the_employee_consents_and_nobody_decides_twice(people: Any) -> None:
    change = propose(people)
    assert rights.visible(people.actor("clerk_sal"), CHANGE) is not None
    with pytest.raises(Missing):
        rights.find(people.actor("clerk_sal"), CHANGE, change.id)  # a draft is not the employee's business
    act(CHANGE, change, "submit", "hr")
    changes.update(
        USER, people.users["clerk_sal"],
        {"deputy": people.users["clerk_sal2"], "absent_from": NOW.date(), "absent_until": NOW.date()},
        actor=SYSTEM, version=None,
    )  # fmt: skip
    for login in ("hr", "management", "head_sal", "clerk_sal2"):
        with pytest.raises((Forbidden, Missing)):
            sign(people, change, login)
    with pytest.raises(Refused):
        act(CHANGE, change, "consent", "clerk_sal")  # without a signature
    sign(people, change)
    for login in ("hr", "clerk_sal", "management"):  # who submitted it, whose it is, who has no say yet
        with pytest.raises((Forbidden, Missing)):
            act(CHANGE, change, "review", login)
    act(CHANGE, change, "review", "hr2")
    with pytest.raises(Forbidden):
        act(CHANGE, change, "approve", "hr2")
    act(CHANGE, change, "return", "management", reason="職級待定")
    assert not CHANGE.objects.get(id=change.id).consent
    act(CHANGE, change, "submit", "hr")
    act(CHANGE, change, "decline", "clerk_sal", reason="家庭原因")
    sweep(INSTANT)
    assert user(people).ref("department") == people.department("SAL")


def test_management_does_not_approve_its_own(people: Any) -> None:
    changes.update(
        USER, people.users["clerk_sal"], {"roles": ["clerk", "management", "hr"]}, actor=SYSTEM, version=None
    )
    change = propose(people)
    act(CHANGE, change, "submit", "hr")
    sign(people, change)
    with pytest.raises(Forbidden):
        act(CHANGE, change, "review", "clerk_sal")
    act(CHANGE, change, "review", "hr2")
    with pytest.raises(Forbidden):
        act(CHANGE, change, "approve", "clerk_sal")


def test_a_grade_leads_to_nothing_by_itself(people: Any) -> None:
    """peer3 has a D: no change is made, nobody is switched off; a lower post asks what was tried before."""
    assert sheet_of(people, "peer3").grade == "D"
    do("moves.timed")
    assert CHANGE.objects().count() == 0
    assert user(people, "peer3").active
    assert {leads.verb for leads in SHEET.declared.follow_ups if not leads.opens} == {"train"}  # by people, each
    low = propose(
        people, "peer3", kind="demotion", ground="assessment", evaluations=[sheet_of(people, "peer3").id],
        to_department=people.department("SAL"), to_roles=["clerk"],
    )  # fmt: skip
    with pytest.raises(Refused):
        act(CHANGE, low, "submit", "hr")
    low = changes.update(
        CHANGE, low.id, {"measures": "十月參加談判培訓"}, actor=people.actor("hr"), version=low.version
    )
    act(CHANGE, low, "submit", "hr")
    sweep(INSTANT)
    assert user(people, "peer3").position is None  # not without consent and approval


def test_the_ground_is_the_employees_own_published_assessment(people: Any) -> None:
    with pytest.raises(Refused):
        propose(people, ground="assessment", evaluations=[sheet_of(people, "peer1").id])
    change = propose(people, ground="assessment")
    with pytest.raises(Refused):
        act(CHANGE, change, "submit", "hr")
    with pytest.raises(Refused):
        propose(people, to_department=people.department("SAL"), to_position=None, to_roles=["clerk"])
    late = propose(people, effective_on=NOW.date() - dt.timedelta(days=1))
    with pytest.raises(Refused):
        act(CHANGE, late, "submit", "hr")


def test_an_employee_who_has_left_is_not_moved(people: Any) -> None:
    change = propose(people)
    approve(people, change)
    changes.update(USER, people.users["clerk_sal"], {"active": False}, actor=SYSTEM, version=None)
    sweep(INSTANT)
    assert CHANGE.objects.get(id=change.id).state == "approved"
    act(CHANGE, change, "cancel", "hr", reason="已離職")


def test_what_changes_in_rights_is_shown_before_and_then_holds(people: Any, browser_as: Any) -> None:
    """What the page says of each type is what the same questions answer afterwards."""
    change = propose(people, to_roles=["head", "finance"])
    new = standing.of_change(CHANGE.objects.get(id=change.id))
    assert (new.added, new.taken, new.moves) == (("finance", "head"), ("clerk",), True)
    page = browser_as("management", locale="en").get("/admin/position_change/details/", {"id": change.id}).text
    assert "What changes in rights" in page
    assert "Bonuses" in page
    expected = standing.after(CHANGE.objects.get(id=change.id), user(people))
    approve(people, change)
    sweep(INSTANT)
    now = actor_of(user(people))
    for cls in catalogue.values():
        assert rights.visible(now, cls) == rights.visible(expected, cls), cls
        assert bool(rights.may_create(now, cls)) == bool(rights.may_create(expected, cls)), cls
    page = browser_as("management", locale="en").get("/admin/position_change/details/", {"id": change.id}).text
    assert "What changes in rights" not in page


def test_weak_results_propose_training_once_and_say_why(people: Any, published: Any, browser_as: Any) -> None:
    """peer3 has 56.67 points in teamwork: the course that its indicator names; clerk_sal with 76.67 gets none."""
    course = people.walk(people.make("course", "hr", name="溝通與協作"), "published")
    get_db().indicator.update_one({"_id": published["indicator"]}, {"$set": {"courses": [course.id]}})
    weak, good = sheet_of(people, "peer3"), sheet_of(people, "clerk_sal")
    page = browser_as("hr", locale="en").get("/admin/assessment/lead/", {"id": weak.id, "verb": "train"}).text
    assert "weak: 團隊協作 56.67" in page
    for _ in range(2):
        changes.follow_up(SHEET, weak.id, "train", actor=people.actor("hr"))
        changes.follow_up(SHEET, good.id, "train", actor=people.actor("hr"))
    made = list(catalogue["enrolment"].objects())
    assert [(each.ref("person"), each.ref("course")) for each in made] == [(people.users["peer3"], course.id)]
    for login in ("peer3", "head_sal", "finance"):
        with pytest.raises((Forbidden, Missing)):
            changes.follow_up(SHEET, weak.id, "train", actor=people.actor(login))


MAY = {"clerk_sal": "y", "head_sal": "y", "hr": "y", "management": "y", "supervisor": "y", "clerk_sal2": "n",
       "head_mkt": "n", "finance": "n", "legal": "n", "it": "n", "records": "n"}  # fmt: skip


def test_who_learns_of_it(people: Any, browser_as: Any, program: Any) -> None:
    change = propose(people)
    act(CHANGE, change, "submit", "hr")
    for login, may in MAY.items():
        browser, sees = browser_as(login, is_new=True), may == "y"
        paths = [f"/admin/position_change/{name}/?id={change.id}" for name in ("details", "history", "print")]
        assert {browser.get(path).status_code for path in paths} == ({200} if sees else {404}), login
        for path in (
            "/admin/position_change/",
            "/admin/position_change/export/csv/",
            f"/admin/search/?q={change.number}",
        ):
            said = browser.get(path).text
            assert sees or (str(change.id) not in said and "主管" not in said), (login, path)
        assert (program(login).get(f"position_change/{change.id}").status_code == 200) == sees, login
