"""Every form of the catalogue with every kind of nonsense: refused in sentences, all at once, and everything kept."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from typing import Any

import pytest

from models import catalogue
from models.kernel.language.fields import (
    Answers,
    AnyRef,
    Choice,
    Choices,
    Day,
    Flag,
    LineRef,
    Lines,
    Moment,
    Number,
    Recurrence,
    Ref,
    Refs,
    Whole,
)
from models.kernel.rights import rights
from tests.bad_input.nasty import NASTY
from tests.fixtures._types import between_them, kinds_of
from tests.fixtures.http import Browser, Form, Page, read_page, said, writer

PARSED = (Whole, Number, Day, Moment, Choice, Choices)
SENTENCE_ENDS = {"en": ".", "zh-Hant": "。"}


def enterable(company: Any) -> list[type]:
    """The types of which anybody can enter a record by hand."""
    return [cls for cls in catalogue.values() if writer(company, cls) is not None]


def with_all_kinds(company: Any) -> list[type]:
    """Those of them that have all kinds of fields between them: what a text does in a form is its field's kind's."""
    return between_them(enterable(company), kinds_of)


def field_of(cls: Any, name: str) -> Any:
    """The declared field behind the name of an input; for a line's input its column."""
    field, _, rest = name.partition("-")
    result = cls._fields[field]
    return result.columns[rest.partition("-")[2]] if isinstance(result, Lines) and rest else result


def filled_with(cls: Any, form: Form, text: str) -> dict[str, Any]:
    """The form with this text in each of its inputs, and in each column of one line."""
    return {**form, **dict.fromkeys(inputs(cls, form), text)}


def inputs(cls: Any, form: Form, typed: Iterable[str] = ()) -> list[str]:
    """The names of all inputs for fields of the type; of a list of lines those of its first line that the form has, or
    had when it was typed: columns by relation or state are for others, or for later."""
    names, known = [], {*form, *typed}
    for name in {*form.controls} & {*cls.declared.own_fields, "tags"}:
        field = cls._fields[name]
        columns = field.columns if isinstance(field, Lines) else {}
        names += [line for column in columns if (line := f"{name}-0-{column}") in known]
        names += [] if isinstance(field, Lines) else [name]
    return names


KEPT_LINKS = AnyRef | LineRef


def kept(cls: Any, page: Page, typed: dict[str, Any]) -> list[str]:
    """The names of inputs that have lost what was typed; a choice can only show what it offers."""
    again = page.form()
    lost = []
    for name in inputs(cls, again, typed):
        if isinstance(
            field_of(cls, name), Choice | Choices | Ref | Refs | Flag | Answers | AnyRef | LineRef | Recurrence
        ):
            continue
        if again.get(name) != typed[name]:
            lost.append(name)
    return lost


def count(cls: Any) -> int:
    return int(cls._get_collection().count_documents({}))


@pytest.mark.parametrize("name", NASTY)
def test_nonsense_in_every_field_of_a_new_record(name: str, company: Any, browser_as: Any) -> None:
    text = NASTY[name]
    for cls in with_all_kinds(company):
        browser = browser_as(writer(company, cls))
        form = browser.form(f"/admin/{cls.declared.name}/new/")
        is_taken_or_kept(cls, browser, form, filled_with(cls, form, text))


def test_another_nonsense_in_each_field_of_a_new_record(company: Any, browser_as: Any) -> None:
    """Of every type: its fields have the texts in turn."""
    for at, cls in enumerate(enterable(company)):
        browser = browser_as(writer(company, cls))
        form, texts = browser.form(f"/admin/{cls.declared.name}/new/"), itertools.cycle(NASTY.values())
        odd = dict(zip(inputs(cls, form), itertools.islice(texts, at, None), strict=False))
        is_taken_or_kept(cls, browser, form, {**form, **odd})


