"""A date is moved in the calendar by dragging and by keyboard, taken back, and refused where the gate refuses."""

import datetime as dt

import pytest
from playwright.sync_api import expect

from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from tests.browser.conftest import picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_drag_undo_keyboard_and_refusal(company, sit_down, db):
    month = clock.today().replace(day=1) + dt.timedelta(days=9)
    quotation = company.make("quotation", "clerk_sal", valid_until=month, subject="試驗臺")

    def stored():
        return type(quotation).objects.get(id=quotation.id).valid_until

    page = sit_down("clerk_sal")
    page.goto(f"/admin/calendar/quotation/?date=valid_until&on={month}")
    event = page.locator(f"[data-event='{quotation.id}']")
    other = month + dt.timedelta(days=3)
    event.drag_to(page.locator(f"[data-day='{other}']"))
    page.locator(f"[data-day='{other}'] [data-event='{quotation.id}']").wait_for()
    assert stored() == other
    picture(page, "calendar")
    page.get_by_role("button", name="撤銷").click()
    page.locator(f"[data-day='{month}'] [data-event='{quotation.id}']").wait_for()
    assert stored() == month
    event.locator("a").first.focus()
    page.keyboard.press("m")
    third = month + dt.timedelta(days=5)
    page.get_by_label("有效期至").fill(third.isoformat())
    page.keyboard.press("Enter")
    page.locator(f"[data-day='{third}'] [data-event='{quotation.id}']").wait_for()
    assert stored() == third
    page.locator(f"[data-event='{quotation.id}'] a:focus").wait_for()
    changes.update(type(quotation), quotation.id, {"remark": "價格待定"}, actor=SYSTEM, version=None)
    event.drag_to(page.locator(f"[data-day='{other}']"))
    page.locator("[data-toast]", has_text="修改").wait_for()
    assert stored() == third


@pytest.mark.parametrize("path", ["/admin/calendar/", "/admin/calendar/quotation/?date=valid_until"])
def test_on_a_phone_the_month_begins_at_today(path, company, sit_down, db):
    first = clock.today().replace(day=1)
    for days in (*range(-6, 28), 40):
        company.make("quotation", "clerk_sal", valid_until=first + dt.timedelta(days=days))
    page = sit_down("clerk_sal", has_touch=True)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(path)
    expect(page.locator(".calendar .today")).to_be_in_viewport()
    expect(page.locator(".calendar .outside").first).to_be_hidden()
    top = page.locator(".calendar .today").bounding_box()["y"]
    assert 0 < top < 300 or page.evaluate("scrollY + innerHeight >= document.documentElement.scrollHeight - 2")
    picture(page, "calendar-phone")
    box = page.locator("[data-search]")
    assert box.evaluate("one => one.clientWidth - 46") > 60, "a word can be read in the box"
    box.focus()
    assert box.bounding_box()["width"] > 300
