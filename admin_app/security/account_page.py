"""A user's own account: who they are here, language, absence with deputy, and where they are signed in."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from flask import flash, redirect, render_template, request, session, url_for
from flask_login import current_user

from admin_app.security.accounts import has_second_step
from admin_app.security.addresses import safe_next
from admin_app.security.company_login import company_login, identities_of
from admin_app.security.events import Event, record_event
from admin_app.security.login import GONE, endpoints, leave
from admin_app.security.sessions import end_session, sessions_of, this_session
from admin_app.security.signed_in import current_actor
from models.kernel.base.errors import CHANGED, Changed, Refused
from models.kernel.base.people import Role
from models.kernel.base.roles import ROLE_LABELS
from models.kernel.base.words import LOCALE_NAMES, LOCALES, At, L
from models.kernel.gate import changes
from models.organisation import Department, User
from views.session import seen_version

DEPUTIES_MAX = 200
PREFERENCES = ("locale", "absent_from", "absent_until", "deputy")
SAVED = L("Your preferences are saved.", "您的偏好設置已保存。")
SESSION_ENDED = L("That session is ended.", "該登錄已結束。")
NO_SESSION = L("That session had ended already.", "該登錄先前已結束。")


@endpoints.get("/admin/account/")
def account() -> Any:
    """The page about oneself."""
    me = _me()
    return _page(me, {name: _typed(getattr(me, name) if name != "deputy" else me.ref(name)) for name in PREFERENCES})


@endpoints.post("/admin/account/preferences")
def save_preferences() -> Any:
    """Save language, absence and deputy through the gate; what was typed is kept when it is refused."""
    typed = {name: request.form.get(name, "").strip() for name in PREFERENCES}
    version = seen_version(request.form.get("version"))
    values = {name: _read(name, text) for name, text in typed.items()}
    try:
        changes.update(User, _me().id, values, actor=current_actor(), version=version)
    except Refused as refused:
        return _page(_me(), typed, refused.problems, refused.sentence), 422
    except Changed as changed:
        return _page(changed.current, typed, {}, CHANGED), 409
    flash(_in_language(SAVED, typed["locale"]), "good")
    return redirect(url_for("security.account"), 303)


@endpoints.post("/admin/account/sessions/end")
def end_own_session() -> Any:
    """End one of one's own sessions; another user's is not found."""
    user_id, key = _me().id, request.form.get("session", "")
    if key == this_session().key:
        record_event(Event.LOGOUT, user=user_id)
        return leave(GONE)
    was_there = end_session(key, user_id)
    if was_there:
        record_event(Event.SESSION_ENDED, user=user_id)
    flash(str(SESSION_ENDED if was_there else NO_SESSION), "good" if was_there else "info")
    return redirect(url_for("security.account"), 303)


@endpoints.post("/language")
def choose_language() -> Any:
    """Change the language: of the user if signed in, else of this visit."""
    chosen, target = request.form.get("lang", ""), safe_next(request.form.get("next"))
    if chosen in LOCALES and not current_user.is_authenticated:
        session["lang"] = chosen
    elif chosen in LOCALES:
        try:
            changes.update(User, _me().id, {"locale": chosen}, actor=current_actor(), version=_me().version)
        except Refused as refused:
            flash(str(refused), "bad")
        except Changed:
            flash(str(CHANGED), "bad")
    return redirect(target, 303)


def _me() -> User:
    current_actor()
    return current_user.user


def _typed(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.date) else str(value or "")


def _read(name: str, text: str) -> Any:
    """What a text means; one that means nothing goes to the gate as it is, which says so."""
    try:
        if name in ("absent_from", "absent_until") and text:
            return dt.date.fromisoformat(text)
    except ValueError:
        return text
    return ObjectId(text) if name == "deputy" and ObjectId.is_valid(text) else text or None


def _in_language(sentence: L, locale: str) -> str:
    return sentence.in_locale(locale) if locale in LOCALES else str(sentence)


def _page(me: User, typed: Mapping[str, str], problems: Mapping[str, Any] | None = None, sentence: Any = None) -> str:
    department = Department.objects(id=me.ref("department")).first()
    return render_template(
        "account.html",
        person=me,
        department=department,
        roles=[ROLE_LABELS[Role(role)] for role in me.roles],
        typed=typed,
        problems=problems or {},
        sentence=sentence,
        languages_known=LOCALE_NAMES,
        deputies=_deputies(me, typed["deputy"]),
        has_second_step=has_second_step(me.id),
        sessions=sessions_of(me.id),
        own_session=this_session().key,
        when=At,
        company=company_login(),
        identities={own["issuer"]: own for own in identities_of(me.id)},
    )


def _deputies(me: User, chosen: str) -> list[tuple[str, str]]:
    """Whom a user may name: active colleagues of the department and all heads, and whoever is named now."""
    near = [{"department": me.ref("department")}, {"roles": Role.HEAD.value}]
    query: dict[str, Any] = {"active": True, "removed_at": None, "_id": {"$ne": me.id}}
    if Role.IT not in me.roles:
        query["roles"] = {"$ne": Role.IT.value}  # nobody of IT stands in for somebody outside IT
    users = User._get_collection()
    rows = list(
        users.find({"$and": [query, {"$or": near}]}, {"name": 1, "login": 1}).sort("login", 1).limit(DEPUTIES_MAX)
    )
    if ObjectId.is_valid(chosen) and ObjectId(chosen) not in {row["_id"] for row in rows}:
        rows += users.find({"_id": ObjectId(chosen)}, {"name": 1, "login": 1})
    return [(str(row["_id"]), f"{row['name']} ({row['login']})") for row in rows]
