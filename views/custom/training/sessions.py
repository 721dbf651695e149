"""Seats and signatures of a training session are asked for by a button or a code, by people who do not write it."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Any

import segno
from flask import redirect, request
from flask_admin import BaseView, expose
from markupsafe import Markup

from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.secrets import keyed_digest
from models.kernel.base.words import L
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.training import sessions
from models.training.sessions import PLACES, TrainingSession
from views import wording
from views.session import actor, say
from views.slots import CustomView, Link, Panel, on_record_page, on_record_top

CODE = L("Code for signing", "簽到二維碼")
CODE_SECONDS = 300  # a photograph of the code is of no use for long
OLD_CODE = L("This code is over; please scan the one that is shown now.", "此二維碼已失效，請掃描現場顯示的二維碼。")
SAID = {
    "enrol": L("You have asked for a seat.", "已報名。"),
    "leave": L("You have given your seat back.", "已取消報名。"),
    "sign": L("Signed.", "已簽到／簽退。"),
}
VERBS: dict[str, Callable[[Actor, TrainingSession], TrainingSession]] = {
    "enrol": sessions.enrol,
    "leave": sessions.leave,
    "sign": sessions.sign,
}


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = catalogue.get("training_session") is TrainingSession
    return [SessionsView(name="sessions", endpoint="sessions", url="/admin/sessions")] if known else []


@on_record_page("training_session")
def _offer(me: Actor, session: TrainingSession) -> Link | None:
    is_on = session.state == "open" and bool(rights.may_update(me, session))
    return Link(CODE, f"/admin/sessions/{session.id}/code/") if is_on else None


@on_record_top("training_session")
def _seat_panel(me: Actor, session: TrainingSession) -> Panel | None:
    """One's own seat, and the buttons to ask for one or to give it back."""
    if session.damaged or session.state not in ("open", "held", "closed"):
        return None
    line = sessions.line_of(session, me.id)
    if line is None and session.state != "open":
        return None
    facts = {
        "id": session.id,
        "place": str(PLACES[line.place]) if line else "",
        "hours": wording.number(line.hours or 0) if line and session.state != "open" else "",
        "is_open": session.state == "open",
        "is_full": (session.taken or 0) >= (session.seats or 0),
        "waiting": session.waiting or 0,
    }
    return Panel("custom/session_seat.html", facts)


class SessionsView(CustomView):
    """What people do with a session that they do not write."""

    @expose("/")
    def index(self) -> Any:
        """There is no page without a session."""
        return redirect("/admin/training_session/")

    @expose("/<id>/", methods=("POST",))
    def take_seat(self, id: str) -> Any:
        """Ask for a seat, or give it back."""
        verb = request.form.get("verb", "")
        if verb not in ("enrol", "leave"):
            raise Missing
        return _done(verb, rights.find(actor(), TrainingSession, id))

    @expose("/<id>/code/")
    def code(self, id: str) -> Any:
        """The code that is shown in the room; it changes every few minutes."""
        session: Any = rights.find(actor(), TrainingSession, id)
        if not (verdict := rights.may_update(actor(), session)):
            raise Forbidden(verdict.why)
        path = f"/admin/sessions/{session.id}/sign/?code={_code(session)}"
        drawn = segno.make(request.host_url.rstrip("/") + path, error="m", micro=False).svg_inline(border=2, scale=6)
        return self.render("custom/session_code.html", session=session, drawn=Markup(drawn), path=path)  # noqa: S704 - drawn here

    @expose("/<id>/sign/")
    def sign(self, id: str) -> Any:
        """What the code leads to: the button with which one signs."""
        session: Any = rights.find(actor(), TrainingSession, id)
        line = sessions.line_of(session, actor().id)
        is_in = bool(line and line.signed_in)
        return self.render("custom/session_sign.html", session=session, code=request.args.get("code", ""), is_in=is_in)

    @expose("/<id>/sign/", methods=("POST",))
    def signed(self, id: str) -> Any:
        """Sign in, or out, with a code that is shown now."""
        session: Any = rights.find(actor(), TrainingSession, id)
        sent = request.form.get("code", "").encode("utf-8", "replace")
        if not any(hmac.compare_digest(sent, _code(session, back).encode()) for back in (0, 1)):
            raise Refused(OLD_CODE)
        return _done("sign", session)


def _done(verb: str, session: TrainingSession) -> Any:
    try:
        VERBS[verb](actor(), session)
        say("good", SAID[verb])
    except Refused as refused:
        say("warn", refused)
    return redirect(f"/admin/training_session/details/?id={session.id}", 303)


def _code(session: TrainingSession, back: int = 0) -> str:
    slot = int(clock.now().timestamp()) // CODE_SECONDS - back
    return keyed_digest(f"attendance:{session.id}:{slot}")[:20]
