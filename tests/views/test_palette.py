"""The command palette: what it offers to whom, from what is typed, and that it asks little of the database."""

import pytest

from models import catalogue
from models.kernel.base.words import EN, HANS
from tests.fixtures.http import COMMANDS


def options_of(browser, text="", **more):
    answer = browser.get("/admin/palette/", {"q": text, **more})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return {group["label"]: group["options"] for group in answer.get_json()["groups"]}


def urls(groups):
    return [option["url"] for options in groups.values() for option in options]


@pytest.mark.parametrize("typed", ["新建報價", "xjbjd", "new quot", "新建报价"])
def test_a_new_record_in_any_language(typed, company, browser_as):
    assert "/admin/quotation/new/" in urls(options_of(browser_as("clerk_sal"), typed))
    assert "/admin/quotation/new/" not in urls(options_of(browser_as("finance"), typed))


def test_words_are_in_the_readers_language(company, browser_as):
    assert options_of(browser_as("clerk_sal", locale=EN), "報價單")["New"][0]["label"] == "New: Quotation"
    assert options_of(browser_as("clerk_sal", locale=HANS), "quotation")["新建"][0]["label"] == "新建报价单"


def test_screens_that_one_may_open(company, browser_as):
    ageing = "/admin/analysis/receivable/?show=customer-due.outstanding"
    assert ageing in urls(options_of(browser_as("finance"), "賬齡"))
    assert ageing not in urls(options_of(browser_as("it"), "賬齡"))
    assert "/admin/quotation/" not in urls(options_of(browser_as("it"), "報價單"))
    assert "/admin/quotation/" in urls(options_of(browser_as("clerk_sal"), "報價單"))


def test_a_record_by_number_name_and_initials(company, browser_as):
    customer = company.make("customer", "clerk_sal", name="重慶銀行精密設備")
    page = f"/admin/customer/details/?id={customer.id}"
    for typed in (customer.number, customer.number[:6].lower(), "銀行精", "银行", "cqyh"):
        groups = options_of(browser_as("clerk_sal"), typed)
        assert page in urls(groups), typed
        assert page not in urls(options_of(browser_as("clerk_prd"), typed)), typed
    assert urls(options_of(browser_as("clerk_sal"), "銀"))[:-1] == []  # one character alone would read every record


def test_a_removed_record_is_not_found(company, browser_as):
    customer = company.make("customer", "clerk_sal", name="重慶銀行")
    browser = browser_as("clerk_sal")
    browser.post("/admin/customer/delete/", {"id": customer.id, "version": customer.version, "sure": "1"})
    assert urls(options_of(browser, customer.number))[:-1] == []
    assert urls(options_of(browser, "", recent=f"customer:{customer.id}", on=f"customer:{customer.id}")) == urls(
        options_of(browser)
    )


def test_moves_on_the_record_in_view(company, browser_as):
    quotation = company.walk(company.make("quotation", "clerk_sal"), "approved")
    on = f"quotation:{quotation.id}"
    send = f"/admin/quotation/move/?id={quotation.id}&verb=send&version={quotation.version}"
    assert send in urls(options_of(browser_as("clerk_sal"), "", on=on))
    assert send in urls(options_of(browser_as("clerk_sal"), "發送", on=on))
    assert send not in urls(options_of(browser_as("management"), "", on=on))
    assert urls(options_of(browser_as("clerk_prd"), "", on=on)) == urls(options_of(browser_as("clerk_prd")))


def test_a_record_is_changed_and_printed_in_the_words_of_its_page(company, browser_as):
    customer = company.make("customer", "clerk_sal")
    browser, on = browser_as("clerk_sal"), f"customer:{customer.id}"
    page = browser.get(f"/admin/customer/details/?id={customer.id}").text
    for typed, address in (("修改", "edit"), ("打印", "print"), ("pdf", "print"), ("完整歷史", "history")):
        (option,) = options_of(browser, typed, on=on)[f"{customer.number} 的操作"]
        assert option["url"] == f"/admin/customer/{address}/?id={customer.id}"
        assert f">{option['label']}</a>" in page


@pytest.mark.parametrize(
    ("typed", "press"),
    [
        ("退出", "sign-out"),
        ("登出", "sign-out"),
        ("sign out", "sign-out"),
        ("深色", "theme"),
        ("浅色", "theme"),
        ("English", "language-en"),
        ("简体", "language-zh-Hans"),
    ],
)
def test_what_the_frame_of_every_page_does(typed, press, company, browser_as):
    browser = browser_as("clerk_sal")
    assert press in [row["press"] for row in options_of(browser, typed)["賬號與顯示"]]
    assert f'data-pressed-as="{press}"' in browser.get("/admin/").text


def test_recent_records_in_their_order_and_within_ones_rights(company, browser_as):
    first, second = company.make("customer", "clerk_sal"), company.make("requirement", "clerk_sal")
    recent = f"requirement:{second.id},customer:{first.id},nonsense,customer:zz"
    expected = [f"/admin/requirement/details/?id={second.id}", f"/admin/customer/details/?id={first.id}"]
    assert [row["url"] for row in options_of(browser_as("clerk_sal"), "", recent=recent)["最近打開"]] == expected
    assert "最近打開" not in options_of(browser_as("it"), "", recent=recent)


@pytest.mark.parametrize("typed", ["\x00", "$where", ".*", "(", "a" * 500, "𠮷野家", "QT-(.*)"])
def test_nonsense_is_only_text(typed, company, browser_as):
    company.make("quotation", "clerk_sal")
    assert "記錄" not in options_of(browser_as("clerk_sal"), typed)


def test_few_questions_to_the_database(company, browser_as):
    company.make("quotation", "clerk_sal")
    browser, query = browser_as("clerk_sal"), []
    options_of(browser, "報價")
    COMMANDS.listeners.append(lambda command: query.append(next(iter(command))))
    try:
        options_of(browser, "報價")
    finally:
        COMMANDS.listeners.clear()
    assert query.count("aggregate") == 2, "who asks, and all types together"
    assert len(query) <= 4, query
    assert len(catalogue) > 10


def test_strangers_are_sent_to_the_door(company, browser_as):
    assert browser_as("").get("/admin/palette/", {"q": "報價"}).status_code == 303
