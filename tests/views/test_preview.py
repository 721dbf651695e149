"""Attached files over HTTP: lists, previews page by page, downloads, marks of readers, uploads."""

from __future__ import annotations

import io
from typing import Any

import pytest
from bson import ObjectId
from PIL import Image

from models.kernel.base import clock
from models.kernel.base.words import L
from models.kernel.gate import history
from models.services.files import files
from models.services.files import viewing as file_viewing
from tests.fixtures.doing import work_off
from tests.fixtures.http import said

SCRIPT = b"<script>alert(1)</script><svg onload=alert(2)>"


@pytest.fixture
def need(company: Any) -> Any:
    return company.make("requirement", "clerk_mkt")


@pytest.fixture
def attach(company: Any, need: Any) -> Any:
    def attached(name: str, content: bytes) -> str:
        upload = files.Upload(name, io.BytesIO(content))
        file = files.attach(type(need), need.id, "", upload, actor=company.actor("clerk_mkt"))
        work_off("files.read")
        return f"/files/{file['_id']}"

    return attached


def verbs(need: Any) -> list[str]:
    return [entry["verb"] for entry in history.entries_of(need.id)][1:]


class TestPages:
    def test_page_by_page_with_its_text_and_what_was_found(self, need, attach, paper, browser_as):
        address = attach("合同.pdf", paper.pdf("第一頁", "違約金條款", "第三頁"))
        browser = browser_as("clerk_mkt")
        listed = browser.page("/admin/requirement/details/", {"id": need.id})
        assert f"{address}/view" in listed.links
        page = browser.get(f"{address}/view", {"page": 2, "q": "违约金"})
        assert "<mark>違約金</mark>" in page.text
        assert f"{address}/page/2?" in page.text
        links = browser.page(f"{address}/view", {"page": 2}).links
        assert [link.partition("?")[2][:7] for link in links if link.startswith(f"{address}/view")][:2] == [
            "page=1&",
            "page=3&",
        ]
        picture = browser.get(f"{address}/page/2", {"zoom": "150"})
        assert (picture.status_code, picture.content_type) == (200, "image/webp")
        assert Image.open(io.BytesIO(picture.data)).width == 1350
        assert "sandbox" in picture.headers["Content-Security-Policy"]
        assert picture.headers["Cache-Control"] == "no-store"

    def test_a_page_shows_the_one_before_only_where_the_hit_stands_across_both(self, attach, paper, browser_as):
        address = attach("合同.pdf", paper.pdf("第一頁 違約", "金條款 第二頁"))
        browser = browser_as("clerk_mkt")
        assert "第一頁" not in browser.page(f"{address}/view", {"page": 2, "q": "條款"}).text
        across = browser.page(f"{address}/view", {"page": 2, "q": "違約金"}).text
        assert "第一頁" in across
        assert "第二頁" in across

    def test_inside_only_for_a_script(self, attach, paper, browser_as):
        address = attach("a.pdf", paper.pdf("一"))
        inside = browser_as("clerk_mkt").get(f"{address}/view", headers={"X-Requested-With": "XMLHttpRequest"})
        assert "data-preview-inside" in inside.text
        assert "<html" not in inside.text

    def test_text_is_escaped_and_never_sent_as_a_page(self, attach, browser_as):
        browser = browser_as("clerk_mkt")
        for name in ("a.html", "a.svg", "a.js", "a.txt"):
            address = attach(name, SCRIPT)
            page = browser.get(f"{address}/view")
            assert "&lt;script&gt;alert(1)" in page.text, name
            assert "<script>alert" not in page.text
            download = browser.get(address)
            assert download.data == SCRIPT
            assert download.content_type == "application/octet-stream"
            assert download.headers["Content-Disposition"].startswith("attachment")
            assert "sandbox" in download.headers["Content-Security-Policy"]
            assert browser.get(f"{address}/page/1").status_code == 404

    def test_tables_of_sheets_and_documents(self, attach, paper, browser_as):
        browser = browser_as("clerk_mkt")
        address = attach("a.xlsx", paper.sheets(庫存=[["品名", "數量"], ["<b>軸承", 12]]))
        page = browser.page(f"{address}/view")
        assert ["品名", "數量"] in page.rows
        assert ["<b>軸承", "12"] in page.rows
        assert "庫存" in page.text
        address = attach("a.docx", paper.document("說明", table=(("甲", "乙"),)))
        assert ["甲", "乙"] in browser.page(f"{address}/view").rows

    def test_what_cannot_be_shown_says_why(self, attach, browser_as):
        browser = browser_as("clerk_mkt")
        address = attach("a.pdf", b"%PDF-1.4 x")
        assert "damaged" in browser_as("clerk_mkt", locale="en").get(f"{address}/view").text
        assert browser.get(f"{address}/page/1").status_code == 422
        assert browser.get(attach("a.bin", b"\x00\x01") + "/view").status_code == 200

    @pytest.mark.parametrize("query", ["0", "-1", "99999999999", "x", "", "٣"])
    def test_nonsense_for_a_page(self, attach, paper, browser_as, query):
        address = attach("a.pdf", paper.pdf("一", "二"))
        assert browser_as("clerk_mkt").get(f"{address}/view", {"page": query, "zoom": query}).status_code == 200


