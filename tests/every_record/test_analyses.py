"""Every type by every field that it can be counted by: each number is the count of the list that it leads to."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Iterator
from html import unescape
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bson import Decimal128, ObjectId
from werkzeug.datastructures import MultiDict

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.language.analysis import Chart, Matrix, chosen, is_grouped
from models.kernel.language.kinds.line_links import title_column
from models.kernel.rights import rights
from tests.fixtures._types import TYPES, types_with
from tests.fixtures.http import reader
from views.analysis.choosing import OwnTable
from views.analysis.counting import Breakdown, Counts, Sums, breakdown_by, breakdown_of, counted, sees
from views.analysis.drawn import pairs_of
from views.kinds.grouping import ODD
from views.lists.listing import read_request

COPIES, CROSSED = 14, 3
DECLARING = types_with(lambda declared: declared.analyses)
MATRICES = types_with(lambda declared: [item for item in declared.analyses if isinstance(item, Matrix)])
COUNTED = re.compile(r'<td class="number"><a href="([^"]+)">([0-9,]+)<')


def scattered(record: Any, seed: int) -> None:
    """Copies of a record in which what it can be counted by is now this, now that, nothing, or damaged; a few are in
    the bin or of another department."""
    cls, rng, rows = type(record), random.Random(seed), type(record)._get_collection()
    row = rows.find_one({"_id": record.id})
    unique = [name for name, field in cls.declared.own_fields.items() if field.unique and row.get(name)]
    apart = {rule.fields[-1] for rule in cls.declared.unique if rule.same_as(row)}
    others = [ObjectId(), ObjectId()]
    copies = []
    for _ in range(COPIES):
        new = ObjectId()
        copy = {**row, "_id": new, "number": f"{row['number']}-{new}", **dict.fromkeys(unique, f"x{new}")}
        for name, field in cls.fields_of().items():
            if is_grouped(field) and name not in ("department", "owner", *apart, *unique):
                copy[name] = rng.choice(_values(cls, name, field, row.get(name), others))
        copy["department"] = rng.choice([row.get("department"), row.get("department"), others[0]])
        copy["removed_at"] = rng.choice([None, None, None, None, clock.now()])
        copies.append({key: value for key, value in copy.items() if key not in apart and key != "once"})
    rows.insert_many(copies)


def _values(cls: Any, name: str, field: Any, held: Any, others: list[ObjectId]) -> list[Any]:
    """What may stand in a field, and what may not."""
    if name == "state" and cls.declared.workflow:
        return [*cls.declared.workflow.states]
    is_many, some = hasattr(field, "field"), []
    if options := [*getattr(field, "options", ())]:
        some = [7, *([[options[0]], options[:2], []] if is_many else options[:3])]
    elif field.is_date:
        some = [*(clock.now() - dt.timedelta(days=days) for days in (-3, 1, 45, 100, 800)), "never"]
    elif field.target:
        some = [others, [], 7] if is_many else [*others, 7]
    elif field.is_flag:
        some = [True, False]
    elif field.is_number:
        some = [field.least, field.least + 1, "x"]
    elif is_many:
        some = [["a", "b"], ["a"], [], ["-"]]
    return [held, held, None, *some]


def numbers(breakdown: Breakdown, table: Counts) -> Iterator[tuple[Sums, list[tuple[str, str]] | None]]:
    """Each number of a table, with the arguments of the list that it leads to."""
    yield table.total, list(breakdown.pairs)
    for row in table.rows:
        pairs = pairs_of(breakdown.rows, breakdown.pairs, row, table.rows)
        yield table.of_rows[row], pairs
        for column in table.columns if breakdown.columns else ():
            place = pairs_of(breakdown.columns, pairs, column, table.columns) if pairs is not None else None
            yield table.cells.get((row, column), Sums()), place
    for column in table.columns if breakdown.columns else ():
        yield table.of_columns[column], pairs_of(breakdown.columns, breakdown.pairs, column, table.columns)


def listed(breakdown: Breakdown, pairs: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """The records of the list at an address, with what is counted of them."""
    args = MultiDict(parse_qsl(urlsplit(breakdown.address(pairs)).query, keep_blank_values=True))
    query = read_request(breakdown.cls, breakdown.me, args)
    assert not query.problems, (breakdown.address(pairs), [str(words) for words in query.problems])
    return list(
        query.collection.find(query.filter, {breakdown.measure.field or "_id": 1, breakdown.currency or "_id": 1})
    )


def check(breakdown: Breakdown, where: Any, most: int = 12) -> None:
    """Some numbers of each table, now these, now those."""
    for table in counted(breakdown):
        led = [(tally, pairs) for tally, pairs in numbers(breakdown, table) if pairs is not None]
        for tally, pairs in random.Random(len(led)).sample(led, min(most, len(led))):
            rows = listed(breakdown, pairs)
            if table.currency is not None:
                known = breakdown.cls.fields_of()[breakdown.currency].options
                own = None if table.currency == ODD else table.currency
                rows = [row for row in rows if (c if (c := row.get(breakdown.currency)) in known else None) == own]
            assert tally.count == len(rows), (where, breakdown.address(pairs))
            if name := breakdown.measure.field:
                held = [row[name] for row in rows if isinstance(row.get(name), Decimal128 | int)]
                added = sum(v.to_decimal() if isinstance(v, Decimal128) else v for v in held)
                assert tally.added == added or not breakdown.columns, (where, breakdown.address(pairs))


@TYPES
def test_each_number_of_a_choice_is_the_count_of_its_list(cls: Any, record: Any, company: Any, app: Any) -> None:
    """By each field alone, and by some of two at once; for others, who have other rights, by some of them."""
    scattered(record, 1)
    rng, today, known = random.Random(cls.__name__), clock.today(), set()
    people = dict.fromkeys((reader(company, cls, record), "management", "clerk_sal", "it"))
    for login in filter(None, people):
        me = company.actor(login)
        same = str((rights.visible(me, cls), rights.listed_fields(me, cls)))
        if not rights.can_open(me, cls) or same in known:
            continue
        own = OwnTable(cls, me, MultiDict())
        ways, measures = [by for by, _ in own.ways.values()], [measure for measure, _ in own.measures.values()]
        fields = {by.field: by for by in rng.sample(ways, len(ways))}  # of a date one of its ways
        alone = list(fields.values()) if not known else rng.sample(ways, min(3, len(ways)))
        for by in alone:
            check(breakdown_by(cls, me, [by], measures[0], (), today), (login, by))
        couples = [(a, b) for a in ways for b in ways if a.field != b.field]
        for pair in rng.sample(couples, min(CROSSED, len(couples))):
            check(breakdown_by(cls, me, pair, rng.choice(measures), (), today), (login, pair))
        known.add(same)


@DECLARING
def test_what_is_declared_stands_on_its_page(cls: Any, record: Any, company: Any, browser_as: Any, app: Any) -> None:
    """For everybody who sees all that it goes by, and for nobody else; as a page and as a file."""
    scattered(record, 3)
    base = f"/admin/analysis/{cls.declared.name}/"
    for item in cls.declared.analyses:
        show = "charts" if isinstance(item, Chart) else item.key
        for login in company.logins:
            me, browser = company.actor(login), browser_as(login)
            may = rights.can_open(me, cls) and sees(me, cls, item)
            if not may:
                assert isinstance(item, Chart) or browser.get(base, {"show": item.key}).status_code == 403, login
                continue
            if not isinstance(item, Matrix):
                check(breakdown_of(cls, me, item, (), clock.today()), (login, item.key))
        login = reader(company, cls, record)
        page = browser_as(login).page(base, {"show": show})
        assert any(link.startswith(f"/admin/{cls.declared.name}/") for link in page.links)
        assert browser_as(login).get(f"{base}export/csv/", {"show": show}).status_code == 200


@MATRICES
def test_a_matrix_shows_what_nothing_covers_too(cls: Any, record: Any, company: Any, browser_as: Any, app: Any) -> None:
    """Covered and verified are two figures; each number is the count of the list that it leads to."""
    base, rows = f"/admin/analysis/{cls.declared.name}/", cls.collection()
    for matrix in (item for item in cls.declared.analyses if isinstance(item, Matrix)):
        link = cls.fields_of()[matrix.rows]
        target = catalogue.by_class(link.line_target or link.target)
        if hasattr(link, "field"):
            changes.update(
                cls, record.id, {matrix.rows: [company.make(target.declared.name).id]}, actor=SYSTEM, version=None
            )
        scattered(record, 5)
        rows.update_many({matrix.cell: 7}, {"$set": {matrix.cell: None}})
        bare = company.make(target.declared.name, **_a_line(link, target))
        login = next(login for login in company.logins if _sees_both(company.actor(login), record, bare))
        browser, me = browser_as(login), company.actor(login)
        page = browser.get(base, {"show": matrix.key}).text
        assert re.search(rf"id={bare.id}.*?未覆蓋", page, re.DOTALL)
        for address, text in COUNTED.findall(page):
            args = MultiDict(parse_qsl(urlsplit(unescape(address)).query))
            query = read_request(cls, me, args)
            assert not query.problems, address
            assert rows.count_documents(query.filter) == int(text.replace(",", "")), address
        covered, verified = _figures(page)
        assert 0 <= verified <= covered
        own = rows.find_one({"_id": record.id})[matrix.rows]
        good = {matrix.cell: sorted(matrix.good)[0], **({matrix.suspect: False} if matrix.suspect else {})}
        good |= {name: chosen(values)[0] for name, values in matrix.only.items()}
        here = {matrix.rows: {"$in": own if isinstance(own, list) else [own]}}
        rows.update_many(here, {"$set": good})
        page = browser.get(base, {"show": matrix.key}).text
        assert _figures(page)[0] == covered or matrix.only  # what did not count before covers now
        assert _figures(page)[1] > 0
        assert f"id={bare.id}" not in browser.get(base, {"show": matrix.key, "standing": "verified"}).text
        assert f"id={bare.id}" in browser.get(base, {"show": matrix.key, "standing": "uncovered"}).text
        assert browser.get(f"{base}export/xlsx/", {"show": matrix.key}).status_code == 200
        if options := list(getattr(cls.fields_of().get(matrix.columns), "options", ())):
            rows.update_many({matrix.rows: own}, {"$set": {matrix.columns: options[0]}})
            narrowed = {"show": matrix.key, "with": matrix.columns, "standing": "verified"}
            for option, is_verified in ((options[0], True), (options[1], False)):  # a pass there says nothing of here
                page = browser.get(base, {**narrowed, f"f.{matrix.columns}": option}).text
                assert bool(COUNTED.findall(page)) is is_verified
        assert base in " ".join(browser.page(f"/admin/{target.declared.name}/details/", {"id": bare.id}).links)


def _a_line(link: Any, target: Any) -> dict[str, Any]:
    """A line to be covered, where lines are."""
    if not link.line_target:
        return {}
    lines = target.fields_of()[link.line_list]
    return {link.line_list: [lines.field.document_type(**{title_column(lines): "Ours"})]}


def _sees_both(me: Any, record: Any, item: Any) -> bool:
    known = [(type(each), each.id, rights.visible(me, type(each))) for each in (record, item)]
    return all(scope and cls.collection().find_one({"$and": [scope, {"_id": id}]}) for cls, id, scope in known)


def _figures(page: str) -> tuple[int, int]:
    """How many items are covered, and how many verified."""
    first, second = (int(count) for count in re.findall(r"項中 (\d+) 項", page)[:2])
    return first, second


@TYPES
def test_the_page_of_analysis_stands_beside_the_list(cls: Any, record: Any, company: Any, browser_as: Any) -> None:
    browser, base = browser_as(reader(company, cls, record)), f"/admin/analysis/{cls.declared.name}/"
    assert base in browser.page(f"/admin/{cls.declared.name}/").links
    page = browser.page(base, {"show": "own"})
    assert any("export/xlsx/" in link for link in page.links)
    assert list(islice((link for link in page.links if link.startswith(f"/admin/{cls.declared.name}/?")), 1))
    for login in company.logins:
        may = rights.can_open(company.actor(login), cls)
        assert may or browser_as(login).get(base).status_code == 403, login
