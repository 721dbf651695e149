"""Mail and digests: what is sent when, once, and what was read meanwhile is not."""

import datetime as dt
from decimal import Decimal

import pytest
from bson import ObjectId

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.notices import About
from models.mailing import MailSettings, mail_settings, set_post_office
from models.services.notify import deliveries, preferences
from models.services.notify.deliveries import next_digest
from tasks.messages.mail import MailMessage, RefusedForGood, message_of
from tests.fixtures.doing import do
from tests.tasks.delivery.doing import NOW, down, later, make_dunning, mark_overdue, say, states


class TestMail:
    def test_once_in_the_persons_language_with_a_link(self, staff, box, db):
        about = About("task_run", ObjectId())
        say(staff.users["it"], about=about)
        say(staff.users["head_sal"], about=about)
        for _ in range(3):
            do("notices.deliver")
        english, chinese = sorted(box.kept, key=lambda row: row["To"], reverse=True)
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
        assert not [row for row in box.seen if row["To"].startswith("王建國")]
        assert db["delivery"].find_one({"notice": waits["_id"]})["state"] == "off"

    def test_a_decision_that_still_waits(self, staff, box, db):
        staff.walk(staff.make("quotation", "clerk_sal"), "submitted")
        do("notices.deliver")
        assert [row["To"] for row in box.kept] == ["王建國 <head_sal@example.com>"]

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
        assert [row["Subject"] for row in box.kept] == ["The disk is nearly full."]
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
        start, end = (dt.datetime.fromisoformat(item).replace(tzinfo=dt.UTC) for item in (moment, expected))
        assert next_digest(start, hour) == end
