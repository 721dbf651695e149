"""Taking a quiz is no form of a record: the clock runs, each answer is kept when it is given, and what is right is not
in the page. What was handed in is shown here as it was seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response, jsonify, redirect, request
from flask_admin import BaseView, expose

from models.kernel.base import clock
from models.kernel.base.errors import Changed, Missing, Refused
from models.kernel.base.people import SYSTEM, Actor, Role
from models.kernel.base.words import L, Words
from models.kernel.gate import changes, editions
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.kernel.language.questions import given as answering
from models.kernel.language.record import Record
from models.kernel.language.typed import BadValue, parse
from models.kernel.rights import rights
from models.training import attempts, pictures
from models.training.attempts import GRACE, QuizAttempt
from models.training.corrections import right_now
from models.training.drawn import RESULTS, DrawnQuestion, RegradeNote, as_held
from models.training.marking import BankItem, right_words
from models.training.quizzes import COUNTS, Quiz
from models.training.regrading import POLICIES
from views import wording
from views.kinds.answers import drawn_question, posted
from views.session import actor, asks_for_json, say, seen_version
from views.slots import CustomView, Link, Panel, on_record_page, on_record_top

PREFIX, HELD = "a", "held-"
GO_ON = L("Go on answering", "繼續作答")
AS_SEEN = L("As it was seen", "查看試卷")
TRIES_SHOWN = 20
UNANSWERED = L(
    "{count} questions are not answered yet: {numbers}. Hand in all the same?",
    "尚有 {count} 題未作答：第 {numbers} 題。仍要交卷嗎？",
)
PASS_MARK = L("Pass mark: {share} % of the points, compared exactly.", "及格線：總分的 {share}%，按精確分值判定。")
TIME = L(
    "Time: {minutes} minutes from the moment the questions are shown; the clock of the server decides, and what is "
    "saved by then counts.",
    "限時 {minutes} 分鐘，自題目顯示時起算，以服務器時間為準；到時以已保存的作答計分。",
)
TRIES, ANY_TRIES = L("Tries: {tries}.", "可答次數：{tries}。"), L("Tries: any number.", "可答次數：不限。")
BETWEEN = L("Between two tries: {hours} hours.", "兩次作答須間隔 {hours} 小時。")
PARTIAL = L(
    "Partial marks: of several right options the share of right ones chosen minus the share of wrong ones, never below "
    "nothing; of an order the share that stands at its place; of pairs the share that is right.",
    "部分得分：多選題為選對比例減選錯比例（不低於零）；排序題為位置正確的比例；配對題為配對正確的比例。",
)
WHOLE = L("A question is right as a whole or not at all.", "每題全對才得分。")
COSTS = L("A wrong single choice takes away {share} % of its points.", "單選與判斷題答錯倒扣該題分值的 {share}%。")
SHORT = L(
    "Short answers are marked by the trainer; until then nobody passes or fails.",
    "簡答題由講師評閱，評閱前不判定是否及格。",
)
HANDED_IN = L("It is handed in.", "已交卷。")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = catalogue.get("quiz_attempt") is QuizAttempt
    return [TakingView(name="taking", endpoint="taking", url="/admin/taking")] if known else []


@on_record_top("quiz")
def _begin_panel(me: Actor, quiz: Quiz) -> Panel | None:
    """By which rules it is taken, one's own tries, and the button with which one begins."""
    if quiz.damaged or quiz.state != "published":
        return None
    query = {"quiz": quiz.id, "person": me.id, "removed_at": None}
    rows = list(QuizAttempt.collection().find(query).sort("_id", -1).limit(TRIES_SHOWN))
    own = [QuizAttempt.from_stored(row) for row in rows]
    facts = {
        "id": quiz.id,
        "rules": list(_rules(quiz)),
        "is_open": any(attempt.state == "open" for attempt in own),
        "tries": [_tried(attempt) for attempt in own],
    }
    return Panel("custom/quiz_begin.html", facts)


@on_record_page("quiz_attempt")
def _offer(me: Actor, attempt: QuizAttempt) -> Link | None:
    if attempt.state == "open":
        return Link(GO_ON, address(attempt)) if attempt.ref("person") == me.id else None
    return Link(AS_SEEN, address(attempt))


