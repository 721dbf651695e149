"""A replica set of three on this machine: a step-down under writes loses and doubles nothing; one node left is read."""

from __future__ import annotations

import contextlib
import http.cookiejar
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient, WriteConcern
from pymongo.errors import PyMongoError

from admin_app.embedded import mongod_program, stop_process
from tests.faults.test_slow_clients import Server
from tests.fixtures.processes import ROOT, until

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Nodes:
    """Three servers of one set, on free ports."""

    def __init__(self, folder: Path):
        self.processes: dict[int, subprocess.Popen[bytes]] = {}
        for n in range(3):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            place = folder / str(n)
            place.mkdir()
            where = ["--dbpath", place, "--logpath", place / "log", "--port", str(port), "--bind_ip", "127.0.0.1"]
            sizes = ["--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "64"]
            command = [mongod_program(), *where, *sizes, "--replSet", "rs3"]
            self.processes[port] = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        self.uri = "mongodb://" + ",".join(f"127.0.0.1:{port}" for port in self.processes) + "/?replicaSet=rs3"
        self.client: MongoClient[dict[str, Any]] = MongoClient(self.uri, serverSelectionTimeoutMS=500)

    def begin(self) -> None:
        """Make a set of them and wait for its primary."""
        for port in self.processes:  # each waits for its server to listen
            with MongoClient("127.0.0.1", port, directConnection=True) as client:
                client.admin.command("ping")
        hosts = [{"_id": n, "host": f"127.0.0.1:{port}"} for n, port in enumerate(self.processes)]
        with MongoClient("127.0.0.1", next(iter(self.processes)), directConnection=True) as client:
            settings = {"electionTimeoutMillis": 2000, "heartbeatIntervalMillis": 500}
            client.admin.command("replSetInitiate", {"_id": "rs3", "members": hosts, "settings": settings})
        until(self.primary, 60, "no primary")

    def primary(self) -> int | None:
        try:
            self.client.admin.command("ping")
        except PyMongoError:
            return None
        return self.client.primary[1] if self.client.primary else None

    def step_down(self) -> None:
        with contextlib.suppress(PyMongoError):  # where no secondary has caught up at this moment, it stays
            self.client.admin.command("replSetStepDown", 5, secondaryCatchUpPeriodSecs=2)

    def leave_one(self) -> None:
        """Kill the primary and one more."""
        first = self.primary()
        for port in sorted(self.processes, key=lambda item: item != first)[:2]:
            os.killpg(self.processes[port].pid, signal.SIGKILL)
            self.processes[port].wait()

    def stop(self) -> None:
        self.client.close()
        for process in self.processes.values():
            if process.poll() is None:
                stop_process(process)


class Person:
    """A browser of the standard library, signed in."""

    def __init__(self, port: int):
        self.base = f"http://127.0.0.1:{port}"
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar)
        token = self.token("/login")
        self.post("/login", {"csrf_token": token, "login": "clerk_sal", "password": "four good words here"})

    def token(self, path: str) -> str:
        match = TOKEN.search(self.get(path)[1])
        assert match, path
        return match[1]

    def get(self, path: str) -> tuple[int, str]:
        return self._answer(urllib.request.Request(self.base + path))

    def post(self, path: str, values: dict[str, str]) -> tuple[int, str]:
        data = urllib.parse.urlencode(values).encode()
        return self._answer(urllib.request.Request(self.base + path, data=data))

    def _answer(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with self.opener.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    made = Nodes(tmp_path)
    try:
        made.begin()
        yield made
    finally:
        made.stop()


@pytest.mark.slow
def test_a_step_down_under_writes_and_then_one_node_left(nodes: Nodes, settings: Any, tmp_path: Path) -> None:
    own = settings.model_copy(update={"mongodb_uri": nodes.uri, "database": "three", "data": tmp_path})
    environment = os.environ | own.as_environment() | {"PYTHONPATH": str(ROOT)}
    founding = [sys.executable, "-m", "tests.faults.company_for_nodes"]
    subprocess.run(founding, env=environment, cwd=ROOT, check=True, timeout=120)
    server = Server(own, tmp_path)
    try:
        person = Person(server.port)
        _writes_go_through(nodes, person)
        _one_left_is_read(nodes, person)
    finally:
        server.stop()


def _writes_go_through(nodes: Nodes, person: Person) -> None:
    """What was said to be saved is there once; what was not is there once at most, and sent again once."""
    token = person.token("/admin/customer/new/")
    down = threading.Thread(target=lambda: [nodes.step_down() for _ in range(2)])
    saved: list[str] = []
    for n in range(12):
        if n == 3:
            down.start()
        values = {"csrf_token": token, "once": f"entry-{n}-of-the-test", "name": f"客戶 {n}", "confirm": "1"}
        for _attempt in range(5):
            code, text = person.post("/admin/customer/new/", values)
            if code == 200 and f"客戶 {n}" in text:
                saved.append(f"客戶 {n}")
                break
            assert code == 503, text[-2000:]
    down.join()
    assert len(saved) == 12
    until(nodes.primary, 30, "no primary")
    result = [row["name"] for row in nodes.client["three"]["customer"].find({}, {"name": 1})]
    assert sorted(result) == sorted(saved)


def _one_left_is_read(nodes: Nodes, person: Person) -> None:
    everywhere = WriteConcern(w=3, wtimeout=30_000)  # whichever is left has all that was written
    nodes.client["three"].get_collection("mark", write_concern=everywhere).insert_one({})
    nodes.leave_one()
    seen: list[tuple[int, str]] = []

    def is_read_only() -> bool:
        seen.append(person.get("/admin/customer/?lang=en"))
        return seen[-1][0] == 200 and "data-read-only" in seen[-1][1]

    until(is_read_only, 60, lambda: str(seen[-1])[:3000])
    assert "客戶 5" in seen[-1][1]
    assert person.get("/healthz")[0] == 200
    token = TOKEN.search(person.get("/admin/customer/new/")[1])
    assert token
    values = {"csrf_token": token[1], "once": "the-last-entry", "name": "斷電時的客戶", "confirm": "1"}
    code, text = person.post("/admin/customer/new/", values)
    assert code == 503
    assert "斷電時的客戶" in text, "what was typed is on the page"
    assert 'value="the-last-entry"' in text, "and is sent again as the same entry"
    assert "{ref}" not in text
