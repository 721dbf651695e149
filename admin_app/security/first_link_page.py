"""The page behind a one-time link: its owner, whom nobody else knows the link of, chooses a password and signs in."""

from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from flask import flash, redirect, render_template, request, url_for

from admin_app.security import accounts
from admin_app.security.events import Event, record_event
from admin_app.security.login import DIFFERENT, endpoints
from models import one_time_links
from models.kernel.base.errors import Refused
from models.kernel.base.words import L, Words

KEY_MAX = 100
DEAD = L(
    "This link was used already or its time is over. Ask IT for a new one.",
    "此鏈接已使用或已過期，請向信息技術部重新申請。",
)
CHOSEN = L("Your password is set. Please sign in.", "密碼已設定，請登錄。")


@endpoints.route("/login/link", methods=["GET", "POST"])
def first_link() -> Any:
    """Choose a password, once."""
    key = request.values.get("key", "")[:KEY_MAX]
    user_id = one_time_links.owner_of(key)
    if user_id is None:
        return _page("", {}, DEAD), 404
    return _choose(key, user_id) if request.method == "POST" else _page(key, {})


def _choose(key: str, user_id: ObjectId) -> Any:
    new, again = request.form.get("new_password", ""), request.form.get("new_password_again", "")
    problems = accounts.password_problems(user_id, new)
    if new != again:
        problems["new_password_again"] = [DIFFERENT]
    if problems:
        return _page(key, problems), 422
    if not one_time_links.redeem(key):
        return _page("", {}, DEAD), 404
    try:
        accounts.set_password(user_id, new)
    except Refused as refused:
        return _page("", refused.problems, DEAD), 422
    record_event(Event.PASSWORD, user=user_id, at="one-time link")
    flash(str(CHOSEN), "good")
    return redirect(url_for("security.sign_in"), 303)


def _page(key: str, problems: Mapping[str, list[Words]], sentence: L | None = None) -> str:
    return render_template("first_link.html", key=key, problems=problems, problem=sentence)
