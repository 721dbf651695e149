"""A mailbox that takes no password is read by a token (OAuth 2.0), and what is refused is said, without any secret."""

from __future__ import annotations

import base64
import http.server
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.operations import mailboxes
from models.operations.mailboxes import Mailbox
from tasks.messages import oauth
from tests.fixtures.doing import do
from tests.fixtures.read_mail import PASSWORD, USER, ImapServer
from tests.tasks.mail_in.conftest import NOW
from tests.tasks.mail_in.corpus import mail


class TokenServer(http.server.ThreadingHTTPServer):
    """A token endpoint on this machine, over TLS: what it was asked, and the tokens that it has given."""

    def __init__(self, imap: ImapServer):
        super().__init__(("127.0.0.1", 0), TokenAnswer)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(imap.cert, imap.key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.questions: list[dict[str, str]] = []
        self.given: set[str] = set()
        self.refreshing, self.status = "first", 200

    @property
    def url(self) -> str:
        return f"https://localhost:{self.server_address[1]}/token"


class TokenAnswer(http.server.BaseHTTPRequestHandler):
    """One question of a program."""

    server: TokenServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        question = {name: values[0] for name, values in parse_qs(body).items()}
        self.server.questions.append(question)
        answer: dict[str, Any] = {"error": "invalid_grant", "error_description": "the grant has ended"}
        if self.server.status == 200:
            token = f"token-{len(self.server.questions)}"
            self.server.given.add(token)
            answer = {"access_token": token, "expires_in": 3600, "refresh_token": self.server.refreshing}
        self.send_response(self.server.status)
        self.send_header("Location", "https://localhost:1/elsewhere")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_args: object) -> None:
        """Nothing is logged."""


class TokenFront:
    """A port of the IMAP server that speaks TLS and lets in by a token alone (XOAUTH2)."""

    def __init__(self, imap: ImapServer, given: set[str]):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(imap.cert, imap.key)
        self.listening = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.port, self.behind, self.given = self.listening.getsockname()[1], imap.port, given
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                front, _ = self.listening.accept()
            except OSError:
                return
            with front, socket.create_connection(("127.0.0.1", self.behind)) as back:
                self.let_in(front.makefile("rwb"), back.makefile("rwb"))

    def let_in(self, front: Any, back: Any) -> None:
        """Hand lines on, one question and its answers after the other; a token becomes the password of the server."""
        front.write(back.readline())
        front.flush()
        while question := front.readline():
            tag, _, rest = question.partition(b" ")
            if rest.startswith(b"AUTHENTICATE XOAUTH2"):
                front.write(b"+ \r\n")
                front.flush()
                said = base64.b64decode(front.readline()).decode()
                if said not in {f"user={USER}\1auth=Bearer {token}\1\1" for token in self.given}:
                    front.write(tag + b" NO [AUTHENTICATIONFAILED] no such token\r\n")
                    front.flush()
                    continue
                question = tag + f' LOGIN {USER} "{PASSWORD}"\r\n'.encode()
            elif rest.startswith(b"LOGIN"):
                front.write(tag + b" NO passwords are not taken\r\n")
                front.flush()
                continue
            back.write(question)
            back.flush()
            while answer := back.readline():
                front.write(answer)
                if answer.rstrip().endswith(b"}"):
                    size = int(answer.rstrip().rpartition(b"{")[2][:-1])
                    front.write(back.read(size))
                if answer.startswith(tag):
                    break
            front.flush()


@pytest.fixture
def endpoint(imap: ImapServer, mailbox: Mailbox) -> Iterator[TokenServer]:
    """The endpoint, and the mailbox set up to use it."""
    server = TokenServer(imap)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    front = TokenFront(imap, server.given)
    entry = {"login_by": "oauth", "token_url": server.url, "client_id": "guicheng", "client_secret": "very secret"}
    entry |= {"refresh_token": "first", "scope": "imap", "security": "tls", "port": front.port}
    changes.update(Mailbox, mailbox.id, entry, actor=SYSTEM, version=None)
    yield server
    server.shutdown()
    server.server_close()
    front.listening.close()


def test_a_mailbox_is_read_by_a_token_which_is_kept_and_renewed(
    mailbox: Mailbox, imap: ImapServer, endpoint: TokenServer
) -> None:
    imap.put(mail("one").as_bytes(), at=NOW)
    assert do("mail.read")["made"] == 1
    facts = {"client_id": "guicheng", "client_secret": "very secret", "scope": "imap"}
    assert endpoint.questions == [{"grant_type": "refresh_token", "refresh_token": "first", **facts}]
    imap.put(mail("two").as_bytes(), at=NOW)
    assert do("mail.read")["made"] == 1
    assert len(endpoint.questions) == 1, "the token is good for an hour"
    endpoint.given.clear()  # it ended early
    endpoint.refreshing = "second"
    imap.put(mail("three").as_bytes(), at=NOW)
    assert do("mail.read")["made"] == 1
    assert len(endpoint.questions) == 2
    assert Mailbox.objects.get(id=mailbox.id).refresh_token == "second"
    changes.update(Mailbox, mailbox.id, {"refresh_token": None}, actor=SYSTEM, version=None)
    imap.put(mail("four").as_bytes(), at=NOW)
    assert do("mail.read")["made"] == 1
    assert endpoint.questions[-1] == {"grant_type": "client_credentials", **facts}


@pytest.mark.parametrize(("status", "said"), [(400, "invalid_grant the grant"), (500, "invalid_grant"), (302, "")])
def test_what_the_endpoint_refuses_is_said_and_goes_nowhere_else(
    status: int, said: str, mailbox: Mailbox, imap: ImapServer, endpoint: TokenServer
) -> None:
    endpoint.status = status
    assert do("mail.read")["unreachable"] == 1
    problem = mailboxes.state_of(mailbox.id)["problem"]["en"]
    assert said in problem
    assert "secret" not in problem
    assert len(endpoint.questions) == 1
    endpoint.status = 200
    imap.put(mail("one").as_bytes(), at=NOW)
    assert do("mail.read")["made"] == 1
    assert mailboxes.state_of(mailbox.id)["problem"] is None


def test_a_token_that_the_mailbox_refuses_is_asked_for_once_and_said(mailbox: Mailbox, endpoint: TokenServer) -> None:
    oauth.forget(mailbox)
    endpoint.given = set()  # given, and unknown to the mailbox
    assert do("mail.read")["unreachable"] == 1
    assert "no such token" in mailboxes.state_of(mailbox.id)["problem"]["en"]
    assert len(endpoint.questions) == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"token_url": "http://login.example.com/token"}, "token_url"),
        ({"token_url": "https://"}, "token_url"),
        ({"client_id": ""}, "client_id"),
        ({"client_secret": None, "refresh_token": None}, "client_secret"),
        ({"login_by": "password", "password": None}, "password"),
    ],
)
def test_what_is_missing_is_said_when_it_is_entered(values: Any, field: str, endpoint: Any, mailbox: Mailbox) -> None:
    with pytest.raises(Refused) as refused:
        changes.update(Mailbox, mailbox.id, values, actor=SYSTEM, version=None)
    assert list(refused.value.problems) == [field]
