"""One check for every unsafe request: does it come from an own page (security F6)? Refused, it keeps what was typed."""

from collections.abc import Iterator
from typing import Any

from flask import Flask, current_app, g, jsonify, redirect, render_template_string, request, url_for
from flask_login import current_user
from flask_wtf.csrf import CSRFError, CSRFProtect

from admin_app.security.addresses import safe_next
from admin_app.security.events import Event, record_event, tell
from admin_app.security.signed_in import wants_json
from models.kernel.base.words import L
from models.kernel.language.fields import label_of
from models.kernel.rights import rights

FIELDS_MAX = 300
OWN_FIELDS = frozenset("csrf_token next once version id verb rowid sure confirm then decision case lang".split())
SECRET_PARTS = ("password", "passwd", "pwd", "secret", "token", "confirm.")  # the last: what confirms who one is

TOO_OLD = L(
    "This page was too old to be sent. Nothing was saved; what you typed is kept below. "
    "Please reload the page and enter it again.",
    "此頁面已過期，未能送出。尚未保存任何內容；您輸入的內容保留在下方，請重新加載頁面後再輸入。",
)
SIGNED_OUT = L(
    "Your session has ended. Nothing was saved; what you typed is kept below. Please sign in, then enter it again.",
    "您的登錄已失效。尚未保存任何內容；您輸入的內容保留在下方，請重新登錄後再輸入。",
)
SIGNED_OUT_HERE = L("Your session has ended; what you typed is still on this page.", "登錄已失效，輸入的內容仍在本頁。")

PAGE = """
{% extends "base.html" %}
{% import "components/parts.html" as parts with context %}
{% block title %}{{ t("This page was too old", "頁面已過期") }}{% endblock %}
{% block main %}
{{ parts.notice("bad", sentence) }}
<p><a class="btn primary" href="{{ again }}">
  {%- if signed_out %}{{ t("Sign in", "登錄") }}{% else %}{{ t("Reload the page", "重新加載頁面") }}{% endif -%}
</a></p>
{% if kept %}
<h2>{{ t("What you typed", "您輸入的內容") }}</h2>
<dl class="facts">
  {% for name, value in kept %}<div class="wide"><dt>{{ name }}</dt><dd>{{ value }}</dd></div>{% endfor %}
</dl>
{% endif %}
{% endblock %}
"""


def protect(app: Flask) -> None:
    """Check the token of every unsafe request. It lasts as long as its session, so that long forms can be sent."""
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    CSRFProtect(app)
    app.register_error_handler(CSRFError, refuse)
    app.extensions["typed"] = lambda: (list(kept_fields()), list(_sent_again()))


def refuse(_problem: CSRFError) -> Any:
    """Answer a request without a valid token: nothing was done, and nothing typed is lost."""
    _note()
    signed_out = not current_user.is_authenticated
    if signed_out and request.endpoint == "security.sign_out":
        return redirect(url_for("security.sign_in"), 303)
    sentence = SIGNED_OUT if signed_out else TOO_OLD
    if wants_json():
        message = SIGNED_OUT_HERE if signed_out else TOO_OLD
        return jsonify(ok=False, message=str(message), errors={}), 401 if signed_out else 400
    page = _page_before()
    again = url_for("security.sign_in", next=page) if signed_out else page
    if request.endpoint == "security.sign_in":
        sentence, again, signed_out = TOO_OLD, url_for("security.sign_in"), False
    return (
        render_template_string(PAGE, sentence=sentence, again=again, signed_out=signed_out, kept=list(kept_fields())),
        400,
    )


def kept_fields() -> Iterator[tuple[str, str]]:
    """The typed fields of this request with their text; passwords and the form's own marks are left out."""
    for name, value in list(request.form.items(multi=True))[:FIELDS_MAX]:
        is_secret = any(part in name.lower() for part in SECRET_PARTS)
        if value.strip() and name not in OWN_FIELDS and not is_secret:
            yield _label(name), value
    for name, file in request.files.items(multi=True):
        if file.filename:
            yield _label(name), file.filename


def _sent_again() -> Iterator[tuple[str, str]]:
    """The inputs with which the same form can be sent again, its entry key among them, so that nothing comes twice."""
    for name, value in list(request.form.items(multi=True))[:FIELDS_MAX]:
        if name == "csrf_token" or not any(part in name.lower() for part in SECRET_PARTS):
            yield name, value


def _label(name: str) -> str:
    """What a field (`subject`, `lines-0-product`) is called on its form, for those who see it; else its name."""
    if g.get("is_bare"):
        return name  # what is asked for labels may be what does not answer
    kind = request.path.removeprefix("/admin/").split("/")[0]
    cls = current_app.extensions.get("catalogue", {}).get(kind)
    first, *line = name.split("-", 2)
    field = cls._fields.get(first) if cls else None
    if field is None or not current_user.is_authenticated or not rights.sees(current_user.actor, field):
        return name
    column = getattr(field, "columns", {}).get(line[1]) if len(line) == 2 else None
    if column is not None and line[0].isdecimal() and rights.sees(current_user.actor, column):
        return f"{label_of(field)} {int(line[0]) + 1} {label_of(column)}"
    return str(label_of(field))


def _page_before() -> str:
    """The page that the form stood on, as far as it is ours."""
    origin = request.host_url.rstrip("/")
    referrer = request.referrer or ""
    return safe_next(referrer.removeprefix(origin)) if referrer.startswith(f"{origin}/") else safe_next(None)


def _note() -> None:
    if current_user.is_authenticated:
        record_event(Event.BYPASS, user=current_user.user.id, why="no token")
    else:
        tell(Event.BYPASS)
