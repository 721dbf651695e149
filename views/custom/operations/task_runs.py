"""Runs of background work are no records: nobody edits them and no history is kept, hence these screens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId
from flask import Response, jsonify, redirect, request
from flask_admin import BaseView, expose
from mongoengine.connection import get_db

from models.chapters import OPERATIONS
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import EN, L, current_locale
from models.kernel.language.localized import localized
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.operations.schedules import job_label
from models.services.work import jobs
from views import wording
from views.running import STATES, counts_of, progress_of, state_of
from views.session import actor, say
from views.slots import CustomView, MenuItem, Tile, on_home_tiles

TITLE = L("Task runs", "任務執行記錄")
PAGE = 50
LOOKED_AT = 2000
_COLUMNS = dict.fromkeys(("log", "checkpoint", "error", "params", "progress"), 0)
LATE_AFTER = dt.timedelta(minutes=5)
NOTHING_TO_DO = L("{count} runs, nothing to do", "執行 {count} 次，均無事項")
AGAIN = L("The job is queued again; it goes on where it stopped.", "作業已重新排隊，將從中斷處繼續。")
RUNS_ARE = L("Runs: {state}", "任務：{state}")
NOT_ENDED = L("Only a job that failed or was set aside can be tried again.", "只有失敗或已擱置的作業可以重試。")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    if "schedule" not in catalogue:
        return []
    return [
        TaskRunsView(name="task_runs", endpoint="task_runs", url="/admin/task_runs"),
        RunView(name="task_run", endpoint="task_run", url="/admin/task_run"),
    ]


@on_home_tiles
def tiles(me: Actor) -> Iterator[Tile]:
    """How many runs wait, go on, failed or were set aside: each leads to exactly those."""
    if not rights.may_operate(me):
        return
    shown = (jobs.QUEUED, jobs.RUNNING, jobs.FAILED, jobs.SET_ASIDE)
    stages = [{"$match": {"state": {"$in": list(shown)}}}, {"$sortByCount": "$state"}]
    counts = {row["_id"]: row["count"] for row in get_db()[jobs.COLLECTION].aggregate(stages, maxTimeMS=1500)}
    for state in shown:
        label, tone = STATES[state]
        count = counts.get(state, 0)
        url = f"/admin/task_runs/?state={state}"
        yield Tile(RUNS_ARE(state=label), wording.number(count), url, tone=tone if tone == "bad" and count else "")


class TaskRunsView(CustomView):
    """What ran, how long, with what result (for IT)."""

    menu_item = MenuItem(OPERATIONS, TITLE, "/admin/task_runs/")

    def is_accessible(self) -> bool:
        return bool(rights.may_operate(actor()))

    @expose("/")
    def index(self) -> str:
        """The runs, newest first; pages follow each other by key. What did nothing is one row per job and day."""
        query, chosen = _asked_filter()
        is_grouped = not (chosen["each"] or chosen["state"] or chosen["task"])
        rows, after = _shown_runs(query, is_grouped=is_grouped)
        return self.render(
            "custom/task_runs.html",
            rows=[_idle_row(row) if isinstance(row, IdleRuns) else _row(row) for row in rows],
            next="/admin/task_runs/?" + urlencode({**_kept(chosen), "after": after}) if after else "",
            states=[(key, label) for key, (label, _tone) in STATES.items()],
            job=str(job_label(chosen["task"])) if chosen["task"] else "",
            **chosen,
        )


class RunView(CustomView):
    """One run with its log and progress, for IT and for the one who asked for it."""

    @expose("/")
    def index(self) -> Any:
        return redirect("/admin/task_runs/")

    @expose("/details/")
    def details(self) -> str:
        """One run."""
        me, run = actor(), _asked_run()
        is_it = bool(rights.may_operate(me))
        lines = [{"at": _second(row["at"]), "text": localized(row["text"])} for row in run.get("log", [])]
        return self.render(
            "custom/task_run.html",
            run=_row(run),
            facts=_facts(run),
            progress=progress_of(run),
            lines=lines,
            sentence=_sentence(run),
            error=run.get("error") if is_it else None,
            may_again=is_it and run["state"] in (jobs.FAILED, jobs.SET_ASIDE),
            is_it=is_it,
        )

    @expose("/progress/")
    def progress(self) -> Response:
        """How far a run is, for the bar that moves."""
        run = _asked_run()
        last = [{"at": _second(row["at"]), "text": localized(row["text"])} for row in run.get("log", [])[-20:]]
        answer = jsonify(**progress_of(run), **state_of(run), lines=last, counts=counts_of(run))
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/again/", methods=("POST",))
    def again(self) -> Any:
        """Queue a run anew."""
        run = _asked_run()
        if not (verdict := rights.may_operate(actor())):
            raise Forbidden(verdict.why)
        if not jobs.try_again(run["_id"]):
            raise Refused(NOT_ENDED)
        say("good", AGAIN)
        return redirect(f"/admin/task_run/details/?id={run['_id']}")


@dataclass
class IdleRuns:
    """Runs of one job on one day that found nothing to do, in the place of the newest."""

    task: str
    day: dt.date
    runs: list[Mapping[str, Any]]


def _shown_runs(query: Mapping[str, Any], *, is_grouped: bool) -> tuple[list[Mapping[str, Any] | IdleRuns], str]:
    """A page of runs, and the key of the last one looked at if there are more; looks at some thousand at the most."""
    rows: list[Mapping[str, Any] | IdleRuns] = []
    groups: dict[tuple[str, dt.date], IdleRuns] = {}
    last = ""
    cursor = get_db()[jobs.COLLECTION].find(query, _COLUMNS).sort("_id", -1).limit(LOOKED_AT + 1)
    for count, run in enumerate(cursor):
        group = groups.get(_group_of(run)) if is_grouped and did_nothing(run) else None
        if count == LOOKED_AT or (group is None and len(rows) == PAGE):
            return _plain(rows), last
        if group is not None:
            group.runs.append(run)
        elif is_grouped and did_nothing(run):
            rows.append(groups.setdefault(_group_of(run), IdleRuns(*_group_of(run), [run])))
        else:
            rows.append(run)
        last = str(run["_id"])
    return _plain(rows), ""


def _plain(rows: list[Mapping[str, Any] | IdleRuns]) -> list[Mapping[str, Any] | IdleRuns]:
    """A group of one is that run."""
    return [row.runs[0] if isinstance(row, IdleRuns) and len(row.runs) == 1 else row for row in rows]


def did_nothing(run: Mapping[str, Any]) -> bool:
    """Whether a run of a schedule ended well and in time, and found nothing to do."""
    is_usual = run["state"] == jobs.DONE and run.get("schedule") is not None and not run.get("asked_by_name")
    return is_usual and run["attempts"] <= 1 and not any((run.get("counts") or {}).values()) and not _is_late(run)


def _group_of(run: Mapping[str, Any]) -> tuple[str, dt.date]:
    return run["task"], (run.get("started") or run["queued"]).astimezone(clock.zone()).date()


def _idle_row(idle: IdleRuns) -> dict[str, Any]:
    first, last = (run.get("started") or run["queued"] for run in (idle.runs[-1], idle.runs[0]))
    clocks = [moment.astimezone(clock.zone()).strftime("%H:%M") for moment in (first, last)]
    return {
        "is_idle": True,
        "url": "/admin/task_runs/?" + urlencode({"task": idle.task}),
        "job": str(job_label(idle.task)),
        "state": str(STATES[jobs.DONE][0]),
        "tone": "neutral",
        "at": f"{wording.day(idle.day)} {clocks[0]}–{clocks[1]}",
        "said": str(NOTHING_TO_DO(count=wording.number(len(idle.runs)))),
    }


def _kept(chosen: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in chosen.items() if value}


def _asked_filter() -> tuple[dict[str, Any], dict[str, str]]:
    """The filter of the list, and what was chosen as it stands in the form; what cannot be is left out."""
    chosen = {name: request.args.get(name, "")[:60] for name in ("state", "schedule", "task", "each")}
    query: dict[str, Any] = {}
    if chosen["state"] in STATES:
        query["state"] = chosen["state"]
    else:
        chosen["state"] = ""
        query["$or"] = [{"passing": None}, {"state": {"$in": [jobs.FAILED, jobs.SET_ASIDE]}}]
    if chosen["task"]:
        query["task"] = chosen["task"]
    if ObjectId.is_valid(chosen["schedule"]):
        query["schedule"] = ObjectId(chosen["schedule"])
    after = request.args.get("after", "")
    if ObjectId.is_valid(after):
        query["_id"] = {"$lt": ObjectId(after)}
    return query, chosen


def _asked_run() -> dict[str, Any]:
    """The run named in the request, if the reader may see it. Raises Missing."""
    id = request.values.get("id", "")
    run = get_db()[jobs.COLLECTION].find_one({"_id": ObjectId(id)}) if ObjectId.is_valid(id) else None
    if run is None or not rights.may_see_run(actor(), run):
        raise Missing
    return run


def _row(run: Mapping[str, Any]) -> dict[str, Any]:
    due = run.get("due")
    return {
        "id": str(run["_id"]),
        "url": f"/admin/task_run/details/?id={run['_id']}",
        "job": str(job_label(run["task"])),
        "due": wording.moment(due) if due else "",
        "is_late": _is_late(run),
        "took": _took(run),
        "counts": counts_of(run),
        "who": run.get("asked_by_name") or "",
        "attempts": run["attempts"],
        "said": _sentence(run),
        **state_of(run),
    }


def _is_late(run: Mapping[str, Any]) -> bool:
    """Whether a run was begun, or still is not, long after it was due."""
    due = run.get("due")
    return bool(due and (run.get("started") or clock.now()) - due > LATE_AFTER and run["state"] != jobs.SKIPPED)


def _facts(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = [
        (L("Queued", "下達時間"), _second(run["queued"])),
        (L("Asked by", "下達人"), run.get("asked_by_name") or ""),
        (L("Due", "應執行時間"), _second(run["due"]) if run.get("due") else ""),
        (L("Begun", "開始時間"), _second(run["started"]) if run.get("started") else ""),
        (L("Last progress", "最近進展"), _second(run["moved"]) if run.get("moved") and not run.get("ended") else ""),
        (L("Ended", "結束時間"), _second(run["ended"]) if run.get("ended") else ""),
        (L("Duration", "用時"), _took(run)),
        (L("Attempts", "嘗試次數"), str(run["attempts"])),
        (L("Counts", "計數"), counts_of(run)),
    ]
    return [{"label": label, "value": value} for label, value in rows]


def _sentence(run: Mapping[str, Any]) -> str:
    sentence = run.get("sentence") or {}
    return str(sentence.get(current_locale()) or sentence.get(EN) or "")


def _took(run: Mapping[str, Any]) -> str:
    """How long a run took, or has been going on."""
    started = run.get("started")
    if started is None:
        return ""
    seconds = max(0.0, ((run.get("ended") or clock.now()) - started).total_seconds())
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def _second(moment: dt.datetime) -> str:
    return moment.astimezone(clock.zone()).strftime("%Y-%m-%d %H:%M:%S")
