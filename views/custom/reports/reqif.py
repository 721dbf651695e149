"""A specification as a ReqIF document is a format of its trade, in which other tools read it; no list is written so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from flask import Response, request
from flask_admin import BaseView, expose

from models.development import reqif
from models.development.specifications import Specification, SpecificationItem
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.record import Record
from models.kernel.rights import rights
from views.lists.export import sent
from views.session import actor
from views.slots import CustomView, Link, on_record_page

EXPORT = L("Export as ReqIF", "導出 ReqIF")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = "specification" in catalogue
    return [ReqIfView(name="reqif", endpoint="reqif", url="/admin/reqif")] if known else []


@on_record_page("specification")
def _offer(_me: Actor, record: Record) -> Link:
    return Link(EXPORT, f"/admin/reqif/?id={record.id}")


class ReqIfView(CustomView):
    """The items of a specification, as far as their reader sees them."""

    @expose("/")
    def index(self) -> Response:
        """The document as a download."""
        me = actor()
        specification: Any = rights.find(me, Specification, request.args.get("id", ""))
        query = {"$and": [rights.visible(me, SpecificationItem) or {"_id": None}, {"specification": specification.id}]}
        rows = SpecificationItem.collection().find(query, dict.fromkeys((*reqif.ATTRIBUTES, "ident"), 1)).sort("_id", 1)
        structlog.get_logger("guicheng.export").info(
            "export", type="specification_item", user=me.login, format="reqif", filters=["specification"]
        )
        return sent(reqif.document(specification, rows), f"{specification.number}.reqif", reqif.MIMETYPE)
