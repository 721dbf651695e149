"""Every type that mail makes: a message makes one record, an answer is added to it, and neither happens twice."""

from __future__ import annotations

from typing import Any

from mongoengine.connection import get_db

from models.kernel.base.people import department_with
from models.kernel.gate.outside import addresses_at
from models.mail_receiving import Arrival, take_in
from models.operations.mailboxes import FedType
from models.services.files import files
from tests.fixtures._types import types_with
from tests.fixtures.doing import do
from tests.tasks.mail_in.conftest import NOW
from tests.tasks.mail_in.corpus import mail

FED = types_with(lambda declared: declared.mail_in and not declared.mail_in.answers_only)
ANSWERED = types_with(lambda declared: declared.mail_in and declared.mail_in.answers_only)


def arrived(cls: Any, message: Any, place: int) -> Any:
    raw = message.as_bytes()
    common = {"mailbox": "box", "size": len(raw), "received_at": NOW, "own": frozenset()}
    return take_in(Arrival(cls=cls, place=f"box:1:{place}", raw=raw, **common))


@FED
def test_a_message_makes_one_and_its_answers_are_added(cls: Any, record: Any, company: Any) -> None:
    own, before = cls.declared.mail_in, cls.collection().count_documents({})
    assert cls.declared.name in FedType(label=own.subject).options
    message = mail("li", From="李明 <li@example.com>")
    message.add_attachment(b"log", maintype="text", subtype="plain", filename="log.txt")
    first, second = arrived(cls, message, 1), arrived(cls, message, 2)
    assert (first.mail.outcome, second.is_double) == ("made", True), first.mail.remarks
    assert cls.collection().count_documents({}) == before + 1
    made = cls.from_stored(cls.collection().find_one(sort=[("_id", -1)]))
    assert list(addresses_at(made, own.sender)) == ["li@example.com"]
    assert (made.raw(own.subject), made.raw(own.body)) == ("機器停了", "紅燈亮。")
    assert {name: made.raw(name) for name in own.fill} == dict(own.fill)
    assert [file["name"] for file in files.files_of(made.id)] == ["log.txt"] * bool(own.files)
    entry = get_db()["history"].find_one({"record": made.id, "verb": "create"})
    assert entry
    assert (entry["door"], entry["actor_name"]) == ("mail", "來信")
    answer = mail("again", "還有", From="li@example.com", Subject=f"Re: {made.number}")
    assert arrived(cls, answer, 3).mail.outcome == ("added" if cls.declared.public.answers else "made")
    if own.instead:
        _passed_on(cls, made)
    if own.reopen:
        _reopened(cls, company)


def _passed_on(cls: Any, record: Any) -> None:
    """What answers a record of which another has taken the place is added to that one."""
    name = cls.declared.mail_in.instead
    arrived(cls, mail("gone", From="li@example.com", Subject="同一件事"), 6)
    gone = cls.collection().find_one(sort=[("_id", -1)])
    cls.collection().update_one({"_id": gone["_id"]}, {"$set": {name: record.id}})
    taken = arrived(cls, mail("to-gone", "再說", From="li@example.com", Subject=f"Re: {gone['number']}"), 7)
    assert (taken.mail.outcome, taken.mail.about) == ("added", f"{cls.declared.name}:{record.id}")


def _reopened(cls: Any, company: Any) -> None:
    """An answer to a record that is over brings it back, as the type says."""
    [move, *_] = [move for move in cls.declared.workflow.moves if move.verb == cls.declared.mail_in.reopen]
    end = next(state for state in move.source if state in cls.declared.workflow.ends)
    arrived(cls, mail("other", From="li@example.com"), 4)
    record = company.walk(cls.from_stored(cls.collection().find_one(sort=[("_id", -1)])), end)
    taken = arrived(cls, mail("late", "又壞了", From="li@example.com", Subject=f"Re: {record.number}"), 5)
    assert taken.mail.outcome == "added"
    assert cls.collection().find_one({"_id": record.id})["state"] == move.target


@ANSWERED
def test_a_type_that_takes_answers_alone_makes_nothing(cls: Any, company: Any, mail_box: Any) -> None:
    path = cls.declared.tells[0].to[-1]
    made = company.make(cls.declared.name, **{path: "li@example.com"})
    do("notices.deliver")
    [sent] = mail_box.kept
    before = cls.collection().count_documents({})
    stray = arrived(cls, mail("stray", From="li@example.net"), 1)
    assert (stray.mail.outcome, stray.mail.ref("department")) == (
        "no_match",
        department_with(cls.declared.mail_in.department),
    )
    key = sent["Message-ID"].strip("<>")
    answer = arrived(cls, mail("answer", "好的", From="li@example.com", In_Reply_To=f"<{key}>"), 2)
    assert (answer.mail.outcome, answer.mail.about) == ("added", f"{cls.declared.name}:{made.id}")
    assert cls.collection().count_documents({}) == before
