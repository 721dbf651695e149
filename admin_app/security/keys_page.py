"""The keys of the API that a user has: made by who has confirmed that it is them, shown once, revoked at any time."""

from typing import Any

from bson import ObjectId
from flask import current_app, flash, redirect, render_template, request, url_for

from admin_app.security.events import Event, record_event
from admin_app.security.login import endpoints
from admin_app.security.signed_in import current_actor
from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.base.words import At, L, Words
from models.kernel.language.fields import REQUIRED
from models.services.personal import api_keys
from models.services.personal.api_keys import DAYS, DAYS_MAX, EACH_MAX, NAME_MAX, VERB_LABELS, KeyVerb
from views.api.endpoints import own_types

NAME = L("Name", "名稱")
REVOKED = L(
    "The key “{name}” is revoked; whatever uses it is refused from now on.", "密鑰「{name}」已撤銷，此後不再有效。"
)
NO_KEY = L("That key had ended already.", "該密鑰先前已失效。")
NO_VERB = L("Choose what the key may do.", "請選擇此密鑰的用途。")
BAD_DAYS = L("A key holds between 1 and {most} days.", "密鑰有效期須為 1 至 {most} 天。")
BAD_TYPES = L("Choose from the list.", "請從列表中選擇。")
TOO_LONG = L("A name has {most} characters at most.", "名稱最多 {most} 字。")
TOO_MANY = L("You have {most} keys; revoke one first.", "您已有 {most} 個密鑰，請先撤銷一個。")


@endpoints.get("/admin/account/keys/")
def keys() -> Any:
    """One's own keys, and the form for another."""
    return _page(current_actor(), {})


@endpoints.post("/admin/account/keys/")
def make_key() -> Any:
    """Make a key. Its text is on this one answer and nowhere else."""
    me = current_actor()
    problems = _problems(me)
    if problems:
        return _page(me, problems), 422
    name, days = request.form["name"].strip(), int(request.form["days"])
    chosen, types = [KeyVerb(verb) for verb in request.form.getlist("verbs")], request.form.getlist("types")
    made, text = api_keys.make(_own_id(me), name, chosen, types=types, days=days)
    record_event(Event.KEY_MADE, user=me.id, key=str(made.id))
    return _page(me, {}, made=text)


@endpoints.post("/admin/account/keys/revoke")
def revoke_key() -> Any:
    """End one of one's own keys; another user's is not found."""
    me = current_actor()
    gone = api_keys.revoke(request.form.get("key"), me.id)
    if gone:
        record_event(Event.KEY_REVOKED, user=me.id, key=str(gone.id))
    flash(str(REVOKED(name=gone.name) if gone else NO_KEY), "good" if gone else "info")
    return redirect(url_for("security.keys"), 303)


def _own_id(me: Actor) -> ObjectId:
    if me.id is None:
        raise Missing
    return me.id


def _problems(me: Actor) -> dict[str, list[Words]]:
    """What is wrong with what was typed."""
    problems: dict[str, list[Words]] = {}
    name, days = request.form.get("name", "").strip(), request.form.get("days", "")
    if not name or len(name) > NAME_MAX:
        problems["name"] = [TOO_LONG(most=NAME_MAX) if name else REQUIRED(label=NAME)]
    elif len(api_keys.keys_of(me.id, most=EACH_MAX)) >= EACH_MAX:
        problems["name"] = [TOO_MANY(most=EACH_MAX)]
    if not request.form.getlist("verbs") or not {*request.form.getlist("verbs")} <= {*KeyVerb}:
        problems["verbs"] = [NO_VERB]
    if not {*request.form.getlist("types")} <= {cls.type_name() for cls in own_types(me)}:
        problems["types"] = [BAD_TYPES]
    if not (days.isascii() and days.isdigit() and len(days) < 5 and 1 <= int(days) <= DAYS_MAX):
        problems["days"] = [BAD_DAYS(most=DAYS_MAX)]
    return problems


def _page(me: Actor, problems: dict[str, Any], *, made: str = "") -> str:
    sent = request.form if request.method == "POST" and not made else None
    return render_template(
        "api_keys.html",
        keys=api_keys.keys_of(me.id),
        labels={str(verb): label for verb, label in VERB_LABELS.items()},
        type_labels={name: cls.declared.label for name, cls in current_app.extensions["catalogue"].items()},
        own_types=sorted((cls for cls in own_types(me)), key=lambda cls: str(cls.declared.label)),
        typed={
            "name": sent.get("name", "") if sent else "",
            "days": sent.get("days", "") if sent else str(DAYS),
            "verbs": sent.getlist("verbs") if sent else ["read"],
            "types": sent.getlist("types") if sent else [],
        },
        problems=problems,
        made=made,
        name_max=NAME_MAX,
        days_max=DAYS_MAX,
        when=At,
    )
