"""What a leaver still reaches is a screen of its own because it lies in accounts, sessions and keys, not in records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from flask import current_app, redirect, request
from flask_admin import BaseView, expose

from models import leaving
from models.kernel.base.errors import Changed, Forbidden, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.organisation import User
from views.page.record_page import heading
from views.session import actor, say
from views.slots import CustomView, Link, on_record_page

TITLE = L("Leaving", "離職交接")
CLOSED = L("All ways in of {name} are closed.", "已關閉 {name} 的全部登錄途徑。")
ORDERED = L("The records are being handed over.", "正在移交記錄。")
SUCCESSORS_MAX = 200


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [LeavingView(name="leaving", endpoint="leaving", url="/admin/user/leaving")] if "user" in catalogue else []


@on_record_page("user")
def link(me: Actor, user: Record) -> Link | None:
    return Link(TITLE, f"/admin/user/leaving/?id={user.id}") if rights.may_see_leaver(me, user) else None


class LeavingView(CustomView):
    """By what somebody still gets in and what rests on them; ended, and handed over, each in one act."""

    @expose("/")
    def index(self) -> str:
        """All of it, for IT, human resources, management and the head."""
        return self._page(_leaver())

    @expose("/close/", methods=("POST",))
    def close(self) -> Any:
        """End every way in: IT, who have confirmed that it is them."""
        me, user, security = actor(), _leaver(), current_app.extensions["security"]
        if not (verdict := rights.may_close_ways_in(me, user)):
            raise Forbidden(verdict.why)

        def body() -> None:
            leaving.close_ways_in(user, me)
            security.close_account(user.id)

        try:
            changes.in_batch(body)
        except Refused as refused:
            return self._page(user, refused), 422
        except Changed as changed:
            return self._page(changed.current), 409
        say("good", CLOSED(name=user.name))
        return redirect(f"/admin/user/leaving/?id={user.id}")

    @expose("/hand-over/", methods=("POST",))
    def hand_over(self) -> Any:
        """Give what they own to a successor."""
        user, chosen = _leaver(), request.form.get("successor", "")
        try:
            leaving.order_handover(user, ObjectId(chosen) if ObjectId.is_valid(chosen) else None, actor())
        except Forbidden:
            raise
        except Refused as refused:
            return self._page(user, refused), 422
        say("good", ORDERED)
        return redirect(f"/admin/user/leaving/?id={user.id}")

    def _page(self, user: Any, refused: Refused | None = None) -> str:
        me = actor()
        links, others = leaving.named_in(me, user.id)
        return self.render(
            "custom/leaving.html",
            **heading(User, user),
            ways=leaving.ways_in(user.id),
            cases=leaving.waiting_for(user.id),
            owned=leaving.owned_by(me, user.id),
            named=[(item, _label_at(item), _url(item, user.id)) for item in links],
            others=others,
            may_close=bool(rights.may_close_ways_in(me, user)),
            may_hand_over=bool(rights.may_hand_over(me, user)),
            successors=_successors(me, user),
            problems=refused.problems if refused else {},
            sentence=refused.sentence if refused else None,
            most=leaving.COUNT_MAX,
        )


def _leaver() -> Any:
    """The user named in the request, for those who may see what rests on them. Raises Missing, Forbidden."""
    me = actor()
    user = rights.find(me, User, request.values.get("id"))
    if not (verdict := rights.may_see_leaver(me, user)):
        raise Forbidden(verdict.why)
    return user


def _successors(me: Actor, user: Any) -> list[tuple[ObjectId, str]]:
    query: dict[str, Any] = {"active": True, "removed_at": None, "_id": {"$ne": user.id}}
    if not rights.may_hand_over_to_anybody(me):
        query["department"] = user.ref("department")
    rows = User.collection().find(query, {"name": 1, "login": 1, "department": 1}).sort("login", 1)
    near = user.ref("department")
    known = sorted(rows.limit(SUCCESSORS_MAX), key=lambda row: (row.get("department") != near, row["login"]))
    return [(row["_id"], f"{row['name']} ({row['login']})") for row in known]


def _label_at(item: Any) -> Any:
    name, _, column = item.path.partition(".")
    field = item.cls.fields_of()[name]
    return label_of(field.columns[column] if column else field)


def _url(item: Any, person: ObjectId) -> str:
    return "" if "." in item.path else f"/admin/{item.cls.type_name()}/?f.{item.path}={person}"
