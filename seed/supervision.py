"""Supervision of the demo year (4.1): an inspection each month, what it finds, and the notices that put it right."""

from __future__ import annotations

import datetime as dt

from models.kernel.base import clock
from models.kernel.language.kinds.questions import QuestionLine
from models.supervision.inspections import PlannedInspection
from seed.desk import Desk
from seed.script import Act, Script, chance
from seed.vocabulary import supervision as texts
from seed.vocabulary.organisation import users_of
from seed.vocabulary.supervision import AREAS, AreaText

GROUP, HEAD = ("supervisor", "supervisor2"), "head_sup"
ROUNDS, ROUND_DAYS = 16, 22
FINDINGS_EACH = 4
NEWEST = ("draft", "issued", "acknowledged", "submitted")  # how far the newest notices have come; all others are closed


def plan_supervision(script: Script, start: float) -> None:
    """Checklists and a programme first; then a round each three weeks, the newest of them not at their end."""
    for place, area in enumerate(AREAS):
        key = f"inspection_checklist:{area.department}"
        script.add(start + place, GROUP[0], _checklist(key, area))
        script.add(start + place + 1, GROUP[0], _moving(key, "submit"))
        script.add(start + place + 2, HEAD, _moving(key, "approve"))
    for back in range(ROUNDS):
        _plan_round(script, back)
    script.add(script.tape.ago(20), GROUP[0], _programme)
    script.add(script.tape.ago(19), GROUP[0], _moving("inspection_programme:next", "submit"))


def _checklist(key: str, area: AreaText) -> Act:
    lines = [
        QuestionLine(code=f"q{at}", kind="single", text=text, options=texts.ANSWERS)
        for at, text in enumerate(area.questions, 1)
    ]
    return lambda desk: desk.create(key, {"name": area.name, "about": area.about, "questions": lines})


def _programme(desk: Desk) -> None:
    """That of next year is before management."""
    rounds = [
        PlannedInspection(
            department=desk.id(f"department:{area.department}"),
            about=area.about,
            risk="high" if place == 0 else "middle",
            month=3 * place + 2,
            checklist=desk.id(f"inspection_checklist:{area.department}"),
            leader=desk.id(f"user:{GROUP[place % 2]}"),
        )
        for place, area in enumerate(AREAS)
    ]
    desk.create("inspection_programme:next", {"year": clock.today().year + 1, "rounds": rounds})


def _plan_round(script: Script, back: int) -> None:
    """A round so many rounds ago: looked at, reported, closed; its findings go into one notice."""
    area, who, key = AREAS[back % len(AREAS)], GROUP[back % 2], f"inspection:{back:02}"
    at = script.tape.ago(6 + ROUND_DAYS * back)
    answers = {f"q{place}": "minor" if place == 1 else "yes" for place in range(1, len(area.questions) + 1)}
    script.add(at, who, _begin(key, area, who))
    script.add(at + 1, who, _moving(key, "begin"))
    result = {"answers": {"given": answers}, "conclusion": texts.CONCLUSION}
    script.add(at + 4, who, lambda desk: desk.update(key, result))
    findings = [f"finding:{back:02}:{place}" for place in range(FINDINGS_EACH)]
    for place, finding in enumerate(findings):
        script.add(at + 4.1 + place / 10, who, _find(finding, key, area, place))
        script.add(at + 4.6 + place / 10, who, _moving(finding, "confirm"))
    script.add(at + 5, who, _moving(key, "report"))
    if back:
        script.add(at + 9, HEAD, _moving(key, "close"))
    _plan_notice(script, back, at + 6, area, who, findings)


def _begin(key: str, area: AreaText, who: str) -> Act:
    def act(desk: Desk) -> None:
        values = {
            "subject": f"{area.name.removesuffix('檢查表')}檢查",
            "kind": ("documents", "on_site", "data")[len(key) % 3],
            "inspected": desk.id(f"department:{area.department}"),
            "about": area.about,
            "planned_on": clock.today(),
            "leader": desk.id(f"user:{who}"),
            "checklist": desk.id(f"inspection_checklist:{area.department}"),
        }
        desk.create(key, values)

    return act


def _find(key: str, inspection: str, area: AreaText, place: int) -> Act:
    clause, subject, fact = area.facts[place % len(area.facts)]

    def act(desk: Desk) -> None:
        values = {
            "inspection": desk.id(inspection),
            "inspected": desk.id(f"department:{area.department}"),
            "about": area.about,
            "clause_no": clause,
            "subject": subject,
            "fact": fact,
            "evidence_on": clock.today(),
            "weight": chance("finding", key).choice(("observation", "minor", "minor")),
        }
        desk.create(key, values)

    return act


def _plan_notice(script: Script, back: int, at: float, area: AreaText, who: str, findings: list[str]) -> None:
    key, person = f"rectification_notice:{back:02}", users_of(area.department, "clerk")[0].login
    state = NEWEST[back] if back < len(NEWEST) else "closed"
    script.add(at, who, _notice(key, area, person, findings))
    steps = [(1, who, _moving(key, "issue")), (6, person, _moving(key, "acknowledge"))]
    steps += [(30, person, _answer(key)), (31, person, _moving(key, "submit"))]
    steps += [(40, who, _accept(key)), (41, who, _moving(key, "verify"))]
    count = {"draft": 0, "issued": 1, "acknowledged": 2, "submitted": 4, "closed": 6}[state]
    for gap, login, act in steps[:count]:
        script.add(at + gap, login, act)


def _notice(key: str, area: AreaText, person: str, findings: list[str]) -> Act:
    def act(desk: Desk) -> None:
        values = {
            "subject": f"{area.name.removesuffix('檢查表')}整改",
            "findings": [desk.id(finding) for finding in findings],
            "responsible": desk.id(f"department:{area.department}"),
            "person": desk.id(f"user:{person}"),
            "due": clock.today() + dt.timedelta(days=15),
        }
        desk.create(key, values)

    return act


def _answer(key: str) -> Act:
    def act(desk: Desk) -> None:
        lines = list(desk.find(key).items)
        for line in lines:
            for name, text in zip(("correction", "cause", "action", "evidence"), texts.ANSWER, strict=True):
                line.put(name, text)
        desk.update(key, {"items": lines})

    return act


def _accept(key: str) -> Act:
    def act(desk: Desk) -> None:
        lines = list(desk.find(key).items)
        for line in lines:
            line.put("result", "accepted")
        desk.update(key, {"items": lines})

    return act


def _moving(key: str, verb: str) -> Act:
    return lambda desk: desk.move(key, verb)
