"""Sheets as people have them, sent over HTTP, each with what comes of it; and more of the same kinds."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from decimal import Decimal
from typing import Any

import pytest

from models.kernel.base.words import HANT
from models.sales.customers import Contact
from tests.field_cases.cases import checked, content_of, imported
from tests.fixtures.doing import work_off


def customers(db: Any) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in db["customer"].find({"removed_at": None})}


def products(db: Any) -> dict[str, dict[str, Any]]:
    return {row["code"]: row for row in db["product"].find({"removed_at": None})}


@pytest.fixture
def clerk(company: Any, browser_as: Any) -> Any:
    return browser_as("clerk_sal", locale=HANT)


@pytest.fixture
def head(company: Any, browser_as: Any) -> Any:
    return browser_as("head_sal", locale=HANT)


class TestNoValue:
    """A: what cannot be read is not empty, and empty does not mean delete."""

    @pytest.fixture
    def known(self, company: Any) -> Any:
        number = "CU-2026-00201"
        made = company.make("customer", "clerk_sal", name="老客戶", region="北京", industry="製造業")
        type(made)._get_collection().update_one({"_id": made.id}, {"$set": {"number": number}})
        return made

    def test_a_formula_without_value_leaves_the_record(self, known: Any, clerk: Any, db: Any) -> None:
        page = clerk.page(checked(clerk, "customer", "I01-formula-no-value.xlsx"))
        assert "不能導入 1" in page.text
        assert "單元格為 #N/A" in page.text
        assert "未計算結果的公式" in page.text
        assert "將修改" not in page.text
        row = db["customer"].find_one({"_id": known.id})
        assert (row["region"], row["industry"]) == ("北京", "製造業")

    @pytest.mark.parametrize("shown", ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "########"])
    def test_faults_that_a_sheet_wrote_into_a_text(self, known: Any, clerk: Any, shown: str) -> None:
        sheet = f"編號,地區\r\nCU-2026-00201,{shown}\r\n".encode()
        page = clerk.page(checked(clerk, "customer", "x.csv", sheet))
        assert f"單元格為 {shown}" in page.text

    def test_an_empty_cell_empties_only_for_who_says_so(self, known: Any, clerk: Any, db: Any) -> None:
        sheet = "編號,名稱,地區\r\nCU-2026-00201,老客戶,\r\n".encode()
        assert "無變化 1" in clerk.page(checked(clerk, "customer", "x.csv", sheet)).text
        assert "將修改 1" in clerk.page(checked(clerk, "customer", "x.csv", sheet, empties="1")).text
        imported(clerk, "customer", "y.csv", sheet, empties="1")
        assert not db["customer"].find_one({"_id": known.id}).get("region")


class TestQuotationMarks:
    """B: broken input is refused with its place, not repaired."""

    def test_an_open_one_is_refused_with_its_line(self, company: Any, browser_as: Any, db: Any) -> None:
        browser = browser_as("clerk_mkt", locale=HANT)
        page = browser.page(checked(browser, "requirement", "I04b-stray-quote-long.csv"))
        assert "第 3 行有未配對的引號" in page.text
        assert not page.has_form("/import/run/")
        assert db["requirement"].count_documents({}) == 0

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ('名稱,地區\n甲,"京\n乙,滬\n', 2),
            ('名稱,地區\n甲,"京"城\n', 2),
            ('名稱,地區\n甲,京\n乙,"滬\n丙,穗\n丁,"深"\n', 3),
            ('名稱,地區\n"甲\n甲",京\n乙,"滬\n丙,穗\n丁,深",\n', 4),
        ],
    )
    def test_rows_are_not_swallowed(self, clerk: Any, text: str, line: int) -> None:
        page = clerk.page(checked(clerk, "customer", "x.csv", text.encode()))
        assert f"第 {line} 行有未配對的引號" in page.text

    def test_a_cell_of_two_lines_is_one_cell(self, company: Any, browser_as: Any, db: Any) -> None:
        browser = browser_as("clerk_mkt", locale=HANT)
        imported(browser, "requirement", "I15-x000d.xlsx")
        assert db["requirement"].find_one()["description"].splitlines() == ["第一行", "第二行"]


class TestEncodings:
    """C: what Windows writes in Beijing, Taipei and Hong Kong is read, however short it is."""

    def test_traditional_characters_in_the_table_of_beijing(self, clerk: Any, db: Any) -> None:
        imported(clerk, "customer", "I02-traditional-in-gbk.csv")
        assert set(customers(db)) == {"東莞長榮機電有限公司", "蘇州華碩電腦有限公司"}

    @pytest.mark.parametrize(
        ("encoding", "name"),
        [
            ("gbk", "苏州恒远精密有限公司"),
            ("gb18030", "蘇州恒遠精密有限公司"),
            ("cp950", "新竹碁電科技股份有限公司"),
            ("big5hkscs", "九龍着裝有限公司"),
            ("utf-16", "蘇州恒遠精密有限公司"),
            ("utf-16-le", "蘇州恒遠精密有限公司"),
            ("utf-16-be", "蘇州恒遠精密有限公司"),
        ],
    )
    def test_one_row_is_enough(self, clerk: Any, db: Any, encoding: str, name: str) -> None:
        imported(clerk, "customer", "x.csv", f"名稱,地區\r\n{name},廣州\r\n".encode(encoding))
        assert set(customers(db)) == {name}

    def test_what_stays_in_doubt_is_asked(self, clerk: Any, db: Any) -> None:
        way = checked(clerk, "customer", "x.csv", "name,note\r\nCafé Zoë\r\n".encode("cp1252"))
        page = clerk.page(way)
        assert "無法確定文字編碼" in page.text
        assert not page.has_form("/import/run/")

    def test_the_clerk_chooses_by_what_it_looks_like(self, clerk: Any, db: Any) -> None:
        way = checked(clerk, "customer", "x.csv", "name\r\n囗匸彳\r\n".encode("gb18030"))
        page = clerk.page(way)
        assert "囗匸彳" in page.text
        answer = clerk.send(page.form("/import/encoding/"), encoding="gb18030")
        assert answer.status_code == 302
        work_off("imports.check")
        assert clerk.send(clerk.form(way, "/import/run/")).status_code == 302
        work_off("imports.run")
        assert set(customers(db)) == {"囗匸彳"}


class TestFormats:
    """D: what the clerk sees in a cell, without the noise of binary fractions."""

    def test_fifteen_digits(self, head: Any, db: Any) -> None:
        imported(head, "product", "I08-float-noise.xlsx")
        prices = {code: row["list_price"].to_decimal() for code, row in products(db).items()}
        assert prices == {"FN-01": Decimal("0.30"), "FN-02": Decimal("59.97"), "FN-03": Decimal("121.00")}

    def test_noughts_in_front(self, head: Any, db: Any) -> None:
        imported(head, "product", "I09-zero-format.xlsx")
        assert set(products(db)) == {"00042"}

    def test_texts_that_are_kept_from_programs(self, head: Any, db: Any) -> None:
        imported(head, "product", "I10-equals-quoted.csv")
        assert set(products(db)) == {"00123", "00124"}

    def test_midnight_is_no_time_and_a_blank_no_digit(self, head: Any, db: Any) -> None:
        page = imported(head, "product", "I17-date-midnight.csv")
        rows = products(db)
        assert set(rows) == {"DM-1"}
        days = [rows["DM-1"][name].date() for name in ("valid_from", "valid_until")]
        assert days == [dt.date(2026, 11, 2), dt.date(2026, 11, 30)]
        assert "2026-11-2 9" in page.text


class TestHeads:
    """E, F: the row of heads is found, and read as a person reads it."""

    def test_a_line_that_names_the_separator(self, clerk: Any, db: Any) -> None:
        imported(clerk, "customer", "I05-sep-line.csv")
        row = customers(db)["分號有限公司"]
        assert (row["industry"], row["region"]) == ("製造業", "蘇州")

    def test_a_title_above(self, clerk: Any, db: Any) -> None:
        page = clerk.page(checked(clerk, "customer", "I06-title-row.xlsx"))
        assert "列標題識別於第 2 行" in page.text
        imported(clerk, "customer", "I06-title-row.xlsx")
        assert set(customers(db)) == {"標題行一有限公司", "標題行二有限公司"}

    def test_the_clerk_says_where_they_stand(self, clerk: Any, db: Any) -> None:
        sheet = "名稱,地區\r\n公司,在哪\r\n名稱,地區\r\n甲公司,京\r\n".encode()
        imported(clerk, "customer", "x.csv", sheet, head_row="3")
        assert set(customers(db)) == {"甲公司"}

    def test_the_clerk_changes_where_they_stand(self, clerk: Any, db: Any) -> None:
        """On the page of the checked sheet, as often as needed; the columns are matched anew each time."""
        sheet = "名稱,地區,行業\r\n公司,在哪,何業\r\n名稱,地區,行業\r\n甲公司,京,製造業\r\n".encode()
        way = checked(clerk, "customer", "x.csv", sheet)
        page = clerk.page(way)
        assert "列標題識別於第 1 行" in page.text
        assert "第 3 行：名稱、地區、行業" in page.text
        self._heads_in(clerk, way, "2")
        assert "將新建" not in clerk.page(way).text
        self._heads_in(clerk, way, "3")
        assert "列標題識別於第 3 行，其上各行不導入" in clerk.page(way).text
        clerk.send(clerk.form(way, "/import/run/"))
        work_off("imports.run")
        assert set(customers(db)) == {"甲公司"}
        assert customers(db)["甲公司"]["industry"] == "製造業"
        assert not clerk.page(way).has_form("/import/heads/")
        assert db["content.files"].count_documents({}) == 0

    def test_a_row_that_was_not_offered_is_refused(self, clerk: Any) -> None:
        way = checked(clerk, "customer", "I06-title-row.xlsx")
        for row in ("0", "99", "x"):
            assert clerk.send(clerk.form(way, "/import/heads/"), head_row=row).status_code == 422
        assert "列標題識別於第 2 行" in clerk.page(way).text

    def test_a_row_far_below_said_when_sending(self, clerk: Any, db: Any) -> None:
        above = "".join(f"說明{line},備註\r\n" for line in range(40))
        imported(clerk, "customer", "x.csv", f"{above}名稱,地區\r\n甲公司,京\r\n".encode(), head_row="41")
        assert set(customers(db)) == {"甲公司"}

    @staticmethod
    def _heads_in(clerk: Any, way: str, row: str) -> None:
        answer = clerk.send(clerk.form(way, "/import/heads/"), head_row=row)
        assert answer.status_code == 302
        work_off("imports.check")

    def test_columns_without_a_head_can_be_matched(self, clerk: Any, db: Any) -> None:
        way = checked(clerk, "customer", "x.csv", "名稱\r\n甲公司,京\r\n".encode())
        clerk.send(clerk.form(way, "/import/match/"), **{"column-1": "region"})
        work_off("imports.check")
        clerk.send(clerk.form(way, "/import/run/"))
        work_off("imports.run")
        assert customers(db)["甲公司"]["region"] == "京"

    @pytest.mark.parametrize("separator", ["\t", ";", ",", "|"])
    def test_titles_with_other_signs_above(self, clerk: Any, db: Any, separator: str) -> None:
        rows = ["客戶名單, 2026;", separator.join(("名稱", "地區")), separator.join(("甲公司", "京"))]
        imported(clerk, "customer", "x.csv", "\r\n".join(rows).encode())
        assert customers(db)["甲公司"]["region"] == "京"

    def test_what_nobody_can_see(self, clerk: Any, db: Any) -> None:
        imported(clerk, "customer", "I11-zero-width-head.csv")
        row = customers(db)["零寬有限公司"]
        assert (row["industry"], row["region"]) == ("製造業", "蘇州")

    @pytest.mark.parametrize("said", ["名\u2060稱", "名　稱", "ｎａｍｅ", "*名称*", "名稱\u00ad："])
    def test_heads_of_another_width(self, clerk: Any, db: Any, said: str) -> None:
        imported(clerk, "customer", "x.csv", f"{said}\r\n甲公司\r\n".encode())
        assert set(customers(db)) == {"甲公司"}


class TestTrueCauses:
    """Q: the sentence names the true cause."""

    def test_a_blank_in_the_last_cell(self, clerk: Any, db: Any) -> None:
        imported(clerk, "customer", "I22-space-in-last-cell.xlsx")
        assert set(customers(db)) == {"遠格有限公司"}

    def test_millions_of_empty_rows(self, clerk: Any) -> None:
        """L10: they count, though nothing stands in them."""
        out = io.BytesIO()
        source = zipfile.ZipFile(io.BytesIO(content_of("I06-title-row.xlsx")))
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
            for member in source.namelist():
                text = source.read(member)
                made.writestr(member, text.replace(b"</sheetData>", b"<row/>" * 1_100_000 + b"</sheetData>"))
        page = clerk.page(checked(clerk, "customer", "x.xlsx", out.getvalue()))
        assert "表格超過 100000 行" in page.text

    @pytest.mark.parametrize("ending", ["\n" * 3000 + "乙\n", ",\n" * 3000 + "乙\n"])
    def test_some_thousand_empty_rows_are_nothing(self, clerk: Any, ending: str) -> None:
        page = clerk.page(checked(clerk, "customer", "x.csv", f"名稱\n甲\n{ending}".encode()))
        assert "將新建 2" in page.text


class TestNames:
    """F, H: names are found by any part of them, and entered again they raise a doubt."""

    def test_found_and_doubted(self, clerk: Any, db: Any) -> None:
        imported(clerk, "customer", "N01-names.csv")
        assert len(customers(db)) == 3
        for text, name in {"王乾": "王乾坤精密", "張三豐": "三豐木業", "零寬機電": "寬機電有限公司"}.items():
            rows = clerk.page("/admin/customer/", {"q": text}).rows
            assert sum(any(name in cell for cell in row) for row in rows) == 1, text
        again = content_of("N01-names.csv") + b"\r\n"
        assert "存疑 3" in clerk.page(checked(clerk, "customer", "x.csv", again)).text


def test_a_customer_is_found_by_its_contacts(company: Any, clerk: Any, db: Any) -> None:
    """Names by any part of them; what is sealed as a whole, by a keyed digest, however it is written."""
    contact = Contact(name="劉乾坤", phone="+86 138 0013 8000", mail="liu@example.com")
    company.make("customer", "clerk_sal", name="有聯繫人公司", contacts=[contact])
    company.make("customer", "clerk_sal", name="別的公司", contacts=[Contact(name="張三", phone="02-26961234")])
    for text in ("劉乾", "138-0013-8000", "（138）00138000", "LIU@example.com"):
        rows = clerk.page("/admin/customer/", {"q": text}).rows
        assert sum("有聯繫人公司" in row for row in rows) == 1, text
        assert not any("別的公司" in row for row in rows), text
    kept = db["customer"].find_one({"name": "有聯繫人公司"})
    assert not any("138" in part or "liu@" in part for part in kept["s"])