class TestRights:
    def test_a_table_of_readers_and_addresses(self, attach, paper, browser_as):
        address = attach("a.pdf", paper.pdf("一"))
        for login, status in (("clerk_mkt", 200), ("management", 200), ("clerk_prd", 404), ("it", 404), ("", 303)):
            for path in ("", "/view", "/page/1", "/small"):
                answer = browser_as(login).get(address + path)
                assert answer.status_code == status, (login, path)

    def test_no_such_file(self, browser_as, company):
        for id in (ObjectId(), "x", "%00", "../../etc/passwd"):
            for path in ("", "/view", "/page/1", "/small"):
                assert browser_as("clerk_mkt").get(f"/files/{id}{path}").status_code == 404

    def test_who_may_see_but_not_open(self, need, attach, paper, browser_as, monkeypatch):
        address = attach("a.pdf", paper.pdf("一"))
        closed = dict(need.declared.access.__dict__) | {"openable": lambda _principal: None}
        access = type(need.declared.access)(**closed)
        declared = type(need.declared)(**{**need.declared.__dict__, "access": access})
        monkeypatch.setattr(type(need), "declared", declared)
        for path in ("", "/view", "/page/1", "/small"):
            assert browser_as("management").get(address + path).status_code == 403, path

    def test_views_are_written_down_once_an_hour_and_downloads_each_time(self, need, attach, paper, browser_as):
        address = attach("a.pdf", paper.pdf("一"))
        reader = browser_as("management")
        reader.get(f"{address}/page/1")
        reader.get(f"{address}/view")
        reader.get(f"{address}/small")
        file_viewing._viewed.clear()  # as another process would know
        reader.get(f"{address}/view")
        assert verbs(need) == ["attach", "view"]
        reader.get(address)
        reader.get(address)
        browser_as("clerk_mkt").get(f"{address}/view")
        assert verbs(need) == ["attach", "view", "download", "download", "view"]
        assert history.entries_of(need.id)[-1]["changes"][0]["new"]["name"] == "a.pdf"


class TestMarks:
    @pytest.fixture
    def lent(self, need, monkeypatch):
        monkeypatch.setattr(
            type(need), "watermark_for", lambda _self, actor: L("Loan LN-1", "借閱 LN-1"), raising=False
        )

    def test_pages_carry_name_and_time_and_are_not_shared(self, lent, attach, paper, company, browser_as, monkeypatch):
        content = paper.pdf("一")
        address = attach("a.pdf", content)
        page = browser_as("management").page(f"{address}/view")
        assert "周文博" in page.text
        assert f"{clock.now().astimezone(clock.zone()):%Y-%m-%d}" in page.text
        first = browser_as("management").get(f"{address}/page/1").data
        assert browser_as("clerk_mkt").get(f"{address}/page/1").data != first
        monkeypatch.undo()
        assert browser_as("clerk_mkt").get(f"{address}/page/1").data != first

    def test_a_pdf_is_downloaded_with_the_mark_and_others_are_not(self, lent, attach, paper, browser_as):
        content = paper.pdf("一")
        copy = browser_as("clerk_mkt").get(attach("a.pdf", content))
        assert copy.data[:5] == b"%PDF-"
        assert copy.data != content
        assert copy.headers["Content-Length"] == str(len(copy.data))
        address = attach("a.txt", "文字".encode())
        assert browser_as("clerk_mkt").get(address).status_code == 403
        page = browser_as("clerk_mkt").page(f"{address}/view")
        assert "文字" in page.text
        assert address not in page.links
        assert browser_as("clerk_mkt").get(f"{address}/small").status_code == 404


