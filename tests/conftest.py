"""The strict room every test runs in: a real MongoDB, no foreign settings, no network; fixtures/ adds to it."""

import gc
import ipaddress
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mongoengine
import pymongo
import pytest
import structlog
from pymongo.database import Database

from admin_app.database import connect
from admin_app.embedded import EmbeddedMongo
from admin_app.settings import PREFIX, Settings
from tests.fixtures._scenes import BUILDERS, EMPTY, Stage

MEMORY = Path("/dev/shm")
MEMORY_FREE_MIN = 6_000_000_000

# Every module in tests/fixtures is a plugin: a new fixture needs no line here.
pytest_plugins = [
    f"tests.fixtures.{path.stem}" for path in sorted(Path(__file__).with_name("fixtures").glob("[!_]*.py"))
]


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let what tests write stand in memory, too: a backup of an empty company waits for the disk 400 times."""
    if is_first(config) and not config.option.basetemp and (place := _fast_place()):
        config.option.basetemp = str(place / f"guicheng-test-{os.getpid()}-folders")


def pytest_unconfigure(config: pytest.Config) -> None:
    if is_first(config) and (folder := config.option.basetemp) and Path(folder).is_relative_to(MEMORY):
        shutil.rmtree(folder, ignore_errors=True)


def is_first(config: pytest.Config) -> bool:
    """Whether this is the process that was started, not one that it gives tests to."""
    return not hasattr(config, "workerinput")


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[None]:
    """Take the developer's own GUICHENG_ variables away."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session", autouse=True)
def plain_tracebacks() -> None:
    """Log failures in plain lines: where a library that draws them with all local variables happens to be installed,
    each took half a second."""
    printed = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], printed])


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Let sockets reach this machine only."""
    connect_anywhere = socket.socket.connect

    def connect_here(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not _is_here(str(address[0])):
            raise AssertionError(f"A test tried to reach {address[0]}; tests run without a network.")
        connect_anywhere(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_here)
        yield


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session")
def data_folder() -> Iterator[Path]:
    """A folder for this run that is gone afterwards (a database takes 300 MB; pytest would keep three)."""
    place = _fast_place()
    _clear_away_what_the_killed_left(place)
    prefix = f"guicheng-test-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True, dir=place) as folder:
        yield Path(folder)


def _clear_away_what_the_killed_left(place: Path | None) -> None:
    for left in Path(place or tempfile.gettempdir()).glob("guicheng-test-*-*"):
        pid = left.name.split("-")[2]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(left, ignore_errors=True)


def _fast_place() -> Path | None:
    """Memory, where there is plenty: each write of a test is acknowledged only when it is on the disk."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_FREE_MIN
    return MEMORY if has_room else None


@pytest.fixture(scope="session")
def mongo_uri(data_folder: Path) -> Iterator[str]:
    """Address of a real replica set: one embedded server per pytest process, or the one named in TEST_MONGODB_URI."""
    if named := os.environ.get("TEST_MONGODB_URI"):
        yield named
        return
    mongo = EmbeddedMongo(data_folder, cache_gb=0.25, oplog_mb=64)
    uri = mongo.start()
    _keep_what_a_test_dates_in_the_past(uri)
    yield uri
    mongo.stop()


def _keep_what_a_test_dates_in_the_past(uri: str) -> None:
    """Let no document expire: tests set the clock back, and the server, which looks once a minute, goes by its own."""
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        client.admin.command({"setParameter": 1, "ttlMonitorEnabled": False})


@pytest.fixture(scope="session")
def settings(mongo_uri: str, data_folder: Path) -> Settings:
    """Settings of a demo installation on the test server; each xdist worker has its own database."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return Settings(
        data=data_folder, mongodb_uri=mongo_uri, database=f"guicheng_test_{worker}", demo=True, cheap_passwords=True
    )


@pytest.fixture(scope="session")
def database(settings: Settings) -> Iterator[Database[dict[str, Any]]]:
    """The connected database with all indexes; use `db` instead, which is also empty."""
    client = connect(settings)
    client.drop_database(settings.database)
    _prepare(settings)
    gc.freeze()  # what was imported stays until the end; collections need not look through it again and again
    yield client[settings.database]
    client.drop_database(settings.database)
    mongoengine.disconnect()


def _prepare(settings: Settings) -> None:
    # Imported here so that tests of the plumbing run while a declaration is broken.
    from admin_app.start import set_rules
    from models import catalogue
    from models.kernel.base.secrets import set_digest_key, set_keys
    from models.services.database import ensure_indexes

    set_keys(settings.field_keys)
    set_digest_key(settings.secret_key)
    set_rules(settings)
    ensure_indexes(catalogue)


@pytest.fixture(scope="session")
def stage(database: Database[dict[str, Any]]) -> Stage:
    """The test database between two tests."""
    return Stage(database)


@pytest.fixture
def db(stage: Stage, request: pytest.FixtureRequest) -> Database[dict[str, Any]]:
    """The test database, connected for mongoengine and indexed: empty, or with the scene that the test names."""
    stage.set(next((name for name in BUILDERS if name in request.fixturenames), EMPTY))
    sys.modules["models.kernel.base.people"].forget_departments()  # what the process remembers of them
    sys.modules["models.kernel.language.working_time"].forget_calendar()
    qualified = sys.modules["models.kernel.rights.qualified"]
    qualified.forget()
    qualified.go_by([])  # read once, as by any process that has been up for a moment
    qualified.rules_for("", "")
    qualified.end_request()
    return stage.database
