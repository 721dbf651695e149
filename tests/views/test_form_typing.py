"""What people type for dates, numbers and records, and what it means; what could mean two things is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from bson import ObjectId

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.words import L
from models.kernel.language.catalogue import Catalogue
from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Day, Money, Number, Whole
from models.kernel.language.typed import BadValue, day_of, moment_of, number_of, parse, whole_of
from tests.fixtures.company import Company
from tests.fixtures.http import Browser, Form, id_in, read_page, said, writer

TODAY = dt.date(2026, 11, 5)
LABEL = L("Field", "字段")


@pytest.mark.parametrize(
    "typed",
    [
        "2026-11-23",
        "2026/11/23",
        "2026.11.23",
        "20261123",
        "２０２６１１２３",
        "2026年11月23日",
        "11-23",
        "11/23",
        "11月23日",
    ],
)
def test_dates(typed: str) -> None:
    assert day_of(typed, TODAY) == dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    "typed", ["23-11", "2026-13-01", "20261301", "2026-02-30", "26-11-23", "123", "soon", "٢٠٢٦-١١-٢٣"]
)
def test_no_dates(typed: str) -> None:
    with pytest.raises(ValueError):
        day_of(typed, TODAY)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-11-23T09:30", "2026-11-23T09:30:00"),
        ("2026-11-23T09:30:15", "2026-11-23T09:30:15"),
        ("11/23 9:30", "2026-11-23T09:30:00"),
        ("2026年11月23日 14時30分", "2026-11-23T14:30:00"),
        ("20261123", "2026-11-23T00:00:00"),
    ],
)
def test_moments(typed: str, meant: str) -> None:
    assert moment_of(typed, TODAY).isoformat() == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1,234.50", "1234.50"), ("１，２３４．５", "1234.5"), ("¥1,234", "1234"), ("￥88元", "88"),
        ("3.5萬", "35000"), ("3.5万元", "35000"), ("1.2億", "120000000"), ("12千萬", "120000000"), ("(100)", "-100"),
        ("-1 000", "-1000"), (".5", "0.5"), ("-¥5", "-5"), ("100元整", "100"), ("1 234 567", "1234567"),
    ],
)  # fmt: skip
def test_numbers(typed: str, meant: str) -> None:
    assert number_of(typed) == Decimal(meant)


@pytest.mark.parametrize(
    "typed",
    [
        "1,5",
        "1,23,456",
        "1.234,56",
        "12abc",
        "",
        "¥",
        "萬",
        "1e5",
        "NaN",
        "Infinity",
        "1_000",
        "15%",
        "--5",
        "9" * 41,
        "٣",
    ],
)
def test_what_is_no_number_or_could_be_two(typed: str) -> None:
    with pytest.raises(ValueError):
        number_of(typed)


def test_whole_numbers() -> None:
    assert [whole_of(item) for item in ("3", "3.0", "1,000", "2萬")] == [3, 3, 1000, 20000]
    with pytest.raises(ValueError):
        whole_of("3.5")


def test_fields_read_what_is_meant() -> None:
    assert parse(Number(label=LABEL, unit="%"), "15％") == Decimal(15)
    assert parse(Money(label=LABEL), "１，２３４．５０元") == Decimal("1234.50")
    assert parse(Whole(label=LABEL), "2萬") == 20000
    assert parse(Day(label=LABEL), "20261123") == dt.date(2026, 11, 23)
    for field, typed in ((Money(label=LABEL), "15%"), (Whole(label=LABEL), "1.5"), (Day(label=LABEL), "11-31")):
        with pytest.raises(BadValue) as bad:
            parse(field, typed)
        assert "Field" in bad.value.sentence.en if isinstance(bad.value.sentence, L) else str(bad.value.sentence)


@pytest.fixture
def products(company: Company) -> dict[str, ObjectId]:
    """Three active products by code, one of them priced in dollars."""
    made = {}
    for code, name, currency in (
        ("CT-IO32", "遠程輸入輸出模塊", "CNY"),
        ("SN-LD50", "激光傳感器", "CNY"),
        ("SN-LD90", "Laser head", "USD"),
    ):
        facts = {
            "spec": f"{code} / 24 V",
            "list_price": Decimal(320),
            "floor_price": Decimal(250),
            "currency": currency,
        }
        made[code] = company.walk(company.make("product", "head_sal", code=code, name=name, **facts), "active").id
    return made


def offer(browser: Browser, company: Company, **lines: Any) -> Form:
    """A new quotation to a customer, with what stands in some inputs of its lines (`at0_quantity`)."""
    form = browser.form("/admin/quotation/new/", "/new/")
    form |= {"customer": str(company.make("customer", "clerk_sal").id), "valid_until": "2099-12-31"}
    form |= {f"lines-{name[2]}-{name[4:]}": text for name, text in lines.items()}
    return form


def computed(browser: Browser, form: Form, **more: Any) -> dict[str, Any]:
    return browser.post("/admin/quotation/compute/", {**form, **more}).get_json()


def test_what_cannot_be_computed_is_a_dash_and_the_bad_cell_is_named(company: Company, browser_as: Any) -> None:
    clerk = browser_as("clerk_sal")
    form = offer(clerk, company, at0_quantity="500", at0_unit_price="2", at1_quantity="x", at1_unit_price="3")
    row = computed(clerk, form)
    assert row["values"] == {"lines-0-amount": "1,000.00", "lines-1-amount": "—", "total": "—"}
    assert row["errors"] == {"lines-1-quantity": ["「數量」須為數字。"]}
    row = computed(clerk, form, **{"lines-1-quantity": "1", "lines-1-discount": "1,5"})
    assert (row["values"]["lines-1-amount"], row["values"]["total"]) == ("—", "—")
    row = computed(clerk, form, **{"lines-1-quantity": "1", "lines-1-discount": ""})
    assert row == {
        "values": {"lines-0-amount": "1,000.00", "lines-1-amount": "3.00", "total": "1,003.00"},
        "errors": {},
    }
    blank = computed(clerk, form, **{"lines-1-quantity": "", "lines-1-unit_price": ""})
    assert (blank["values"]["lines-1-amount"], blank["values"]["total"]) == ("", "1,000.00")


def test_a_new_form_says_what_the_system_fills_in(company: Company, browser_as: Any) -> None:
    """A box without a word looks broken: it says who fills it until it is known, also while other fields are typed."""
    clerk = browser_as("clerk_sal")
    page = clerk.get("/admin/loan/new/").text
    assert '<output class="computed" data-computed="subject"' in page
    assert "由系統自動填寫</output>" in page
    form = clerk.form("/admin/loan/new/", "/new/")
    assert clerk.post("/admin/loan/compute/", form).get_json()["values"]["subject"] == "由系統自動填寫"
    document = company.walk(company.make("document", "clerk_sal", subject="企業標準"), "approved")
    form["document"] = str(document.id)
    assert clerk.post("/admin/loan/compute/", form).get_json()["values"]["subject"].endswith("企業標準")
    page = clerk.get("/admin/loan/new/", {"document": str(document.id)}).text
    assert "data-compute-now" in page  # known at once where the document is


@pytest.mark.parametrize(
    "text", ["CT-IO32 遠程輸入輸出模塊", "ct-io32", "远程输入输出模块", " CT-IO32　遠程輸入輸出模塊 "]
)
def test_a_text_in_a_picker_is_read_as_the_one_record_that_it_names(
    text: str, company: Company, browser_as: Any, products: dict[str, ObjectId], db: Any
) -> None:
    clerk = browser_as("clerk_sal")
    answer = clerk.send(offer(clerk, company, at0_quantity="2", **{"at0_product.text": text}))
    assert answer.status_code == 302, said(answer)
    (line,) = db["quotation"].find_one({})["lines"]
    assert line["product"] == products["CT-IO32"]
    assert (line["spec"], line["unit_price"].to_decimal()) == ("CT-IO32 / 24 V", 320), "no script filled it in"


def test_a_text_that_names_nothing_is_kept_and_said_with_its_line(
    company: Company, browser_as: Any, products: dict[str, ObjectId]
) -> None:
    clerk = browser_as("clerk_sal")
    line = {"quantity": "1", "unit_price": "9"}
    form = offer(clerk, company, **{f"at{at}_{name}": text for at in (0, 1, 2) for name, text in line.items()})
    form |= {
        "lines-0-product": str(products["SN-LD50"]),
        "lines-1-product.text": "SN-LD",
        "lines-2-product.text": "閥門",
    }
    page = read_page(clerk.send(form).text)
    assert page.errors["lines-1-product"] == ["「產品」找不到「SN-LD」，請從列表中選取。"]
    assert "第 3 行：「產品」找不到「閥門」，請從列表中選取。" in page.notices
    assert not [notice for notice in page.notices if "請填寫" in notice]
    again = page.form("/new/")
    assert [again[f"lines-{at}-product.text"] for at in (0, 1, 2)] == ["SN-LD50 激光傳感器", "SN-LD", "閥門"]
    assert again["lines-0-product"] == str(products["SN-LD50"])
    english = read_page(browser_as("clerk_sal", locale="en").send(form).text)
    assert [notice for notice in english.notices if notice.startswith("Line 2: “Product”: “SN-LD” was not found")]


def test_a_chosen_record_is_replaced_by_another_text_and_taken_out_by_none(
    company: Company, browser_as: Any, products: dict[str, ObjectId]
) -> None:
    """As where no script runs: the id stays in the form while the text beside it is changed."""
    clerk = browser_as("clerk_sal")
    record = company.make("quotation", "clerk_sal")
    form = clerk.form(f"/admin/quotation/edit/?id={record.id}", "/edit/")
    assert clerk.send(form).status_code == 302, "as it was drawn, it is what it was"
    form = clerk.form(f"/admin/quotation/edit/?id={record.id}", "/edit/")
    assert clerk.send(form, **{"lines-0-product.text": "SN-LD90"}).status_code == 302
    assert type(record).objects.get(id=record.id).lines[0].ref("product") == products["SN-LD90"]
    form = clerk.form(f"/admin/quotation/edit/?id={record.id}", "/edit/")
    answer = clerk.send(form, **{"lines-0-product.text": ""})
    assert read_page(answer.text).errors["lines-0-product"] == ["請填寫「產品」。"]


def test_a_text_finds_nothing_that_its_writer_does_not_see(company: Company, browser_as: Any) -> None:
    hidden = company.make("customer", "clerk_sal", name="華新水泥有限公司")
    type(hidden)._get_collection().update_one({"_id": hidden.id}, {"$set": {"department": company.department("LOG")}})
    clerk = browser_as("clerk_sal")
    form = clerk.form("/admin/quotation/new/", "/new/")
    said_of = [
        read_page(clerk.send(form, **{"customer.text": text}).text).errors["customer"][0].replace(text, "TEXT")
        for text in (hidden.name, hidden.number, "並無此公司")
    ]
    assert len({*said_of}) == 1


def test_what_is_chosen_fills_what_is_empty_beside_it(
    company: Company, browser_as: Any, products: dict[str, ObjectId]
) -> None:
    clerk = browser_as("clerk_sal")
    form = offer(clerk, company, at0_quantity="1", at1_unit_price="300", at1_spec="特製")
    form |= {f"lines-{at}-product": str(products[code]) for at, code in enumerate(("CT-IO32", "SN-LD50", "SN-LD90"))}
    names = [f"lines-{at}-product" for at in (0, 1, 2)]
    answer = computed(clerk, form, chosen=names)
    assert answer["fills"] == {
        "lines-0-spec": "CT-IO32 / 24 V",
        "lines-0-unit_price": "320.00",
        "lines-2-spec": "SN-LD90 / 24 V",
    }
    assert len(answer["notes"]) == 1  # its price is in another currency, which is said
    assert "「單價」未自動填寫" in answer["notes"][0]
    assert "USD" in answer["notes"][0]
    assert "fills" not in computed(clerk, form)
    assert "fills" not in computed(clerk, form, chosen=["customer", "lines-9-product", "x", "lines-0-quantity"])
    hidden = company.make("product", "head_sal", code="ZZ-1")
    type(hidden)._get_collection().update_one({"_id": hidden.id}, {"$set": {"department": company.department("LOG")}})
    assert "fills" not in computed(clerk, form, **{"lines-0-product": str(hidden.id)}, chosen=names[:1])


def test_a_fill_that_cannot_be_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    link = catalogue["quotation"]._fields["lines"].columns["product"]
    monkeypatch.setattr(link, "fills", {"spec": "no_such_field"})
    with pytest.raises(DeclarationError, match=r"column lines.product fills 'spec' from 'no_such_field'"):
        Catalogue(dict(catalogue), departments=catalogue.departments)


def test_a_copy_has_the_values_and_the_lines(company: Company, browser_as: Any, products: dict[str, ObjectId]) -> None:
    line = {"product": products["CT-IO32"], "quantity": Decimal(2), "unit_price": Decimal(300), "spec": "特製"}
    lines = [catalogue["quotation"]._fields["lines"].field.document_type(**line)]
    record = company.make("quotation", "clerk_sal", subject="傳感器採購", lines=lines, valid_until=clock.today())
    clerk = browser_as("clerk_sal")
    page = clerk.page(f"/admin/quotation/details/?id={record.id}")
    (way,) = [link for link in page.links if "copy=" in link]
    form = clerk.form(way, "/new/")
    assert (form["subject"], form["customer"]) == ("傳感器採購", str(record.ref("customer")))
    assert (form["lines-0-product"], form["lines-0-spec"]) == (str(products["CT-IO32"]), "特製")
    assert (form["lines-0-quantity"], form["lines-0-unit_price"]) == ("2", "300.00")
    made = type(record).objects.get(id=id_in(clerk.send(form)))
    assert (made.number != record.number, made.state, made.total) == (True, "draft", record.total)


def test_a_copy_leaves_out_what_is_unique_and_dates_that_have_passed(company: Company, browser_as: Any) -> None:
    day = clock.today()
    facts = {"valid_from": day - dt.timedelta(days=9), "valid_until": day + dt.timedelta(days=9), "unit": "件"}
    record = company.make("product", "head_sal", code="CT-IO32", **facts)
    form = browser_as("head_sal").form(f"/admin/product/new/?copy={record.id}", "/new/")
    assert (form["code"], form["valid_from"], form["unit"]) == ("", "", "件")
    assert form["valid_until"] == facts["valid_until"].isoformat()


def test_who_may_not_create_or_see_copies_nothing(company: Company, browser_as: Any) -> None:
    record = company.make("quotation", "clerk_sal")
    assert "copy=" not in browser_as("supervisor").get("/admin/quotation/details/", {"id": record.id}).text
    result = {"supervisor": 403, "it": 403, "clerk_sal": 404}
    ids = {"supervisor": record.id, "it": record.id, "clerk_sal": ObjectId()}
    for login, status in result.items():
        assert browser_as(login).get("/admin/quotation/new/", {"copy": ids[login]}).status_code == status, login


LIMITED = [
    (name, field)
    for name, cls in catalogue.items()
    for field, link in cls._fields.items()
    if getattr(link, "states", None) and cls.declared.access.write != {}  # somebody enters it by hand
]


def test_there_are_links_to_records_in_some_states() -> None:
    assert {name for name, _ in LIMITED} >= {"loan", "revision"}


@pytest.mark.parametrize(("name", "field"), LIMITED)
def test_text_in_a_picker_of_records_in_some_states(company: Company, browser_as: Any, name: str, field: str) -> None:
    """A text that names nothing is kept and said, in the form and in the draft of it."""
    login = writer(company, catalogue[name])
    assert login
    clerk = browser_as(login, locale="zh-Hant")
    form = clerk.form(f"/admin/{name}/new/")
    answer = clerk.send(form, **{f"{field}.text": "質量"})
    assert answer.status_code == 422
    page = read_page(answer.text)
    assert "質量" in page.errors[field][0]
    assert page.form()[f"{field}.text"] == "質量"
    kept = clerk.post(f"/admin/{name}/draft/", {**form, f"{field}.text": "質量"})
    assert kept.status_code in (200, 204), said(kept)
