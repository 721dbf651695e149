"""Reminders: each once for its cause, whatever is killed when; moved dates, time zones, short months, outages."""

import datetime as dt

import pytest
from bson import ObjectId
from bson.datetime_ms import DatetimeMS

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, unit
from models.kernel.gate.causes import parsed
from models.kernel.rights import rights
from models.reminders import Reminder, occurrences
from models.services.notify.dates import still_holds
from tasks.engine import run as engine
from tests.fixtures.doing import Killed, do

NINE = dt.time(9)


def at(day, time=NINE, zone=None):
    return dt.datetime.combine(dt.date.fromisoformat(day), time, zone or clock.zone())


def informed(db, **also):
    return list(db["notice"].find({"kind": "reminder", **also}).sort("_id", 1))


@pytest.fixture
def offered(company):
    """Makes quotations that were sent and are valid until a day."""

    def offer(valid_until, state="sent", **values):
        made = company.make("quotation", "clerk_sal", valid_until=dt.date.fromisoformat(valid_until), **values)
        put = {"state": state, "valid_until": at(valid_until, dt.time(), dt.UTC)}
        type(made)._get_collection().update_one({"_id": made.id}, {"$set": put})
        return made

    return offer


@pytest.fixture(autouse=True)
def _today():
    with clock.set_to(at("2025-06-01")):
        yield


