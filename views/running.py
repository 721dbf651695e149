"""A run of background work in words: its state, how far it is, and what it did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.kernel.base.words import EN, L, current_locale
from models.kernel.language.glossary import COUNTS
from models.kernel.language.localized import localized
from models.services.work import jobs

from . import wording

STATES = {
    jobs.QUEUED: (L("Waiting", "等待中"), "wait"),
    jobs.RUNNING: (L("Running", "執行中"), "progress"),
    jobs.DONE: (L("Done", "已完成"), "good"),
    jobs.FAILED: (L("Failed", "失敗"), "bad"),
    jobs.SET_ASIDE: (L("Set aside", "已擱置"), "bad"),
    jobs.SKIPPED: (L("Skipped", "已跳過"), "neutral"),
}


def state_of(run: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a run in words, with its tone."""
    label, tone = STATES[run["state"]]
    at = run.get("started") or run.get("ended") or run["queued"]
    return {"state": str(label), "tone": tone, "at": wording.moment(at), "is_open": run["state"] in jobs.OPEN}


def progress_of(run: Mapping[str, Any]) -> dict[str, Any]:
    """How far a run is, and what it says of it."""
    progress = run.get("progress") or {}
    return {"done": progress.get("done", 0), "total": progress.get("total", 0), "note": localized(progress.get("note"))}


def counts_of(run: Mapping[str, Any]) -> str:
    """What a run did, as far as it did any of it."""
    counts = {name: value for name, value in (run.get("counts") or {}).items() if value}
    comma = ", " if current_locale() == EN else "，"
    return comma.join(f"{COUNTS.get(name, name)} {wording.number(value)}" for name, value in counts.items())
