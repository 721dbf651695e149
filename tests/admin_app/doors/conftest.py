"""People with accounts, the small application, and a browser of it."""

from typing import Any

import flask
import pytest
from bson import ObjectId

from admin_app.security import passwords
from models.kernel.base.people import SYSTEM, forget_departments
from models.kernel.gate import changes
from models.organisation import Department
from tests.admin_app.doors.building import Browser, _person, build


@pytest.fixture
def people(db: Any) -> dict[str, ObjectId]:
    """Two colleagues who can log in, and the department they work in."""
    forget_departments()
    changes.create(Department, {"code": "SAL", "name": "Sales"}, actor=SYSTEM)
    passwords.use_profile(cheap=True)
    return {login: _person(login) for login in ("chen", "wang")}


@pytest.fixture
def app(people: Any, settings: Any) -> flask.Flask:
    return build(settings)


@pytest.fixture
def browser(app: flask.Flask) -> Browser:
    return Browser(app)
