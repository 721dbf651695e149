"""A quarter of assessments in the demo company (4.3): forms, scores, a calibration, publication, and one appeal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from models import catalogue
from models.assessment.cycles import usual_grades
from models.assessment.forms import FormItem
from models.assessment.scoring import BLIND, MANAGER
from models.kernel.base import clock
from models.kernel.base.arithmetic.periods import CalendarPeriod, PeriodKind, of_day
from models.kernel.base.people import SYSTEM, actor_of
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.kernel.language import working_time
from seed.desk import Desk
from seed.script import chance
from seed.vocabulary import assessments as words
from seed.vocabulary.organisation import users_of

HR, MANAGEMENT = "hr", "management"
SETTLED_DAYS = 45  # from the end of the quarter to the decision on the last appeal
_CONTEXT = Context(source=Source.SEED, confirmed=True)


def assess_company(now: dt.datetime) -> None:
    """Play one cycle, of the last quarter that is long enough over."""
    period = of_day(
        PeriodKind.QUARTER, now.astimezone(clock.zone()).date() - dt.timedelta(days=SETTLED_DAYS)
    ).preceding()
    days = _Workdays(period.last + dt.timedelta(days=6))
    desk = Desk()
    for name, field in (("user", "login"), ("department", "code"), ("position", "name"), ("indicator", "name")):
        desk.learn(name, field)
    steps: tuple[tuple[int, Callable[[], Any]], ...] = (
        (1, partial(_enter_forms, desk)),
        (2, partial(_open, desk, period)),
        (4, partial(_score, desk)),
        (6, partial(_approve, desk)),
        (8, partial(_calibrate, desk)),
        (9, partial(_publish, desk)),
        (11, partial(_appeal, desk)),
        (14, partial(_decide, desk)),
    )
    for day, step in steps:
        with clock.set_to(days.at(day)):
            changes.in_batch(step, quiet=True)


class _Workdays:
    """Working days after a day, each at ten in the morning."""

    def __init__(self, first: dt.date):
        self.days, day, calendar = list[dt.date](), first, working_time.calendar()
        while len(self.days) < 20:
            day = calendar.next_workday(day)
            self.days.append(day)

    def at(self, number: int) -> dt.datetime:
        return clock.start_of(self.days[number]) + dt.timedelta(hours=10)


def _enter_forms(desk: Desk) -> None:
    desk.login = HR
    for name, group, meaning in words.SCORED:
        key = f"indicator:{name}"
        desk.create(key, {"name": name, "group": group, "how": "scored", "meaning": meaning})
        desk.move(key, "submit")
    sales = sorted({desk.id(f"position:{user.position}") for user in users_of("SAL")})
    for name, items in words.FORMS:
        lines = [FormItem(indicator=desk.id(f"indicator:{title}"), weight=Decimal(weight)) for title, weight in items]
        values = {"name": name, "items": lines, "bonus_base": Decimal(words.BASES[name])}
        _in_force(desk, [title for title, _ in items])
        desk.login = HR
        desk.create(f"assessment_form:{name}", values | ({"positions": sales} if name == words.SALES_FORM else {}))
        desk.move(f"assessment_form:{name}", "submit")
    desk.login = MANAGEMENT
    for name, _ in words.FORMS:
        desk.move(f"assessment_form:{name}", "approve")


def _in_force(desk: Desk, titles: list[str]) -> None:
    desk.login = MANAGEMENT
    for title in titles:
        if desk.find(f"indicator:{title}").state == "submitted":
            desk.move(f"indicator:{title}", "approve")


def _open(desk: Desk, period: CalendarPeriod) -> None:
    desk.login = HR
    values = {
        "name": words.CYCLE.format(year=period.first.year, quarter=(period.first.month + 2) // 3),
        "kind": "quarter",
        "first_day": period.first,
        "departments": [desk.id(f"department:{code}") for code in words.DEPARTMENTS],
        "forms": [desk.id(f"assessment_form:{name}") for name, _ in words.FORMS],
        "score_until": clock.today() + dt.timedelta(days=10),
        "peers_most": 3,
        "grades": usual_grades(),
        "pool": Decimal(words.POOL),
    }
    desk.create("assessment_cycle:demo", values)
    desk.move("assessment_cycle:demo", "open")
    cls = catalogue["assessment_cycle"]
    changes.follow_up(cls, desk.id("assessment_cycle:demo"), "make_sheets", actor=desk.actor, context=_CONTEXT)


def _score(desk: Desk) -> None:
    """Everybody scores: by the person who is scored, and a little by who scores."""
    cls: Any = catalogue["score_sheet"]
    logins = {row["_id"]: row["login"] for row in desk.rows("user", {})}
    for given in list(cls.objects(state="open").order_by("number")):
        rater, whose = logins[given.ref("rater")], logins[given.ref("employee")]
        rng = chance("assessed", whose, rater, given.kind)
        level = chance("level", whose).randrange(62, 95)
        for line in given.scores:
            line.score, line.claimed = Decimal(min(100, level + rng.randrange(-6, 9))), line.key
        values = {"scores": list(given.scores)}
        if given.kind not in BLIND and (given.kind == MANAGER or rng.random() < 0.5):
            values["remark"] = rng.choice(words.REMARKS)
        actor = actor_of(catalogue["user"].objects.get(id=given.ref("rater")))
        scored = changes.update(cls, given.id, values, actor=actor, version=given.version, context=_CONTEXT)
        changes.move(cls, given.id, "send", actor=actor, version=scored.version, context=_CONTEXT)


def _sheets(desk: Desk) -> list[Any]:
    cls: Any = catalogue["assessment"]
    return list(cls.objects(cycle=desk.id("assessment_cycle:demo")).order_by("number"))


def _approve(desk: Desk) -> None:
    """The heads approve; of a head's own sheet management does."""
    heads = {row["_id"]: row["head"] for row in desk.rows("department", {})}
    managers = {row["login"]: row["_id"] for row in desk.rows("user", {"login": MANAGEMENT})}
    for sheet in _sheets(desk):
        head = heads[sheet.ref("department")]
        person = managers[MANAGEMENT] if head == sheet.ref("employee") else head
        actor = actor_of(catalogue["user"].objects.get(id=person))
        changes.move(type(sheet), sheet.id, "approve", actor=actor, version=sheet.version, context=_CONTEXT)


