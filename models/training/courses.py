"""Courses (5.2): lessons in order, who has to learn them by when, and how far each person is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from bson import ObjectId

from ..chapters import TRAINING
from ..kernel.base import clock
from ..kernel.base.arithmetic.rounding import rounded
from ..kernel.base.errors import Missing, Refused
from ..kernel.base.people import Actor
from ..kernel.base.words import Listed
from ..kernel.gate import changes
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    READ,
    WRITE,
    WRITER,
    Access,
    Choice,
    Day,
    Flag,
    FollowUp,
    Grid,
    L,
    Line,
    LineRef,
    Lines,
    LongText,
    Moment,
    Move,
    Number,
    Part,
    Percent,
    Record,
    Ref,
    Refs,
    Remind,
    Retention,
    Role,
    Scope,
    State,
    Text,
    Unique,
    Whole,
    Words,
    Workflow,
    head_in,
    record,
    role,
    user_in,
)
from ..kernel.language.kinds.line_links import place_of
from ..skill_levels import LEVELS, PROVEN_BY_DEFAULT
from .attempts import for_person
from .certificates import Certificate, last_day
from .judging import judgement_of
from .packages import newest_named, package_of
from .passes import FAILED, OPEN_STATES, PASSED, courses_with, standing_pass

CONTENTS = {
    "process": L("Business process", "業務流程"),
    "rules": L("Operating rules", "操作規範"),
    "professional": L("Professional knowledge", "專業知識"),
    "communication": L("Communication", "溝通技巧"),
    "teamwork": L("Teamwork", "團隊協作"),
}
LESSON_KINDS = {
    "text": L("Text", "文字"),
    "file": L("File", "文件資料"),
    "video": L("Video", "視頻"),
    "scorm": L("SCORM package", "SCORM 課件"),
    "document": L("Controlled document", "受控文件"),
}
COURSE_FILES = {
    "material": L("Material", "課件"),
    "video": L("Video", "視頻"),
    "captions": L("Captions", "字幕"),
    "package": L("SCORM package", "SCORM 課件"),
}
PERSON = user_in("person", L("Person", "學習人"), own=True)
JUDGE = L("Judge the effect", "評估培訓效果")
ASSIGN = L("Assign to those who need it", "分配給應學人員")
LEARNED_IN_ORDER = L(
    "In order; the next one opens when the one before is done. A file or video is attached to the course and named "
    "here. The quiz comes last.",
    "按順序學習，完成前一課時後開放下一課時。附件或視頻上傳至本課程後在此填寫其名稱。最後為測試。",
)
NOTHING_TO_SHOW = L(
    "Say which attached file, or which document, the lesson shows.",
    "請填寫本課時的附件名或所用文件。",
)
NO_PACKAGE = L(
    "The lesson “{lesson}” is a SCORM package, but “{file}” is not attached to the course as one.",
    "課時「{lesson}」為 SCORM 課件，但「{file}」尚未以「SCORM 課件」類型上傳至本課程。",
)
NOT_YET = L("Not finished yet: {courses}.", "尚未完成先修課程：{courses}。")
QUIZ_LAST = L(
    "The quiz comes last: first “{lesson}” of the course “{course}”.",
    "測試須在課時之後：請先完成課程「{course}」的「{lesson}」。",
)
IN_ORDER = L("The lessons come in order: first “{lesson}”.", "請按順序學習，先完成「{lesson}」。")


class Lesson(Line):
    """One lesson: a text, a file or video that is attached to the course, or a document in its present edition."""

    title = Text(required=True, most=120, label=L("Lesson", "課時"))
    kind = Choice(LESSON_KINDS, required=True, default="text", label=L("Kind", "類型"))
    text = LongText(most=20_000, label=L("Text", "內容"))
    file = Text(most=200, label=L("Name of the attached file", "附件名"))
    document = Ref("Document", label=L("Document", "文件"))
    minutes = Whole(least=1, most=600, label=L("Minutes", "時長（分鐘）"))
    optional = Flag(default=False, label=L("Optional", "選修"))


def published_courses(person: Actor) -> dict[str, Any]:
    """Everybody sees the courses that can be taken."""
    return {"state": "published"}


TEACHING = Access(
    departments=(),
    read={Role.HR: Scope.ALL},
    write={Role.HR: Scope.ALL},
    named={"trainer": WRITE},
    extra_rows=published_courses,
)


def learners(course: Course) -> Mapping[str, Any]:
    """Who has to take a course: those in the positions that it names; everybody where it names none."""
    positions = course.refs("positions")
    nobody = {"_id": None} if course.voluntary else {}
    return {"active": True, **({"position": {"$in": positions}} if positions else {}), **nobody}


def enrolment_of(course: Course, person: Any) -> Mapping[str, Any] | None:
    """The learning that somebody is given; none for who is at it, or whose certificate is good."""
    if is_learning(course.id, person.id) or has_certificate(course.id, person.id):
        return None
    due = clock.today() + dt.timedelta(days=course.due_days or 30)
    return {"course": course.id, "person": person.id, "due": due}


def is_learning(course: ObjectId, person: ObjectId) -> bool:
    query = {"course": course, "person": person, "state": {"$in": [*OPEN_STATES]}, "removed_at": None}
    return Enrolment.collection().find_one(query, {"_id": 1}) is not None


def has_certificate(course: ObjectId, person: ObjectId) -> bool:
    query = {"course": course, "person": person, "state": "valid", "removed_at": None}
    return Certificate.collection().find_one(query, {"_id": 1}) is not None


@record(
    label=L("Course", "在線課程"),
    plural=L("Courses", "在線課程"),
    chapter=TRAINING,
    clause="5.2",
    number="CO-{seq:4}",
    title="{name}",
    grid=Grid("number name about trainer quiz valid_months edition state", search="name"),
    form=(
        Part(L("Course", "課程"), "name about trainer purpose prerequisites edition", clause="5.2"),
        Part(L("Lessons", "課時"), "lessons quiz", help=LEARNED_IN_ORDER),
        Part(L("For whom", "適用範圍"), "positions voluntary due_days gives_certificate valid_months proves judged"),
    ),
    access=TEACHING,
    workflow=Workflow(
        "draft",
        (
            Move("publish", "draft", "published", by=WRITER, require="lessons", optional=True),
            Move("revise", "published", "draft", by=WRITER, optional=True),
            Move("retire", "published", "retired", by=WRITER, optional=True),
        ),
        edit="draft published",
        withdraw=False,
    ),
    files=COURSE_FILES,
    follow_ups=(
        FollowUp("assign", "Enrolment", ASSIGN, states="published", over="User", where=learners, fill=enrolment_of),
    ),
)
class Course(Record):
    """What is learned online, for which positions it is required, and for how long its certificate is good."""

    name = Text(required=True, most=120, label=L("Name", "名稱"))
    about = Choice(CONTENTS, required=True, default="process", label=L("Contents", "培訓內容"))
    trainer = Ref("User", required=True, label=L("Trainer", "講師"))
    purpose = LongText(label=L("Goal", "目標"))
    prerequisites = Refs("Course", acyclic=True, label=L("Prerequisites", "先修課程"))
    edition = Whole(computed=True, default=0, label=L("Edition", "版次"))
    lessons = Lines(Lesson, most=100, label=L("Lessons", "課時"))
    quiz = Ref("Quiz", label=L("Quiz", "測試"))
    positions = Refs("Position", label=L("Required for positions (none: for everybody)", "必修崗位（空白：全員必修）"))
    voluntary = Flag(default=False, label=L("Voluntary", "選修課程"))
    due_days = Whole(default=30, least=1, most=1000, label=L("Days from the assignment on", "分配後完成期限（天）"))
    gives_certificate = Flag(default=True, label=L("Gives a certificate", "頒發證書"))
    valid_months = Whole(least=1, most=240, label=L("Certificate valid, months", "證書有效月數（空白：長期）"))
    proves = Choice(LEVELS, default=PROVEN_BY_DEFAULT, label=L("Level of skill that it proves", "通過可佐證的技能等級"))
    judged = Flag(default=False, label=L("Its effect is judged after 90 days", "九十天後由上級評估效果"))

    def check(self) -> Iterator[tuple[str, Words]]:
        for place, lesson in enumerate(self.lessons or ()):
            shown = {"text": True, "document": lesson.ref("document")}.get(lesson.kind, lesson.file)
            if not shown:
                yield f"lessons.{place}.kind", NOTHING_TO_SHOW

    def on_publish(self, actions: MoveActions) -> None:
        """Each time that it is published is an edition; what its packages offer is known by then."""
        for lesson in self.lessons or ():
            if lesson.kind == "scorm" and package_of(newest_named(self.id, lesson.file)) is None:
                raise Refused(NO_PACKAGE(lesson=lesson.title, file=lesson.file))
        self.edition = (self.edition or 0) + 1


class LessonDone(Line):
    """A lesson that somebody has done, in which edition of the course and of a document."""

    lesson = LineRef("Course.lessons", required=True, label=L("Lesson", "課時"))
    done_at = Moment(default=clock.now, label=L("Done at", "完成時間"))
    edition = Whole(label=L("Edition", "版次"))
    spent = Whole(least=0, label=L("Time spent, minutes", "學習時長（分鐘）"))
    score = Number(least=-100, most=100, places=2, label=L("Score", "得分"))


def judgement_by_superior(enrolment: Enrolment) -> Mapping[str, Any] | None:
    """The judgement on somebody who has finished a course of which it says so, 90 days later."""
    course = enrolment.course
    is_judged = course is not None and course.judged
    return judgement_of(enrolment.ref("person"), clock.today(), course=course.id) if is_judged else None


def is_learned(enrolment: Enrolment) -> bool:
    """Whether each lesson that is required is done, and the quiz, if there is one, passed."""
    course: Course | None = enrolment.course
    if course is None:
        return False
    return all(enrolment.has_done(lesson) for lesson in course.lessons or () if not lesson.optional) and (
        not course.ref("quiz") or bool(enrolment.ref("attempt"))
    )


@record(
    label=L("Learning", "課程學習"),
    plural=L("Learning", "課程學習"),
    chapter=TRAINING,
    clause="5.2",
    number="LE-{yyyy}-{seq:5}",
    title="{course} {person}",
    grid=Grid("number course person due progress finished_on state", sort="-due"),
    form=(
        Part(L("Learning", "學習"), "course person due", clause="5.2"),
        Part(L("Progress", "進度"), "progress done at_lesson attempt finished_on certificate"),
    ),
    access=Access(read={Role.HR: Scope.ALL, Role.CLERK: Scope.OWN}, write={Role.HR: Scope.ALL}, named={"person": READ}),
    workflow=Workflow(
        "assigned",
        (
            Move("begin", "assigned", "in_progress", by=PERSON, label=L("Begin", "開始學習")),
            Move("complete", "in_progress", "done", auto=True, when=is_learned),
            Move("cancel", "assigned in_progress", "cancelled", by=role(Role.HR, own=True), optional=True),
        ),
        edit="assigned in_progress",
        due="due",
        withdraw=False,
        facts=(
            State("assigned", L("Assigned", "已分配"), tone="wait"),
            State("in_progress", L("Being learned", "學習中"), tone="progress"),
        ),
    ),
    unique=(Unique("course person", while_in="assigned in_progress"),),
    reminders=(
        Remind("due", before=7, to=PERSON, states="assigned in_progress"),
        Remind("due", before=0, to=PERSON, states="assigned in_progress"),
        Remind("due", overdue=3, to=head_in("department"), states="assigned in_progress"),
    ),
    follow_ups=(FollowUp("judge", "TrainingFeedback", JUDGE, on="complete", fill=judgement_by_superior),),
    retention=Retention(archive=1095, delete=5),
)
class Enrolment(Record):
    """A course in the hands of one person: by when, how far, and what came of it."""

    course = Ref("Course", required=True, fixed=True, states={"published"}, label=L("Course", "課程"))
    person = Ref("User", required=True, fixed=True, informs=True, label=L("Person", "學習人"))
    due = Day(required=True, label=L("Due", "完成期限"))
    done = Lines(LessonDone, label=L("Lessons done", "已完成課時"))
    at_lesson = Text(computed=True, most=80, label=L("Last opened", "最近學習"))
    progress = Percent(computed=True, default=0, label=L("Progress", "進度"))
    attempt = Ref("QuizAttempt", computed=True, label=L("Quiz passed", "通過的測試"))
    finished_on = Day(computed=True, label=L("Finished on", "完成日期"))
    certificate = Ref("Certificate", computed=True, label=L("Certificate", "證書"))

    def clean(self) -> None:
        """It belongs to the one who learns, and to their department."""
        if not self.version and (person := self.person):
            self._data["owner"], self._data["department"] = person.id, person.ref("department")
        if course := self.course:
            needed = [lesson for lesson in course.lessons or () if not lesson.optional]
            hits = sum(self.has_done(lesson) for lesson in needed) + bool(course.ref("quiz") and self.ref("attempt"))
            total = len(needed) + bool(course.ref("quiz"))
            self.progress = rounded(Fraction(100 * hits, total)) if total else None

    def has_done(self, lesson: Lesson) -> bool:
        place = place_of(self.course.id, lesson.key)
        return any(line.raw("lesson") == place for line in self.done or ())

    def next_lesson(self) -> Lesson | None:
        """The first required lesson that is not done."""
        lessons = self.course.lessons or () if self.course else ()
        return next((lesson for lesson in lessons if not lesson.optional and not self.has_done(lesson)), None)

    def on_begin(self, actions: MoveActions) -> None:
        """What comes before is finished first."""
        needed = self.course.refs("prerequisites") if self.course else []
        query = {"person": self.ref("person"), "course": {"$in": needed}, "state": "done", "removed_at": None}
        finished = set(Enrolment.collection().distinct("course", query)) if needed else set()
        if missing := [id for id in needed if id not in finished]:
            rows = Course.collection().find({"_id": {"$in": missing}}, {"name": 1})
            raise Refused(NOT_YET(courses=Listed(tuple(row["name"] for row in rows))))
        self._data["attempt"] = self._standing_pass()

    def _standing_pass(self, now: Mapping[str, Any] | None = None) -> ObjectId | None:
        """The pass that stands for the course: of before it was begun, or of now."""
        course: Course | None = self.course
        if course is None or not course.ref("quiz"):
            return None
        return standing_pass(self.ref("person"), _facts_of_course(course), now)

    def on_complete(self, actions: MoveActions) -> None:
        """With it comes the certificate, where the course gives one."""
        self.finished_on = clock.today()
        self._data["certificate"] = self._certify(actions, f"certificate:{self.id}")

    def _certify(self, actions: MoveActions, once: str) -> ObjectId | None:
        """The certificate of what was finished; None where the course gives none."""
        course: Course | None = self.course
        if course is None or not course.gives_certificate:
            return None
        values = {
            "person": self.ref("person"),
            "course": course.id,
            "course_edition": course.edition or 1,
            "attempt": self.ref("attempt"),
            "issued_on": clock.today(),
            "expires_on": last_day(clock.today(), course.valid_months),
            "owner": self.ref("person"),
            "department": self.ref("department"),
        }
        return actions.create(Certificate, values, once=once).id

    @classmethod
    def note_result(cls, actions: MoveActions, attempt: Any) -> None:
        """What came of a quiz is noted in each course that ends with it and that the person is learning: a pass counts;
        one that counted does no more where a later try failed and the last one counts."""
        facts = _facts_of(attempt)
        for enrolment in cls._open_with(attempt.ref("person"), attempt.ref("quiz"), "in_progress"):
            if (stands := enrolment._standing_pass(facts)) != enrolment.ref("attempt"):
                actions.update(enrolment, {"attempt": stands})

    @classmethod
    def would_certify(cls, attempt: Any) -> int:
        """How many certificates would follow from a try at a quiz, were it passed."""
        facts = _facts_of(attempt) | {"result": PASSED}
        count = sum(enrolment._is_restored_by(attempt) for enrolment in cls._finished_by(attempt))
        for enrolment in cls._open_with(attempt.ref("person"), attempt.ref("quiz"), "in_progress"):
            if enrolment.ref("attempt") is None and (stands := enrolment._standing_pass(facts)):
                enrolment._data["attempt"] = stands
                count += is_learned(enrolment) and bool(enrolment.course.gives_certificate)
        return count

    @classmethod
    def follow_regrade(cls, actions: MoveActions, attempt: Any, once: str, reason: str) -> None:
        """What follows where a correction has changed whether a try is passed: a certificate that was not given, or was
        revoked since, is given; one that hangs on it alone is revoked."""
        cls.note_result(actions, attempt)
        if attempt.result == PASSED:
            for enrolment in cls._finished_by(attempt):
                if enrolment._is_restored_by(attempt):
                    made = enrolment._certify(actions, f"certificate:{enrolment.id}:{once}")
                    actions.update(enrolment, {"certificate": made})
        else:
            for certificate in cls.hanging_on(attempt):
                actions.move(certificate, "revoke", reason=reason)

    @classmethod
    def hanging_on(cls, attempt: Any) -> list[Any]:
        """The good certificates that go with a try that is not passed any more: no other pass stands in its place."""
        failed = _facts_of(attempt) | {"result": FAILED}
        query = {"attempt": attempt.id, "state": "valid", "removed_at": None}
        return [
            certificate
            for certificate in Certificate.objects(__raw__=query)
            if (course := certificate.course) is None
            or not course.ref("quiz")
            or standing_pass(attempt.ref("person"), _facts_of_course(course), failed) is None
        ]

    @classmethod
    def _finished_by(cls, attempt: Any) -> list[Any]:
        query = {"attempt": attempt.id, "person": attempt.ref("person"), "state": "done", "removed_at": None}
        return list(cls.objects(__raw__=query))

    def _is_restored_by(self, attempt: Any) -> bool:
        """Whether the certificate that this try had given was revoked, and nothing good stands in its place."""
        certificate = self.certificate
        course, person = self.ref("course"), self.ref("person")
        if certificate is None or certificate.state != "revoked" or course is None or person is None:
            return False
        return not has_certificate(course, person)

    @classmethod
    def before_quiz(cls, person: ObjectId | None, quiz: ObjectId) -> Words | None:
        """Which lesson comes first, where somebody is given a course that ends with a quiz; None: it can be taken."""
        given = [(each, each.next_lesson()) for each in cls._open_with(person, quiz, *OPEN_STATES)]
        if not given or any(lesson is None for _, lesson in given):
            return None
        enrolment, lesson = given[0]
        return QUIZ_LAST(course=enrolment.course.name, lesson=lesson.title)

    @classmethod
    def _open_with(cls, person: ObjectId | None, quiz: ObjectId, *states: str) -> list[Any]:
        courses = courses_with(quiz)
        query = {"person": person, "course": {"$in": courses}, "state": {"$in": [*states]}, "removed_at": None}
        return list(cls.objects(__raw__=query)) if courses else []


def _facts_of(attempt: Any) -> dict[str, Any]:
    """What of a try says whether it counts."""
    return {"_id": attempt.id, **{name: attempt.raw(name) for name in ("result", "begun_at", "sent_at")}}


def _facts_of_course(course: Course) -> dict[str, Any]:
    return {"_id": course.id, "quiz": course.ref("quiz"), "valid_months": course.valid_months}


def join(me: Actor, course: Course) -> Enrolment:
    """Take up a course of one's own accord; begun at once. Raises Refused where what comes before is not finished."""
    due = clock.today() + dt.timedelta(days=course.due_days or 30)
    values = {"course": course.id, "person": me.id, "due": due, "department": me.department, "owner": me.id}

    def body() -> Enrolment:
        made = changes.create(Enrolment, values, actor=for_person(me))
        return changes.move(Enrolment, made.id, "begin", actor=me, version=made.version)

    return changes.in_batch(body)


