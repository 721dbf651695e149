"""Specifications as ReqIF: out and in again without losing an id; files of other tools; entities refused."""

from __future__ import annotations

import io
import re
import tempfile
from typing import Any

import pytest
from lxml import etree

from models.development import reqif
from models.development.specifications import SpecificationItem
from models.kernel.base.errors import Refused
from models.services.files import confined
from models.services.imports.cells import matched
from models.services.imports.imports import kind_of
from tests.fixtures.doing import work_off
from tests.fixtures.http import said

ORDER = {"verb": "table", "kind": "reqif", "bytes": 10**7, "rows": 5000, "columns": 60, "cell": 20_000}
NS = f"{{{reqif.NAMESPACE}}}"
OTHER = f"""<?xml version="1.0" encoding="UTF-8"?>
<REQ-IF xmlns="{reqif.NAMESPACE}" xmlns:x="http://www.w3.org/1999/xhtml"><CORE-CONTENT><REQ-IF-CONTENT>
<DATATYPES><DATATYPE-DEFINITION-ENUMERATION IDENTIFIER="e"><SPECIFIED-VALUES>
<ENUM-VALUE IDENTIFIER="e1" LONG-NAME="Interface"/></SPECIFIED-VALUES></DATATYPE-DEFINITION-ENUMERATION></DATATYPES>
<SPEC-TYPES><SPEC-OBJECT-TYPE IDENTIFIER="t"><SPEC-ATTRIBUTES>
<ATTRIBUTE-DEFINITION-XHTML IDENTIFIER="a" LONG-NAME="ReqIF.Text"/>
<ATTRIBUTE-DEFINITION-ENUMERATION IDENTIFIER="b" LONG-NAME="kind"/></SPEC-ATTRIBUTES></SPEC-OBJECT-TYPE></SPEC-TYPES>
<SPEC-OBJECTS><SPEC-OBJECT IDENTIFIER="_f-1"><VALUES>
<ATTRIBUTE-VALUE-XHTML><DEFINITION><ATTRIBUTE-DEFINITION-XHTML-REF>a</ATTRIBUTE-DEFINITION-XHTML-REF></DEFINITION>
<THE-VALUE><x:div>Boots in <x:b>three</x:b> seconds.</x:div></THE-VALUE></ATTRIBUTE-VALUE-XHTML>
<ATTRIBUTE-VALUE-ENUMERATION><DEFINITION><ATTRIBUTE-DEFINITION-ENUMERATION-REF>b</ATTRIBUTE-DEFINITION-ENUMERATION-REF>
</DEFINITION><VALUES><ENUM-VALUE-REF>e1</ENUM-VALUE-REF></VALUES></ATTRIBUTE-VALUE-ENUMERATION>
</VALUES></SPEC-OBJECT></SPEC-OBJECTS>
<SPECIFICATIONS><SPECIFICATION IDENTIFIER="s" LONG-NAME="Gateway"><CHILDREN><SPEC-HIERARCHY IDENTIFIER="h"><OBJECT>
<SPEC-OBJECT-REF>_f-1</SPEC-OBJECT-REF></OBJECT></SPEC-HIERARCHY></CHILDREN></SPECIFICATION></SPECIFICATIONS>
</REQ-IF-CONTENT></CORE-CONTENT></REQ-IF>"""


def rows_of(content: bytes) -> list[list[str]]:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        return [cells for _, cells in confined.rows("texts", ORDER, file)]


def test_items_go_out_and_come_in_with_their_ids(workshop: Any, browser_as: Any, app: Any) -> None:
    workshop.item("甲", text="第一行\n第二行 <b>&amp;", priority="could")
    workshop.item("乙", ident="_ab-12", kind="interface")
    answer = browser_as("clerk_rnd").get("/admin/reqif/", {"id": workshop.specification.id})
    assert answer.status_code == 200
    content = answer.data
    assert kind_of(content[:600]) == "reqif"
    root = etree.fromstring(content)
    ids = [item.get("IDENTIFIER") for item in root.iter(f"{NS}SPEC-OBJECT")]
    stored = list(SpecificationItem.collection().find({"specification": workshop.specification.id}).sort("_id", 1))
    assert ids == [stored[0]["number"], "_ab-12"]
    refs = [item.text for item in root.iter(f"{NS}SPEC-OBJECT-REF")]
    assert refs == ids
    heads, *rows = rows_of(content)
    fields = matched(SpecificationItem, workshop.company.actor("clerk_rnd"), heads)
    assert "" not in fields
    read = [dict(zip(fields, row, strict=True)) for row in rows]
    assert [(row["number"], row["ident"], row["name"]) for row in read] == [
        (stored[0]["number"], "", "甲"),
        (stored[1]["number"], "_ab-12", "乙"),
    ]
    assert (read[0]["text"], read[0]["priority"], read[1]["kind"]) == ("第一行\n第二行 <b>&amp;", "Could", "Interface")
    assert {row["specification"] for row in read} == {workshop.specification.number}
    assert browser_as("clerk_log").get("/admin/reqif/", {"id": workshop.specification.id}).status_code == 404


