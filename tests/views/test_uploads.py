"""Uploads go straight into the store: flat memory, no temporary copy, a limit on the way, nothing left behind."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug import formparser

from admin_app.security import streaming
from models.services.files import files
from models.services.files import text as file_text
from tests.fixtures.doing import do
from tests.fixtures.http import said

BOUND = "----here"
MEGABYTE = 1 << 20


class Line:
    """A connection that sends a form with one large file, made as it is read; it may break in between."""

    def __init__(self, fields: dict[str, str], size: int, *, breaks_at: int | None = None, name: str = "large.bin"):
        head = [f'--{BOUND}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
        head.append(f'--{BOUND}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n')
        self.head, self.tail = "".join(head).encode(), f"\r\n--{BOUND}--\r\n".encode()
        self.length = len(self.head) + size + len(self.tail)
        self.digest, self.size, self.breaks_at = hashlib.sha256(), size, breaks_at
        self.sent = 0
        self._parts = self._made()
        self._rest = b""

    def _made(self) -> Iterator[bytes]:
        yield self.head
        left, block = self.size, b"\x00" + bytes(range(1, 256)) * 256
        while left:
            part = block[:left]
            left -= len(part)
            self.digest.update(part)
            yield part
        yield self.tail

    def environ(self) -> dict[str, Any]:
        """What a server says of this connection."""
        kind = f"multipart/form-data; boundary={BOUND}"
        return {"wsgi.input": self, "CONTENT_LENGTH": str(self.length), "CONTENT_TYPE": kind}

    def read(self, most: int = -1) -> bytes:
        if self.breaks_at is not None and self.sent >= self.breaks_at:
            return b""
        self._rest = self._rest or next(self._parts, b"")
        part, self._rest = self._rest[:most], self._rest[most:]
        self.sent += len(part)
        return part


@pytest.fixture
def need(company: Any) -> Any:
    return company.make("requirement", "clerk_mkt")


@pytest.fixture
def send(need: Any, browser_as: Any) -> Any:
    def sent(size: int, login: str = "clerk_mkt", **more: Any) -> tuple[Any, Line]:
        browser = browser_as(login, locale="en")
        line = Line({"csrf_token": more.pop("token", browser.token), "id": str(need.id), "kind": ""}, size, **more)
        answer = browser.client.post(
            "/admin/requirement/attach/",
            environ_overrides=line.environ(),
        )
        return answer, line

    return sent


def contents(db: Any) -> tuple[int, int]:
    return db["content.files"].count_documents({}), db["content.chunks"].count_documents({})


def test_a_large_file_needs_little_memory_and_no_copy(need, send, db, monkeypatch):
    def refused(*_args: Any, **_more: Any) -> Any:
        raise AssertionError("a temporary copy was made")

    monkeypatch.setattr(formparser, "default_stream_factory", refused)
    monkeypatch.setattr("werkzeug.wrappers.request.default_stream_factory", refused, raising=False)
    tracemalloc.start()
    try:
        answer, line = send(64 * MEGABYTE)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer.status_code == 302
    assert peak < 24 * MEGABYTE
    (file,) = files.files_of(need.id)
    assert (file["size"], file["sha256"]) == (64 * MEGABYTE, line.digest.hexdigest())
    content = files.bucket().open_download_stream(file["content"])
    digest = hashlib.sha256()
    while part := content.read(MEGABYTE):
        digest.update(part)
    assert digest.hexdigest() == file["sha256"]


def test_what_is_too_large_is_refused_before_it_is_read(send, db, app):
    answer, line = send((app.config["UPLOAD_LIMIT_MB"] + 2) * MEGABYTE)
    assert answer.status_code == 413
    assert line.sent == 0
    assert contents(db) == (0, 0)


def test_what_turns_out_too_large_is_refused_on_the_way(send, db, monkeypatch):
    monkeypatch.setattr(streaming, "FORM_AROUND_MAX", 999 * MEGABYTE)
    monkeypatch.setattr(streaming.StreamingRequest, "store_files", _small)
    answer, line = send(8 * MEGABYTE)
    assert answer.status_code == 422
    assert "3 MB" in said(answer)
    assert line.sent < 5 * MEGABYTE
    assert contents(db) == (0, 0)


def _small(self: streaming.StreamingRequest, _most: int) -> None:
    self.stored_most, self.max_content_length = 3 * MEGABYTE, 99 * MEGABYTE


def test_a_line_that_breaks_leaves_nothing(need, send, db):
    answer, _ = send(9 * MEGABYTE, breaks_at=7 * MEGABYTE)
    assert answer.status_code == 400
    assert contents(db) == (0, 0)
    assert files.files_of(need.id) == []


@pytest.mark.parametrize(("login", "more", "status"), [("clerk_prd", {}, 404), ("supervisor", {}, 403)])
def test_who_may_not_attach_leaves_nothing(send, db, login, more, status):
    assert send(MEGABYTE, login, **more)[0].status_code == status
    assert contents(db) == (0, 0)


def test_without_a_token_nothing_stays(send, db):
    assert send(MEGABYTE, token="wrong")[0].status_code == 400
    assert contents(db) == (0, 0)


def test_a_content_that_is_not_what_it_seems_leaves_nothing(send, db):
    assert send(MEGABYTE, name="a.pdf")[0].status_code == 422
    assert contents(db) == (0, 0)


def test_strangers_store_nothing(app, db):
    line = Line({}, MEGABYTE)
    answer = app.test_client().post(
        "/admin/requirement/attach/",
        environ_overrides=line.environ(),
    )
    assert answer.status_code in (303, 400)
    assert contents(db) == (0, 0)


def test_the_sweep_leaves_running_and_attached_uploads_alone(need, send, db):
    send(MEGABYTE)
    files.Incoming("cut", 9 * MEGABYTE).write(bytes(3 * MEGABYTE))
    before = contents(db)
    assert do("files.sweep") == {}
    assert contents(db) == before
    assert db[file_text.FILES].count_documents({}) == 1