class TestDeclared:
    def test_so_many_days_before_and_once(self, company, offered, db):
        record = offered("2025-06-13")
        days = {}
        for day in range(1, 20):
            with clock.set_to(at(f"2025-06-{day:02}")):
                do("reminders.sweep")
                do("reminders.sweep")
                days[day] = len(informed(db, record=record.id))
        assert days == {day: 0 if day < 10 else 1 for day in range(1, 20)}
        [notice] = informed(db, record=record.id)
        assert notice["person"] == company.users["clerk_sal"]
        assert notice["cause"] == f"remind:quotation:{record.id}:valid_until:2025-06-13:3"
        assert "2025-06-13" in notice["text"]["zh-Hant"]
        assert "late" not in notice["text"]["en"]

    def test_not_before_eight_in_the_company(self, offered, db):
        offered("2025-06-13")
        with clock.set_to(at("2025-06-10", dt.time(7, 59))):
            do("reminders.sweep")
        assert not informed(db)
        with clock.set_to(at("2025-06-10", dt.time(8))):
            do("reminders.sweep")
        assert len(informed(db)) == 1

    @pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "Asia/Shanghai"])
    def test_days_are_the_companys(self, offered, db, zone):
        offered("2025-06-13")
        before = clock.zone().key
        try:
            clock.set_zone(zone)
            with clock.set_to(at("2025-06-10", dt.time(7, 59))):
                do("reminders.sweep")
            assert not informed(db)
            with clock.set_to(at("2025-06-10", dt.time(8, 1))):
                do("reminders.sweep")
            assert len(informed(db)) == 1
        finally:
            clock.set_zone(before)

    @pytest.mark.parametrize("state", ["draft", "accepted", "expired"])
    def test_only_in_its_states(self, offered, db, state):
        offered("2025-06-13", state)
        with clock.set_to(at("2025-06-10")):
            do("reminders.sweep")
        assert not informed(db)

    def test_not_for_what_is_removed(self, offered, db):
        record = offered("2025-06-13", "draft")
        changes.remove(type(record), record.id, actor=SYSTEM, version=None)
        type(record)._get_collection().update_one({"_id": record.id}, {"$set": {"state": "sent"}})
        with clock.set_to(at("2025-06-10")):
            do("reminders.sweep")
        assert not informed(db)

    @pytest.mark.parametrize(("state", "count"), [("overdue", 1), ("paid", 0), ("cancelled", 0)])
    def test_no_promise_of_what_was_paid(self, company, db, state, count):
        step = company.make("dunning")
        promised = {"promised_on": at("2025-06-10", dt.time(), dt.UTC), "owner": company.users["clerk_sal"]}
        db["dunning"].update_one({"_id": step.id}, {"$set": promised})
        db["receivable"].update_one({"_id": step.ref("receivable")}, {"$set": {"state": state}})
        with clock.set_to(at("2025-06-10")):
            do("reminders.sweep")
        assert len(informed(db, record=step.id)) == count

    def test_a_moved_date_is_another_reminder(self, offered, db):
        record = offered("2025-06-13")
        rows = type(record)._get_collection()
        rows.update_one({"_id": record.id}, {"$set": {"valid_until": at("2025-06-20", dt.time(), dt.UTC)}})
        for day in range(8, 19):
            with clock.set_to(at(f"2025-06-{day:02}")):
                do("reminders.sweep")
        assert [str(parsed(row["cause"]).date) for row in informed(db)] == ["2025-06-20"]

    def test_what_was_said_of_the_old_date_no_longer_holds(self, offered, db):
        record = offered("2025-06-13")
        with clock.set_to(at("2025-06-10")):
            do("reminders.sweep")
            [notice] = informed(db)
            assert still_holds(parsed(notice["cause"]))
            rows = type(record)._get_collection()
            rows.update_one({"_id": record.id}, {"$set": {"valid_until": at("2025-06-20", dt.time(), dt.UTC)}})
            assert not still_holds(parsed(notice["cause"]))

    def test_after_an_outage_late_and_within_a_bound(self, offered, db):
        near, far = offered("2025-06-13"), offered("2025-06-08")
        with clock.set_to(at("2025-06-14")):
            do("reminders.sweep")
        [notice] = informed(db)
        assert notice["record"] == near.id
        assert "2025-06-10" in notice["text"]["en"]
        assert "comes late" in notice["text"]["en"]
        assert not informed(db, record=far.id)

    @pytest.mark.parametrize(("today", "said"), [
        ("2025-06-10", "in 3 days"), ("2025-06-11", "in 2 days"), ("2025-06-12", "tomorrow"), ("2025-06-13", "is 2025"),
    ])  # fmt: skip
    def test_a_late_one_counts_the_days_from_today(self, offered, db, today, said):
        offered("2025-06-13")
        with clock.set_to(at(today)):
            do("reminders.sweep")
        [notice] = informed(db)
        assert said in notice["text"]["en"]
        assert ("in 3 days" in notice["text"]["en"]) == (today == "2025-06-10")
        assert ("還有 3 天" in notice["text"]["zh-Hant"]) == (today == "2025-06-10")

    def test_on_the_29th_of_february(self, offered, db):
        offered("2028-03-03")
        with clock.set_to(at("2028-02-29")):
            do("reminders.sweep")
        assert len(informed(db)) == 1

    def test_the_head_when_the_owner_is_gone(self, company, offered, db):
        offered("2025-06-13")
        catalogue["user"]._get_collection().update_one({"login": "clerk_sal"}, {"$set": {"active": False}})
        with clock.set_to(at("2025-06-10")):
            do("reminders.sweep")
        assert [row["person"] for row in informed(db)] == [company.users["head_sal"]]

    def test_the_head_above_when_the_department_has_none(self, company, offered, db):
        users = catalogue["user"]._get_collection()
        users.update_many({"login": {"$in": ["clerk_sal", "head_sal"]}}, {"$set": {"active": False}})
        above = company.department("MGT")
        changes.update(
            catalogue["department"], company.department("SAL"), {"parent": above}, actor=SYSTEM, version=None
        )
        users.update_one({"login": "management"}, {"$push": {"roles": "head"}, "$set": {"department": above}})
        offered("2025-06-13")
        with clock.set_to(at("2025-06-10")):
            assert do("reminders.sweep")["sent"] == 1
        assert [row["person"] for row in informed(db)] == [company.users["management"]]

    def test_it_when_there_is_nobody(self, company, offered, db):
        gone = {"login": {"$in": ["clerk_sal", "head_sal", "management"]}}
        db["user"].update_many(gone, {"$set": {"active": False}})
        record = offered("2025-06-13")
        for day in (10, 10, 11):
            with clock.set_to(at(f"2025-06-{day}")):
                assert do("reminders.sweep") == {"sent": 0, "unreached": 1}
        [alarm] = db["notice"].find()
        assert (alarm["person"], alarm["kind"]) == (company.users["it"], "alarm")
        assert (alarm["type"], alarm["record"]) == ("department", company.department("SAL"))
        assert f"報價單 {record.number}" in alarm["text"]["zh-Hant"]
        db["user"].update_one({"login": "head_sal"}, {"$set": {"active": True}})
        with clock.set_to(at("2025-06-12")):
            assert do("reminders.sweep") == {"sent": 1}
        assert [row["person"] for row in informed(db)] == [company.users["head_sal"]]

    @pytest.mark.parametrize("damage", [
        {"title": 5}, {"lines": [5]}, {"lines": "none"}, {"number": 7}, {"owner": "x"}, {"department": "x"},
        {"tags": "x"}, {"nonsense": 1}, {"chain": 3}, {"version": "x"},
        {"created_at": DatetimeMS(10**16)},
    ], ids=lambda damage: next(iter(damage)))  # fmt: skip
    def test_a_damaged_record_keeps_no_other_back(self, company, offered, db, damage):
        bad, good = sorted((offered("2025-06-13"), offered("2025-06-13")), key=lambda record: record.id)
        values = {"text": "致電", "at": at("2025-06-10", dt.time(8))}
        mine = [changes.create(Reminder, values, actor=company.actor("clerk_mkt")) for _ in range(2)]
        db["quotation"].update_one({"_id": bad.id}, {"$set": damage})
        db["reminder"].update_one({"_id": mine[0].id}, {"$set": {"created_at": "yesterday", "note": 7}})
        with clock.set_to(at("2025-06-10")):
            counts = do("reminders.sweep")
        assert {good.id, mine[1].id} <= {row["record"] for row in informed(db)}
        assert counts.get("damaged", 0) + counts.get("unreached", 0) + counts["sent"] == 4

    def test_more_than_one_batch(self, offered, db, monkeypatch):
        monkeypatch.setattr(engine, "BATCH", 2)
        customer = offered("2025-06-13").ref("customer")
        for _ in range(4):
            offered("2025-06-13", customer=customer)
        with clock.set_to(at("2025-06-10")):
            assert do("reminders.sweep")["sent"] == 5
        assert len(informed(db)) == 5

    def test_goes_on_from_its_checkpoint(self, offered, db):
        first, second = sorted((offered("2025-06-13"), offered("2025-06-13")), key=lambda record: record.id)
        with clock.set_to(at("2025-06-10")):
            do("reminders.sweep", sweep="quotation:valid_until:3", after=first.id)
        assert [row["record"] for row in informed(db)] == [second.id]


