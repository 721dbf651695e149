"""How people choose to be told, what IT sees of what is stuck, and the calendar feed that only its token opens."""

import datetime as dt
import re

import pytest
from bson import ObjectId
from icalendar import Calendar

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.kernel.gate.notices import About, notice_for
from models.kernel.gate.unit import in_transaction
from models.kernel.gate.waiting import COLLECTION as CASES
from models.reminders import Reminder
from models.services.notify import deliveries
from models.services.notify.preferences import MAILED, preferences_of, whose_feed
from tasks.messages.chat import NOT_TAKEN

NOW = dt.datetime(2025, 6, 2, 2, tzinfo=dt.UTC)
PAGE = "/admin/preferences/"


@pytest.fixture(autouse=True)
def _now():
    with clock.set_to(NOW):
        yield


def feed_of(browser):
    answer = browser.post(f"{PAGE}feed/")
    match = re.search(r'id="feed-url">http://[^/]+(/calendar/[\w-]{22}\.ics)<', answer.text)
    assert match, answer.status
    return match[1]


def events(browser, path):
    answer = browser.get(path)
    assert answer.status_code == 200
    assert answer.mimetype == "text/calendar"
    return {str(row["summary"]): row for row in Calendar.from_ical(answer.data).walk("VEVENT")}


def say(person, cause, kind="alarm"):
    words = L("Told {cause}", "告知 {cause}")(cause=cause)
    notice = notice_for(person, cause=cause, kind=kind, words=words, record=About("task_run", ObjectId()))
    in_transaction(lambda unit: unit.notify(notice))


class TestPreferences:
    def test_everybody_has_the_page(self, company, browser_as):
        for login in company.logins:
            assert PAGE in browser_as(login).page("/admin/account/").links
            assert browser_as(login).get(PAGE).status_code == 200
        assert browser_as("").get(PAGE).status_code == 303

    def test_defaults_and_choice(self, company, browser_as):
        browser, me = browser_as("clerk_sal"), company.users["clerk_sal"]
        form = browser.form(PAGE, PAGE)
        assert set(form["mail"]) == set(MAILED)
        assert "digest" not in form
        browser.send(form, mail=["result"], in_chat=["alarm", "nonsense"], digest="1", digest_hour="17")
        chosen = preferences_of(me)
        assert (chosen.mail, chosen.in_chat, chosen.digest, chosen.digest_hour) == (["result"], ["alarm"], True, 17)
        again = browser.form(PAGE, PAGE)
        assert (again["mail"], again["digest_hour"]) == ("result", "17")
        assert preferences_of(company.users["clerk_sal2"]).digest is False

    def test_loans_are_offered_by_mail_and_chat(self, company, browser_as):
        browser, me = browser_as("clerk_sal"), company.users["clerk_sal"]
        form = browser.form(PAGE, PAGE)
        assert "loan" in form["mail"]
        browser.send(form, mail=["loan"], in_chat=["loan"], digest_hour="8")
        assert (preferences_of(me).mail, preferences_of(me).in_chat) == (["loan"], ["loan"])

    def test_an_old_notice_of_a_kind_that_is_no_more_is_shown(self, company, browser_as, db):
        say(company.users["clerk_sal"], "old")
        db["notice"].update_one({"cause": "old"}, {"$set": {"kind": "gossip"}})
        page = browser_as("clerk_sal").get("/admin/notices/").text
        assert "告知 old" in page
        assert "其他" in page

    def test_an_hour_that_is_none(self, company, browser_as):
        for hour in ("24", "-1", "x", "", "²", "8.5", "999999"):
            assert browser_as("clerk_sal").post(PAGE, {"digest_hour": hour}).status_code == 422

    def test_the_chat_is_sealed_and_never_shown(self, company, browser_as, db):
        browser = browser_as("clerk_sal")
        assert browser.post(f"{PAGE}chat/", {"chat": "feishu://secret-token-1"}).status_code == 302
        assert "secret-token" not in browser.get(PAGE).text
        assert b"secret" not in db["notice_preference"].find_one()["chat"]
        browser.post(f"{PAGE}chat/", {"chat": ""})
        assert not preferences_of(company.users["clerk_sal"]).has_chat

    def test_a_chat_that_is_not_allowed(self, company, browser_as, db):
        for address in ("json://127.0.0.1/", "http://169.254.169.254/", "feishu://a\r\nb", "x" * 500):
            answer = browser_as("clerk_sal").post(f"{PAGE}chat/", {"chat": address})
            assert answer.status_code == 422
            assert "dingtalk://" in answer.text
        assert db["notice_preference"].count_documents({}) == 0


