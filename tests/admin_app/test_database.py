"""The database: only servers that keep what they acknowledged are accepted (F1, F2), and late ones waited for."""

import socket
import subprocess
import threading

import mongoengine
import pytest
from flask import Flask
from pymongo import MongoClient

from admin_app import database
from admin_app.database import UnsafeServer, check_server, connect, wait_for_server
from admin_app.embedded import mongod_program, stop_process
from admin_app.health import health
from admin_app.settings import Settings


@pytest.fixture
def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def standalone(data_folder, unused_port):
    folder = data_folder / "standalone"
    folder.mkdir(exist_ok=True)
    options = ["--dbpath", folder, "--port", str(unused_port), "--bind_ip", "127.0.0.1", "--logpath", folder / "log"]
    process = subprocess.Popen([mongod_program(), *options], stdout=subprocess.DEVNULL, start_new_session=True)
    with MongoClient("127.0.0.1", unused_port) as client:
        client.admin.command("ping")  # waits until it listens
    yield f"mongodb://127.0.0.1:{unused_port}/?w=majority&journal=true"
    stop_process(process)


@pytest.fixture
def other_alias(monkeypatch):
    """Let connect() use an alias of its own, so that the shared connection of the run stays."""
    real = mongoengine.connect
    monkeypatch.setattr(database.mongoengine, "connect", lambda **options: real(**{**options, "alias": "other"}))
    yield
    mongoengine.disconnect("other")


def test_the_embedded_server_is_accepted(mongo_uri):
    with MongoClient(mongo_uri) as client:
        check_server(client)


def test_a_standalone_server_is_refused(standalone):
    with MongoClient(standalone) as client, pytest.raises(UnsafeServer, match="standalone"):
        check_server(client)


@pytest.mark.parametrize("weak", ["w=1&journal=true", "w=majority", "w=majority&journal=false", "w=2&journal=true"])
def test_a_weak_write_concern_is_refused(weak):
    with (
        MongoClient(f"mongodb://127.0.0.1/?{weak}", connect=False) as client,
        pytest.raises(UnsafeServer, match="write"),
    ):
        check_server(client)


def test_reading_from_secondaries_is_refused():
    uri = "mongodb://127.0.0.1/?w=majority&journal=true&readPreference=secondaryPreferred"
    with MongoClient(uri, connect=False) as client, pytest.raises(UnsafeServer, match="primary"):
        check_server(client)


@pytest.mark.parametrize(
    ("stated", "is_sound"), [("", True), ("&w=majority", True), ("&w=1", False), ("&journal=false", False)]
)
def test_what_the_uri_leaves_open_is_stated_and_what_it_says_is_kept(
    tmp_path, other_alias, mongo_uri, stated, is_sound
):
    uri = mongo_uri.partition("&w=")[0] + stated
    client = connect(Settings(data=tmp_path, mongodb_uri=uri, demo=True))
    if is_sound:
        check_server(client)
        return
    with pytest.raises(UnsafeServer):
        check_server(client)


def test_without_a_server_connect_says_so(tmp_path):
    with pytest.raises(UnsafeServer, match="GUICHENG_MONGODB_URI"):
        connect(Settings(data=tmp_path))


def test_a_late_database_is_waited_for_and_said_once(unused_port, monkeypatch):
    monkeypatch.setattr(database, "RETRY_SECONDS", 0.01)
    said = []
    uri = f"mongodb://127.0.0.1:{unused_port}/?replicaSet=rs0&w=majority&journal=true&serverSelectionTimeoutMS=50"
    with MongoClient(uri) as client, pytest.raises(database.PyMongoError):
        wait_for_server(client, echo=said.append, seconds_max=1)
    assert len(said) == 1
    assert str(unused_port) in said[0]


@pytest.fixture
def app():
    app = Flask(__name__)
    app.register_blueprint(health)
    return app


def test_ready_when_a_write_reaches_the_primary(app, mongo_uri, monkeypatch):
    with MongoClient(mongo_uri) as client:
        monkeypatch.setattr("mongoengine.get_db", lambda: client["guicheng_health"])
        answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_not_ready_but_alive_without_database(app, unused_port, monkeypatch):
    uri = f"mongodb://127.0.0.1:{unused_port}/?replicaSet=rs0&w=majority&journal=true"
    with MongoClient(uri) as client:
        monkeypatch.setattr("mongoengine.get_db", lambda: client["guicheng_health"])
        answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert "primary" in answer.json["reason"]
    assert app.test_client().get("/healthz").status_code == 200


def test_not_ready_on_an_unsafe_server(app, standalone, monkeypatch):
    with MongoClient(standalone) as client:
        monkeypatch.setattr("mongoengine.get_db", lambda: client["guicheng_health"])
        answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert "standalone" in answer.json["reason"]


def test_connect_starts_no_thread_before_the_fork(tmp_path, other_alias, mongo_uri):
    before = threading.active_count()
    connect(Settings(data=tmp_path, mongodb_uri=mongo_uri, demo=True))
    assert threading.active_count() == before
