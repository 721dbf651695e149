"""Builds every screen of a catalogue: one view per type, the pages across types, the file door, and the custom ones."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from urllib.parse import quote

from flask import Blueprint, Flask, Response, redirect, request
from flask_admin import Admin
from werkzeug.wsgi import wrap_file

from models.kernel import files
from models.kernel.record import Record

from . import custom, problems, shell
from .board import BoardView
from .calendar import CalendarView
from .home import HomeView
from .palette import PaletteView
from .record import RecordView
from .session import actor

doors = Blueprint("doors", __name__)


def build_screens(app: Flask, catalogue: Mapping[str, type[Record]]) -> Admin:
    """Give an application the screens of a catalogue. No query is made."""
    app.extensions["catalogue"] = catalogue
    shell.dress(app, catalogue)
    problems.answer_problems(app)
    app.register_blueprint(doors)
    admin = Admin(app, name="Guicheng", url="/admin", index_view=HomeView(catalogue))
    for cls in catalogue.values():
        admin.add_view(RecordView(cls))
    admin.add_views(PaletteView(catalogue), CalendarView(catalogue), BoardView(catalogue))
    names = [f"{custom.__name__}.{module.name}" for module in pkgutil.iter_modules(custom.__path__)]
    app.extensions["custom_views"] = [view for name in names for view in importlib.import_module(name).views(catalogue)]
    admin.add_views(*app.extensions["custom_views"])
    return admin


@doors.get("/")
def front() -> Response:
    return redirect("/admin/")  # type: ignore[return-value]


@doors.get("/files/<file_id>")
def file(file_id: str) -> Response:
    """A file, streamed, if the reader may see its record; every download is written into that record's history."""
    facts, content = files.open_for(file_id, actor=actor())
    response = Response(wrap_file(request.environ, content, files.CHUNK), direct_passthrough=True)
    response.headers["Content-Type"] = "application/octet-stream"
    response.headers["Content-Length"] = str(facts["size"])
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    plain = facts["name"].encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(facts['name'])}"
    )
    return response
