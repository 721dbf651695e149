"""One governed procedure of the demo company (4.4.3): its second edition was read and passed by all but one of the
people who work by it; he can submit no document until he has."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from models import catalogue
from models.kernel.base import clock
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.training import assigning, courses
from models.training.attempts import QuizAttempt, for_person
from models.training.courses import Enrolment, Lesson
from models.training.qualifications import GovernedMove, Qualification
from seed.archive_room import Room, attach, docx_of
from seed.desk import SYSTEM_LOGIN, Desk
from seed.training import HR, items_of
from seed.vocabulary.organisation import user
from seed.vocabulary.training import COURSES

PROCEDURE, TITLE = "document:001", "文件控制程序"
COURSE, RULE, DRAFT = "course:procedure", "qualification:procedure", "document:held"
QUIZ = next(place for place, course in enumerate(COURSES) if course.name == "文件編寫與發佈")
PASSED, HELD = ("clerk_prd", "clerk_prd2"), "clerk_prd3"
STEPS = ("document:submit", "revision:submit")
GRACE = 3
RULE_DAYS, ON_DAYS, GIVEN_DAYS, PASSED_DAYS, DRAFT_DAYS = 8.5, 8.0, 7.9, 5.0, 1.0
DRAFT_TITLE = "導軌刮研作業指導書"


def qualify_people(room: Room) -> None:
    """The rule is entered, rehearsed and switched on; two learn what they are given in time."""
    room.at(HR, RULE_DAYS, _enter_course)
    room.at(HR, RULE_DAYS - 0.1, _enter_rule)
    room.at(HR, RULE_DAYS - 0.2, lambda desk: desk.move(RULE, "submit"))
    room.at("management", ON_DAYS, lambda desk: desk.move(RULE, "switch_on"))
    room.at(SYSTEM_LOGIN, GIVEN_DAYS, _assign)
    for place, login in enumerate(PASSED):
        room.at(login, PASSED_DAYS - place / 4, _read)
        room.at(login, PASSED_DAYS - place / 4 - 0.1, _take)
    made = room.at(HELD, DRAFT_DAYS, _draft)
    lines = ["刮研前清潔導軌並塗顯示劑。", "每 25 毫米見方內接觸點不少於 16 點。"]
    file = (f"{made.number} {DRAFT_TITLE}.docx", docx_of(DRAFT_TITLE, lines))
    attach(room, made, HELD, DRAFT_DAYS - 0.05, file)


def _enter_course(desk: Desk) -> None:
    quiz: Any = desk.row("quiz", {"name": f"{COURSES[QUIZ].name}測試"})
    lesson = Lesson(title=f"閱讀《{TITLE}》", kind="document", document=desk.id(PROCEDURE), minutes=20)
    values = {
        "name": f"{TITLE}（新版學習）",
        "about": "rules",
        "trainer": desk.id(f"user:{COURSES[QUIZ].trainer}"),
        "purpose": f"閱讀並掌握《{TITLE}》現行版本。",
        "lessons": [lesson],
        "quiz": quiz["_id"],
        "voluntary": True,
        "valid_months": 24,
    }
    desk.create(COURSE, values)
    desk.move(COURSE, "publish")


def _enter_rule(desk: Desk) -> None:
    titles = sorted({user(login).position for login in (*PASSED, HELD)})
    positions = [row["_id"] for row in desk.rows("position", {"name": {"$in": titles}})]
    values = {"document": desk.id(PROCEDURE), "course": desk.id(COURSE), "positions": positions, "grace": GRACE}
    desk.create(RULE, {**values, "moves": [GovernedMove(step=step) for step in STEPS]})


def _assign(desk: Desk) -> None:
    rule: Any = Qualification.objects.get(id=desk.id(RULE))
    for person in list(assigning.lacking_of(rule)):
        assigning.assign(rule, person)


def _read(desk: Desk) -> None:
    me = desk.actor
    given = Enrolment.objects.get(course=desk.id(COURSE), person=me.id)
    context = Context(source=Source.SEED)
    begun = changes.move(Enrolment, given.id, "begin", actor=me, version=given.version, context=context)
    courses.done_with(me, begun, begun.course.lessons[0].key)


def _take(desk: Desk) -> None:
    """They know it by now."""
    me, context = desk.actor, Context(source=Source.SEED, confirmed=True)
    given = json.dumps({id: item.right for id, item in items_of(COURSES[QUIZ]).items()})
    quiz = catalogue["course"].objects.get(id=desk.id(COURSE)).ref("quiz")
    values = {"quiz": quiz, "person": me.id, "owner": me.id, "department": me.department, "latest": given}
    attempt = changes.create(QuizAttempt, values, actor=for_person(me), context=context)
    began = clock.now()
    closing = began.astimezone(clock.zone()).replace(hour=18, minute=0)  # nobody stays longer for a quiz
    with clock.set_to(min(began + dt.timedelta(minutes=14), closing)):
        changes.move(QuizAttempt, attempt.id, "submit", actor=me, version=attempt.version, context=context)


def _draft(desk: Desk) -> Any:
    folder: Any = desk.row("category", {"code": "QW"})
    return desk.create(DRAFT, {"subject": DRAFT_TITLE, "category": folder["_id"]})
