"""A process that prepares, archives or writes until it is killed; the tests start it with settings in its environment.

python -m tests.faults.archiving [prepare | archive | write]
"""

import sys
import time

from bson import ObjectId
from pymongo.errors import PyMongoError

from admin_app.settings import load_settings
from admin_app.start import start
from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.services.database import ensure_indexes
from models.services.work import jobs
from tasks.engine import registry, run


def prepare() -> None:
    """A company, and receivables that were paid long ago, some of them with files."""
    from tests.fixtures.company import Company
    from tests.fixtures.paid import make_paid

    ensure_indexes(catalogue)
    make_paid(Company(), 40)


def archive() -> None:
    """One run of the nightly archive."""
    order = jobs.enqueue(jobs.Order(task="archive.run"))
    claimed = jobs.claim("archiver", order)
    assert claimed
    registry.jobs()["archive.run"].body(run.Run(claimed, "archiver"))


def write() -> None:
    """One record after the other, each asked for under its key until it is acknowledged, and only then said."""
    while True:
        key = f"W-{ObjectId()}"
        while True:
            try:
                changes.create(catalogue["position"], {"name": key}, actor=SYSTEM, once=key)
                break
            except PyMongoError:
                time.sleep(0.05)
        print(key, flush=True)


if __name__ == "__main__":
    start(load_settings())
    print("begun", flush=True)
    {"prepare": prepare, "archive": archive, "write": write}[(sys.argv[1:] or ["archive"])[0]]()
    print("done", flush=True)
