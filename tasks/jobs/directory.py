"""Reads the company's directories and takes over what has changed (`models/directory_sync.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from models import directory_sync, second_person
from models.directory_plan import PERCENT, DirectoryChange, plan_of
from models.kernel.base import clock
from models.kernel.base.roles import Role
from models.kernel.base.words import L
from models.services.directory.source import Directory, DirectoryAway, sources

from ..engine.alerts import alarm, page_of_run, tell_it
from ..engine.registry import job
from ..engine.run import Run

AWAY = L(
    "{name} did not answer wholly ({why}); nobody was changed. People sign in as before.",
    "{name}未能完整讀取（{why}），未變更任何人員；登錄不受影響。",
)
STOPPED = L(
    "{name}: {moved} of {known} people would be disabled or moved, more than {percent} %. Nothing was done. Look at it "
    "under Directory, and carry it out there if it is right.",
    "{name}：{known} 人中將有 {moved} 人被停用或調動，超過 {percent}%，未作任何變更。"
    "請在「公司目錄同步」查看，確認無誤後再執行。",
)
WAITS = L(
    "{name}: other departments, mail addresses or roles wait until you have looked, under Directory.",
    "{name}：部門、郵箱或角色的變更待您在「公司目錄同步」查看後執行。",
)
TAKEN = L("Taken over", "已同步")


@job(
    directory_sync.JOB,
    L("Synchronise the company directory", "同步公司目錄"),
    L(
        "People and departments of LDAP, WeCom and DingTalk; who is disabled there is out here. More than a tenth at "
        "once waits until somebody has looked.",
        "從 LDAP、企業微信、釘釘同步人員與部門；在目錄中停用者在此同時停用。一次涉及超過一成人員時，須有人查看確認。",
    ),
)
def sync(run: Run, issuer: str = "", rehearse: bool = False) -> None:
    """Each directory by itself: one that is away keeps no other back."""
    for source in sources():
        if issuer in ("", source.issuer):
            try:
                _take_over(run, source, is_rehearsal=rehearse)
            except DirectoryAway as problem:
                _tell_away(run, source, str(problem))


def _take_over(run: Run, source: Directory, *, is_rehearsal: bool) -> None:
    answer, state = directory_sync.answer_from(source), directory_sync.state_of(source.issuer)
    if not is_rehearsal and directory_sync.is_done(state, answer):
        return
    released = directory_sync.release_for(state, answer)
    plan = plan_of(source, answer)
    if is_rehearsal or not (state.get("started") or released):
        directory_sync.show(source, answer, plan)
        return
    if plan.is_too_much and not released:
        directory_sync.show(source, answer, plan, is_stopped=True)
        words = STOPPED(name=source.name, moved=plan.moved, known=plan.known, percent=PERCENT)
        cause = alarm("directory", f"{source.issuer} {answer.digest}")
        tell_it(words, cause=cause, about=page_of_run(run.id), to=(Role.IT, Role.MANAGEMENT))
        return
    refused = _carry_out(run, source, plan.changes, released)
    left = plan_of(source, answer)
    if not refused and any(change.kind == "change" and change.values for change in left.changes):
        refused = _carry_out(run, source, left.changes, released)  # the manager of somebody new, who is new, too
        left = plan_of(source, answer)
    directory_sync.finish(source, answer, left, refused=refused)
    if any(change.opens for change in left.changes):
        cause = alarm("directory waits", f"{source.issuer} {answer.digest}")
        tell_it(WAITS(name=source.name), cause=cause, about=page_of_run(run.id), to=second_person.DECIDERS)


def _carry_out(
    run: Run, source: Directory, changes: Iterable[DirectoryChange], released: Mapping[str, Any] | None
) -> int:
    """Departments first, then who belongs to them; how many were refused."""
    context = directory_sync.context_for(source.issuer, released)
    make = partial(directory_sync.carry_out, source.issuer, context=context, released=released)
    before, rows = run.counts.get("refused", 0), sorted(changes, key=lambda change: not change.key.startswith("/"))
    run.count(changed=sum(run.try_each("user", rows, make, id_of=lambda change: change.key)))
    run.progress(run.counts["changed"], len(rows), TAKEN)
    return run.counts.get("refused", 0) - before


def _tell_away(run: Run, source: Directory, why: str) -> None:
    """Said on its page at once, and to IT once a day."""
    words = AWAY(name=source.name, why=why)
    directory_sync.note_state(source.issuer, problem=why, problem_at=clock.now())
    run.log(words)
    tell_it(words, cause=alarm("directory away", f"{source.issuer} {clock.today()}"), about=page_of_run(run.id))
