"""Feedback: given once by those who took part, read from five on by trainer, human resources and management, and in no
collection, order, response or difference of two looks a trace of who answered what."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from decimal import Decimal
from typing import Any

import bson
import pytest
from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.gate import changes
from models.training import feedback
from models.training.courses import Course, Enrolment, Lesson
from models.training.sessions import Participant, TrainingSession

HELD = dt.datetime(2026, 7, 15, 1, tzinfo=dt.UTC)
PEOPLE = ("clerk_sal", "clerk_sal2", "clerk_mkt", "clerk_prd", "clerk_log", "clerk_svc")
POINTS = {"content": "4", "trainer": "5", "useful": "3"}


@pytest.fixture
def session(company: Any) -> Any:
    """Held; six were there, and somebody who asked for a seat and did not come."""
    hr = company.actor("hr")
    there = {"signed_in": HELD, "signed_out": HELD + dt.timedelta(hours=2)}
    lines = [Participant(person=company.users[login], **there) for login in PEOPLE]
    lines.append(Participant(person=company.users["clerk_rnd"]))
    with clock.set_to(HELD):
        values = {"subject": "溝通技巧", "starts": HELD, "ends": HELD + dt.timedelta(hours=2), "cost": Decimal(0)}
        values |= {"participants": lines, "trainer": company.users["head_sal"]}
        made = changes.create(TrainingSession, values, actor=hr)
        for verb in ("open", "hold"):
            made = changes.move(TrainingSession, made.id, verb, actor=hr, version=made.version)
    return made


def _at(days: int) -> Any:
    return clock.set_to(HELD + dt.timedelta(days=days))


def test_who_was_there_gives_it_once_and_it_is_shown_once(company: Any, session: Any, browser_as: Any) -> None:
    url = f"/admin/feedback/training_session/{session.id}/"
    page = f"/admin/training_session/details/?id={session.id}"
    assert {row["person"] for row in get_db().notice.find({"record": session.id, "kind": "reminder"})} == {
        company.users[login] for login in PEOPLE
    }
    with _at(1):
        browsers = {login: browser_as(login) for login in PEOPLE}
        before = _everything()
        for login in PEOPLE[:4]:
            browsers[login].post(url, {**POINTS, "comment": f"很有用 {login}"})
        assert {name for name, count in _everything().items() if count != before.get(name)} <= {"feedback_box", "tally"}
        assert 'name="content"' not in browser_as("clerk_sal").get(page).text
        assert "已提交過反饋" in browser_as("clerk_sal").post(url, POINTS).text
        again = browser_as("clerk_log").post(url, {"content": "4", "comment": "半途的話"})
        assert "半途的話" in again.text  # nothing typed is lost
        for login in ("clerk_rnd", "head_sal"):
            assert feedback.may_give(company.actor(login), session) is False
            with pytest.raises(Refused):
                feedback.give(company.actor(login), session, POINTS, "")
    with _at(20):
        assert "很有用" not in browser_as("head_sal", locale="en").get(page).text, "four are too few"
    with _at(2):
        feedback.give(company.actor("clerk_log"), session, {**POINTS, "content": "1"}, "可惜")
        looks = [browser_as("head_sal", locale="en").get(page).text]
        feedback.give(company.actor("clerk_svc"), session, POINTS, "")
        looks.append(browser_as("head_sal", locale="en").get(page).text)
        for look in looks:
            assert ("Shown once" in look, "可惜" in look) == (True, False), "no difference of two looks"
    with _at(20):
        with pytest.raises(Refused):
            feedback.give(company.actor("clerk_svc"), session, POINTS, "")
        shown = feedback.shown(session)
        assert shown is not None
        assert (shown.n, shown.counts["content"], shown.comments[-1]) == (6, {"1": 1, "4": 5}, "很有用 clerk_sal2")
        assert "可惜" in browser_as("head_sal").get(page).text
        for login in ("clerk_sal", "head_mkt", "it", "supervisor"):
            assert "可惜" not in browser_as(login).get(page).text, login


def test_nothing_that_is_stored_leads_back(company: Any, session: Any) -> None:
    """No name, no text, no count, no length: of a box with one answer and of one with five."""
    with _at(1):
        sizes = []
        for login in PEOPLE[:5]:
            feedback.give(company.actor(login), session, POINTS, f"意見 {login}")
            row = get_db().feedback_box.find_one({"_id": session.id})
            sizes.append(len(bson.encode(row)))
        assert len(set(sizes)) == 1
        assert set(row) == {"_id", "content"}
    for name in get_db().list_collection_names():
        for row in get_db()[name].find() if not name.startswith("system.") else ():
            text = str(row)
            assert not [word for word in ("意見", "'useful'") if word in text], name
    orders = set()
    for _ in range(12):
        box = feedback._opened(session.id)
        orders.add(tuple(re.sub(r"\D*", "", answer["comment"]) + answer["comment"] for answer in box["waiting"]))
        feedback._hold(session.id, box)
    assert len(orders) > 1, "written anew in another order each time"
    assert not any(str(company.users[login]) in str(feedback._opened(session.id)) for login in PEOPLE)


def test_a_course_counts_in_groups_of_five(company: Any) -> None:
    hr = company.actor("hr")
    values = {"name": "流程", "trainer": company.users["head_sal"], "lessons": [Lesson(title="一", text="甲")]}
    course = changes.create(Course, values, actor=hr)
    course = changes.move(Course, course.id, "publish", actor=hr, version=course.version)
    counts = []
    for login in (*PEOPLE, "clerk_rnd", "legal", "finance", "records"):
        person = {"course": course.id, "person": company.users[login], "due": dt.date(2026, 12, 1)}
        made = changes.create(Enrolment, person, actor=hr)
        assert not feedback.may_give(company.actor(login), course)
        get_db().enrolment.update_one({"_id": made.id}, {"$set": {"state": "done"}})
        feedback.give(company.actor(login), course, POINTS, "")
        result = feedback.shown(course)
        counts.append(result.n if result else 0)
    assert Counter(counts) == {0: 4, 5: 5, 10: 1}


def _everything() -> dict[str, int]:
    """How many documents each collection has, and the newest history entry."""
    return {name: get_db()[name].count_documents({}) for name in get_db().list_collection_names()} | {
        "entries": get_db().history.count_documents({})
    }
