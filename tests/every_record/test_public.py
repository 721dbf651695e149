"""Every type with public pages: entered over HTTP by somebody outside, once; nothing shown but what is declared."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

from mongoengine.base import get_document
from mongoengine.connection import get_db

from models import public_links
from models.kernel.base import clock
from models.kernel.base.people import PUBLIC, SYSTEM
from models.kernel.gate import changes
from models.kernel.language.fields import Mail, Phone, Sealed, is_empty
from models.kernel.language.kinds.answers import given_in
from models.kernel.rights import rights
from tests.fixtures._guesses import Guesses
from tests.fixtures._types import types_with
from tests.fixtures.http import Form, read_page
from views.public.asking import asked_of

CREATING = types_with(lambda declared: declared.public and declared.public.create)
ANSWERING = types_with(lambda declared: declared.public and declared.public.under)
FOLLOWING = types_with(lambda declared: declared.public and declared.public.token)
SCRIPT = "<script>alert(1)</script>"


class Stranger:
    """Somebody outside with a browser."""

    def __init__(self, app: Any, cls: Any, record: Any):
        self.client, self.cls = app.test_client(), cls
        self.path = f"/p/{cls.declared.name}/"
        if cls.declared.public.under:
            self.path += f"under/{handle_of(record)}"

    def form(self) -> Form:
        answer = self.client.get(self.path, buffered=True)
        assert answer.status_code == 200
        return read_page(answer.text).form(self.path)

    def filled(self, values: dict[str, Any]) -> dict[str, Any]:
        """A form with these values, as a person would send it."""
        given = {
            name: value for name, value in self.form().items() if name != "switch" and not name.startswith("file-")
        }
        return {**given, **values}

    def post(self, values: dict[str, Any]) -> Any:
        return self.client.post(self.path, data=values, buffered=True)


def handle_of(record: Any) -> str:
    """How the record is named that an entry is about: by its public link, or by its number."""
    link = record.declared.public.under
    target = get_document(record._fields[link].target)
    parent = target.objects.get(id=record.ref(link))
    return public_links.mailed(parent) if target.declared.public.token else str(parent.number)


def typed(cls: Any, record: Any, company: Any) -> dict[str, Any]:
    """What a person would type for the public fields: text where a field takes it, else what the record has."""
    values: dict[str, Any] = {}
    for name in cls.declared.public.create:
        field, value = cls.declared.own_fields[name], record.raw(name)
        options = getattr(field, "options", None)
        if field.answers_to:
            given = given_in(value)
            values |= {f"{name}-{key}": answer for key, answer in given.items()}
        elif options:
            values[name] = next(iter(options))
        elif isinstance(field, Sealed | Mail | Phone) and is_empty(value):
            values[name] = Guesses(company, cls, SYSTEM, reuse=True).first(field, name)
        elif field.is_text and is_empty(value):
            values[name] = f"{name}@example.com" if field.holds_mail else f"{name} 1"
        elif not is_empty(value):
            values[name] = str(value)
    return values


def newest(cls: Any) -> dict[str, Any]:
    (row,) = cls.collection().find({}).sort("_id", -1).limit(1)
    return row


@CREATING
def test_somebody_outside_enters_one_and_no_second_by_sending_twice(
    cls: Any, record: Any, app: Any, company: Any
) -> None:
    stranger, before = Stranger(app, cls, record), cls.collection().count_documents({})
    form = stranger.filled(typed(cls, record, company))
    first, second = stranger.post(form), stranger.post(form)
    assert (first.status_code, second.status_code) == (200, 200), first.text
    assert cls.collection().count_documents({}) == before + 1
    row = newest(cls)
    assert row["number"] in first.text
    entry = get_db()["history"].find_one({"record": row["_id"], "verb": "create"})
    assert entry
    assert (entry["door"], entry["actor"]) == ("public", None)
    assert not first.headers.getlist("Set-Cookie")
    assert rights.visible(PUBLIC, cls) is None


@ANSWERING
def test_questions_are_answered_from_outside_under_what_people_see_there(
    cls: Any, record: Any, app: Any, company: Any
) -> None:
    """The page of what is asked leads to the form; answers are read, refused and kept as everywhere."""
    public, stranger = cls.declared.public, Stranger(app, cls, record)
    name = next(name for name in public.create if cls.declared.own_fields[name].answers_to)
    target = get_document(cls._fields[public.under].target)
    parent = target.objects.get(id=record.ref(public.under))
    handle = handle_of(record)
    at = f"/p/{target.type_name()}/" + (f"at/{handle}" if target.declared.public.token else f"all/{handle}")
    assert stranger.path in stranger.client.get(at).text
    assert stranger.client.get(f"/p/{cls.declared.name}/").status_code == 404, "it is about nothing"
    assert stranger.client.get(f"/p/{cls.declared.name}/under/none").status_code == 404
    keys = {line.code: line.key for line in parent.raw(cls.declared.own_fields[name].answers_to.partition(".")[2])}
    given, before = typed(cls, record, company), cls.collection().count_documents({})
    refused = stranger.post(stranger.filled({**given, f"{name}-{keys['q1']}": "no"}))
    assert (refused.status_code, cls.collection().count_documents({})) == (422, before)
    assert f'name="{name}-{keys["q2"]}"' in refused.text
    done = stranger.post(stranger.filled({**given, f"{name}-{keys['q1']}": "no", f"{name}-{keys['q2']}": "dust"}))
    assert done.status_code == 200, done.text
    row = newest(cls)
    assert given_in(row[name]) == {keys["q1"]: "no", keys["q2"]: "dust"}
    assert row[public.under] == parent.id
    if cls.declared.belongs_to == public.under:
        assert row["department"] == parent.ref("department")


@CREATING
def test_nothing_else_is_set_from_outside(cls: Any, record: Any, app: Any, company: Any) -> None:
    taken = cls.declared.public.taken
    foreign = {name: str(record.raw(name)) for name in cls.declared.own_fields if name not in taken}
    stranger = Stranger(app, cls, record)
    stranger.post(
        stranger.filled({**typed(cls, record, company), **foreign, "owner": str(record.id), "state": "closed"})
    )
    row = newest(cls)
    assert row["_id"] != record.id
    assert row.get("owner") is None
    defaults = cls()
    computed = {name for name, field in cls.declared.own_fields.items() if field.computed}
    for name in foreign.keys() - computed:
        assert row.get(name) in (None, "", [], {}) or row[name] == defaults.raw(name), name


@CREATING
def test_a_flood_a_huge_body_and_a_foreign_key_store_nothing(cls: Any, record: Any, app: Any, company: Any) -> None:
    stranger, before = Stranger(app, cls, record), cls.collection().count_documents({})
    large = b"x=" + b"x" * 50_000_000
    kind = "application/x-www-form-urlencoded"
    assert stranger.client.post(stranger.path, data=large, content_type=kind).status_code == 413
    many = "&".join(f"a{n}=1" for n in range(10_000))
    assert stranger.client.post(stranger.path, data=many, content_type=kind).status_code == 413
    refused = stranger.post({**stranger.filled(typed(cls, record, company)), "public-key": "made up"})
    assert refused.status_code == 422
    assert cls.collection().count_documents({}) == before
    limit = cls.declared.public.limit
    codes = [stranger.post(stranger.filled(typed(cls, record, company))).status_code for _ in range(limit + 1)]
    assert codes == [200] * limit + [429]
    assert cls.collection().count_documents({}) == before + limit


@CREATING
def test_script_in_every_text_and_file_name_stays_text(
    cls: Any, record: Any, app: Any, company: Any, browser_as: Any
) -> None:
    own, values = cls.declared.own_fields, typed(cls, record, company)
    values |= {
        n: SCRIPT
        for n in values
        if n in own and own[n].is_text and not (getattr(own[n], "options", None) or own[n].holds_mail)
    }
    values |= {f"file-{kind}": (io.BytesIO(b"text"), f"{SCRIPT}.txt") for kind in cls.declared.public.files}
    stranger = Stranger(app, cls, record)
    answer = stranger.post(stranger.filled(values))
    assert SCRIPT not in answer.text
    row = newest(cls)
    pages = [answer.text]
    if row["_id"] != record.id:
        reader = browser_as("supervisor", is_new=True)
        pages += [reader.get(f"/admin/{cls.declared.name}/{page}").text for page in ("", f"details/?id={row['_id']}")]
    assert [page for page in pages if SCRIPT in page] == []


@FOLLOWING
def test_a_link_shows_what_is_declared_and_no_other_field(cls: Any, record: Any, app: Any, company: Any) -> None:
    public, client = cls.declared.public, app.test_client()
    own = cls.declared.own_fields
    marks = {
        n: f"mark-{n}" + "@example.com" * f.holds_mail
        for n, f in own.items()
        if f.is_text and not getattr(f, "options", None) and not f.computed
    }
    record = changes.update(cls, record.id, marks, actor=SYSTEM, version=None)
    public_links.renew(cls, record.id, actor=SYSTEM)
    link = public_links.shown(record, SYSTEM)
    assert link
    page = client.get(f"/p/{cls.declared.name}/at/{link.token}", buffered=True)
    assert page.status_code == 200
    assert record.number in page.text
    assert {n for n, mark in marks.items() if mark in page.text} == {
        n for n in marks if n in (*public.show, *asked_of(record))
    }
    assert not re.search(r"/admin/|[0-9a-f]{24}", page.text.replace(link.token, ""))


@FOLLOWING
def test_a_link_that_is_no_good_has_one_answer(cls: Any, record: Any, app: Any, company: Any) -> None:
    client, given = app.test_client(), []

    def ask(token: str) -> None:
        answer = client.get(f"/p/{cls.declared.name}/at/{token}", buffered=True)
        given.append((answer.status_code, answer.text))

    ask("unknown")
    ask(str(record.id))
    public_links.renew(cls, record.id, actor=SYSTEM)
    link = public_links.shown(record, SYSTEM)
    assert link
    if link.until:
        with clock.set_to(link.until + dt.timedelta(minutes=1)):
            ask(link.token)
    public_links.revoke(cls, record.id, actor=SYSTEM)
    ask(link.token)
    assert given[0][0] == 404
    assert set(given) == {given[0]}
