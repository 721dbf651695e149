"""Every type with answers: entered, corrected, shown, printed and kept by the questions they were given to."""

from __future__ import annotations

import csv
import io
from typing import Any

import pypdfium2
import pytest
from bson import ObjectId
from mongoengine.base import get_document
from mongoengine.connection import get_db

from models.kernel.base.collections import QUESTION_EDITIONS
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import EN
from models.kernel.gate import changes
from models.kernel.language.kinds.answers import EDITION, GIVEN
from models.kernel.language.kinds.questions import QuestionLine
from models.kernel.rights import rights
from models.services.imports.rows import BAD
from tests.fixtures._types import types_with
from tests.fixtures.http import id_in, read_page, said
from views.kinds import kind_of

ANSWERING = types_with(lambda declared: any(field.answers_to for field in declared.own_fields.values()))
ASKING = types_with(lambda declared: any(kind_of(field).builder for field in declared.own_fields.values()))
SCRIPT = "<script>alert(1)</script>"
BUTTONS = {"go", "switch", "width"}
ODD = [
    ({"strange": "x"}, "answers to questions that are not in this list"),
    ({"q1": "maybe"}, "none of the options"),
    ({"q1": ["yes", "no"]}, "not an answer to the question"),
    ({"q1": {"yes": "no"}}, "none of the options"),
    ({"q1": [["yes"]]}, "not an answer to the question"),
    ({"q1": "no", "q2": "bell \x07"}, "character that cannot be kept"),
    ({"q1": "no"}, "Please answer this question"),
    ({f"k{n}": "x" for n in range(500)}, "answers to questions that are not in this list"),
]


def answered(cls: Any) -> str:
    return next(name for name, field in cls.declared.own_fields.items() if field.answers_to)


def given_to(record: Any) -> tuple[Any, str]:
    """The record whose questions are answered, and where it holds them."""
    link, _, path = record.declared.own_fields[answered(type(record))].answers_to.partition(".")
    target = get_document(record._fields[link].target)
    return target.objects.get(id=record.ref(link)), path


def keys_of(record: Any) -> dict[str, str]:
    parent, path = given_to(record)
    return {line.code: line.key for line in parent.raw(path)}


def answer(record: Any, values: dict[str, Any]) -> Any:
    name = answered(type(record))
    return changes.update(type(record), record.id, {name: {GIVEN: values}}, actor=SYSTEM, version=None)


def ask(record: Any, **first: Any) -> Any:
    """The questions of the record that is answered, with the first of them changed."""
    parent, path = given_to(record)
    lines = list(parent.raw(path))
    for column, value in first.items():
        lines[0].put(column, value)
    return changes.update(type(parent), parent.id, {path: lines}, actor=SYSTEM, version=None)


def held(record: Any) -> dict[str, Any]:
    name = next((name for name, field in record.declared.own_fields.items() if field.answers_to), "")
    return dict(type(record)._get_collection().find_one({"_id": record.id}).get(name) or {})


@pytest.fixture
def record(record: Any) -> Any:
    """A record with answers; where they are not required, they are given afterwards."""
    if held(record) or not any(field.answers_to for field in record.declared.own_fields.values()):
        return record
    return answer(record, {"q1": "yes"})


@pytest.fixture
def writer(company: Any, record: Any) -> str:
    logins = (login for login in company.logins if rights.may_update(company.actor(login), record))
    return next(logins)


@ANSWERING
def test_answers_are_kept_by_the_keys_of_their_questions(cls: Any, record: Any) -> None:
    keys = keys_of(record)
    assert held(record)[GIVEN] == {keys["q1"]: "yes"}
    assert get_db()[QUESTION_EDITIONS].count_documents({"_id": held(record)[EDITION]}) == 1
    answer(record, {"q1": "no", "q2": SCRIPT})
    assert held(record)[GIVEN] == {keys["q1"]: "no", keys["q2"]: SCRIPT}
    answer(record, {keys["q1"]: "yes", keys["q2"]: SCRIPT})
    assert held(record)[GIVEN] == {keys["q1"]: "yes"}, "what is hidden is dropped"


@ANSWERING
@pytest.mark.parametrize(("values", "sentence"), ODD, ids=lambda part: str(part)[:20])
def test_odd_answers_are_refused_in_a_sentence(cls: Any, record: Any, values: dict[str, Any], sentence: str) -> None:
    before = held(record)
    with pytest.raises(Refused) as refused:
        answer(record, values)
    said = " ".join(words.in_locale(EN) for problem in refused.value.problems.values() for words in problem)
    assert sentence in said
    assert held(record) == before


