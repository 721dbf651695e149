"""The pages of imports: who may, what they show, whose they are, and the sheets that go with them."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import EN, HANS, HANT
from models.kernel.gate import changes
from models.kernel.rights import rights
from models.services.imports import imports
from tests.fixtures.doing import work_off
from tests.fixtures.http import read_page, said
from tests.models.test_imports import GOOD, HEADS

BASE = "/admin/customer/import/"
ROWS = [["編號", *HEADS], ["", *GOOD[0]], ["", "", "無名", "", "", ""], ["", *GOOD[1]]]


def send(browser: Any, content: bytes, name: str = "客戶.csv", base: str = BASE) -> Any:
    return browser.post(base, {"file": (io.BytesIO(content), name)}, content_type="multipart/form-data")


def checked(browser: Any, content: bytes, name: str = "客戶.csv", base: str = BASE) -> str:
    """The address of an import that was sent and checked."""
    answer = send(browser, content, name, base)
    assert answer.status_code == 302, said(answer)
    work_off("imports.check")
    return str(answer.headers["Location"])


def imported(browser: Any, content: bytes, **ticked: str) -> str:
    way = checked(browser, content)
    answer = browser.send(browser.form(way, "/import/run/"), **ticked)
    assert answer.status_code == 302, said(answer)
    work_off("imports.run")
    return way


def rows_of(answer: Any) -> list[list[str]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.get_data()))
    return [[str(cell) for cell in row] for row in book.get_sheet_by_index(0).to_python()]


@pytest.fixture
def clerk(company: Any, browser_as: Any) -> Any:
    return browser_as("clerk_sal", locale=HANT)


class TestCorrected:
    """Refused rows are typed anew on the page, checked again, and imported as they are then."""

    SHEET = (HEADS, GOOD[0], ["", "機械", "蘇州", "101", "Z"], ["乙", "", "", "x", "A"])

    def test_cell_by_cell(self, company, clerk, sheets, db):
        way = checked(clerk, sheets.csv(self.SHEET))
        page = clerk.page(way)
        form = page.form("/import/correct/")
        places = sorted(name for name in form if name.startswith("cell-"))
        assert len(places) == 2 * len(HEADS)
        assert [form[name] for name in places] == [*self.SHEET[2], *self.SHEET[3]]
        first = places[0].rpartition("-")[0]
        sent = {"id": form["id"], "turn": form["turn"], f"{first}-0": "甲", f"{first}-1": "機械", f"{first}-3": "90"}
        said_ = clerk.post(BASE + "correct/", sent, headers={"Accept": "application/json"}).get_json()
        (row,) = said_["rows"]
        assert (row["ok"], said_["counts"]["refused"]) == (False, "2")
        assert [cell["name"] for cell in row["cells"] if cell["reasons"]] == [f"{first}-4"]  # what was mended is so
        form = clerk.form(way, "/import/correct/")  # nothing typed is lost by a reload
        assert (form[f"{first}-0"], form[f"{first}-3"], form[f"{first}-4"]) == ("甲", "90", "Z")
        assert db["import_row"].count_documents({"rows": {"$regex": "甲"}}) == 0
        answer = clerk.send(form, **{f"{first}-4": "B"})
        assert answer.status_code == 302  # without a script, all of them at once
        page = clerk.page(way)
        assert "已更正 1 行" in page.text
        assert "將新建 2" in page.text
        clerk.send(page.form("/import/run/"))
        work_off("imports.run")
        assert {row["name"]: row.get("score") for row in db["customer"].find()} == {GOOD[0][0]: 80, "甲": 90}
        assert clerk.client.post(BASE + "correct/", data={**sent, "csrf_token": clerk.token}).status_code == 422

    def test_what_stands_twice_is_seen_again(self, company, clerk, sheets):
        known = company.make("customer", "clerk_sal", name="老客戶")
        other = company.make("customer", "clerk_sal", name="新客戶")
        rows = [["編號", "地區"], [known.number, "上海"], ["CU-9", "廣州"]]
        way = checked(clerk, sheets.csv(rows))
        form = clerk.form(way, "/import/correct/")
        (number_,) = [name for name in form if name.endswith("-0")]
        clerk.send(form, **{number_: known.number})
        assert "與第 2 行重複" in clerk.page(way).text
        clerk.send(clerk.form(way, "/import/correct/"), **{number_: other.number})
        assert "將修改 2" in clerk.page(way).text

    def test_only_its_sender_and_only_cells_of_the_sheet(self, company, clerk, sheets, browser_as):
        way = checked(clerk, sheets.csv(self.SHEET))
        form = clerk.form(way, "/import/correct/")
        other = browser_as("clerk_sal2")
        sent = {**form, "cell-0.2-0": "甲", "csrf_token": other.token}
        assert other.client.post(BASE + "correct/", data=sent).status_code == 404
        nasty = {"cell-0.2-199": "x", "cell-9.9-0": "x", "cell-0.0-0": "x", "cell-0.999-0": "x", "turn": form["turn"]}
        sent = {"id": form["id"], **nasty, "csrf_token": clerk.token}
        assert clerk.client.post(BASE + "correct/", data=sent).status_code in (302, 422)
        assert "將新建 1" in clerk.page(way).text


class TestTheWay:
    def test_from_the_list_to_the_records_and_back(self, company, clerk, sheets, db):
        assert BASE in clerk.page("/admin/customer/").links
        way = checked(clerk, sheets.csv(ROWS))
        page = clerk.page(way)
        assert "將新建 2" in page.text
        assert "不能導入 1" in page.text
        assert "請填寫「名稱」。" in page.text
        assert "蘇州恒遠精密" in page.text
        answer = clerk.send(page.form("/import/run/"))
        assert clerk.get(way).status_code == 200
        assert "導入中" in clerk.page(way).text
        row = clerk.get(BASE + "progress/", {"id": way.split("id=")[1]}).get_json()
        assert (row["is_open"], row["total"]) == (True, 3)
        work_off("imports.run")
        page = clerk.page(answer.headers["Location"])
        assert "已新建 2" in page.text
        made = [link for link in page.links if "/customer/details/" in link]
        assert len(made) == 2
        assert "導入" in clerk.page(made[0].replace("details", "history")).text
        assert "已新建 2" in clerk.page(BASE).text
        clerk.send(page.form("/import/take_back/"), id=way.split("id=")[1])
        work_off("imports.take_back")
        assert "已移至回收站 2" in clerk.page(way).text
        assert db["customer"].count_documents({"removed_at": None}) == 0

    def test_pasted_cells(self, company, clerk):
        text = "\n".join("\t".join(row) for row in ROWS)
        sent = {"text": text, "csrf_token": clerk.token, "file": (io.BytesIO(), "")}
        answer = clerk.client.post(BASE, data=sent, content_type="multipart/form-data")
        work_off("imports.check")
        page = clerk.page(answer.headers["Location"])
        assert "將新建 2" in page.text
        assert "粘貼的單元格" in page.text

    def test_columns_are_matched_by_hand(self, company, clerk, sheets):
        way = checked(clerk, sheets.csv([["公司", "在哪", "名稱"], ["甲公司", "蘇州", "乙公司"]]))
        form = clerk.form(way, "/import/match/")
        assert (form["column-0"], form["column-1"], form["column-2"]) == ("", "", "name")
        clerk.send(form, **{"column-0": "name", "column-1": "region", "column-2": ""})
        work_off("imports.check")
        page = clerk.page(way)
        assert "甲公司" in page.text
        form = page.form("/import/match/")
        assert (form["column-0"], form["column-1"], form["column-2"]) == ("name", "region", "")
        clerk.send(form, **{"column-0": "owner", "column-1": "state", "column-2": "no such"})
        work_off("imports.check")
        assert "沒有可導入的行" in clerk.page(way).text

    def test_changes_show_from_and_to(self, company, clerk, sheets):
        known = company.make("customer", "clerk_sal", name="老客戶", region="北京", channel="web")
        way = checked(clerk, sheets.csv([["編號", "地區", "來源渠道"], [known.number, "上海", "展會"]]))
        text = clerk.page(way).text
        assert "地區：北京 → 上海" in text
        assert "來源渠道：網絡 → 展會" in text

    def test_an_announcement_of_all_or_none(self, company, clerk, sheets, db):
        way = checked(clerk, sheets.csv(ROWS))
        answer = clerk.send(clerk.form(way, "/import/run/"), strict="1")
        assert answer.status_code == 422
        assert "有 1 行不能導入" in said(answer)
        assert db["customer"].count_documents({}) == 0

    def test_doubtful_rows_are_announced(self, company, clerk, sheets, db):
        company.make("customer", "clerk_sal", name=GOOD[0][0])
        content = sheets.csv(ROWS)
        way = checked(clerk, content)
        assert "已有同名客戶" in clerk.page(way).text
        clerk.send(clerk.form(way, "/import/run/"), doubtful="1")
        work_off("imports.run")
        assert db["customer"].count_documents({"name": GOOD[0][0]}) == 2

    def test_pages_of_refused_rows_follow_each_other(self, company, clerk, sheets):
        way = checked(clerk, sheets.csv([["名稱", "篩選評分"], *([f"客戶{n}", "x"] for n in range(230))]))
        first = clerk.page(way, {})
        assert len([row for row in first.rows if row and row[0].isdigit()]) == 10
        lines: list[int] = []
        url = next(link for link in first.links if "show=refused" in link)
        while url:
            page = clerk.page(url)
            lines += [int(row[0]) for row in page.rows if row and row[0].isdigit()]
            url = next((link for link in page.links if "after=" in link), "")
        assert lines == list(range(2, 232))
        assert "須為數字。" in page.text
        assert "x" in page.form("/import/correct/").values()


class TestSheets:
    def test_the_refused_rows_are_corrected_and_imported(self, company, clerk, sheets, db):
        way = imported(clerk, sheets.csv([*ROWS, ["", "=壞", "", "", "999", ""]]))
        for kind in ("xlsx", "csv"):
            answer = clerk.get(BASE + "refused/", {"id": way.split("id=")[1], "kind": kind})
            raw = answer.get_data()
            rows = rows_of(answer) if kind == "xlsx" else list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
            assert rows[0] == ["編號", *HEADS, "未導入原因"]
            assert rows[1] == ["", "", "無名", "", "", "", "請填寫「名稱」。"]
            assert rows[2][1] == "'=壞"
            assert "「篩選評分」不得大於 100" in rows[2][-1]
        rows[1][1], rows[2][4] = "有名", "99"
        imported(clerk, sheets.csv(rows))
        assert sorted(row["name"] for row in db["customer"].find({})) == sorted(["=壞", "有名", GOOD[0][0], GOOD[1][0]])

    def test_the_empty_sheet(self, company, clerk):
        answer = clerk.get(BASE + "template/")
        heads = rows_of(answer)[0]
        assert heads[:3] == ["編號", "名稱", "統一社會信用代碼"]
        book = CalamineWorkbook.from_filelike(io.BytesIO(answer.get_data()))
        notes = str(book.get_sheet_by_index(1).to_python())
        assert "聯繫人" in notes
        assert "展會" in notes

    @pytest.mark.parametrize("locale", [EN, HANT, HANS])
    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    def test_the_round_trip_changes_nothing(self, company, browser_as, kind, locale):
        for name in ("甲公司", "=乙", "+1 丙"):
            company.make("customer", "clerk_sal", name=name, score=50, channel="exhibition")
        browser = browser_as("clerk_sal", locale=locale)
        way = checked(browser, browser.get(f"/admin/customer/export/{kind}/").get_data(), f"a.{kind}")
        form = browser.page(way)
        assert not [link for link in form.links if re.search("show=(refused|create|change|doubt)", link)]
        assert [link for link in form.links if "show=same" in link]

    def test_the_same_file_again(self, company, clerk, sheets, browser_as):
        content = sheets.csv(ROWS)
        way = imported(clerk, content)
        answer = send(clerk, content)
        assert answer.status_code == 422
        assert "由 林曉梅 導入，新增 0 條" in said(answer)
        assert way in read_page(answer.text).links
        other = send(browser_as("clerk_sal2", locale=HANT), content)
        assert other.status_code == 422
        assert way not in read_page(other.text).links

    def test_what_is_no_sheet(self, company, clerk, db):
        assert "請選擇文件" in said(clerk.post(BASE, {}, content_type="multipart/form-data"))
        assert "文件是空的" in said(send(clerk, b""))
        assert "請選擇 CSV 文件或工作簿" in said(send(clerk, b"%PDF-1.4\n", "a.pdf"))
        assert "內容與名稱不符" in said(send(clerk, b"%PDF-1.4\n", "a.xlsx"))
        assert db["import"].count_documents({}) == 0
        assert db["content.files"].count_documents({}) == 0
        way = checked(clerk, b"PK\x03\x04 nonsense", "a.xlsx")
        page = clerk.page(way)
        assert "無法讀取表格" in page.text
        assert clerk.send(page.form("/import/drop/"), id=way.split("id=")[1]).status_code == 302
        assert db["import"].count_documents({}) == 0


class TestRights:
    def test_who_may_enter_records_may_import_them(self, company, browser_as):
        for login in company.logins:
            me, browser = company.actor(login), browser_as(login)
            for name in ("customer", "requirement", "user", "department"):
                cls = catalogue[name]
                if not rights.can_open(me, cls):
                    continue
                may = bool(rights.may_create(me, cls))
                base = f"/admin/{name}/import/"
                for path in (base, f"{base}template/"):
                    assert browser.get(path).status_code == (200 if may else 403), (login, path)
                assert (base in browser.page(f"/admin/{name}/").links) == may

    def test_a_colleagues_import_is_not_found(self, company, clerk, sheets, browser_as):
        id = checked(clerk, sheets.csv(ROWS)).split("id=")[1]
        for login in ("clerk_sal2", "head_sal"):
            other = browser_as(login)
            for path in ("details/", "progress/", "refused/"):
                assert other.get(BASE + path, {"id": id}).status_code == 404
            for path in ("match/", "run/", "take_back/", "drop/"):
                assert other.post(BASE + path, {"id": id, "turn": "1"}).status_code == 404
        for wrong in ("x", "", "0" * 24):
            assert clerk.get(BASE + "details/", {"id": wrong}).status_code == 404
        assert clerk.get("/admin/interaction/import/details/", {"id": id}).status_code == 404
        assert browser_as("it").get(BASE + "details/", {"id": id}).status_code in (403, 404)

    def test_what_one_may_not_set_is_not_imported(self, company, clerk, sheets, db):
        rows = [["名稱", "狀態", "經辦人", "version", "編號"], ["甲公司", "customer", "王建國", "99", ""]]
        imported(clerk, sheets.csv(rows))
        (made,) = db["customer"].find({})
        assert (made["state"], made["owner"], made["version"]) == ("lead", company.users["clerk_sal"], 1)

    def test_an_import_whose_rows_changed_is_looked_at_again(self, company, clerk, sheets):
        way = checked(clerk, sheets.csv(ROWS))
        old = clerk.form(way, "/import/run/")
        clerk.send(clerk.form(way, "/import/match/"))
        work_off("imports.check")
        answer = clerk.send(old)
        assert answer.status_code == 422
        assert "請再次查看結果" in said(answer)

    def test_without_the_right_nothing_goes_on(self, company, clerk, sheets, db):
        way = checked(clerk, sheets.csv(ROWS))
        form = clerk.form(way, "/import/run/")
        user = company.user("clerk_sal")
        changes.update(type(user), user.id, {"roles": ["supervisor"]}, actor=SYSTEM, version=user.version)
        assert clerk.send(form).status_code in (403, 404)
        assert db["customer"].count_documents({}) == 0

    def test_script_in_a_cell_is_text(self, company, clerk, sheets):
        way = checked(clerk, sheets.csv([["名稱", "<b>x</b>"], ["<script>alert(1)</script>", "y"]]))
        html = clerk.get(way).text
        assert "<script>alert" not in html
        assert "<b>x</b>" not in html


def test_states_have_words():
    assert set(imports.STATES) >= set(imports.OPEN)
