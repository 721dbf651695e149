"""Questions go out as a package of QTI 3 and come in again as they were; what others wrote comes in as far as the bank
can hold it, and what it cannot is said item by item (5.2)."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings

from models.services.files import confined
from models.services.files.child import qti
from models.services.imports.cells import WHY_NOT_TAKEN
from models.services.imports.imports import kind_of
from models.training.bank import BankQuestion
from models.training.qti import NAMESPACE, in_qti
from tests.fixtures.doing import work_off
from tests.fixtures.http import said
from tests.training.conftest import QUESTIONS, Taking
from tests.training.test_interchange import MEANT, ORDER, as_cells, questions, sent

PACKAGE = "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1"
RP = "https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/"


def read(content: bytes) -> list[dict[str, str]]:
    (_, heads), *rows = qti.rows(io.BytesIO(content))
    return [dict(zip(heads, cells, strict=True)) for _, cells in rows]


def item(declared: str, body: str, marked: str = "match_correct", more: str = "", **facts: str) -> str:
    """An item in the form of the samples of 1EdTech."""
    processing = marked if marked.startswith("<") else f'<qti-response-processing template="{RP}{marked}.xml"/>'
    about = "".join(f' {name}="{value}"' for name, value in facts.items())
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><qti-assessment-item xmlns="{NAMESPACE}" identifier="sample" '
        f'title="Sample" time-dependent="false"{about}>{declared}'
        f'<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>'
        f"<qti-item-body>{body}</qti-item-body>{processing if marked else ''}{more}</qti-assessment-item>"
    )


def declared(base: str, cardinality: str, *right: str, worth: Mapping[str, str] | None = None) -> str:
    values = "".join(f"<qti-value>{value}</qti-value>" for value in right)
    entries = "".join(f'<qti-map-entry map-key="{key}" mapped-value="{v}"/>' for key, v in (worth or {}).items())
    mapping = f'<qti-mapping default-value="0">{entries}</qti-mapping>' if worth else ""
    return (
        f'<qti-response-declaration identifier="RESPONSE" cardinality="{cardinality}" base-type="{base}">'
        f"<qti-correct-response>{values}</qti-correct-response>{mapping}</qti-response-declaration>"
    )


def choices(kind: str, *texts: str, most: str = "1", prompt: str = "") -> str:
    options = "".join(
        f'<qti-simple-choice identifier="{text[0]}" fixed="false">{text[1:]}</qti-simple-choice>' for text in texts
    )
    said = f"<qti-prompt>{prompt}</qti-prompt>" if prompt else ""
    begin = f'<qti-{kind}-interaction response-identifier="RESPONSE" max-choices="{most}">'
    return f"{begin}{said}{options}</qti-{kind}-interaction>"


def packed(files: Mapping[str, str], *resources: str) -> bytes:
    file = io.BytesIO()
    manifest = f'<manifest xmlns="{PACKAGE}" identifier="M"><resources>{"".join(resources)}</resources></manifest>'
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in {"imsmanifest.xml": manifest, **files}.items():
            archive.writestr(name, text)
    return file.getvalue()


def resource(href: str, kind: str = "imsqti_item_xmlv3p0", about: str = "") -> str:
    return f'<resource identifier="R" type="{kind}" href="{href}">{about}<file href="{href}"/></resource>'


WATER = item(
    declared("identifier", "multiple", "H", "O", worth={"H": "1", "O": "1", "C": "-2"}),
    choices("choice", "HHydrogen", "CCarbon", "OOxygen", most="0", prompt="Which elements form water?"),
    "map_response",
)
PLAYS = (
    '<qti-match-interaction response-identifier="RESPONSE" max-associations="2"><qti-prompt>Match.</qti-prompt>'
    '<qti-simple-match-set><qti-simple-associable-choice identifier="C" match-max="1">Capulet'
    '</qti-simple-associable-choice><qti-simple-associable-choice identifier="D" match-max="1">Demetrius'
    "</qti-simple-associable-choice></qti-simple-match-set>"
    '<qti-simple-match-set><qti-simple-associable-choice identifier="M" match-max="4">A Dream'
    '</qti-simple-associable-choice><qti-simple-associable-choice identifier="R" match-max="4">Romeo'
    "</qti-simple-associable-choice></qti-simple-match-set></qti-match-interaction>"
)
SOLVED = (
    '<qti-response-processing><qti-response-condition><qti-response-if><qti-equal tolerance-mode="{mode}" '
    'tolerance="{margin}"><qti-variable identifier="RESPONSE"/><qti-correct identifier="RESPONSE"/></qti-equal>'
    '<qti-set-outcome-value identifier="SCORE"><qti-base-value base-type="float">5</qti-base-value>'
    "</qti-set-outcome-value></qti-response-if></qti-response-condition></qti-response-processing>"
)
ENTRY = '<p>About <qti-text-entry-interaction response-identifier="RESPONSE" expected-length="5"/> metres.</p>'
FLOAT = declared("float", "single", "3.14")
SINGLE = declared("identifier", "single", "B")
TWO = choices("choice", "AYes &amp; no", "B<b>You</b> must stay", most="1", prompt="What does it say?")
TAKEN = {
    "single": (
        item(SINGLE, f"<p>Look at the sign.</p>{TWO}"),
        "Look at the sign.\nWhat does it say?",
        "Yes & no\n* You must stay",
    ),
    "multiple": (WATER, "Which elements form water?", "* Hydrogen\nCarbon\n* Oxygen"),
    "order": (
        item(declared("identifier", "ordered", "C", "A", "B"), choices("order", "AA", "BB", "CC", prompt="Order.")),
        "Order.",
        "C\nA\nB",
    ),
    "match": (
        item(declared("directedPair", "multiple", "C R", "D M", worth={"C R": "1", "D M": "1"}), PLAYS, "map_response"),
        "Match.",
        "Capulet = Romeo\nDemetrius = A Dream",
    ),
    "number": (
        item(FLOAT, ENTRY, SOLVED.format(mode="absolute", margin="0.01 0.01")),
        "About _____ metres.",
        "3.14 0.01",
    ),
    "words": (
        item(declared("string", "single", "York", worth={"York": "1", "york": "1"}), ENTRY, "map_response"),
        "About _____ metres.",
        "York\nyork ",
    ),
    "essay": (
        item(
            declared("string", "single"),
            '<qti-rubric-block view="scorer"><qti-content-body><p>Two reasons.</p></qti-content-body>'
            "</qti-rubric-block>"
            '<qti-extended-text-interaction response-identifier="RESPONSE"><qti-prompt>Why?</qti-prompt>'
            "</qti-extended-text-interaction>",
            "",
        ),
        "Why?",
        "Two reasons. ",
    ),
    "truth": (item(SINGLE, choices("choice", "Atrue", "Bfalse", prompt="So?")), "So?", "no"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "question", "right"), TAKEN.values(), ids=TAKEN)
def test_items_in_the_form_of_published_samples_come_in(text: str, question: str, right: str) -> None:
    (row,) = read(text.encode())
    assert row["text"] == question
    given = row["options"] or row["is_true"] or f"{row['answer']} {row['tolerance']}"
    assert given == right, row


REFUSED = {
    "picture without words": (item(SINGLE, f'<p><img src="sign.png" alt=" "/></p>{TWO}'), "alt"),
    "picture of an option": (item(SINGLE, TWO.replace("Yes", '<img src="a.png" alt="a"/>')), "missing"),
    "sound": (item(SINGLE, f'<audio src="a.mp3"/>{TWO}'), "media"),
    "formula": (item(SINGLE, f'<math xmlns="http://www.w3.org/1998/Math/MathML"><mi>x</mi></math>{TWO}'), "media"),
    "two interactions": (item(SINGLE, TWO + TWO), "parts"),
    "text elsewhere": (item(SINGLE, f'<qti-assessment-stimulus-ref identifier="S" href="s.xml"/>{TWO}'), "parts"),
    "made anew each time": (item(f'<qti-template-declaration identifier="T"/>{SINGLE}', TWO), "parts"),
    "adaptive": (item(SINGLE, TWO, adaptive="true"), "kind"),
    "hot text": (item(SINGLE, TWO.replace("qti-choice-int", "qti-hottext-int")), "kind"),
    "no interaction": (item(SINGLE, "<p>?</p>"), "kind"),
    "own rule": (item(SINGLE, TWO, "<qti-response-processing><qti-exit-response/></qti-response-processing>"), "rule"),
    "another template": (item(SINGLE, TWO, "map_response_point"), "rule"),
    "weights": (WATER.replace('map-key="O" mapped-value="1"', 'map-key="O" mapped-value="2"'), "weights"),
    "nothing right": (item(declared("identifier", "single"), TWO), "weights"),
    "no number": (item(declared("float", "single", "about 3"), ENTRY), "number"),
    "two numbers": (item(declared("float", "single", "1", "2"), ENTRY), "number"),
    "a share as tolerance": (item(FLOAT, ENTRY, SOLVED.format(mode="relative", margin="1 1")), "number"),
    "unequal tolerance": (item(FLOAT, ENTRY, SOLVED.format(mode="absolute", margin="1 2")), "number"),
    "not all in order": (item(declared("identifier", "ordered", "A"), choices("order", "AA", "BB")), "rule"),
    "left alone": (item(declared("directedPair", "multiple", "C R"), PLAYS), "decoy"),
    "right alone": (item(declared("directedPair", "multiple", "C R", "D R"), PLAYS), "decoy"),
    "star": (item(SINGLE, TWO.replace("Yes", "* Yes")), "signs"),
    "QTI 2": ('<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" title="t"/>', "version"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "why"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_understood_is_said(text: str, why: str) -> None:
    (row,) = read(text.encode())
    assert row["kind"] == f"\x02{why}"
    assert why in WHY_NOT_TAKEN


@settings(max_examples=100, deadline=None)
@given(questions())
def test_what_goes_out_comes_in_as_it_was(row: dict[str, Any]) -> None:
    row = {"explanation": "", "is_true": False, **row}
    (back,) = read(b"".join(in_qti([row])))
    assert back == as_cells(row)


def test_a_package_says_what_of_it_is_not_taken_over() -> None:
    about = (
        '<metadata><lom xmlns="http://ltsc.ieee.org/xsd/LOM"><educational><difficulty><source>LOMv1.0</source>'
        "<value>very difficult</value></difficulty></educational><classification><taxonPath><taxon><entry>"
        "<string>外層</string></entry></taxon><taxon><entry><string>化學</string></entry></taxon></taxonPath>"
        "</classification></lom></metadata>"
    )
    content = packed(
        {"items/a b.xml": WATER, "bad.xml": "<a>", "entity.xml": f"<!DOCTYPE a [<!ENTITY b 'c'>]>{WATER[38:]}"},
        resource("items/a%20b.xml", about=about),
        resource("test.xml", "imsqti_test_xmlv3p0"),
        resource("style.css", "webcontent"),
        resource("bad.xml"),
        resource("entity.xml"),
        resource("gone.xml"),
        resource("../../etc/passwd"),
        resource("http://example.org/item.xml"),
    )
    rows = read(content)
    assert (rows[0]["category"], rows[0]["difficulty"], rows[0]["kind"]) == ("化學", "Hard", "Multiple choice")
    assert [row["kind"].removeprefix("\x02") for row in rows[1:]] == [
        "test",
        "xml",
        "xml",
        "missing",
        "missing",
        "missing",
    ]
    assert all(row["text"] for row in rows)
    assert kind_of(content, "bank.ZIP") == "qti"
    assert kind_of(WATER.encode()) == "qti"
    assert kind_of(content, "book.xlsx") == "sheets"


def bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("imsmanifest.xml", b"<manifest>" + b" " * (8 << 20))
    return file.getvalue()


HOSTILE = {
    "no manifest": packed({}).replace(b"imsmanifest.xml", b"imsmanifest.xmk"),
    "another root": packed({}).replace(b"manifest xmlns", b"manifold xmlns"),
    "cut off": packed({"a.xml": WATER}, resource("a.xml"))[:200],
    "blown up": bomb(),
    "an entity": f"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>{WATER[38:]}".encode(),
    "no XML": b"<qti-assessment-item",
    "deep": b"<qti-assessment-item>" + b"<a>" * 5000,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_what_is_hostile_is_refused_whole(content: bytes) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        with pytest.raises(confined.Unreadable):
            list(confined.rows("texts", {**ORDER, "kind": "qti"}, file))


def test_the_bank_goes_out_and_in_by_its_pages(company: Any, browser_as: Any) -> None:
    taking = Taking(company)
    for kind in (*QUESTIONS, "short"):
        taking.question(kind, answer={"number": "3.14159", "short": "要點甲\n要點乙"}.get(kind))
    browser = browser_as("hr")
    assert "export/zip/" in browser.get("/admin/bank_question/").text
    assert browser_as("clerk_sal").get("/admin/bank_question/export/zip/").data.count(b".xml") <= 2
    content = browser.get("/admin/bank_question/export/zip/").data
    count = len(QUESTIONS) + 1
    assert f"無變化 {count}" in sent(browser, content, "bank.zip").text
    archive = zipfile.ZipFile(io.BytesIO(content))
    files = {
        name: re.sub(r"QB-\d+", lambda number: f"Q{number[0][3:]}", archive.read(name).decode())
        for name in archive.namelist()
    }
    fresh = packed({re.sub(r"QB-", "Q", name): text for name, text in files.items()})
    page = sent(browser, fresh, "fresh.zip")
    assert f"將新建 {count}" in page.text, said(page)
    assert browser.send(page.form("/import/run/")).status_code == 302
    work_off("imports.run")
    rows = list(BankQuestion.collection().find({}, dict.fromkeys(MEANT, 1)).sort("_id", 1))
    plain = [{name: value for name, value in row.items() if name not in ("_id", "number")} for row in rows]
    assert sorted(map(str, plain[:count])) == sorted(map(str, plain[count:]))
    refused = sent(browser, REFUSED["QTI 2"][0].encode(), "old.xml")
    assert "未導入：不是 QTI 3 題目。" in refused.text
    answer = browser.post(
        "/admin/bank_question/import/",
        {"file": (io.BytesIO(b"no archive"), "a.zip")},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 422
