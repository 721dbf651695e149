"""A bar is dragged, or shifted by the arrow keys; both lead to the page that says what hangs on it."""

import datetime as dt

import pytest
from playwright.sync_api import expect

from models.kernel.base import clock
from tests.browser.conftest import picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_drag_and_keyboard(company, sit_down):
    monday = clock.today() + dt.timedelta(days=7 - clock.today().weekday())

    def task(subject, first, last, **values):
        due = dt.datetime.combine(monday + dt.timedelta(days=last), dt.time(17), clock.zone())
        start = monday + dt.timedelta(days=first)
        return company.make("task", "clerk_sal", subject=subject, start=start, due=due, **values)

    first = task("備料", 0, 1)
    second = task("裝配", 2, 4, blocked_by=[first.id])
    page = sit_down("clerk_sal")
    page.goto("/admin/timeline/task/")
    bar = page.locator(f"[data-bar][href*='{first.id}']")
    expect(page.locator(".timeline .arrow")).to_have_count(1)
    picture(page, "timeline")
    box = bar.locator("rect").bounding_box()
    x, y = box["x"] + 4, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 2 * float(page.locator("[data-timeline]").get_attribute("data-day")), y, steps=4)
    page.mouse.up()
    page.wait_for_url("**/admin/timeline/task/move/**")
    assert page.input_value("[name=first]") == (monday + dt.timedelta(days=2)).isoformat()
    expect(page.get_by_text(second.number)).to_have_count(1)
    picture(page, "timeline-move")
    page.click(".form-actions .btn.primary")
    page.wait_for_url("**/admin/timeline/task/?on=*")
    assert company.fresh(first).start == monday + dt.timedelta(days=2)
    assert company.fresh(second).start > monday + dt.timedelta(days=3)
    page.locator(f"[data-bar][href*='{second.id}']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/timeline/task/move/**")
    later = company.fresh(second).start + dt.timedelta(days=1)
    assert page.input_value("[name=first]") == later.isoformat()
