"""Answers land on the record that they answer, by keys that nobody guesses; ours go out threaded."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId
from mongoengine.connection import get_db

from models.incoming_mail import IncomingMail
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.language.kinds.texts import MASK
from models.operations.mailboxes import Mailbox
from models.services.files import files
from tests.fixtures.doing import do
from tests.fixtures.read_mail import PASSWORD, ImapServer
from tests.tasks.mail_in.conftest import NOW
from tests.tasks.mail_in.corpus import bounce, mail

LI = "li@example.com"
QUOTE = "已經好了，謝謝。\n\n在 2025年6月2日，上午10:02，服務 <s@example.com> 寫道：\n> 您好\n> 請重啟"


def came(imap: ImapServer, *messages: Any) -> list[Any]:
    """Let messages come in and be read; what became of them, in order."""
    before = get_db()["incoming_mail"].count_documents({})
    imap.put(*(m if isinstance(m, bytes) else m.as_bytes() for m in messages), at=NOW)
    do("mail.read")
    rows = get_db()["incoming_mail"].find().sort("_id", 1).skip(before)
    return [IncomingMail.from_stored(row) for row in rows]


def outcomes(mails: list[Any]) -> list[tuple[str, str]]:
    """Outcomes, each with the number of its record."""
    return [(mail.outcome, number_of(mail)) for mail in mails]


def number_of(mail: Any) -> str:
    name, _, id = (mail.about or "").partition(":")
    row = get_db()[name].find_one({"_id": ObjectId(id)}) if id else None
    return row["number"] if row else ""


def said_on(record: Any) -> list[str]:
    query = {"record": record.id, "verb": "comment"}
    return [entry["reason"] for entry in get_db()["history"].find(query).sort("seq", 1)]


@pytest.fixture
def asked_by_mail(cls: Any, mailbox: Any, imap: ImapServer, mail_box: Any) -> Any:
    """An inquiry that came by mail, whose sender was answered."""
    [first] = came(imap, mail("first", From=f"李明 <{LI}>"))
    assert first.outcome == "made"
    do("notices.deliver")
    return cls.from_stored(cls.collection().find_one({}))


def test_an_answer_lands_with_its_files_and_a_second_time_nothing_happens(
    asked_by_mail: Any, cls: Any, imap: ImapServer, mail_box: Any
) -> None:
    record = asked_by_mail
    [receipt] = mail_box.kept
    assert receipt["In-Reply-To"] == "<first@example.net>"
    assert receipt["References"].split()[-1] == "<first@example.net>"
    key = receipt["Message-ID"].strip("<>").partition("@")[0]
    assert receipt["Reply-To"] == f"service+{key}@example.com"
    answer = mail("answer", QUOTE, From="someone.else@example.net", In_Reply_To=receipt["Message-ID"])
    answer.add_attachment(b"log", maintype="text", subtype="plain", filename="log.txt")
    mails = came(
        imap,
        answer,
        mail("plus", "再問", To=f"service+{key}@example.com"),
        mail("earlier", "補充", From=LI, References="<first@example.net>"),
        mail("number", "編號", From=LI, Subject=f"Re: {record.number} 機器"),
        answer,
    )
    assert outcomes(mails) == [("added", record.number)] * 4
    assert said_on(record) == [
        "已經好了，謝謝。\n\n> 在 2025年6月2日，上午10:02，服務 <s@example.com> 寫道：\n> 您好\n> 請重啟",
        "再問",
        "補充",
        "編號",
    ]
    assert [file["name"] for file in files.files_of(record.id)] == ["log.txt"]
    assert cls.collection().count_documents({}) == 1
    entry = get_db()["history"].find_one({"record": record.id, "verb": "comment"})
    assert entry
    assert (entry["door"], entry["actor"], entry["actor_name"]) == ("mail", None, "來信")
    changes.update(cls, record.id, {"public_notes": "已更換。"}, actor=SYSTEM, version=None)
    changes.move(cls, record.id, "solve", actor=SYSTEM, version=None)
    do("notices.deliver")
    assert mail_box.kept[-1]["In-Reply-To"] == "<number@example.net>"


def test_what_a_stranger_can_guess_adds_nothing(asked_by_mail: Any, cls: Any, imap: ImapServer) -> None:
    record = asked_by_mail
    mails = came(
        imap,
        mail("s1", Subject=f"Re: {record.number}"),
        mail("s2", In_Reply_To="<first@example.net>"),
        mail("s3", In_Reply_To=f"<{'0' * 32}@example.com>"),
        mail("s4", In_Reply_To=f"<{record.id}@example.com>"),
    )
    assert [mail.outcome for mail in mails] == ["made"] * 4
    assert record.number not in {number_of(mail) for mail in mails}
    assert said_on(record) == []


def test_programs_add_nothing_and_a_returned_mail_is_said_on_its_record(
    asked_by_mail: Any, imap: ImapServer, mail_box: Any, browser_as: Any
) -> None:
    record, sent = asked_by_mail, mail_box.kept[-1]["Message-ID"]
    mails = came(
        imap,
        mail("away", From=LI, In_Reply_To=sent, Subject="Re: x", Auto_Submitted="auto-replied"),
        bounce(sent.strip("<>").partition("@")[0], "4.4.7"),
        bounce(sent.strip("<>").partition("@")[0]),
    )
    assert outcomes(mails) == [("automatic", ""), ("automatic", ""), ("bounce", record.number)]
    assert said_on(record) == []
    row = get_db()["delivery"].find_one({"record": record.id, "channel": "outside"})
    assert row
    assert row["state"] == "failed"
    assert row["problem"]["en"] == "The mail came back: 5.1.1 550 5.1.1 <…> User unknown"
    assert get_db()["history"].count_documents({"record": record.id, "verb": "mail_returned"}) == 1


def test_an_answer_to_a_closed_record_makes_a_new_one_that_names_it(
    asked_by_mail: Any, cls: Any, imap: ImapServer, mail_box: Any
) -> None:
    record, sent = asked_by_mail, mail_box.kept[-1]["Message-ID"]
    for verb in ("solve", "close"):
        changes.move(cls, record.id, verb, actor=SYSTEM, version=None)
    [late] = came(imap, mail("late", "又壞了", From=LI, In_Reply_To=sent))
    made = cls.collection().find_one({"number": number_of(late)})
    assert late.outcome == "made"
    assert made["number"] != record.number
    assert made["description"].startswith(f"此郵件答覆 {record.number}")


def test_too_many_of_one_sender_in_an_hour_are_kept_and_make_nothing(cls: Any, mailbox: Any, imap: ImapServer) -> None:
    limit = cls.declared.public.limit
    mails = came(imap, *(mail(f"many{n}", From=LI) for n in range(limit + 2)), mail("other"))
    assert [mail.outcome for mail in mails] == ["made"] * limit + ["flood"] * 2 + ["made"]


def test_what_was_left_out_is_made_by_a_person_in_one_action(
    cls: Any, company: Any, mailbox: Any, imap: ImapServer, browser_as: Any
) -> None:
    message = mail("auto", From=LI, Auto_Submitted="auto-replied")
    message.add_attachment(b"log", maintype="text", subtype="plain", filename="log.txt")
    [left] = came(imap, message)
    assert (left.outcome, left.state) == ("automatic", "left_out")
    page = browser_as("clerk_sal").get(f"/admin/incoming_mail/details/?id={left.id}")
    assert page.status_code == 200
    made = changes.move(IncomingMail, left.id, "make", actor=company.actor("clerk_sal"), version=left.version)
    assert (made.outcome, made.state) == ("by_hand", "taken")
    [record] = cls.collection().find()
    assert (record["number"], record["contact"]) == (number_of(made), LI)
    [file] = files.files_of(record["_id"])
    assert file["name"] == "message.eml"


def test_who_reads_what_came_in(mailbox: Any, imap: ImapServer, company: Any, browser_as: Any) -> None:
    [left] = came(imap, mail("auto", From=LI, Subject="自動回覆: 機密"))
    path = f"/admin/incoming_mail/details/?id={left.id}"
    codes = {who: browser_as(who).get(path).status_code for who in ("clerk_sal", "head_sal", "clerk_mkt", "it")}
    assert codes == {"clerk_sal": 200, "head_sal": 200, "clerk_mkt": 404, "it": 403}
    assert browser_as("clerk_sal").get("/admin/incoming_mail/new/").status_code in (403, 404)
    box = f"/admin/mailbox/details/?id={mailbox.id}"
    codes = {who: browser_as(who).get(box).status_code for who in ("it", "clerk_sal", "management", "supervisor")}
    assert codes == {"it": 200, "clerk_sal": 403, "management": 403, "supervisor": 403}
    it = browser_as("it")
    form = it.form("/admin/mailbox/edit/", id=mailbox.id)
    assert form["password"] == MASK
    it.send(form, name="另一名稱")
    again = Mailbox.from_stored(Mailbox.collection().find_one({"_id": mailbox.id}))
    assert (again.name, again.password) == ("另一名稱", PASSWORD)
    page = it.get(box).text + it.get(f"/admin/mailbox/history/?id={mailbox.id}").text
    assert PASSWORD not in page
    assert "機密" not in page
    assert LI not in page
