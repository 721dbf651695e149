"""Sessions kept in MongoDB under the hash of their id: a copied cookie is dead after logout, a read database is no key.

A session ends when it has been idle too long or has lasted too long by the server's clock (`ends`); `expires` is when
the database may remove the document by its own clock. What is known of a visitor who is not signed in stands in their
own cookie, signed: strangers write nothing into the database.
"""

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import pymongo
import structlog
from bson import ObjectId
from flask import Flask, Request, Response, request, session
from flask.json.tag import TaggedJSONSerializer
from flask.sessions import SessionInterface, SessionMixin
from itsdangerous import BadData, URLSafeSerializer
from mongoengine.connection import get_connection
from pymongo.errors import PyMongoError
from werkzeug.datastructures import CallbackDict

from admin_app.security import programs
from admin_app.security.events import clean
from admin_app.security.session_rows import OfWhom, read_session
from admin_app.security.throttle import removal
from admin_app.settings import Settings
from models.kernel.base import clock
from models.kernel.base import collections as names
from models.kernel.base.store import in_unit

ASK_NOBODY = frozenset({"/healthz", "/readyz", "/metrics"})
READ_SECONDS = 6
TOUCH_AFTER = dt.timedelta(minutes=1)
_ID = re.compile(r"[A-Za-z0-9_-]{43}")
_OF_STRANGERS = frozenset({"csrf_token", "lang", "_flashes", "company", "identity"})
_COOKIE_MOST = 3000  # browsers drop cookies of more than 4096 bytes
_serializer = TaggedJSONSerializer()
log = structlog.get_logger("guicheng.security")


class Session(CallbackDict[str, Any], SessionMixin):
    """The session of one request; `key` is the hash under which it is kept, None while it isn't. `of_whom`: whose it
    was when it was opened."""

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        stored: Mapping[str, Any] | None = None,
        of_whom: OfWhom | None = None,
    ):
        super().__init__(data or {}, on_update=_mark_modified)
        self.stored, self.of_whom = stored, of_whom
        self.key: str | None = stored["_id"] if stored else None
        self.modified = False
        self.is_renewed = False
        self.is_kept = True
        self.is_unavailable = False

    def renew(self) -> None:
        """Go on under a new id with nothing in it: what was known before a login must not count after it."""
        self.clear()
        self.is_renewed = True


def _mark_modified(session: Session) -> None:
    session.modified = True


def unkept(*, is_unavailable: bool = False) -> Session:
    """A session that is forgotten after the request and leaves the visitor's cookie alone."""
    session = Session()
    session.is_kept, session.is_unavailable = False, is_unavailable
    return session


