"""Rows of lines are drawn from one row; they are the rows that the templates draw one by one."""

from __future__ import annotations

import re
from typing import Any

from flask import render_template_string

IMPORTS = (
    '{% import "components/controls.html" as controls with context %}'
    '{% import "components/forms.html" as forms with context %}'
)
AT_ONCE = IMPORTS + "{{ line_rows(rows, controls.cell, forms.line_row) }}"
ONE_BY_ONE = IMPORTS + (
    "{% for cells in rows %}{% set drawn = [] %}{% for c in cells %}"
    '{% set _ = drawn.append({"html": controls.cell(c), "number": c.number}) %}{% endfor %}'
    "{{ forms.line_row(drawn, loop.index) }}{% endfor %}"
)
OPTIONS = [("", ""), ("low", "低"), ("high", 'High "&" <b>')]
TYPED = ["", "0", "3.50", '"><script>', "甲 & 乙", "\ue0f0\ue0f1"]


def cell(at: int, column: str, kind: str, **facts: Any) -> dict[str, Any]:
    name = f"steps-{at}-{column}"
    place = {"name": name, "id": name, "label": "標籤", "number": column == "amount", "errors": [], "lookup": "/x/?a=b"}
    return place | {"kind": kind, "attributes": {}, "value": "", "values": []} | facts


def row(at: int) -> list[dict[str, Any]]:
    typed, pick = TYPED[at % len(TYPED)], ["", "low", "high"][at % 3]
    return [
        cell(at, "name", "text", value=typed, attributes={"type": "text", "maxlength": 20})
        | ({"line_key": (f"steps-{at}-key", f"k{at}")} if at % 2 else {}),
        cell(at, "amount", "number", value=typed, errors=["錯 <b>"] if at == 4 else []),
        cell(at, "note", "long", value=typed),
        cell(at, "level", "choice", options=OPTIONS, value=pick),
        cell(at, "tags", "choices", options=OPTIONS[1:], values=[pick] if pick else []),
        cell(at, "done", "flag", values=["1"] if at % 2 else []),
        cell(at, "product", "ref", chosen=[("id1", typed)] if at % 2 else [], typed=typed if at % 5 == 0 else None),
        cell(at, "total", "computed", text=""),
        {"kind": "shown", "text": typed, "label": "標籤", "number": False},
    ]


def test_rows_drawn_at_once_are_those_drawn_one_by_one(app: Any) -> None:
    rows = [row(at) for at in range(40)]
    with app.test_request_context():
        at_once, one_by_one = (render_template_string(text, rows=rows) for text in (AT_ONCE, ONE_BY_ONE))
    keys = re.findall(r'<input type="hidden" name="steps-\d+-key" value="k\d+">', at_once)
    assert len(keys) == 20, "the key of a line stands with its first cell"
    for key in keys:
        at_once = at_once.replace(key, "")
    assert at_once == one_by_one
