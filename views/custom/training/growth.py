"""How far somebody is from their next position follows from certificates, courses, positions: a panel on the plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId
from flask_admin import BaseView
from markupsafe import Markup

from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.record import Record
from models.services.drawing.ladder import Rung, draw_ladder
from models.skill_levels import LEVELS
from models.training import matrix
from models.training.development import DevelopmentPlan
from models.training.growth import Growth, SkillGap, growth_of
from models.training.matrix import TrainingCell
from views import wording
from views.custom.training.matrix import TONES, WORDS
from views.slots import Panel, on_record_top

HERE = L("Now", "現任崗位")
BY = L("by {day}", "目標 {day}")
WAY = L("Promotion path: {steps}", "晉升路徑：{steps}")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    """No pages of its own."""
    return []


@on_record_top("development_plan")
def panel(me: Actor, plan: DevelopmentPlan) -> Panel | None:
    """The path drawn, skills by three voices beside what the next position asks for, and training that it requires."""
    if plan.damaged:
        return None
    growth = growth_of(plan)
    positions = {step.position for step in growth.steps} | set(growth.others)
    courses = {each.course for each in growth.skills if each.course}
    names = wording.titles({"Position": positions, "Course": courses})
    person = plan.ref("employee")
    training = [_course(person, course, cell) for course, cell in growth.training]
    facts = {
        "drawing": _drawn(growth, names),
        "next": names.get(growth.next, "") if growth.next else "",
        "skills": [_skill(person, each, names) for each in growth.skills],
        "unmet": sum(not each.is_met for each in growth.skills),
        "training": [row for row in training if not row["is_met"]],
        "had": sum(row["is_met"] for row in training),
        "required": len(training),
    }
    return Panel("custom/growth.html", facts)


def _drawn(growth: Growth, names: Mapping[ObjectId, str]) -> Markup:
    rungs = [
        Rung(
            names.get(step.position, ""),
            str(HERE) if step.place == "here" else str(BY(day=wording.day(step.by))) if step.by else "",
            step.place == "here",
            step.place == "before",
        )
        for step in growth.steps
    ]
    label = str(WAY(steps=" → ".join(rung.words for rung in rungs)))
    drawn = draw_ladder(rungs, [names.get(id, "") for id in growth.others], label)
    return Markup(drawn) if rungs else Markup("")  # noqa: S704 - draw_ladder escapes every word


def _skill(person: Any, each: SkillGap, names: Mapping[ObjectId, str]) -> dict[str, Any]:
    return {
        "skill": each.skill,
        "course": names.get(each.course, "") if each.course else "",
        "course_url": f"/admin/course/details/?id={each.course}" if each.course else "",
        "proof_url": _url("certificate", person, each.course),
        "own": _level(each.own),
        "superior": _level(each.superior),
        "proven": _level(each.proven),
        "needed": _level(each.needed),
        "is_met": each.is_met,
    }


def _course(person: Any, course: Mapping[str, Any], cell: TrainingCell) -> dict[str, Any]:
    is_open = cell.standing in (matrix.DUE, matrix.OVERDUE)
    return {
        "name": course["name"],
        "url": f"/admin/course/details/?id={course['_id']}",
        "word": str(WORDS[cell.standing]),
        "tone": TONES[cell.standing],
        "day": wording.day(cell.day) if cell.day else "",
        "proof_url": _url("enrolment" if is_open else "certificate", person, course["_id"]),
        "is_met": cell.standing in matrix.MET,
    }


def _url(type_name: str, person: Any, course: Any) -> str:
    return f"/admin/{type_name}/?{urlencode([('f.person', person), ('f.course', course)])}"


def _level(level: int) -> str:
    return str(LEVELS[str(level)]) if level else "—"
