"""Spam goes to the bin with what it has made; its sender's mail makes nothing until that is taken back."""

from __future__ import annotations

from typing import Any

import pytest

from models import mail_entries
from models.aftersales.tickets import Ticket
from models.incoming_mail import IncomingMail
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.mail_entries import MailParts
from models.operations.mailboxes import Mailbox
from models.sales.customers import Contact
from models.services.incoming.languages import language_of
from tests.fixtures.doing import do
from tests.fixtures.read_mail import ImapServer
from tests.tasks.mail_in.conftest import NOW
from tests.tasks.mail_in.corpus import mail


def outcomes() -> list[str]:
    return [row.outcome for row in IncomingMail.objects.order_by("id")]


def test_spam_and_what_it_made_goes_in_one_action_and_comes_back(
    cls: Any, company: Any, mailbox: Mailbox, imap: ImapServer
) -> None:
    clerk = company.actor("clerk_sal")
    first = mail("offers", From="Offers <offers@spam.example>", Subject="Cheap").as_bytes()
    imap.put(first, mail("one").as_bytes(), at=NOW)
    do("mail.read")
    spam, other = IncomingMail.objects.order_by("id")
    made = cls.objects.get(contact="offers@spam.example")
    assert changes.remove(cls, cls.objects.get(contact="one@example.net").id, actor=SYSTEM, version=None).removed_at
    spam = changes.move(IncomingMail, spam.id, "refuse_sender", actor=clerk, version=spam.version)
    assert (spam.state, spam.outcome) == ("refused", "spam")
    assert cls.objects.get(id=made.id).removed_at is not None
    again = mail("again", From="OFFERS@spam.example").as_bytes()
    imap.put(again, mail("two").as_bytes(), at=NOW)
    do("mail.read")
    assert outcomes() == ["spam", other.outcome, "spam", "made"]
    assert IncomingMail.objects.order_by("id")[2].state == "left_out"  # listed, and made into nothing
    spam = changes.move(IncomingMail, spam.id, "accept_sender", actor=clerk, version=spam.version)
    assert (spam.state, spam.outcome) == ("taken", "made")
    assert cls.objects.get(id=made.id).removed_at is None
    imap.put(mail("third", From="offers@spam.example").as_bytes(), at=NOW)
    do("mail.read")
    assert outcomes()[-1] == "made"


def test_a_ticket_offers_to_call_its_mail_spam_to_those_who_may(company: Any, browser_as: Any) -> None:
    parts = MailParts(subject="x", body="y", sender="a@example.net", name="", received=clock.now())
    ticket = mail_entries.enter(Ticket, parts, once="mail:1")
    facts = {"subject": "x", "sender": "a@example.net", "received_at": clock.now(), "outcome": "made"}
    facts |= {"about": f"ticket:{ticket.id}", "feeds": "ticket", "department": company.department("SVC")}
    sent = changes.create(IncomingMail, facts, actor=SYSTEM)
    path = f"/admin/incoming_mail/move/?id={sent.id}&amp;verb=refuse_sender"
    assert path in browser_as("clerk_svc").get("/admin/ticket/details/", {"id": ticket.id}).text
    assert path not in browser_as("supervisor").get("/admin/ticket/details/", {"id": ticket.id}).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("輸送機兩小時後停機，請派工程師。", "zh-Hant"),
        ("输送机两小时后停机，请派工程师。", "zh-Hans"),
        ("RC-60 報警 E21, see the log: conveyor stopped", "zh-Hant"),
        ("RC-60 报警 E21，请尽快联系我们。", "zh-Hans"),
        ("The conveyor stops after two hours. Please call us.", "en"),
        ("我方王工\n> 舊的繁體引文請勿計入這裡的語言", ""),
        ("コンベアが止まりました。至急ご連絡ください。", ""),
        ("Конвейер остановился через два часа", ""),
        ("E21?", ""),
        ("", ""),
    ],
)
def test_the_language_is_told_by_the_letters_or_not_at_all(text: str, expected: str) -> None:
    assert language_of(text) == expected


def test_a_customer_is_written_to_in_the_language_that_is_known_before_one_is_guessed(company: Any) -> None:
    contact = Contact(name="Li", mail="li@example.com")
    company.make("customer", "clerk_sal", contacts=[contact], letters="zh-Hant")

    def letters(sender: str, body: str) -> Any:
        parts = MailParts(subject="", body=body, sender=sender, name="", received=clock.now())
        return mail_entries.values_of(Ticket, parts).get("letters")

    english = "The conveyor stops after two hours."
    assert letters("li@example.com", english) == "zh-Hant"
    assert letters("someone@example.com", english) == "en"
    assert letters("someone@example.com", "E21") is None  # stays as the public form says
