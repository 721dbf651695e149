"""Answering a survey is no form of a record: it comes part by part, is kept half filled, and is sent once.

Every part is a page that works without a script. Which questions are shown follows on the server from what was
answered before; the script shows and hides by the same conditions, and keeps what is typed.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Response, redirect, render_template, request, url_for

from models import public_links
from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L
from models.kernel.language.questions import given as answers
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.operations.retention import rule_for
from models.surveys import anonymous, sittings
from models.surveys.invitations import SurveyInvitation
from models.surveys.sittings import Sitting
from models.surveys.surveys import Opening, Survey, opening_of, text_of

from ..forms.paging import GO, LAST, PART, Paging
from . import sending
from .behind import behind_link
from .following import NOT_FOUND, nowhere
from .receiving import full_address
from .sending import TooOften, sentences

CONTACT = ("contact", "mail")
BEGIN, AFTER = "begin", "after"
GONE = L(
    "These answers were sent already, perhaps on another device, or their time is over. Nothing more was stored.",
    "這份回答已提交（可能在另一設備上），或已過期。未再保存。",
)
MORE_TO_ANSWER = L("There is a question more to answer on this page.", "本頁還有題目需要回答。")
KEPT = L(
    "It is kept. You can go on later under this link, also on another device:",
    "已保存。稍後可在任何設備上通過此鏈接繼續：",
)
LOOK_AGAIN = L("That was the last part. Please send your answers when you are ready.", "已是最後一部分，確認後請提交。")
KEPT_FOR = L(
    "They go into the archive {days} days after the survey is over, and are destroyed {years} years later.",
    "問卷結束 {days} 天後歸檔，再過 {years} 年銷毀。",
)
KEPT_ON = L("They are kept until the company decides to destroy them.", "保存至公司決定銷毀為止。")
CLOSED = {
    Opening.EARLY: L("The survey is not open yet.", "問卷尚未開放。"),
    Opening.PAUSED: L("The survey is paused at the moment. Please come back later.", "問卷暫停中，請稍後再來。"),
    Opening.OVER: L("The survey is over. Thank you for your interest.", "問卷已結束，感謝關注。"),
}
IS_FULL = L("The survey has as many answers as it takes. Thank you for your interest.", "問卷已收滿，感謝關注。")
USED = L("This invitation was used already. Thank you for your answers.", "此邀請已使用，感謝您的回答。")
INVITED_ONLY = L("This survey is answered by personal invitation only.", "本問卷僅限受邀者作答。")


@behind_link("survey")
def start(cls: type[Record], token: str) -> Any:
    """What the open link of a survey leads to: what it is about, and the button with which one begins."""
    survey = public_links.opened(cls, token)
    if not isinstance(survey, Survey):
        return nowhere()
    return _start(survey, url_for("public.follow", name=cls.type_name(), token=token), None, "")


@behind_link("survey_invitation")
def start_invited(cls: type[Record], token: str) -> Any:
    """What a personal link leads to: the same page; half-filled answers are gone on with. Anonymous ones are kept under
    what the link of one mail carries besides, and is kept nowhere."""
    invitation = public_links.opened(cls, token)
    if not isinstance(invitation, SurveyInvitation):
        return nowhere()
    try:
        survey = rights.find(SYSTEM, Survey, invitation.ref("survey"))
    except Missing:
        return nowhere()
    base = public_links.own_secret_of(token) if survey.anonymous else token.partition(public_links.BETWEEN)[0]
    own = public_links.derived_token(base, "sitting") if base else ""
    if own and sittings.opened(own):
        return redirect(url_for("public.fill", token=own), 303)
    return _start(survey, url_for("public.follow", name=cls.type_name(), token=token), invitation, own)


def _start(survey: Survey, action: str, invitation: SurveyInvitation | None, own: str) -> Any:
    sentence = _closed(survey)
    if invitation and public_links.is_used(invitation.id):
        sentence = USED
    elif not invitation and survey.invited_only:
        sentence = sentence or INVITED_ONLY
    whose = {"name": invitation.name, "number": invitation.number} if invitation else {"number": survey.number}
    if sentence:
        return _page("public/survey_closed.html", survey, sentence=str(sentence), opens=_opens(survey), **whose)
    refused, status = [], 200
    if request.method == "POST" and "switch" not in request.form:
        try:
            sending.entry_of(f"{BEGIN}:{survey.id}")
            sending.count(f"{BEGIN}:{survey.type_name()}", survey.declared.public.limit, survey.declared.public.total)
            sitting = sittings.begin(survey, token=own, invitation=invitation.id if invitation else None)
            return redirect(url_for("public.fill", token=sitting.token), 303)
        except TooOften as too_often:
            refused, status = sentences(too_often), 429
        except Refused as refusal:
            refused, status = sentences(refusal), 422
    rule = rule_for(Survey)
    facts = {"kept": str(KEPT_FOR(days=rule.archive, years=rule.delete)) if rule else str(KEPT_ON)}
    facts |= whose
    facts |= {"key": sending.new_key(f"{BEGIN}:{survey.id}"), "key_name": sending.KEY, "trap": sending.TRAP}
    return _page("public/survey_start.html", survey, action=action, refused=refused, **facts), status


def _closed(survey: Survey) -> L | None:
    standing = opening_of(survey)
    if standing is not Opening.OPEN:
        return CLOSED[standing]
    return IS_FULL if sittings.is_full(survey) else None


def _opens(survey: Survey) -> Any:
    return survey.opens if opening_of(survey) is Opening.EARLY and survey.state == "scheduled" else None


def _page(template: str, survey: Survey, **facts: Any) -> str:
    said = {name: text_of(survey, name) for name in ("subject", "introduction", "purpose", "thanks")}
    return render_template(template, survey=survey, said=said, **facts)


def _of(token: str) -> tuple[Sitting, Survey] | None:
    """The sitting of a link with its survey. Unknown links and surveys that are gone take the same way."""
    sitting = sittings.opened(token)
    try:
        survey = rights.find(SYSTEM, Survey, sitting.survey if sitting else None)
    except Missing:
        return None
    return (sitting, survey) if sitting else None


def shown(cls: type[Record], token: str) -> Any:
    """A part of the questions, or what became of the answers."""
    if (place := _of(token)) is None:
        return nowhere()
    sitting, survey = place
    if sitting.sent:
        return _page("public/survey_sent.html", survey, sitting=sitting, proof=_proof(survey, sitting))
    if sentence := _over(survey, sitting):
        return _page("public/survey_closed.html", survey, sentence=str(sentence), number=survey.number)
    number = request.args.get(PART, "")
    return Filling(survey, sitting).drawn(int(number) if number.isdecimal() and len(number) < 4 else 0)


def _proof(survey: Survey, sitting: Sitting) -> dict[str, Any] | None:
    """What somebody who answered anonymously can prove with; None where nothing is to be proved."""
    if not sitting.nonce:
        return None
    text = anonymous.statement(survey.number, sitting.edition, sitting.given, sitting.nonce)
    is_own = anonymous.receipt_of(survey.number, sitting.edition, sitting.given, sitting.nonce) == sitting.sent
    is_listed = is_own and anonymous.is_listed(survey, sitting.sent)
    path = url_for("public.answer_list", token=sitting.token)
    return {"statement": text, "is_listed": is_listed, "list": path}


def answer_list(cls: type[Record], token: str) -> Any:
    """The list of all anonymous answers that were released, for whoever has begun to answer."""
    if (place := _of(token)) is None or not place[1].anonymous:
        return nowhere()
    text = anonymous.public_list(place[1])
    return Response(text, mimetype="text/plain", headers={"X-List-SHA256": anonymous.root_of(text)})


def _over(survey: Survey, sitting: Sitting) -> L | None:
    standing = Opening.OPEN if sitting.is_test else opening_of(survey, sitting.begun)
    return None if standing is Opening.OPEN else CLOSED[standing]


def sent(cls: type[Record], token: str) -> Any:
    """Keep a part that was sent, and lead on: back, to the next part that is shown, or to the end."""
    if (place := _of(token)) is None:
        return _sent_before(token)
    sitting, survey = place
    if sitting.sent:
        return redirect(url_for("public.fill", token=token), 303)
    filling = Filling(survey, sitting)
    part = filling.take_in()
    if sentence := _over(survey, filling.sitting):
        return _page("public/survey_closed.html", survey, sentence=str(sentence), number=survey.number), 409
    return filling.go_on(part, request.form.get(GO, ""))


def _sent_before(token: str) -> Any:
    """What was sent from the same page leads to its receipt; what is gone otherwise says so."""
    receipt = sittings.follows(token, request.form.get(AFTER, ""))
    if request.form.get(AFTER) and sittings.opened(receipt):
        return redirect(url_for("public.fill", token=receipt), 303)
    return render_template("public/problem.html", heading=NOT_FOUND, sentence=str(GONE), code=404), 404


class Filling:
    """A survey in the hands of somebody: its parts, which of them are shown, and what is wrong."""

    def __init__(self, survey: Survey, sitting: Sitting):
        self.survey, self.sitting = survey, sitting
        self.paging = Paging(sitting.questions, sitting.given)

    def take_in(self) -> int:
        """Keep what was typed on a page; returns which part it was."""
        at = self.paging.number_of(request.form.get(PART, ""))
        given = self.paging.taken_in(at, request.form)
        contact = {name: request.form[name].strip() for name in CONTACT if name in request.form}
        self.sitting = replace(self.sitting, given=given, contact={**self.sitting.contact, **contact})
        sittings.keep(self.sitting)
        self.paging = Paging(self.sitting.questions, given)
        return at

    def go_on(self, at: int, go: str) -> Any:
        """What follows on a button: the same part, the one before, the next one, or the end."""
        if "switch" in request.form:
            return self.drawn(at)
        if go == "save":
            return ("", 204) if request.form.get("quiet") else self.drawn(at, kept=True)
        return self._led_to(self.paging.before(at)) if go == "back" else self._forward(at)

    def _forward(self, at: int) -> Any:
        if new := self.paging.unseen(at, request.form):
            return self.drawn(at, said=[MORE_TO_ANSWER], focus=new[0])
        problems = answers.settled(self.paging.questions, self.sitting.given).problems
        if self.paging.of_part(problems, at):
            return self.drawn(at, problems=problems), 422
        if (following := self.paging.after(at)) is not None:
            return self._led_to(following)
        if not request.form.get(LAST):
            return self.drawn(at, said=[LOOK_AGAIN])
        return self._sent(at, problems)

    def _sent(self, at: int, problems: Mapping[str, Any]) -> Any:
        if problems:
            every = range(len(self.paging.parts))
            wrong = next((n for n in every if self.paging.of_part(problems, n)), at)
            return self.drawn(wrong, problems=problems), 422
        try:
            self.sitting = sittings.send(self.sitting, request.form.get(AFTER, ""))
        except Refused as refused:
            own = {path: list(map(str, words)) for path, words in refused.problems.items() if path in CONTACT}
            return self.drawn(at, said=[] if own else sentences(refused), contact_problems=own), 422
        return redirect(url_for("public.fill", token=self.sitting.token), 303)

    def _led_to(self, part: int) -> Any:
        return redirect(url_for("public.fill", token=self.sitting.token, part=part), 303)

    def drawn(self, at: int, **facts: Any) -> str:
        """A part as a page; where it is not shown, the next one that is."""
        part = self.paging.drawn(self.paging.nearest(at), facts.get("problems", {}), facts.get("focus", ""))
        path = url_for("public.fill", token=self.sitting.token)
        return _page(
            "public/survey_part.html",
            self.survey,
            **part,
            action=path,
            link=full_address(path),
            sitting=self.sitting,
            after=secrets.token_urlsafe(16) if self.survey.anonymous and self.sitting.invitation else "",
            asks_address=part["is_last"] and self.survey.asks_address,
            kept=str(KEPT) if facts.get("kept") else "",
            notices=[str(words) for words in facts.get("said", ())],
            contact_problems={
                name: [str(w) for w in words] for name, words in facts.get("contact_problems", {}).items()
            },
        )
