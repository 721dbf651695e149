"""What a training changed in the work follows from the log and stands in no field of it: a page beside course and
session, for human resources and management."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId
from flask import redirect, request
from flask_admin import BaseView, expose

from models.assessment.formulas import measure_of
from models.assessment.values import IndicatorValue
from models.kernel.base.arithmetic.difference import LEAST_PEOPLE, EffectFound, Estimate, GroupChange
from models.kernel.base.arithmetic.rounding import rounded
from models.kernel.base.errors import Forbidden
from models.kernel.base.people import Actor, Role
from models.kernel.base.words import L, Words
from models.kernel.language.measures.library import PERCENT
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.training import judged
from models.training.courses import Course
from models.training.judged import JudgedTraining, MeasuredPerson
from models.training.sessions import TrainingSession
from views import wording
from views.session import actor
from views.slots import CustomView, Link, on_record_page

TITLE = L("What the log says of it", "培訓成效（數據）")
URL = "/admin/training-effect/"
READERS = frozenset({Role.HR, Role.MANAGEMENT})
NOT_FOR_YOU = L(
    "Human resources and management read what a training has changed.", "培訓成效僅人力資源與管理層可查看。"
)
SHOWN_MAX, LINKED_MAX = 200, 50
BETTER = L("Effect shown: better", "成效顯著：改善")
WORSE = L("Effect shown: worse", "成效顯著：變差")
NONE = L("No effect shown", "未顯示成效")
TOO_FEW = L("Too few people to say", "人數不足，不作判斷")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = catalogue.get("course") is Course and catalogue.get("indicator_value") is IndicatorValue
    return [EffectsView(name="training_effect", endpoint="training_effect", url=URL.rstrip("/"))] if known else []


def _may_read(me: Actor) -> bool:
    return rights.has_role(me, READERS)


@on_record_page("course")
def _of_course(me: Actor, course: Course) -> Link | None:
    return Link(TITLE, f"{URL}?course={course.id}") if course.state != "draft" and _may_read(me) else None


@on_record_page("training_session")
def _of_session(me: Actor, session: TrainingSession) -> Link | None:
    is_over = session.state in ("held", "closed")
    return Link(TITLE, f"{URL}?session={session.id}") if is_over and _may_read(me) else None


class EffectsView(CustomView):
    """An indicator before and after a training, of those who took part against those who did not."""

    def is_accessible(self) -> bool:
        return _may_read(actor())

    @expose("/")
    def index(self) -> Any:
        """One indicator: the one that is chosen, or that names the course, or that has values of most of those trained.
        Without a training, the list of courses."""
        me = actor()
        if not _may_read(me):
            raise Forbidden(NOT_FOR_YOU)
        if not {"session", "course"} & set(request.args):
            return redirect("/admin/course/")
        about: Any = rights.find(me, *_record_meant())
        known = judged.indicators_of_people()
        trained = judged.trained_in(about)
        counts = judged.measured_most(trained)
        known.sort(key=lambda row: (about.id not in (row.get("courses") or ()), -counts[row["_id"]]))
        chosen_id = request.args.get("indicator", "")
        chosen = next((row for row in known if str(row["_id"]) == chosen_id), known[0] if known else None)
        result = judged.judge(me, chosen, trained) if chosen else None
        return self.render(
            "custom/training_effect.html",
            title=TITLE,
            about=about,
            back=f"/admin/{about.type_name()}/details/?id={about.id}",
            kind="session" if isinstance(about, TrainingSession) else "course",
            indicators=[(str(row["_id"]), row["name"]) for row in known],
            chosen=str(chosen["_id"]) if chosen else "",
            result=_facts(chosen, result) if chosen and result else None,
            least=LEAST_PEOPLE,
            least_cases=judged.LEAST_CASES,
        )


def _record_meant() -> tuple[type[Record], str]:
    is_session = "session" in request.args
    return (TrainingSession, request.args["session"]) if is_session else (Course, request.args["course"])


def _facts(indicator: Mapping[str, Any], result: JudgedTraining) -> dict[str, Any]:
    effect = result.effect if isinstance(result.effect, EffectFound) else None
    is_rate = _is_rate(indicator)
    word, tone = _verdict(effect, is_rate=is_rate)
    return {
        "unit": str(L("points", "個百分點") if is_rate else L("hours", "小時")),
        "verdict": word,
        "tone": tone,
        "measured": len(result.trained),
        "unmeasured": result.unmeasured,
        "untrained": len(result.untrained),
        "groups": _groups(indicator, result, effect) if effect else [],
        "plain": _estimate(effect.plain) if effect else None,
        "alike": _estimate(effect.alike) if effect else None,
        "is_none": effect is not None and not effect.sign,
        "people": _people(indicator, result.trained[:SHOWN_MAX]),
        "people_left": max(0, len(result.trained) - SHOWN_MAX),
    }


def _is_rate(indicator: Mapping[str, Any]) -> bool:
    known = measure_of(indicator.get("measure"))
    return known is None or known[1].unit == PERCENT


def _verdict(effect: EffectFound | None, *, is_rate: bool) -> tuple[Words, str]:
    """What is said: of a rate more is better, of hours less."""
    if effect is None:
        return TOO_FEW, "neutral"
    sign = effect.sign if is_rate else -effect.sign
    return (BETTER, "good") if sign > 0 else (WORSE, "bad") if sign < 0 else (NONE, "neutral")


def _groups(indicator: Mapping[str, Any], result: JudgedTraining, effect: EffectFound) -> list[dict[str, Any]]:
    trained = [each.person for each in result.trained]
    return [
        _group(L("Trained", "參訓人員"), indicator, effect.treated, trained, result.days),
        _group(L("Not trained", "未參訓人員"), indicator, effect.others, result.untrained, result.days),
    ]


def _group(
    label: Words,
    indicator: Mapping[str, Any],
    group: GroupChange,
    people: Any,
    days: tuple[dt.date, dt.date] | None,
) -> dict[str, Any]:
    return {
        "label": label,
        "n": group.n,
        "before": _number(group.before),
        "after": _number(group.after),
        "change": _signed(group.change),
        "url": _values_url(indicator, list(people)[:LINKED_MAX], days) if days else "",
    }


def _people(indicator: Mapping[str, Any], people: tuple[MeasuredPerson, ...]) -> list[dict[str, Any]]:
    names = wording.titles({"User": [each.person for each in people]})
    return [
        {
            "name": names.get(each.person, ""),
            "day": wording.day(each.trained_on),
            "before": _number(each.change.before),
            "before_url": _values_url(indicator, [each.person], each.before),
            "before_n": each.cases[0],
            "after": _number(each.change.after),
            "after_url": _values_url(indicator, [each.person], each.after),
            "after_n": each.cases[1],
            "change": _signed(each.change.change),
        }
        for each in people
    ]


def _values_url(indicator: Mapping[str, Any], people: list[ObjectId], days: tuple[dt.date, dt.date]) -> str:
    """The list of the values that a figure is made of."""
    pairs = [("f.indicator", indicator["_id"]), *(("f.employee", id) for id in people)]
    pairs += [("f.first_day.from", days[0]), ("f.first_day.to", days[1]), ("f.state", "published")]
    return f"/admin/indicator_value/?{urlencode(pairs)}"


def _estimate(estimate: Estimate) -> dict[str, str]:
    return {"value": _signed(estimate.value), "low": _signed(estimate.low), "high": _signed(estimate.high)}


def _number(value: Any) -> str:
    return wording.number(rounded(value, 1), 1)


def _signed(value: Any) -> str:
    shown = rounded(value, 1)
    return f"{'+' if shown > 0 else '−' if shown < 0 else ''}{wording.number(abs(shown), 1)}"