class TestNotices:
    def test_one_is_marked_and_kinds_are_filtered(self, company, browser_as, db):
        me = company.users["clerk_sal"]
        for cause, kind in (("a", "alarm"), ("b", "result"), ("c", "result")):
            say(me, cause, kind)
        say(company.users["it"], "d", "result")
        browser = browser_as("clerk_sal", locale="en")
        text = browser.page("/admin/notices/", {"kind": "result"}).text
        assert "Told b" in text
        assert "Told a" not in text
        other = db["notice"].find_one({"cause": "d"})
        browser.post("/admin/notices/", {"id": str(other["_id"])})
        assert db["notice"].count_documents({"read_at": None}) == 4
        browser.post("/admin/notices/", {"id": str(db["notice"].find_one({"cause": "b"})["_id"])})
        assert db["notice"].distinct("cause", {"read_at": None}) == ["a", "c", "d"]
        browser.post("/admin/notices/", {"kind": "result"})
        assert db["notice"].distinct("cause", {"read_at": None}) == ["a", "d"]
        browser.post("/admin/notices/")
        assert db["notice"].distinct("cause", {"read_at": None}) == ["d"]


class TestDeliveries:
    @pytest.fixture
    def stuck(self, company, db):
        row = {"_id": "n1.mail", "batch": "n1.mail", "notice": ObjectId(), "person": company.users["clerk_sal"]}
        row |= {"channel": "mail", "kind": "decision", "state": "not_sure", "attempts": 1, "problem": "<b>gone</b>"}
        db[deliveries.COLLECTION].insert_one({**row, "at": NOW, "first_try": NOW, "next_try": NOW})

    def test_only_it(self, company, stuck, browser_as):
        for login in company.logins:
            assert (browser_as(login).get("/admin/deliveries/").status_code == 200) == (login == "it")
            if login != "it":
                assert browser_as(login).post("/admin/deliveries/again/", {"id": "n1.mail"}).status_code == 403

    def test_sent_again_once(self, company, stuck, browser_as, db):
        browser = browser_as("it", locale="en")
        assert any("may not have arrived" in notice for notice in browser.page("/admin/").notices)
        assert "&lt;b&gt;gone" in browser.get("/admin/deliveries/").text
        for _ in range(2):
            browser.post("/admin/deliveries/again/", {"id": "n1.mail"})
        row = db[deliveries.COLLECTION].find_one()
        assert (row["state"], row["again_by"]) == ("waiting", company.users["it"])
        assert "林曉梅" not in browser.page("/admin/deliveries/").text
        assert "林曉梅" in browser.page("/admin/deliveries/", {"state": "waiting"}).text

    @pytest.mark.parametrize(("locale", "said"), [("en", "did not take"), ("zh-Hans", "聊天服务未接收消息")])
    def test_why_is_said_in_the_readers_language(self, stuck, browser_as, db, locale, said):
        row = {**db[deliveries.COLLECTION].find_one(), "holder": None}
        deliveries.end([row], deliveries.FAILED, NOT_TAKEN)
        assert said in browser_as("it", locale=locale).get("/admin/deliveries/").text

    def test_a_server_that_is_away_is_said(self, stuck, browser_as, db):
        db[deliveries.COLLECTION].update_one({}, {"$set": {"state": "waiting"}})
        browser = browser_as("it", locale="en")
        assert not any("half an hour" in notice for notice in browser.page("/admin/").notices)
        with clock.set_to(NOW + dt.timedelta(minutes=31)):
            assert any("half an hour" in notice for notice in browser.page("/admin/").notices)

    def test_left_alone(self, stuck, browser_as, db):
        browser_as("it").post("/admin/deliveries/leave/", {"id": "n1.mail"})
        assert db[deliveries.COLLECTION].find_one()["state"] == "off"

    def test_what_is_none(self, stuck, browser_as, db):
        for nonsense in ("", "x" * 5000, "n2.mail", "$ne"):
            assert browser_as("it").post("/admin/deliveries/again/", {"id": nonsense}).status_code == 302
        assert db[deliveries.COLLECTION].find_one()["state"] == "not_sure"


