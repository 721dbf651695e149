"""How IT lets a user in is a screen of its own because passwords and sessions are no fields of a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import current_app, redirect, request
from flask_admin import BaseView, expose

from models import one_time_links as links
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.mailing import mail_settings
from models.organisation import User
from views.page.record_page import heading
from views.session import actor, say
from views.slots import CustomView, Link, on_record_page

LOGIN = L("Login", "登錄管理")
STEP_OFF = L("{name} signs in without the second step now.", "{name} 的兩步驗證已停用。")
COMPANY_OFF = L("{name} signs in without the company login now.", "{name} 的公司統一登錄已取消。")
HAND_OVER = L("Hand over the link", "交付登錄鏈接")
BY_MAIL = L("A one-time link goes to {name}'s own mail address.", "一次性鏈接將發往 {name} 本人的郵箱。")
BY_HEAD = L("{giver} is asked to hand a one-time link over to {name}.", "已請 {giver} 將一次性鏈接當面交給 {name}。")
LOGGED_OUT = L("{name} is logged out everywhere.", "{name} 已在所有設備上退出登錄。")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [LoginView(name="logins", endpoint="logins", url="/admin/user/reset")] if "user" in catalogue else []


@on_record_page("user")
def hand_over(me: Actor, user: Record) -> Link | None:
    return Link(HAND_OVER, f"/admin/user/reset/link/?id={user.id}") if links.is_giver(me.id, user.id) else None


@on_record_page("user")
def link(me: Actor, user: Record) -> Link | None:
    return Link(LOGIN, f"/admin/user/reset/?id={user.id}") if rights.may_reset_login(me, user) else None


class LoginView(CustomView):
    """One-time links for new users and forgetful ones, past the eyes of IT; and the end of all sessions (3.2.4)."""

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Any:
        """Asks first; then closes the account and has a one-time link sent to the user, or handed over by a head."""
        user, security = _asked_user(), current_app.extensions["security"]
        if request.method == "POST":
            return self._reset(user)
        return self.render(
            "custom/login.html",
            **heading(User, user),
            has_second_step=security.has_second_step(user.id),
            has_company_login=security.has_company_login(user.id),
        )

    def _reset(self, user: Any) -> Any:
        giver = _noted(user, "first_password", lambda: current_app.extensions["security"].begin_reset(user, actor()))
        name = User.objects.get(id=giver).name if giver else ""
        say("good", BY_HEAD(name=user.name, giver=name) if giver else BY_MAIL(name=user.name))
        return redirect(f"/admin/user/details/?id={user.id}")

    @expose("/link/", methods=("GET", "POST"))
    def link(self) -> str:
        """The link of somebody, made and shown once to who hands it over."""
        me, path, problem = actor(), "", None
        user = rights.find(me, User, request.values.get("id"))
        if not links.is_giver(me.id, user.id):
            raise Forbidden(rights.NOT_YOURS)
        if request.method == "POST":
            try:
                path = links.make(user.id)
                changes.note(User, user.id, "link_handed_over", actor=me)
            except Refused as refused:
                problem = next(iter(refused.problems.values()), [refused.sentence])
        address = mail_settings().link(path) or f"{request.host_url.rstrip('/')}{path}"
        return self.render("custom/hand_over.html", **heading(User, user), made=address if path else "", errors=problem)

    @expose("/sessions/", methods=("POST",))
    def sessions(self) -> Any:
        """End all sessions of the user."""
        user = _asked_user()
        _noted(user, "log_out", lambda: current_app.extensions["security"].log_out_everywhere(user.id))
        say("good", LOGGED_OUT(name=user.name))
        return redirect(f"/admin/user/details/?id={user.id}")

    @expose("/second-step/", methods=("POST",))
    def second_step(self) -> Any:
        """Take the second step of a user off who has lost the phone, and end all their sessions."""
        user, security = _asked_user(), current_app.extensions["security"]
        _noted(user, "second_step_off", lambda: security.take_off_second_step(user, actor()))
        say("good", STEP_OFF(name=user.name))
        return redirect(f"/admin/user/details/?id={user.id}")

    @expose("/company-login/", methods=("POST",))
    def company_login(self) -> Any:
        """Take the company login of a user off, and end all their sessions."""
        user, security = _asked_user(), current_app.extensions["security"]
        _noted(user, "company_login_off", lambda: security.take_off_company_login(user, actor()))
        say("good", COMPANY_OFF(name=user.name))
        return redirect(f"/admin/user/details/?id={user.id}")


def _noted(user: Any, verb: str, work: Callable[[], Any]) -> Any:
    """Do something to an account and write it into the history of its user: both or neither."""

    def body() -> Any:
        changes.note(User, user.id, verb, actor=actor())
        return work()

    return changes.in_batch(body)


def _asked_user() -> Any:
    """The user named in the request, if the reader may let them in. Raises Missing, Forbidden."""
    me = actor()
    user = rights.find(me, User, request.values.get("id"))
    if not (verdict := rights.may_reset_login(me, user)):
        raise Forbidden(verdict.why)
    return user
