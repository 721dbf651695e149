"""Two hundred slow connections leave pages and /healthz working, on the server of every start and its usual threads."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from admin_app import serving
from admin_app.commands import check_port, gunicorn_command
from tests.fixtures.processes import ROOT, let_run, until

SLOW = 200
HEAD = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"


class Server:
    """A web server on a free port, and the connections that tests hold to it."""

    def __init__(self, settings: Any, folder: Path):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.settings = settings.model_copy(update={"port": self.port, "data": folder})
        self.log = folder / "web.log"
        self.held: list[socket.socket] = []
        self.start()

    def start(self) -> None:
        environment = os.environ | self.settings.as_environment() | {"PYTHONPATH": str(ROOT)}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                gunicorn_command(self.settings),
                env=environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(self.answers, 90, lambda: self.log.read_text("utf-8")[-2000:])

    def answers(self, path: str = "/healthz", seconds: float = 5) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=seconds) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def hold(self, begin: bytes) -> socket.socket:
        """A connection that sends this and no more."""
        item = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        item.sendall(begin)
        self.held.append(item)
        return item

    def let_go(self) -> None:
        for item in self.held:
            item.close()
        self.held.clear()

    def stop(self) -> None:
        self.let_go()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="module")
def module_server(settings: Any, database: Any, tmp_path_factory: Any) -> Iterator[Server]:
    server = Server(settings, tmp_path_factory.mktemp("web"))
    yield server
    server.stop()


@pytest.fixture
def server(module_server: Server) -> Iterator[Server]:
    yield module_server
    module_server.let_go()


BEGINNINGS = {
    "nothing at all": b"",
    "half a head": b"GET /healthz HTTP/1.1\r\nHost: local",
    "half a small body": HEAD + b"Content-Length: 1000\r\n\r\nlogin=a",
    "a large body that does not come": HEAD + b"Content-Length: 1000000\r\n\r\nlogin=a",
    "chunks that do not come": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nlo",
    "waiting to be told to go on": HEAD + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n",
    "an answer that is not taken": b"GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a second request that stops": b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hea",
}


@pytest.mark.parametrize("name", BEGINNINGS)
def test_pages_go_on_beside_two_hundred(name: str, server: Server) -> None:
    for _ in range(SLOW):
        server.hold(BEGINNINGS[name])
    for path in ("/healthz", "/login", "/healthz", "/login"):
        assert server.answers(path, 15), path


def test_drops_of_bodies_are_no_progress(server: Server) -> None:
    """A byte now and then: no time-out of a single read ends it, the pace does."""
    held = [server.hold(HEAD + b"Content-Length: 400\r\n\r\n") for _ in range(SLOW)]
    for _ in range(5):
        for item in held:
            item.send(b"a")
        assert server.answers("/login", 15)


def test_who_is_too_slow_is_cut_off(server: Server) -> None:
    item = server.hold(b"GET /healthz HTTP/1.1\r\nHost: local")
    item.settimeout(serving.HEAD_SECONDS + 20)
    assert item.recv(100).startswith(b"HTTP/1.1 408")
    assert item.recv(100) == b""


def test_who_is_merely_slow_is_served(server: Server) -> None:
    body = b"login=nobody&password=x" + b"&x=" + b"y" * 300_000
    item = server.hold(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body))
    for at in range(0, len(body), 60_000):
        let_run(0.1)  # a client's own pace
        item.sendall(body[at : at + 60_000])
    assert item.recv(100).startswith(b"HTTP/1.1 4"), "the answer of the application: no token"


def test_several_requests_on_one_connection(server: Server) -> None:
    item = server.hold(b"")
    for _ in range(3):
        item.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while b'"ok"' not in answer:
            answer += item.recv(4000)
    item.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2)
    answer = b""
    while answer.count(b'"ok"') < 2:
        part = item.recv(4000)
        assert part, "two at once are answered, too"
        answer += part


def test_connections_are_kept_longer_than_proxies_do(server: Server) -> None:
    """At 2.0 s exactly gunicorn's own limit met requests on their way (L12)."""
    assert any(option == "--keep-alive=75" for option in gunicorn_command(server.settings))


def test_a_killed_master_does_not_keep_the_port(settings: Any, database: Any, tmp_path: Path) -> None:
    server = Server(settings, tmp_path)
    try:
        server.hold(HEAD + b"Content-Length: 1000\r\n\r\nlogin=a")
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        check_port(server.settings)
    finally:
        server.stop()
