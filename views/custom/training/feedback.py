"""Feedback is given by people who do not write a course or session, and stands in no record: a panel on its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, request
from flask_admin import BaseView, expose

from models.kernel.base.arithmetic.ratio import NoData
from models.kernel.base.arithmetic.rounding import rounded
from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.training import feedback
from models.training.courses import Course
from models.training.feedback import COMMENT_MAX, GROUP, POINTS, RATED
from models.training.sessions import TrainingSession, feedback_ends
from views import wording
from views.session import actor, say
from views.slots import CustomView, Panel, on_record_top

URL = "/admin/feedback/"
THANKS = L("Thank you. Your feedback was taken without your name.", "感謝反饋，內容已匿名保存。")
TYPES: dict[str, type[Record]] = {"course": Course, "training_session": TrainingSession}


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = all(catalogue.get(name) is cls for name, cls in TYPES.items())
    return [FeedbackView(name="feedback", endpoint="feedback", url=URL.rstrip("/"))] if known else []


@on_record_top("course")
@on_record_top("training_session")
def _panel(me: Actor, training: Any) -> Panel | None:
    """What one is to fill in, and what it came to for those who may read it."""
    if training.damaged or training.state not in ("published", "retired", "held", "closed"):
        return None
    may_give, may_read = feedback.may_give(me, training), feedback.may_read(me, training)
    return Panel("custom/feedback.html", _facts(training, may_give, may_read)) if may_give or may_read else None


def _facts(training: Any, may_give: bool, may_read: bool) -> dict[str, Any]:
    shown = feedback.shown(training) if may_read else None
    is_session = isinstance(training, TrainingSession)
    return {
        "id": training.id,
        "type": training.type_name(),
        "may_give": may_give,
        "may_read": may_read,
        "rated": [(name, str(label)) for name, label in RATED.items()],
        "points": POINTS,
        "most": COMMENT_MAX,
        "least": GROUP,
        "shown_on": wording.day(feedback_ends(training)) if is_session and not feedback.is_over(training) else "",
        "n": shown.n if shown else 0,
        "rows": [
            {
                "label": str(label),
                "mean": _mean(shown, name),
                "counts": [shown.counts[name].get(points, 0) for points in POINTS],
            }
            for name, label in RATED.items()
        ]
        if shown
        else [],
        "comments": shown.comments if shown else (),
    }


def _mean(shown: feedback.FeedbackShown, name: str) -> str:
    value = shown.mean(name).value
    return "—" if isinstance(value, NoData) else wording.number(rounded(value, 1), 1)


class FeedbackView(CustomView):
    """Takes what somebody says of a training."""

    @expose("/")
    def index(self) -> Any:
        """There is no page without a training."""
        return redirect("/admin/training_session/")

    @expose("/<type_name>/<id>/", methods=("POST",))
    def give(self, type_name: str, id: str) -> Any:
        """Take it; what was typed and is refused comes back with the sentence, on a page of its own."""
        me, cls = actor(), TYPES.get(type_name)
        if cls is None:
            raise Missing
        training: Any = rights.find(me, cls, id)
        points = {name: request.form.get(name, "") for name in RATED}
        comment = request.form.get("comment", "")
        try:
            feedback.give(me, training, points, comment)
        except Refused as refused:
            say("warn", refused)
            facts = {**_facts(training, feedback.may_give(me, training), False), "given": points, "comment": comment}
            return self.render("custom/feedback_again.html", training=training, panel=Panel("", facts))
        say("good", THANKS)
        return redirect(f"/admin/{type_name}/details/?id={training.id}", 303)