def address(attempt: QuizAttempt) -> str:
    """Where an attempt is answered, and read afterwards."""
    return f"/admin/taking/{attempt.id}/"


def _tried(attempt: QuizAttempt) -> dict[str, Any]:
    share = "" if attempt.percent is None else f"{wording.number(attempt.percent, 1)} %"
    return {
        "url": address(attempt),
        "number": attempt.number,
        "state": str(rights.state_word(attempt)),
        "result": RESULTS.get(attempt.result or "", ""),
        "share": share,
    }


def _rules(quiz: Quiz) -> Iterator[str]:
    """What is declared before the start."""
    yield str(PASS_MARK(share=wording.number(quiz.pass_mark, 2)))
    if quiz.minutes:
        yield str(TIME(minutes=quiz.minutes))
    yield str(TRIES(tries=quiz.tries) if quiz.tries else ANY_TRIES)
    if quiz.wait_hours:
        yield str(BETWEEN(hours=quiz.wait_hours))
    yield str(COUNTS[quiz.counts])
    yield str(PARTIAL if quiz.partial else WHOLE)
    if quiz.wrong_costs:
        yield str(COSTS(share=wording.number(quiz.wrong_costs, 2)))
    yield str(SHORT)


class TakingView(CustomView):
    """An attempt in the hands of the one whose it is, and what was handed in."""

    @expose("/")
    def index(self) -> Any:
        """There is no page without an attempt."""
        return redirect("/admin/quiz/")

    @expose("/begin/", methods=("POST",))
    def begin(self) -> Any:
        """Begin an attempt, or go on with the open one."""
        attempt = attempts.begin(actor(), request.form.get("id"))
        return redirect(address(attempt), 303)

    @expose("/<id>/")
    def shown(self, id: str) -> Any:
        """The questions while it is open, for the one whose it is; afterwards what was answered."""
        attempt = _closed_if_over(rights.find(actor(), QuizAttempt, id))
        if attempt.state != "open":
            return self._review(attempt)
        if attempt.ref("person") != actor().id:
            raise Missing
        return self._questions(attempt)

    @expose("/<id>/picture/<key>/")
    def picture(self, id: str, key: str) -> Any:
        """A picture of a question, for whoever may see the attempt, and while it is open for the one whose it is."""
        attempt: Any = rights.find(actor(), QuizAttempt, id)
        if attempt.state == "open" and attempt.ref("person") != actor().id:
            raise Missing
        return Response(pictures.shown_in(attempt, key), mimetype="image/webp")

    @expose("/<id>/", methods=("POST",))
    def answer(self, id: str) -> Any:
        """Keep what was answered; with the button, hand it in."""
        me = actor()
        attempt: Any = rights.find(me, QuizAttempt, id)
        if attempt.ref("person") != me.id:
            raise Missing
        try:
            problems = attempts.give(me, attempt, dict(_changed(attempt)))
        except Refused as refused:
            return self._too_late(attempt, refused)
        attempt = rights.find(me, QuizAttempt, id)
        if asks_for_json():
            return jsonify(held=_held(attempt), problems={key: str(words) for key, words in problems.items()})
        if problems:
            return self._questions(attempt, problems), 422
        if request.form.get("go") != "submit":
            return redirect(address(attempt), 303)
        missing = [str(number) for number, line in enumerate(attempt.drawn or (), 1) if not line.answer]
        if missing and not request.form.get("sure"):
            return self._questions(attempt, doubt=UNANSWERED(count=len(missing), numbers=", ".join(missing)))
        return _handed_in(attempt, me)

    @expose("/<id>/marks/", methods=("POST",))
    def marks(self, id: str) -> Any:
        """Keep the marks of the trainer; with the button, the attempt is marked."""
        me = actor()
        attempt: Any = rights.find(me, QuizAttempt, id)
        lines, problems = _marked(attempt)
        if not problems:
            try:
                version = seen_version(request.form.get("version"))
                attempt = changes.update(QuizAttempt, attempt.id, {"drawn": lines}, actor=me, version=version)
                if request.form.get("go") == "mark":
                    changes.move(QuizAttempt, attempt.id, "mark", actor=me, version=attempt.version)
                return redirect(address(attempt), 303)
            except Refused as refused:
                problems = [str(words) for some in refused.problems.values() for words in some] or [str(refused)]
        for sentence in problems:
            say("bad", sentence)
        return self._review(attempt), 422

    def _too_late(self, attempt: QuizAttempt, refused: Refused) -> Any:
        words = [str(sentence) for sentences in refused.problems.values() for sentence in sentences]
        if asks_for_json():
            return jsonify(over=words), 409
        say("warn", " ".join(words))
        return redirect(address(_closed_if_over(attempt)), 303)

    def _questions(
        self, attempt: QuizAttempt, problems: Mapping[str, Words] | None = None, doubt: Words | str = ""
    ) -> str:
        left = None
        if attempt.ends_at:
            left = max(0, int((attempt.ends_at - GRACE - clock.now()).total_seconds()))
        lines = list(enumerate(attempt.drawn or (), 1))
        return self.render(
            "custom/quiz_taking.html",
            attempt=attempt,
            quiz=attempt.quiz.name if attempt.quiz else "",
            questions=[_drawn(attempt, number, line, (problems or {}).get(str(number))) for number, line in lines],
            held=_held(attempt),
            doubt=str(doubt),
            left=left,
        )

    def _review(self, attempt: QuizAttempt) -> str:
        is_marked = attempt.state == "graded"
        shows = _shows_right(attempt, actor())
        lines = list(enumerate(attempt.drawn or (), 1))
        fixed = right_now([line.edition for _, line in lines]) if shows else {}
        return self.render(
            "custom/quiz_review.html",
            attempt=attempt,
            tried=_tried(attempt),
            url=f"/admin/quiz_attempt/details/?id={attempt.id}",
            quiz=attempt.quiz.name if attempt.quiz else "",
            marks=bool(rights.may_set(actor(), attempt, "drawn")),
            notes=[_corrected(note) for note in attempt.regrades or ()],
            questions=[
                _reviewed(number, line, fixed, is_marked=is_marked, shows=shows)
                | {"pictures": [each for some in _pictures(attempt, line).values() for each in some]}
                for number, line in lines
            ],
        )