class TestAttaching:
    def post(self, browser: Any, need: Any, *given: tuple[bytes, str], **headers: str) -> Any:
        data = {"id": str(need.id), "kind": "", "file": [(io.BytesIO(content), name) for content, name in given]}
        data["csrf_token"] = browser.token
        path = "/admin/requirement/attach/"
        return browser.client.post(path, data=data, headers=headers, content_type="multipart/form-data", buffered=True)

    def test_several_at_once_each_with_its_answer(self, need, browser_as):
        browser = browser_as("clerk_mkt", locale="en")
        answer = self.post(browser, need, (b"one", "a.txt"), (b"no pdf", "b.pdf"), (b"two", "../c.txt"))
        assert answer.status_code == 422
        assert "b.pdf" in said(answer)
        assert [file["name"] for file in files.files_of(need.id)] == ["a.txt", "c.txt"]

    def test_a_script_is_told(self, need, browser_as):
        browser = browser_as("clerk_mkt", locale="en")
        script = {"X-Requested-With": "XMLHttpRequest"}
        answer = self.post(browser, need, (b"one", "a.txt"), **script)
        assert answer.get_json() == {"ok": True, "message": "Attached: a.txt."}
        answer = self.post(browser, need, (b"", "a.txt"), **script)
        assert (answer.status_code, answer.get_json()["ok"]) == (422, False)
        assert self.post(browser, need, **script).status_code == 422

    def test_the_same_content_is_pointed_out_to_those_who_may_open_the_other(self, company, need, browser_as):
        other = company.make("requirement", "clerk_mkt")
        browser = browser_as("clerk_mkt", locale="en")
        self.post(browser, other, (b"the same", "first.txt"))
        self.post(browser, need, (b"the same", "second.txt"))
        page = browser.page("/admin/requirement/details/", {"id": need.id})
        assert any(other.number in notice and "first.txt" in notice for notice in page.notices)
        customer = company.make("customer", "clerk_sal")
        elsewhere = browser_as("clerk_sal", locale="en")
        data = {"id": str(customer.id), "kind": "", "file": (io.BytesIO(b"the same"), "third.txt")}
        elsewhere.post("/admin/customer/attach/", data)
        page = elsewhere.page("/admin/customer/details/", {"id": customer.id})
        assert "third.txt" in page.text
        assert other.number not in page.text
        assert "already attached" not in page.text

    def test_the_name_that_was_given_is_shown_beside_the_safe_one(self, need, browser_as):
        browser = browser_as("clerk_mkt")
        self.post(browser, need, (b"x", "invoice\u202efdp.exe.txt"), (b"y", "長" * 300 + ".txt"))
        page = browser.page("/admin/requirement/details/", {"id": need.id})
        assert "invoice_fdp.exe.txt" in page.text
        assert "長" * 300 in page.text


class TestSearch:
    def test_places_in_files_with_ways_to_them(self, need, attach, paper, browser_as):
        address = attach("合同.pdf", paper.pdf("第一頁", "甲方的違約金條款", "違約金另計"))
        attach("b.txt", "違約金".encode())
        browser = browser_as("clerk_mkt")
        answer = browser.get("/admin/search/", {"q": "違約金"})
        assert "甲方的<mark>違約金</mark>條款" in answer.text
        page = browser.page("/admin/search/", {"q": "違約金"})
        assert any(link.startswith(f"{address}/view?page=2&") for link in page.links)
        assert f"/admin/requirement/details/?id={need.id}" in page.links
        assert any("b.txt" in letter for letter in page.text.split())
        way = next(link for link in page.links if link.startswith(f"{address}/view?page=3&"))
        assert "<mark>違約金</mark>另計" in browser.get(way).text

    def test_nothing_of_what_one_may_not_open(self, attach, browser_as):
        attach("秘密.txt", "絕密內容".encode())
        for login in ("clerk_prd", "it", "legal"):
            answer = browser_as(login).get("/admin/search/", {"q": "絕密內容", "in": "files"})
            assert answer.status_code == 200
            assert "秘密.txt" not in answer.text

    def test_of_one_type_and_nonsense(self, attach, browser_as):
        attach("a.txt", "可以找到".encode())
        browser = browser_as("management")
        assert "a.txt" in browser.get("/admin/search/", {"q": "可以找到", "in": "files", "type": "requirement"}).text
        assert "a.txt" not in browser.get("/admin/search/", {"q": "可以找到", "in": "files", "type": "customer"}).text
        for query in (
            {"type": "x"},
            {"before": "x"},
            {"before": "9" * 40},
            {"before": "-1"},
            {"q": "可"},
            {"q": "\x00"},
        ):
            assert browser.get("/admin/search/", {"q": "可以找到", "in": "files", **query}).status_code == 200
