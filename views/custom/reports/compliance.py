"""Compliance for management, heads and supervisors: steps in time per chapter and department, with the trend, the
steps that are late most often, and what strikes in how people work.

A screen of its own, because it is of all types at once. The figures are those of the pages of the processes, summed at
night; what is overdue now is counted at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId
from flask import request
from flask_admin import BaseView, expose
from pymongo.errors import ExecutionTimeout

from models.chapters import SUPERVISION
from models.kernel.base import clock
from models.kernel.base import people as organisation
from models.kernel.base.arithmetic.ratio import NoData, Ratio
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.expected import AtMost, rule_id
from models.kernel.language.kinds.any_links import key_in
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.keeping import compliance
from models.services.keeping.compliance import TIME_LIMIT_MS, TimedSteps
from models.supervision.findings import Finding
from views import wording
from views.lists.listing import SLOW
from views.process.words import share_words
from views.session import actor
from views.slots import CustomView, MenuItem

TITLE = L("Compliance", "合規情況")
URL = "/admin/compliance/"
MONTHS, CAUSES, PEOPLE, SPLITS = 12, 10, 100, 20
PROPOSED = "proposed"  # the state of a finding that nobody has decided on
DECISIONS_LEAST = 5
NO_ACCESS = L(
    "This page is for management, the supervision group and heads of departments.",
    "此頁面供管理層、監督小組及部門負責人查看。",
)
SPARK_WIDTH, SPARK_HEIGHT = 120, 24
Cells = Mapping[tuple[str, ObjectId | None, dt.date], TimedSteps]
NOTHING = TimedSteps(0, 0)


def views(_catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [ComplianceView(_catalogue)]


class ComplianceView(CustomView):
    """Which steps were made in time, and which were not: in all that the reader looks over."""

    menu_item = MenuItem(SUPERVISION, TITLE, URL)

    def __init__(self, catalogue: Mapping[str, type[Record]]):
        super().__init__(name="compliance", endpoint="compliance", url=URL.rstrip("/"))
        self.types = {cls.type_name(): cls for cls in catalogue.values() if cls.declared.workflow}

    def is_accessible(self) -> bool:
        return rights.overseen(actor()) is not None

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        raise Forbidden(NO_ACCESS)

    @expose("/")
    def index(self) -> str:
        """The chapters, each with its departments: four commands, and one more for supervisors."""
        me = actor()
        scope, types = self._seen(me)
        months = last_months()
        try:
            cells = compliance.by_month(scope, months[0])
            open_late = compliance.overdue_now(scope)
            worst = compliance.causes(scope, months[0], CAUSES)
            people = _people(months[0]) if rights.sees_work_of_people(me) else None
            splits = self._splits(me) if people is not None else []
        except ExecutionTimeout as slow:
            raise Refused(SLOW) from slow
        facts = {
            "title": TITLE,
            "months": [_month_words(month) for month in months[-2:]],
            "chapters": self._chapters(types, cells, open_late, months),
            "causes": [self._cause(*each, months) for each in worst],
            "people": people,
            "splits": splits[:SPLITS],
            "splits_max": SPLITS if len(splits) > SPLITS else 0,
            "people_max": PEOPLE,
        }
        return self.render("custom/compliance.html", **facts)

    @expose("/types/")
    def of_types(self) -> str:
        """The types behind a row, each leading to the page of its process in these months. Raises Missing."""
        me = actor()
        scope, types = self._seen(me)
        chapter = next((cls.declared.chapter for cls in types if cls.declared.chapter.id == _arg("chapter")), None)
        code, months = _arg("department"), last_months()
        department = next((id for id, facts in organisation.departments().items() if facts.code == code), None)
        if chapter is None or (code and department is None):
            raise Missing
        try:
            cells, open_late = compliance.by_month(scope, months[0]), compliance.overdue_now(scope)
        except ExecutionTimeout as slow:
            raise Refused(SLOW) from slow
        rows = []
        for cls in types:
            if cls.declared.chapter == chapter:
                own = _only(cells, {cls.type_name()}, department if code else ...)
                late = _late_now(open_late, {cls.type_name()}, department if code else ...)
                if own or late:
                    rows.append(_row(str(cls.declared.plural), _process_url(cls, code, months), own, late, months))
        name = _department_name(department) if code else str(L("All departments", "所有部門"))
        facts = {"title": TITLE, "chapter": chapter.label, "department": name, "rows": rows}
        return self.render("custom/compliance_types.html", **facts, months=[_month_words(m) for m in months[-2:]])

    def _splits(self, me: Actor) -> list[dict[str, Any]]:
        """Cases that may be parts of one, as rules have proposed them and nobody has decided yet: the newest, each with
        those of its cases that the reader may see, and one more than are shown. One query, one for each type of cases,
        and one for names."""
        rules = {
            rule_id(cls.type_name(), rule): rule.label
            for cls in self.types.values()
            for rule in cls.declared.expects
            if isinstance(rule, AtMost) and rule.within
        }
        scope = rights.visible(me, Finding)
        if not rules or scope is None:
            return []
        chosen = {"$and": [scope, {"state": PROPOSED, "rule": {"$in": list(rules)}}]}
        rows = list(Finding.collection().find(chosen).sort("_id", -1).limit(SPLITS + 1).max_time_ms(TIME_LIMIT_MS))
        keys = {key for row in rows for line in row["events"] if (key := key_in(line.get("happened_to") or ""))}
        cases: dict[str, dict[str, Any]] = {}
        for name in {key.type for key in keys} & self.types.keys():
            known = rights.find_rows(me, self.types[name], [key.id for key in keys if key.type == name])
            cases |= {f"{name}:{row['_id']}": row for row in known}
        names = wording.titles({"User": {row["owner"] for row in cases.values() if row.get("owner")}})
        result = []
        for row in rows:
            own = [cases[text] for line in row["events"] if (text := line.get("happened_to")) in cases]
            result.append(
                {
                    "what": rules[row["rule"]],
                    "url": f"/admin/finding/details/?id={row['_id']}",
                    "number": row["number"],
                    "person": names.get(own[-1].get("owner"), "") if own else "",
                    "cases": [_case_link(row["rule"], each) for each in own],
                }
            )
        return result

    def _seen(self, me: Actor) -> tuple[dict[str, Any], list[type[Record]]]:
        """The filter of what the reader looks over, of types that they may open, and these types."""
        types = [cls for cls in self.types.values() if rights.can_open(me, cls)]
        scope = rights.overseen(me) or {}
        return {**scope, "type": {"$in": [cls.type_name() for cls in types]}}, types

    def _chapters(
        self,
        types: list[type[Record]],
        cells: Cells,
        open_late: Mapping[tuple[str, ObjectId | None], int],
        months: list[dt.date],
    ) -> list[dict[str, Any]]:
        result = []
        for chapter in dict.fromkeys(cls.declared.chapter for cls in types):
            names = {cls.type_name() for cls in types if cls.declared.chapter == chapter}
            own, late = _only(cells, names), _late_now(open_late, names)
            if not own and not late:
                continue
            places = {key[1] for key in own} | {place for name, place in open_late if name in names}
            rows = [
                _row(
                    _department_name(place),
                    _types_url(chapter.id, organisation.code_of(place)),
                    _only(own, names, place),
                    _late_now(open_late, names, place),
                    months,
                )
                for place in sorted(places, key=lambda place: organisation.code_of(place) or "")
            ]
            result.append(_row(str(chapter.label), _types_url(chapter.id, ""), own, late, months) | {"rows": rows})
        return result

    def _cause(self, type_name: str, state: str, verb: str, steps: TimedSteps, months: list[dt.date]) -> dict[str, Any]:
        cls = self.types[type_name]
        flow = cls.declared.workflow
        return {
            "kind": cls.declared.label,
            "state": wording.state_label(cls, state),
            "tone": wording.tone(cls, state),
            "verb": flow.verb_label(verb) if flow and verb in flow.verbs() else verb,
            "late": wording.number(steps.late),
            "share": share_words(Ratio(steps.late, steps.timed)),
            "url": _process_url(cls, "", months),
        }


def _case_link(rule: str, row: Mapping[str, Any]) -> tuple[str, str]:
    """Number and address of a case; the rule is of its type."""
    return row["number"], f"/admin/{rule.partition('.')[0]}/details/?id={row['_id']}"


def last_months() -> list[dt.date]:
    """The first days of this month and of the eleven before it."""
    today = clock.today()
    count = today.year * 12 + today.month - 1
    return [dt.date(each // 12, each % 12 + 1, 1) for each in range(count - MONTHS + 1, count + 1)]


def _arg(name: str) -> str:
    return request.args.get(name, "")


def _only(cells: Cells, names: set[str], place: Any = ...) -> dict[tuple[str, ObjectId | None, dt.date], TimedSteps]:
    return {key: steps for key, steps in cells.items() if key[0] in names and (place is ... or key[1] == place)}


def _late_now(open_late: Mapping[tuple[str, ObjectId | None], int], names: set[str], place: Any = ...) -> int:
    return sum(n for (name, at), n in open_late.items() if name in names and (place is ... or at == place))


def _row(name: str, url: str, cells: Cells, late: int, months: list[dt.date]) -> dict[str, Any]:
    """One row: the year, the last two months, the trend; what is open and overdue counts as late in the last."""
    totals = [sum((steps for key, steps in cells.items() if key[2] == month), NOTHING) for month in months]
    totals[-1] += TimedSteps(late, late)
    whole = sum(totals, NOTHING)
    return {
        "name": name,
        "url": url,
        "year": share_words(_ratio(whole)),
        "months": [share_words(_ratio(each)) for each in totals[-2:]],
        "spark": _spark([_ratio(each) for each in totals]),
        "overdue": wording.number(late),
    }


def _ratio(steps: TimedSteps) -> Ratio:
    return Ratio(steps.in_time, steps.timed)


def _spark(ratios: Iterable[Ratio]) -> str:
    """The points of a line between 0 and 100 percent; months without a step have none."""
    values = [ratio.value for ratio in ratios]
    known = [(place, float(value)) for place, value in enumerate(values) if not isinstance(value, NoData)]
    if len(known) < 2:
        return ""
    step, height = SPARK_WIDTH / (len(values) - 1), SPARK_HEIGHT - 4
    return " ".join(f"{place * step:.1f},{2 + height * (1 - value):.1f}" for place, value in known)


def _types_url(chapter: str, code: str | None) -> str:
    return f"{URL}types/?{urlencode({'chapter': chapter, **({'department': code} if code else {})})}"


def _process_url(cls: type[Record], code: str, months: list[dt.date]) -> str:
    span = {"from": months[0].isoformat(), "to": clock.today().isoformat()}
    return f"/admin/process/{cls.type_name()}/?{urlencode({**span, **({'department': code} if code else {})})}"


def _department_name(place: ObjectId | None) -> str:
    facts = organisation.departments().get(place) if place else None
    return facts.name if facts else str(L("(no department)", "（無部門）"))


def _month_words(month: dt.date) -> str:
    return f"{month:%Y-%m}"


def _people(since: dt.date) -> list[dict[str, Any]]:
    """What strikes, the quickest deciders first; who decided little and had few deadlines is left out."""
    known = compliance.people(since)
    rows = [row for row in known if max(row["decisions"], row["timed"]) >= DECISIONS_LEAST]

    def share(row: Mapping[str, Any], part: str, of: str) -> float:
        return row[part] / row[of] if row[of] else 0

    rows.sort(key=lambda row: (-share(row, "quick", "decisions"), -share(row, "last_hour", "timed"), str(row["_id"])))
    names = wording.titles({"User": [row["_id"] for row in rows[:PEOPLE]]})
    return [
        {
            "name": names.get(row["_id"], ""),
            "quick": share_words(Ratio(row["quick"], row["decisions"])),
            "last_hour": share_words(Ratio(row["last_hour"], row["timed"])),
            "held": percent_of(row["held"], row["spent"]),
        }
        for row in rows[:PEOPLE]
    ]


def percent_of(part: int, whole: int) -> str:
    """A share of time in percent; empty where there is none."""
    return f"{wording.number(round(100 * part / whole))} %" if whole else ""