def done_with(
    me: Actor, enrolment: Enrolment, key: str, *, spent: int | None = None, score: Decimal | None = None
) -> Enrolment:
    """Note that the person has done a lesson, in so many seconds and with which score where that is known; the required
    ones before it come first. Raises Missing, Refused."""
    if enrolment.ref("person") != me.id:
        raise Missing

    def learned(now: Enrolment) -> dict[str, Any]:
        line = _line_done(now, key)
        if line and spent is not None:
            line.spent, line.score = spent // 60, score
        return {"done": [*(now.done or ()), line]} if line else {}

    return changes.amend(Enrolment, enrolment.id, learned, actor=for_person(me))


def _line_done(enrolment: Enrolment, key: str) -> LessonDone | None:
    """The line that notes a lesson as done now; None where it is done already."""
    course: Course = enrolment.course
    lesson = next((line for line in course.lessons or () if line.key == key), None)
    if lesson is None:
        raise Missing
    first = enrolment.next_lesson()
    order = [line.key for line in course.lessons]
    if first is not None and order.index(first.key) < order.index(key):
        raise Refused(IN_ORDER(lesson=first.title))
    if enrolment.has_done(lesson):
        return None
    edition = lesson.document.edition if lesson.ref("document") and lesson.document else course.edition
    return LessonDone(lesson=place_of(course.id, key), done_at=clock.now(), edition=edition)
