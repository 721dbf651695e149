"""What a directory would change is a screen of its own because it lies outside, and is looked at before it is here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app, redirect, request
from flask_admin import BaseView, expose

from models import directory_sync
from models.chapters import OPERATIONS
from models.directory_plan import KINDS, words_of
from models.kernel.base.errors import Forbidden
from models.kernel.base.words import At, L
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.directory.source import role_map, sources
from views.session import actor, say
from views.slots import CustomView, MenuItem

TITLE = L("Directory", "公司目錄同步")
URL = "/admin/directory/"
ORDERED = L("The directory is being read; come back in a moment.", "正在讀取目錄，請稍後查看。")
RELEASED = L("It is being carried out.", "正在執行。")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [DirectoryView(name="directory", endpoint="directory", url=URL[:-1])] if "user" in catalogue else []


class DirectoryView(CustomView):
    """Each directory: when it was read, what it would change, and what keeps it back; rehearsed and carried out."""

    menu_item = MenuItem(OPERATIONS, TITLE, URL)

    def is_accessible(self) -> bool:
        return bool(rights.may_see_directory(actor()))

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        raise Forbidden(rights.NOT_YOURS)

    @expose("/")
    def index(self) -> str:
        """What is known of each."""
        known = [(source, directory_sync.state_of(source.issuer)) for source in sources()]
        return self.render(
            "custom/directory.html",
            directories=known,
            kinds=KINDS,
            words_of=words_of,
            when=At,
            roles=role_map(),
            opens_by_me=bool(rights.may_release_directory(actor())),
        )

    @expose("/rehearse/", methods=("POST",))
    def rehearse(self) -> Any:
        """Read a directory and show what it would change."""
        directory_sync.order(_issuer(), asked_by=actor(), is_rehearsal=True)
        say("info", ORDERED)
        return redirect(URL)

    @expose("/release/", methods=("POST",))
    def release(self) -> Any:
        """Carry out exactly what was shown."""
        me, issuer = actor(), _issuer()
        may_open = bool(rights.may_release_directory(me))
        directory_sync.release(issuer, request.form.get("answer", ""), me, may_open=may_open)
        current_app.extensions["security"].record_event("directory_released", user=me.id, issuer=issuer)
        say("good", RELEASED)
        return redirect(URL)


def _issuer() -> str:
    """The directory that a form names, if there is such a one."""
    issuer = request.form.get("issuer", "")
    if issuer not in {source.issuer for source in sources()}:
        raise Forbidden(rights.NOT_YOURS)
    return issuer
