"""Which edition of a question was wrong, and whose result a correction changes, follows from attempts and stands in no
field: two pages, of which each reader sees the attempts that they may read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from flask import redirect, request
from flask_admin import BaseView, expose

from models.kernel.base.arithmetic.rounding import rounded
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate import editions
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.training import correcting, corrections
from models.training.attempts import QuizAttempt
from models.training.bank import BankQuestion, read_row
from models.training.corrections import DONE, RUNNING, PutEdition, QuestionCorrection
from models.training.drawn import RESULTS
from models.training.question_editions import BankEdition, numbered, words_of
from models.training.regrading import PaperResult
from views import wording
from views.custom.reports.releases import sides
from views.session import actor
from views.slots import CustomView, Link, on_record_page

PAGE = 50
CORRECT = L("Correct a mistake", "更正題目錯誤")
NUMBERED, UNNUMBERED = L("Edition {number}", "第 {number} 版"), L("Former edition", "以往版本")
SAID_OF = {
    "text": L("Question", "題目"),
    "options": L("Options", "選項"),
    "right": L("Right by it", "該版本的答案"),
    "explanation": L("Explanation", "解析"),
}
WHO = L("Whose result changes", "受影響的作答")
RESULT = L("{share} % · {result}", "{share}% · {result}")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = catalogue.get("question_correction") is QuestionCorrection
    return [CorrectionsView(name="corrections", endpoint="corrections", url="/admin/corrections")] if known else []


@on_record_page("bank_question")
def _offer(me: Actor, question: BankQuestion) -> Link | None:
    may = not question.damaged and bool(rights.may_create(me, QuestionCorrection))
    return Link(CORRECT, f"/admin/corrections/?question={question.id}") if may else None


@on_record_page("question_correction")
def _changes(me: Actor, correction: QuestionCorrection) -> Link | None:
    is_over = correction.damaged or correction.state == "cancelled"
    return None if is_over else Link(WHO, f"/admin/corrections/{correction.id}/")


class CorrectionsView(CustomView):
    """The editions of a question that people have answered; whose result a correction changes."""

    @expose("/")
    def index(self) -> str:
        """The editions, each with its key and how often it was put, and where one begins to correct it."""
        question = rights.find(actor(), BankQuestion, request.args.get("question"))
        row = BankQuestion.collection().find_one({"_id": question.id}) or {}
        present = editions.edition_of([read_row(row)[1]])
        known = numbered(question)
        put = corrections.editions_put(question.id)
        put.sort(key=lambda each: known[each.edition].number if each.edition in known else 0, reverse=True)
        rows = [
            _edition(each, known.get(each.edition), before) | {"is_present": each.edition == present}
            for each, before in zip(put, [*put[1:], None], strict=True)
        ]
        return self.render("custom/corrections.html", question=question, rows=rows)

    @expose("/begin/", methods=("POST",))
    def begin(self) -> Any:
        """Begin to correct one of them, with what the bank says now to go by; the rest is filled in on its form."""
        made = corrections.begin(actor(), request.form.get("question"), request.form.get("edition", ""))
        return redirect(f"/admin/question_correction/edit/?id={made.id}", 303)

    @expose("/<id>/")
    def shown(self, id: str) -> str:
        """Before it is decided, whose result would change; afterwards, whose has."""
        me = actor()
        correction = rights.find(me, QuestionCorrection, id)
        is_decided = correction.state in (RUNNING, DONE)
        after = ObjectId(request.args["after"]) if ObjectId.is_valid(request.args.get("after", "")) else None
        cases, more = _made(correction, after) if is_decided else _to_be_made(correction, after)
        seen = {row["_id"]: row for row in rights.find_rows(me, QuizAttempt, [case["id"] for case in cases])}
        links = {
            "Quiz": {row.get("quiz") for row in seen.values()},
            "User": {row.get("person") for row in seen.values()},
        }
        names = wording.titles({target: ids - {None} for target, ids in links.items()})
        return self.render(
            "custom/correction_changes.html",
            correction=correction,
            is_decided=is_decided,
            rows=[_row(case, seen[case["id"]], names) for case in cases if case["id"] in seen],
            hidden=len(cases) - len(seen),
            more=more or "",
        )


def _edition(put: PutEdition, known: BankEdition | None, before: PutEdition | None) -> dict[str, Any]:
    """An edition with its number, date and author, and in which words it differs from the one put before it."""
    words, older = words_of(put.edition), words_of(before.edition) if before else {}
    return {
        "title": str(NUMBERED(number=known.number)) if known else str(UNNUMBERED),
        "since": wording.moment(known.at) if known else "",
        "by": known.by if known else "",
        "fields": [
            {"label": str(label), **sides(older.get(name, words[name]), words[name])}
            for name, label in SAID_OF.items()
            if words[name] or older.get(name)
        ],
        "count": put.count,
        "last": wording.moment(put.last) if put.last else "",
        "edition": put.edition,
    }


def _to_be_made(correction: QuestionCorrection, after: ObjectId | None) -> tuple[list[dict[str, Any]], ObjectId | None]:
    cases, more = correcting.cases_of(correction, after, PAGE)
    shown = [
        {
            "id": case.attempt.id,
            "before": _result(case.regrade.before),
            "after": _result(case.regrade.after),
            "given": case.certificates_new,
            "lost": case.certificates_lost,
        }
        for case in cases
    ]
    return shown, more


def _made(correction: QuestionCorrection, after: ObjectId | None) -> tuple[list[dict[str, Any]], ObjectId | None]:
    attempts = list(correcting.corrected_by(correction, after, PAGE + 1))
    shown = [
        {
            "id": attempt.id,
            "before": _words(note.percent_before, note.result_before),
            "after": _words(note.percent_after, note.result_after),
        }
        for attempt in attempts[:PAGE]
        for note in attempt.regrades or ()
        if note.ref("correction") == correction.id
    ]
    return shown, attempts[PAGE - 1].id if len(attempts) > PAGE else None


def _result(result: PaperResult) -> str:
    return _words(rounded(100 * result.share, 1), "passed" if result.is_passed else "failed")


def _words(share: Any, result: str) -> str:
    return str(RESULT(share=wording.number(share, 1), result=RESULTS.get(result, "")))


def _row(case: Mapping[str, Any], stored: Mapping[str, Any], names: Mapping[ObjectId, str]) -> dict[str, Any]:
    return {
        **case,
        "number": stored["number"],
        "url": f"/admin/quiz_attempt/details/?id={case['id']}",
        "person": names.get(stored["person"], ""),
        "quiz": names.get(stored["quiz"], ""),
    }
