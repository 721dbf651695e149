"""What people outside are mailed of a record: once for each cause, in their language, and nothing of others."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from mongoengine.connection import get_db
from structlog.testing import capture_logs

from models import public_links
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.notices import OUTSIDE
from models.kernel.gate.outside import sealed
from models.kernel.gate.sources import Source
from models.mailing import MailSettings, set_post_office
from models.sales.customers import Contact
from models.services.keeping import archive
from models.services.notify import deliveries, outside
from tests.fixtures.doing import Killed, do
from tests.fixtures.http import signed_in
from tests.fixtures.public import TYPED, Outside
from tests.tasks.delivery.doing import down, later

LI = "li@example.com"
NASTY = ("a@example.com\nBcc: all@example.com", "x\r\nSubject: y", "<script>alert(1)</script>")


@pytest.fixture
def box(mail_box: Any) -> Any:
    return mail_box


@pytest.fixture
def cls(with_inquiry: Any) -> Any:
    return with_inquiry["inquiry"]


@pytest.fixture
def out(outside: Outside) -> Outside:
    return outside


def entered(cls: Any, **values: Any) -> Any:
    """An inquiry as a colleague types it in."""
    return changes.create(cls, {**of_sales(), "language": "zh-Hans", **values}, actor=SYSTEM)


def of_sales() -> dict[str, Any]:
    department = get_db()["department"].find_one({"code": "SAL"})
    assert department
    return {**TYPED, "department": department["_id"]}


def solved(cls: Any, record: Any, **values: Any) -> Any:
    changes.update(cls, record.id, {"public_notes": "已更換電源。", **values}, actor=SYSTEM, version=None)
    return changes.move(cls, record.id, "solve", actor=SYSTEM, version=None)


def rows(**also: Any) -> list[dict[str, Any]]:
    return list(get_db()["delivery"].find({"channel": OUTSIDE, **also}).sort("_id", 1))


def text(message: Any) -> str:
    return str(message.get_content())


def said() -> list[tuple[str, str]]:
    """States of what was to be mailed, with the reasons in English."""
    return [(row["state"], (row.get("problem") or {"en": ""})["en"]) for row in rows()]


def test_who_entered_it_gets_number_and_link_in_their_language(out: Outside, box: Any) -> None:
    page = out.get("/p/inquiry/?lang=en")
    assert page.status_code == 200
    answer = out.enter()
    do("notices.deliver")
    do("notices.deliver")
    (message,) = box.kept
    (record,) = get_db()["inquiry"].find({})
    assert message["Subject"] == f"Your request {record['number']}"
    assert f"https://guicheng.example.com{out.link(answer)}" in text(message)
    assert message["To"] == LI
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] is None
    assert TYPED["subject"] not in text(message)
    kept = str(list(get_db()["notice"].find({"channel": OUTSIDE})) + rows())
    assert LI not in kept
    assert out.link(answer) not in kept


def test_mail_of_one_record_is_one_thread_and_each_is_sent_once(company: Any, cls: Any, box: Any) -> None:
    record, other = entered(cls), entered(cls, contact="wang@example.com")
    solved(cls, record)
    do("notices.deliver")
    do("notices.deliver")
    mine = [message for message in box.kept if message["To"] == LI]
    assert len(mine) == 2
    assert len({message["References"] for message in mine}) == 1
    assert len({message["Message-ID"] for message in mine}) == 2
    (foreign,) = [message for message in box.kept if message["To"] == "wang@example.com"]
    assert foreign["References"] != mine[0]["References"]
    assert str(other.id) not in foreign.as_string()
    assert mine[1]["Subject"] == f"{record.number}：已解决"
    assert text(mine[1]).startswith("故障：已更換電源。")


def test_contacts_of_a_linked_record_are_reached_and_their_addresses_hidden(
    company: Any, cls: Any, box: Any, built_public_app: Any
) -> None:
    contacts = [Contact(name="甲", mail="jia@example.com"), Contact(name="乙"), Contact(name="丙", mail=LI)]
    customer = company.make("customer", "clerk_sal", contacts=contacts)
    record = entered(cls, customer=customer.id)
    solved(cls, record)
    do("notices.deliver")
    to = [message["To"] for message in box.kept if "已解决" in message["Subject"]]
    assert sorted(to) == ["jia@example.com", LI]
    page = {name: panel(built_public_app, name, record) for name in ("clerk_sal", "supervisor", "management")}
    assert "jia@example.com" in page["clerk_sal"]
    assert "已更換電源。" in page["clerk_sal"]
    assert "已發送" in page["clerk_sal"]
    for name in ("supervisor", "management"):
        actor = company.actor(name)
        if not outside.may_see_address(company.fresh(record), "customer.contacts.mail", actor):
            assert "jia@example.com" not in page[name]


def panel(app: Any, login: str, record: Any) -> str:
    page = signed_in(app, login).get(f"/admin/inquiry/details/?id={record.id}").text
    return page.partition('id="outside-mails"')[2].partition("</section>")[0]


def test_the_text_stays_as_it_was_mailed_and_holds_no_link(
    company: Any, cls: Any, box: Any, built_public_app: Any
) -> None:
    record = solved(cls, entered(cls))
    do("notices.deliver")
    changes.update(cls, record.id, {"public_notes": "別的話。"}, actor=SYSTEM, version=None)
    shown = panel(built_public_app, "clerk_sal", record)
    assert "已更換電源。" in shown
    assert "別的話。" not in shown
    (link,) = [public_links.shown(company.fresh(record), SYSTEM)]
    assert link
    assert link.token in text(box.kept[0])
    assert link.token not in shown
    verbs = get_db()["history"].distinct("verb", {"record": record.id})
    assert "link_renewed" in verbs


@pytest.mark.parametrize(("change", "state", "why"), [
    ({"contact": "other@example.com"}, "off", "The address was changed before it was sent."),
    ("reopen", "off", "The record had left this state before it was sent."),
    ("close", "off", "The record had left this state before it was sent."),
    ("remove", "off", "The record was removed before it was sent."),
])  # fmt: skip
def test_it_is_not_sent_when_its_matter_is_over(
    company: Any, cls: Any, box: Any, change: Any, state: str, why: str
) -> None:
    record = solved(cls, entered(cls))
    get_db()["notice"].delete_many({"verb": "create"})
    if isinstance(change, dict):
        changes.update(cls, record.id, change, actor=SYSTEM, version=None)
    elif change == "remove":
        changes.remove(cls, record.id, actor=SYSTEM, version=None)
    else:
        changes.move(cls, record.id, change, actor=SYSTEM, version=None)
    do("notices.deliver")
    assert said() == [(state, why)]
    assert not box.seen


def test_what_is_imported_or_rehearsed_tells_nobody(company: Any, cls: Any, box: Any) -> None:
    context = Context(source=Source.IMPORT)
    changes.create(cls, of_sales(), actor=SYSTEM, context=context)
    with pytest.raises(ZeroDivisionError):
        changes.in_batch(lambda: (entered(cls), 1 / 0))
    changes.in_batch(lambda: entered(cls), quiet=True)
    do("notices.deliver")
    assert get_db()["notice"].count_documents({"channel": OUTSIDE}) == 0


def test_a_server_that_repeats_the_address_gives_it_away_to_nobody(
    company: Any, cls: Any, box: Any, built_public_app: Any
) -> None:
    record = entered(cls)
    box.rcpt = f"550 no such user {LI.upper()}"
    with capture_logs() as lines:
        do("notices.deliver")
    assert [row["state"] for row in rows()] == ["failed"]
    box.rcpt = f"450 {LI} is busy"
    deliveries.send_again(rows()[0]["_id"], None)
    with capture_logs() as more:
        do("notices.deliver")
    assert LI not in str(lines + more + rows()).lower()
    assert "未收到" in panel(built_public_app, "clerk_sal", record) or rows()[0]["state"] == "waiting"
    it = signed_in(built_public_app, "it").page("/admin/deliveries/?state=waiting").text
    assert LI not in it


def test_what_is_no_address_is_said_on_the_record(company: Any, cls: Any, box: Any, built_public_app: Any) -> None:
    record = entered(cls, contact="李@例子.公司")
    entered(cls, contact="wang@example.com")
    do("notices.deliver")
    assert sorted(row["state"] for row in rows()) == ["failed", "sent"]
    shown = panel(built_public_app, "clerk_sal", record)
    assert "所填內容不是郵箱地址。" in shown
    assert "有外部人員未收到郵件" in shown


@pytest.mark.parametrize(
    "nasty", ["a@example.com\nBcc: all@example.com", "x\r\nSubject: y", "<script>alert(1)</script>"]
)
def test_no_header_and_no_script_comes_in_by_a_field(
    company: Any, cls: Any, box: Any, built_public_app: Any, nasty: str
) -> None:
    record = entered(cls)
    with pytest.raises(Refused):
        changes.update(cls, record.id, {"contact": nasty}, actor=SYSTEM, version=None)
    get_db()["inquiry"].update_one({"_id": record.id}, {"$set": {"contact": nasty}})
    get_db()["notice"].update_many({}, {"$set": {"to": sealed(nasty), "body": nasty}})
    do("notices.deliver")
    assert not box.seen
    assert [row["state"] for row in rows()] == ["failed"]
    assert "<script>" not in panel(built_public_app, "clerk_sal", record)
    get_db()["inquiry"].update_one({"_id": record.id}, {"$set": {"contact": LI, "number": nasty}})
    changes.move(cls, record.id, "solve", actor=SYSTEM, version=None)
    do("notices.deliver")
    (message,) = box.kept
    assert message["Bcc"] is None
    assert len(message.get_all("Subject")) == 1
    assert (message["To"], len(message.get_all("To"))) == (LI, 1)


def test_a_corrected_address_gets_what_the_wrong_one_did_not_once(
    company: Any, cls: Any, box: Any, built_public_app: Any
) -> None:
    record = entered(cls)
    box.rcpt = "550 no such user"
    do("notices.deliver")
    box.rcpt = ""
    clerk, page = signed_in(built_public_app, "clerk_sal"), f"/admin/inquiry/details/?id={record.id}"
    assert "/admin/outside-mails/" not in clerk.get(page).text, "the same address would be refused again"
    changes.update(cls, record.id, {"contact": "right@example.com"}, actor=SYSTEM, version=None)
    form = clerk.form(page, "/admin/outside-mails/")
    (failed,) = get_db()["notice"].find({"channel": OUTSIDE})
    given = {**form, "mail": str(failed["_id"])}
    reader = signed_in(built_public_app, "management")
    assert "/admin/outside-mails/" not in reader.get(page).text
    assert reader.post(form.action, {**given, "csrf_token": reader.token}).status_code in (403, 404)
    for _ in range(2):
        assert clerk.post(form.action, given).status_code == 303
    for nonsense in ("", "x", str(record.id)):
        assert clerk.post(form.action, {**given, "mail": nonsense}).status_code == 404
    do("notices.deliver")
    do("notices.deliver")
    assert [message["To"] for message in box.kept] == ["right@example.com"]
    assert "/admin/outside-mails/" not in clerk.get(page).text


def test_one_address_is_mailed_ten_times_a_day_at_most(company: Any, cls: Any, box: Any) -> None:
    for _ in range(12):
        entered(cls)
    entered(cls, contact="wang@example.com")
    do("notices.deliver")
    assert len(box.kept) == outside.PER_DAY + 1
    assert sorted(row["state"] for row in rows()) == ["failed"] * 2 + ["sent"] * 11
    with later(dt.timedelta(days=1, minutes=1)):
        entered(cls)
        do("notices.deliver")
    assert len(box.kept) == outside.PER_DAY + 2


def test_who_wants_no_more_has_no_more(out: Outside, company: Any, cls: Any, box: Any) -> None:
    solved(cls, entered(cls))
    do("notices.deliver")
    link = str(box.kept[-1]["List-Unsubscribe"]).strip("<>")
    assert box.kept[-1]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = link.removeprefix("https://guicheng.example.com")
    for _ in range(3):
        page = out.get(path)
    assert page.status_code == 200
    assert get_db()["unsubscribed"].count_documents({}) == 0, "a program that opens links ends nothing"
    assert LI not in page.text
    assert LI not in path
    assert out.get(path[:-3] + "abc").status_code == 404
    assert out.client.post(path[:-3] + "abc").status_code == 404
    for _ in range(2):
        answer = out.client.post(path, data={"List-Unsubscribe": "One-Click"}, buffered=True)
        assert answer.status_code == 200
    assert get_db()["unsubscribed"].count_documents({}) == 1
    assert LI not in str(list(get_db()["unsubscribed"].find()))
    solved(cls, entered(cls, contact=LI.upper()))
    do("notices.deliver")
    assert said()[-1] == ("off", "The recipient wants no more mail of this kind.")


def test_without_a_server_the_record_says_so_and_nothing_waits(company: Any, cls: Any) -> None:
    set_post_office(MailSettings())
    entered(cls)
    do("notices.deliver")
    assert said() == [("off", "No mail server is set up.")]


def test_a_server_that_is_away_for_a_while_loses_nothing(company: Any, cls: Any, box: Any) -> None:
    down()
    entered(cls)
    do("notices.deliver")
    assert [row["state"] for row in rows()] == ["waiting"]


def test_it_goes_with_its_record(company: Any, cls: Any, box: Any) -> None:
    record = entered(cls)
    do("notices.deliver")
    with clock.set_to(clock.now() + dt.timedelta(days=400)):
        do("notices.deliver")
        deliveries.settle_restored(None, send=False)
    assert rows()
    assert not get_db()["delivery"].find_one({"channel": OUTSIDE, "forget_at": {"$exists": True}})
    archive._forget({"_id": record.id, "type": "inquiry"}, lambda name: get_db()[name])
    assert not rows()
    assert get_db()["notice"].count_documents({"record": record.id}) == 0


@pytest.mark.parametrize("stop_at", range(1, 12))
def test_killed_at_any_access_it_is_sent_once_or_not_sure(
    company: Any, cls: Any, box: Any, kill_at: Any, stop_at: int
) -> None:
    entered(cls)
    disarm = kill_at(stop_at, deliveries, outside)
    try:
        do("notices.deliver")
        was_killed = False
    except Killed:
        was_killed = True
    assert disarm() == was_killed
    with later():
        do("notices.deliver")
        do("notices.deliver")
    assert len({message["Message-ID"] for message in box.seen}) == len(box.seen) <= 1
    (row,) = rows()
    assert row["state"] in ("sent", "not_sure")
    assert row["state"] != "sent" or len(box.kept) == 1


def test_what_a_page_with_them_asks_is_bounded(company: Any, cls: Any, box: Any) -> None:
    record = entered(cls)
    for _ in range(30):
        changes.move(cls, record.id, "solve", actor=SYSTEM, version=None)
        changes.move(cls, record.id, "reopen", actor=SYSTEM, version=None)
    shown = outside.mails_about(company.fresh(record), SYSTEM)
    assert len(shown) == outside.SHOWN_MAX
    assert {mail.verb for mail in shown} == {"solve"}
