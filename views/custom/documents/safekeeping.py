"""Important documents without backup or paper copy (3.1.3): a list over documents, files and backups at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_admin import BaseView, expose

from models.chapters import DOCUMENTS
from models.documents.documents import Document
from models.documents.safekeeping import missing_of
from models.kernel.base.titles import short_title
from models.kernel.base.words import L
from models.kernel.language.record import Record
from models.kernel.rights import rights
from views.lists.listing import TIME_LIMIT_MS
from views.session import actor
from views.slots import CustomView, MenuItem

TITLE = L("Missing backups and copies", "備份與副本缺失")
LOOKED_AT = 2000
SHOWN = 200


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = "document" in catalogue
    return [SafekeepingView(name="safekeeping", endpoint="safekeeping", url="/admin/safekeeping")] if known else []


class SafekeepingView(CustomView):
    """The important documents that the reader may see and that lack something; the newest 2,000 are looked at."""

    menu_item = MenuItem(DOCUMENTS, TITLE, "/admin/safekeeping/")

    def is_accessible(self) -> bool:
        return rights.can_open(actor(), Document)

    @expose("/")
    def index(self) -> str:
        scope = rights.visible(actor(), Document) or {"_id": None}
        query = {"$and": [scope, {"important": True, "state": "approved"}]}
        columns = {"number": 1, "title": 1, "copies": 1, "department": 1}
        rows = list(
            Document._get_collection().find(query, columns).sort("_id", -1).limit(LOOKED_AT).max_time_ms(TIME_LIMIT_MS)
        )
        lacks = missing_of(rows)
        result = [_row(row, lacks[row["_id"]]) for row in rows if lacks[row["_id"]]]
        return self.render(
            "custom/safekeeping.html", rows=result[:SHOWN], looked_at=len(rows), more=max(0, len(result) - SHOWN)
        )


def _row(row: dict[str, Any], lacks: list[Any]) -> dict[str, Any]:
    url = f"/admin/document/details/?id={row['_id']}"
    return {
        "number": row["number"],
        "title": short_title(row),
        "url": url,
        "lacks": lacks,
    }
