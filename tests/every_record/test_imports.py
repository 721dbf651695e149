"""Sheets of every type: the empty one has a head for each field that may be entered, and its heads are understood."""

from __future__ import annotations

import io
import json
from typing import Any

from python_calamine import CalamineWorkbook

from models.kernel.base.words import EN, HANS, HANT
from models.kernel.language.localized import LocalizedText
from models.kernel.rights import rights
from models.services.imports import cells as import_cells
from models.services.imports import line_columns
from models.services.imports import rows as import_rows
from models.services.personal import layouts
from tests.fixtures._types import TYPES
from tests.fixtures.http import writer
from views.lists import listing


@TYPES
def test_the_empty_sheet_has_every_head_and_is_understood(cls: Any, company: Any, browser_as: Any) -> None:
    login, base = writer(company, cls), f"/admin/{cls.declared.name}/import/"
    if login is None:
        assert all(browser_as(login).get(f"{base}template/").status_code in (403, 404) for login in company.logins)
        return
    me = company.actor(login)
    needed = {
        name
        for name in rights.writable_fields(me, cls)
        if cls._fields[name].is_in_sheet and not isinstance(cls._fields[name], LocalizedText)
    }
    for locale in (EN, HANT, HANS):
        answer = browser_as(login, locale=locale).get(f"{base}template/")
        rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.get_data())).get_sheet_by_index(0).to_python()
        heads = [str(row) for row in rows[0]]
        assert len({*heads}) == len(heads)
        of_lines = {path for path in line_columns.paths_of(cls, me) if not path.endswith(".key")}
        assert set(import_cells.matched(cls, me, heads)) == {"number", *needed, *of_lines}
        assert "" not in import_cells.matched(cls, me, heads)


@TYPES
def test_what_the_list_exports_changes_nothing(
    cls: Any, record: Any, company: Any, browser_as: Any, sheets: Any
) -> None:
    """With every column that its reader may see, a record comes back as it went."""
    for login in company.logins:
        me = company.actor(login)
        scope = rights.visible(me, cls)
        if (
            scope is None
            or not rights.may_create(me, cls)
            or not cls._get_collection().find_one({**scope, "_id": record.id})
        ):
            continue
        names = [name for name in import_cells.importable(cls, me) if name in rights.listed_fields(me, cls)]
        layouts.keep_columns(me, cls.declared.name, None, ["number", *names])
        lines = browser_as(login).get(f"/admin/{cls.declared.name}/export/jsonl/").get_data().decode().splitlines()
        row = next(row for row in map(json.loads, lines) if row["id"] == str(record.id))
        assert row["number"] == record.number
        assert {*row} <= {"id", "number", *rights.listed_fields(me, cls)}
        for kind in ("csv", "xlsx", *(["xlsx-lines"] if line_columns.lists_of(cls, me) else [])):
            raw = browser_as(login).get(f"/admin/{cls.declared.name}/export/{kind}/").get_data()
            field = sheets.checked(raw, cls.declared.name, login)
            assert field.columns[0] == "number"
            assert "" not in field.columns
            if kind == "xlsx-lines":
                paths = [path for path in line_columns.paths_of(cls, me) if "." in path]
                kept = {path for path in paths if not getattr(line_columns.field_at(cls, path), "is_column", True)}
                kept |= {path for path in paths if path.partition(".")[0] not in rights.listed_fields(me, cls)}
                kept |= {path for path in paths if not rights.sees(me, line_columns.field_at(cls, path))}
                assert {*paths} - {*field.columns} == kept
            assert set(field.columns) >= {name for name in names if name in listing.choosable(cls, me)}
            problems = import_rows.listed(field, ("create", "change", "refused", "doubt"))
            assert set(field.counts) == {"same"}, problems.rows
        return
