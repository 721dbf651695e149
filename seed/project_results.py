"""What the first project of the demo year has come to (4.3): its leader says goals and shares, its head scores, and
management publishes."""

from __future__ import annotations

from decimal import Decimal

from models.assessment.project_assessments import ProjectGoal, ProjectPerson
from seed.desk import Desk
from seed.projects import HEAD, MANAGEMENT, PROJECTS
from seed.script import Script
from seed.vocabulary import assessments as words

KEY = "project_assessment:1"
SHARES = ("35", "25", "20", "15", "5")  # of the leader and the team, in their order


def plan_project_results(script: Script) -> None:
    """Some days after the project went into maintenance; hours of working time lie between the steps."""
    at = script.tape.ago(55)
    for hours, login, act in ((2, PROJECTS[0].leader, _begin), (13, HEAD, _score), (27, MANAGEMENT, _publish)):
        script.add(at + hours, login, act)


def _begin(desk: Desk) -> None:
    project = PROJECTS[0]
    logins = (project.leader, *(login for login, _ in project.team))
    parts = dict(project.team)
    people = [
        ProjectPerson(person=desk.id(f"user:{login}"), part=parts.get(login), share=Decimal(share))
        for login, share in zip(logins, SHARES, strict=True)
    ]
    goals = [ProjectGoal(goal=goal, weight=Decimal(weight)) for goal, weight, _, _ in words.PROJECT_GOALS]
    desk.lead(project.key, "assess_result", KEY)
    desk.update(KEY, {"goals": goals, "people": people, "summary": words.PROJECT_SUMMARY})
    desk.move(KEY, "submit")


def _score(desk: Desk) -> None:
    lines = list(desk.find(KEY).raw("goals"))
    for line, (_, _, score, remark) in zip(lines, words.PROJECT_GOALS, strict=True):
        line.score, line.remark, line.claimed = Decimal(score), remark, line.key
    desk.update(KEY, {"goals": lines})
    desk.move(KEY, "score")


def _publish(desk: Desk) -> None:
    desk.move(KEY, "publish")