def _corrected(note: RegradeNote) -> dict[str, str]:
    """What a correction has made of the result, as it was and as it is."""
    marks = ["—" if mark is None else wording.number(mark) for mark in (note.marks_before, note.marks_after)]
    whole = [
        f"{wording.number(share, 1)} %, {RESULTS.get(result or '', '')}"
        for share, result in ((note.percent_before, note.result_before), (note.percent_after, note.result_after))
    ]
    return {
        "at": wording.moment(note.at),
        "number": str(note.place),
        "policy": str(POLICIES.get(note.policy or "", "")),
        "marks": " → ".join(marks),
        "result": " → ".join(whole),
        "why": note.why or "",
    }


def _changed(attempt: QuizAttempt) -> Iterator[tuple[str, Any]]:
    """What was answered on this page since it was drawn, by number: another page may know better of the rest."""
    typed = dict(posted(PREFIX, request.form))
    for number, line in enumerate(attempt.drawn or (), 1):
        held = request.form.get(f"{HELD}{number}")
        if held is None:
            continue
        given = typed.get(str(number))
        if _as_typed(given, line) != held:
            yield str(number), given


def _as_typed(given: Any, line: DrawnQuestion) -> str:
    """A typed answer in the form in which a page notes what it was drawn with."""
    question = line.as_asked(1)
    if question is None or not given:
        return ""
    settled = answering.settled([question], {question.key: given})
    return as_held(settled.values.get(question.key)) or "?"


def _held(attempt: QuizAttempt) -> dict[str, str]:
    return {str(number): as_held(line.held()) for number, line in enumerate(attempt.drawn or (), 1)}


