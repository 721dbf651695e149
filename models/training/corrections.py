"""Corrections (5.2): what was wrong with a question that people have answered, how it counts instead, and for whom.

Decided by a person who has seen whose result changes. Then each marked attempt follows in a transaction of its own, in
the background; what is marked later follows when it is marked, so that none is left out and none done twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from bson import ObjectId

from ..chapters import TRAINING
from ..kernel.base import clock
from ..kernel.base.addresses import at_user
from ..kernel.base.arithmetic.rounding import rounded
from ..kernel.base.errors import Refused
from ..kernel.base.notice_kinds import NoticeKind
from ..kernel.base.people import Actor
from ..kernel.base.store import RowQuery, answers, in_unit
from ..kernel.gate import changes, editions
from ..kernel.gate.changes import MoveActions
from ..kernel.gate.ordering import order
from ..kernel.language import (
    NOBODY,
    WRITER,
    Choice,
    Flag,
    Grid,
    L,
    LongText,
    Moment,
    Move,
    Number,
    Part,
    Record,
    Ref,
    Role,
    State,
    Text,
    Whole,
    Words,
    Workflow,
    record,
)
from ..kernel.rights import rights
from .attempts import QuizAttempt
from .bank import ONE_A_LINE, BankQuestion, read_row
from .drawn import PLACES, RegradeNote
from .marking import BANK_KINDS, BankItem, Typed, item_of, read_line, share_of
from .passes import FAILED, PASSED
from .regrading import (
    BY_KEY,
    DROP,
    POLICIES,
    PaperLine,
    Regrade,
    RegradeOutcome,
    regraded,
    strange_to,
    with_key,
)

JOB, COUNT = "corrections.carry_out", "corrections.preview"
PREVIEW_DAYS_MAX = 7
DRAFT, COUNTING, PREVIEWED, RUNNING, DONE = "draft", "counting", "previewed", "running", "done"
IN_FORCE = (RUNNING, DONE)
MARKED = "graded"
COUNTED = ("better", "worse", "kept", "newly_passed", "no_longer", "certificates_new", "certificates_lost")
KEY_FIELDS = ("options", "is_true", "answer", "tolerance")

NOT_PUT = L(
    "This question was never put in that edition. Choose one on the page of the question.",
    "此題目沒有該版本，請在題目頁面選擇。",
    code="no_edition",
)
ON_NO_PAPER = L(
    "“{text}” does not fit the options that were on the papers, so no answer can be judged by it. Give full marks or "
    "drop the question.",
    "「{text}」與試卷上的選項不符，無法據此判分，請改為全員滿分或該題不計分。",
    code="options",
)
BY_PERSON = L(
    "Short answers are marked by the trainer and have no key: give full marks or drop the question.",
    "簡答題由講師評分，沒有標準答案：請選擇全員滿分或該題不計分。",
    code="policy",
)
SAME_KEY = L(
    "This is right by that edition already. Say what is right instead.",
    "該版本的答案已是如此，請填寫更正後的正確答案。",
    code="same",
)
SAY_WHY = L("Say why results may be worse: those concerned read it.", "請填寫允許降低結果的理由，當事人會看到。")
HR_DECIDES = L("Only human resources decides that results may become worse.", "只有人力資源部可決定降低已有結果。")
ANOTHER_RUNS = L(
    "{number}, another correction of this question, is being carried out; wait until it is done.",
    "該題目的另一更正單 {number} 正在執行，請待其完成。",
)
LOOK_AGAIN = L(
    "{number} has corrected this question since the preview; make the preview again.",
    "預覽之後 {number} 已更正該題目，請重新預覽。",
)
TOO_OLD = L("The preview is older than {days} days; make it again.", "預覽已超過 {days} 天，請重新預覽。")
IS_DONE = L(
    "{number}: the question is corrected. Results changed: {changed}, passed now: {passed}, no longer: {failed}.",
    "{number}：題目更正完成。成績變更 {changed} 份，新及格 {passed} 份，不再及格 {failed} 份。",
)
NOBODY_LOSES = L(
    "Of the former and the new result the better one stands, unless human resources says otherwise, with the reason.",
    "原結果與新結果取較優者；人力資源部可作例外決定，並須說明理由。",
)
KEEPS_BANK = L(
    "Empty: as the bank says it now. A bank that still has the wrong edition is corrected with the decision; where the "
    "key is left as it was, the question is taken out of use.",
    "留空：取題庫當前答案。題庫仍為錯誤版本時隨決定更正；未改答案者該題停用。",
)


@record(
    label=L("Correction of a question", "題目更正"),
    plural=L("Corrections of questions", "題目更正"),
    chapter=TRAINING,
    clause="5.2",
    number="QC-{yyyy}-{seq:4}",
    title="{number} {text}",
    grid=Grid("number question policy may_lose attempts newly_passed state", sort="-number"),
    form=(
        Part(L("Mistake", "錯誤"), "question edition kind text mistake", clause="5.2"),
        Part(L("What is right", "正確答案"), "options is_true answer tolerance", help=KEEPS_BANK),
        Part(L("How it counts", "計分方式"), "policy may_lose why_lose", help=NOBODY_LOSES),
        Part(
            L("Preview", "預覽"),
            "previewed_at attempts better worse kept newly_passed no_longer certificates_new certificates_lost waiting",
        ),
        Part(L("Carried out", "執行結果"), "decided_at done_at changed now_passed now_failed"),
    ),
    belongs_to="question",
    workflow=Workflow(
        DRAFT,
        (
            Move(
                "preview",
                DRAFT,
                COUNTING,
                by=WRITER,
                require=("mistake", "policy"),
                label=L("Preview", "預覽影響"),
            ),
            Move("counted", COUNTING, PREVIEWED, by=NOBODY, label=L("Counted", "統計完成")),
            Move("revise", f"{COUNTING} {PREVIEWED}", DRAFT, by=WRITER, optional=True),
            Move("decide", PREVIEWED, RUNNING, by=WRITER, label=L("Correct and regrade", "決定更正並重新計分")),
            Move("finish", RUNNING, DONE, by=NOBODY, label=L("Carried out", "執行完成")),
            Move("cancel", f"{DRAFT} {COUNTING} {PREVIEWED}", "cancelled", by=WRITER, optional=True),
        ),
        edit=DRAFT,
        withdraw=False,
        facts=(
            State(COUNTING, L("Being counted", "統計中"), tone="progress"),
            State(PREVIEWED, L("Previewed", "已預覽"), tone="wait"),
            State(RUNNING, L("Being carried out", "執行中"), tone="progress"),
            State(DONE, L("Carried out", "已執行"), tone="good"),
        ),
    ),
)
class QuestionCorrection(Record):
    """One mistake in one edition of a question, and how it counts instead."""

    question = Ref("BankQuestion", required=True, fixed=True, label=L("Question", "題目"))
    edition = Text(fixed=True, most=40, label=L("Edition (empty: the present one)", "題目版本（留空：當前版本）"))
    kind = Choice(BANK_KINDS, computed=True, label=L("Kind", "題型"))
    text = LongText(computed=True, most=2000, label=L("As it was put", "題目原文"))
    mistake = LongText(most=2000, label=L("What was wrong", "錯誤說明"))
    options = LongText(most=10_000, help=ONE_A_LINE, label=L("Options, one on a line", "選項（每行一個）"))
    is_true = Flag(label=L("The statement is true", "命題為真"))
    answer = LongText(most=2000, label=L("Right number", "正確數值"))
    tolerance = Number(places=6, least=0, label=L("Tolerance", "允許誤差"))
    policy = Choice(POLICIES, label=L("How it counts", "更正方式"))
    may_lose = Flag(default=False, edit={Role.HR}, label=L("Results may become worse", "允許降低已有結果"))
    why_lose = LongText(most=1000, edit={Role.HR}, label=L("Why results may be worse", "允許降低結果的理由"))
    previewed_at = Moment(computed=True, label=L("Previewed at", "預覽時間"))
    attempts = Whole(computed=True, label=L("Marked attempts with this edition", "含該版本的已評分作答"))
    better = Whole(computed=True, label=L("Would be better", "將提高"))
    worse = Whole(computed=True, label=L("Would be worse", "將降低"))
    kept = Whole(computed=True, label=L("Would be worse, and stay as they are", "原應降低、維持不變"))
    newly_passed = Whole(computed=True, label=L("Would pass", "將新及格"))
    no_longer = Whole(computed=True, label=L("Would pass no longer", "將不再及格"))
    certificates_new = Whole(computed=True, label=L("Certificates that follow", "將頒發證書"))
    certificates_lost = Whole(computed=True, label=L("Certificates to be revoked", "將撤銷證書"))
    waiting = Whole(computed=True, label=L("Not marked yet; they follow when they are", "尚未評分（評分時一併更正）"))
    decided_at = Moment(computed=True, label=L("Decided at", "決定時間"))
    done_at = Moment(computed=True, label=L("Carried out at", "執行完成時間"))
    changed = Whole(computed=True, label=L("Results changed", "成績變更"))
    now_passed = Whole(computed=True, label=L("Passed now", "新及格"))
    now_failed = Whole(computed=True, label=L("Passed no longer", "不再及格"))

    def clean(self) -> None:
        """It is of an edition, the present one unless it says another, and of the key that the bank has now unless it
        says another."""
        row = BankQuestion.collection().find_one({"_id": self.ref("question")}) if not self.version else None
        if row is not None:
            line = read_row(row)[1]
            self.edition = self.edition or editions.edition_of([line])
            if self.edition == editions.edition_of([line]):
                editions.keep([line])
            if not any(self._data.get(name) for name in KEY_FIELDS):
                for name in KEY_FIELDS:
                    setattr(self, name, BankQuestion.from_stored(row)._data.get(name))
        if item := self.item():
            self.kind, self.text = item.kind, item.text
        if not self.may_lose:
            self.why_lose = None

    def item(self) -> BankItem | None:
        """The question as it was put, with the wrong key; None where it never was."""
        lines = editions.lines_in(self.edition or "")
        is_own = bool(lines) and lines[0].get("key") == str(self.ref("question"))
        return read_line(lines[0]) if is_own else None

    def right(self) -> tuple[BankItem, list[tuple[str, Words]]]:
        """The question with the new key, as it was typed, and what is wrong with it."""
        given = Typed(
            self.kind, self.text or "", self.options or "", bool(self.is_true), self.answer or "", self.tolerance
        )
        return item_of(given, str(self.ref("question")))

    def check(self) -> Iterator[tuple[str, Words]]:
        item = self.item()
        if item is None:
            yield "edition", NOT_PUT()
            return
        if self.may_lose and not self.why_lose:
            yield "why_lose", SAY_WHY()
        if self.policy in BY_KEY:
            yield from self._key_faults(item)

    def _key_faults(self, item: BankItem) -> Iterator[tuple[str, Words]]:
        if item.waits:
            yield "policy", BY_PERSON()
            return
        right, faults = self.right()
        yield from faults
        strange = [] if faults else strange_to(item, right)
        if strange:
            yield "options", ON_NO_PAPER(text=strange[0])
        elif not faults and self._is_same(item, right):
            yield "policy", SAME_KEY()

    def _is_same(self, item: BankItem, right: BankItem) -> bool:
        return (item.right, item.tolerance) == (right.right, right.tolerance)

    def on_preview(self, actions: MoveActions) -> None:
        """Whose result would change is counted in the background."""
        self.previewed_at = clock.now()
        for name in (*COUNTED, "attempts", "waiting"):
            setattr(self, name, None)
        if not actions.unit.is_dry:
            at = self.previewed_at.isoformat()
            params = {"correction": str(self.id), "at": at}
            order(COUNT, params, once=f"{COUNT}:{self.id}:{at}", asked_by=actions.actor)

    def on_decide(self, actions: MoveActions) -> None:
        """From now on it counts: for what is marked in the background, for the rest when it is marked."""
        if self.may_lose and not rights.has_role(actions.actor, {Role.HR}):
            raise Refused(HR_DECIDES)
        self._refuse_what_is_stale()
        self.decided_at = clock.now()
        self._correct_bank(actions)
        if not actions.unit.is_dry:
            let_wait(self)
            order(JOB, {"correction": str(self.id)}, once=f"{JOB}:{self.id}", asked_by=actions.actor)

    def _refuse_what_is_stale(self) -> None:
        """A preview holds for some days, and until another correction of the question is carried out."""
        if clock.now() - clock.aware(self.previewed_at) > dt.timedelta(days=PREVIEW_DAYS_MAX):
            raise Refused(TOO_OLD(days=PREVIEW_DAYS_MAX))
        others = {"question": self.ref("question"), "_id": {"$ne": self.id}, "removed_at": None}
        rows = in_unit(self.type_name())
        if row := rows.find_one({**others, "state": RUNNING}, {"number": 1}):
            raise Refused(ANOTHER_RUNS(number=row["number"]))
        since = {"state": DONE, "done_at": {"$gt": self.previewed_at}}
        if row := rows.find_one({**others, **since}, {"number": 1}):
            raise Refused(LOOK_AGAIN(number=row["number"]))

    def _correct_bank(self, actions: MoveActions) -> None:
        """Nobody is asked the wrong question again: where the bank still has it, it is corrected, or taken out of use
        where nothing else is right."""
        row = BankQuestion.collection().find_one({"_id": self.ref("question"), "removed_at": None})
        item = self.item()
        if row is None or item is None or editions.edition_of([read_row(row)[1]]) != self.edition:
            return
        question = BankQuestion.from_stored(row)
        right, faults = self.right()
        if not item.waits and not faults and not self._is_same(item, right):
            actions.update(question, {name: self._data.get(name) for name in KEY_FIELDS})
        elif question.state == "in_force":
            actions.move(question, "retire")

    def on_finish(self, actions: MoveActions) -> None:
        """What came of it, and who is told."""
        self.done_at = clock.now()
        for name, count in outcome_of(self.id).items():
            setattr(self, name, count)
        words = IS_DONE(number=self.number, changed=self.changed, passed=self.now_passed, failed=self.now_failed)
        quizzes = QuizAttempt.collection().distinct("quiz", {"regrades.correction": self.id})
        trainers = in_unit("quiz").distinct("trainer", {"_id": {"$in": quizzes}})
        people = dict.fromkeys([self.ref("owner"), *trainers])
        actions.notify(self, [at_user(person) for person in people if person], NoticeKind.RESULT, words)

    @classmethod
    def correct_by(cls, attempt: QuizAttempt, id: str) -> None:
        """Let one correction count for an attempt."""
        if row := in_unit(cls.type_name()).find_one({"_id": ObjectId(id)}):
            correct(attempt, cls.from_stored(row))

    @classmethod
    def correct_marked(cls, attempt: QuizAttempt) -> bool:
        """Let the corrections that are in force count for an attempt that has just been marked; whether one did."""
        known = [line.edition for line in attempt.drawn or ()]
        query = {"edition": {"$in": known}, "state": {"$in": [*IN_FORCE]}, "removed_at": None}
        rows = answers([RowQuery(cls.type_name(), query, sort=[("decided_at", 1)])])[0]
        return bool([True for row in rows if correct(attempt, cls.from_stored(row))])


def correct(attempt: QuizAttempt, correction: QuestionCorrection) -> Regrade | None:
    """Let a correction count for a marked attempt, once; None where it makes no difference."""
    at = next((n for n, line in enumerate(attempt.drawn or ()) if line.edition == correction.edition), None)
    if at is None or any(note.ref("correction") == correction.id for note in attempt.regrades or ()):
        return None
    regrade = regrade_of(attempt, at, correction)
    if regrade is None or regrade.outcome is RegradeOutcome.UNTOUCHED:
        return None
    line = attempt.drawn[at]
    marks = line.exact()
    if regrade.outcome is not RegradeOutcome.KEPT:
        line.corrected = correction.policy
        if correction.policy != DROP:
            line.given, line.worth = None, str(regrade.line.marks)
    note = RegradeNote(
        at=clock.now(),
        place=at + 1,
        policy=correction.policy,
        marks_before=_shown(marks),
        marks_after=None if line.is_dropped else _shown(line.exact()),
        percent_before=_shown(100 * regrade.before.share),
        percent_after=_shown(100 * regrade.after.share),
        result_before=result_word(regrade.before.is_passed),
        result_after=result_word(regrade.after.is_passed),
        why=correction.why_lose or None,
    )
    note.put("correction", correction.id)
    attempt.regrades = [*(attempt.regrades or ()), note]
    return regrade


def regrade_of(attempt: QuizAttempt, at: int, correction: QuestionCorrection) -> Regrade | None:
    """What a correction makes of an attempt with that question at a place; None where a mark is missing."""
    paper = [
        PaperLine(Fraction(line.most or 0), exact, line.is_dropped)
        for line in attempt.drawn
        if (exact := line.exact()) is not None
    ]
    item = correction.item()
    if len(paper) != len(attempt.drawn) or item is None:
        return None
    share = Fraction(0)
    if correction.policy in BY_KEY:
        share = share_of(with_key(item, correction.right()[0]), attempt.drawn[at].held(), attempt.rule()) or share
    mark = Fraction(attempt.pass_mark or 0)
    return regraded(paper, at, mark, correction.policy, share, may_lose=bool(correction.may_lose))


def _shown(exact: Fraction | None) -> Any:
    return None if exact is None else rounded(exact, PLACES)


def result_word(is_passed: bool) -> str:
    return PASSED if is_passed else FAILED


def drawn_with(correction: QuestionCorrection) -> dict[str, Any]:
    """The attempts on which a question stands in its wrong edition; by the index of the questions."""
    own = {"$elemMatch": {"question": correction.ref("question"), "edition": correction.edition}}
    return {"drawn.question": correction.ref("question"), "drawn": own, "removed_at": None}


@dataclass(frozen=True)
class PutEdition:
    """An edition of a question: on how many papers it stood, and when last."""

    edition: str
    count: int
    last: Any


def begin(me: Actor, question: Any, edition: str) -> QuestionCorrection:
    """Begin to correct an edition of a question, with what the bank says now; or go on with one's own draft. Raises
    Missing, Forbidden, Refused."""
    chosen = rights.find(me, BankQuestion, question)
    query = {"question": chosen.id, "edition": edition, "state": DRAFT, "owner": me.id, "removed_at": None}
    if row := QuestionCorrection.collection().find_one(query):
        return QuestionCorrection.from_stored(row)
    return changes.create(QuestionCorrection, {"question": chosen.id, "edition": edition}, actor=me)


def right_now(known: Sequence[str]) -> dict[str, BankItem | None]:
    """What is right of editions that were corrected since, the last word of each: None where nothing is, since the
    question counts for all or for nobody. One query."""
    query = {"edition": {"$in": [*known]}, "state": {"$in": [*IN_FORCE]}, "removed_at": None}
    rows = QuestionCorrection.collection().find(query).sort("decided_at", 1)
    result: dict[str, BankItem | None] = {}
    for correction in map(QuestionCorrection.from_stored, rows):
        item = correction.item()
        right, faults = correction.right()
        is_known = item is not None and not item.waits and not faults and not correction._is_same(item, right)
        result[correction.edition] = with_key(item, right) if item is not None and is_known else None
    return result


def editions_put(question: ObjectId, most: int = 20) -> list[PutEdition]:
    """The editions in which a question was put to people, that which was put last first."""
    stages: list[dict[str, Any]] = [
        {"$match": {"drawn.question": question, "removed_at": None}},
        {"$project": {"begun_at": 1, "drawn.question": 1, "drawn.edition": 1}},
        {"$unwind": "$drawn"},
        {"$match": {"drawn.question": question}},
        {"$group": {"_id": "$drawn.edition", "count": {"$sum": 1}, "last": {"$max": "$begun_at"}}},
        {"$sort": {"last": -1}},
        {"$limit": most},
    ]
    rows = QuizAttempt.collection().aggregate(stages)
    return [PutEdition(row["_id"] or "", row["count"], row["last"]) for row in rows]


def outcome_of(correction: ObjectId) -> dict[str, int]:
    """What a correction has made of attempts, counted by their notes."""
    own = {"$first": {"$filter": {"input": "$regrades", "cond": {"$eq": ["$$this.correction", correction]}}}}
    was, now = ({"$eq": [f"$note.result_{when}", PASSED]} for when in ("before", "after"))
    percent = {"$ne": ["$note.percent_before", "$note.percent_after"]}
    rows: Sequence[Mapping[str, Any]] = list(
        QuizAttempt.collection().aggregate(
            [
                {"$match": {"regrades.correction": correction, "removed_at": None}},
                {"$project": {"note": own}},
                {
                    "$group": {
                        "_id": None,
                        "changed": {"$sum": {"$cond": [percent, 1, 0]}},
                        "now_passed": {"$sum": {"$cond": [{"$and": [now, {"$not": [was]}]}, 1, 0]}},
                        "now_failed": {"$sum": {"$cond": [{"$and": [was, {"$not": [now]}]}, 1, 0]}},
                    }
                },
            ]
        )
    )
    sums = rows[0] if rows else {}
    return {name: int(sums.get(name, 0)) for name in ("changed", "now_passed", "now_failed")}


def let_wait(correction: QuestionCorrection) -> None:
    """In the transaction of the decision: let it and what is being marked at this moment wait for each other, so that
    each attempt is either marked by the correction, or found by it."""
    query = drawn_with(correction) | {"state": {"$ne": MARKED}}
    in_unit(QuizAttempt.type_name()).update_many(query, {"$set": {"corrected_by": correction.id}})
