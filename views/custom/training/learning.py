"""Learning is no form of a record: lesson after lesson is read, and the next one opens when the one before is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, request
from flask_admin import BaseView, expose

from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.training import courses, tracking
from models.training.courses import Course, Enrolment, Lesson
from models.training.qualifications import steps_by
from views import wording
from views.session import actor, say
from views.slots import CustomView, Link, Panel, on_record_page, on_record_top

from .playing import player_for

LEARN = L("Learn", "開始學習")
ENROLLED = L("You are learning this course.", "已加入學習。")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = catalogue.get("enrolment") is Enrolment
    return [LearningView(name="learning", endpoint="learning", url="/admin/learning")] if known else []


@on_record_page("enrolment")
def _offer(me: Actor, enrolment: Enrolment) -> Link | None:
    is_open = enrolment.state in (*courses.OPEN_STATES, "done")
    return Link(LEARN, f"/admin/learning/{enrolment.id}/") if is_open and enrolment.ref("person") == me.id else None


@on_record_top("course")
def _join_panel(me: Actor, course: Course) -> Panel | None:
    """The way to one's own learning, or a button to begin of one's own accord."""
    if course.damaged or course.state != "published":
        return None
    row = _own(me, course)
    return Panel("custom/learning_join.html", {"id": course.id, "own": row["_id"] if row else None})


def _own(me: Actor, course: Course) -> Mapping[str, Any] | None:
    query = {"course": course.id, "person": me.id, "state": {"$ne": "cancelled"}, "removed_at": None}
    return Enrolment.collection().find_one(query, {"_id": 1}, sort=[("_id", -1)])


class LearningView(CustomView):
    """A course in the hands of one person."""

    @expose("/")
    def index(self) -> Any:
        """There is no page without a course."""
        return redirect("/admin/course/")

    @expose("/join/", methods=("POST",))
    def join(self) -> Any:
        """Take up a course of one's own accord."""
        me = actor()
        course: Any = rights.find(me, Course, request.form.get("id"))
        if (row := _own(me, course)) is None:
            row = {"_id": courses.join(me, course).id}
            say("good", ENROLLED)
        return redirect(f"/admin/learning/{row['_id']}/", 303)

    @expose("/<id>/")
    def shown(self, id: str) -> Any:
        """The lessons with how far they are, and one of them in full."""
        enrolment = _mine(id)
        lessons = list(enrolment.course.lessons or ())
        chosen = next((line for line in lessons if line.key == request.args.get("lesson")), None)
        lesson = chosen or enrolment.next_lesson() or (lessons[0] if lessons else None)
        file = tracking.file_of(enrolment, lesson)
        return self.render(
            "custom/learning.html",
            enrolment=enrolment,
            course=enrolment.course,
            lessons=[_row(enrolment, line, lesson) for line in lessons],
            lesson=lesson,
            is_done=bool(lesson and enrolment.has_done(lesson)),
            file=file,
            player=player_for(enrolment, lesson, file) if enrolment.state in ("in_progress", "done") else None,
            document=lesson.document if lesson and lesson.ref("document") else None,
            progress=wording.number(enrolment.progress or 0, 0),
            may_begin=enrolment.state == "assigned",
            is_open=enrolment.state == "in_progress",
            quiz=enrolment.course.ref("quiz"),
            is_quiz_next=enrolment.next_lesson() is None,
            certificate=enrolment.ref("certificate"),
            steps=steps_by(enrolment),
            due=wording.day(enrolment.due) if enrolment.due else "",
            has_passed=enrolment.state == "done",
        )

    @expose("/<id>/", methods=("POST",))
    def go_on(self, id: str) -> Any:
        """Begin, or note that a lesson is done."""
        me, enrolment = actor(), _mine(id)
        try:
            if enrolment.state == "assigned":
                changes.move(Enrolment, enrolment.id, "begin", actor=me, version=enrolment.version)
            elif key := request.form.get("lesson"):
                tracking.finish(me, enrolment, key)
        except Refused as refused:
            say("warn", refused)
        return redirect(f"/admin/learning/{enrolment.id}/", 303)


def _mine(id: str) -> Any:
    enrolment: Any = rights.find(actor(), Enrolment, id)
    if enrolment.ref("person") != actor().id or enrolment.course is None:
        raise Missing
    return enrolment


def _row(enrolment: Enrolment, line: Lesson, shown: Lesson | None) -> dict[str, Any]:
    return {
        "key": line.key,
        "title": line.title,
        "minutes": line.minutes,
        "is_done": enrolment.has_done(line),
        "is_shown": shown is not None and line.key == shown.key,
        "optional": bool(line.optional),
    }
