"""Every type with a list that is a table of two choices: it is drawn and filled in as a grid, stored as its lines."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from tests.fixtures._types import types_with
from tests.fixtures.http import said, writer
from views.page import whole_grid


def grids_of(declared: Any) -> list[str]:
    return [
        name
        for name, field in declared.own_fields.items()
        if field.columns and len(field.whole) == whole_grid.SIDES and not field.computed
    ]


@types_with(grids_of)
def test_a_cell_stands_for_each_combination_and_its_faults_stand_there(
    cls: Any, record: Any, company: Any, browser_as: Any
) -> None:
    login, base = writer(company, cls), f"/admin/{cls.declared.name}/"
    assert login
    browser = browser_as(login)
    for name in grids_of(cls.declared):
        field = cls.fields_of()[name]
        cells = list(product(*(column.options for column in (field.columns[side] for side in field.whole))))
        lines = company.fresh(record).raw(name)
        assert len(lines) == len(cells)
        page = browser.get(f"{base}edit/", {"id": record.id}).text
        assert page.count("data-whole") == 1
        assert f'data-lines="{name}"' not in page
        assert len(re.findall(rf'name="{name}-\d+-{field.whole[0]}"', page)) == len(cells)
        read = browser.get(f"{base}details/", {"id": record.id}).text
        assert read.count('<table class="whole">') >= 1
        form = browser.form(f"{base}edit/", "/edit/", id=str(record.id))
        assert browser.send(form).status_code == 302
        assert company.fresh(record).raw(name) == lines, "sent as it stood it changes nothing"
        column = next(c for c, content in field.columns.items() if content.is_number and content.required)
        at = 5
        key = f"{name}-{at}-{column}"
        for wrong in ("", "much"):
            refused = browser.send(form, **{key: wrong})
            assert refused.status_code == 422, said(refused)
            assert f'href="#{key}"' in refused.text
            faulty = re.search(rf'<input[^>]*name="{key}"[^>]*>', refused.text)
            assert faulty
            assert 'aria-invalid="true"' in faulty[0]
        lacking = {place: value for place, value in form.items() if not place.startswith(f"{name}-{at}-")}
        refused = browser.post(form.action, lacking)
        assert refused.status_code == 422
        assert len(re.findall(rf'name="{name}-\d+-{field.whole[0]}"', refused.text)) == len(cells), "a blank cell"
        amount = str(lines[at].raw(column) + 1)
        assert browser.send(form, **{key: amount}).status_code == 302
        record = company.fresh(record)
        assert [line.key for line in record.raw(name)] == [line.key for line in lines]
        changed = [line for line, before in zip(record.raw(name), lines, strict=True) if line != before]
        assert [str(line.raw(column)) for line in changed] == [amount]
        old = [*lines[1:]]
        record = changes.update(cls, record.id, {"tags": ["舊"]}, actor=SYSTEM, version=None)
        cls.collection().update_one({"_id": record.id}, {"$set": {name: [line.to_mongo() for line in old]}})
        page = browser.get(f"{base}edit/", {"id": record.id}).text
        assert len(re.findall(rf'name="{name}-\d+-{field.whole[0]}"', page)) == len(cells)
        assert '<table class="whole">' not in browser.get(f"{base}details/", {"id": record.id}).text
