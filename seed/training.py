"""Training of the demo year (5): the bank of questions, a quiz for each course, and how people did in it."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from models.kernel.base import clock
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.kernel.language.kinds.line_links import place_of
from models.training import correcting
from models.training.attempts import QuizAttempt, for_person
from models.training.bank import BankQuestion, read_row
from models.training.courses import Enrolment, Lesson, LessonDone
from models.training.marking import BankItem
from models.training.quizzes import DrawRule
from seed.desk import SYSTEM_LOGIN, Desk
from seed.script import Act, Script, chance
from seed.vocabulary.organisation import USERS
from seed.vocabulary.training import COURSES, CourseText, Fact

HR = "hr"
MISTAKE = 0, 0  # the course and the question of which the bank has had a wrong key for a while
FIRST_DAYS, ROUNDS, ROUND_DAYS = 300, 2, 120
TOGETHER = 4  # people in one step: the transaction of several steps must not last long where the machine is slow
EACH_ROUND = 0.9  # of those who have to
DRAWN = (("easy", 3, 10), ("middle", 4, 10), ("hard", 1, 30))  # difficulty, how many, points each: 100 together
LEVELS = {"true_false": "easy", "single": "middle", "multiple": "hard", "matching": "hard"}
LEARNS, LEARNS_ALL = 0.94, 0.95
WEAK, STRONG = 0.62, 0.97
SHORT = "以一個工作實例說明你如何執行「{name}」的要求。"


def plan_training(script: Script) -> None:
    """The bank and the quizzes first; then some rounds in which people take them."""
    for place, course in enumerate(COURSES):
        at = script.tape.ago(FIRST_DAYS + 14 - place)
        script.add(at, HR, _bank(course, place))
        script.add(at + 0.5, HR, _quiz(course, place))
        script.add(at + 0.6, HR, _course(course, place))
        for turn in range(ROUNDS):
            _rounds(script, course, place, turn)
    script.add(script.tape.ago(FIRST_DAYS - ROUND_DAYS * (ROUNDS - 1) - 45), HR, _correct)


def questions_of(course: CourseText) -> list[dict[str, Any]]:
    """What the bank asks about a course: every fact in several ways."""
    facts, made = course.facts, []
    for place, fact in enumerate(facts):
        rest = [facts[(place + step) % len(facts)] for step in (1, 2, 3)]
        made += [
            {"kind": "single", "text": f"{fact[0]}？", "options": "\n".join([f"* {fact[1]}", *fact[2:]])},
            {"kind": "true_false", "text": _statement(fact, 1), "is_true": True},
            {"kind": "true_false", "text": _statement(fact, 2 + place % 3), "is_true": False},
            {"kind": "multiple", "text": "以下說法哪些正確？", "options": _several(fact, rest, place)},
        ]
    pairs = "\n".join(f"{fact[0]} = {fact[1]}" for fact in facts[:4])
    made.append({"kind": "matching", "text": "請為每項選擇正確的要求。", "options": pairs})
    made.append({"kind": "short", "text": SHORT.format(name=course.name), "answer": "結合實例，要點齊全。"})
    level = {"difficulty": "middle"}
    return [
        {**level, **row, "difficulty": LEVELS.get(row["kind"], "middle"), "category": _category(course, row)}
        for row in made
    ]


def _category(course: CourseText, row: dict[str, Any]) -> str:
    return f"{course.name} 簡答" if row["kind"] == "short" else course.name


def _statement(fact: Fact, at: int) -> str:
    return f"{fact[0]}：{fact[at]}。"


def _several(fact: Fact, rest: list[Fact], place: int) -> str:
    first, second, third = rest
    return "\n".join(
        [f"* {_statement(fact, 1)}", f"* {_statement(first, 1)}", _statement(second, 2), _statement(third, 3)]
    )


def _bank(course: CourseText, place: int) -> Act:
    def act(desk: Desk) -> None:
        for number, row in enumerate(questions_of(course)):
            wrong = {"options": _mistaken(row["options"])} if (place, number) == MISTAKE else {}
            desk.create(f"bank_question:{place}:{number}", row | wrong)

    return act


def _mistaken(options: str) -> str:
    """Options of which the second one is marked as right in place of the first."""
    first, second, *rest = options.removeprefix("* ").split("\n")
    return "\n".join([first, f"* {second}", *rest])


def _correct(desk: Desk) -> None:
    """The wrong key is found: who had given the right answer gets the marks, nobody loses any."""
    course, number = MISTAKE
    right = questions_of(COURSES[course])[number]["options"]
    values = {"question": desk.id(f"bank_question:{course}:{number}"), "policy": "both", "options": right}
    key = "question_correction:demo"
    desk.create(key, values | {"mistake": "錄入題庫時正確選項標錯，講師覆核試卷時發現。"})
    desk.move(key, "preview")
    correction: Any = desk.find(key)
    correcting.counted(correction, correcting.count_on(correction, {}))
    seen = desk.find(key)
    context = Context(source=Source.SEED, confirmed=True)
    changes.move(type(seen), seen.id, "decide", actor=desk.actor, version=seen.version, context=context)
    correction = desk.find(key)
    for row in list(QuizAttempt.collection().find(correcting.marked_ids(correction), {"_id": 1})):
        correcting.carry_out(correction, row["_id"])
    correcting.finish(correction)


def _quiz(course: CourseText, place: int) -> Act:
    def act(desk: Desk) -> None:
        draws = [
            DrawRule(category=course.name, difficulty=level, count=count, points=Decimal(points))
            for level, count, points in DRAWN
        ]
        values: dict[str, Any] = {
            "name": f"{course.name}測試",
            "trainer": desk.id(f"user:{course.trainer}"),
            "purpose": f"檢驗「{course.name}」課程的掌握程度。",
            "draws": draws,
            "pass_mark": Decimal(70),
            "partial": True,
            "minutes": 30,
            "tries": 5,
            "shows_answers": True,
        }
        desk.create(f"quiz:{place}", values)
        desk.move(f"quiz:{place}", "publish")

    return act


def _course(course: CourseText, place: int) -> Act:
    """Three lessons of what its questions are about, then the quiz."""

    def act(desk: Desk) -> None:
        parts = [course.facts[at : at + 3] for at in (0, 3, 6)]
        lessons = [
            Lesson(title=f"第{'一二三'[at]}課 {facts[0][0][:20]}", text=_text(facts), minutes=15)
            for at, facts in enumerate(parts)
        ]
        values: dict[str, Any] = {
            "name": course.name,
            "about": "rules" if not course.departments else "process",
            "trainer": desk.id(f"user:{course.trainer}"),
            "purpose": f"掌握「{course.name}」的要求並能在工作中執行。",
            "lessons": lessons,
            "quiz": desk.id(f"quiz:{place}"),
            "positions": sorted({row["position"] for row in _people_rows(desk, course) if row.get("position")}),
            "valid_months": course.months or None,
        }
        desk.create(f"course:{place}", values)
        desk.move(f"course:{place}", "publish")

    return act


def _text(facts: Sequence[Fact]) -> str:
    return "\n".join(_statement(fact, 1) for fact in facts)


def _people_rows(desk: Desk, course: CourseText) -> list[dict[str, Any]]:
    """The stored users for whom a course is required; none where it is for everybody."""
    homes = [desk.id(f"department:{code}") for code in course.departments]
    return desk.rows("user", {"department": {"$in": homes}}) if homes else []


def _rounds(script: Script, course: CourseText, place: int, turn: int) -> None:
    """Those who have to take a quiz do, some at a time: the load keeps each step short."""
    people = [user for user in USERS if not course.departments or user.department_code in course.departments]
    rng = chance("quiz", place, turn)
    chosen = [user.login for user in people if rng.random() < EACH_ROUND]
    begin = script.tape.ago(FIRST_DAYS - ROUND_DAYS * turn - 3 * place)
    for number, first in enumerate(range(0, len(chosen), TOGETHER)):
        some = chosen[first : first + TOGETHER]
        if turn == 0:
            script.add(begin + 2 * number, SYSTEM_LOGIN, _doing(_learn, place, some))
        script.add(begin + 2 * number + 1, SYSTEM_LOGIN, _doing(_take, place, some))


def _doing(verb: Callable[[Desk, int, list[str]], None], place: int, logins: list[str]) -> Act:
    return lambda desk: verb(desk, place, logins)


def _learn(desk: Desk, place: int, logins: list[str]) -> None:
    """The course is given to them; most learn all of it before the quiz, some only begin."""
    course = desk.find(f"course:{place}")
    lines = [
        LessonDone(lesson=place_of(course.id, line.key), done_at=clock.now(), edition=1) for line in course.lessons
    ]
    context = Context(source=Source.SEED, confirmed=True)
    for login in logins:
        desk.login = login
        me, rng = desk.actor, chance("learn", place, login)
        values = {"course": course.id, "person": me.id, "owner": me.id, "department": me.department}
        values |= {"due": clock.today() + dt.timedelta(days=30)}
        made = changes.create(Enrolment, values, actor=for_person(me), context=context)
        if (luck := rng.random()) < 1 - LEARNS:
            continue
        made = changes.move(Enrolment, made.id, "begin", actor=me, version=made.version, context=context)
        done = lines if luck < LEARNS_ALL else lines[:1]
        changes.update(Enrolment, made.id, {"done": done}, actor=for_person(me), version=None, context=context)
    desk.login = SYSTEM_LOGIN


def _take(desk: Desk, place: int, logins: list[str]) -> None:
    began, items = clock.now(), items_of(COURSES[place])
    closing = began.astimezone(clock.zone()).replace(hour=18, minute=0)  # nobody stays longer for a quiz
    context = Context(source=Source.SEED, confirmed=True)
    wrong, right = str(desk.id(f"bank_question:{MISTAKE[0]}:{MISTAKE[1]}")), COURSES[MISTAKE[0]].facts[MISTAKE[1]][1]
    for login in logins:
        rng = chance("attempt", place, login, f"{began:%Y-%m}")
        desk.login = login
        me = desk.actor
        skill = skill_of(login)
        given = {id: answered(item, rng, skill) for id, item in items.items()}
        if wrong in given and rng.random() < skill:  # whoever knows better says so, whatever the bank has
            given[wrong] = next(key for key, text in items[wrong].options.items() if text == right)
        with clock.set_to(began):
            values = {"quiz": desk.id(f"quiz:{place}"), "person": me.id, "owner": me.id, "department": me.department}
            values |= {"latest": json.dumps(given)}
            attempt = changes.create(QuizAttempt, values, actor=for_person(me), context=context)
        with clock.set_to(min(began + dt.timedelta(minutes=rng.randint(6, 27)), closing)):
            changes.move(QuizAttempt, attempt.id, "submit", actor=me, version=attempt.version, context=context)
    desk.login = SYSTEM_LOGIN


def items_of(course: CourseText) -> dict[str, BankItem]:
    """The questions of a course by id."""
    rows = BankQuestion.collection().find({"category": course.name}).sort("_id", 1)
    return {str(row["_id"]): read_row(row)[0] for row in rows}


def skill_of(login: str) -> float:
    """How likely somebody knows an answer."""
    return chance("skill", login).uniform(WEAK, STRONG)


def answered(item: BankItem, rng: random.Random, skill: float) -> Any:
    """The right answer of somebody who knows it, else one at random."""
    if rng.random() < skill:
        return item.right
    if item.kind == "multiple":
        return rng.sample(sorted(item.options), 2)
    if item.kind == "matching":
        return {row: rng.choice(sorted(item.options)) for row in item.rows}
    return rng.choice(sorted(item.options) or ["yes", "no"])
