"""Seats go in the order of asking, attendance is counted in hours, and what a plan spends is what its sessions cost."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.gate import changes
from models.training import sessions
from models.training.plans import PlanLine, TrainingPlan
from models.training.sessions import Participant, TrainingSession, attended
from tests.fixtures.doing import do

NINE = dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def session_of(company: Any, **facts: Any) -> Any:
    hr = company.actor("hr")
    values = {"subject": "報價培訓", "starts": NINE, "ends": NINE + 4 * HOUR, "seats": 2, "cost": Decimal(0), **facts}
    made = changes.create(TrainingSession, values, actor=hr)
    return changes.move(TrainingSession, made.id, "open", actor=hr, version=made.version)


def _line(goal: str, method: str, month: int, budget: int) -> PlanLine:
    facts = {"content": "process", "audience": "銷售部", "budget": Decimal(budget)}
    return PlanLine(goal=goal, method=method, month=month, **facts)


def places(session: Any) -> list[str]:
    return [line.place for line in session.participants]


@pytest.mark.parametrize(
    ("came", "went", "hours"),
    [(0, 4, 4), (0, None, 2), (1, 3, 2), (-1, 5, 4), (None, None, 0), (3, 2, 0)],
)
def test_hours_attended(came: float | None, went: float | None, hours: int) -> None:
    line = Participant(
        place="enrolled",
        signed_in=None if came is None else NINE + came * HOUR,
        signed_out=None if went is None else NINE + went * HOUR,
    )
    assert attended(line, NINE, NINE + 4 * HOUR) == hours


def test_who_waits_moves_up_in_order(company: Any, browser_as: Any) -> None:
    session = session_of(company)
    for login in ("clerk_sal", "clerk_mkt", "clerk_prd", "clerk_log"):
        browser_as(login).post(f"/admin/sessions/{session.id}/", {"verb": "enrol"})
    session = company.fresh(session)
    assert places(session) == ["enrolled", "enrolled", "waiting", "waiting"]
    assert (session.taken, session.waiting) == (2, 2)
    browser_as("clerk_sal").post(f"/admin/sessions/{session.id}/", {"verb": "leave"})
    assert places(company.fresh(session)) == ["left", "enrolled", "enrolled", "waiting"]
    sessions.enrol(company.actor("clerk_sal"), company.fresh(session))  # and asks again: behind all others
    assert places(company.fresh(session))[-1] == "waiting"
    other = session_of(company, subject="同時", starts=NINE + HOUR, ends=NINE + 2 * HOUR)
    with pytest.raises(Refused, match="報價培訓"):
        sessions.enrol(company.actor("clerk_mkt"), other)


def test_two_at_once_keep_seats_and_signatures(company: Any) -> None:
    """Each goes by a page that was read before the others did anything, and two really at once."""
    session = session_of(company, seats=9)
    actors = {login: company.actor(login) for login in ("clerk_sal", "clerk_mkt", "clerk_prd", "clerk_log")}
    for login in ("clerk_sal", "clerk_mkt"):
        sessions.enrol(actors[login], session)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda login: sessions.enrol(actors[login], session), ("clerk_prd", "clerk_log")))
    full = company.fresh(session)
    assert {line.ref("person") for line in full.participants} == {actor.id for actor in actors.values()}
    with clock.set_to(NINE):
        for login in ("clerk_sal", "clerk_mkt"):
            sessions.sign(actors[login], full)
    sessions.leave(actors["clerk_prd"], full)
    assert [bool(line.signed_in) for line in company.fresh(session).participants[:2]] == [True, True]
    assert places(company.fresh(session)).count("left") == 1


def test_a_code_of_the_room_signs_in_and_out(company: Any, browser_as: Any) -> None:
    session = session_of(company)
    sessions.enrol(company.actor("clerk_sal"), session)
    hr, browser = browser_as("hr"), browser_as("clerk_sal")
    with clock.set_to(NINE):
        links = hr.page(f"/admin/sessions/{session.id}/code/").links
        path = next(link for link in links if "/sign/?" in link)
        code = path.partition("code=")[2]
        assert browser.get(f"/admin/sessions/{session.id}/code/").status_code == 403
        browser.post(f"/admin/sessions/{session.id}/sign/", {"code": "guessed"})
        assert company.fresh(session).participants[0].signed_in is None
        browser.post(f"/admin/sessions/{session.id}/sign/", {"code": code})
    with clock.set_to(NINE + 2 * HOUR):
        browser.post(f"/admin/sessions/{session.id}/sign/", {"code": code})  # of two hours ago
        assert company.fresh(session).participants[0].signed_out is None
        sessions.sign(company.actor("clerk_sal"), company.fresh(session))
        held = company.fresh(session)
        held = changes.move(TrainingSession, held.id, "hold", actor=company.actor("hr"), version=held.version)
    held = company.fresh(held)
    assert held.participants[0].hours == 2


def test_others_see_their_own_seat_alone(company: Any, browser_as: Any, program: Any) -> None:
    """Who came, for how long and at what cost is of human resources and the trainer; everybody reads the session."""
    session = session_of(company, cost=Decimal("87654.32"), trainer=company.users["head_mkt"])
    for login in ("clerk_sal", "clerk_prd"):
        sessions.enrol(company.actor(login), session)
    with clock.set_to(NINE):
        session = sessions.sign(company.actor("clerk_prd"), session)
    session = changes.move(TrainingSession, session.id, "hold", actor=company.actor("hr"), version=session.version)
    assert session.attendance == 25
    other = company.user("clerk_prd").name
    for login, is_shown in (("hr", True), ("head_mkt", True), ("clerk_sal", False), ("head_sal", False)):
        browser = browser_as(login)
        pages = [f"/admin/training_session/{page}/?id={session.id}" for page in ("details", "history")]
        pages += ["/admin/training_session/", "/admin/training_session/export/csv/"]
        text = "".join(browser.get(page).get_data(as_text=True) for page in pages)
        client, place = program(login), f"training_session/{session.id}"
        sent = client.ask("GET", place).json
        text += str(client.ask("GET", f"{place}/history").json)
        assert (other in text, "participants" in sent, "attendance" in sent) == (is_shown,) * 3, login
        assert ("87,654.32" in text or "87654.32" in text, "cost" in sent) == (login == "hr",) * 2, login
    assert "已錄取" in browser_as("clerk_sal").page(f"/admin/training_session/details/?id={session.id}").text


def test_a_plan_makes_sessions_and_knows_what_they_cost(company: Any) -> None:
    hr, management = company.actor("hr"), company.actor("management")
    lines = [
        PlanLine(
            goal="報價規範", content="process", method="internal", month=3, audience="銷售部", budget=Decimal(1000)
        ),
        PlanLine(
            goal="溝通技巧", content="communication", method="external", month=6, audience="全體", budget=Decimal(500)
        ),
    ]
    values = {"year": 2027, "audience_department": company.department("SAL"), "items": lines}
    plan = changes.create(TrainingPlan, values, actor=hr)
    plan = changes.move(TrainingPlan, plan.id, "submit", actor=hr, version=plan.version)
    plan = changes.move(TrainingPlan, plan.id, "approve", actor=management, version=plan.version)
    made = list(TrainingSession.objects.order_by("number"))
    assert [session.subject for session in made] == ["報價規範", "溝通技巧"]
    assert [line.ref("session") for line in company.fresh(plan).items] == [session.id for session in made]
    opened = changes.move(TrainingSession, made[0].id, "open", actor=hr, version=made[0].version)
    held = changes.move(TrainingSession, opened.id, "hold", actor=hr, version=opened.version)
    changes.update(TrainingSession, held.id, {"cost": Decimal("820.50")}, actor=hr, version=held.version)
    do("rollups.count")
    plan = company.fresh(plan)
    assert (plan.budget, plan.spent) == (1500, Decimal("820.50"))
