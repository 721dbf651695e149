"""Invitations (3.3.4): one event for all who are asked, changed and called off under one identity."""

from __future__ import annotations

import datetime as dt
from typing import Any

import vobject
from dateutil import tz

from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.meetings.lines import AgendaItem
from models.organisation import User
from models.services.notify.preferences import make_feed
from tests.meetings.conftest import OUTSIDER, WHEN, attending, change, invited, mail_of, posted, step


def test_everybody_is_asked_once_under_one_identity(meet: Any, mailbox: Any, mail_box: Any) -> None:
    meet("clerk_sal2", OUTSIDER, place="三樓會議室")
    sent = dict(posted(mail_box))
    assert set(sent) == {mail_of("clerk_sal"), mail_of("clerk_sal2"), OUTSIDER}
    assert len({calendar.vevent.uid.value for calendar in sent.values()}) == 1
    for address, calendar in sent.items():
        event = calendar.vevent
        assert (calendar.method.value, event.sequence.value, event.status.value) == ("REQUEST", "0", "CONFIRMED")
        assert event.dtstart.value == WHEN
        assert event.dtend.value - event.dtstart.value == dt.timedelta(hours=1)
        assert event.dtstart.params["X-VOBJ-ORIGINAL-TZID"] == ["Asia/Shanghai"]
        assert calendar.vtimezone.tzid.value == "Asia/Shanghai"
        assert event.dtstamp.value.tzinfo is not None
        assert event.organizer.value.startswith("mailto:meet+")
        assert event.organizer.value.endswith("@example.com")
        assert [guest.value for guest in event.attendee_list] == [f"mailto:{address}"]
        assert event.attendee.params["PARTSTAT"] == ["NEEDS-ACTION"]
        assert event.attendee.params["RSVP"] == ["TRUE"]
    assert posted(mail_box) == []


def test_another_time_is_another_edition_and_asks_anew(meet: Any, people: Any, mailbox: Any, mail_box: Any) -> None:
    meeting = meet("clerk_sal2", OUTSIDER)
    first = dict(posted(mail_box))
    step(people, invited(meeting)["clerk_sal2"], "accept", "clerk_sal2")
    change(people, meeting, starts=WHEN + dt.timedelta(days=1))
    second = dict(posted(mail_box))
    for address, calendar in second.items():
        before = first[address].vevent
        assert calendar.vevent.uid.value == before.uid.value
        assert calendar.vevent.organizer.value == before.organizer.value
        assert calendar.vevent.sequence.value == "1"
        assert calendar.vevent.dtstart.value == WHEN + dt.timedelta(days=1)
    anew = invited(meeting)["clerk_sal2"]
    assert (anew.state, anew.answer) == ("asked", None)
    assert invited(meeting)["clerk_sal"].answer == "accepted"  # whoever calls the meeting comes


def test_what_is_no_matter_of_time_asks_nobody(meet: Any, people: Any, mailbox: Any, mail_box: Any) -> None:
    meeting = meet("clerk_sal2")
    posted(mail_box)
    change(people, meeting, agenda=[AgendaItem(text="價格", length=30), AgendaItem(text="交期", length=15)])
    assert posted(mail_box) == []
    agenda = people.fresh(meeting).agenda
    assert [(item.at, item.length) for item in agenda] == [(600, 30), (630, 15)]


def test_a_new_attendee_alone_is_asked_and_a_removed_one_alone_is_called_off(
    meet: Any, people: Any, mailbox: Any, mail_box: Any
) -> None:
    meeting = meet("clerk_sal2", OUTSIDER)
    posted(mail_box)
    meeting = change(people, meeting, **attending(people, "clerk_sal", "clerk_sal2", "clerk_mkt"))
    sent = posted(mail_box)
    assert {(address, calendar.method.value) for address, calendar in sent} == {
        (mail_of("clerk_mkt"), "REQUEST"),
        (OUTSIDER, "CANCEL"),
    }
    called_off = dict(sent)[OUTSIDER].vevent
    assert (called_off.sequence.value, called_off.status.value) == ("1", "CANCELLED")
    change(people, meeting, guests=attending(people, OUTSIDER)["guests"])
    [(address, again)] = posted(mail_box)
    assert (address, again.method.value, again.vevent.sequence.value) == (OUTSIDER, "REQUEST", "1")


def test_a_meeting_that_is_called_off_is_called_off_for_all(
    meet: Any, people: Any, mailbox: Any, mail_box: Any
) -> None:
    meeting = meet("clerk_sal2", OUTSIDER)
    posted(mail_box)
    step(people, meeting, "call_off")
    sent = posted(mail_box)
    assert {(calendar.method.value, calendar.vevent.sequence.value) for _, calendar in sent} == {("CANCEL", "1")}
    assert len(sent) == 3
    assert {row.state for row in invited(meeting).values()} == {"cancelled"}


