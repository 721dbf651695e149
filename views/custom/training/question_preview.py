"""A question as who is tested will see it, for whoever keeps the bank: no form of a record, since options stand there
without what is right, which is said below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request
from flask_admin import BaseView, expose

from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.training import pictures
from models.training.bank import BankQuestion, read_row
from models.training.marking import BankItem, right_words
from views.kinds.answers import drawn_question
from views.session import actor
from views.slots import CustomView, Link, on_record_page

BASE = "/admin/question_preview/"
AS_PUT = L("As it is put", "預覽試題")
ANSWERS = ("options", "is_true", "answer")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    """The preview, and its pictures."""
    return [QuestionPreviewView(name="question_preview", endpoint="question_preview", url=BASE.rstrip("/"))]


@on_record_page("bank_question")
def link(me: Actor, question: BankQuestion) -> Link | None:
    """The way to it from the page of a question."""
    return None if question.damaged else Link(AS_PUT, f"{BASE}?question={question.id}")


class QuestionPreviewView(CustomView):
    """A question of the bank, drawn as in an attempt; nothing of it can be handed in."""

    @expose("/")
    def index(self) -> str:
        """The question with its pictures, and what is right for those who may see it."""
        me, question = actor(), _question(request.args.get("question"))
        item, line = read_row(question.to_mongo().to_dict())
        return self.render(
            "custom/question_preview.html",
            question=question,
            drawn=_drawn(question, item, line.get("pictures") or {}),
            right=right_words(item) if _may_know(me) and not item.waits else "",
            guide=line["guide"] if _may_know(me) else "",
            explanation=line["explanation"] if _may_know(me) else "",
        )

    @expose("/<id>/picture/<content>/")
    def picture(self, id: str, content: str) -> Any:
        """A picture of the question, drawn anew. Raises Missing."""
        question = _question(id)
        if content not in pictures.contents_in(question.id, question.text or "", question.options or "").values():
            raise Missing
        return Response(pictures.image_of(content), mimetype="image/webp")


def _question(id: str | None) -> BankQuestion:
    question = rights.find(actor(), BankQuestion, id)
    if question.damaged:
        raise Missing
    return question


def _may_know(me: Actor) -> bool:
    return set(ANSWERS) <= set(rights.listed_fields(me, BankQuestion))


def _drawn(question: BankQuestion, item: BankItem, kept: Mapping[str, str]) -> dict[str, Any]:
    """The question as the template draws it: options by their keys, which tell nothing, each with its pictures."""
    put = item.as_question("1", sorted(item.options), sorted(item.rows))
    texts = {"": item.text, **item.options, **item.rows}
    shown = {
        place: [
            {"url": f"{BASE}{question.id}/picture/{kept[name]}/", "words": words}
            for words, name in pictures.marked(text)
            if name in kept
        ]
        for place, text in texts.items()
    }
    return {**drawn_question("a", put, {}), "pictures": shown, "errors": []}
