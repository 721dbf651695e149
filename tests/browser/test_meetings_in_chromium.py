"""A meeting in a real browser: called by its organiser, answered by a colleague and by somebody outside on a phone, and
its minutes confirmed."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from playwright.sync_api import expect

from models import public_links
from models.kernel.base import clock
from models.meetings.attendance import Attendance
from models.meetings.lines import AgendaItem, MeetingDecision, MinuteLine
from tests.browser.conftest import picture
from tests.meetings.conftest import OUTSIDER, change, meet, people, step

__all__ = ["meet", "people"]
pytestmark = pytest.mark.browser
EXCESS = "() => document.scrollingElement.scrollWidth - innerWidth"


@pytest.fixture(autouse=True)
def now() -> None:
    """Pages are served in threads of their own: it is now."""


def test_a_meeting_from_its_call_to_its_minutes(meet: Any, people: Any, sit_down: Any) -> None:
    starts = dt.datetime.combine(clock.today() + dt.timedelta(days=400), dt.time(10), clock.zone())
    meeting = meet("clerk_mkt", OUTSIDER, topic="報價檢討", starts=starts.astimezone(dt.UTC), place="三樓會議室",
                   agenda=[AgendaItem(text="價格", length=30), AgendaItem(text="交期", length=15)])  # fmt: skip
    host = sit_down("clerk_sal")
    host.goto("/admin/meeting/new/")
    picture(host, "meeting_new")
    host.goto(f"/admin/meeting/details/?id={meeting.id}")
    picture(host, "meeting_planned")
    guest = sit_down("clerk_mkt")
    guest.goto("/admin/day/")
    picture(guest, "meeting_day")
    guest.get_by_role("button", name=re.compile("接受")).click()
    expect(guest.locator("main")).not_to_contain_text("未答覆")
    own = Attendance.objects(meeting=meeting.id, person=people.users["clerk_mkt"]).get()
    assert own.answer == "accepted"
    guest.goto(f"/admin/attendance/details/?id={own.id}")
    picture(guest, "meeting_invited")
    outside = Attendance.objects(meeting=meeting.id, person=None).get()
    phone = sit_down("")
    phone.set_viewport_size({"width": 360, "height": 740})
    phone.goto(public_links.path_of(outside, public_links.mailed(outside)))
    picture(phone, "meeting_phone")
    assert phone.evaluate(EXCESS) <= 0
    phone.locator("[name=answer]").first.select_option("accepted")
    phone.get_by_role("button", name=re.compile("提交")).first.click()
    expect(phone.locator("main")).to_contain_text("感謝")
    picture(phone, "meeting_phone_answered")
    host.goto(f"/admin/meeting/details/?id={meeting.id}")
    picture(host, "meeting_answered")
    step(people, meeting, "begin")
    line = MeetingDecision(text="送樣", person=people.users["clerk_mkt"], due=clock.today() + dt.timedelta(days=9))
    change(people, meeting, minutes=[MinuteLine(point=1, text="討論價格。")], resolutions=[line])
    host.goto(f"/admin/meeting/edit/?id={meeting.id}")
    picture(host, "meeting_minutes")
    step(people, meeting, "circulate")
    guest.goto("/admin/day/")
    picture(guest, "meeting_day_confirm")
    guest.goto(f"/admin/meeting/details/?id={meeting.id}")
    picture(guest, "meeting_review")
    guest.goto(f"/admin/meeting/move/?id={meeting.id}&verb=confirm&version={people.fresh(meeting).version}")
    picture(guest, "meeting_confirm")