def _lowest(desk: Desk) -> Any:
    """The last but one who has a total and is no colleague of HR."""
    known = sorted((sheet for sheet in _sheets(desk) if sheet.total is not None), key=lambda s: (s.total, s.number))
    return known[1]


def _calibrate(desk: Desk) -> None:
    desk.login = HR
    sheet = _lowest(desk)
    _move(desk, sheet, "calibrate", words.CALIBRATED, adjust_by=Decimal("1.5"))


def _publish(desk: Desk) -> None:
    desk.login = HR
    desk.move("assessment_cycle:demo", "publish")
    for sheet in _sheets(desk):
        changes.move(type(sheet), sheet.id, "publish", actor=SYSTEM, version=None, context=_CONTEXT)


def _appeal(desk: Desk) -> None:
    sheet = _lowest(desk)
    desk.login = catalogue["user"].objects.get(id=sheet.ref("employee")).login
    _move(desk, sheet, "appeal", grounds=words.APPEAL)


def _decide(desk: Desk) -> None:
    desk.login = HR
    cls: Any = catalogue["assessment"]
    for sheet in cls.objects(state="appealed"):
        _move(desk, sheet, "grant", words.GRANTED, adjust_by=Decimal(2))


def _move(desk: Desk, sheet: Any, verb: str, reason: str = "", **values: Any) -> None:
    context = Context(source=Source.SEED, reason=reason)
    changes.move(type(sheet), sheet.id, verb, actor=desk.actor, version=sheet.version, values=values, context=context)