def _pictures(attempt: QuizAttempt, line: DrawnQuestion) -> dict[str, list[dict[str, str]]]:
    """The pictures of a question, those of its options by key, each with its address in this attempt."""
    return {
        place: [{"url": f"{address(attempt)}picture/{each['key']}/", "words": each["words"]} for each in some]
        for place, some in line.pictures(attempt.id).items()
    }


def _drawn(attempt: QuizAttempt, number: int, line: DrawnQuestion, problem: Words | None) -> dict[str, Any]:
    """A question as the template draws it: options in the order of this attempt, and what was answered."""
    question = line.as_asked(number)
    if question is None:
        raise Missing
    typed = dict(posted(PREFIX, request.form)).get(str(number)) if problem else line.held()
    row = drawn_question(PREFIX, question, {question.key: typed})
    label = f"{number}. {question.label}"
    points = wording.number(line.most)
    more = {"label": label, "points": points, "pictures": _pictures(attempt, line)}
    return {**row, **more, "errors": [str(problem)] if problem else []}


def _reviewed(
    number: int, line: DrawnQuestion, fixed: Mapping[str, BankItem | None], *, is_marked: bool, shows: bool
) -> dict[str, Any]:
    """A question as it was seen; `fixed`: what is right of those that were corrected since."""
    question = line.as_asked(number)
    item = fixed[line.edition] if line.edition in fixed else line.item()
    kept = (editions.lines_in(line.edition or "") or ({},))[0]
    return {
        "number": number,
        "label": line.text,
        "options": [option.label for option in question.options] if question else [],
        "said": answering.in_words(question, {question.key: line.held()}) if question else "",
        "marks": wording.number(line.marks) if is_marked and line.marks is not None else "",
        "most": wording.number(line.most),
        "given": request.form.get(f"given-{number}", "" if line.given is None else wording.number(line.given)),
        "by_hand": line.worth is None and bool(line.answer),
        "guide": kept.get("guide", "") if shows else "",
        "remark": line.remark or "",
        "right": right_words(item) if shows and item and not item.waits else "",
        "explanation": kept.get("explanation", "") if shows else "",
    }


def _marked(attempt: QuizAttempt) -> tuple[list[DrawnQuestion], list[str]]:
    """The lines with the marks and remarks that were typed, and what cannot be read."""
    lines, problems = list(attempt.drawn or ()), []
    for number, line in enumerate(lines, 1):
        if f"given-{number}" in request.form:
            try:
                line.given = parse(DrawnQuestion.given, request.form[f"given-{number}"])
            except BadValue as bad:
                problems.append(f"{number}. {bad.sentence}")
            line.remark = request.form.get(f"remark-{number}", "").strip() or None
    return lines, problems


def _shows_right(attempt: QuizAttempt, me: Actor) -> bool:
    """Whether what is right is shown: to those who mark, and to the person where the quiz says so and no try is left
    for which it would count."""
    if attempt.ref("person") != me.id and (me.id == attempt.ref("trainer") or rights.has_role(me, {Role.HR})):
        return True
    quiz: Quiz | None = attempt.quiz
    if attempt.state != "graded" or quiz is None or not quiz.shows_answers or attempt.ref("person") != me.id:
        return False
    used = attempts.used_tries(me.id, quiz.id)
    is_last = bool(quiz.tries and used >= quiz.tries)
    return attempts.open_attempt(me, quiz.id) is None and (attempt.result == "passed" or is_last)


def _closed_if_over(attempt: Any) -> Any:
    """The attempt; where its time is over and the sweep has not come yet, as it is handed in by its time."""
    if attempt.state != "open" or not attempt.ends_at or clock.now() < attempt.ends_at:
        return attempt
    verb = "time_over" if attempt.by_trainer else "time_up"
    context = Context(source=Source.RULE)
    return changes.move(QuizAttempt, attempt.id, verb, actor=SYSTEM, version=None, context=context)


def _handed_in(attempt: QuizAttempt, me: Actor) -> Any:
    verb = "hand_in" if attempt.by_trainer else "submit"
    try:
        changes.move(QuizAttempt, attempt.id, verb, actor=me, version=attempt.version)
        say("good", HANDED_IN)
    except (Changed, Refused) as refused:
        say("warn", refused)
    return redirect(address(attempt), 303)
