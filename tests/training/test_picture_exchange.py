"""Pictures of questions go out with QTI and Moodle XML and come in again as they were; what would be lost is said
before (5.2)."""

from __future__ import annotations

import base64
import datetime as dt
import io
import re
import zipfile
from typing import Any
from urllib.parse import unquote

import pytest
from lxml import etree
from mongoengine.connection import get_db
from PIL import Image

from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.services.files import files
from models.services.files.child import moodle, qti
from models.services.files.child.question_rows import PICTURE_BYTES, PICTURE_PIXELS
from models.services.imports.cells import WHY_NOT_TAKEN
from models.training.bank import BankQuestion
from models.training.interchange import in_gift
from tests.fixtures.doing import do, work_off
from tests.fixtures.http import said
from tests.training.test_interchange import sent
from tests.training.test_pictures import Pictured, image
from tests.training.test_qti import SINGLE, TWO, item, packed, resource

PAIRS = "紅燈 = ![停止的人](stop.png)\n![綠燈](green 1.png) = 通行"


def png(width: int = 4, height: int = 4) -> bytes:
    content = io.BytesIO()
    Image.new("1", (width, height)).save(content, "PNG")
    return content.getvalue()


def matching(pictured: Pictured) -> Any:
    """Pairs with a picture on either side."""
    made = pictured.question("matching", options="紅燈 = 停止\n綠燈 = 通行", text="配對 ![信號](sign.png)")
    for name, colour in (("stop.png", "red"), ("green 1.png", "green"), ("sign.png", "blue")):
        files.attach(
            type(made), made.id, "picture", files.Upload(name, image(colour)), actor=pictured.company.actor("hr")
        )
    return pictured.changed(made, options=PAIRS)


def meant(record: Any) -> tuple[Any, ...]:
    pictures = sorted((file["name"], file["sha256"], file["kind"]) for file in files.files_of(record.id))
    return record.kind, record.text, record.options, pictures


