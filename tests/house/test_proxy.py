"""The proxy configuration of deploy/: what it must say, and, where nginx is installed, that nginx does it."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from admin_app.commands import KEPT_SECONDS
from admin_app.settings import Settings
from tests.fixtures.processes import until

CONFIG = Path(__file__).parents[2] / "deploy" / "nginx.conf"
SLOW = 200


def value_of(name: str) -> str:
    match = re.search(rf"^\s*{name} ([^;]+);", CONFIG.read_text("utf-8"), re.MULTILINE)
    assert match, name
    return match[1]


def test_it_buffers_and_bounds() -> None:
    assert value_of("proxy_request_buffering") == value_of("proxy_buffering") == "on"
    for name in ("client_header_timeout", "client_body_timeout", "send_timeout"):
        assert int(value_of(name).removesuffix("s")) <= 30
    assert value_of("proxy_next_upstream") == "off"


def test_its_numbers_fit_those_of_the_server() -> None:
    assert int(value_of("keepalive_timeout").removesuffix("s")) < KEPT_SECONDS
    assert int(value_of("client_max_body_size").removesuffix("m")) > Settings.model_fields["upload_limit_mb"].default


def test_it_passes_on_what_the_application_judges() -> None:
    text = CONFIG.read_text("utf-8")
    for line in ("Host $host", "X-Forwarded-For $remote_addr", "X-Forwarded-Proto $scheme"):
        assert f"proxy_set_header {line};" in text, line


def test_it_logs_nobody_who_asks_for_a_public_page() -> None:
    text = CONFIG.read_text("utf-8")
    assert re.search(r"map \$uri \$is_logged \{\s*default 1;\s*\"~\^/p/\" 0;\s*\}", text)
    assert re.findall(r"access_log [^;]+;", text) == ["access_log /var/log/nginx/access.log combined if=$is_logged;"]


class Behind(BaseHTTPRequestHandler):
    """The server behind: it says what it was told, and counts."""

    protocol_version = "HTTP/1.1"
    seen = 0

    def do_POST(self) -> None:
        type(self).seen += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        said = f"{self.headers['Host']} {self.headers['X-Forwarded-For']} {len(body)}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[int]:
    """Nginx with this configuration, without TLS and on a free port; the server behind is `Behind`."""
    if (program := shutil.which("nginx")) is None:
        pytest.skip("nginx is not installed; on Debian: apt-get install nginx-light")
    behind = ThreadingHTTPServer(("127.0.0.1", 0), Behind)
    Behind.seen = 0
    threading.Thread(target=behind.serve_forever, daemon=True).start()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = CONFIG.read_text("utf-8").replace("127.0.0.1:8000", f"127.0.0.1:{behind.server_port}")
    _redirect, _, site = text.partition("server {\n    listen 443 ssl http2;")
    site = re.sub(r"^\s*(listen|ssl_\w+) .*$", "", "server {\n" + site, flags=re.MULTILINE)
    site = site.replace("server {", f"server {{\n    listen 127.0.0.1:{port};", 1)
    site = site.replace("/var/log/nginx", str(tmp_path))
    upstream = text[text.index("upstream") : text.index("server {\n    listen 80;")]
    folders = "".join(f"{name}_temp_path {tmp_path};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    whole = f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}}\n"
    whole += f"http {{ access_log off; {folders}\n{upstream}\n{site} }}"
    (tmp_path / "nginx.conf").write_text(whole, encoding="utf-8")
    command = [program, "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path), "-e", str(tmp_path / "error.log")]
    tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    process = subprocess.Popen(command)
    try:
        until(lambda: _answers(port), 20, "nginx does not answer")
        yield port
    finally:
        process.terminate()
        process.wait()
        behind.shutdown()
        behind.server_close()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def post(port: int, body: bytes, length: int | None = None) -> socket.socket:
    item = socket.create_connection(("127.0.0.1", port), timeout=20)
    head = f"POST / HTTP/1.1\r\nHost: guicheng.example.com\r\nContent-Length: {length or len(body)}\r\n"
    item.sendall(head.encode() + b"Connection: close\r\n\r\n" + body)
    return item


def test_slow_bodies_do_not_reach_the_server(nginx: int) -> None:
    held = [post(nginx, b"a", 1000) for _ in range(SLOW)]
    with post(nginx, b"b" * 5000) as item:
        answer = b""
        while part := item.recv(4000):
            answer += part
    assert b"guicheng.example.com 127.0.0.1 5000" in answer
    assert Behind.seen == 1
    for item in held:
        item.close()


def test_a_body_above_the_limit_is_refused_before_it_is_read(nginx: int) -> None:
    with post(nginx, b"a", 300 * 1024 * 1024) as item:
        assert b"413" in item.recv(100)
    assert Behind.seen == 0
