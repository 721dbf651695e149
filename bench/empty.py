"""An installation for one measurement: an empty database of its own, which is gone afterwards."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from admin_app.database import connect
from admin_app.embedded import EmbeddedMongo
from admin_app.settings import Settings
from tests.conftest import _prepare


@contextmanager
def installation(cache_gb: float = 0.25, oplog_mb: int = 64) -> Iterator[Settings]:
    """Its settings, while its database is connected and has all indexes."""
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="guicheng-bench-", ignore_cleanup_errors=True) as folder:
        mongo = EmbeddedMongo(Path(folder), cache_gb=cache_gb, oplog_mb=oplog_mb)
        uri = mongo.start()
        try:
            settings = Settings(data=Path(folder), mongodb_uri=uri, database="bench", demo=True, cheap_passwords=True)
            connect(settings)
            _prepare(settings)
            yield settings
        finally:
            mongo.stop()
