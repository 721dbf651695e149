"""A process that carries out what is ordered of an import until it is killed; the test starts it with settings in its
environment.

python -m tests.faults.importing IMPORT
"""

import sys

from mongoengine.connection import get_db

from admin_app.settings import load_settings
from admin_app.start import start
from models.services.imports import imports
from models.services.work import jobs
from tasks.engine import registry, run


def carry_out(id: str) -> None:
    """The run that an import waits for, as a worker does it that found it abandoned."""
    item = imports.load(id)
    assert item is not None
    document = get_db()[jobs.COLLECTION].find_one({"_id": item.facts["run"]})
    get_db()[jobs.COLLECTION].update_one(
        {"_id": document["_id"]}, {"$set": {"state": jobs.RUNNING, "worker": "killed"}}
    )
    registry.jobs()[document["task"]].body(run.Run(document, "killed"), **document["params"])


if __name__ == "__main__":
    start(load_settings())
    print("begun", flush=True)
    carry_out(sys.argv[1])
    print("done", flush=True)
