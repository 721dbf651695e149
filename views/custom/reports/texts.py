"""What people wrote in their own words is read text by text: tagged, and made a requirement, from the results.

Of an anonymous survey the texts to each question stand by themselves, in no order, where five or more wrote one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import redirect, request
from flask_admin import BaseView, expose

from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.words import L
from models.kernel.language.questions.crossing import LEAST
from models.kernel.language.questions.question import OTHER_TEXT, Question
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.surveys import verbatims
from models.surveys.responses import SurveyResponse
from models.surveys.surveys import Survey
from views.session import actor, say
from views.slots import CustomView

from .answer_sources import AnswerSource, Given, Source, of_all_editions, source_named

EACH = 50
TAGGED = L("The tags are kept.", "標籤已保存。")
MADE = L("It is the requirement {number} now.", "已轉為需求 {number}。")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [TextsView(name="texts", endpoint="texts", url="/admin/results/texts")] if "survey" in catalogue else []


class TextsView(CustomView):
    """The texts that were written to one question of a survey."""

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Any:
        """Read them; or tag one, or make it a requirement."""
        source = source_named()
        question = _question(source)
        if request.method == "POST":
            _act(source, question)
            return redirect(f"{_path(source, question)}&tag={request.form.get('back', '')}", 303)
        texts, more = _page(source, question)
        noted = verbatims.noted(source.record.id, [text["key"] for text in texts])
        return self.render(
            "custom/texts.html",
            record=source.record,
            question=question,
            texts=[{**text, **noted.get(text["key"], {"tags": []})} for text in texts],
            url=source.url,
            path=_path(source, question),
            tags=verbatims.tags_in(source.record.id),
            tag=request.args.get("tag", ""),
            more=more,
            may_write=rights.is_writer(actor(), Survey, source.record),
            is_few=isinstance(texts, tuple),
        )


def _path(source: Source, question: Question) -> str:
    return f"/admin/results/texts/?{source.url}&question={question.key}"


def _question(source: Source) -> Question:
    """The question that an address names, of those to which texts are written. Raises Missing."""
    key = request.values.get("question", "")
    known = {question.key: question for question in of_all_editions(source)}
    if not isinstance(source.record, Survey) or key not in known:
        raise Missing
    if known[key].kind not in ("text", "long") and not known[key].has_other:
        raise Missing
    return known[key]


def _texts(source: Source, question: Question) -> Iterator[dict[str, Any]]:
    name = question.key + OTHER_TEXT if question.has_other else question.key
    for given in source.given():
        if text := given.answers.get(name):
            yield _text(given, question, str(text))


def _text(given: Given, question: Question, text: str) -> dict[str, Any]:
    return {"key": verbatims.key_of(given.id, question.key), "id": given.id, "from": given.number, "text": text}


def _page(source: Source, question: Question) -> tuple[Any, str]:
    """The texts of a page, and the key after which the next one begins; a tuple where too few wrote any."""
    every = list(_texts(source, question))
    if source.is_anonymous:
        if 0 < len(every) < LEAST:
            return (), ""
        every.sort(key=lambda text: text["key"])
    if tag := request.args.get("tag", ""):
        tagged = verbatims.tagged(source.record.id, tag)
        every = [text for text in every if text["key"] in tagged]
    after = request.args.get("after", "")
    start = next((at + 1 for at, text in enumerate(every) if text["key"] == after), 0)
    shown = every[start : start + EACH]
    return shown, shown[-1]["key"] if len(every) > start + EACH else ""


def _act(source: Source, question: Question) -> None:
    """Tag a text, or make a requirement of it. Raises Forbidden, Missing."""
    if not rights.is_writer(actor(), type(source.record), source.record):
        raise Forbidden(rights.NOT_YOURS)
    texts = {text["key"]: text for text in _texts(source, question)}
    text, survey = texts.get(request.form.get("key", "")), source.record
    if text is None or not isinstance(survey, Survey) or (source.is_anonymous and len(texts) < LEAST):
        raise Missing
    if request.form.get("verb") == "tag":
        try:
            verbatims.tag(survey, text["key"], request.form.get("tags", ""), actor=actor())
        except Refused as refused:
            say("bad", refused.sentence)
            return
        say("good", TAGGED)
        return
    facts = _facts_of(source, text)
    made = verbatims.to_requirement(survey, text["key"], text["text"], facts, actor=actor())
    say("good", MADE(number=made.number))


def _facts_of(source: Source, text: Mapping[str, Any]) -> dict[str, Any]:
    """What a requirement knows of whom a text is from; of an anonymous one, nothing."""
    if not isinstance(source, AnswerSource) or source.cls is not SurveyResponse:
        return {}
    response = rights.find(actor(), SurveyResponse, text["id"])
    return {"survey_response": response.id, "contact": response.contact, "source_reference": response.number}
