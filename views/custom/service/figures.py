"""The figures of a service review lead to their records by queries that no list can say, such as a deadline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from flask_admin import BaseView, expose

from models.aftersales.figures import SPECS, UNITS, bounds, query_of
from models.aftersales.review_cases import cases_of
from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.declare import registered
from models.kernel.language.record import Record
from models.kernel.language.sound import rows_of
from models.kernel.rights import rights
from views import wording
from views.session import actor
from views.slots import CustomView, Panel, on_record_top

REVIEW = "service_review"
NO_DATA = L("no data", "無數據")
SHOWN_MAX = 500


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = REVIEW in catalogue
    return [FiguresView(name="review_figures", endpoint="review_figures", url="/admin/review-figures")] if known else []


@on_record_top(REVIEW)
def figures(me: Actor, record: Record) -> Panel | None:
    """Each figure with what it is of, leading to exactly its records."""
    rows = [
        {
            "label": SPECS[line.code].label,
            "value": wording.number(line.value) if line.value is not None else NO_DATA,
            "unit": UNITS[line.unit] if line.value is not None else "",
            "n": line.n,
            "url": f"/admin/review-figures/?id={record.id}&code={line.code}",
        }
        for line in record.raw("figures") or ()
        if line.code in SPECS
    ]
    return Panel("custom/review_figures.html", {"rows": rows}) if rows else None


def _query_of(review: Any, code: str) -> dict[str, Any]:
    """The filter of the records of a figure: as they were kept, or as they are now."""
    kept = cases_of(review.id, code)
    if kept is not None:
        return {"_id": {"$in": kept}}
    return query_of(code, review.ref("department"), *bounds(review.first_day, review.last_day))


class FiguresView(CustomView):
    """The records behind one figure of a review."""

    @expose("/")
    def index(self) -> str:
        """Those that the reader may see, the newest first: of an approved review exactly those that were counted."""
        me, cls = actor(), registered()[REVIEW]
        review: Any = rights.find(me, cls, request.args.get("id"))
        spec = SPECS.get(request.args.get("code", ""))
        if spec is None:
            raise Missing
        target = registered()[spec.source]
        scope = rights.visible(me, target)
        query = _query_of(review, request.args["code"])
        listed: list[Any] = []
        if scope is not None:
            needed = {"number": 1, "title": 1, "state": 1}
            listed = rows_of(
                target, target.collection().find({"$and": [scope, query]}, needed).sort("_id", -1).limit(SHOWN_MAX)
            )
        rows = [
            {
                "number": row.get("number", ""),
                "title": row.get("title", ""),
                "state": wording.state_label(target, row["state"]),
                "url": f"/admin/{spec.source}/details/?id={row['_id']}",
            }
            for row in listed
        ]
        line = next((line for line in review.figures or () if line.code == request.args["code"]), None)
        facts = {"label": spec.label, "rows": rows, "most": SHOWN_MAX, "n": line.n if line else None}
        return self.render("custom/review_records.html", record=review, **facts)
