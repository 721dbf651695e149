"""How IT lets a user in is a screen of its own because passwords and sessions are no fields of a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app, redirect, request
from flask_admin import BaseView, expose

from models.kernel.base.errors import Forbidden
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.organisation import User
from views.page.record_page import heading
from views.session import actor, say
from views.slots import CustomView, Link, on_record_page

LOGIN = L("Login", "登錄管理")
STEP_OFF = L("{name} signs in without the second step now.", "{name} 的兩步驗證已停用。")
LOGGED_OUT = L("{name} is logged out everywhere.", "{name} 已在所有設備上退出登錄。")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [LoginView(name="logins", endpoint="logins", url="/admin/user/reset")] if "user" in catalogue else []


@on_record_page("user")
def link(me: Actor, user: Record) -> Link | None:
    return Link(LOGIN, f"/admin/user/reset/?id={user.id}") if rights.may_reset_login(me, user) else None


class LoginView(CustomView):
    """First passwords, shown once, for new users and forgetful ones; and the end of all sessions (3.2.4)."""

    @expose("/", methods=("GET", "POST"))
    def index(self) -> str:
        """Asks first; then gives the user a first password, which ends their sessions, and shows it this once."""
        user = _asked_user()
        password = ""
        if request.method == "POST":
            changes.note(User, user.id, "first_password", actor=actor())
            password = current_app.extensions["security"].start_reset(user.login)
        has = current_app.extensions["security"].has_second_step(user.id)
        return self.render("custom/login.html", **heading(User, user), password=password, has_second_step=has)

    @expose("/sessions/", methods=("POST",))
    def sessions(self) -> Any:
        """End all sessions of the user."""
        user = _asked_user()
        changes.note(User, user.id, "log_out", actor=actor())
        current_app.extensions["security"].log_out_everywhere(user.id)
        say("good", LOGGED_OUT(name=user.name))
        return redirect(f"/admin/user/details/?id={user.id}")

    @expose("/second-step/", methods=("POST",))
    def second_step(self) -> Any:
        """Take the second step of a user off who has lost the phone, and end all their sessions."""
        user, security = _asked_user(), current_app.extensions["security"]
        changes.note(User, user.id, "second_step_off", actor=actor())
        security.take_off_second_step(user.id)
        security.log_out_everywhere(user.id)
        say("good", STEP_OFF(name=user.name))
        return redirect(f"/admin/user/details/?id={user.id}")


def _asked_user() -> Any:
    """The user named in the request, if the reader may let them in. Raises Missing, Forbidden."""
    me = actor()
    user = rights.find(me, User, request.values.get("id"))
    if not (verdict := rights.may_reset_login(me, user)):
        raise Forbidden(verdict.why)
    return user