def test_a_whole_day_is_a_date_and_ends_on_the_next(meet: Any, mailbox: Any, mail_box: Any) -> None:
    meeting = meet(OUTSIDER, all_day=True)
    event = dict(posted(mail_box))[OUTSIDER].vevent
    assert (event.dtstart.value, event.dtend.value) == (dt.date(2027, 3, 3), dt.date(2027, 3, 4))
    assert type(event.dtstart.value) is dt.date
    assert clock.aware(meeting.ends) - clock.aware(meeting.starts) == dt.timedelta(days=1)


def test_the_hour_is_right_where_clocks_change_for_summer(meet: Any, mailbox: Any, mail_box: Any) -> None:
    """A reader in Berlin, a week before and after the change of 28 March 2027; and a company that has summer time."""
    berlin = tz.gettz("Europe/Berlin")
    for week, hour in ((26, 3), (29, 4)):
        meet(OUTSIDER, topic=str(week), starts=dt.datetime(2027, 3, week, 2, tzinfo=dt.UTC))
        event = dict(posted(mail_box))[OUTSIDER].vevent
        assert event.dtstart.value.astimezone(berlin).hour == hour
    clock.set_zone("Europe/Berlin")
    try:
        for week, hour in ((26, 9), (29, 9)):
            starts = dt.datetime(2027, 3, week, hour, tzinfo=clock.zone())
            meet(OUTSIDER, topic=f"B{week}", starts=starts.astimezone(dt.UTC))
            event = dict(posted(mail_box))[OUTSIDER].vevent
            assert event.dtstart.value == starts
            assert event.dtstart.value.hour == hour
    finally:
        clock.set_zone("Asia/Shanghai")


def test_only_the_newest_time_is_mailed_where_several_wait(meet: Any, people: Any, mailbox: Any, mail_box: Any) -> None:
    meeting = meet(OUTSIDER)
    change(people, meeting, starts=WHEN + dt.timedelta(hours=1))
    sent = [calendar for address, calendar in posted(mail_box) if address == OUTSIDER]
    assert [calendar.vevent.sequence.value for calendar in sent] == ["1"]


def test_who_has_left_is_mailed_no_more(meet: Any, people: Any, mailbox: Any, mail_box: Any) -> None:
    meeting = meet("clerk_sal2", OUTSIDER)
    changes.update(User, people.users["clerk_sal2"], {"active": False}, actor=SYSTEM, version=None)
    assert mail_of("clerk_sal2") not in dict(posted(mail_box))
    change(people, meeting, starts=WHEN + dt.timedelta(days=1))
    assert set(dict(posted(mail_box))) == {mail_of("clerk_sal"), OUTSIDER}


def test_the_head_goes_on_with_a_meeting_whose_organiser_has_left(
    meet: Any, people: Any, mailbox: Any, mail_box: Any
) -> None:
    meeting = meet(OUTSIDER)
    before = dict(posted(mail_box))[OUTSIDER].vevent
    changes.update(User, people.users["clerk_sal"], {"active": False}, actor=SYSTEM, version=None)
    change(people, meeting, "head_sal", starts=WHEN + dt.timedelta(days=1))
    moved = dict(posted(mail_box))[OUTSIDER].vevent
    assert (moved.uid.value, moved.organizer.value) == (before.uid.value, before.organizer.value)
    step(people, meeting, "call_off", "head_sal")
    assert dict(posted(mail_box))[OUTSIDER].method.value == "CANCEL"


def test_the_mail_says_the_time_with_its_zone_and_carries_the_link(meet: Any, mailbox: Any, mail_box: Any) -> None:
    meet(OUTSIDER)
    posted(mail_box)
    message = next(each for each in mail_box.kept if each["To"] == OUTSIDER)
    text = message.get_body(("plain",)).get_content()
    assert "2027-03-03 10:00–11:00 (Asia/Shanghai, UTC+0800)" in text
    assert "/p/attendance/at/" in text
    assert message.get_content_type() == "multipart/alternative"
    assert vobject.readOne(next(p for p in message.walk() if p.get_content_type() == "text/calendar").get_content())


def test_the_feed_shows_ones_meetings_under_the_same_identity(
    meet: Any, people: Any, mailbox: Any, mail_box: Any, browser_as: Any
) -> None:
    kept, gone, declined = (meet("clerk_mkt", topic=topic) for topic in ("留", "取消", "謝絕"))
    sent = next(calendar for address, calendar in posted(mail_box) if address == mail_of("clerk_mkt"))
    step(people, gone, "call_off")
    step(people, invited(declined)["clerk_mkt"], "decline", "clerk_mkt")

    def feed(login: str) -> dict[str, Any]:
        text = browser_as("").get(f"/calendar/{make_feed(people.users[login])}.ics").get_data(as_text=True)
        return {event.summary.value: event for event in vobject.readOne(text).contents.get("vevent", ())}

    events = {name: event for name, event in feed("clerk_mkt").items() if name in ("留", "取消", "謝絕")}
    assert {name: event.status.value for name, event in events.items()} == {"留": "CONFIRMED", "取消": "CANCELLED"}
    assert events["留"].uid.value == sent.vevent.uid.value
    assert events["留"].dtstart.value == WHEN
    assert str(kept.id) in events["留"].url.value
    assert "留" in feed("clerk_sal")  # whoever calls it
    assert "留" not in feed("clerk_prd")