def is_taken_or_kept(cls: Any, browser: Browser, form: Form, typed: dict[str, Any]) -> None:
    """Refused with the texts kept, or saved exactly as typed; never an error of ours."""
    before = count(cls)
    answer = browser.post(form.action, typed)
    assert answer.status_code in (302, 422), f"{cls.__name__}: {answer.status} {said(answer)}"
    if answer.status_code == 422:
        page = read_page(answer.text)
        assert count(cls) == before
        assert page.errors, f"{cls.__name__}: refused, but no sentence stands next to a field"
        assert not [name for name in kept(cls, page, typed) if typed[name].isprintable()], cls.__name__


@pytest.mark.parametrize("locale", SENTENCE_ENDS)
def test_everything_wrong_is_said_at_once_next_to_its_field(locale: str, company: Any, browser_as: Any) -> None:
    for cls in enterable(company):
        browser, base = browser_as(writer(company, cls), locale=locale), f"/admin/{cls.declared.name}/new/"
        form = browser.form(base)
        page = read_page(browser.post(base, filled_with(cls, form, "so-so")).text)
        wrong = {name for name in inputs(cls, form) if isinstance(field_of(cls, name), PARSED)}
        assert wrong <= set(page.errors), f"{cls.__name__}: nothing is said next to {wrong - set(page.errors)}"
        for field, sentences in page.errors.items():
            for sentence in sentences:
                assert sentence.endswith(SENTENCE_ENDS[locale]), f"{field}: {sentence}"
                assert sentence in page.text
        summary = {re.sub(r"^(第 \d+ 行：|Line \d+: )", "", notice) for notice in page.notices}
        assert {item for error in page.errors.values() for item in error} <= summary, cls.__name__


@pytest.mark.parametrize("locale", SENTENCE_ENDS)
def test_every_needed_field_that_is_empty_is_named(locale: str, company: Any, browser_as: Any) -> None:
    for cls in enterable(company):
        browser, base = browser_as(writer(company, cls), locale=locale), f"/admin/{cls.declared.name}/new/"
        form = browser.form(base)
        own = cls.declared.own_fields
        needed = {n for n in own if own[n].required and n in form.controls and own[n].default in (None, [])}
        if not needed:
            continue  # each begins with a value
        answer = browser.send(form, **dict.fromkeys(inputs(cls, form), ""))
        assert answer.status_code == 422, cls.__name__
        assert needed <= set(read_page(answer.text).errors), cls.__name__


@pytest.mark.parametrize("name", ["emoji", "right to left", "combining", "script", "formula", "template", "operator"])
def test_what_is_text_is_saved_and_shown_as_typed(name: str, company: Any, browser_as: Any) -> None:
    """A text that looks dangerous is a text: kept exactly, shown exactly, run by nobody."""
    clerk, text = browser_as("clerk_sal"), NASTY[name]
    answer = clerk.send(clerk.form("/admin/customer/new/"), name=text[:120], industry=text[:60])
    page = clerk.page(answer.headers["Location"])
    assert " ".join(text[:120].split()) in page.text
    assert not [link for link in page.links if link.startswith("javascript")]
    stored = catalogue["customer"]._get_collection().find_one({"name": text[:120]})
    assert stored is not None
    assert clerk.form("/admin/customer/edit/", id=stored["_id"])["name"] == text[:120]
    for path in ("", "details/", "history/"):
        shown = clerk.get(f"/admin/customer/{path}", {"id": stored["_id"]}).text
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown


def test_a_megabyte_of_text_is_refused_and_named(company: Any, browser_as: Any) -> None:
    """In one field of each kind, on a form and in a line."""
    tried: set[tuple[type, bool]] = {(Flag, False)}  # a text that is no yes is a no
    for cls in enterable(company):
        browser, base = browser_as(writer(company, cls)), f"/admin/{cls.declared.name}/new/"
        form, before = browser.form(base), count(cls)
        for name in inputs(cls, form):
            if (kind := (type(field_of(cls, name)), "-" in name)) in tried:
                continue
            tried.add(kind)
            answer = browser.send(form, **{name: "a" * 1_000_000})
            assert answer.status_code == 422, f"{cls.__name__}.{name}: {answer.status}"
            assert name in read_page(answer.text).errors, f"{cls.__name__}.{name}"
        assert count(cls) == before


