"""Builds every screen of a catalogue: one view per type, the pages across types, the file door, and the custom ones."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import partial

from flask import Blueprint, Flask, Response, redirect, request
from flask_admin import Admin

from models.kernel.language.record import Record

from . import custom, frame, problems
from .analysis.page import AnalysisView, menu_items
from .api.endpoints import endpoints as api_endpoints
from .api.pages import endpoints as api_pages
from .files.endpoints import endpoints as file_endpoints
from .home.pages import HomeView
from .lists import neighbours
from .lists.board import BoardView
from .lists.calendar import CalendarView
from .lists.timeline import TimelineView
from .palette import PaletteView
from .process.page import ProcessView
from .public.endpoints import build_public_pages
from .record import RecordView

endpoints = Blueprint("front", __name__)


def build_screens(app: Flask, catalogue: Mapping[str, type[Record]]) -> Admin:
    """Give an application the screens of a catalogue. No query is made."""
    app.extensions["catalogue"] = catalogue
    frame.init_templates(app, catalogue)
    app.jinja_env.globals["ways_on"] = neighbours.ways_on
    problems.answer_problems(app)
    app.register_blueprint(endpoints)
    if app.config.get("PUBLIC_PAGES", True) and any(cls.declared.public for cls in catalogue.values()):
        build_public_pages(app)
    app.register_blueprint(file_endpoints)
    app.register_blueprint(api_endpoints)
    app.register_blueprint(api_pages)
    app.extensions["csrf"].exempt(api_endpoints)  # which go by no cookie that another site could use
    admin = Admin(app, name="Guicheng", url="/admin", index_view=HomeView(catalogue))
    for cls in catalogue.values():
        admin.add_view(RecordView(cls))
    admin.add_views(PaletteView(catalogue), CalendarView(catalogue), BoardView(catalogue), TimelineView(catalogue))
    admin.add_views(AnalysisView(catalogue), ProcessView(catalogue))
    app.extensions["analyses"] = partial(menu_items, catalogue)
    walk_packages = pkgutil.walk_packages(custom.__path__, f"{custom.__name__}.")
    names = [module.name for module in walk_packages if not module.ispkg]
    app.extensions["custom_views"] = [view for name in names for view in importlib.import_module(name).views(catalogue)]
    admin.add_views(*app.extensions["custom_views"])
    return admin


def build_public_screens(app: Flask, catalogue: Mapping[str, type[Record]]) -> None:
    """Give an application the public pages of a catalogue, and nothing else."""
    app.extensions["catalogue"] = catalogue
    frame.init_templates(app, catalogue)
    problems.answer_problems(app)
    build_public_pages(app)


@endpoints.get("/admin/ageing/")
@endpoints.get("/admin/needs/")
def former() -> Response:
    """The reports of before, under the addresses that people have kept."""
    new = {"ageing": "receivable/?show=customer-due.outstanding", "needs": "requirement/?show=charts"}[
        request.path.split("/")[2]
    ]
    query = request.query_string.decode("ascii", "replace")
    return redirect(f"/admin/analysis/{new}" + (f"&{query}" if query else ""))  # type: ignore[return-value]


@endpoints.get("/")
def front() -> Response:
    return redirect("/admin/")  # type: ignore[return-value]
