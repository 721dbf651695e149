"""Every type beside damaged documents of every kind: no page of it fails, the row says so, IT hears of it once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from mongoengine.connection import get_db
from werkzeug.datastructures import MultiDict

from models import catalogue
from models.kernel.base.people import Actor
from models.kernel.language.analysis import Chart
from models.kernel.language.sound import DAMAGED
from models.services.personal import layouts
from models.services.work import damage
from tests.fixtures._odd import mixed, mixed_lines, names_of, stored
from tests.fixtures._types import RICH, TYPES, VARIED, dealt
from tests.fixtures.http import Browser, reader
from views.analysis.choosing import OwnTable
from views.lists.listing import choosable, sortable

FRAME = ("number", "title", "state", "owner", "department", "removed_at", "version")  # found and called by these
ANSWERED = (200, 302, 404, 422)
OF_RECORD = ("details/",)
SELDOM = ("edit/", "print/", "history/", "row/", "neighbour/", "move/")  # the same values, said by the same kinds
SELDOM_EACH = 4  # where not each is walked: of each type other ones, so that all types together have every kind
ACROSS = ("/admin/", "/admin/inbox/", "/admin/calendar/", "/admin/search/?q=abc", "/admin/palette/?q=abc")
PICKERS = 5
MENU = ("/admin/bin/", "/admin/notices/")


SORTED = dealt(lambda cls: [name for name in cls._fields if sortable(cls, name)] if cls in VARIED else ())
FILTERED = dealt(lambda cls: cls.declared.grid.filters if cls in VARIED else ())


@pytest.fixture(autouse=True)
def fresh() -> None:
    damage._noted.clear()


@TYPES
def test_the_pages_of_a_type_live_beside_damaged_records(cls: Any, record: Any, company: Any, browser_as: Any) -> None:
    """All kinds at once in one list: in the fields of the type, then in those by which a record is found and called,
    then in the columns of lines. Types that have all kinds between them are walked through all their pages, those that
    have all options through their analyses, and each through its list with all columns and some of its records."""
    is_full = cls in VARIED
    rows, login = cls._get_collection(), reader(company, cls, record)
    sound = rows.find_one({"_id": record.id})
    walk = Walk(browser_as(login, locale="en"), cls, company.actor(login))
    own = stored(rows, mixed(cls, sound, [name for name in names_of(cls) if name not in FRAME]))
    walk.lists() if is_full else walk.get(walk.base, size=200)
    if is_full or cls in RICH:
        walk.figures()
    assert 1 <= len(noted_of(cls)) <= damage.SINGLY_MAX  # many that are met together are one message
    walk.records(own, OF_RECORD, SELDOM if is_full else (), step=1 if is_full else SELDOM_EACH)
    frames, lines = stored(rows, mixed(cls, sound, FRAME)), stored(rows, mixed_lines(cls, sound))
    walk.all_rows()
    if is_full:
        walk.others()
        walk.records([*frames, *lines], ("details/",), ("edit/", "history/"), step=2)
    assert walk.failed == []
    assert f"id={record.id}" in walk.seen
    assert walk.seen.count(str(DAMAGED)) >= len(own)
    assert len({*noted_of(cls)}) == len(noted_of(cls))


def noted_of(cls: Any) -> list[tuple[str, Any]]:
    """Of which damage of a type somebody was told."""
    rows = get_db()["notice"].find({"cause": {"$regex": f"^damaged:{cls.type_name()}:"}})
    return [(row["cause"], row["person"]) for row in rows]


class Walk:
    """One reader's way through all that shows the records of a type; what failed is noted."""

    def __init__(self, who: Browser, cls: Any, person: Actor):
        self.who, self.cls, self.person, self.base = who, cls, person, f"/admin/{cls.type_name()}/"
        self.failed: list[str] = []
        self.seen = ""

    def get(self, path: str, **query: Any) -> str:
        answer = self.who.get(path, query)
        if answer.status_code not in ANSWERED and not (answer.status_code == 403 and "id" in query):
            self.failed.append(f"{answer.status_code} {path} {query}")
        return answer.text if answer.status_code == 200 and answer.mimetype.startswith("text/html") else ""

    def lists(self) -> None:
        """Lists in each kind of order and of filter, board, calendar, exports, and what spans the types."""
        self.get(self.base, size=200)
        for order in [f"{sign}{name}" for name in SORTED[self.cls] for sign in ("", "-")]:
            self.get(self.base, sort=order, size=20)  # the odd kinds come first or last
        ways = [{key: "2026-11-02"} for name in FILTERED[self.cls] for key in (f"f.{name}", f"f.{name}.to")]
        for query in [*ways, {"q": "abc"}]:
            self.get(self.base, **query)
        for path in ("totals/", "export/csv/", "export/xlsx/"):
            self.get(self.base + path, own="1")
        for path in (f"/admin/board/{self.cls.type_name()}/", f"/admin/calendar/{self.cls.type_name()}/", *ACROSS):
            self.get(path)

    def figures(self) -> None:
        """What is declared of it, and a table by each field that it is grouped by."""
        base = f"/admin/analysis/{self.cls.type_name()}/"
        own = OwnTable(self.cls, self.person, MultiDict())
        for item in self.cls.declared.analyses:
            self.get(base, show="charts" if isinstance(item, Chart) else item.key)
        for at, rows in enumerate(own.ways):
            self.get(base, show="own", rows=rows, columns=list(own.ways)[at - 1], value=list(own.measures)[-1])

    def all_rows(self) -> None:
        """All rows with all columns."""
        layouts.keep_columns(self.person, self.cls.type_name(), None, choosable(self.cls, self.person))
        self.pages(size=100)

    def others(self) -> None:
        """What else shows many at once; and the lists from which records of the type are chosen, where other types link
        to them."""
        for path in (f"{self.base}export/csv/", f"/admin/board/{self.cls.type_name()}/", *ACROSS, *MENU):
            self.get(path)
        for other, name in catalogue.pointing_to(self.cls)[:PICKERS]:
            self.get(f"/admin/{other.type_name()}/ajax/lookup/", field=name)
            self.get(f"/admin/{other.type_name()}/ajax/lookup/", field=name, q="abc")

    def records(
        self, documents: Sequence[dict[str, Any]], each: Sequence[str], some: Sequence[str], step: int = 1
    ) -> None:
        """The pages of single records."""
        first = sorted(catalogue).index(self.cls.type_name())
        for at, document in enumerate(documents, first):
            for path in (*(() if at % step else each), *(() if at % SELDOM_EACH else some)):
                self.get(self.base + path, id=document["_id"])

    def pages(self, **query: Any) -> None:
        """A list, page by page to its end."""
        self.seen += (text := self.get(self.base, **query))
        for _ in range(9):
            onward = re.search(r'href="([^"]*)" rel="next"', text)
            if onward is None:
                return
            self.seen += (text := self.get(onward[1].replace("&amp;", "&")))
        self.failed.append(f"no end of {query}")
