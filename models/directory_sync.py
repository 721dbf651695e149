"""Directory synchronisation (chapter 12): what a directory says of people and departments is taken over by the gate.

The first time somebody looks and carries it out; from then on the schedule does. Nothing is done where more than a
tenth would be disabled or moved, until a named person has looked. What opens more to somebody waits for human resources
or management (1.3). Whatever is killed, the next run works out what is left: each change is whole or not made.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from . import second_person
from .directory_plan import GOES_TO, DirectoryChange, DirectoryPlan, rows_of
from .kernel.base import clock
from .kernel.base.collections import ACCOUNTS, DIRECTORY_LINKS, DIRECTORY_STATES
from .kernel.base.errors import Refused
from .kernel.base.people import SYSTEM, Actor
from .kernel.base.search import initials
from .kernel.base.store import in_unit
from .kernel.base.words import L
from .kernel.gate import changes
from .kernel.gate.acts import Context
from .kernel.gate.sources import Source
from .organisation import Department, User
from .services.directory.source import Directory, DirectoryAnswer, DirectoryAway
from .services.work import jobs

JOB = "directory.sync"
SHOWN_MAX = 500
EMPTY = "nobody in it"
BY_SCHEDULE = L("Directory {issuer}", "目錄 {issuer}")
BY_PERSON = L("Directory {issuer}, carried out by {name}", "目錄 {issuer}，由 {name} 確認執行")
LOOK_ANEW = L("The directory has changed since. Please look once more.", "目錄其後已有變動，請重新查看。")


def state_of(issuer: str) -> dict[str, Any]:
    """How far a directory was taken over, what was shown last, what keeps it back."""
    return in_unit(DIRECTORY_STATES).find_one({"_id": f"sync:{issuer}"}) or {}


def note_state(issuer: str, **facts: Any) -> None:
    """Note something of a directory."""
    in_unit(DIRECTORY_STATES).update_one({"_id": f"sync:{issuer}"}, {"$set": facts}, upsert=True)


def answer_from(source: Directory) -> DirectoryAnswer:
    """The whole answer of a directory; nobody in it is no answer. Raises DirectoryAway."""
    answer = source.read()
    if not answer.people:
        raise DirectoryAway(EMPTY)
    return answer


def is_done(state: Mapping[str, Any], answer: DirectoryAnswer) -> bool:
    """Whether exactly this answer was taken over today, and nobody has released anything since."""
    return state.get("done") == _key(answer) and not state.get("released")


def _key(answer: DirectoryAnswer) -> str:
    """Once a day all is compared, so that what was changed by hand here is seen."""
    return f"{answer.digest}:{clock.today().isoformat()}"


def show(source: Directory, answer: DirectoryAnswer, plan: DirectoryPlan, *, is_stopped: bool = False) -> None:
    """Keep what would change for the page that shows it."""
    shown = {
        "answer": answer.digest,
        "at": clock.now(),
        "rows": rows_of(plan.changes[:SHOWN_MAX]),
        "count": len(plan.changes),
        "moved": plan.moved,
        "known": plan.known,
        "is_stopped": is_stopped,
        "opens": sum(bool(change.opens) or change.kind == "bind" for change in plan.changes),
    }
    note_state(source.issuer, shown=shown, problem="")


def release(issuer: str, digest: str, actor: Actor, *, may_open: bool) -> None:
    """Carry out what was shown: by a named person, for exactly this answer. Raises Refused."""
    shown = state_of(issuer).get("shown") or {}
    if not digest or shown.get("answer") != digest:
        raise Refused(LOOK_ANEW)
    given = {"answer": digest, "by": actor.id, "name": actor.name, "at": clock.now(), "may_open": may_open}
    note_state(issuer, released=given)
    order(issuer, asked_by=actor)


def order(issuer: str, *, asked_by: Actor, is_rehearsal: bool = False) -> None:
    """Have a directory read at once: only to show what would change, or to carry it out."""
    jobs.enqueue(jobs.Order(task=JOB, params={"issuer": issuer, "rehearse": is_rehearsal}, asked_by=asked_by))


def release_for(state: Mapping[str, Any], answer: DirectoryAnswer) -> Mapping[str, Any] | None:
    """What a named person has released, if it was this answer."""
    given: Mapping[str, Any] | None = state.get("released")
    return given if given and given["answer"] == answer.digest else None


def finish(source: Directory, answer: DirectoryAnswer, plan: DirectoryPlan, *, refused: int) -> None:
    """All of this answer is taken over, but for what waits or was refused; what waits, the plan of now, is shown."""
    show(source, answer, plan)
    done = "" if plan.is_short else _key(answer)
    facts = {"started": True, "done": done, "done_at": clock.now(), "refused": refused, "released": None}
    note_state(source.issuer, **facts)


def context_for(issuer: str, released: Mapping[str, Any] | None) -> Context:
    """In whose name a directory is taken over."""
    words = BY_PERSON(issuer=issuer, name=released["name"]) if released else BY_SCHEDULE(issuer=issuer)
    batch = changes.new_batch()
    return Context(source=Source.TASK, reason=str(words), batch=batch, confirmed=True)


def carry_out(issuer: str, change: DirectoryChange, context: Context, released: Mapping[str, Any] | None) -> bool:
    """Make one change, whole; whether anything was to be done. Raises Refused."""
    may_open = bool(released and (released["may_open"] or second_person.is_missing()))
    if change.is_held and not (released and (may_open or change.kind == "bind")):
        return False
    opened = change.opens if may_open else {}
    bodies = {"new": _enter, "bind": _bind, "branch": _open_branch}
    if body := bodies.get(change.kind):
        changes.in_batch(partial(body, issuer, change, opened, context))
    else:
        changes.in_batch(partial(_change, issuer, change, opened, context))
    return True


def _enter(issuer: str, change: DirectoryChange, opened: Mapping[str, Any], context: Context) -> None:
    """Somebody new, with the identity that the directory knows them by: nobody else's account could be meant."""
    facts = _settled(issuer, {**change.values, "active": True, **opened})
    once = f"directory:{issuer}:{change.key}"
    user = changes.create(User, facts, actor=SYSTEM, context=context, once=once)
    identity = {"issuer": issuer, "subject": change.key, "name": change.name, "since": clock.now()}
    fresh = {"login": user.login, "epoch": 0, "hash": "", "must_change": False, "changed_at": clock.now()}
    account = {"$setOnInsert": {**fresh, "identity": [identity]}}
    in_unit(ACCOUNTS).update_one({"_id": user.id}, account, upsert=True)
    _link(issuer, change.key, user=user.id)


