"""What is taken out of files of each kind in a confined process, and what a hostile file can do to it: nothing."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from typing import Any

import pytest
import xlsxwriter
from PIL import Image

from models.services.files import confined
from models.services.files.child.texts import Unreadable, decoded

ALL = {"characters": 2_000_000, "pages": 3000}
TEXT = "關於保證金的條款：甲方應於收到發票後十日內支付。聯繫人：王小明。"


def run_on(content: bytes, program: str, order: Any, **more: Any) -> Any:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        return confined.run(program, order, file, **more)


def blocks(content: bytes, kind: str, **order: Any) -> list[list[Any]]:
    return run_on(content, "texts", {**ALL, "kind": kind, **order})[0]["blocks"]


def why(content: bytes, program: str, order: Any) -> str:
    with pytest.raises(confined.Unreadable) as refused:
        run_on(content, program, order)
    return str(refused.value)


class TestTexts:
    def test_a_pdf_by_pages(self, paper):
        result = blocks(paper.pdf("第一頁 採購合同", "第二頁 違約金條款"), "pdf")
        assert [(kind, number, text) for kind, _, number, text in result] == [
            ("page", 1, "第一頁 採購合同"),
            ("page", 2, "第二頁 違約金條款"),
        ]

    def test_a_document_with_its_tables_and_heads(self, paper):
        content = paper.document("技術說明", table=(("軸承型號", "數量"), ("SKF-6205", "12")), head="內部資料")
        assert [(kind, number, text) for kind, _, number, text in blocks(content, "document")] == [
            ("paragraph", 1, "技術說明"),
            ("paragraph", 2, "軸承型號\t數量"),
            ("paragraph", 3, "SKF-6205\t12"),
            ("margin", 0, "內部資料"),
        ]

    def test_sheets_with_names_and_rows(self, paper):
        result = blocks(paper.sheets(一月=[["品名"]], 二月=[["減速機", 12.5], [], ["聯軸器", 3]]), "sheets")
        assert result == [
            ["sheet", "一月", 1, "品名"],
            ["sheet", "二月", 1, "減速機\t12.5"],
            ["sheet", "二月", 3, "聯軸器\t3"],
        ]

    def test_no_more_than_so_many_characters(self):
        row = run_on(("文" * 90 + "\n").encode() * 9, "texts", {"kind": "text", "characters": 200, "pages": 1})[0]
        assert (sum(len(block[3]) for block in row["blocks"]), row["cut"]) == (200, True)

    def test_no_control_characters(self):
        assert blocks("a\x00b".encode("utf-16"), "text")[0][3] == "ab"

    def test_a_scan_has_no_text(self):
        out = io.BytesIO()
        Image.new("RGB", (60, 80), "white").save(out, "PDF")
        assert blocks(out.getvalue(), "pdf") == []

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "big5"])
    def test_chinese_in_any_encoding(self, encoding):
        assert decoded((TEXT * 9).encode(encoding)) == TEXT * 9
        assert decoded(TEXT.encode(encoding)[:-1]).startswith(TEXT[:-2])

    @pytest.mark.parametrize("text", ["客户,金额\n东方机械,一万二千元", "客户", "价格 12.50 元/件，含税。"])
    def test_simplified_text_in_gb_is_not_taken_for_big5(self, text):
        assert decoded(text.encode("gb18030")) == text

    @pytest.mark.parametrize(
        "raw", [bytes(range(128, 256)) * 9, "Größe für Straße".encode("latin-1"), b"a\x00b", os.urandom(999)]
    )
    def test_what_is_no_text(self, raw):
        with pytest.raises(Unreadable):
            decoded(raw)


class TestHostile:
    @pytest.mark.parametrize(
        ("kind", "content"),
        [
            ("pdf", b"%PDF-1.7 x"),
            ("document", b"PK\x03\x04 x"),
            ("sheets", b"PK x"),
            ("sheets", b"x"),
            ("document", b""),
        ],
    )
    def test_damaged(self, kind, content):
        assert why(content, "texts", {**ALL, "kind": kind}) == "damaged"

    def test_an_archive_that_unpacks_to_much(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
            made.writestr("word/document.xml", bytes(320 << 20))
        for kind in ("document", "sheets"):
            assert why(out.getvalue(), "texts", {**ALL, "kind": kind}) == "unpacked"

    def test_a_sheet_of_endless_size(self):
        out = io.BytesIO()
        with xlsxwriter.Workbook(out) as book:
            sheet = book.add_worksheet()
            sheet.write(0, 0, "x")
            sheet.write(1048575, 16383, "y")
        result = blocks(out.getvalue(), "sheets")
        assert [(number, text.strip("\t")) for _, _, number, text in result] == [(1, "x"), (1048576, "y")]

    def test_entities_that_grow(self, paper):
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(paper.document("x"))) as old, zipfile.ZipFile(out, "w") as new:
            for name in old.namelist():
                body = old.read(name)
                if name == "word/document.xml":
                    grow = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
                    head = f'<!DOCTYPE x [<!ENTITY a0 "lol"><!ENTITY f SYSTEM "file:///etc/passwd">{grow}]>'
                    body = body.replace(b"?>", b"?>" + head.encode(), 1).replace(b">x<", b">&a9;&f;<")
                new.writestr(name, body)
        try:
            said = str(blocks(out.getvalue(), "document"))
        except confined.Unreadable:
            said = ""
        assert "lol" not in said
        assert "root" not in said

    def test_a_picture_of_too_many_pixels(self, paper):
        assert why(paper.picture(9000, 9000, mode="1"), "pictures", {"verb": "image", "width": 900}) == "pixels"

    def test_svg_and_scripts_are_no_pictures(self):
        for content in (b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<script>alert(1)</script>"):
            assert why(content, "pictures", {"verb": "image", "width": 900}) == "damaged"

    def test_the_process_has_no_secrets_little_time_and_fills_no_disk(self, tmp_path, monkeypatch):
        monkeypatch.setattr(confined, "_PROGRAMS", tmp_path)
        monkeypatch.setenv("GUICHENG_SECRET_KEY", "s" * 40)
        begin = "import json, os, sys, time\nsys.stdin.buffer.readline()\n"
        bodies = {
            "tell": "print(json.dumps(dict(os.environ)))",
            "sleep": "time.sleep(60)",
            "eat": "bytearray(2 << 30)",
            "fill": f"open({str(tmp_path / 'big')!r}, 'wb').write(bytes(200 << 20))",
        }
        for name, body in bodies.items():
            (tmp_path / f"{name}.py").write_text(begin + body)
        assert "GUICHENG_SECRET_KEY" not in run_on(b"x", "tell", {})[0]
        with pytest.raises(confined.Unreadable, match="time"):
            run_on(b"x", "sleep", {}, seconds=1)
        assert why(b"x", "eat", {}) == "memory"
        assert why(b"x", "fill", {}) == "memory"
        assert os.path.getsize(tmp_path / "big") <= confined.ANSWER_MAX


class TestPictures:
    def test_a_page_with_hits_and_mark(self, paper):
        content = paper.pdf("第一頁", "違約金條款")
        plain = drawn(content, verb="page", number=2, width=900)
        assert plain.size[0] == 900
        assert drawn(content, verb="page", number=2, width=900, search="違約金").tobytes() != plain.tobytes()
        marked = drawn(content, verb="page", number=2, width=900, mark="wang 2026-11-23")
        assert marked.tobytes() != plain.tobytes()
        ground = plain.crop((0, 600, 900, 1200)).getcolors(1 << 20)
        assert len(marked.crop((0, 600, 900, 1200)).getcolors(1 << 20)) > len(ground)  # it stands on empty ground, too

    def test_a_page_beyond_the_last_is_the_last(self, paper):
        said, _ = run_on(paper.pdf("一", "二"), "pictures", {"verb": "page", "number": 99, "width": 300})
        assert said == {"pages": 2, "number": 2}

    @pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
    def test_images_are_drawn_anew(self, paper, form):
        assert drawn(paper.picture(2000, 100, form), verb="image", width=900).size == (900, 45)

    def test_every_page_of_a_stamped_copy_is_a_picture(self, paper):
        content = paper.pdf("可以找到", "第二頁")
        row, copy = run_on(content, "pictures", {"verb": "stamped", "pages": 9, "width": 0, "mark": "wang 12:00"})
        assert row["pages"] == 2
        assert blocks(copy, "pdf") == []
        assert why(content, "pictures", {"verb": "stamped", "pages": 1, "width": 0, "mark": "x"}) == "pages"


def drawn(content: bytes, **order: Any) -> Image.Image:
    return Image.open(io.BytesIO(run_on(content, "pictures", order)[1]))
