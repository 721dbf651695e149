"""Wrong declarations of mail that comes in stop the start in one sentence."""

import re
from typing import Any

import pytest

from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Choice, Flag, LongText, Mail, Moment, Sealed, Text
from models.kernel.language.mail_in import MailIn
from models.kernel.language.public import Public
from models.kernel.language.workflow import Move
from tests.models.test_declaring import CLOSE, NAME, L, declared, flow, nothing_stays, started

__all__ = ["nothing_stays"]  # a fixture of every test here
KINDS = {"a": L("A", "甲")}
TAKEN = "name body contact person at"


def fed(more: dict[str, Any] | None = None, taken: str = TAKEN, **options: Any) -> dict[str, Any]:
    own = {"body": LongText(label=NAME), "contact": Mail(label=NAME), "person": Text(label=NAME)}
    own |= {"at": Moment(label=NAME), "other": Text(label=NAME), **(more or {})}
    public = Public(create=taken, department="SAL", token=True, files="photo")
    given = {"subject": "name", "body": "body", "sender": "contact", **options}
    kinds = {"photo": NAME, "report": NAME}
    return {"mail_in": MailIn(**given), "fields": own, "public": public, "files": kinds, "workflow": flow(CLOSE)}


def only(**options: Any) -> dict[str, Any]:
    return {**fed(), "mail_in": MailIn(**{"answers_only": True, "department": "SAL", **options})}


NOT_TAKEN = "which no entry from outside sets: add it to"
FAULTS: dict[str, dict[str, Any]] = {
    "mail_in is 'mail', which is no MailIn(...)": {**fed(), "mail_in": "mail"},
    "mail_in makes entries from outside, which the type does not take: say public=Public(create=, token=True)": {
        **fed(),
        "public": None,
    },
    "mail_in takes answers alone, but nobody gets a link: say public=Public(token=True)": {**only(), "public": None},
    "mail_in takes answers alone, and says what records are made of": only(subject="name"),
    "mail_in takes answers alone: say department=, where what answers nothing is looked at": only(department=""),
    "mail_in has department=, which holds for answers_only=": fed(department="SAL"),
    "mail_in has note= or stamp=, but no replies=": only(note="body"),
    "mail_in takes the answers of calendar programs, for which event= and public name no answer": only(replies=True),
    "mail_in does not say where the subject goes: say subject=": fed(subject=""),
    "mail_in does not say where the sender goes: say sender=": fed(sender=""),
    "mail_in speaks the language in 'person', which is no choice of languages": fed(locale="person"),
    "mail_in knows senders by 'person', which is no link that fills in their language": fed(known="person"),
    "mail_in puts the body into 'bdoy', which the type does not have": fed(body="bdoy"),
    f"mail_in puts the name into 'other', {NOT_TAKEN} create=": fed(name="other"),
    "mail_in puts the body into 'contact', which is no free text": fed(body="contact", sender="contact"),
    "mail_in puts the sender into 'person', which holds no mail addresses": fed(sender="person"),
    "mail_in puts the received into 'person', which is no moment": fed(received="person"),
    "mail_in puts two parts of a message into 'name'": fed(body="name"),
    "mail_in puts the name into 'kind', which is no free text": fed(
        {"kind": Choice(KINDS, label=NAME)}, f"{TAKEN} kind", name="kind"
    ),
    "mail_in keeps attachments as 'report', a kind of files that public does not take": fed(files="report"),
    "mail_in fills 'nmae', which the type does not have": fed(fill={"nmae": "x"}),
    f"mail_in fills 'other', {NOT_TAKEN} fill= of public": fed(fill={"other": "x"}),
    "mail_in fills 'body' and puts a part of the message into it": fed(fill={"body": "x"}),
    "mail_in leaves out 'kind', which is required: add it to fill=": fed(
        {"kind": Choice(KINDS, required=True, label=NAME)}, f"{TAKEN} kind"
    ),
    "mail_in passes answers on by 'person', which is no link to another record of the type": fed(instead="person"),
    "mail_in reopens by a move 'reopen' that does not exist": fed(reopen="reopen"),
    "mail_in reopens by 'close', which leads out of no end": fed(reopen="close"),
}


@pytest.mark.parametrize("sentence", list(FAULTS))
def test_wrong_mail_is_refused_in_one_sentence(sentence: str) -> None:
    with pytest.raises(DeclarationError, match="^" + re.escape(f"Sample: {sentence}.")):
        started(**FAULTS[sentence])


def test_a_move_that_asks_for_fields_reopens_nothing() -> None:
    back = Move("reopen", "closed", "draft", ask="person", optional=True, label=NAME)
    options = {**fed(reopen="reopen"), "workflow": flow(CLOSE, back, ends="closed")}
    with pytest.raises(DeclarationError, match="reopens by 'reopen', which asks for fields that nobody fills in"):
        started(**options)


def test_right_mail_is_taken() -> None:
    more = {"kind": Choice(KINDS, required=True, label=NAME), "secret": Sealed(Mail(), label=NAME)}
    options = fed(more, f"{TAKEN} kind secret", sender="secret", name="person", received="at", fill={"kind": "a"})
    cls = declared(**options)
    assert cls.declared.mail_in.places["received"] == "at"
    assert declared().declared.mail_in is None
    assert Flag(label=NAME).is_written is False


def test_an_unknown_option_is_an_error() -> None:
    with pytest.raises(TypeError):
        MailIn(subject="a", body="b", sender="c", colour="red")  # type: ignore[call-arg]