def test_through_the_import_page_items_change_and_come_with_their_ids(workshop: Any, browser_as: Any) -> None:
    """Another tool has changed one item and added one: one is changed here, one is new, and all ids go out again."""
    ours, theirs = workshop.item("甲"), workshop.item("乙", ident="_ab-12")
    browser, address = browser_as("clerk_rnd"), {"id": workshop.specification.id}
    content = browser.get("/admin/reqif/", address).get_data(as_text=True)
    before, rest = content.split(f'IDENTIFIER="{ours.number}"', 1)
    changed = f'{before}IDENTIFIER="{ours.number}"{rest.replace("三秒內啟動", "兩秒內啟動", 1)}'
    (added,) = re.findall(r'<SPEC-OBJECT IDENTIFIER="_ab-12".*?</SPEC-OBJECT>', changed, re.DOTALL)
    added = added.replace("_ab-12", "_ab-13").replace(theirs.number, "").replace("乙", "丙")
    place = (
        '<SPEC-HIERARCHY IDENTIFIER="_new"><OBJECT><SPEC-OBJECT-REF>_ab-13</SPEC-OBJECT-REF></OBJECT></SPEC-HIERARCHY>'
    )
    changed = changed.replace("</SPEC-OBJECTS>", f"{added}</SPEC-OBJECTS>").replace(
        "</CHILDREN>", f"{place}</CHILDREN>"
    )
    base = "/admin/specification_item/import/"
    sent = {"file": (io.BytesIO(changed.encode()), "items.reqif")}
    answer = browser.post(base, sent, content_type="multipart/form-data")
    assert answer.status_code == 302, said(answer)
    work_off("imports.check")
    page = browser.page(answer.headers["Location"])
    assert ("將新建 1" in page.text, "將修改 1" in page.text) == (True, True), said(page)
    assert browser.send(page.form("/import/run/")).status_code == 302
    work_off("imports.run")
    items = list(SpecificationItem.collection().find({"specification": workshop.specification.id}).sort("_id", 1))
    assert [(row["number"], row.get("ident"), row["name"]) for row in items[:2]] == [
        (ours.number, None, "甲"),
        (theirs.number, "_ab-12", "乙"),
    ]
    assert (items[2].get("ident"), items[2]["name"], len(items)) == ("_ab-13", "丙", 3)
    assert [row["text"][4] for row in items] == ["兩", "三", "三"]
    ids = etree.fromstring(browser.get("/admin/reqif/", address).data).iter(f"{NS}SPEC-OBJECT")
    assert [item.get("IDENTIFIER") for item in ids] == [ours.number, "_ab-12", "_ab-13"]


def imported(browser: Any, document: str) -> Any:
    """The page of the rehearsal of a document."""
    sent = {"file": (io.BytesIO(document.encode()), "items.reqif")}
    answer = browser.post("/admin/specification_item/import/", sent, content_type="multipart/form-data")
    assert answer.status_code == 302, said(answer)
    work_off("imports.check")
    return browser.page(answer.headers["Location"])


def without_numbers(document: str) -> str:
    """A document as a tool writes it that keeps identifiers and drops the attribute with our number."""
    value = r"<ATTRIBUTE-VALUE-STRING[^>]*>\s*<DEFINITION>\s*<[^>]*>item\.number<.*?</ATTRIBUTE-VALUE-STRING>"
    return re.sub(value, "", document, flags=re.DOTALL)


