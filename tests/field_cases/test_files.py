"""Attached files as people have them: what they hold is shown, stamped and found, or the page says what is not."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from models.services.files import files, viewing
from models.services.files import text as file_text
from tests.field_cases.cases import content_of
from tests.fixtures.doing import work_off


@pytest.fixture
def attach(company: Any) -> Any:
    need = company.make("requirement", "clerk_mkt")

    def attached(name: str, content: bytes) -> Any:
        upload = files.Upload(name, io.BytesIO(content))
        file = files.attach(type(need), need.id, "", upload, actor=company.actor("clerk_mkt"))
        work_off("files.read")
        return file["_id"]

    return attached


@pytest.fixture
def clerk(company: Any, browser_as: Any) -> Any:
    return browser_as("clerk_mkt", locale="zh-Hant")


def is_found(browser: Any, text: str) -> bool:
    """Whether the search in files leads to one."""
    page = browser.page("/admin/search/", {"q": text, "in": "files"})
    return any("/view" in link for link in page.links)


def test_word_containers(clerk: Any, attach: Any) -> None:
    attach("A01.docx", content_of("A01-word-containers.docx"))
    assert [word for word in ("ALPHA", "BRAVO", "CHARLIE", "DELTA", "FOXTROT") if not is_found(clerk, word)] == []
    assert not is_found(clerk, "ECHO")


def test_a_filled_form(clerk: Any, attach: Any) -> None:
    id = attach("A02.pdf", content_of("A02-filled-form.pdf"))
    assert is_found(clerk, "88000")
    drawn = Image.open(io.BytesIO(clerk.get(f"/files/{id}/page/1").data)).convert("L")
    assert "FILLED 88000.00" in clerk.page(f"/files/{id}/view").text
    assert drawn.histogram()[0:100] != [0] * 100


def test_three_pages_of_a_scan(clerk: Any, attach: Any) -> None:
    id = attach("A03.tif", content_of("A03-three-pages.tif"))
    assert "共 3 頁" in clerk.page(f"/files/{id}/view").text
    pages = [clerk.get(f"/files/{id}/page/{number}").data for number in (1, 2, 3)]
    assert len(set(pages)) == 3


@pytest.mark.parametrize("text", ["长期", "門店", "车间", "第3页", "人力", "cooperation"])
def test_radicals(clerk: Any, attach: Any, text: str) -> None:
    attach("A10.txt", content_of("A10-radicals.txt"))
    assert is_found(clerk, text)


def test_number_formats(clerk: Any, attach: Any) -> None:
    id = attach("A11.xlsx", content_of("A11-number-formats.xlsx"))
    page = clerk.page(f"/files/{id}/view")
    assert ["格式試行ZULU", "5%", "NT$1,234.50", "2025-12-09", "0.30", "2025年12月9日", "36:00"] in page.rows


@pytest.mark.parametrize("encoding", ["gbk", "cp950", "big5hkscs", "utf-16", "utf-8-sig"])
def test_text_files_of_one_line(clerk: Any, attach: Any, encoding: str) -> None:
    id = attach("x.txt", "關於車間長期合同的說明".encode(encoding))
    assert file_text.text_of(id) == "關於車間長期合同的說明"


A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
P = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"


def slides() -> bytes:
    """A presentation of one slide with a box, a table and speaker notes."""

    def links(*pairs: tuple[str, str, str]) -> str:
        lines = "".join(f'<Relationship Id="{id}" Type="{R}/{kind}" Target="{to}"/>' for id, kind, to in pairs)
        return f'<Relationships xmlns="{RELS}">{lines}</Relationships>'

    box = "<p:sp><p:txBody><a:p><a:r><a:t>年度計劃</a:t></a:r></a:p></p:txBody></p:sp>"
    cells = "".join(
        f"<a:tc><a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody></a:tc>" for text in ("泵", "12")
    )
    members = {
        "_rels/.rels": links(("1", "officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": f'<p:presentation {P} xmlns:r="{R}"><p:sldIdLst><p:sldId id="256" r:id="s1"/>'
        "</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": links(("s1", "slide", "slides/slide1.xml")),
        "ppt/slides/slide1.xml": f"<p:sld {P} {A}>{box}<a:tbl><a:tr>{cells}</a:tr></a:tbl></p:sld>",
        "ppt/slides/_rels/slide1.xml.rels": links(("n1", "notesSlide", "../notesSlides/notesSlide1.xml")),
        "ppt/notesSlides/notesSlide1.xml": f"<p:notes {P} {A}><a:p><a:r><a:t>口頭說明</a:t></a:r></a:p></p:notes>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, text in members.items():
            made.writestr(name, text)
    return out.getvalue()


def test_a_presentation(clerk: Any, attach: Any) -> None:
    id = attach("x.pptx", slides())
    assert [text for text in ("年度計劃", "口頭說明") if not is_found(clerk, text)] == []
    page = clerk.page(f"/files/{id}/view")
    assert ["泵", "12"] in page.rows
    assert "圖片和版式請看文件本身" in page.text


def test_the_marked_copy_of_a_filled_form_shows_what_was_filled_in(company: Any, clerk: Any, attach: Any) -> None:
    """A borrower takes the copy with their name across it home: the amount stands in it as on the screen."""
    content = content_of("A02-filled-form.pdf")
    blank = content.replace(b"88000.00", b"        ")
    assert blank != content
    dark = []
    for name, form in {"filled.pdf": content, "blank.pdf": blank}.items():
        looked = viewing.may_look(attach(name, form), actor=company.actor("clerk_mkt"))
        page = pypdfium2.PdfDocument(viewing.stamped_copy(looked))[0]
        dark.append(sum(page.render(scale=2).to_pil().convert("L").histogram()[:60]))
    assert dark[0] > dark[1] + 100, dark
