"""Whatever is killed, away or numbered anew: each message becomes something once, and no message keeps another back."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import mail_receiving
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.mail_receiving import Arrival, take_in
from models.operations import mailboxes
from models.operations.mailboxes import Mailbox
from models.services.files import files
from tasks.messages import mailboxes as reading
from tests.fixtures.doing import Killed, do
from tests.fixtures.read_mail import ImapServer, TlsFront
from tests.tasks.mail_in.conftest import NOW
from tests.tasks.mail_in.corpus import deep, mail

HOUR = dt.timedelta(hours=1)


def with_file(name: str) -> bytes:
    message = mail(name)
    message.add_attachment(b"file", maintype="text", subtype="plain", filename="a.txt")
    return message.as_bytes()


def counted(cls: Any) -> tuple[int, int, int, int]:
    """Records, messages, and the files of both."""
    kinds = {"photo": 0, "original": 0}
    for file in get_db()["file"].find({"removed_at": None}):
        kinds[file["kind"]] += 1
    db = get_db()
    return db[cls.type_name()].count_documents({}), db["incoming_mail"].count_documents({}), *kinds.values()


def test_killed_at_any_access_to_the_store_a_message_stands_there_once(
    cls: Any, mailbox: Mailbox, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    imap.put(with_file("one"), with_file("two"), at=NOW)
    places = (mail_receiving, mailboxes, files)
    kept = {module: module.in_unit for module in places}
    monkeypatch.setattr(reading, "TRIES", 100)
    for stop_at in range(1, 60, 2):
        accesses = 0

        def counting(name: str) -> Any:
            nonlocal accesses
            accesses += 1
            if accesses == stop_at:  # noqa: B023
                raise Killed
            return kept[files](name)

        for module in places:
            monkeypatch.setattr(module, "in_unit", counting)
        try:
            do("mail.read")
        except Killed:
            get_db()["task_run"].delete_many({})
            continue
        finally:
            for module in places:
                monkeypatch.setattr(module, "in_unit", kept[module])
        break
    assert do("mail.read").get("made", 0) == 0
    assert counted(cls) == (2, 2, 2, 2)


def test_a_mailbox_that_numbers_its_mail_anew_is_read_again_and_makes_nothing_twice(
    cls: Any, mailbox: Mailbox, imap: ImapServer
) -> None:
    messages = [with_file("one"), with_file("two"), mail("no-id", Message_ID="").as_bytes()]
    imap.put(*messages, at=NOW)
    assert do("mail.read")["made"] == 3
    imap.stop()
    imap.start()
    imap.put(*messages, with_file("three"), at=NOW)
    imap.put(with_file("long ago"), at=NOW - 60 * 24 * HOUR)
    counts = do("mail.read")
    assert (counts["made"], counts["doubles"]) == (1, 3)
    assert counted(cls)[:2] == (4, 4)


def test_away_for_a_day_it_is_caught_up_and_it_was_told_once(
    cls: Any, mailbox: Mailbox, imap: ImapServer, company: Any
) -> None:
    do("mail.read")
    imap.stop()
    for hour in range(0, 24, 6):
        with clock.set_to(NOW + hour * HOUR):
            assert do("mail.read")["unreachable"] == 1
    assert _alarms(company) == 1
    imap.start()
    imap.put(*(mail(f"m{n}").as_bytes() for n in range(3)), at=NOW + 20 * HOUR)
    with clock.set_to(NOW + 24 * HOUR):
        assert do("mail.read")["made"] == 3
    state = mailboxes.state_of(mailbox.id)
    assert state["failed_since"] is None
    assert state["read_at"] == NOW + 24 * HOUR


def test_a_wrong_password_is_told_at_once_and_keeps_no_other_mailbox_back(
    cls: Any, mailbox: Mailbox, imap: ImapServer, company: Any
) -> None:
    own = {name: getattr(mailbox, name) for name in ("host", "port", "security", "user", "feeds", "folder")}
    wrong = {**own, "name": "A", "password": "wrong", "department": company.department("ITD")}
    changes.create(Mailbox, wrong, actor=SYSTEM)
    changes.create(Mailbox, {**wrong, "name": "B", "password": "pass word", "folder": "Nowhere"}, actor=SYSTEM)
    imap.put(mail("one").as_bytes(), at=NOW)
    counts = do("mail.read")
    assert (counts["made"], counts["unreachable"]) == (1, 2)
    assert _alarms(company) == 2
    do("mail.read")
    assert _alarms(company) == 2
    texts = " ".join(str(notice["text"]) for notice in get_db()["notice"].find({"kind": "alarm"}))
    assert "wrong" not in texts


def test_a_mailbox_is_read_by_tls_from_the_first_byte(mailbox: Mailbox, imap: ImapServer) -> None:
    front = TlsFront(imap)
    serving = threading.Thread(target=front.serve)
    serving.start()
    changes.update(Mailbox, mailbox.id, {"security": "tls", "port": front.port}, actor=SYSTEM, version=None)
    imap.put(mail("one").as_bytes(), at=NOW)
    assert do("mail.read")["made"] == 1
    serving.join()


def test_a_server_with_a_certificate_of_nobodys_is_not_read(
    mailbox: Mailbox, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    imap.put(mail("one").as_bytes(), at=NOW)
    assert do("mail.read")["unreachable"] == 1
    assert "CERTIFICATE_VERIFY_FAILED" in mailboxes.state_of(mailbox.id)["problem"]["en"]
    assert get_db()["incoming_mail"].count_documents({}) == 0


def test_a_message_of_which_nothing_can_be_made_keeps_no_other_back(
    cls: Any, mailbox: Mailbox, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = mail_receiving.enter

    def failing(cls: Any, parts: Any, *, once: str) -> Any:
        if parts.subject == "poison":
            raise KeyError("a fault of ours")
        return real(cls, parts, once=once)

    monkeypatch.setattr(mail_receiving, "enter", failing)
    imap.put(mail("one").as_bytes(), mail("two", Subject="poison").as_bytes(), mail("three").as_bytes(), at=NOW)
    do("mail.read")
    rows = list(get_db()["incoming_mail"].find().sort("_id", 1))
    assert [row["outcome"] for row in rows] == ["made", "unreadable", "made"]
    assert counted(cls)[0] == 2


def test_a_message_at_which_processes_die_is_kept_unread(
    cls: Any, mailbox: Mailbox, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deadly(raw: bytes) -> Any:
        raise Killed

    monkeypatch.setattr(mail_receiving.letters, "read", deadly)
    imap.put(mail("one").as_bytes(), at=NOW)
    for _ in range(reading.TRIES):
        with pytest.raises(Killed):
            do("mail.read")
        get_db()["task_run"].delete_many({})
    do("mail.read")
    assert [row["outcome"] for row in get_db()["incoming_mail"].find()] == ["unreadable"]


def test_what_is_too_large_is_not_fetched_and_what_is_too_deep_is_kept(
    cls: Any, mailbox: Mailbox, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MEGABYTE", 1000)
    imap.put(mail("large", "x" * 40_000, Subject="很大").as_bytes(), at=NOW)
    do("mail.read")
    [row] = get_db()["incoming_mail"].find()
    assert (row["outcome"], row["subject"]) == ("large", "很大")
    common = {"mailbox": "售後", "size": 1, "received_at": NOW, "own": frozenset()}
    taken = take_in(Arrival(cls=cls, place="p", raw=deep(), **common))
    assert taken.mail.outcome == "unreadable"


def test_mail_is_marked_as_seen_only_where_the_mailbox_says_so(cls: Any, mailbox: Mailbox, imap: ImapServer) -> None:
    imap.put(mail("one").as_bytes(), at=NOW)
    do("mail.read")
    assert imap.uids("SEEN") == []
    changes.update(Mailbox, mailbox.id, {"mark_seen": True, "security": "starttls"}, actor=SYSTEM, version=None)
    imap.put(mail("two").as_bytes(), at=NOW)
    do("mail.read")
    assert len(imap.uids("SEEN")) == 1
    assert len(imap.uids()) == 2


def _alarms(company: Any) -> int:
    return get_db()["notice"].count_documents({"kind": "alarm", "person": company.users["it"]})