class TestOwn:
    @pytest.fixture
    def wish(self, company):
        def make(first, recurring="none", login="clerk_sal", **values):
            content = {"text": "致電客戶", "at": first, "recurring": recurring, **values}
            return changes.create(Reminder, content, actor=company.actor(login))

        return make

    def test_once_and_only_the_owner(self, company, wish, db):
        made = wish(at("2025-06-02", dt.time(15, 30)))
        for time, count in ((dt.time(15, 29), 0), (dt.time(15, 30), 1), (dt.time(18), 1)):
            with clock.set_to(at("2025-06-02", time)):
                do("reminders.sweep")
                assert len(informed(db)) == count
        [notice] = informed(db)
        assert notice["person"] == company.users["clerk_sal"]
        assert notice["record"] == made.id
        assert "致電客戶" in notice["text"]["zh-Hant"]

    def test_everybody_has_their_own_and_sees_no_other(self, company, wish):
        made = {login: wish(at("2025-06-02"), login=login) for login in company.logins}
        for login in company.logins:
            actor = company.actor(login)
            for owner, record in made.items():
                if owner == login:
                    assert rights.find(actor, Reminder, record.id)
                else:
                    with pytest.raises(Missing):
                        rights.find(actor, Reminder, record.id)

    def test_no_deputy_reads_it(self, company, wish):
        made = wish(at("2025-06-02"))
        values = {"absent_from": clock.today(), "deputy": company.users["clerk_sal2"]}
        changes.update(catalogue["user"], company.users["clerk_sal"], values, actor=SYSTEM, version=None)
        deputy = company.actor("clerk_sal2")
        assert deputy.principals
        with pytest.raises(Missing):
            rights.find(deputy, Reminder, made.id)

    def test_a_linked_record_is_where_the_notice_leads(self, company, wish, db):
        customer = company.make("customer", "clerk_sal")
        wish(at("2025-06-02"), about=f"customer/{customer.id}")
        with clock.set_to(at("2025-06-02")):
            do("reminders.sweep")
        assert [(row["type"], row["record"]) for row in informed(db)] == [("customer", customer.id)]

    def test_a_link_that_is_none(self, wish):
        for about in ("x", "customer", "customer/1", "nothing/65a1b2c3d4e5f60718293a4b", "http://x/"):
            with pytest.raises(Refused):
                wish(at("2025-06-02"), about=about)

    def test_a_time_that_has_passed(self, wish):
        with pytest.raises(Refused):
            wish(at("2025-05-30"))

    def test_inactive_ones_are_silent(self, wish, db):
        wish(at("2025-06-02"), active=False)
        with clock.set_to(at("2025-06-02", dt.time(12))):
            do("reminders.sweep")
        assert not informed(db)

    def test_after_an_outage_the_last_one_marked_late(self, wish, db):
        wish(at("2025-06-02"), "daily")
        with clock.set_to(at("2025-06-02")):
            do("reminders.sweep")
        with clock.set_to(at("2025-06-06", dt.time(12))):
            do("reminders.sweep")
            do("reminders.sweep")
        texts = [row["text"]["en"] for row in informed(db)]
        assert len(texts) == 2
        assert "2025-06-06 09:00" in texts[1]

    @pytest.mark.parametrize(("first", "recurring", "expected"), [
        ("2027-12-31", "monthly", ["12-31", "01-31", "02-29", "03-31", "04-30", "05-31"]),
        ("2027-12-30", "monthly", ["12-30", "01-30", "02-29", "03-30", "04-30", "05-30"]),
        ("2028-05-20", "weekly", ["05-20", "05-27"]),
        ("2028-05-28", "daily", ["05-28", "05-29", "05-30", "05-31"]),
        ("2028-05-28", "none", ["05-28"]),
    ])  # fmt: skip
    def test_when_it_recurs(self, first, recurring, expected):
        content = {"at": at(first).astimezone(dt.UTC), "recurring": recurring}
        result = list(occurrences(content, at("2027-01-01"), at("2028-05-31", dt.time(23))))
        assert [f"{item.astimezone(clock.zone()):%m-%d}" for item in result] == expected
        assert {item.astimezone(clock.zone()).time() for item in result} == {NINE}

    def test_the_same_time_of_day_when_clocks_are_moved(self):
        before = clock.zone().key
        try:
            clock.set_zone("Europe/Berlin")
            content = {"at": at("2025-03-28").astimezone(dt.UTC), "recurring": "daily"}
            result = list(occurrences(content, at("2025-03-28"), at("2025-04-01")))
            assert [item.hour for item in result] == [8, 8, 7, 7, 7]
        finally:
            clock.set_zone(before)


@pytest.mark.parametrize("stop_at", range(1, 9))
def test_killed_anywhere_and_run_again(company, offered, db, kill_at, stop_at):
    """Notices are written in one transaction each; the second run writes what the first had left."""
    customer = offered("2025-06-13").ref("customer")
    for _ in range(2):
        offered("2025-06-13", customer=customer)
    with clock.set_to(at("2025-06-10")):
        disarm = kill_at(stop_at, unit)
        try:
            do("reminders.sweep")
        except Killed:
            assert len(informed(db)) == stop_at - 1
        was_killed = disarm()
        assert was_killed == (stop_at <= 3)
        do("reminders.sweep")
    assert len(informed(db)) == len({row["cause"] for row in informed(db)}) == 3
    assert ObjectId.is_valid(informed(db)[0]["_id"])
