"""What stands between somebody and a position (5.3): skills by three voices, and the training that it requires.

Proven is the level of the course that proves a skill, as long as its certificate is good, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from ..kernel.base.search import folded
from ..organisation import Position, User
from .courses import Course
from .development import DevelopmentPlan
from .matrix import MET, TrainingCell, cells_of, is_required

COURSES_MAX = 200


@dataclass(frozen=True)
class SkillGap:
    """A skill with its three values, and the level that the next position asks for (0: it does not)."""

    skill: str
    course: ObjectId | None
    own: int
    superior: int
    proven: int
    needed: int

    @property
    def is_met(self) -> bool:
        """Proven where a course proves it; else by what the superior says."""
        return (self.proven if self.course else self.superior) >= self.needed


@dataclass(frozen=True)
class PathStep:
    """A position of the path, in order. `place`: "here", "next", "later" or "before"."""

    position: ObjectId
    place: str
    by: Any = None


@dataclass(frozen=True)
class Growth:
    """How somebody stands: the path, other ways from here, skills, and required training not had yet."""

    steps: tuple[PathStep, ...]
    others: tuple[ObjectId, ...]
    next: ObjectId | None
    skills: tuple[SkillGap, ...]
    training: tuple[tuple[Mapping[str, Any], TrainingCell], ...]


def growth_of(plan: DevelopmentPlan) -> Growth:
    """How the employee of a plan stands now: five queries."""
    person = User.collection().find_one({"_id": plan.ref("employee")}, {"position": 1}) or {}
    here = person.get("position")
    steps = path_of(here, [(line.ref("position"), line.by) for line in plan.path or ()])
    ahead = next((step.position for step in steps if step.place == "next"), None)
    rows = {row["_id"]: row for row in Position.collection().find({"_id": {"$in": [here, ahead]}})}
    needed = [] if ahead is None else (rows.get(ahead) or {}).get("skills") or []
    proving = {line.ref("course") for line in plan.skills or ()} | {line.get("course") for line in needed}
    courses = _courses({id for id in proving if id}, ahead)
    cells = _cells(plan.ref("employee"), ahead, courses)
    proven = {
        course["_id"]: int(course.get("proves") or 0) for course in courses if cells[course["_id"]].standing in MET
    }
    others = [id for id in (rows.get(here) or {}).get("leads_to") or () if id not in {step.position for step in steps}]
    required = [(course, cells[course["_id"]]) for course in courses if cells[course["_id"]].required]
    return Growth(tuple(steps), tuple(others), ahead, tuple(_skills(plan, needed, proven)), tuple(required))


def path_of(here: ObjectId | None, path: Iterable[tuple[ObjectId | None, Any]]) -> list[PathStep]:
    """The steps of a path from where somebody is: what of it lies behind, the next one, and those after it."""
    lines = [(id, by) for id, by in path if id]
    places = [id for id, _ in lines]
    at = places.index(here) if here in places else -1
    steps = [] if at >= 0 or here is None else [PathStep(here, "here")]
    for number, (id, by) in enumerate(lines):
        place = "here" if number == at else "before" if number < at else "next" if number == at + 1 else "later"
        steps.append(PathStep(id, place, by))
    return steps


def _courses(proving: set[ObjectId], ahead: ObjectId | None) -> list[dict[str, Any]]:
    """The courses that prove a skill, and those that the next position requires."""
    required = {"state": "published", "$or": [{"positions": ahead}, {"positions": {"$in": [None, []]}}]}
    chosen: list[dict[str, Any]] = [{"_id": {"$in": list(proving)}}, *([required] if ahead else [])]
    held = {"name": 1, "positions": 1, "voluntary": 1, "gives_certificate": 1, "proves": 1, "state": 1}
    return list(Course.collection().find({"$or": chosen, "removed_at": None}, held).sort("_id", 1).limit(COURSES_MAX))


def _cells(person: Any, ahead: ObjectId | None, courses: list[dict[str, Any]]) -> dict[ObjectId, TrainingCell]:
    cells = cells_of([{"_id": person, "position": ahead}], courses)
    is_asked_for = {
        row["_id"]: bool(ahead) and row["state"] == "published" and is_required(row, {"position": ahead})
        for row in courses
    }
    return {
        row["_id"]: TrainingCell(cell.standing, is_asked_for[row["_id"]], cell.day)
        for row in courses
        for cell in [cells[person, row["_id"]]]
    }


def _skills(
    plan: DevelopmentPlan, needed: Iterable[Mapping[str, Any]], proven: Mapping[ObjectId, int]
) -> Iterable[SkillGap]:
    """The skills of the plan with what the position asks for, then those of the position that it does not have."""
    rest = list(needed)
    for line in plan.skills or ():
        course, name = line.ref("course"), folded(line.skill or "")
        match = next((row for row in rest if _is_same(row, course, name)), None)
        if match is not None:
            rest.remove(match)
        course = course or (match or {}).get("course")
        level = int((match or {}).get("level") or 0)
        yield SkillGap(
            line.skill,
            course,
            int(line.own or 0),
            int(line.superior or 0),
            proven.get(course, 0) if course else 0,
            level,
        )
    for row in rest:
        id = row.get("course")
        yield SkillGap(row["skill"], id, 0, 0, proven.get(id, 0) if id else 0, int(row.get("level") or 0))


def _is_same(row: Mapping[str, Any], course: ObjectId | None, name: str) -> bool:
    return folded(row.get("skill") or "") == name or (course is not None and row.get("course") == course)
