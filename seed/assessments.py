"""The assessments of the demo company (4.3): quarters that are published, a month under appeal, and rounds that are not
at their end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from models import catalogue
from models.assessment import awarding
from models.assessment.cycles import usual_grades
from models.assessment.forms import FormItem
from models.assessment.grading import FORCED, GRADES, THRESHOLDS
from models.assessment.scoring import BLIND, MANAGER, OWN
from models.kernel.base import clock
from models.kernel.base.arithmetic.periods import PeriodKind, of_day
from models.kernel.base.people import SYSTEM, actor_of
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.kernel.language import working_time
from seed.desk import Desk
from seed.positions import changes_of_position
from seed.script import chance
from seed.stage import LOUD_DAYS
from seed.vocabulary import assessments as words
from seed.vocabulary.organisation import users_of

HR, MANAGEMENT = "hr", "management"
SETTLED_DAYS = 45  # from the end of a quarter to the decision on the last appeal
YEAR_SETTLED_DAYS = 40  # from the end of a year to the bonus of its evaluation
QUARTERS = 3
CENT = Decimal("0.01")
HOUR = dt.timedelta(hours=10)
LEAST_DAYS = {"year": 10}  # the company may have been founded late in the year that is evaluated
_CONTEXT = Context(source=Source.SEED, confirmed=True)
Act = Callable[[], Any]


def assess_company(now: dt.datetime) -> None:
    """Play the cycles: the quarters that are long enough over, and what HR and the heads have in hand now."""
    desk = Desk()
    for name, field in (("user", "login"), ("department", "code"), ("position", "name"), ("indicator", "name")):
        desk.learn(name, field)
    year, quarters = _of_year(desk, now), _of_quarters(desk, now)
    begun = min(at for at, _ in (*year, *quarters))
    steps = [
        (begun - dt.timedelta(minutes=5), partial(_enter_first_forms, desk)),
        *year,
        *quarters,
        *_of_now(desk, now),
    ]
    loud_from = now - dt.timedelta(days=LOUD_DAYS)
    for at, step in sorted(steps, key=lambda each: each[0]):
        with clock.set_to(at):
            changes.in_batch(step, quiet=at < loud_from)


@dataclass(frozen=True)
class _DemoRound:
    """One cycle: its key in the story, whose, of which period, by which forms, and how much is shared out."""

    desk: Desk
    key: str
    name: str
    kind: str
    first_day: dt.date
    departments: Sequence[str]
    forms: Sequence[str]
    pool: str
    peers: int = 3
    grading: str = THRESHOLDS

    @property
    def cycle(self) -> str:
        return f"assessment_cycle:{self.key}"

    def draft(self, days: int = 10) -> None:
        """Enter the cycle; scores may be given for so many days."""
        self.desk.login = HR
        values = {
            "name": self.name,
            "kind": self.kind,
            "first_day": self.first_day,
            "departments": [self.desk.id(f"department:{code}") for code in self.departments],
            "forms": [self.desk.id(f"assessment_form:{name}") for name in self.forms],
            "score_until": clock.today() + dt.timedelta(days=days),
            "peers_most": self.peers,
            "least_days": LEAST_DAYS.get(self.kind),
            "grading": self.grading,
            "grades": usual_grades(),
            "pool": Decimal(self.pool),
        }
        self.desk.create(self.cycle, values)

    def open(self, days: int = 10) -> None:
        self.draft(days)
        self.desk.move(self.cycle, "open")
        cls = catalogue["assessment_cycle"]
        changes.follow_up(cls, self.desk.id(self.cycle), "make_sheets", actor=self.desk.actor, context=_CONTEXT)

    def cancel(self) -> None:
        self.desk.login = MANAGEMENT
        self.desk.move(self.cycle, "cancel", words.CANCELLED)
        for sheet in self.sheets():
            context = Context(source=Source.SEED, reason=words.CANCELLED)
            changes.move(type(sheet), sheet.id, "cancel", actor=SYSTEM, version=None, context=context)

    def sheets(self) -> list[Any]:
        cls: Any = catalogue["assessment"]
        return list(cls.objects(cycle=self.desk.id(self.cycle)).order_by("number"))

    def given(self) -> list[Any]:
        cls: Any = catalogue["score_sheet"]
        return list(cls.objects(cycle=self.desk.id(self.cycle), state="open").order_by("number"))

    def score(self) -> None:
        """Everybody scores."""
        logins = self._logins()
        for given in self.given():
            self._send(given, logins)

    def score_in_part(self) -> None:
        """Of the first nobody has sent yet, of the second the employee alone; that of the last is excused."""
        logins, (first, second, *rest) = self._logins(), self.sheets()
        self.desk.login = HR
        for given in self.given():
            sheet = given.ref("sheet")
            if sheet == rest[-1].id and given.kind == OWN and not self._excused():
                _move(self.desk, given, "excuse", words.EXCUSED)
            elif sheet != first.id and (sheet != second.id or given.kind == OWN):
                self._send(given, logins)

    def _excused(self) -> bool:
        return catalogue["score_sheet"].objects(cycle=self.desk.id(self.cycle), state="lapsed").first() is not None

    def _logins(self) -> dict[Any, str]:
        return {row["_id"]: row["login"] for row in self.desk.rows("user", {})}

    def _send(self, given: Any, logins: dict[Any, str]) -> None:
        """Marks by the person who is scored and the period, and a little by who scores."""
        rater, whose = logins[given.ref("rater")], logins[given.ref("employee")]
        rng = chance("assessed", self.key, whose, rater, given.kind)
        level = chance("level", whose).randrange(62, 95) + chance("period", self.key, whose).randrange(-4, 5)
        for line in given.scores:
            line.score, line.claimed = Decimal(min(100, level + rng.randrange(-6, 9))), line.key
        values = {"scores": list(given.scores)}
        if given.kind not in BLIND and (given.kind == MANAGER or rng.random() < 0.5):
            values["remark"] = rng.choice(words.REMARKS)
        actor, cls = actor_of(catalogue["user"].objects.get(id=given.ref("rater"))), type(given)
        scored = changes.update(cls, given.id, values, actor=actor, version=given.version, context=_CONTEXT)
        changes.move(cls, given.id, "send", actor=actor, version=scored.version, context=_CONTEXT)

    def approve(self, most: int | None = None) -> None:
        """The heads approve; of a head's own sheet management does. Of `most`, the last ones."""
        heads = {row["_id"]: row["head"] for row in self.desk.rows("department", {})}
        managers = {row["login"]: row["_id"] for row in self.desk.rows("user", {"login": MANAGEMENT})}
        for sheet in self.sheets()[-most if most else 0 :]:
            head = heads[sheet.ref("department")]
            person = managers[MANAGEMENT] if head == sheet.ref("employee") else head
            actor = actor_of(catalogue["user"].objects.get(id=person))
            changes.move(type(sheet), sheet.id, "approve", actor=actor, version=sheet.version, context=_CONTEXT)

    def lowest(self) -> Any:
        """The last but one who has a total."""
        known = sorted((s for s in self.sheets() if s.total is not None), key=lambda s: (s.total, s.number))
        return known[1]

    def calibrate(self) -> None:
        self.desk.login = HR
        _move(self.desk, self.lowest(), "calibrate", words.CALIBRATED, adjust_by=Decimal("1.5"))

    def publish(self) -> None:
        self.desk.login = HR
        self.desk.move(self.cycle, "publish")
        for sheet in self.sheets():
            changes.move(type(sheet), sheet.id, "publish", actor=SYSTEM, version=None, context=_CONTEXT)

    def share_out(self) -> None:
        self.desk.login = HR
        self.desk.move(self.cycle, "share_out")
        awarding.bring_in_step(self.desk.id(self.cycle))

    def award(self) -> None:
        """Management approves; each gets theirs."""
        self.desk.login = MANAGEMENT
        self.desk.move(self.cycle, "award")
        awarding.bring_in_step(self.desk.id(self.cycle))

    def nearest(self) -> tuple[Any, Decimal]:
        """Who is nearest to the next better grade, and the points that are missing."""
        steps = {line.grade: line.at_least for line in usual_grades()}
        gaps = [
            (steps[GRADES[GRADES.index(sheet.grade) - 1]] - sheet.total + CENT, sheet.number, sheet)
            for sheet in self.sheets()
            if sheet.grade and sheet.grade != GRADES[0]
        ]
        points, _, sheet = min(gaps, key=lambda gap: gap[:2])
        return sheet, points

    def appeal_late(self) -> None:
        """An appeal after the bonus was given, which leads to a correction."""
        self._appeal(self.nearest()[0])

    def grant_late(self) -> None:
        self.desk.login = HR
        sheet, points = self.nearest()
        _move(self.desk, sheet, "grant", words.GRANTED, adjust_by=points)

    def correct(self) -> None:
        self.desk.login = MANAGEMENT
        cls: Any = catalogue["bonus"]
        for bonus in cls.objects(cycle=self.desk.id(self.cycle), state="proposed"):
            _move(self.desk, bonus, "approve")

    def appeal(self) -> None:
        self._appeal(self.lowest())

    def _appeal(self, sheet: Any) -> None:
        self.desk.login = catalogue["user"].objects.get(id=sheet.ref("employee")).login
        _move(self.desk, sheet, "appeal", grounds=words.APPEAL)

    def grant(self) -> None:
        self.desk.login = HR
        for sheet in self.sheets():
            if sheet.state == "appealed":
                _move(self.desk, sheet, "grant", words.GRANTED, adjust_by=Decimal(2))


