"""The page of each process: the declared workflow drawn with what happened on it, and the cases of each figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId
from flask import Response, abort, redirect, request
from flask_admin import expose
from markupsafe import Markup
from pymongo.errors import ExecutionTimeout

from models.kernel.base import people
from models.kernel.base.arithmetic.mix import Explained
from models.kernel.base.arithmetic.ratio import NoData, Ratio
from models.kernel.base.arithmetic.rounding import rounded
from models.kernel.base.errors import Forbidden, Missing
from models.kernel.base.words import L, Words, current_locale
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.drawing.drawing import draw
from models.services.process.event_log import LogFormat
from models.services.process.measures import Share
from models.services.process.steps import STEPS_MAX
from models.services.process.waiting_now import CASES_MAX

from .. import wording
from ..lists.listing import SLOW
from ..session import actor
from ..slots import PlainRun
from ..view_switch import ways_to_look
from .logs import LOG_LABELS, TOO_MANY, answer_log
from .report import DEPARTMENT, ProcessReport, ProcessRequest, dimensions
from .words import (
    elapsed_since,
    interval_words,
    names_at,
    percent_words,
    points_words,
    share_words,
    span_words,
    took_words,
)

NO_ACCESS = L("Your roles do not include these figures.", "您的角色無權查看這些數據。")
LEFT_OUT = L(
    "{count} of {of} moves were imported, taken over, made for the demo company or taken back, and are left out.",
    "共 {of} 次流轉，其中 {count} 次為導入、遷移、演示數據或已撤銷，未計入。",
)
UNCHOSEN = L("(not chosen)", "（未選）")
FLAGGED = Ratio(1, 10).value
VARIANTS_SHOWN, QUEUES_SHOWN, PAGE = 10, 20, 50
FIRST_PASS, IN_TIME = L("Passed at first try", "一次通過"), L("Moves in time", "按時辦理")
OF_FIGURE: dict[str, L] = {
    "moved": L("Moved", "有流轉"),
    "ended": L("Ended", "已結束"),
    "decided": L("Decided on for the first time", "首次審批"),
    "passed": FIRST_PASS,
    "returned": L("Given back", "被退回"),
    "timed": L("With a deadline", "有時限"),
    "in_time": IN_TIME,
    "late": L("Late", "逾期"),
}
WAY = L("{source} → {target}: {verb}", "{source} → {target}：{verb}")
IN_STATE = L("Left “{state}”", "離開「{state}」")
WAITS = L("Waiting in “{state}”", "在「{state}」等待")


class ProcessView(PlainRun):
    """How the cases of a type really went, in the rights of the reader."""

    def __init__(self, catalogue: Mapping[str, type[Record]]):
        super().__init__(name="processes", endpoint="processes", url="/admin/process")
        self.catalogue = catalogue

    @expose("/")
    def index(self) -> Any:
        return redirect("/admin/")

    @expose("/<type_name>/")
    def of_type(self, type_name: str) -> str:
        """The process in a period: some fifteen commands, whatever the number of cases."""
        asks = self._read(type_name)
        return self.render("process.html", **ProcessPage(asks).context())

    @expose("/<type_name>/cases/")
    def cases(self, type_name: str) -> str:
        """The cases that a figure counts, fifty on a page."""
        asks = self._read(type_name)
        return self.render("process_cases.html", **ProcessPage(asks).cases(request.args.get("of", "")))

    @expose("/<type_name>/log/<kind>/")
    def log(self, type_name: str, kind: str) -> Response:
        """The courses of the cases of the period as an event log for other programs."""
        if kind not in set(LogFormat):
            raise Missing
        return answer_log(self._read(type_name), LogFormat(kind))

    def _read(self, type_name: str) -> ProcessRequest:
        record, me = self.catalogue.get(type_name), actor()
        if record is None or record.declared.workflow is None:
            abort(404)
        if not rights.can_open(me, record):
            raise Forbidden(NO_ACCESS)
        return ProcessRequest.read(record, me, request.args)


class ProcessPage:
    """What the templates of a process are given."""

    def __init__(self, asks: ProcessRequest):
        self.request = asks
        self.cls = asks.cls
        self.base = f"/admin/process/{self.cls.declared.name}/"
        self.report: ProcessReport | None = None

    def context(self) -> dict[str, Any]:
        """The page; where counting takes too long, its form and a sentence."""
        try:
            self.report = ProcessReport(self.request)
            figures = self._figures(self.report) if not self.report.steps.more else {"problem": _too_many()}
        except ExecutionTimeout:
            figures = {"problem": SLOW}
        return {**self._frame(), **figures}

    def _frame(self) -> dict[str, Any]:
        asks = self.request
        return {
            "declared": self.cls.declared,
            "base": self.base,
            "ways": ways_to_look(self.cls.declared.name, "process"),
            "problems": asks.problems,
            "first": asks.first.isoformat(),
            "last": asks.last.isoformat(),
            "every_source": asks.every_source,
            "departments": self._departments(),
            "logs": [(label, f"{self.base}log/{kind}/?{urlencode(asks.pairs)}") for kind, label in LOG_LABELS.items()],
            "by": [(name, self._dimension(name), name == asks.by) for name in dimensions(self.cls, asks.me)],
        }

    def _departments(self) -> list[tuple[str, str, bool]]:
        facts = sorted(people.departments().values(), key=lambda item: item.code)
        return [(item.code, item.name, item.id == self.request.department) for item in facts if item.code]

    def _dimension(self, name: str) -> Words:
        return label_of(self.cls.fields_of()[name])

    def _url(self, key: str) -> str:
        return f"{self.base}cases/?{urlencode([*self.request.pairs, ('of', key)])}"

    def _figures(self, report: ProcessReport) -> dict[str, Any]:
        return {
            "left_out": self._left_out(report),
            "kpis": self._kpis(report),
            "drawing": self._drawing(report),
            "arrows": self._ways(report),
            "stages": self._stages(report),
            "variants": self._variants(report),
            "more_variants": max(0, len(report.variants) - VARIANTS_SHOWN),
            "queues": self._queues(report),
            "more_queues": max(0, len(report.queues.queues) - QUEUES_SHOWN),
            "many_waiting": CASES_MAX if report.queues.more else 0,
            "changes": self._changes(report),
        }

    def _left_out(self, report: ProcessReport) -> dict[str, Any] | None:
        steps = report.steps
        if not steps.left_out:
            return None
        is_much = Ratio(steps.left_out, steps.read).value > FLAGGED  # type: ignore[operator]
        url = f"{self.base}?{urlencode([*self.request.pairs, ('all', '1')])}"
        text = LEFT_OUT(count=wording.number(steps.left_out), of=wording.number(steps.read))
        return {"text": text, "tone": "warn" if is_much else "info", "url": url}

    def _kpis(self, report: ProcessReport) -> list[dict[str, Any]]:
        period = report.period
        moved = report.figures()["moved"]
        return [
            {"label": OF_FIGURE["moved"], "value": wording.number(len(moved)), "url": self._url("moved"), "note": ""},
            {
                "label": OF_FIGURE["ended"],
                "value": wording.number(len(period.ended)),
                "url": self._url("ended"),
                "note": took_words(period.lead) if period.lead.known else "",
            },
            *([self._share_tile(FIRST_PASS, period.first_pass, "passed")] if self._decides() else []),
            self._share_tile(IN_TIME, period.in_time, "in_time"),
        ]

    def _decides(self) -> bool:
        """Whether anybody decides in this process."""
        return any(move.is_decision for move in self.request.flow.moves)

    def _share_tile(self, label: L, share: Share, key: str) -> dict[str, Any]:
        """A share with its n and its interval; of few cases only the counts."""
        note, percent = interval_words(share.ratio), share.ratio.percent
        is_percent = bool(note) and not isinstance(percent, NoData)
        value = f"{wording.number(rounded(percent, 1))} %" if is_percent else share_words(share.ratio)
        return {"label": label, "url": self._url(key), "note": note, "value": value}

    def _drawing(self, report: ProcessReport) -> Markup:
        notes = {
            stage.state: span_words(stage.took.median)
            for stage in report.stages
            if not isinstance(stage.took.median, NoData)
        }
        counts: dict[tuple[str, str], int] = {}
        for way in report.ways:
            counts[way.source, way.target] = counts.get((way.source, way.target), 0) + way.moves
        shown = {pair: f"× {wording.number(count)}" for pair, count in counts.items()}
        return Markup(draw(report.period.flow, current_locale(), None, notes, shown))  # noqa: S704 - draw escapes

    def _ways(self, report: ProcessReport) -> list[dict[str, Any]]:
        return [
            {
                "source": self._state(way.source),
                "target": self._state(way.target),
                "verb": self._verb(way.verb),
                "moves": wording.number(way.moves),
                "cases": wording.number(len(way.cases)),
                "url": self._url(f"way:{way.source}:{way.target}:{way.verb}"),
                "median": span_words(way.took.median),
                "slow": span_words(way.took.slow),
            }
            for way in report.ways
        ]

    def _stages(self, report: ProcessReport) -> list[dict[str, Any]]:
        return [
            {
                "state": self._state(stage.state),
                "tone": wording.tone(self.cls, stage.state),
                "moves": wording.number(stage.moves),
                "cases": wording.number(len(stage.cases)),
                "url": self._url(f"stage:{stage.state}"),
                "median": span_words(stage.took.median),
                "slow": span_words(stage.took.slow),
                "unknown": wording.number(stage.moves - stage.took.known) if stage.took.known < stage.moves else "",
                "held": percent_words(stage.held),
            }
            for stage in report.stages
        ]

    def _variants(self, report: ProcessReport) -> list[dict[str, Any]]:
        every = len(report.period.ended)
        return [
            {
                "states": [self._state(state) for state in variant.states],
                "cases": share_words(Ratio(len(variant.cases), every)),
                "url": self._url(f"variant:{'>'.join(variant.states)}"),
                "median": span_words(variant.took.median),
            }
            for variant in report.variants[:VARIANTS_SHOWN]
        ]

    def _queues(self, report: ProcessReport) -> list[dict[str, Any]]:
        return [
            {
                "state": self._state(queue.state),
                "tone": wording.tone(self.cls, queue.state),
                "who": names_at(queue.addresses),
                "cases": wording.number(len(queue.cases)),
                "overdue": wording.number(queue.overdue) if queue.overdue else "",
                "oldest": elapsed_since(queue.since),
                "url": self._url(f"queue:{queue.state}:{','.join(queue.addresses)}"),
            }
            for queue in report.queues.queues[:QUEUES_SHOWN]
        ]

    def _changes(self, report: ProcessReport) -> list[dict[str, Any]]:
        """Two shares beside those of the period before, and why they differ."""
        result = []
        shares = ((FIRST_PASS, lambda period: period.first_pass), (IN_TIME, lambda period: period.in_time))
        for label, share in shares:
            change = report.change(share)
            if isinstance(change, NoData):
                continue
            result.append(
                {
                    "label": label,
                    "before": share_words(share(report.before).ratio),
                    "now": share_words(share(report.period).ratio),
                    "total": points_words(change.total.total),
                    "rate": points_words(change.total.rate),
                    "mix": points_words(change.total.mix),
                    "groups": self._groups(change),
                }
            )
        return result

    def _groups(self, change: Explained) -> list[dict[str, Any]]:
        labels = self._group_labels(change.groups)
        order = sorted(change.groups, key=lambda key: (-abs(change.groups[key].total), labels[key]))
        return [
            {
                "label": labels[key],
                "rate": points_words(change.groups[key].rate),
                "mix": points_words(change.groups[key].mix),
            }
            for key in order
        ]

    def _group_labels(self, keys: Iterable[Any]) -> dict[Any, str]:
        if self.request.by == DEPARTMENT:
            names = {id: facts.name for id, facts in people.departments().items()}
            return {key: names.get(key, str(UNCHOSEN)) for key in keys}
        options = self.cls.fields_of()[self.request.by].options
        return {key: str(options.get(key, key or UNCHOSEN)) for key in keys}

    def _state(self, state: str) -> str:
        return wording.state_label(self.cls, state)

    def _verb(self, verb: str) -> str:
        flow = self.request.flow
        return str(flow.verb_label(verb)) if verb in flow.verbs() else verb

    def cases(self, key: str) -> dict[str, Any]:
        """The cases of one figure. Raises Missing for a figure that the page does not have."""
        report = ProcessReport(self.request)
        figures = report.figures()
        if key not in figures:
            raise Missing
        ids = figures[key]
        page = max(1, int(text)) if (text := request.args.get("page", "1")).isdecimal() and len(text) < 7 else 1
        shown = ids[(page - 1) * PAGE : page * PAGE]
        return {
            "declared": self.cls.declared,
            "back": f"{self.base}?{urlencode(self.request.pairs)}",
            "title": self._title(key),
            "count": wording.number(len(ids)),
            "rows": self._rows(report, shown),
            "previous": f"{self._url(key)}&page={page - 1}" if page > 1 else None,
            "next": f"{self._url(key)}&page={page + 1}" if page * PAGE < len(ids) else None,
        }

    def _title(self, key: str) -> Words:
        kind, _, rest = key.partition(":")
        if kind == "way":
            source, target, verb = rest.split(":")
            return WAY(source=self._state(source), target=self._state(target), verb=self._verb(verb))
        if kind == "stage":
            return IN_STATE(state=self._state(rest))
        if kind == "queue":
            return WAITS(state=self._state(rest.partition(":")[0]))
        if kind == "variant":
            return " → ".join(self._state(state) for state in rest.split(">"))
        return OF_FIGURE[key]

    def _rows(self, report: ProcessReport, ids: tuple[ObjectId, ...]) -> list[dict[str, Any]]:
        rows = {row["_id"]: row for row in rights.find_rows(self.request.me, self.cls, ids)}
        steps: dict[ObjectId, list[Any]] = {}
        for step in report.steps.steps:
            steps.setdefault(step.record, []).append(step)
        return [
            {
                "number": rows[id].get("number", ""),
                "title": wording.title_of(self.cls, rows[id]),
                "url": f"/admin/{self.cls.declared.name}/details/?id={id}",
                "state": self._state(rows[id].get("state", "")),
                "tone": wording.tone(self.cls, rows[id].get("state")),
                "steps": [
                    {
                        "verb": self._verb(step.verb),
                        "at": wording.moment(step.at),
                        "took": span_words(step.spent),
                        "is_late": step.is_late,
                    }
                    for step in steps.get(id, ())
                ],
            }
            for id in ids
            if id in rows
        ]


def _too_many() -> Words:
    return TOO_MANY(count=wording.number(STEPS_MAX))