def renumbered(content: bytes) -> bytes:
    """A package or a document of the same questions, as if another program had made it."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return re.sub(rb"QB-(?=\d)", b"Q", content)
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(result, "w") as new:
        for name in old.namelist():
            body = old.read(name)
            new.writestr(name.replace("QB-", "Q"), re.sub(rb"QB-(?=\d)", b"Q", body) if name.endswith("xml") else body)
    return result.getvalue()


@pytest.mark.parametrize("form", ["zip", "xml"])
def test_pictures_go_out_and_in_as_they_are(company: Any, browser_as: Any, form: str) -> None:
    pictured = Pictured(company)
    before = [pictured.asked_with_pictures(), *([matching(pictured)] if form == "zip" else [])]
    browser = browser_as("hr")
    content = browser.get(f"/admin/bank_question/export/{form}/").data
    assert f"無變化 {len(before)}" in sent(browser, content, f"bank.{form}").text
    if form == "zip":
        manifest_names_all(content)
    page = sent(browser, renumbered(content), f"fresh.{form}")
    assert f"將新建 {len(before)}" in page.text, said(page)
    with clock.set_to(clock.now() + dt.timedelta(days=2)):
        assert do("files.sweep") == {}  # what waits for its import stays
    answer = browser.send(page.form("/import/run/"))
    work_off("imports.run")
    made = list(BankQuestion.objects(id__nin=[each.id for each in before]).order_by("id"))
    assert sorted(map(meant, made)) == sorted(meant(pictured.fresh(each)) for each in before)
    way = answer.headers["Location"]
    browser.send(browser.page(way).form("/import/take_back/"), id=way.split("id=")[1])
    work_off("imports.take_back")
    assert BankQuestion.objects(id__in=[each.id for each in made], removed_at=None).count() == 0
    other = before[0]
    for file in files.files_of(other.id):
        if file["name"] == "panel.png":
            files.detach(file["_id"], actor=company.actor("hr"))
    lost = browser.get(f"/admin/bank_question/export/{form}/")
    assert lost.status_code == 422
    assert other.number in lost.text
    files.attach(BankQuestion, other.id, "picture", files.Upload("panel.png", image("pink")), actor=company.actor("hr"))
    assert "「panel.png」與此記錄現有的圖片不同" in sent(browser, content + b"\n", f"again.{form}").text


def manifest_names_all(content: bytes) -> None:
    archive = zipfile.ZipFile(io.BytesIO(content))
    manifest = etree.fromstring(archive.read("imsmanifest.xml"))
    listed = {unquote(each.get("href")): each for each in manifest.iter("{*}resource")}
    media = {name for name in archive.namelist() if name.startswith("media/")}
    assert len(media) == 6
    assert {name for name, each in listed.items() if each.get("type") == "webcontent"} == media
    needed = {each.get("identifierref") for each in manifest.iter("{*}dependency")}
    assert needed == {listed[name].get("identifier") for name in media}


def test_what_has_no_place_for_pictures_says_so_before(company: Any, browser_as: Any) -> None:
    pictured = Pictured(company)
    question, pairs, plain = pictured.asked_with_pictures(), matching(pictured), pictured.question("true_false")
    browser = browser_as("hr")
    assert "GIFT（不含帶圖片的題目）" in browser.get("/admin/bank_question/").text
    text = browser.get("/admin/bank_question/export/gift/").text
    assert f"// {question.number}: not in GIFT" in text
    assert f"::{plain.number}::" in text
    assert "![" not in text
    refused = browser.get("/admin/bank_question/export/xml/")
    assert (refused.status_code, pairs.number in refused.text, question.number in refused.text) == (422, True, False)
    assert "右項不能含圖片" in refused.text
    assert "".join(in_gift([])) == ""


IMG = '<img src="media/a%20b.png" alt="{alt}"/>'
BODY = f"<p>{IMG.format(alt='a [sign]')}?</p>{TWO}"
PLACES = {
    "alt": {"text": item(SINGLE, BODY.replace("a [sign]", "")), "media/a b.png": png()},
    "missing": {"text": item(SINGLE, BODY), "media/other.png": png()},
    "media": {"text": item(SINGLE, BODY), "media/a b.png": b"<svg/>"},
    "large": {"text": item(SINGLE, BODY), "media/a b.png": png(5001, PICTURE_PIXELS // 5000)},
    "cut off": {"text": item(SINGLE, BODY), "media/a b.png": png(300, 300)[:-40]},
    "many bytes": {"text": item(SINGLE, BODY), "media/a b.png": png() + bytes(PICTURE_BYTES)},
}


@pytest.mark.parametrize("why", PLACES)
def test_a_picture_of_a_package_is_looked_at(why: str) -> None:
    parts: dict[str, Any] = dict(PLACES[why])
    content = packed({"item.xml": parts.pop("text"), **parts}, resource("item.xml"))
    _, (_, cells, *more) = qti.rows(io.BytesIO(content))
    fault = {"cut off": "media", "many bytes": "large"}.get(why, why)
    assert (cells[1], more) == (f"\x02{fault}", [])
    assert fault in WHY_NOT_TAKEN


def test_pictures_of_others_have_names_that_can_stand_in_a_text() -> None:
    option = TWO.replace("Yes", '<img src="../x/a%20b.png" alt="other"/>')
    text = item(SINGLE, f"<p>{IMG.format(alt='a [sign]')}?</p>{option}").replace("../x", "x/../x")
    other = png(5, 5)
    content = packed({"item.xml": text, "media/a b.png": png(), "x/a b.png": other}, resource("item.xml"))
    _, (_, cells, kept) = qti.rows(io.BytesIO(content))
    row = dict(zip(("number", "kind", "category", "difficulty", "text", "options"), cells, strict=False))
    assert row["text"].startswith("![a ［sign］](a b.png)?")
    assert row["options"].startswith("![other](a b-2.png)")
    assert {name: base64.b64decode(text) for name, text in kept} == {"a b.png": png(), "a b-2.png": other}


def moodle_question(html: str, files: str = "") -> bytes:
    return (
        '<quiz><question type="truefalse"><questiontext format="html"><text><![CDATA['
        f'{html}]]></text>{files}</questiontext><answer fraction="100"><text>true</text></answer></question></quiz>'
    ).encode()


FILE = f'<file name="照片(1).jpeg" path="/sub/" encoding="base64">{base64.b64encode(png()).decode()}</file>'
SRC = "@@PLUGINFILE@@/sub/%E7%85%A7%E7%89%87(1).jpeg"
HTML = {
    f'<p>看<img src="{SRC}" alt="燈"></p>': ("True or false", "看![燈](照片_1_.png)"),
    f'<img src="{SRC}" alt="">': ("\x02alt", ""),
    '<img src="https://example.org/a.png" alt="燈">': ("\x02media", "［燈］"),
    '<img src="@@PLUGINFILE@@/a.png" alt="燈">': ("\x02missing", "［燈］"),
    "<audio></audio>聽": ("\x02media", "聽"),
}


@pytest.mark.parametrize(("html", "read"), HTML.items(), ids=["taken", "alt", "elsewhere", "missing", "sound"])
def test_pictures_in_moodle_are_looked_at(html: str, read: tuple[str, str]) -> None:
    _, (_, cells, *_) = moodle.rows(io.BytesIO(moodle_question(html, FILE)))
    assert (cells[1], cells[4]) == read


def test_a_picture_has_a_limit_of_its_own(company: Any) -> None:
    pictured = Pictured(company)
    question, hr = pictured.question("single"), company.actor("hr")
    cases = [
        ("picture", png(5001, PICTURE_PIXELS // 5000), "25 million pixels"),
        ("picture", png() + bytes(PICTURE_BYTES), "5 MB"),
        ("", png() + bytes(PICTURE_BYTES), "5 MB"),
        ("picture", png(300, 300)[:-40], "is no picture"),
    ]
    for kind, content, words in cases:
        with pytest.raises(Refused) as refused:
            files.attach(BankQuestion, question.id, kind, files.Upload("a.png", io.BytesIO(content)), actor=hr)
        assert words in str(refused.value.problems["file"][0])
    files.attach(BankQuestion, question.id, "", files.Upload("a.txt", io.BytesIO(b"notes")), actor=hr)
    assert [file["name"] for file in files.files_of(question.id)] == ["a.txt"]
    assert get_db()["content.files"].count_documents({}) == 1


def test_whoever_keeps_the_bank_sees_a_question_as_it_is_put(company: Any, browser_as: Any) -> None:
    pictured = Pictured(company)
    question, browser = pictured.asked_with_pictures(), browser_as("hr")
    page = browser.get(f"/admin/bank_question/details/?id={question.id}").text
    address = f"/admin/question_preview/?question={question.id}"
    assert address in page
    shown = browser.get(address).text
    sources = re.findall(r'<img class="of-question" src="([^"]+)" alt="([^"]+)"', shown)
    assert sorted(words for _, words in sources) == sorted(["控制面板", "綠色信號燈", "紅色信號燈"])
    assert {browser.get(url).mimetype for url, _ in sources} == {"image/webp"}
    put, _, right = shown.partition("<h2>答案</h2>")
    assert "［綠色信號燈］ 安全" in right
    assert "<button" not in put.partition('<div class="questions">')[2]
    pairs = matching(pictured)
    assert browser.get(f"/admin/question_preview/?question={pairs.id}").text.count('class="of-question" src') == 3
    for login in ("clerk_sal", "head_sal", "supervisor", "it"):
        for url in (address, sources[0][0]):
            assert browser_as(login).get(url).status_code == 404, (login, url)
    other = sources[0][0].replace(str(question.id), str(pairs.id))
    assert browser.get(other).status_code == 404
    assert browser.get("/admin/question_preview/?question=x").status_code == 404
