"""The day of the tests, and records that are old, or on a list that waits for approval."""

import io

import pytest

from models.kernel.base import clock
from models.operations.retention import DeletionList
from models.services.files import files
from models.services.keeping import archive
from tasks.engine import registry
from tests.tasks.archive.doing import LATER, LONG_AGO, NOW, Killed, work


@pytest.fixture(autouse=True)
def _now():
    registry.load_jobs()
    with clock.set_to(NOW):
        yield


@pytest.fixture
def old(company):
    """A requirement that was closed long ago, with a file."""
    with clock.set_to(LONG_AGO):
        record = company.make("requirement", "clerk_mkt")
        upload = files.Upload("a.txt", io.BytesIO(b"hello"))
        files.attach(type(record), record.id, "", upload, actor=company.actor("clerk_mkt"))
        flow = record.flow()
        return company.walk(record, sorted(flow.ends)[0])


@pytest.fixture
def listed(company, old):
    """An archived record whose time is over, on a list that waits for approval; from now on it is that day."""
    work("archive.run")
    with clock.set_to(LATER):
        assert work("archive.delete_list").counts == {"listed": 1, "lists": 1}
        yield DeletionList.objects.get()


@pytest.fixture
def killed_after(monkeypatch):
    """Does something that is killed after so many writes of the archive; False when there were fewer."""
    genuine = archive.in_unit

    def do(lines, body):
        left = [lines]

        def in_unit(name):
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return genuine(name)

        monkeypatch.setattr(archive, "in_unit", in_unit)
        try:
            body()
        except Killed:
            return True
        finally:
            monkeypatch.setattr(archive, "in_unit", genuine)
        return False

    return do
