"""Sheet mode of each type with columns edited in place: what a cell shows, copied and pasted, changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models import catalogue
from views.kinds import kind_of

EDITED = sorted((cls for cls in catalogue.values() if cls.declared.grid.inline), key=lambda cls: cls.type_name())


@pytest.mark.parametrize("cls", EDITED, ids=lambda cls: cls.__name__)
def test_what_cells_show_is_what_they_hold(cls: type, company: Any, browser_as: Any) -> None:
    record = company.make(cls.type_name())
    login = next(login for login in company.logins if company.user(login).id == record.ref("owner"))
    browser, base = browser_as(login, locale="en"), f"/admin/{cls.type_name()}/"
    held = record.to_mongo().to_dict()
    cells = {name: kind_of(cls._fields[name]).typed(held.get(name)) for name in cls.declared.grid.inline}
    row = {"id": str(record.id), "version": record.version, "cells": cells}
    answer = browser.post(f"{base}sheet/", {"rows": json.dumps([row])})
    assert (answer.status_code, [each["verdict"] for each in answer.json["rows"]]) == (200, ["same"])
    shown = answer.json["rows"][0]["cells"]
    row["cells"] = {name: shown[name]["text"] for name in cells}
    again = browser.post(f"{base}sheet/", {"rows": json.dumps([row])}).json["rows"][0]
    assert (again["verdict"], again["problems"]) == ("same", {})
