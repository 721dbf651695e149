"""Files are scanned before others open them, by a daemon on a socket; without one nothing pretends to have scanned."""

from __future__ import annotations

import contextlib
import io
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from admin_app.settings import Settings, SettingsError
from models.kernel.base.errors import Forbidden
from models.kernel.gate import notices
from models.services.files import files, scanning
from models.services.files import search as file_search
from models.services.files import text as file_text
from models.services.files import viewing as file_viewing
from tests.fixtures.doing import do, work_off

VIRUS = b"X5O! this stands for a virus"


class Daemon:
    """Speaks the scanner's words: finds VIRUS, refuses more than `most` bytes, and may be told to say nonsense."""

    def __init__(self) -> None:
        self.line = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.line.getsockname()[1]}"
        self.most, self.nonsense, self.scanned = 1 << 20, b"", 0
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self.line.accept()
            except OSError:
                return
            with client:
                self._answer(client)

    def _answer(self, client: socket.socket) -> None:
        file = client.makefile("rb")
        assert file.read(10) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack("!L", file.read(4))[0]:
            content += file.read(size)
            if len(content) > self.most:
                client.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                return
        self.scanned += 1
        verdict = b"stream: Test-Virus-1 FOUND\0" if VIRUS in content else b"stream: OK\0"
        client.sendall(self.nonsense or verdict)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # closed before
            self.line.shutdown(socket.SHUT_RDWR)
        self.line.close()
        self.thread.join(5)


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    made = Daemon()
    scanning.set_scanner(made.address)
    yield made
    scanning.set_scanner("")
    made.close()


@pytest.fixture
def need(company: Any) -> Any:
    return company.make("requirement", "clerk_mkt")


@pytest.fixture
def attach(company: Any, need: Any) -> Any:
    def attached(content: bytes, name: str = "a.txt") -> dict[str, Any]:
        upload = files.Upload(name, io.BytesIO(content))
        return files.attach(type(need), need.id, "", upload, actor=company.actor("clerk_mkt"))

    return attached


def opens(company: Any, login: str, file: dict[str, Any]) -> bool:
    try:
        files.open_for(file["_id"], actor=company.actor(login))
        file_viewing.look(file["_id"], actor=company.actor(login))
    except Forbidden:
        return False
    return True


def informed(db: Any, company: Any) -> list[str]:
    rows = db[notices.COLLECTION].find({"kind": "alarm"})
    logins = {id: login for login, id in company.users.items()}
    return sorted(logins[row["person"]] for row in rows)


def test_others_wait_for_the_scan_and_then_open_it(daemon, company, attach, db):
    file = attach("可以找到".encode())
    assert (opens(company, "clerk_mkt", file), opens(company, "management", file)) == (True, False)
    assert work_off("files.read") == {"clean": 1, "read": 1}
    assert opens(company, "management", file)
    assert daemon.scanned == 1
    assert informed(db, company) == []


def test_what_is_infected_is_opened_by_nobody_and_said(daemon, company, attach, need, db):
    file = attach(VIRUS)
    assert work_off("files.read") == {"infected": 1}
    for login in ("clerk_mkt", "management", "head_mkt"):
        assert not opens(company, login, file)
    assert informed(db, company) == ["clerk_mkt", "it"]
    texts = [row["text"]["en"] for row in db[notices.COLLECTION].find({"person": company.users["it"]})]
    assert "a.txt" not in texts[0]
    assert need.number not in texts[0]
    assert db[file_text.COLLECTION].count_documents({}) == 0
    assert file_search.find(company.actor("clerk_mkt"), [type(need)], "stands for").hits == ()
    scanning.set_scanner("")
    assert not opens(company, "clerk_mkt", file)


def test_while_the_scanner_is_away_files_wait_and_it_is_told_once(daemon, company, attach, db):
    daemon.close()
    files_ = [attach(b"one"), attach(b"two")]
    assert work_off("files.read") == {"waiting": 2}
    assert do("files.scan") == {"waiting": 1}
    assert informed(db, company) == ["it"]
    assert not opens(company, "management", files_[0])
    back = Daemon()
    scanning.set_scanner(back.address)
    try:
        back.nonsense = b"what?\0"
        assert do("files.scan") == {"waiting": 1}
        back.nonsense = b""
        assert do("files.scan") == {"clean": 2}
        assert do("files.scan") == {}
    finally:
        back.close()
    assert all(opens(company, "management", file) for file in files_)
    assert file_text.text_of(files_[1]["_id"]) == "two"


def test_waiting_files_are_found_through_an_index(daemon, attach, db):
    attach(b"one")
    plan = db.file.find({"scan.state": scanning.WAITING, "removed_at": None}).sort("_id", 1).explain()
    assert "given_scan" in str(plan["queryPlanner"]["winningPlan"])


def test_what_is_too_large_for_the_scanner_says_so(daemon, company, attach):
    daemon.most = 100_000
    file = attach(bytes(900_000), "a.bin")
    work_off("files.read")
    (file,) = files.files_of(file["record_id"])
    assert scanning.state_of(file) == scanning.TOO_LARGE
    assert opens(company, "management", file)


def test_without_a_scanner_nothing_is_said_to_be_scanned(company, attach):
    file = attach(VIRUS)
    assert "scan" not in file
    work_off("files.read")
    assert opens(company, "management", file)
    assert do("files.scan") == {}


def test_a_scanner_that_is_no_longer_used_holds_nothing_back(daemon, company, attach):
    file = attach(b"one")
    scanning.set_scanner("")
    assert opens(company, "management", file)
    assert work_off("files.read") == {"read": 1}


@pytest.mark.parametrize("address", ["", "clamav:3310", "127.0.0.1:3310", "[::1]:3310", "/run/clamd.ctl", "unix:/x"])
def test_addresses(address, tmp_path):
    assert Settings(demo=True, data=tmp_path, clamav=address).clamav == address


@pytest.mark.parametrize("address", ["clamav", "http://clamav:3310", "a b:1", ":3310"])
def test_what_is_no_address(address, tmp_path):
    with pytest.raises((ValueError, SettingsError)):
        Settings(demo=True, data=tmp_path, clamav=address)
