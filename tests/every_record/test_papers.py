"""Every paper of every type: made once by its move, attached in its languages, and for readers by a button; whatever
stands in a record is text in it, and never code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import HANT, LOCALES
from models.kernel.gate import changes, papers
from models.kernel.gate.history import entries_of
from models.kernel.language.outside import CREATE
from models.kernel.rights import rights
from models.services.files import files
from models.services.papers import making, typesetting
from tests.fixtures._types import types_with
from tests.fixtures.doing import work_off
from tests.fixtures.papers import text_in

WITH_PAPERS = types_with(lambda declared: declared.papers)
ATTACHING = types_with(lambda declared: any(paper.on for paper in declared.papers))
NASTY = '#panic("x") $x$ *b* \\ [c] @d <e> `f` //g'
pytestmark = pytest.mark.skipif(not typesetting.has_font(typesetting.FAMILIES[HANT]), reason="no Chinese font")


def nasty(cls: Any, record: Any) -> Any:
    """The record with what looks like code in each text that a person may type freely."""
    own = cls.declared.own_fields.items()
    free = [n for n, f in own if f.is_text and not (f.holds_mail or f.computed or f.fixed or f.unique)]
    values: dict[str, Any] = {}
    for name in free:
        field = cls.declared.own_fields[name]
        if field.most >= len(NASTY) and not any(field.faults(NASTY)):
            values[name] = NASTY
    return changes.update(cls, record.id, values, actor=SYSTEM, version=None) if values else record


@WITH_PAPERS
def test_each_paper_renders_in_each_language_and_holds_no_code(cls: Any, record: Any, company: Any) -> None:
    made = nasty(cls, record)
    for paper in cls.declared.papers:
        for locale in LOCALES:
            content = papers.content_of(made, paper, SYSTEM if paper.has_button else None, locale)
            text = text_in(making.pdf_of(paper, content, f"/admin/{cls.type_name()}/details/?id={made.id}"))
            assert text.strip()
            assert "".join(content["note"].split()) in "".join(text.split())
            says_nasty = any(field["value"] == NASTY for field in content["fields"].values())
            assert paper.format != "paper.typ" or not says_nasty or "".join(NASTY.split()) in "".join(text.split())


@WITH_PAPERS
def test_a_reader_gets_what_is_theirs_and_no_other_paper(cls: Any, record: Any, company: Any, browser_as: Any) -> None:
    for paper in (paper for paper in cls.declared.papers if paper.has_button):
        address, query = f"/admin/{cls.declared.name}/paper/", {"id": record.id, "paper": paper.id}
        for login in ("clerk_sal", "supervisor", "it", "clerk_prd"):
            answer = browser_as(login).get(address, query)
            may = bool(rights.can_open(company.actor(login), cls)) and reads(company.actor(login), record)
            is_given = may and paper.is_offered(record)
            assert answer.status_code == 200 if is_given else answer.status_code in (403, 404), (login, answer.status)
    answer = browser_as("supervisor").get(f"/admin/{cls.declared.name}/paper/", {"id": record.id, "paper": "x"})
    assert answer.status_code in (403, 404)


def reads(actor: Any, record: Any) -> bool:
    query = rights.visible(actor, type(record))
    found_row = query is not None and type(record).collection().find_one({"$and": [{"_id": record.id}, query]})
    return bool(found_row) and bool(rights.may_open(actor, record))


def caused(cls: Any, company: Any) -> Iterator[tuple[Any, Any, str]]:
    """For each paper and each move that makes it a record on which the move was just made."""
    for paper in cls.declared.papers:
        for verb in paper.on:
            if verb == CREATE:
                yield paper, company.make(cls.declared.name), verb
            else:
                move = next(move for move in cls.declared.workflow.moves if move.verb == verb)
                record = company.walk(company.make(cls.declared.name), move.target)
                moves = [row["verb"] for row in entries_of(record.id, newest_first=True) if row.get("state_to")]
                yield paper, record, moves[0]  # several may lead there


@ATTACHING
def test_a_move_attaches_its_papers_once(cls: Any, company: Any, browser_as: Any) -> None:
    for paper, record, verb in caused(cls, company):
        expected = set()
        if get_db()["paper_order"].count_documents({"record": record.id, "paper": paper.id}):
            expected = {papers.file_id(record, paper, verb, locale) for locale in paper.languages_of(record)}
            login = next(login for login in company.logins if reads(company.actor(login), record))
            page = browser_as(login).get(f"/admin/{cls.declared.name}/details/?id={record.id}").text
            assert str(paper.label.hant) in page
        for _ in range(2):
            work_off("papers.make")
        made = [file for file in files.files_of(record.id) if file["_id"] in expected]
        assert len(made) == (len(expected) if paper.is_for(company.fresh(record)) else 0)
        for file in made:
            assert file["kind"] == paper.attach
            assert text_in(files.bucket().open_download_stream(file["content"]).read()).strip()
        assert get_db()["paper_order"].count_documents({"record": record.id}) == 0


def test_no_format_evaluates_what_it_is_given() -> None:
    formats = {paper.path for cls in catalogue.values() for paper in cls.declared.papers}
    formats |= set(next(iter(formats)).parent.glob("*.typ"))
    for path in formats:
        code = path.read_text("utf-8")
        assert "eval(" not in code, path.name
        assert "read(" not in code, path.name
        assert "#import" not in code, path.name