@ANSWERING
def test_a_form_asks_the_questions_and_keeps_what_was_typed(
    cls: Any, record: Any, company: Any, writer: str, browser_as: Any
) -> None:
    browser, base, name, keys = (
        browser_as(writer, locale=EN),
        f"/admin/{cls.declared.name}/",
        answered(cls),
        keys_of(record),
    )
    first, second = (f"{name}-{keys[code]}" for code in ("q1", "q2"))
    form = browser.form(f"{base}edit/", id=record.id)
    assert form[first] == "yes"
    page = browser.page(f"{base}edit/", {"id": record.id}).text
    assert "Is it in order?" in page
    assert "Yes, it is" in page
    refused = browser.send(form, **{first: "no"})
    assert refused.status_code == 422
    assert "Please answer this question." in refused.text
    form = browser.form(f"{base}edit/", id=record.id)
    saved = browser.send(form, **{first: "no", second: f"line\r\n{SCRIPT}"})
    assert saved.status_code == 302
    assert held(record)[GIVEN] == {keys["q1"]: "no", keys["q2"]: f"line\n{SCRIPT}"}
    shown = browser.get(f"{base}details/", {"id": record.id}).text
    assert "No, it is not" in shown
    assert SCRIPT not in shown
    assert "What is wrong?" in shown


@ANSWERING
def test_a_blank_form_for_known_questions_asks_them(
    cls: Any, record: Any, company: Any, writer: str, browser_as: Any
) -> None:
    parent, _ = given_to(record)
    link = cls.declared.own_fields[answered(cls)].answers_to.partition(".")[0]
    browser = browser_as(writer, locale=EN)
    address = f"/admin/{cls.declared.name}/new/"
    assert "Is it in order?" not in browser.get(address).text
    assert "Is it in order?" in browser.get(address, {link: parent.id}).text
    assert "Is it in order?" not in browser.get(address, {link: ObjectId()}).text


@ANSWERING
def test_a_changed_answer_is_a_line_in_the_history(
    cls: Any, record: Any, company: Any, writer: str, browser_as: Any
) -> None:
    answer(record, {"q1": "no", "q2": "dust"})
    answer(record, {"q1": "no", "q2": "more dust"})
    browser = browser_as(writer, locale=EN)
    shown = browser.page(f"/admin/{cls.declared.name}/details/", {"id": record.id}).text
    assert shown.count(": What is wrong?") == 2
    assert "more dust" in shown
    paper = browser.get(f"/admin/{cls.declared.name}/print/", {"id": record.id}).get_data()
    with pypdfium2.PdfDocument(paper) as document:
        text = "".join(page.get_textpage().get_text_bounded() for page in document)
    assert "more dust" in text
    assert "What is wrong?" in text


@ANSWERING
def test_answers_are_shown_with_the_words_that_they_were_given_to(
    cls: Any, record: Any, company: Any, writer: str, browser_as: Any
) -> None:
    edition = held(record)[EDITION]
    ask(record, text="Is all of it in order?")
    browser = browser_as(writer, locale=EN)
    shown = browser.page(f"/admin/{cls.declared.name}/details/", {"id": record.id}).text
    assert "Is it in order?" in shown
    assert "Is all of it in order?" not in shown
    answer(record, {"q1": "no", "q2": "dust"})
    parent, path = given_to(record)
    assert (held(record)[EDITION] == edition) is type(parent).declared.own_fields[path].editions


@ANSWERING
def test_an_answer_to_what_is_gone_stays_readable(
    cls: Any, record: Any, company: Any, writer: str, browser_as: Any
) -> None:
    parent, path = given_to(record)
    fresh = [QuestionLine(code="q9", kind="text", text="Anything else?")]
    changes.update(type(parent), parent.id, {path: fresh}, actor=SYSTEM, version=None)
    shown = browser_as(writer, locale=EN).page(f"/admin/{cls.declared.name}/details/", {"id": record.id}).text
    assert "Yes, it is" in shown


@ANSWERING
def test_a_copy_begins_without_answers(cls: Any, record: Any) -> None:
    assert kind_of(cls._fields[answered(cls)]).copied(held(record)) is None


def results_of(record: Any) -> dict[str, Any]:
    parent, _ = given_to(record)
    return {"type": parent.type_name(), "id": parent.id, "from": record.type_name(), "field": answered(type(record))}


@ANSWERING
def test_results_count_every_question(cls: Any, record: Any, company: Any, writer: str, browser_as: Any) -> None:
    for _ in range(4):
        made = company.make(cls.declared.name, **{results_link(cls): given_to(record)[0].id})
        if not held(made):
            answer(made, {"q1": "yes"})
    answer(record, {"q1": "no", "q2": SCRIPT})
    browser = browser_as(writer, locale=EN)
    parent, _ = given_to(record)
    link = browser.get(f"/admin/{parent.type_name()}/details/", {"id": parent.id}).text
    assert "/admin/results/?" in link
    shown = browser.page("/admin/results/", results_of(record)).text
    assert "answered 5 of 5" in shown
    assert "answered 1 of 1" in shown, "the base is those who were shown it"
    assert "80 %" in shown
    assert "8.00 / 10.00 = 80.0 %" in shown


