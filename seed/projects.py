"""The projects of the demo year (2.3): one in use since months, one in testing, one in design, one just proposed.

What they specify, try and find is played by others at the times that stand here (`PROJECTS`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from models.development.feasibility import FeasibilityLine
from models.development.launches import LaunchItem, MonitoringNote
from models.development.phases import PHASES, Forecast, PhasePlan
from models.development.projects import ProjectCost, TeamMember
from models.kernel.base import clock
from seed.desk import Desk
from seed.script import Act, Script
from seed.vocabulary import projects as texts
from seed.vocabulary.organisation import USERS

HEAD, MANAGEMENT = "head_rnd", "management"
STEPS = (
    "begin",
    "enter_design",
    "enter_development",
    "enter_testing",
    "leave_testing",
    "enter_maintenance",
)
NEW_HOURS = 30  # of working time since what is still being assessed was proposed
FROM_REPORT = "research_report:proposed"


@dataclass(frozen=True)
class DemoProject:
    """A project: who proposes and leads it, and how many days ago each step was made; `ends`: how many days ago (below
    zero: in how many days) each phase was to end when it was planned."""

    key: str
    text: texts.ProjectText
    proposer: str
    leader: str
    team: tuple[tuple[str, str], ...]
    budget: int
    proposed: float
    steps: tuple[float, ...]
    ends: tuple[int, ...]
    slips: tuple[tuple[str, int, int, str], ...] = ()  # phase, days ago said, days ago expected, why
    scores: tuple[int, int, int] = (4, 4, 3)
    costs: tuple[tuple[float, str, int], ...] = field(default=())


PROJECTS = (
    DemoProject(
        "project:1",
        texts.CONTROLLER,
        "clerk_mkt",
        "clerk_rnd",
        (("clerk_rnd2", "軟件開發"), ("clerk_rnd3", "電氣設計"), ("clerk_rnd4", "測試"), ("clerk_svc", "現場試用")),
        680_000,
        345,
        (318, 292, 262, 150, 104, 62),
        (280, 250, 165, 118, 92, -60),
        (
            ("development", 172, 136, "進口芯片到貨延遲兩週。"),
            ("testing", 124, 90, "電磁兼容複測需增加一輪。"),
            ("launch", 98, 45, "隨測試順延。"),
        ),
        costs=((240, "樣機物料", 126_500), (140, "電磁兼容試驗", 48_000), (96, "現場安裝", 21_300)),
    ),
    DemoProject(
        "project:2",
        texts.MONITOR,
        "clerk_mkt3",
        "clerk_rnd2",
        (("clerk_rnd4", "測試"), ("clerk_rnd5", "軟件開發"), ("clerk_prd", "試製")),
        420_000,
        224,
        (196, 172, 148, 24),
        (158, 135, 40, -12, -30, -200),
        (("development", 44, 8, "接口方案調整，增加兼容層。"),),
        (4, 5, 4),
        ((120, "服務器租用", 36_000), (40, "第三方軟件授權", 58_800)),
    ),
    DemoProject(
        "project:3",
        texts.DRIVE,
        "clerk_rnd",
        "clerk_rnd3",
        (("clerk_rnd", "架構設計"), ("clerk_rnd5", "軟件開發")),
        950_000,
        108,
        (80, 38),
        (24, -8, -120, -160, -180, -360),
        scores=(3, 4, 4),
    ),
    DemoProject(
        "project:4",
        texts.TERMINAL,
        "clerk_mkt",
        "clerk_rnd5",
        (("clerk_rnd2", "接口開發"),),
        300_000,
        6,
        (),
        (-40, -70, -150, -190, -210, -380),
        scores=(4, 3, 3),
    ),
)


def plan_projects(script: Script) -> None:
    """Each project from its proposal to the phase where it stands."""
    for project in PROJECTS:
        _plan_proposal(script, project)
        for verb, ago in zip(STEPS, project.steps, strict=False):
            script.add(script.tape.ago(ago), project.leader, _moving(project.key, verb))
        for phase, said, expected, why in project.slips:
            script.add(script.tape.ago(said), project.leader, _forecast(project.key, phase, said - expected, why))
        for ago, what, amount in project.costs:
            script.add(script.tape.ago(ago), project.leader, _spend(project.key, what, amount))
    _plan_launch(script, PROJECTS[0])
    _plan_maintenance(script, PROJECTS[0])


def _plan_proposal(script: Script, project: DemoProject) -> None:
    is_new = not project.steps
    at = script.tape.end - NEW_HOURS if is_new else script.tape.ago(project.proposed)
    script.add(at, project.proposer, _propose(project, from_report=is_new))
    script.add(at + 6, project.proposer, _moving(project.key, "submit"))
    script.add(at + 20, HEAD, _assess(project))
    if not is_new:
        script.add(at + 26, HEAD, _moving(project.key, "assess"))
        grant = {"budget": Decimal(project.budget), "conditions": texts.CONDITIONS}
        script.add(at + 44, MANAGEMENT, lambda desk: desk.move(project.key, "approve", grants=grant))


def _propose(project: DemoProject, *, from_report: bool) -> Act:
    def act(desk: Desk) -> None:
        today = clock.today()
        ends = [today + dt.timedelta(days=round(project.proposed) - day) for day in project.ends]
        values: dict[str, Any] = {
            "name": project.text.name,
            "product": project.text.product,
            "proposal": project.text.proposal,
            "leader": desk.id(f"user:{project.leader}"),
            "team": [TeamMember(user=desk.id(f"user:{login}"), part=part) for login, part in project.team],
            "budget": Decimal(project.budget),
            "phases": [PhasePlan(phase=phase, planned=day) for phase, day in zip(PHASES, ends, strict=True)],
            "departments": [desk.id("department:MKT")],
        }
        row = desk.row("research_report", {"state": "published"}) if from_report else None
        if row is None:
            desk.create(project.key, values)
            return
        desk.keep(FROM_REPORT, row)
        desk.lead(FROM_REPORT, "propose_project", project.key)
        desk.update(project.key, values)

    return act


def _assess(project: DemoProject) -> Act:
    def act(desk: Desk) -> None:
        lines = desk.find(project.key).raw("feasibility")
        for line, score, opinion in zip(lines, project.scores, texts.OPINIONS, strict=True):
            line.score, line.opinion = score, opinion
            line.answer = "conditions" if score < 4 else "yes"
        desk.update(project.key, {"feasibility": [FeasibilityLine(**_kept(line)) for line in lines]})

    return act


def _kept(line: Any) -> dict[str, Any]:
    return {name: value for name, value in line._data.items() if value is not None and name != "_cls"}


def _moving(key: str, verb: str) -> Act:
    return lambda desk: desk.move(key, verb)


def _forecast(key: str, phase: str, days: int, why: str) -> Act:
    def act(desk: Desk) -> None:
        ends = clock.today() + dt.timedelta(days=days)
        desk.update(key, {"forecasts": [Forecast(phase=phase, ends=ends, reason=why)]})

    return act


def _spend(key: str, what: str, amount: int) -> Act:
    def act(desk: Desk) -> None:
        lines = [*(desk.find(key).raw("costs") or ())]
        lines.append(ProjectCost(day=clock.today(), what=what, amount=Decimal(amount)))
        desk.update(key, {"costs": lines})

    return act


def _plan_launch(script: Script, project: DemoProject) -> None:
    """Prepared while the project was tested, asked for, said go to by two, live in its window, watched, completed."""
    key, leader, tape = "launch:1", project.leader, script.tape
    script.add(tape.ago(103), leader, _enter_launch(project, key))
    script.add(tape.ago(97), leader, lambda desk: desk.move(key, "request_go"))
    script.add(tape.ago(96), MANAGEMENT, lambda desk: desk.move(key, "go", votes={"risk": 2, "remark": texts.GO[0]}))
    script.add(tape.ago(95), "head_svc", lambda desk: desk.move(key, "go", votes={"risk": 3, "remark": texts.GO[1]}))
    script.add(tape.ago(92), leader, _tick(key))
    script.add(tape.ago(90), leader, lambda desk: desk.move(key, "go_live"))
    for ago, note in zip((89, 86, 83), texts.NOTES, strict=True):
        script.add(tape.ago(ago), leader, _watch(key, note))
    script.add(tape.ago(79), leader, lambda desk: desk.update(key, {"outcome": "success", "result": texts.RESULT}))
    script.add(tape.ago(78), leader, lambda desk: desk.move(key, "complete"))
    script.add(tape.ago(5), PROJECTS[1].leader, _enter_plan(PROJECTS[1], "launch:2"))


def _enter_launch(project: DemoProject, key: str) -> Act:
    def act(desk: Desk) -> None:
        today = clock.today()
        noon = dt.datetime.combine(today, dt.time(4), dt.UTC)
        owners = (project.leader, "clerk_rnd2", "clerk_svc", "clerk_rnd3")
        kinds = ("environment", "data_migration", "user_training", "rollback")
        desk.create(
            key,
            {
                "project": desk.id(project.key),
                "subject": f"{project.text.product}正式上線",
                "begins": noon + dt.timedelta(days=2),
                "ends": noon + dt.timedelta(days=40),
                "deciders": [desk.id(f"user:{login}") for login in (MANAGEMENT, "head_svc")],
                "checklist": [
                    LaunchItem(kind=kind, what=what, owner=desk.id(f"user:{owner}"), due=today + dt.timedelta(days=9))
                    for kind, what, owner in zip(kinds, texts.CHECKLIST, owners, strict=True)
                ],
                "rollback_plan": texts.ROLLBACK,
                "rehearsed_on": today,
                "rehearsed_by": {"how": "typed", "typed": _name_of(project.leader)},
            },
        )

    return act


def _enter_plan(project: DemoProject, key: str) -> Act:
    def act(desk: Desk) -> None:
        desk.create(key, {"project": desk.id(project.key), "subject": f"{project.text.product}上線"})

    return act


def _name_of(login: str) -> str:
    return next(user.name for user in USERS if user.login == login)


def _tick(key: str) -> Act:
    def act(desk: Desk) -> None:
        lines = desk.find(key).raw("checklist")
        for line in lines:
            line.done = clock.today()
        desk.update(key, {"checklist": lines})

    return act


def _watch(key: str, note: str) -> Act:
    return lambda desk: desk.update(key, {"monitoring": [MonitoringNote(note=note)]})


def _plan_maintenance(script: Script, project: DemoProject) -> None:
    """What came up in use: each an action, which is a task, and all but the last are done."""
    for place, (kind, ago, took) in enumerate((("feedback", 60, 9), ("fault", 41, 3), ("optimisation", 12, 0))):
        key, text = f"maintenance:{place + 1}", texts.MAINTENANCE[place]
        script.add(script.tape.ago(ago), "clerk_svc", _enter_maintenance(project, key, kind, text))
        if took:
            done = script.tape.ago(ago - took)
            script.add(done, project.leader, _mended(key, text.result))
            script.add(done + 0.5, project.leader, _moving(key, "finish"))


def _enter_maintenance(project: DemoProject, key: str, kind: str, text: texts.MaintenanceText) -> Act:
    def act(desk: Desk) -> None:
        values = {"project": desk.id(project.key), "subject": text.subject, "kind": kind, "finding": text.finding}
        values |= {"action": text.action, "responsible": desk.id(f"user:{project.leader}")}
        desk.create(key, values | {"due": clock.today() + dt.timedelta(days=15)})

    return act


def _mended(key: str, result: str) -> Act:
    return lambda desk: desk.update(key, {"result": result})