def test_a_form_that_is_too_large_as_a_whole_is_refused_with_a_page(company: Any, browser_as: Any) -> None:
    clerk = browser_as("clerk_sal")
    for text in ("a" * 5_000_000, "資" * 500_000):
        answer = clerk.send(clerk.form("/admin/customer/new/"), name=text)
        assert answer.status_code == 413
        assert read_page(answer.text).notices
    part = '--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n1\r\n'
    many = {"data": f"{part * 6000}--x--\r\n", "content_type": "multipart/form-data; boundary=x"}
    answer = clerk.client.post("/admin/customer/new/", **many, headers={"X-CSRFToken": clerk.token})
    assert answer.status_code == 413


@pytest.mark.parametrize("index", ["²", "x", "-1", "", "9" * 5000, "1e3", "٣", "0-0"])
def test_lines_with_strange_places(index: str, company: Any, browser_as: Any) -> None:
    clerk = browser_as("clerk_sal")
    form = clerk.form("/admin/quotation/new/")
    for name in (f"lines-{index}-quantity", f"lines-{index}", f"lines{index}"):
        answer = clerk.send(form, **{name: "3"})
        assert answer.status_code == 422, f"{name}: {answer.status}"


def test_more_lines_than_fit_are_refused_not_cut(company: Any, browser_as: Any) -> None:
    """What was typed is never dropped in silence."""
    clerk, product = browser_as("clerk_sal"), company.walk(company.make("product"), "active")
    customer = company.make("customer")
    form = clerk.form("/admin/quotation/new/")
    lines = {}
    for at in range(600):
        lines |= {f"lines-{at}-product": str(product.id), f"lines-{at}-quantity": "1", f"lines-{at}-unit_price": "100"}
    answer = clerk.send(form, customer=str(customer.id), valid_until="2099-01-01", **lines)
    assert answer.status_code == 422
    assert "lines" in read_page(answer.text).errors


def test_a_field_sent_twice_counts_once(company: Any, browser_as: Any) -> None:
    clerk = browser_as("clerk_sal")
    answer = clerk.send(clerk.form("/admin/customer/new/"), name=["First", "Second"], level=["A", "B"])
    assert answer.status_code == 302
    stored = catalogue["customer"]._get_collection().find_one({})
    assert (stored["name"], stored["level"]) == ("Second", "B")


@pytest.mark.parametrize("operator", ["$ne", "$gt", "$set", "$inc"])
def test_operators_in_the_names_of_fields_do_nothing(operator: str, company: Any, browser_as: Any) -> None:
    for cls in with_all_kinds(company):
        browser, base = browser_as(writer(company, cls)), f"/admin/{cls.declared.name}/new/"
        form = browser.form(base)
        names = [name for name in form if name in cls._fields]
        odd = {f"{name}[{operator}]": "1" for name in names} | {f"{name}.{operator}": "1" for name in names}
        before = count(cls)
        answer = browser.post(base, {"once": form["once"], **odd, operator: "1"})
        assert answer.status_code == 422, f"{cls.__name__}: {answer.status}"
        assert count(cls) == before


def test_rights_hold_for_fields_that_no_form_shows(company: Any) -> None:
    """The system's own fields are never among those that anybody may write."""
    own = {"id", "number", "state", "version", "chain", "once", "created_by", "submitted_by", "decisions", "removed_at"}
    for cls in catalogue.values():
        for login in company.logins:
            assert not own & rights.writable_fields(company.actor(login), cls), f"{cls.__name__} for {login}"
