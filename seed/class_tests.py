"""Tests on paper of past years (5.2): what the company had in its binders, entered class by class when it began."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from models.kernel.base import clock
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.training import paper_tests
from models.training.answer_cells import LETTERS
from models.training.drawn import DrawnQuestion
from models.training.quizzes import DrawRule
from seed.desk import Desk
from seed.script import Act, Script, chance
from seed.training import FIRST_DAYS, HR, answered, skill_of
from seed.vocabulary.organisation import USERS
from seed.vocabulary.training import COURSES, CourseText

TERMS, TERM_DAYS = 9, 75  # before the company began
TAKES_PART = 0.92
DRAWN = (("easy", 5, 10), ("hard", 2, 25))  # difficulty, how many, points each: 100 together


def plan_class_tests(script: Script) -> None:
    """A quiz for each course; each term a class took it on one form."""
    for place, course in enumerate(COURSES):
        at = script.tape.ago(FIRST_DAYS + 13 - place)
        script.add(at, HR, _quiz(course, place))
        for term in range(TERMS):
            script.add(at + 0.1 + 0.05 * term, HR, _print(course, place, term))
            script.add(at + 0.12 + 0.05 * term, course.trainer, _enter(place, term))


def _quiz(course: CourseText, place: int) -> Act:
    def act(desk: Desk) -> None:
        draws = [
            DrawRule(category=course.name, difficulty=level, count=count, points=Decimal(points))
            for level, count, points in DRAWN
        ]
        values: dict[str, Any] = {
            "name": f"{course.name}筆試",
            "trainer": desk.id(f"user:{course.trainer}"),
            "purpose": "歷次紙面考試，由講師補錄。",
            "draws": draws,
            "pass_mark": Decimal(70),
            "partial": True,
        }
        desk.create(f"quiz:paper{place}", values)
        desk.move(f"quiz:paper{place}", "publish")

    return act


def _print(course: CourseText, place: int, term: int) -> Act:
    def act(desk: Desk) -> None:
        people = [user.login for user in USERS if not course.departments or user.department_code in course.departments]
        rng = chance("class", place, term)
        ids = [desk.id(f"user:{login}") for login in people if login != course.trainer and rng.random() < TAKES_PART]
        held = clock.today() - dt.timedelta(days=TERM_DAYS * (TERMS - term))
        key = f"paper_test:{place}:{term}"
        desk.create(key, {"quiz": desk.id(f"quiz:paper{place}"), "held_on": held, "people": ids})
        desk.move(key, "draw")

    return act


def _enter(place: int, term: int) -> Act:
    def act(desk: Desk) -> None:
        test: Any = desk.find(f"paper_test:{place}:{term}")
        logins = {row["_id"]: row["login"] for row in desk.rows("user", {})}
        paper = test.paper(1)
        cells = {}
        for sheet, line in enumerate(test.sheets, 1):
            login = logins[line.ref("person")]
            rng, skill = chance("sheet", place, term, login), skill_of(login)
            cells[sheet] = {number: _written(each, rng, skill) for number, each in enumerate(paper, 1)}
        entry = paper_tests.enter(desk.actor, test, cells, context=Context(source=Source.SEED, confirmed=True))
        if entry.problems:
            raise RuntimeError(f"The class of {test.number} was not entered: {entry.problems}")
        desk.move(f"paper_test:{place}:{term}", "close")

    return act


def _written(line: DrawnQuestion, rng: random.Random, skill: float) -> str:
    """What somebody wrote on the paper: letters of the options in its order."""
    item = line.item()
    if item is None:
        return ""
    value = answered(item, rng, skill)
    if item.kind == "true_false":
        return "對" if value == "yes" else "錯"
    options, rows = line.order()
    letters: Mapping[str, str] = {key: LETTERS[at] for at, key in enumerate(options)}
    if isinstance(value, dict):
        return "".join(letters[value[row]] for row in rows)
    return "".join(letters[key] for key in ([value] if isinstance(value, str) else value))
