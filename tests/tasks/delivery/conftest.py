"""A mail box, and people who have addresses."""

import pytest

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from tests.tasks.delivery.doing import NOW


@pytest.fixture
def box(mail_box):
    with clock.set_to(NOW):
        yield mail_box


@pytest.fixture
def staff(company, box):
    for login in ("clerk_sal", "head_sal", "it"):
        change = {"mail": f"{login}@example.com", "locale": "en" if login == "it" else "zh-Hant"}
        changes.update(catalogue["user"], company.users[login], change, actor=SYSTEM, version=None)
    return company
