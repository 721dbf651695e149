"""Delivery with a real mail server: each once; refused, down, broken off before the answer; killed at any write."""

import dataclasses
import datetime as dt
import ipaddress
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from decimal import Decimal
from functools import partial

import pytest
from aiosmtpd.smtp import AuthResult
from bson import ObjectId
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.kernel.gate.notices import About, notice_for
from models.kernel.gate.unit import in_transaction
from models.mailing import MailSettings, mail_settings, set_post_office
from models.services.notify import deliveries, preferences
from models.services.notify.deliveries import next_digest
from tasks.messages import chat
from tasks.messages.mail import MailMessage, RefusedForGood, message_of
from tests.fixtures.doing import Killed, do, sweep_on
from tests.fixtures.post import MailServer

make_dunning = partial(sweep_on, "make_dunning")
mark_overdue = partial(sweep_on, "mark_overdue")

NOW = dt.datetime(2025, 6, 2, 2, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def box(mail_box):
    with clock.set_to(NOW):
        yield mail_box


@pytest.fixture
def staff(company, box):
    for login in ("clerk_sal", "head_sal", "it"):
        change = {"mail": f"{login}@example.com", "locale": "en" if login == "it" else "zh-Hant"}
        changes.update(catalogue["user"], company.users[login], change, actor=SYSTEM, version=None)
    return company


def say(person, cause="alarm:1", kind="alarm", text="The disk is nearly full.", about=None):
    words, record = L(text, f"{text}（中文）"), about or About("task_run", ObjectId())
    notice = notice_for(person, cause=cause, kind=kind, words=words, record=record)
    in_transaction(lambda unit: unit.notify(notice))


def later(moment=HOUR):
    return clock.set_to(clock.now() + moment)


def states(db):
    return sorted(row["state"] for row in db["delivery"].find())


def down():
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    set_post_office(MailSettings(host="127.0.0.1", security="none", port=port, sender="guicheng@example.com"))


class TestMail:
    def test_once_in_the_persons_language_with_a_link(self, staff, box, db):
        about = About("task_run", ObjectId())
        say(staff.users["it"], about=about)
        say(staff.users["head_sal"], about=about)
        for _ in range(3):
            do("notices.deliver")
        english, chinese = sorted(box.kept, key=lambda one: one["To"], reverse=True)
        assert english["To"] == "高子傑 <it@example.com>"
        assert english["Subject"] == "The disk is nearly full."
        assert f"https://guicheng.example.com/admin/task_run/details/?id={about.id}" in english.get_content()
        assert "（中文）" in chinese["Subject"]
        assert "王建國：" in chinese.get_content()
        key = db["delivery"].find_one({"person": staff.users["it"]})["_id"]
        assert english["Message-ID"] == f"<{key}@example.com>"
        assert states(db) == ["sent", "sent"]

    def test_only_kinds_that_are_chosen(self, staff, box, db):
        say(staff.users["it"], "a", "result")
        do("notices.deliver")
        assert not box.kept
        values = {"mail": ["result"], "in_chat": [], "digest": False, "digest_hour": 8}
        preferences.choose(staff.users["it"], values)
        say(staff.users["it"], "b", "result")
        say(staff.users["it"], "c", "alarm")
        do("notices.deliver")
        assert len(box.kept) == 1

    def test_no_mail_without_a_server_or_an_address(self, staff, box, db):
        say(staff.users["management"])
        do("notices.deliver")
        set_post_office(MailSettings())
        say(staff.users["it"])
        do("notices.deliver")
        assert states(db) == []
        assert db["notice"].count_documents({"routed": True}) == 2

    def test_nothing_that_is_old(self, staff, box, db):
        say(staff.users["it"])
        with later(dt.timedelta(days=8)):
            do("notices.deliver")
        assert not box.kept
        assert states(db) == []

    def test_what_is_read_aloud_cannot_add_headers(self, staff, box):
        say(staff.users["it"], text="Hello\r\nBcc: all@example.com\r\n\r\nBody\x00\u2028x")
        changes.update(catalogue["user"], staff.users["it"], {"name": "高, <x@y.z>; 子"}, actor=SYSTEM, version=None)
        do("notices.deliver")
        [message] = box.kept
        assert message["Bcc"] is None
        assert message["To"].addresses[0].addr_spec == "it@example.com"
        assert len(message["To"].addresses) == 1
        assert "Bcc: all@example.com" in message["Subject"]

    @pytest.mark.parametrize("to", ["", "x", "a@b\r\nBcc: c@d", "ü@example.com", "a b@example.com", "a@b@c,d@e"])
    def test_addresses_that_are_none(self, box, to):
        with pytest.raises(RefusedForGood):
            message_of(MailMessage(to=to, name="x", subject="x", text="x", key="x"), mail_settings())

    def test_a_user_who_left_gets_nothing(self, staff, box, db):
        say(staff.users["it"])
        deliveries.route(has_mail=True)
        catalogue["user"]._get_collection().update_one({"login": "it"}, {"$set": {"active": False}})
        do("notices.deliver")
        assert not box.seen
        assert states(db) == ["off"]

    def test_nothing_of_what_may_no_longer_be_read(self, staff, box, db):
        say(staff.users["clerk_sal"], about=staff.make("customer", "clerk_sal"), kind="decision", cause="x")
        say(staff.users["clerk_sal"], about=staff.make("customer", "clerk_sal"), kind="alarm", cause="y")
        move = {"department": staff.department("MKT"), "roles": ["clerk"]}
        changes.update(catalogue["user"], staff.users["clerk_sal"], move, actor=SYSTEM, version=None)
        do("notices.deliver")
        assert not box.seen
        assert states(db) == ["off", "off"]


class TestDoneMeanwhile:
    def test_a_decision_that_was_given(self, staff, box, db):
        quotation = staff.walk(staff.make("quotation", "clerk_sal"), "submitted")
        waits = db["notice"].find_one({"kind": "decision"})
        assert waits["person"] == staff.users["head_sal"]
        deliveries.route(has_mail=True)
        staff.walk(quotation, "approved")
        do("notices.deliver")
        assert not [one for one in box.seen if one["To"].startswith("王建國")]
        assert db["delivery"].find_one({"notice": waits["_id"]})["state"] == "off"

    def test_a_decision_that_still_waits(self, staff, box, db):
        staff.walk(staff.make("quotation", "clerk_sal"), "submitted")
        do("notices.deliver")
        assert [one["To"] for one in box.kept] == ["王建國 <head_sal@example.com>"]

    def test_a_date_that_was_moved(self, staff, box, db):
        made = staff.make("quotation", "clerk_sal", valid_until=dt.date(2025, 6, 5))
        rows = type(made)._get_collection()
        rows.update_one({"_id": made.id}, {"$set": {"state": "sent"}})
        do("reminders.sweep")
        deliveries.route(has_mail=True)
        rows.update_one({"_id": made.id}, {"$set": {"valid_until": dt.datetime(2025, 6, 20, tzinfo=dt.UTC)}})
        do("notices.deliver")
        assert not box.seen
        with clock.set_to(dt.datetime(2025, 6, 17, 2, tzinfo=dt.UTC)):
            do("reminders.sweep")
            do("notices.deliver")
        assert len(box.kept) == 1
        assert "2025-06-20" in box.kept[0]["Subject"]

    @pytest.fixture
    def all_kinds(self, staff):
        values = {"mail": ["dunning", "reminder"], "in_chat": [], "digest": False, "digest_hour": 8}
        preferences.choose(staff.users["clerk_sal"], values)
        return {"department": staff.department("SAL"), "owner": staff.users["clerk_sal"]}

    @pytest.mark.parametrize("is_paid", [False, True])
    def test_money_that_came_in_while_the_server_was_down(self, staff, box, db, all_kinds, is_paid):
        today = clock.today()
        made = {name: staff.make(name, "clerk_sal").id for name in ("customer", "contract")}
        money = {
            "due": today - dt.timedelta(days=8),
            "amount": Decimal(1000),
            "received": Decimal(0),
            "currency": "CNY",
        }
        owed = changes.create(catalogue["receivable"], {**all_kinds, **made, **money, "instalment": 2}, actor=SYSTEM)
        mark_overdue(today)
        make_dunning(today)
        up = mail_settings()
        down()
        do("notices.deliver")
        if is_paid:
            facts = {"receivable": owed.id, "department": owed.ref("department"), "method": "transfer"}
            changes.create(catalogue["payment"], {**facts, "paid_on": today, "amount": Decimal(1000)}, actor=SYSTEM)
        set_post_office(up)
        with later():
            do("notices.deliver")
        row = db["delivery"].find_one({"kind": "dunning"})
        assert row["state"] == ("off" if is_paid else "sent")
        assert len(box.kept) == (0 if is_paid else 1)

    @pytest.mark.parametrize(("change", "state"), [
        ({"state": "on_loan"}, "sent"),
        ({"state": "returned"}, "off"),
        ({"due": NOW + dt.timedelta(days=9)}, "off"),
    ])  # fmt: skip
    def test_a_copy_that_was_brought_back_while_the_server_was_down(self, staff, box, db, all_kinds, change, state):
        loan = staff.make("loan")
        out = {"kind": "paper", "state": "on_loan", "due": clock.now() - dt.timedelta(days=4), "copy": 1}
        db["loan"].update_one({"_id": loan.id}, {"$set": {**out, **all_kinds, "borrower": all_kinds["owner"]}})
        do("loans.remind")
        up = mail_settings()
        down()
        do("notices.deliver")
        db["loan"].update_one({"_id": loan.id}, {"$set": change})
        set_post_office(up)
        with later():
            do("notices.deliver")
        assert db["delivery"].find_one({"kind": "reminder", "person": all_kinds["owner"]})["state"] == state


class TestFaults:
    def test_down_for_an_hour(self, staff, box, db):
        up = mail_settings()
        down()
        for number in range(3):
            say(staff.users["it"], f"alarm:{number}")
        for minutes in range(0, 60, 5):
            with later(dt.timedelta(minutes=minutes)):
                do("notices.deliver")
        assert states(db) == ["waiting"] * 3
        problem = db["delivery"].find_one({"attempts": {"$gt": 0}})["problem"]
        assert "Refused" in problem["en"]
        assert problem["zh-Hans"].startswith("无法连接邮件服务器")
        set_post_office(up)
        with later(dt.timedelta(minutes=75)):
            do("notices.deliver")
            do("notices.deliver")
        assert len(box.kept) == len({one["Message-ID"] for one in box.kept}) == 3
        assert states(db) == ["sent"] * 3

    def test_what_a_wrong_clock_put_off_goes_out(self, staff, box, db):
        say(staff.users["it"], "one")
        say(staff.users["head_sal"], "two")
        up = mail_settings()
        down()
        with later(dt.timedelta(days=365)):
            db["notice"].update_many({}, {"$set": {"at": clock.now()}})
            deliveries.route(has_mail=True)
            assert deliveries.take("mail")
            do("notices.deliver")
        set_post_office(up)
        do("notices.deliver")
        assert len(box.kept) == 2

    def test_down_for_days_is_shown(self, staff, box, db):
        down()
        say(staff.users["it"])
        do("notices.deliver")
        with later(dt.timedelta(days=3, hours=1)):
            do("notices.deliver")
        assert states(db) == ["failed"]

    @pytest.mark.parametrize(("place", "answer", "state"), [
        ("rcpt", "550 no such user", "failed"),
        ("rcpt", "450 try later", "waiting"),
        ("data", "554 we do not like it", "failed"),
        ("data", "452 disk full", "waiting"),
    ])  # fmt: skip
    def test_refused(self, staff, box, db, place, answer, state):
        say(staff.users["it"], "one")
        say(staff.users["head_sal"], "two")
        setattr(box, place, answer)
        do("notices.deliver")
        assert states(db) == [state, state]
        assert answer.split(maxsplit=1)[1] in db["delivery"].find_one()["problem"]
        setattr(box, place, "")
        with later():
            do("notices.deliver")
        assert len(box.kept) == (2 if state == "waiting" else 0)

    def test_one_refused_address_stops_no_other(self, staff, box, db):
        catalogue["user"]._get_collection().update_one({"login": "head_sal"}, {"$set": {"mail": "ü@example.com"}})
        say(staff.users["head_sal"], "one")
        say(staff.users["it"], "two")
        do("notices.deliver")
        assert states(db) == ["failed", "sent"]
        assert "不是邮箱地址" in db["delivery"].find_one({"state": "failed"})["problem"]["zh-Hans"]

    def test_a_damaged_record_stops_no_other_mail(self, staff, box, db):
        bad = staff.make("customer", "clerk_sal")
        say(staff.users["clerk_sal"], "one", about=bad)
        say(staff.users["it"], "two")
        db["customer"].update_one({"_id": bad.id}, {"$set": {"contacts": [5], "nonsense": 1}})
        counts = do("notices.deliver")
        assert (counts["sent"], counts["damaged"]) == (1, 1)
        assert states(db) == ["failed", "sent"]
        assert "記錄損壞" in db["delivery"].find_one({"state": "failed"})["problem"]["zh-Hant"]

    def test_broken_off_before_the_answer_is_not_sure_and_not_sent_again(self, staff, box, db):
        say(staff.users["it"])
        box.breaks_off = True
        do("notices.deliver")
        box.breaks_off = False
        assert states(db) == ["not_sure"]
        assert "收到答覆前連接中斷" in db["delivery"].find_one()["problem"]["zh-Hant"]
        for hours in (1, 24):
            with later(hours * HOUR):
                do("notices.deliver")
        assert len(box.seen) == 1
        row = db["delivery"].find_one()
        assert deliveries.send_again(row["_id"], staff.users["it"]) == 1
        do("notices.deliver")
        assert len({one["Message-ID"] for one in box.seen}) == 1
        assert len(box.kept) == 1
        assert deliveries.send_again(row["_id"], staff.users["it"]) == 0

    def test_left_alone(self, staff, box, db):
        say(staff.users["it"])
        box.rcpt = "550 no"
        do("notices.deliver")
        assert deliveries.let_be(db["delivery"].find_one()["_id"], staff.users["it"]) == 1
        assert states(db) == ["off"]
        assert deliveries.stuck_count() == 0


class TestDigest:
    @pytest.fixture
    def gathered(self, staff):
        values = {"mail": ["result", "alarm"], "in_chat": [], "digest": True, "digest_hour": 17}
        preferences.choose(staff.users["it"], values)
        return staff.users["it"]

    def test_one_mail_a_day(self, gathered, box, db):
        for number in range(3):
            say(gathered, f"n{number}", "result", f"Case {number}.")
        say(gathered, "urgent")
        do("notices.deliver")
        assert [one["Subject"] for one in box.kept] == ["The disk is nearly full."]
        with clock.set_to(dt.datetime(2025, 6, 2, 9, tzinfo=dt.UTC)):
            do("notices.deliver")
            say(gathered, "n4", "result", "Case 4.")
            do("notices.deliver")
        digest = box.kept[1]
        assert digest["Subject"] == "Guicheng: 3 notices of today"
        assert all(f"Case {number}." in digest.get_content() for number in range(3))
        assert len(box.kept) == 2
        with clock.set_to(dt.datetime(2025, 6, 3, 9, tzinfo=dt.UTC)):
            do("notices.deliver")
        assert len(box.kept) == 3
        assert "Case 4." in box.kept[2].get_content()

    @pytest.mark.parametrize(("moment", "hour", "expected"), [
        ("2025-06-02T08:59", 17, "2025-06-02T09:00"),
        ("2025-06-02T09:00", 17, "2025-06-03T09:00"),
        ("2028-02-28T20:00", 0, "2028-02-29T16:00"),
    ])  # fmt: skip
    def test_the_hour_is_the_companys(self, moment, hour, expected):
        start, end = (dt.datetime.fromisoformat(one).replace(tzinfo=dt.UTC) for one in (moment, expected))
        assert next_digest(start, hour) == end


class TestChat:
    @pytest.fixture
    def sent(self, staff, monkeypatch):
        values = {"mail": [], "in_chat": ["alarm"], "digest": False, "digest_hour": 8}
        preferences.choose(staff.users["it"], values)
        preferences.keep_chat(staff.users["it"], "feishu://abcdefgh-abcd")
        found = []

        class Taken:
            answer = True

            def __init__(self, address):
                self.address = address

            def notify(self, body, title):
                found.append((self.address, title, body))
                return Taken.answer

        stand_in = type(
            "Apprise", (), {"instantiate": staticmethod(lambda address, suppress_exceptions: Taken(address))}
        )
        monkeypatch.setattr(chat, "_apprise", lambda: type("apprise", (), {"Apprise": stand_in}))
        found.append(Taken)
        return found

    def test_once(self, staff, sent, db):
        say(staff.users["it"])
        do("notices.deliver")
        do("notices.deliver")
        [_, (address, title, body)] = sent
        assert address == "feishu://abcdefgh-abcd"
        assert title == "Guicheng: Alarms of the system"
        assert "disk" in body
        raw = db["notice_preference"].find_one()["chat"]
        assert b"feishu" not in raw

    def test_a_few_times_when_it_is_not_taken(self, staff, sent, db):
        sent[0].answer = False
        say(staff.users["it"])
        for hours in range(10):
            with later(hours * HOUR):
                do("notices.deliver")
        assert len(sent) - 1 == 5
        assert states(db) == ["failed"]
        assert db["delivery"].find_one()["problem"]["zh-Hant"] == "聊天服務未接收消息。"

    def test_addresses_that_are_not_allowed(self, db):
        for address in (
            "json://127.0.0.1:8000/", "http://10.0.0.1/", "mailto://a:b@c.d", "file:///etc/passwd", "feishu:x", "x",
            "feishu://a b", "feishu://\r\n", "tgram://" + "x" * 500, "slack://a?cto=900", "FEISHU2://x", "[", "syslog://",
        ):  # fmt: skip
            with pytest.raises(Refused):
                preferences.keep_chat(ObjectId(), address)

    @pytest.mark.filterwarnings("ignore:.imghdr. is deprecated:DeprecationWarning")  # by one of its 170 chats
    @pytest.mark.parametrize("address", [
        "dingtalk://abc12345678901234567/13800000000",
        "wecombot://693a91f6-7aaa-4bc4-97a0-0ec2sifa5aaa",
        "feishu://abcdefgh-abcd",
        "tgram://123456789:abcdefghijklmnopqrstuvwxyzABCDEFGH/12315544/",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/",
    ])  # fmt: skip
    def test_addresses_that_the_library_knows(self, db, address):
        assert preferences.is_chat(address)
        assert chat._apprise().Apprise.instantiate(address) is not None


@pytest.mark.parametrize("stop_at", range(1, 16))
def test_killed_at_any_access_and_run_again(staff, box, db, kill_at, stop_at):
    """Sent once each; the one that was handed over when the process died is not sure, and is not sent again."""
    for number in range(2):
        say(staff.users["it"], f"alarm:{number}")
    disarm = kill_at(stop_at, deliveries)
    try:
        do("notices.deliver")
        was_killed = False
    except Killed:
        was_killed = True
    assert disarm() == was_killed
    with later():
        do("notices.deliver")
        do("notices.deliver")
    ids = [one["Message-ID"] for one in box.kept]
    assert len(ids) == len(set(ids))
    assert len(db["delivery"].distinct("_id")) == 2
    unsure = db["delivery"].count_documents({"state": "not_sure"})
    assert db["delivery"].count_documents({"state": "sent"}) == 2 - unsure
    assert 2 - unsure <= len(ids) <= 2
    assert unsure <= 1


def test_two_workers_at_once(staff, box, db):
    for number in range(30):
        say(staff.users["it"], f"alarm:{number}")
    with ThreadPoolExecutor(3) as pool:
        done = [pool.submit(copy_context().run, do, "notices.deliver") for _ in range(3)]
    assert sum(one.result().get("sent", 0) for one in done) == 30
    assert len({one["Message-ID"] for one in box.kept}) == len(box.kept) == 30
    assert set(states(db)) == {"sent"}


class TestEncrypted:
    """The way to the mail server: STARTTLS with a known certificate, then the login."""

    @pytest.fixture
    def certified(self, tmp_path):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
        today = dt.datetime.now(dt.UTC)
        made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        made = made.serial_number(7).not_valid_before(today - HOUR).not_valid_after(today + 24 * HOUR)
        here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        made = made.add_extension(here, False).add_extension(x509.BasicConstraints(True, None), True)
        file = tmp_path / "certificate.pem"
        told = made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
        file.write_bytes(told + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return file

    @pytest.fixture
    def server(self, box, certified):
        def check(_server, _session, _envelope, _mechanism, data):
            return AuthResult(success=(data.login, data.password) == (b"guicheng", b"secret"), handled=False)

        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certified)
        made = MailServer(box, tls_context=context, require_starttls=True, authenticator=check, auth_required=True)
        made.start()
        told = {"host": "127.0.0.1", "port": made.port, "sender": "guicheng@example.com", "user": "guicheng"}
        set_post_office(MailSettings(**told, password="secret"))
        yield made
        made.stop()

    def test_sent_after_login(self, staff, server, box, certified, monkeypatch):
        monkeypatch.setenv("SSL_CERT_FILE", str(certified))
        say(staff.users["it"])
        do("notices.deliver")
        assert len(box.kept) == 1

    def test_a_wrong_password_waits_for_it(self, staff, server, box, certified, monkeypatch, db):
        monkeypatch.setenv("SSL_CERT_FILE", str(certified))
        set_post_office(dataclasses.replace(mail_settings(), password="wrong"))
        say(staff.users["it"])
        do("notices.deliver")
        assert states(db) == ["waiting"]
        problem = db["delivery"].find_one()["problem"]["en"]
        assert "535" in problem
        assert "wrong" not in problem
        assert "wrong" not in repr(mail_settings())

    def test_nothing_is_said_to_a_server_that_nobody_vouches_for(self, staff, server, box, db):
        say(staff.users["it"])
        do("notices.deliver")
        assert not box.seen
        assert states(db) == ["waiting"]
        assert "certificate" in db["delivery"].find_one()["problem"]["en"]


def test_what_did_not_arrive_is_said_on_its_record(staff, box, db, browser_as):
    customer = staff.make("customer", "clerk_sal")
    db["notice"].delete_many({})
    say(staff.users["head_sal"], about=About("customer", customer.id))
    page = f"/admin/customer/details/?id={customer.id}"
    clerk = browser_as("clerk_sal")
    box.rcpt = "550 no such person"
    assert "未收到通知" not in clerk.page(page).text
    do("notices.deliver")
    assert states(db) == ["failed"]
    assert "以郵件方式通知 王建國：失敗" in clerk.page(page).text
    other = staff.make("customer", "clerk_sal", name="另一家有限公司")
    assert "未收到通知" not in clerk.page(f"/admin/customer/details/?id={other.id}").text
    box.rcpt = ""
    deliveries.send_again(db["delivery"].find_one()["_id"], None)
    do("notices.deliver")
    assert "未收到通知" not in clerk.page(page).text


def test_what_a_restore_held_back_waits_for_it(staff, box, db, browser_as):
    for cause in ("a", "b"):
        say(staff.users["it"], cause=cause)
    db["notice"].update_many({}, {"$set": {"restored": True}})  # as park.py marks them
    for _ in range(2):
        do("notices.deliver")
    assert states(db) == ["restored", "restored"]
    assert not box.seen
    it = browser_as("it")
    page = it.page("/admin/deliveries/")
    assert "restored from a backup" in page.text
    assert "2" in it.page("/admin/").text
    key = db["delivery"].find_one()["_id"]
    assert it.post("/admin/deliveries/again/", {"id": key}).status_code == 302
    do("notices.deliver")
    assert (states(db), len(box.kept)) == (["restored", "sent"], 1)
    form = it.page("/admin/deliveries/").form("/admin/deliveries/restored/")
    assert browser_as("clerk_sal").post(form.action, {"what": "send"}).status_code in (403, 404)
    it.post(form.action, {**form, "what": "leave"})
    do("notices.deliver")
    assert (states(db), len(box.kept)) == (["off", "sent"], 1)
    db["delivery"].update_many({"state": "off"}, {"$set": {"state": "restored"}})
    it.post(form.action, {"what": "send"})
    do("notices.deliver")
    assert (states(db), len(box.kept)) == (["sent", "sent"], 2)


class TestLoans:
    """A copy that is kept for somebody is a matter of a kind of its own, which can go by mail and chat."""

    @pytest.fixture
    def kept(self, staff):
        """A loan whose copy was just kept for the clerk."""
        document = staff.walk(staff.make("document", "clerk_sal"), "approved")
        line = type(document)._fields["copies"].field.document_type
        changes.update(
            type(document), document.id, {"copies": [line(number=1, condition="good")]}, actor=SYSTEM, version=None
        )
        values = {"document": document.id, "kind": "paper", "purpose": "核對"}
        made = changes.create(catalogue["loan"], values, actor=staff.actor("clerk_sal"))
        return changes.move(
            catalogue["loan"], made.id, "approve", actor=staff.actor("records"), version=staff.fresh(made).version
        )

    def test_the_borrower_is_mailed_of_the_kept_copy_and_of_the_result(self, staff, box, db, kept):
        do("notices.deliver")
        kinds = db["delivery"].distinct("kind", {"person": staff.users["clerk_sal"], "state": "sent"})
        assert kinds == ["loan"]
        assert any(kept.number in mail["Subject"] for mail in box.kept)

    def test_the_result_of_a_loan_goes_by_mail_to_who_wants_results(self, staff, box, db):
        values = {"mail": ["result", "loan"], "in_chat": [], "digest": False, "digest_hour": 8}
        preferences.choose(staff.users["clerk_sal"], values)
        document = staff.walk(staff.make("document", "clerk_sal"), "approved")
        made = changes.create(
            catalogue["loan"],
            {"document": document.id, "kind": "paper", "purpose": "核對"},
            actor=staff.actor("clerk_sal"),
        )
        do("notices.deliver")
        fresh = staff.fresh(made)
        reason = changes.Context(reason="另有用途")
        changes.move(
            catalogue["loan"], made.id, "refuse", actor=staff.actor("records"), version=fresh.version, context=reason
        )
        do("notices.deliver")
        assert db["delivery"].find_one({"record": made.id, "kind": "result"})["state"] == "sent"

    def test_nobody_is_mailed_of_a_copy_that_was_handed_out_meanwhile(self, staff, box, db, kept):
        with later():
            fresh = staff.fresh(kept)
            changes.move(catalogue["loan"], kept.id, "cancel", actor=staff.actor("clerk_sal"), version=fresh.version)
            do("notices.deliver")
        assert db["delivery"].find_one({"record": kept.id, "kind": "loan"})["state"] == "off"