def results_link(cls: Any) -> str:
    return str(cls.declared.own_fields[answered(cls)].answers_to.partition(".")[0])


@ANSWERING
def test_results_are_exported_with_labels_and_codes(
    cls: Any, record: Any, company: Any, writer: str, browser_as: Any
) -> None:
    answer(record, {"q1": "no", "q2": "=1+1"})
    browser = browser_as(writer, locale=EN)
    read = lambda query: browser.get("/admin/results/export/csv/", query).get_data().decode("utf-8-sig")  # noqa: E731
    labels, codes = (list(csv.reader(io.StringIO(read(results_of(record) | more)))) for more in ({}, {"as": "codes"}))
    assert labels[0] == ["Number", "Is it in order?", "What is wrong?"]
    assert labels[1] == [record.number, "No, it is not", "'=1+1"]
    assert codes[0] == ["Number", "q1", "q2"]
    assert codes[1][1] == "no"
    assert browser.get("/admin/results/export/xlsx/", results_of(record)).status_code == 200


@ANSWERING
def test_results_that_are_not_there_answer_so(cls: Any, record: Any, writer: str, browser_as: Any) -> None:
    browser = browser_as(writer)
    known = results_of(record)
    for odd in ({"type": "nothing"}, {"id": "x"}, {"id": ObjectId()}, {"type": record.type_name(), "id": record.id}):
        assert browser.get("/admin/results/", known | odd).status_code == 404, odd
    assert browser.get("/admin/results/", known | {"edition": "x", "from": "y"}).status_code == 200


@ANSWERING
def test_odd_posts_are_answered_in_sentences(cls: Any, record: Any, writer: str, browser_as: Any) -> None:
    browser, base, name, keys = (
        browser_as(writer, locale=EN),
        f"/admin/{cls.declared.name}/",
        answered(cls),
        keys_of(record),
    )
    first, before = f"{name}-{keys['q1']}", held(record)
    odd = [
        {f"{name}-strange": "x"},
        {f"{name}-$where": "x"},
        {f"{name}-a.b": "x"},
        {f"{first}-row": "yes"},
        {first: SCRIPT},
        {first: ["yes", "no"]},
        {first: "x" * 100_000},
        {f"{name}-k{n}": "x" for n in range(500)},
        {name: "no colon"},
        {name: "q1: yes\nq1: no"},
    ]
    for posted in odd:
        page = browser.form(f"{base}edit/", id=record.id)
        answer = browser.post(f"{base}edit/", {**page, **posted, "id": record.id})
        assert answer.status_code == 422, (posted, said(answer))
        assert SCRIPT not in answer.text
        assert held(record) == before


@ANSWERING
def test_half_filled_answers_are_kept_as_a_draft(cls: Any, record: Any, writer: str, browser_as: Any) -> None:
    browser, base, name, keys = (
        browser_as(writer, locale=EN),
        f"/admin/{cls.declared.name}/",
        answered(cls),
        keys_of(record),
    )
    texts = {f"{name}-{keys['q1']}": "no", f"{name}-{keys['q2']}": SCRIPT}
    form = browser.form(f"{base}edit/", id=record.id)
    kept = browser.post(f"{base}draft/", {**form, **texts, "id": record.id})
    assert kept.status_code == 200, said(kept)
    again = browser.get(f"{base}edit/", {"id": record.id, "draft": "1"})
    assert SCRIPT not in again.text
    assert browser.form(f"{base}edit/", id=record.id, draft="1")[f"{name}-{keys['q2']}"] == SCRIPT


@ANSWERING
def test_answers_are_imported_by_code_and_label(cls: Any, record: Any, company: Any, writer: str, sheets: Any) -> None:
    label = cls._fields[answered(cls)].label.in_locale(EN)
    rows = [["Number", label], [record.number, "q1: No, it is not\nq2: dust"]]
    counts = sheets.imported(rows, cls.declared.name, writer).counts
    assert not counts.get("refused"), counts
    keys = keys_of(record)
    assert held(record)[GIVEN] == {keys["q1"]: "no", keys["q2"]: "dust"}
    for text in ("q1: perhaps", "nothing", "q7: yes", "q1: no"):
        bad = sheets.checked([["Number", label], [record.number, text]], cls.declared.name, writer)
        assert bad.counts == {BAD: 1}, text


