"""A correction along its attempts (5.2): whose result it would change, counted and shown; and carried out, each attempt
in a transaction of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from ..kernel.base.addresses import at_user
from ..kernel.base.arithmetic.rounding import rounded
from ..kernel.base.notice_kinds import NoticeKind
from ..kernel.base.people import SYSTEM
from ..kernel.base.words import HANT, L, Words, speaking
from ..kernel.gate import changes
from ..kernel.gate.changes import Context, MoveActions
from ..kernel.gate.sources import Source
from ..kernel.gate.unit import Unit, in_transaction
from ..kernel.rights import rights
from .attempts import QuizAttempt
from .corrections import (
    COUNTED,
    COUNTING,
    MARKED,
    QuestionCorrection,
    correct,
    drawn_with,
    result_word,
)
from .courses import Enrolment
from .drawn import RESULTS
from .regrading import POLICIES, Regrade

STEP = 200  # attempts that are looked at together
LOOKED_AT = 1000  # for one page
REASON_OF = L("Correction {number}: {policy}", "題目更正 {number}：{policy}")
REVOKED_BECAUSE = L(
    "Correction {number} of a question of the quiz: {why}", "測試題目更正 {number}，更正後未及格：{why}"
)
YOUR_RESULT = L(
    "A question of the quiz “{quiz}” was corrected. Your result {number}: {before} → {after}.",
    "測試「{quiz}」有一道題目已更正。您的成績 {number}：{before} → {after}。",
)
YOURS_STANDS = L(
    "A question of the quiz “{quiz}” was corrected. Your result {number} stands as it was: {before}.",
    "測試「{quiz}」有一道題目已更正。您的成績 {number} 維持不變：{before}。",
)
RESULT_OF = L("{share} %, {result}", "{share}%（{result}）")


@dataclass(frozen=True)
class RegradeCase:
    """One attempt that a correction would touch: what it makes of it, and the certificates that follow."""

    attempt: QuizAttempt
    regrade: Regrade
    certificates_new: int = 0
    certificates_lost: int = 0


def cases_of(
    correction: QuestionCorrection, after: ObjectId | None = None, most: int = 50
) -> tuple[list[RegradeCase], ObjectId | None]:
    """What a correction would make of the next marked attempts with its edition, by id; nothing is written. Those that
    it leaves alone are not among them. With the id after which the next ones follow, None: there are no more."""
    query = drawn_with(correction) | {"state": MARKED} | ({"_id": {"$gt": after}} if after else {})
    rows = list(QuizAttempt.collection().find(query, dict.fromkeys(_READ, 1)).sort("_id", 1).limit(LOOKED_AT))
    cases: list[RegradeCase] = []
    for row in rows:
        if len(cases) == most:
            return cases, cases[-1].attempt.id
        attempt = QuizAttempt.from_stored(row)
        if regrade := correct(attempt, correction):
            cases.append(_case(attempt, regrade))
    return cases, rows[-1]["_id"] if len(rows) == LOOKED_AT else None


def _case(attempt: QuizAttempt, regrade: Regrade) -> RegradeCase:
    was, now = regrade.before.is_passed, regrade.after.is_passed
    new = Enrolment.would_certify(attempt) if now and not was else 0
    lost = len(Enrolment.hanging_on(attempt)) if was and not now else 0
    return RegradeCase(attempt, regrade, new, lost)


_READ = "number quiz person trainer state begun_at sent_at pass_mark partial wrong_costs result drawn regrades".split()
_READ += ["version", "owner", "department"]


def corrected_by(correction: QuestionCorrection, after: ObjectId | None, most: int) -> Iterator[QuizAttempt]:
    """The attempts that have the note of a correction, by id."""
    query = {"regrades.correction": correction.id, "removed_at": None} | ({"_id": {"$gt": after}} if after else {})
    rows = QuizAttempt.collection().find(query, dict.fromkeys(_READ, 1)).sort("_id", 1).limit(most)
    yield from (QuizAttempt.from_stored(row) for row in rows)


def count_on(correction: QuestionCorrection, state: Mapping[str, Any]) -> dict[str, Any]:
    """The next step of a preview from where it is, `{}` at first: so many attempts are looked at; `after` is empty at
    its end."""
    counts: dict[str, int] = {**dict.fromkeys(COUNTED, 0), **(state.get("counts") or {})}
    after = {"_id": {"$gt": ObjectId(state["after"])}} if state.get("after") else {}
    query = drawn_with(correction) | {"state": MARKED} | after
    rows = list(QuizAttempt.collection().find(query, dict.fromkeys(_READ, 1)).sort("_id", 1).limit(STEP))
    for attempt in map(QuizAttempt.from_stored, rows):
        if regrade := correct(attempt, correction):
            _count(counts, _case(attempt, regrade))
    seen = state.get("seen", 0) + len(rows)
    return {"counts": counts, "seen": seen, "after": str(rows[-1]["_id"]) if len(rows) == STEP else ""}


def _count(counts: dict[str, int], case: RegradeCase) -> None:
    was, now = case.regrade.before.is_passed, case.regrade.after.is_passed
    if case.regrade.outcome in counts:
        counts[str(case.regrade.outcome)] += 1
    counts["newly_passed"] += now and not was
    counts["no_longer"] += was and not now
    counts["certificates_new"] += case.certificates_new
    counts["certificates_lost"] += case.certificates_lost


def counted(correction: QuestionCorrection, state: Mapping[str, Any]) -> None:
    """Write what the preview came to, unless it was given up or asked for anew meanwhile."""

    def body() -> None:
        now: Any = rights.find(SYSTEM, QuestionCorrection, correction.id)
        if now.state != COUNTING or now.previewed_at != correction.previewed_at:
            return
        waiting = QuizAttempt.collection().count_documents(drawn_with(correction) | {"state": {"$ne": MARKED}})
        values = {**state["counts"], "attempts": state["seen"], "waiting": waiting}
        context = Context(source=Source.TASK)
        changes.update(QuestionCorrection, now.id, values, actor=SYSTEM, version=None, context=context)
        changes.move(QuestionCorrection, now.id, "counted", actor=SYSTEM, version=None, context=context)

    changes.in_batch(body)


def marked_ids(correction: QuestionCorrection) -> dict[str, Any]:
    """The marked attempts that a correction is to be carried out on; those that have its note are done."""
    return drawn_with(correction) | {"state": MARKED, "regrades.correction": {"$ne": correction.id}}


def carry_out(correction: QuestionCorrection, id: ObjectId) -> bool:
    """Let a correction count for one attempt, with what follows, in one transaction: done before, or without effect,
    nothing is written. Whether something was."""
    with speaking(HANT):
        reason = str(REASON_OF(number=correction.number, policy=POLICIES[correction.policy]))
        why = str(REVOKED_BECAUSE(number=correction.number, why=correction.why_lose or ""))
    context = Context(source=Source.TASK, reason=reason, batch=f"correction-{correction.id}", confirmed=True)

    def body(unit: Unit) -> bool:
        attempt: Any = rights.find(SYSTEM, QuizAttempt, id)
        regrade = correct(attempt, correction) if attempt.state == MARKED else None
        if regrade is None:
            return False
        values = {"by_correction": str(correction.id)}
        written = changes.update(QuizAttempt, id, values, actor=SYSTEM, version=attempt.version, context=context)
        actions = MoveActions(unit, context, SYSTEM)
        if regrade.before.is_passed != regrade.after.is_passed:
            Enrolment.follow_regrade(actions, written, str(correction.id), why)
        actions.notify(written, [at_user(written.ref("person"))], NoticeKind.RESULT, _words_for(written, regrade))
        return True

    return in_transaction(body)


def _words_for(attempt: Any, regrade: Regrade) -> Words:
    """What somebody is told of their own result; neither what is right nor what others have."""
    before, after = (
        RESULT_OF(share=rounded(100 * result.share, 1), result=RESULTS[result_word(result.is_passed)])
        for result in (regrade.before, regrade.after)
    )
    places = {"quiz": attempt.quiz.name if attempt.quiz else "", "number": attempt.number, "before": before}
    return YOURS_STANDS(**places) if regrade.before == regrade.after else YOUR_RESULT(**places, after=after)


def finish(correction: QuestionCorrection) -> None:
    """Say that it is carried out; once."""
    context = Context(source=Source.TASK)
    changes.move(QuestionCorrection, correction.id, "finish", actor=SYSTEM, version=None, context=context)
