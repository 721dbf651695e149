"""A small application with the doors of the real one, and a browser to knock at them."""

import datetime as dt
import re
from pathlib import Path
from typing import Any

import flask
from bson import ObjectId

from admin_app.security import accounts, current_actor, init_security
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM, department_by_code
from models.kernel.base.words import LOCALE_NAMES, L, current_locale
from models.kernel.gate import changes
from models.kernel.gate.fresh import ask
from models.organisation import User

VIEWS = Path(__file__).parents[3] / "views"
PASSWORD = "four good words here"
START = dt.datetime(2030, 1, 7, 1, 0, tzinfo=dt.UTC)


def _person(login: str, **facts: Any) -> ObjectId:
    values = {"login": login, "name": login.title(), "department": department_by_code("SAL"), "roles": ["clerk"]}
    user = changes.create(User, values | {"active": True, "locale": "en"} | facts, actor=SYSTEM)
    accounts.set_password(user.id, PASSWORD)
    return user.id


def build(settings: Any, **options: Any) -> flask.Flask:
    """A small application with everything of the security package and the real templates."""
    app = flask.Flask("small", template_folder=VIEWS / "templates", static_folder=VIEWS / "static")
    app.testing = True
    init_security(app, settings.model_copy(update={"trusted_hosts": ("localhost",), **options}))

    @app.context_processor
    def words() -> dict[str, Any]:
        user = flask.g.get("_login_user")
        return {
            "t": lambda en, hant: str(L(en, hant)),
            "lang": current_locale(),
            "yes_words": [],
            "no_words": [],
            "locales": list(LOCALE_NAMES.items()),
            "me": user.user if user is not None and user.is_authenticated else None,
            "asset": lambda name: f"/static/{name}",
            "kept_part": lambda name, **own: "",
            "menu_html": lambda menu: "",
            "machine_time": lambda value: value.isoformat(),
            "flashes": flask.get_flashed_messages(with_categories=True),
            "menu": [],
            "acting_for": [],
            "waiting_count": 0,
            "unread_count": 0,
        }

    @app.get("/admin/")
    def home() -> str:
        return f"{current_actor().login}: {', '.join(sorted(current_actor().roles))}"

    @app.get("/files/one")
    def file() -> flask.Response:
        return flask.Response(b"x", headers={"Content-Security-Policy": "sandbox"})

    @app.route("/write", methods=["POST", "PUT", "PATCH", "DELETE"])
    def write() -> str:
        return f"wrote {len(flask.request.get_data())}"

    @app.post("/sign")
    def sign() -> Any:
        try:
            app.extensions["security"].require_password(current_actor(), flask.request.form["password"])
        except Refused as refused:
            return {name: [str(item) for item in problem] for name, problem in refused.problems.items()}, 422
        return "signed"

    @app.post("/act")
    def act() -> str:
        ask(L("An act", "一項操作"))
        return " ".join(flask.request.form.getlist("typed"))

    @app.post("/upload")
    def upload() -> str:
        return f"took {len(flask.request.files['file'].read())}"

    upload.takes_files = True  # type: ignore[attr-defined]

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError

    broken.is_public = True  # type: ignore[attr-defined]
    app.register_error_handler(500, lambda _problem: ("broken", 500))
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


class Browser:
    """A visitor with cookies who sends the token of the page they see."""

    def __init__(self, app: flask.Flask, address: str = "10.0.0.1"):
        self.client = app.test_client()
        self.environ = {"REMOTE_ADDR": address}
        self.cookie_name = app.config["SESSION_COOKIE_NAME"]

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(path, environ_overrides=self.environ, buffered=True, **options)

    def token(self, page: str = "/login") -> str:
        match = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page, follow_redirects=True).text)
        if match is None:
            match = re.search(r'name="csrf_token" value="([^"]+)"', self.get("/admin/account/").text)
        assert match
        return match[1]

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
        values = {"csrf_token": self.token(), **(data or {})}
        return self.client.post(path, data=values, environ_overrides=self.environ, **options)

    def login(self, login: str = "chen", password: str = PASSWORD, **more: str) -> Any:
        return self.post("/login", {"login": login, "password": password, **more})

    @property
    def cookie(self) -> str | None:
        result = self.client.get_cookie(self.cookie_name)
        return result.value if result else None

    def put_cookie(self, value: str) -> None:
        self.client.set_cookie(self.cookie_name, value)


def is_in(browser: Browser) -> bool:
    return browser.get("/admin/").status_code == 200