def test_items_without_our_number_are_known_by_their_identifier(workshop: Any, browser_as: Any) -> None:
    """No new items, no ids lost: neither of one that has an identifier of another tool, nor of one that has ours."""
    ours, theirs, same = workshop.item("甲"), workshop.item("乙", ident="_ab-12"), workshop.item("丙", ident="_ab-13")
    browser, address = browser_as("clerk_rnd"), {"id": workshop.specification.id}
    content = without_numbers(browser.get("/admin/reqif/", address).get_data(as_text=True))
    assert f">{ours.number}<" in content
    assert f'THE-VALUE="{ours.number}"' not in content
    first, second, *_ = re.findall(r"<SPEC-OBJECT IDENTIFIER.*?</SPEC-OBJECT>", content, re.DOTALL)
    changed = content.replace(first, first.replace("三秒", "兩秒")).replace(second, second.replace("三秒", "四秒"))
    page = imported(browser, changed)
    assert ("將修改 2" in page.text, "無變化 1" in page.text, "將新建" in page.text) == (True, True, False), said(page)
    assert page.text.count("按「外部標識」識別") == 2
    assert browser.send(page.form("/import/run/")).status_code == 302
    work_off("imports.run")
    items = list(SpecificationItem.collection().find({"specification": workshop.specification.id}).sort("_id", 1))
    assert [(row["number"], row.get("ident"), row["text"][3:5]) for row in items] == [
        (ours.number, None, "在兩"),
        (theirs.number, "_ab-12", "在四"),
        (same.number, "_ab-13", "在三"),
    ]
    ids = etree.fromstring(browser.get("/admin/reqif/", address).data).iter(f"{NS}SPEC-OBJECT")
    assert [item.get("IDENTIFIER") for item in ids] == [ours.number, "_ab-12", "_ab-13"]


def test_two_rows_under_one_identifier_are_refused(workshop: Any, browser_as: Any) -> None:
    workshop.item("甲", ident="_ab-12")
    browser, address = browser_as("clerk_rnd"), {"id": workshop.specification.id}
    content = without_numbers(browser.get("/admin/reqif/", address).get_data(as_text=True))
    (known,) = re.findall(r"<SPEC-OBJECT IDENTIFIER.*?</SPEC-OBJECT>", content, re.DOTALL)
    new = known.replace("_ab-12", "_ab-13")
    place = re.findall(r"<SPEC-HIERARCHY.*?</SPEC-HIERARCHY>", content, re.DOTALL)[0]
    doubled = content.replace(known, known + known.replace("三秒", "兩秒") + new + new.replace("三秒", "四秒"))
    doubled = doubled.replace(place, place + place.replace("_ab-12", "_ab-13"))
    page = imported(browser, doubled)
    assert page.text.count("「外部標識」的值與第 2 行重複。") == 1
    assert page.text.count("「外部標識」的值與第 4 行重複。") == 1
    assert ("將新建 1" in page.text, "不能導入 2" in page.text) == (True, True), said(page)


def test_an_identifier_of_another_specification_is_another(workshop: Any, browser_as: Any) -> None:
    """Nor is one known whose specification the sender does not see: it is refused by its specification."""
    workshop.item("甲", ident="_f-1")
    browser = browser_as("clerk_rnd")
    page = imported(browser, OTHER.replace("Gateway", "沒有這份"))
    assert "不能導入 1" in page.text, said(page)


def test_a_document_of_another_tool_is_read() -> None:
    heads, row = rows_of(OTHER.encode())
    assert dict(zip(heads, row, strict=True)) == {
        "ident": "_f-1",
        "specification": "Gateway",
        "text": "Boots in three seconds.",
        "kind": "Interface",
    }


@pytest.mark.parametrize(
    "text",
    [
        OTHER.replace("<REQ-IF ", '<!DOCTYPE REQ-IF [<!ENTITY a "b">]><REQ-IF ', 1),
        OTHER.replace("REQ-IF xmlns", "OTHER xmlns").replace("</REQ-IF>", "</OTHER>"),
        OTHER[:900],
    ],
    ids=["entities", "another root", "cut off"],
)
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(confined.Unreadable):
        rows_of(text.encode())


def test_no_two_items_of_a_specification_have_one_identifier(workshop: Any) -> None:
    workshop.item("甲", ident="_ab-12")
    with pytest.raises(Refused):
        workshop.item("乙", ident="_ab-12")
