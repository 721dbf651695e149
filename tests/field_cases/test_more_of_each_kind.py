"""More of the kinds of field cases: what nobody can see, encodings by samples, parts of a format, true causes."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from typing import Any

import docx
import pytest

from models.kernel.base.words import HANT
from models.services.files.child import documents, tables
from tests.field_cases.cases import checked, imported
from tests.fixtures.workbooks import packed
from views.custom.documents.desk import read_code

PLACES = "東莞 蘇州 新竹 寧波 高雄 深圳 臺北 佛山 無錫 杭州".split()
NAMES = "恒遠 長榮 華碩 台達 鴻海 錢江 新銳 海曙 廣達 聯發".split()
TRADES = "精密機械 電子科技 塑料製品 閥門製造 光電材料 機電設備 物流倉儲 紡織品 自動化設備 化工原料".split()
ENCODINGS = ["gbk", "gb18030", "cp950", "big5hkscs", "utf-8", "utf-16"]


@pytest.fixture
def clerk(company: Any, browser_as: Any) -> Any:
    return browser_as("clerk_sal", locale=HANT)


class TestEncodings:
    """C: whether a text can be read does not depend on how many rows it has."""

    def samples(self, rows: int) -> Iterator[str]:
        chance = random.Random(rows)
        for _ in range(200):
            lines = [
                f"CU-2026-{chance.randrange(99999):05},{chance.choice(PLACES)}{chance.choice(NAMES)}"
                f"{chance.choice(TRADES)}有限公司,{chance.choice(PLACES)},製造業"
                for _ in range(rows)
            ]
            yield "\r\n".join(["編號,名稱,地區,行業", *lines, ""])

    @pytest.mark.parametrize("encoding", ENCODINGS)
    @pytest.mark.parametrize("rows", [1, 2, 5, 20, 100])
    def test_two_hundred_samples_of_each_size(self, encoding: str, rows: int) -> None:
        wrong = []
        for text in self.samples(rows):
            rows_read = [cells for _, cells in tables.of_separated(io.BytesIO(text.encode(encoding)))]
            if [",".join(cells) for cells in rows_read] != text.splitlines():
                wrong.append(text)
        assert wrong == []


class TestWhatNobodyCanSee:
    """F: of whichever width, with whatever stands unseen between."""

    @pytest.mark.parametrize("sign", ["\u200b", "\u2060", "\ufeff", "\u00ad"])
    def test_a_number_in_a_cell_finds_its_record(self, company: Any, clerk: Any, db: Any, sign: str) -> None:
        made = company.make("customer", "clerk_sal", name="老客戶", region="北京")
        number = made.number[:4] + sign + made.number[4:]
        imported(clerk, "customer", "x.csv", f"編號,地區\r\n{number},上海\r\n".encode())
        assert db["customer"].find_one({"_id": made.id})["region"] == "上海"

    @pytest.mark.parametrize(
        "text", ["ＤＯＣ－２０２６－０００１／１", "DOC-2026\u200b-0001/1", " DOC-2026-0001/1\ufeff"]
    )
    def test_a_scanned_code(self, text: str) -> None:
        assert read_code(text) == "DOC-2026-0001/1"
        assert read_code(f"https://x.example/admin/copy/?code={text.strip()}") == "DOC-2026-0001/1"

    @pytest.mark.parametrize("said", ["展\u200b會", "展會\u3000", "ｅｘｈｉｂｉｔｉｏｎ"])
    def test_the_word_of_a_choice(self, clerk: Any, db: Any, said: str) -> None:
        imported(clerk, "customer", "x.csv", f"名稱,來源渠道\r\n甲公司,{said}\r\n".encode())
        row = db["customer"].find_one({"name": "甲公司"})
        assert row
        assert row["channel"] == "exhibition"


class TestPartsOfADocument:
    """P: what stands beside the text of a Word document is read, too."""

    def texts(self, content: bytes) -> dict[str, str]:
        blocks = list(documents.of_document(io.BytesIO(content), {}))
        return {kind: "\n".join(text for each, _, _, text in blocks if each == kind) for kind, *_ in blocks}

    def test_heads_and_feet_of_pages(self) -> None:
        made, out = docx.Document(), io.BytesIO()
        made.add_paragraph("正文")
        made.sections[0].header.paragraphs[0].text = "頁眉機密"
        made.sections[0].footer.paragraphs[0].text = "頁腳版本三"
        made.save(out)
        texts = self.texts(out.getvalue())
        assert "頁眉機密" in texts["margin"]
        assert "頁腳版本三" in texts["margin"]

    @pytest.mark.parametrize("part", ["footnotes", "endnotes", "comments"])
    def test_notes(self, part: str) -> None:
        space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
        text = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
        body = f"<w:document {space}><w:body>{text.format('正文')}</w:body></w:document>"
        notes = f"<w:{part} {space}><w:{part[:-1]}>{text.format('批註一')}</w:{part[:-1]}></w:{part}>"
        content = packed({"word/document.xml": body.encode(), f"word/{part}.xml": notes.encode()})
        assert self.texts(content) == {"paragraph": "正文", "note": "批註一"}


class TestTrueCauses:
    """Q: each fault by its own name."""

    def test_a_page_that_calls_itself_a_workbook(self, clerk: Any) -> None:
        sent = {"file": (io.BytesIO("<table><tr><td>名稱</td></tr></table>".encode()), "x.xls")}
        answer = clerk.post("/admin/customer/import/", sent, content_type="multipart/form-data")
        assert answer.status_code == 422
        assert "x.xls" in answer.text

    def test_a_newer_workbook_with_a_password(self, clerk: Any) -> None:
        wrapped = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(900)
        assert "密碼" in clerk.page(checked(clerk, "customer", "x.xlsx", wrapped)).text

    def test_what_is_cut_off_is_damaged(self, clerk: Any) -> None:
        page = clerk.page(checked(clerk, "customer", "x.xlsx", packed({"a": b"1" * 900})[:60]))
        assert "無法讀取表格" in page.text
        assert "記憶體" not in page.text
        assert "內存" not in page.text
