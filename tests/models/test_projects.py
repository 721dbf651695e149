"""Projects (2.3.1, 2.3.5, 2.3.6) with values: what is weighed, what slips, what a gate keeps back, who says go."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.development.feasibility import score_of, verdict_of
from models.development.launches import LaunchItem, MonitoringNote
from models.development.phases import PHASES, Forecast, NewBaseline, PhasePlan
from models.development.projects import QUARTERLY, TeamMember
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.history import entries_of
from models.kernel.rights import rights
from tests.fixtures.doing import do
from tests.races.at_once import at_once, done, kinds

BECAUSE = Context(reason="試驗所需", signed=True)
DAY = dt.timedelta(days=1)


def planned(*ends: int) -> list[PhasePlan]:
    """Each phase, to end in so many days."""
    return [PhasePlan(phase=phase, planned=clock.today() + day * DAY) for phase, day in zip(PHASES, ends, strict=True)]


def initiated(company: Any, **values: Any) -> Any:
    """A project of clerk_mkt, led by clerk_rnd, approved."""
    people = {"leader": company.users["clerk_rnd"], "phases": planned(10, 20, 30, 40, 50, 60)}
    record = company.make("project", "clerk_mkt", **{**people, **values})
    return company.walk(record, "initiated")


def go(company: Any, record: Any, verb: str, login: str = "clerk_rnd", **values: Any) -> Any:
    fresh = company.fresh(record)
    return changes.move(
        type(record), record.id, verb, actor=company.actor(login), version=fresh.version, values=values, context=BECAUSE
    )


def put(company: Any, record: Any, login: str, **values: Any) -> Any:
    fresh = company.fresh(record)
    return changes.update(type(record), record.id, values, actor=company.actor(login), version=fresh.version)


def test_areas_are_weighed_and_a_missing_one_is_no_zero() -> None:
    assert score_of({"technical": 5, "market": 3, "economic": 2}) == Decimal("3.50")  # 5*.4 + 3*.3 + 2*.3
    assert score_of({"technical": 5, "market": 5}) is None
    assert score_of({"technical": 1, "market": 1, "economic": 2}) == Decimal("1.30")


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        (["yes", "yes", "yes"], "yes"),
        (["yes", "conditions", "yes"], "conditions"),
        (["yes", "yes", "no"], "no"),
        (["no", None, None], "no"),
        (["yes", None, "yes"], None),
    ],
)
def test_a_no_is_outweighed_by_nothing(answers: list[str | None], verdict: str | None) -> None:
    assert verdict_of(answers) == verdict


def test_what_one_area_finds_impossible_has_no_score_and_is_not_approved(company: Any) -> None:
    project = company.walk(company.make("project", "clerk_mkt"), "proposed")
    lines = project.raw("feasibility")
    for line, answer in zip(lines, ("yes", "yes", "no"), strict=True):
        line.score, line.answer = 5, answer
    project = changes.update(type(project), project.id, {"feasibility": lines}, actor=SYSTEM, version=None)
    assert (project.score, project.verdict) == (None, "no")
    project = go(company, project, "assess", "head_rnd")
    with pytest.raises(Refused) as refused:
        go(company, project, "approve", "management", grants={"budget": Decimal(1000)})
    assert "not feasible" in str(refused.value.problems["require"][0])
    assert go(company, project, "reject", "management").state == "rejected"


def test_management_grants_another_budget_than_was_applied_for(company: Any) -> None:
    project = company.walk(company.make("project", "clerk_mkt", budget=Decimal(500)), "assessed")
    with pytest.raises(Refused):
        go(company, project, "approve", "management")
    made = go(company, project, "approve", "management", grants={"budget": Decimal("400"), "conditions": "分期"})
    assert (made.state, made.granted, made.budget) == ("initiated", Decimal("400.00"), Decimal("500.00"))
    assert made.grants[0].ref("by") == company.users["management"]
    with pytest.raises(Forbidden):
        go(company, company.walk(company.make("project", "clerk_mkt"), "assessed"), "approve", "head_rnd")


def test_a_report_proposes_a_project_that_belongs_to_development(company: Any) -> None:
    report = company.walk(company.make("research_report", "clerk_mkt"), "published")
    [made] = changes.follow_up(type(report), report.id, "propose_project", actor=company.actor("clerk_mkt"))
    [again] = changes.follow_up(type(report), report.id, "propose_project", actor=company.actor("clerk_mkt"))
    assert made.id == again.id
    assert (made.ref("report"), made.name, made.proposal) == (report.id, report.subject, report.recommendations)
    assert made.ref("department") == company.department("RND")
    assert made.ref("owner") == company.users["clerk_mkt"]


def test_no_phase_slips_without_a_reason_and_a_new_baseline_is_counted(company: Any) -> None:
    project = go(company, initiated(company), "begin")
    today, line = clock.today(), project.phases[0]
    assert (line.baseline, line.forecast, line.started, line.slip) == (today + 10 * DAY, today + 10 * DAY, today, 0)
    assert project.baselines == 1
    with pytest.raises(Refused):
        put(company, project, "clerk_rnd", forecasts=[Forecast(phase="requirement", ends=today + 14 * DAY)])
    late = Forecast(phase="requirement", ends=today + 14 * DAY, reason="樣件延遲")
    project = put(company, project, "clerk_rnd", forecasts=[late])
    line = project.phases[0]
    assert (line.baseline, line.forecast, line.slip) == (today + 10 * DAY, today + 14 * DAY, 4)
    assert project.forecasts[0].ref("by") == company.users["clerk_rnd"]
    project = put(company, project, "clerk_rnd", forecasts=[])
    assert len(project.forecasts) == 1, "what was said stays"
    assert not put(company, project, "head_rnd", new_baselines=[NewBaseline(reason="重排")]).new_baselines
    project = put(company, project, "management", new_baselines=[NewBaseline(reason="範圍擴大，重新排期")])
    assert (project.baselines, project.phases[0].baseline, project.phases[0].slip) == (2, today + 14 * DAY, 0)


def test_a_phase_that_is_late_is_not_left_before_it_is_explained(company: Any) -> None:
    project = go(company, initiated(company), "begin")
    for line in (lines := project.raw("phases")):
        line.forecast = line.baseline = clock.today() - DAY
    get_db()["project"].update_one({"_id": project.id}, {"$set": {"phases": [line.to_mongo() for line in lines]}})
    move = project.flow().find("enter_design", "requirement")
    assert not move.require[0].test(company.fresh(project))
    explained = Forecast(phase="requirement", ends=clock.today() + DAY, reason="評審延後")
    assert move.require[0].test(put(company, project, "clerk_rnd", forecasts=[explained]))


def test_going_back_to_design_asks_for_later_approvals_again_and_keeps_them_readable(company: Any) -> None:
    project = company.walk(company.make("project"), "development")
    [design] = get_db()["design_document"].find({"project": project.id})
    assert design["state"] == "approved"
    leader = next(login for login in company.logins if company.users[login] == project.ref("leader"))
    project = go(company, project, "back_to_design", leader)
    [after] = get_db()["design_document"].find({"project": project.id})
    assert after["state"] == "draft"
    verbs = [entry["verb"] for entry in entries_of(design["_id"])]
    assert verbs[-2:] == ["approve", "revise"]
    assert project.passages[-1].digest is None
    with pytest.raises(Refused) as refused:
        go(company, project, "enter_development", leader)
    assert design["number"] in str(refused.value.problems["require"][0])
    company.walk(rights.find(SYSTEM, catalogue["design_document"], design["_id"]), "approved")
    assert go(company, project, "enter_development", leader).state == "development"


def test_two_move_a_phase_at_once_and_it_is_moved_once(company: Any) -> None:
    project = initiated(company)
    both = [lambda: go(company, project, "begin"), lambda: go(company, project, "begin")]
    results = at_once(*both)
    assert len(done(results)) == 1
    assert set(kinds(results)) <= {"Refused", "Changed"}
    assert [line.verb for line in company.fresh(project).passages] == ["begin"]


def test_a_leader_who_has_left_is_replaced_by_the_head(company: Any) -> None:
    project = initiated(company)
    changes.update(catalogue["user"], company.users["clerk_rnd"], {"active": False}, actor=SYSTEM, version=None)
    project = put(company, project, "head_rnd", leader=company.users["clerk_prd"])
    assert project.ref("leader") == company.users["clerk_prd"]
    assert go(company, project, "begin", "clerk_prd").state == "requirement"


def test_whoever_is_in_the_team_sees_it_and_what_belongs_to_it(company: Any) -> None:
    project = initiated(company)
    launch = changes.create(
        catalogue["launch"], {"project": project.id, "subject": "上線"}, actor=company.actor("clerk_rnd")
    )
    stranger = company.actor("clerk_prd")
    for record in (project, launch):
        with pytest.raises(Missing):
            rights.find(stranger, type(record), record.id)
    put(company, project, "clerk_rnd", team=[TeamMember(user=stranger.id, part="試製")])
    assert all(rights.find(stranger, type(record), record.id) for record in (project, launch))
    put(company, project, "clerk_rnd", team=[])
    with pytest.raises(Missing):
        rights.find(stranger, type(launch), launch.id)
    put(company, project, "clerk_rnd", departments=[company.department("PRD")])
    assert rights.find(stranger, type(project), project.id)


def test_its_page_has_panels_for_what_is_there_and_one_row_of_ways_to_enter_the_rest(
    company: Any, browser_as: Any
) -> None:
    project, browser = initiated(company), browser_as("clerk_rnd")
    ways = ("launch", "specification", "test_case", "test_plan", "design_document", "maintenance")
    panels = browser.get("/admin/project/details/", {"id": project.id}).text.split('<section class="panel">')
    adding = [panel for panel in panels if f"/new/?project={project.id}" in panel]
    assert len(adding) == 1, "what there is none of has no panel of its own"
    assert all(f"/admin/{way}/new/?project={project.id}" in adding[0] for way in ways)
    values = {"project": project.id, "subject": "正式上線"}
    changes.create(catalogue["launch"], values, actor=company.actor("clerk_rnd"))
    panels = browser.get("/admin/project/details/", {"id": project.id}).text.split('<section class="panel">')
    (of_launches,) = (panel for panel in panels if f"/admin/launch/new/?project={project.id}" in panel)
    assert "<table" in of_launches
    assert f"/admin/specification/new/?project={project.id}" not in of_launches


def ready_launch(company: Any, project: Any) -> Any:
    """A launch of clerk_rnd that only waits for its go."""
    now = clock.now()
    kinds_of = ("environment", "data_migration", "user_training", "rollback")
    values = {
        "project": project.id,
        "subject": "正式上線",
        "begins": now - dt.timedelta(hours=1),
        "ends": now + dt.timedelta(hours=5),
        "deciders": [company.users["management"], company.users["head_svc"]],
        "checklist": [LaunchItem(kind=kind, what=kind, owner=company.users["clerk_rnd"]) for kind in kinds_of],
        "rollback_plan": "切回舊系統",
        "rehearsed_on": clock.today() - DAY,
        "rehearsed_by": {"how": "typed", "typed": company.user("clerk_rnd").name},
    }
    return changes.create(catalogue["launch"], values, actor=company.actor("clerk_rnd"))


def test_nothing_goes_live_while_a_line_is_open_or_somebody_says_no(company: Any) -> None:
    project = initiated(company)
    launch = go(company, ready_launch(company, project), "request_go")
    launch = go(company, launch, "go", "management", votes={"risk": 2})
    assert launch.state == "in_review"
    hidden = rights.Viewer(company.actor("head_svc"), launch)
    assert not hidden.sees(launch._fields["votes"]), "nobody sees what others hold before saying it"
    assert go(company, launch, "no_go", "head_svc").state == "planned"
    launch = go(company, company.fresh(launch), "request_go")
    for login, risk in (("management", 2), ("head_svc", 4)):
        launch = go(company, launch, "go", login, votes={"risk": risk})
    assert (launch.state, launch.risk) == ("approved", 4)
    with pytest.raises(Refused) as refused:
        go(company, launch, "go_live")
    said = " ".join(map(str, refused.value.problems["require"]))
    assert project.number in said, "the project has not left testing"
    assert "checklist" in said
    lines = company.fresh(launch).raw("checklist")
    for line in lines:
        line.done = clock.today()
    launch = put(company, launch, "clerk_rnd", checklist=lines)
    get_db()["project"].update_one({"_id": project.id}, {"$set": {"state": "launch"}})
    with clock.set_to(clock.now() + dt.timedelta(hours=6)), pytest.raises(Refused):
        go(company, launch, "go_live")
    launch = go(company, launch, "go_live")
    with pytest.raises(Refused):
        go(company, launch, "complete")
    put(company, launch, "clerk_rnd", monitoring=[MonitoringNote(note="平穩")], outcome="success", result="按計劃")
    assert go(company, launch, "complete").state == "completed"


def test_a_rollback_is_rehearsed_before_the_window_and_not_in_the_future(company: Any) -> None:
    launch = ready_launch(company, initiated(company))
    for day in (clock.today() + DAY, clock.today() + 2 * DAY):
        with pytest.raises(Refused):
            put(company, launch, "clerk_rnd", rehearsed_on=day)


def test_an_action_of_maintenance_is_one_task_and_reviews_come_each_quarter(company: Any) -> None:
    project = initiated(company)
    values = {"project": project.id, "subject": "掉線", "kind": "fault", "finding": "瞬斷後不恢復"}
    record = changes.create(catalogue["maintenance"], values, actor=company.actor("clerk_rnd"))
    assert get_db()["task"].count_documents({}) == 0
    due = clock.today() + 5 * DAY
    person = company.users["clerk_prd"]
    record = put(company, record, "clerk_rnd", action="修改重連邏輯", responsible=person, due=due)
    put(company, record, "clerk_rnd", action="修改重連邏輯並回歸")
    [task] = get_db()["task"].find({})
    assert (task["about"], task["assignee"], task["subject"]) == (f"maintenance:{record.id}", person, "修改重連邏輯")
    review = {"project": project.id, "subject": "季度評估", "kind": "performance", "repeat": QUARTERLY}
    first = changes.create(catalogue["maintenance"], {**review, "due": clock.today()}, actor=SYSTEM)
    with clock.set_to(clock.now() + 85 * DAY):
        do("moves.timed")
        do("moves.timed")
    rows = list(get_db()["maintenance"].find({"kind": "performance"}).sort("_id", 1))
    assert len(rows) == 2
    assert rows[0].get("repeat") is None
    assert 89 <= (rows[1]["due"] - rows[0]["due"]).days <= 92
    assert company.fresh(first).state == "open"