def _of_quarters(desk: Desk, now: dt.datetime) -> list[tuple[dt.datetime, Act]]:
    """Sales and logistics, quarter by quarter; the form of sales counts indicators from the newest one on. Of the older
    ones the bonus is given, once with a correction after an appeal; that of the newest waits for management."""
    period = of_day(PeriodKind.QUARTER, now.astimezone(clock.zone()).date() - dt.timedelta(days=SETTLED_DAYS))
    steps: list[tuple[dt.datetime, Act]] = []
    for back in range(QUARTERS):
        period, is_newest = period.preceding(), back == 0
        days = _workdays_from(period.last + dt.timedelta(days=6), 18)
        name = words.QUARTER.format(year=period.first.year, quarter=(period.first.month + 2) // 3)
        forms = (words.SALES_FORM, words.OTHER_FORM) if is_newest else (words.OTHER_FORM,)
        round = _DemoRound(desk, f"q{back}", name, "quarter", period.first, words.DEPARTMENTS, forms, words.POOL)
        acts: list[tuple[int, Act]] = [(2, round.open), (4, round.score), (6, round.approve), (9, round.publish)]
        if is_newest:
            acts += [(8, round.calibrate), (11, round.appeal), (14, round.grant), (1, partial(_enter_form, desk, 0))]
        else:
            acts += [(11, round.share_out), (12, round.award)]
        if back == 1:
            acts += [(13, round.appeal_late), (15, round.grant_late), (17, round.correct)]
        steps += [(days[day], act) for day, act in acts]
        if is_newest:
            steps.append((_workdays_until(now, 1)[0], round.share_out))
    return steps


def _of_year(desk: Desk, now: dt.datetime) -> list[tuple[dt.datetime, Act]]:
    """The evaluation of the last year that is long enough over: what projects have come to counts in it, grades go by
    quotas where a department is large enough, an appeal is granted, and the bonus of the year is given."""
    end = of_day(PeriodKind.YEAR, now.astimezone(clock.zone()).date() - dt.timedelta(days=YEAR_SETTLED_DAYS))
    year = end.preceding()
    days = _workdays_from(year.last + dt.timedelta(days=12), 10)
    name, departments = words.YEAR.format(year=year.first.year), words.YEAR_DEPARTMENTS
    forms = (words.YEAR_FORM,)
    round = _DemoRound(desk, "year", name, "year", year.first, departments, forms, words.YEAR_POOL, 0, FORCED)
    acts = (partial(_enter_form, desk, 2), round.open, round.score, round.approve, round.publish, round.appeal)
    return list(zip(days[1:], (*acts, round.grant, round.share_out, round.award), strict=True))


def _of_now(desk: Desk, now: dt.datetime) -> list[tuple[dt.datetime, Act]]:
    """A month of the service department is published and appealed against, one of production is being scored; HR
    prepares the next quarter, and management has cancelled a round; two change their position."""
    days = _workdays_until(now, 13)
    month = of_day(PeriodKind.MONTH, days[-13].astimezone(clock.zone()).date()).preceding()
    quarter = of_day(PeriodKind.QUARTER, now.astimezone(clock.zone()).date())

    def of_month(key: str, code: str, department: str) -> _DemoRound:
        name = words.MONTH.format(year=month.first.year, month=month.first.month, department=department)
        return _DemoRound(desk, key, name, "month", month.first, (code,), (words.OTHER_FORM,), words.SMALL_POOL)

    service, production = of_month("service", "SVC", "售後服務部"), of_month("production", "PRD", "生產部")
    off = of_month("off", "MKT", "市場部")
    name = words.QUARTER.format(year=quarter.first.year, quarter=(quarter.first.month + 2) // 3)
    forms = (words.SALES_FORM, words.OTHER_FORM)
    coming = _DemoRound(desk, "next", name, "quarter", quarter.first, words.DEPARTMENTS, forms, words.POOL)
    acts: list[tuple[int, Act]] = [
        (-12, service.open),
        (-10, service.score),
        (-8, service.approve),
        (-5, service.publish),
        (-2, service.appeal),
        (-6, partial(production.open, 21)),
        (-4, production.score_in_part),
        (-3, partial(production.approve, 1)),
        (-9, off.open),
        (-7, off.cancel),
        (-1, coming.draft),
    ]
    return [*((days[day], act) for day, act in acts), *changes_of_position(desk, days, ("q1", service.key))]


def _workdays_from(first: dt.date, count: int) -> list[dt.datetime]:
    """Working days after a day, each at ten in the morning."""
    days, day, calendar = list[dt.datetime](), first, working_time.calendar()
    while len(days) < count:
        day = calendar.next_workday(day)
        days.append(clock.start_of(day) + HOUR)
    return days


def _workdays_until(now: dt.datetime, count: int) -> list[dt.datetime]:
    """The last working days before today, each at ten in the morning."""
    calendar, today = working_time.calendar(), now.astimezone(clock.zone()).date()
    back = (today - dt.timedelta(days=n) for n in range(1, 60))
    days = [day for day in back if calendar.is_workday(day)][:count]
    return [clock.start_of(day) + HOUR for day in reversed(days)]


def _enter_first_forms(desk: Desk) -> None:
    desk.login = HR
    for name, group, how, meaning in words.BY_PEOPLE:
        key = f"indicator:{name}"
        desk.create(key, {"name": name, "group": group, "how": how, "meaning": meaning})
        desk.move(key, "submit")
    _enter_form(desk, 1)


def _enter_form(desk: Desk, place: int) -> None:
    name, items = words.FORMS[place]
    _in_force(desk, [title for title, _ in items])
    lines = [FormItem(indicator=desk.id(f"indicator:{title}"), weight=Decimal(weight)) for title, weight in items]
    sales = sorted({desk.id(f"position:{user.position}") for user in users_of("SAL")})
    values = {"name": name, "items": lines, "bonus_base": Decimal(words.BASES[name])}
    desk.login = HR
    desk.create(f"assessment_form:{name}", values | ({"positions": sales} if name == words.SALES_FORM else {}))
    desk.move(f"assessment_form:{name}", "submit")
    desk.login = MANAGEMENT
    desk.move(f"assessment_form:{name}", "approve")


def _in_force(desk: Desk, titles: list[str]) -> None:
    desk.login = MANAGEMENT
    for title in titles:
        if desk.find(f"indicator:{title}").state == "submitted":
            desk.move(f"indicator:{title}", "approve")


def _move(desk: Desk, sheet: Any, verb: str, reason: str = "", **values: Any) -> None:
    context = Context(source=Source.SEED, reason=reason)
    changes.move(type(sheet), sheet.id, verb, actor=desk.actor, version=sheet.version, values=values, context=context)
