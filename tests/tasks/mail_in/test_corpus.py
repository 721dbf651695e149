"""A corpus of messages, read from a real IMAP server in one walk: each becomes what it is to become, and no second."""

from __future__ import annotations

import re
from typing import Any

from mongoengine.connection import get_db

from models.incoming_mail import IncomingMail
from models.kernel.language.kinds.any_links import key_in
from models.services.files import files
from tests.fixtures.doing import do
from tests.fixtures.read_mail import ImapServer
from tests.tasks.mail_in.conftest import NOW
from tests.tasks.mail_in.corpus import Sample, samples


def rows() -> dict[str, dict[str, Any]]:
    """What came in, by the name of its sample."""
    mails = [IncomingMail.from_stored(row) for row in get_db()["incoming_mail"].find().sort("_id", 1)]
    return {name_of(mail): mail for mail in mails}


def name_of(mail: Any) -> str:
    known = {"b00000000": "foreign-bounce", "b11111111": "delay"}
    name = (mail.message_id or "").partition("@")[0]
    return known.get(name[:9] if name.startswith("b") and name[1:3] in ("00", "11") else name, name)


def record_of(mail: Any) -> dict[str, Any]:
    key = key_in(mail.about)
    return get_db()[key.type].find_one({"_id": key.id}) if key else {}


def test_each_message_becomes_what_it_is_to_become(cls: Any, mailbox: Any, imap: ImapServer) -> None:
    known = samples()
    assert len(known) >= 40
    imap.put(*(sample.raw for sample in known.values()), at=NOW)
    counts = do("mail.read")
    mails = rows()
    assert {name: mail.outcome for name, mail in mails.items()} == {n: s.outcome for n, s in known.items()}, counts
    assert cls.collection().count_documents({}) == counts["made"] == sum(s.outcome == "made" for s in known.values())
    wrong = {name: row for name, sample in known.items() if (row := _differing(mails[name], sample))}
    assert wrong == {}
    _files_are_there(mails)
    assert "見原始郵件" in record_of(mails["long-text"])["description"]
    assert imap.uids() == imap.uids("UNSEEN")
    assert len(imap.uids()) == len(known)
    again = do("mail.read")
    assert (again.get("made", 0), again.get("doubles", 0)) == (0, 0)


def _differing(mail: Any, sample: Sample) -> dict[str, Any]:
    """What stands there otherwise than it should."""
    record = record_of(mail)
    [original] = files.files_of(mail.id)
    size = len(re.sub(rb"\r?\n", b"\r\n", sample.raw))
    held = {field: record.get(field) for field in sample.values} | {"at": mail.received_at, "size": original["size"]}
    expected = {**sample.values, "at": NOW, "size": size}
    return {field: (held[field], value) for field, value in expected.items() if held[field] != value}


def _files_are_there(mails: dict[str, Any]) -> None:
    names = {name: sorted(f["name"] for f in files.files_of(record_of(mails[name])["_id"])) for name in FILES}
    assert {name: names[name] for name in FILES if name != "many-files"} == {k: v for k, v in FILES.items() if v}
    assert names["many-files"] == sorted(f"{n}.txt" for n in range(20))
    assert "180" in mails["many-files"].remarks["en"]
    assert "winmail.dat" in mails["winmail"].remarks["zh-Hant"]


FILES: dict[str, list[str]] = {
    "winmail": ["winmail.dat"],
    "nested": ["原來的信.eml"],
    "names": sorted(["机器.txt", "機器二.txt", "長名.txt", "script_.txt"]),
    "many-files": [],
}