class MongoSessions(SessionInterface):
    """Opens a session by its cookie and writes it at most once per request (twice when its id changes)."""

    def __init__(self, settings: Settings):
        self.idle = dt.timedelta(minutes=settings.session_idle_minutes)
        self.lifetime = dt.timedelta(hours=settings.session_absolute_hours)

    def open_session(self, app: Flask, request: Request) -> Session:
        """The session of a cookie that we gave out; an unknown id never becomes one."""
        is_public = request.path.startswith("/p/") or app.config.get("PUBLIC_ONLY") or programs.sends_key(request)
        if is_public or request.path.startswith(f"{app.static_url_path}/") or request.path in ASK_NOBODY:
            return unkept()
        given = request.cookies.get(self.get_cookie_name(app), "")
        if not _ID.fullmatch(given):
            return Session(self._opened(app, given))
        try:
            with pymongo.timeout(READ_SECONDS):
                known = read_session(key_of(given), clock.now())
        except PyMongoError as problem:
            log.warning("no session could be read", reason=type(problem).__name__)
            return unkept(is_unavailable=True)
        if known is None:
            return Session()
        stored, of_whom = known
        return Session(_serializer.loads(stored["data"]), stored, of_whom)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write what changed. A session that was ended meanwhile by another request stays ended."""
        if not isinstance(session, Session) or not session.is_kept:
            return
        if session.accessed:
            response.vary.add("Cookie")
        if session.modified and not session:
            self._end(app, session, response)
        elif session.modified and (sealed := self._sealed(app, session)):
            self._hand_over(app, session, response, sealed)
        elif session.modified and (session.key is None or session.is_renewed):
            self._begin(app, session, response)
        elif session.stored and (session.modified or clock.now() - session.stored["seen"] >= TOUCH_AFTER):
            self._go_on(session, session.stored["started"])

    def _sealed(self, app: Flask, session: Session) -> str:
        """The cookie of a visitor who is not signed in; empty where the session has to be kept here."""
        if not session.keys() <= _OF_STRANGERS:
            return ""
        given = _signer(app).dumps([clock.now().timestamp(), _serializer.dumps(dict(session))])
        return str(given) if len(given) <= _COOKIE_MOST else ""

    def _opened(self, app: Flask, given: str) -> dict[str, Any]:
        """What we signed for a visitor not longer ago than a session lasts; nothing of what others made up."""
        try:
            at, data = _signer(app).loads(given)
        except BadData:
            return {}
        is_over = clock.now().timestamp() - at >= self.lifetime.total_seconds()
        known = {} if is_over else _serializer.loads(data)
        return {name: known[name] for name in known.keys() & _OF_STRANGERS}

    def _hand_over(self, app: Flask, session: Session, response: Response, sealed: str) -> None:
        if session.key:
            sessions().delete_one({"_id": session.key})
        response.set_cookie(value=sealed, **self._cookie(app))

    def _begin(self, app: Flask, session: Session, response: Response) -> None:
        moment, given = clock.now(), secrets.token_urlsafe(32)
        if session.key:
            sessions().delete_one({"_id": session.key})
        session.key = key_of(given)
        sessions().insert_one(
            {
                "_id": session.key,
                "started": moment,
                "address": clean(request.remote_addr or ""),
                "agent": clean(request.user_agent.string),
                **self._contents(session),
                **self._times(moment),
            }
        )
        response.set_cookie(value=given, **self._cookie(app))

    def _go_on(self, session: Session, started: dt.datetime) -> None:
        changes = self._times(started) | (self._contents(session) if session.modified else {})
        if not get_connection().topology_description.has_writable_server():
            return  # reading goes on; the session is written again when there is somebody to write it
        try:
            sessions().update_one({"_id": session.key}, {"$set": changes})
        except PyMongoError as problem:  # the page itself has succeeded, and must not turn into an error
            log.warning("a session could not be written", reason=type(problem).__name__)

    def _end(self, app: Flask, session: Session, response: Response) -> None:
        if session.key:
            sessions().delete_one({"_id": session.key})
            cookie = self._cookie(app)
            response.delete_cookie(cookie.pop("key"), **cookie)

    def _contents(self, session: Session) -> dict[str, Any]:
        user = session.get("_user_id")
        return {"data": _serializer.dumps(dict(session)), "user": ObjectId(user) if user else None}

    def _times(self, started: dt.datetime) -> dict[str, Any]:
        moment = clock.now()
        ends = min(moment + self.idle, started + self.lifetime)
        return {"seen": moment, "ends": ends, "expires": removal(ends)}

    def _cookie(self, app: Flask) -> dict[str, Any]:
        secure = self.get_cookie_secure(app)
        return {
            "key": self.get_cookie_name(app),
            "path": "/",
            "secure": secure,
            "httponly": True,
            "samesite": "Lax",
        }


def _signer(app: Flask) -> URLSafeSerializer:
    return URLSafeSerializer(str(app.secret_key), salt="guicheng stranger")


def this_session() -> Session:
    """The session of this request, with what Flask's own does not have."""
    return cast(Session, session)


def configure_sessions(app: Flask, settings: Settings) -> None:
    """Give the application its sessions and their cookie; the __Host- prefix binds it to this host and to HTTPS."""
    app.config.update(
        SESSION_COOKIE_NAME="__Host-guicheng" if settings.secure_cookies else "guicheng",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.session_interface = MongoSessions(settings)


@dataclass(frozen=True)
class OwnSession:
    """A session as its owner sees it; `id` is the hash, with which nobody can log in."""

    id: str
    started: dt.datetime
    seen: dt.datetime
    address: str
    agent: str


def sessions_of(user_id: ObjectId) -> list[OwnSession]:
    """The sessions of a user that have not ended, the last used one first."""
    rows = sessions().find({"user": user_id, "ends": {"$gt": clock.now()}}).sort("seen", -1).limit(100)
    return [
        OwnSession(row["_id"], row["started"], row["seen"], row["address"], short_agent(row["agent"])) for row in rows
    ]


def end_session(id: str, user_id: ObjectId) -> bool:
    """End one session of a user by its hash; False if they have none such."""
    return bool(sessions().delete_one({"_id": id, "user": user_id}).deleted_count)


def end_all(user_id: ObjectId, except_id: str | None = None) -> int:
    """End all sessions of a user, or all but one; return how many there were."""
    return sessions().delete_many({"user": user_id, "_id": {"$ne": except_id}}).deleted_count


def key_of(given: str) -> str:
    """The hash under which the session of a cookie is kept."""
    return hashlib.sha256(given.encode("ascii")).hexdigest()


_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Version", "Safari"))
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def short_agent(agent: str) -> str:
    """The browser and the system that a user agent names, such as "Firefox 140, Linux"."""
    browser = next(
        (f"{name} {match[1]}" for token, name in _BROWSERS if (match := re.search(rf"{token}/(\d+)", agent))), ""
    )
    system = next((name for token, name in _SYSTEMS if token in agent), "")
    return ", ".join(part for part in (browser, system) if part) or agent[:40]


def sessions() -> Any:
    return in_unit(names.SESSIONS)
