"""A checklist on a phone whose net is away; a number that a browser chooses, keeps and shows when asked for it."""

import datetime as dt
import hashlib

import pytest
from playwright.sync_api import expect

from models.kernel.base import clock
from models.kernel.gate import changes
from models.services.files import files
from models.services.keeping import audit

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PHONE = {"width": 390, "height": 844}


def test_what_is_typed_while_the_net_is_away_is_there_when_it_is_back(company, sit_down):
    """Not even a page that is closed meanwhile loses it; once it is with the server this browser forgets it."""
    inspection = company.walk(company.make("inspection", "supervisor"), "in_progress")
    page = sit_down("supervisor")
    page.set_viewport_size(PHONE)
    form = f"/admin/inspection/edit/?id={inspection.id}"
    page.goto(form)
    page.context.set_offline(True)
    page.fill("[name=remark]", "倉庫無網絡：三份合同缺附件")
    expect(page.locator("[data-draft-status]")).to_contain_text("網絡已斷開", timeout=20000)
    kept = "Object.keys(localStorage).filter((name) => name.startsWith('guicheng.away:'))"
    assert len(page.evaluate(kept)) == 1
    window = page.context
    page.close()
    window.set_offline(False)
    page = window.new_page()
    page.goto(form)
    page.wait_for_url("**draft=1**")
    expect(page.locator("[name=remark]")).to_have_value("倉庫無網絡：三份合同缺附件")
    assert page.evaluate(kept) == []
    window.set_offline(True)
    page.fill("[name=remark]", "兩份已補")
    expect(page.locator("[data-draft-status]")).to_contain_text("網絡已斷開", timeout=20000)
    window.set_offline(False)
    expect(page.locator("[data-draft-status]")).to_contain_text("草稿已保存", timeout=20000)
    assert page.evaluate(kept) == []


def test_pictures_wait_on_the_phone_and_each_is_attached_once(company, sit_down, paper):
    """Taken while the net is away, the page closed; sent twice, since the first answer never came; refused with the
    reason, and still there."""
    inspection = company.walk(company.make("inspection", "supervisor"), "in_progress")
    page = sit_down("supervisor")
    page.set_viewport_size(PHONE)
    form = f"/admin/inspection/edit/?id={inspection.id}"
    page.goto(form)
    page.context.set_offline(True)
    chosen = [("貨架.png", "image/png", paper.picture()), ("說明.txt", "text/plain", "無圖".encode())]
    page.set_input_files("#photos", [{"name": n, "mimeType": t, "buffer": b} for n, t, b in chosen])
    lines = page.locator("[data-photos] li")
    expect(lines.first).to_contain_text("已保存在本設備")
    expect(lines.last).to_contain_text("不是圖片")
    window = page.context
    page.close()
    window.set_offline(False)

    # The server has it, and its answer is lost: the same picture is sent once more.
    page = window.new_page()
    page.route("**/attach/", lambda route: (route.fetch(), route.abort()))
    with page.expect_event("requestfailed", lambda request: "/attach/" in request.url):
        page.goto(form)
    assert len(files.files_of(inspection.id)) == 1
    lines = page.locator("[data-photos] li")
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text("貨架.png已保存在本設備")
    page.unroute_all(behavior="wait")
    page.reload()
    expect(lines.filter(has_text="貨架.png")).to_contain_text("已添加")
    [file] = files.files_of(inspection.id)
    assert (file["kind"], file["content_type"]) == ("photo", "image/png")
    page.reload()
    expect(lines).to_have_count(1)
    expect(lines).to_contain_text("說明.txt")
    lines.get_by_role("button", name="移除").click()
    expect(lines).to_have_count(0)

    # What calls itself a picture and is none, the server refuses; on the record's page it is still there.
    fake = {"name": "假.png", "mimeType": "image/png", "buffer": b"no picture at all"}
    page.set_input_files("#photos", [fake])
    expect(lines).to_contain_text("不符")
    page.goto(f"/admin/inspection/details/?id={inspection.id}")
    expect(page.locator("[data-photos] li")).to_contain_text("不符")
    assert len(files.files_of(inspection.id)) == 1


def test_a_number_is_chosen_kept_and_shown_by_the_browser(company, sit_down):
    company.make("requirement", "clerk_mkt", collected_on=clock.today())
    span = {"of_type": "requirement", "since": clock.today() - dt.timedelta(days=3), "until": clock.today()}
    check = company.make("data_check", "supervisor", inspected=company.department("MKT"), **span)
    url = f"/admin/data_check/move/?id={check.id}&verb="
    ours, theirs = sit_down("supervisor"), sit_down("head_mkt")
    theirs.set_viewport_size(PHONE)

    # ours when the check is entered, before there is a record
    for page, place in ((ours, "/admin/data_check/new/"), (theirs, url + "answer")):
        if page is theirs:
            values = {"commitment_ours": ours.locator("[data-commitment]").input_value()}
            actor = company.actor("supervisor")
            changes.move(type(check), check.id, "freeze", actor=actor, version=check.version, values=values)
        page.goto(place)
        page.get_by_role("button", name="生成數字").click()
        page.wait_for_function("document.querySelector('[data-commitment]').value.length === 64")
    theirs.locator("form[data-guard] button.primary").click()
    theirs.wait_for_url("**/details/**")
    audit.seal_all()
    for page, verb in ((theirs, "reveal"), (ours, "draw")):
        page.goto(url + verb)
        page.wait_for_function("document.querySelector('[data-committed]').value.length === 32")
        page.locator("form[data-guard] button.primary").click()
        page.wait_for_url("**/details/**")
    made = company.fresh(check)
    assert (made.state, len(made.sample)) == ("checking", 1)
    assert made.commitment_theirs == hashlib.sha256(made.number_theirs.encode()).hexdigest()