class TestFeed:
    def test_due_work_reminders_and_dates(self, company, browser_as, db):
        quotation = company.walk(company.make("quotation", "clerk_sal"), "submitted")
        db[CASES].update_one({"_id": quotation.id}, {"$set": {"due": NOW + dt.timedelta(days=1)}})
        sent = company.make("quotation", "clerk_sal", valid_until=dt.date(2025, 6, 20))
        type(sent)._get_collection().update_one({"_id": sent.id}, {"$set": {"state": "sent"}})
        text = "致電客戶; 張三, " + "很長" * 40
        own = {"text": text, "at": NOW + dt.timedelta(hours=3), "recurring": "weekly"}
        changes.create(Reminder, own, actor=company.actor("clerk_sal"))
        browser, stranger = browser_as("clerk_sal"), browser_as("")
        mine = events(stranger, feed_of(browser))
        [date] = [item for name, item in mine.items() if sent.number in name]
        assert date.decoded("dtstart") == dt.date(2025, 6, 20)
        answer = Calendar.from_ical(stranger.get(feed_of(browser)).data)
        weekly = [row for row in answer.walk("VEVENT") if row["summary"] == own["text"]]
        assert len(weekly) == 1
        assert weekly[0]["rrule"]["freq"] == ["WEEKLY"]
        assert weekly[0].decoded("dtstart") == own["at"]
        assert not [name for name in mine if quotation.number in name and "審批" in name]
        head = events(stranger, feed_of(browser_as("head_sal")))
        assert any(quotation.number in name and name.startswith("審批") for name in head)
        assert not any("致電" in name for name in head)

    def test_only_what_may_be_read_now(self, company, browser_as, db):
        sent = company.make("quotation", "clerk_sal", valid_until=dt.date(2025, 6, 20))
        type(sent)._get_collection().update_one({"_id": sent.id}, {"$set": {"state": "sent"}})
        path, stranger = feed_of(browser_as("clerk_sal")), browser_as("")
        assert events(stranger, path)
        catalogue["user"]._get_collection().update_one({"login": "clerk_sal"}, {"$set": {"roles": ["hr"]}})
        assert not events(stranger, path)
        catalogue["user"]._get_collection().update_one({"login": "clerk_sal"}, {"$set": {"active": False}})
        assert stranger.get(path).status_code == 404

    def test_a_token_is_hashed_and_can_be_ended(self, company, browser_as, db):
        browser, stranger = browser_as("clerk_sal"), browser_as("")
        first = feed_of(browser)
        token = first.split("/")[-1].removesuffix(".ics")
        assert whose_feed(token) == company.users["clerk_sal"]
        assert token not in str(db["notice_preference"].find_one())
        assert token not in browser.get(PAGE).text
        second = feed_of(browser)
        assert stranger.get(first).status_code == 404
        assert stranger.get(second).status_code == 200
        browser.post(f"{PAGE}feed/", {"end": "1"})
        assert stranger.get(second).status_code == 404

    def test_what_is_no_token(self, browser_as):
        for token in ("x", "None", "%00", "a" * 5000, "..%2f..", "%ff", "0" * 22):
            assert browser_as("").get(f"/calendar/{token}.ics").status_code == 404

    def test_nothing_else_is_open_to_strangers(self, app):
        public = {name for name, view in app.view_functions.items() if getattr(view, "is_public", False)}
        assert "calendar_feed.feed" in public
        assert "calendar_feed" not in {item for item in public if not item.endswith(".feed")}


def test_remind_me_leads_to_a_filled_form(company, browser_as):
    customer = company.make("customer", "clerk_sal")
    browser = browser_as("clerk_sal")
    page = browser.page(f"/admin/customer/details/?id={customer.id}")
    link = f"/admin/reminder/new/?about=customer:{customer.id}"
    assert link in page.links
    form = browser.form("/admin/reminder/new/", "", about=f"customer:{customer.id}")
    assert form["about"] == f"customer:{customer.id}"
    answer = browser.send(form, text="跟進", at="2025-06-03T09:30")
    assert answer.status_code in (302, 303), answer.text
    made = Reminder.objects.get()
    assert made.ref("owner") == company.users["clerk_sal"]
    assert made.at == dt.datetime(2025, 6, 3, 1, 30, tzinfo=dt.UTC)
    assert browser_as("head_sal").get("/admin/reminder/details/", {"id": made.id}).status_code == 404
    assert changes.update(Reminder, made.id, {"active": False}, actor=SYSTEM, version=None).active is False