def _bind(issuer: str, change: DirectoryChange, _opened: Mapping[str, Any], _context: Context) -> None:
    """From now on the directory says who this is; it opens nothing: an identity is linked by its owner alone."""
    _link(issuer, change.key, user=change.record)


def _open_branch(issuer: str, change: DirectoryChange, _opened: Mapping[str, Any], context: Context) -> None:
    id = change.record
    if id is None:
        values = {"code": _free_code(change.name), "name": change.name}
        once = f"directory:{issuer}:{change.key}"
        id = changes.create(Department, values, actor=SYSTEM, context=context, once=once).id
    _link(issuer, change.key, department=id)


def _change(issuer: str, change: DirectoryChange, opened: Mapping[str, Any], context: Context) -> None:
    cls = Department if change.key.startswith("/") else User
    values = _settled(issuer, {**change.values, **opened})
    if not values:
        return
    changes.update(cls, change.record, values, actor=SYSTEM, version=None, context=context)
    if change.kind in ("off", "on"):
        _link(issuer, change.key, user=change.record, off=change.kind == "off")
        in_unit(ACCOUNTS).update_one({"_id": change.record}, {"$inc": {"epoch": 1}})


def _settled(issuer: str, values: dict[str, Any]) -> dict[str, Any]:
    """The values with the department that was made meanwhile in the place of its key."""
    branch = values.pop(GOES_TO, "")
    row = in_unit(DIRECTORY_LINKS).find_one({"_id": f"{issuer}|/{branch}"}, {"department": 1}) if branch else None
    return {**values, "department": row["department"]} if row else values


def _link(issuer: str, key: str, **facts: Any) -> None:
    row = {"issuer": issuer, "key": key, **facts}
    in_unit(DIRECTORY_LINKS).update_one({"_id": f"{issuer}|{key}"}, {"$set": row}, upsert=True)


def _free_code(name: str) -> str:
    """Two to six capital letters that no department has: those that its name begins with, and others after them."""
    letters = "".join(letter for letter in initials(name).upper() if "A" <= letter <= "Z")[:4]
    base = letters if len(letters) > 1 else f"D{letters}"
    known = set(in_unit(Department.type_name()).distinct("code"))
    tails = ["", *(chr(65 + n) for n in range(26)), *(chr(65 + n) + chr(65 + m) for n in range(26) for m in range(26))]
    return next(code for tail in tails if len(code := base + tail) > 1 and code not in known)
