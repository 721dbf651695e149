"""What a new company still has to set up is a screen of its own because it looks across settings, records and runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import current_app, redirect, request
from flask_admin import BaseView, expose

from models.chapters import OPERATIONS
from models.kernel.base.errors import Forbidden
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Listed
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.operations import setup
from views.session import actor
from views.slots import Alarm, CustomView, MenuItem, on_home

TITLE = L("Set-up", "系統設置向導")
STILL_OPEN = L("Still to be set up: {lines}.", "尚待設置：{lines}。")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    is_there = {"user", "department", "backup_policy"} <= set(catalogue)
    return [SetupView(name="setup", endpoint="setup", url="/admin/setup")] if is_there else []


@on_home
def alarms(me: Actor) -> Iterator[Alarm]:
    """What IT has still to set up; a demo company is for looking at, not for setting up."""
    if rights.may_operate(me) and not current_app.config.get("IS_DEMO") and (lines := setup.open_lines()):
        labels = Listed(tuple(line.label for line in lines))
        yield Alarm("warn", STILL_OPEN(lines=labels), "/admin/setup/")


class SetupView(CustomView):
    """Each line with its state and the way to where it is done (for IT)."""

    menu_item = MenuItem(OPERATIONS, TITLE, "/admin/setup/")

    def is_accessible(self) -> bool:
        return bool(rights.may_operate(actor()))

    @expose("/")
    def index(self) -> str:
        """All lines."""
        given_up = setup.without()
        lines = [{"line": line, "is_done": line.is_done(), "is_without": line.key in given_up} for line in setup.LINES]
        missing = [row for row in lines if not (row["is_done"] or row["is_without"])]
        return self.render("custom/setup.html", lines=lines, missing=len(missing))

    @expose("/without/", methods=("POST",))
    def without(self) -> Any:
        """Do without a line, or take it up again."""
        if not (verdict := rights.may_operate(actor())):
            raise Forbidden(verdict.why)
        setup.do_without(request.form.get("key", ""), is_so=request.form.get("without") == "1")
        return redirect("/admin/setup/")
