"""Measures the load of the demo company on an embedded server of its own, and counts what it made by type and state.

python -m bench.bench_seed [folder]
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

from admin_app.database import connect
from admin_app.embedded import EmbeddedMongo
from admin_app.settings import Settings
from models import catalogue
from models.kernel.base.secrets import set_keys
from models.services.database import ensure_indexes
from seed.demo import load_demo


def main(folder: Path) -> None:
    """Load once and print seconds, processor seconds of all processes, and counts."""
    mongo = EmbeddedMongo(folder)
    settings = Settings(data=folder, mongodb_uri=mongo.start(), database="bench_seed", demo=True)
    try:
        client = connect(settings)
        client.drop_database(settings.database)
        set_keys(settings.field_keys)
        ensure_indexes(catalogue)
        started = time.monotonic()
        load_demo(settings)
        print(f"load: {time.monotonic() - started:.1f} s")
        for name in catalogue:
            print(f"{name:16}", *_counts(client[settings.database][name]))
    finally:
        mongo.stop()
    for who, what in ((resource.RUSAGE_SELF, "first lane"), (resource.RUSAGE_CHILDREN, "second lane and mongod")):
        used = resource.getrusage(who)
        print(f"{what}: {used.ru_utime + used.ru_stime:.1f} s of processor")


def _counts(collection) -> list[str]:
    rows = collection.aggregate([{"$group": {"_id": "$state", "n": {"$sum": 1}}}, {"$sort": {"_id": 1}}])
    counts = {row["_id"]: row["n"] for row in rows}
    return [str(sum(counts.values())), *(f"{state}={count}" for state, count in counts.items() if state)]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as chosen:
        main(Path(sys.argv[1] if len(sys.argv) > 1 else chosen))
