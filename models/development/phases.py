"""The phases of a project (2.3.1): planned, forecast and actual ends, why they slip, and the gates passed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from ..kernel.base import clock
from ..kernel.language import (
    WRITER,
    Choice,
    Condition,
    Day,
    Judged,
    L,
    Line,
    Need,
    PassageLine,
    SignedLine,
    Text,
    Whole,
    during,
)

PHASES = {
    "requirement": L("Requirements", "需求分析"),
    "design": L("Design", "設計"),
    "development": L("Development", "開發"),
    "testing": L("Testing", "測試"),
    "launch": L("Launch", "上線"),
    "maintenance": L("Maintenance", "維護"),
}
BEGINNING = "draft proposed"
RUNNING = " ".join(PHASES)
STANDS = {"initiated": L("Initiated", "已立項"), **PHASES, "closed": L("Closed", "已結項")}
OPEN = f"{BEGINNING} initiated {RUNNING}"
LAUNCHES = ("planned", "in_review", "approved", "live", "completed")  # but not those rolled back
LAUNCHED = Condition(
    L("Every launch is completed", "上線計劃均已完成"),
    "Launch.project",
    where={"state": LAUNCHES},
    states="completed",
    least=1,
)
SPECIFIED = Condition(
    L("The specification is released", "規格說明書已發佈"),
    "Specification.project",
    where={"state": ("draft", "submitted", "in_force")},
    states="in_force",
    least=1,
)
DESIGNED = Condition(
    L("The design documents are approved", "設計文檔均已批准"),
    "DesignDocument.project",
    where={"state": ("draft", "submitted", "approved")},
    states="approved",
    least=1,
)
TO_TEST = Condition(
    L("A test plan is under way", "測試計劃已開始"), "TestPlan.project", states="under_way finished", least=1
)
TESTED = Judged(L("What testing has shown", "測試結論"), "testing")
MAINTAINED = Condition(L("All maintenance is done", "維護記錄均已辦結"), "Maintenance.project", states="done cancelled")


class PhasePlan(Line):
    """When a phase is to end: as approved, as expected now, and as it was."""

    phase = Choice(PHASES, required=True, label=L("Phase", "階段"))
    planned = Day(edit=during(BEGINNING, WRITER), label=L("Planned end", "計劃完成"))
    baseline = Day(computed=True, label=L("Baseline", "基線"))
    forecast = Day(computed=True, label=L("Forecast", "預測"))
    started = Day(computed=True, label=L("Started", "實際開始"))
    ended = Day(computed=True, label=L("Ended", "實際完成"))
    slip = Whole(computed=True, unit=L("days", "天"), label=L("Slip", "偏差"))


class Forecast(SignedLine):
    """When a phase is expected to end from now on, and why not as before."""

    phase = Choice(PHASES, required=True, label=L("Phase", "階段"))
    ends = Day(required=True, label=L("Expected end", "預計完成"))
    reason = Text(required=True, label=L("Reason", "原因"))


class NewBaseline(SignedLine):
    """That the forecasts of this day became what the project is measured by."""

    reason = Text(required=True, label=L("Reason", "原因"))


class PhasePassage(PassageLine):
    """That the project went from one phase into another."""

    left = Choice(STANDS, computed=True, label=L("Left", "離開階段"))
    build = Text(most=80, computed=True, label=L("Build", "版本"))
    entered = Choice(STANDS, computed=True, label=L("Entered", "進入階段"))


def all_phases() -> list[PhasePlan]:
    return [PhasePlan(phase=phase) for phase in PHASES]


def is_planned(project: Any) -> bool:
    """Whether every phase has its planned end, ahead of us and none before that of the phase before."""
    ends = [line.planned for line in in_order(project.phases)]
    return bool(ends) and None not in ends and ends == sorted(ends) and clock.today() <= ends[0]


def is_explained(project: Any) -> bool:
    """Whether the phase ends by the date that was forecast last; a later day needs another forecast and its reason."""
    line = next((line for line in project.phases or () if line.phase == project.state), None)
    return line is None or line.forecast is None or clock.today() <= line.forecast


def in_order(phases: Iterable[PhasePlan] | None) -> list[PhasePlan]:
    """The lines of the plan in the order of the phases."""
    order = list(PHASES)
    return sorted((line for line in phases or () if line.phase in PHASES), key=lambda line: order.index(line.phase))


PLANNED = Need(
    L("Each phase has its planned end, ahead and in order", "各階段均有未來的計劃完成日期且順序正確"), is_planned
)
EXPLAINED = Need(
    L("The phase ends as forecast, or a new forecast gives the reason", "階段按預測完成，或已登記新的預測及原因"),
    is_explained,
)


def set_baseline(project: Any) -> None:
    """What was planned is what the project is measured by from now on."""
    project.baselines = len(project.new_baselines or ()) + 1
    for line in project.phases or ():
        line.baseline = line.planned
    follow_plan(project)


def follow_plan(project: Any) -> None:
    """Count the lines of the plan: the newest forecast, when each phase began and ended, and the days of slip. A new
    baseline takes the forecasts of the phases that have not ended."""
    is_new = bool(project.baselines) and len(project.new_baselines or ()) >= project.baselines
    for line in project.phases or ():
        given = [item.ends for item in project.forecasts or () if item.phase == line.phase and item.ends]
        line.forecast = given[-1] if given else line.baseline
        entered = [item.at for item in project.passages or () if item.entered == line.phase]
        left = [item.at for item in project.passages or () if item.left == line.phase]
        line.started = _day(entered[0]) if entered else None
        line.ended = _day(left[-1]) if left and project.state != line.phase else None
        if is_new and line.forecast and not line.ended:
            line.baseline = line.forecast
        expected = line.ended or line.forecast
        line.slip = (expected - line.baseline).days if expected and line.baseline else None
    if is_new:
        project.baselines = len(project.new_baselines) + 1


def _day(moment: dt.datetime) -> dt.date:
    """The day of a moment by the company's clock."""
    return moment.astimezone(clock.zone()).date()
