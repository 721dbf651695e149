"""Who confirmed lately that it is them (ASVS 7.5.3): the acts that ask for it, and how it is confirmed.

What changes fields of records is declared with them (`fresh=True`), and the gate asks; ACTS has the acts that are no
records. One confirms by the password, a code of the second step, the directory's password, or by signing in anew at a
provider that says when that was. The form comes along: it is sent to where it was going, with what confirms beside it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from flask import Flask, current_app, g, request, session
from flask_login import current_user

from admin_app.security import accounts, company_login, second_factor, throttle
from admin_app.security.account_rows import find_account
from admin_app.security.events import Event, record_event
from admin_app.security.sessions import this_session
from models.kernel.base.words import L, Words
from models.kernel.gate.fresh import Confirmed, ask, known_by
from models.services.directory.source import DirectoryAway

ACTS: Mapping[str, L] = {
    "security.make_key": L("A new key of the API", "建立 API 密鑰"),
    "logins.index": L("A new way in for somebody", "為他人開通登錄途徑"),
    "logins.second_step": L("Taking somebody's second step off", "停用他人的兩步驗證"),
    "logins.company_login": L("Taking somebody's company login off", "取消他人的公司統一登錄"),
    "logins.link": L("Handing over a link by which somebody gets in", "交付他人的登錄鏈接"),
    "leaving.close": L("Closing somebody's ways in", "關閉他人的登錄途徑"),
    "directory.release": L("Carrying out a directory", "執行目錄同步"),
}
PASSWORD, CODE, THERE = "confirm.password", "confirm.code", "confirm.there"
FIELDS = (PASSWORD, CODE, THERE)
NOT_RIGHT = L("That is not right; nothing was done. Please try again.", "不正確，尚未辦理，請重試。")
AWAY = L("{name} does not answer; please confirm in another way.", "{name}沒有響應，請以其他方式確認。")


def watch(app: Flask, minutes: int) -> None:
    """Let the gate know, for the time of each request, whether its person has confirmed; take what confirms it."""
    app.config["CONFIRM_SECONDS"] = minutes * 60

    @app.before_request
    def begin() -> None:
        g.confirmed_here = known_by(_state)
        g.confirmed_here.__enter__()
        if request.method != "POST" or not current_user.is_authenticated or current_user.use is not None:
            return
        if any(request.form.get(name) for name in FIELDS):
            g.confirm_problem = _take()
        if what := ACTS.get(request.endpoint or ""):
            ask(what)

    @app.teardown_request
    def end(_problem: Any) -> None:
        if here := g.pop("confirmed_here", None):
            here.__exit__(None, None, None)


def _state() -> Confirmed:
    if not current_user.is_authenticated:
        return Confirmed.LATELY  # who is nobody has no rights to confirm
    if current_user.use is not None:
        return Confirmed.NEVER
    return Confirmed.LATELY if is_confirmed() else Confirmed.NOT_LATELY


def is_confirmed() -> bool:
    """Whether who sits here confirmed it within the minutes that the settings say."""
    return is_just_now(float(session.get("confirmed") or 0), current_app.config["CONFIRM_SECONDS"])


def is_just_now(at: float, seconds: int) -> bool:
    """Whether a moment, in seconds since 1970, is not longer ago."""
    return time.time() - at < seconds


def confirm(at: float | None = None) -> None:
    """Who sits here has just shown who they are, or did at that moment; the session goes on under a new id."""
    session["confirmed"] = time.time() if at is None else at
    this_session().is_renewed = True


def _take() -> Words | None:
    """Look at what was typed to confirm; what is wrong with it. It is guessed as slowly as any password."""
    user = current_user.user
    attempt = throttle.confirmation(f"{user.login}#confirm")
    if attempt.wait:
        g.confirm_wait = attempt.wait
        return throttle.wait_sentence(attempt.wait)
    try:
        is_right = _is_right(user)
    except DirectoryAway:
        return AWAY(name=company_login.directory_name())
    if not is_right:
        record_event(Event.FAILURE, user=user.id, at="confirming")
        return NOT_RIGHT
    attempt.succeeded()
    record_event(Event.CONFIRMED, user=user.id)
    confirm()
    return None


def _is_right(user: Any) -> bool:
    if typed := request.form.get(PASSWORD):
        return accounts.check(user.login, typed) == user.id
    if typed := request.form.get(CODE):
        return second_factor.is_on(find_account(user.id)) and second_factor.passes(user.id, typed)
    return company_login.confirms_there(user.id, request.form.get(THERE, ""))