@ANSWERING
def test_five_hundred_questions_are_asked_and_saved(cls: Any, record: Any, writer: str, browser_as: Any) -> None:
    parent, path = given_to(record)
    lines = [QuestionLine(code=f"n{at}", kind="number", text=f"How many of {at}?") for at in range(500)]
    parent = changes.update(type(parent), parent.id, {path: lines}, actor=SYSTEM, version=None)
    link, browser = results_link(cls), browser_as(writer, locale=EN)
    form = browser.form(f"/admin/{cls.declared.name}/new/", **{link: parent.id})
    texts = {f"{answered(cls)}-{line.key}": str(at) for at, line in enumerate(parent.raw(path))}
    assert texts.keys() <= {*form.controls}
    others = {name: value for name, value in record.to_mongo().to_dict().items() if name in form.controls}
    plain = {
        name: value.date().isoformat() if hasattr(value, "date") else str(value)
        for name, value in others.items()
        if value != []
    }
    made = browser.send(form, **{**plain, link: str(parent.id), answered(cls): "", **texts})
    assert made.status_code == 302, said(made)
    assert len(held(cls.objects.get(id=id_in(made)))[GIVEN]) == 500


@ANSWERING
@pytest.mark.parametrize("odd", [3, ["yes", 3], {"a": {"b": 1}}, "gone", True], ids=str)
def test_a_damaged_answer_costs_itself_alone(cls: Any, record: Any, writer: str, browser_as: Any, odd: Any) -> None:
    keys, browser, base = keys_of(record), browser_as(writer, locale=EN), f"/admin/{cls.declared.name}/"
    place = f"{answered(cls)}.{GIVEN}.{keys['q1']}"
    cls._get_collection().update_one({"_id": record.id}, {"$set": {place: odd}})
    for page, query in ((f"{base}details/", {"id": record.id}), ("/admin/results/", results_of(record))):
        assert browser.get(page, query).status_code == 200, page
    for page in (f"{base}edit/", f"{base}print/"):
        assert browser.get(page, {"id": record.id}).status_code == 200, page
    assert browser.get("/admin/results/export/csv/", results_of(record)).status_code == 200


@ASKING
def test_questions_are_previewed_page_by_page_and_nothing_is_stored(
    cls: Any, record: Any, writer: str, browser_as: Any
) -> None:
    """Without scripts: from what stands in the form, in every language, with the same branching, to the end."""
    name = next(name for name, field in cls.declared.own_fields.items() if kind_of(field).builder)
    browser = browser_as(writer, locale=EN)
    first = {
        f"{name}-0-code": "used", f"{name}-0-kind": "single", f"{name}-0-text": "Used?", f"{name}-0-required": "1",
        f"{name}-0-options": "yes | Yes\nno | No", f"{name}-0-translations": "zh-Hant: 用過嗎？\nzh-Hant/yes: 用過",
        f"{name}-1-code": "why", f"{name}-1-kind": "text", f"{name}-1-text": SCRIPT,
        f"{name}-1-show_if": "used = no", f"{name}-2-kind": "section", f"{name}-2-text": "Last",
        f"{name}-2-show_if": "used = no", f"{name}-3-code": "much", f"{name}-3-kind": "number",
        f"{name}-3-text": "How much?", f"{name}-3-most": "5",
    }  # fmt: skip
    path = f"/admin/preview/?type={cls.declared.name}"
    before = {each: get_db()[each].count_documents({}) for each in get_db().list_collection_names()}

    def sent(page: Any, **typed: str) -> Any:
        form = {key: value for key, value in page.form("preview/").items() if value is not None and key not in BUTTONS}
        return read_page(browser.post(path, {**form, **typed}).text)

    page = read_page(browser.post(path, first).text)
    assert "Used?" in page.text
    assert SCRIPT in page.text, "as text"
    assert "Please answer this question" in sent(page, go="forward").text
    assert "用過嗎？" in sent(page, switch="zh-Hant").text
    page = sent(page, **{"a-used": "no", "go": "forward"})
    assert "There is a question more" in page.text
    page = sent(page, **{"a-why": "dust", "go": "forward"})
    assert "How much?" in page.text
    assert "5 or less" in sent(page, **{"a-much": "6", "go": "forward"}).text
    assert "Used?" in sent(page, go="back").text
    over = sent(page, **{"a-much": "5", "go": "forward"})
    assert "Nothing was stored" in over.text
    assert "Used?" in sent(over, go="start").text
    for odd in ({"lines": "{"}, {"lines": "[1]", "given": "3"}, {"lines": '[{"kind":"number","most":"x","text":3}]'}):
        assert browser.post(path, odd).status_code == 200
    assert browser.post("/admin/preview/?type=nothing", first).status_code == 404
    after = {each: get_db()[each].count_documents({}) for each in before}
    assert {each for each in before if before[each] != after[each]} <= {"attempt"}
