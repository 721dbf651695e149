"""Reads a mailbox by IMAP over TLS: which messages are new, how large each is, and one after the other as it stands.

A message is looked at without marking it, unless the mailbox says so; nothing is ever deleted or moved.
"""

from __future__ import annotations

import datetime as dt
import imaplib
import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass

from imap_tools import MailBox, MailBoxStartTls
from imap_tools.errors import ImapToolsError, MailboxLoginError

from models.kernel.base import clock
from models.kernel.base.words import L, Words
from models.operations.mailboxes import OAUTH, Mailbox

from . import oauth
from .mail import one_line

TIMEOUT_SECONDS = 30
HEAD_MAX = 64 * 1024
BATCH = 100
AWAY = L("The mailbox cannot be reached: {reason}", "無法連接收信郵箱：{reason}")
NO_LOGIN = L("The server refuses user name or password: {reason}", "服務器拒絕用戶名或密碼：{reason}")
NO_FOLDER = L("The folder cannot be opened: {reason}", "無法打開文件夾：{reason}")
NO_PASSWORD = L("The password cannot be read; it has to be given anew.", "密碼無法讀取，須重新填寫。")
_NUMBER = re.compile(rb"\bUID (\d+)\b")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)\b")
_DAYS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
FAULTS = (OSError, imaplib.IMAP4.error, ImapToolsError, ssl.SSLError)


class MailboxAway(Exception):
    """A mailbox that cannot be read now. `is_ours`: until somebody corrects its entry; else it may come back."""

    def __init__(self, said: Words, *, is_ours: bool = False):
        super().__init__(str(said))
        self.said, self.is_ours = said, is_ours


@dataclass(frozen=True)
class UnreadMail:
    """A message in a mailbox that was not read yet."""

    uid: int
    size: int
    received_at: dt.datetime


class ImapFolder:
    """An open folder of a mailbox. All methods raise MailboxAway when the server goes away."""

    def __init__(self, mailbox: Mailbox):
        self.mailbox = mailbox
        self.validity = 0
        self._box: MailBox | MailBoxStartTls | None = None

    def __enter__(self) -> ImapFolder:
        try:
            self._open()
        except MailboxAway:
            self._close()
            raise
        except FAULTS as fault:
            self._close()
            raise MailboxAway(AWAY(reason=_words(fault))) from fault
        return self

    def __exit__(self, *_error: object) -> None:
        self._close()

    def _open(self) -> None:
        entry = self.mailbox
        try:
            box = self._sign_in()
        except MailboxLoginError as fault:
            raise MailboxAway(NO_LOGIN(reason=_words(fault)), is_ours=True) from fault
        self._say_who()
        try:
            box.folder.set(entry.folder, readonly=not entry.mark_seen)
            self.validity = box.folder.status(entry.folder, ["UIDVALIDITY"]).get("UIDVALIDITY", 0)
        except ImapToolsError as fault:
            raise MailboxAway(NO_FOLDER(reason=_words(fault)), is_ours=True) from fault

    def _sign_in(self) -> MailBox | MailBoxStartTls:
        """Sign in by password, or by a token; one from before that is refused may have ended early, so that a fresh one
        is tried. Raises MailboxLoginError."""
        if self.mailbox.login_by != OAUTH:
            return self._connected().login(self.mailbox.user, self._password(), initial_folder=None)
        try:
            is_old, token = oauth.is_kept(self.mailbox), oauth.access_token(self.mailbox)
        except ssl.SSLError:
            raise  # a certificate of nobody's is a ValueError, too
        except ValueError as fault:
            raise MailboxAway(NO_PASSWORD, is_ours=True) from fault
        except oauth.NoToken as missing:
            raise MailboxAway(missing.said, is_ours=missing.is_ours) from missing
        try:
            return self._show(token)
        except MailboxLoginError:
            oauth.forget(self.mailbox)
            if not is_old:
                raise
            self._close()
            return self._sign_in()

    def _password(self) -> str:
        try:
            return str(self.mailbox.password)
        except ValueError as fault:
            raise MailboxAway(NO_PASSWORD, is_ours=True) from fault

    def _connected(self) -> MailBox | MailBoxStartTls:
        entry, context = self.mailbox, ssl.create_default_context()
        kind = MailBox if entry.security == "tls" else MailBoxStartTls
        self._box = kind(entry.host, entry.port, timeout=TIMEOUT_SECONDS, ssl_context=context)
        return self._box

    def _show(self, token: str) -> MailBox | MailBoxStartTls:
        try:
            return self._connected().xoauth2(self.mailbox.user, token, initial_folder=None)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as refused:
            raise MailboxLoginError(("NO", [str(refused).encode()]), "OK") from refused

    def _say_who(self) -> None:
        """Some providers open no folder to a program that does not name itself (RFC 2971)."""
        client = self.client
        if "ID" in client.capabilities or self.mailbox.host.endswith((".163.com", ".126.com", ".yeah.net")):
            client.xatom("ID", '("name" "Guicheng" "version" "1")')

    @property
    def client(self) -> imaplib.IMAP4:
        """The connection."""
        if self._box is None:
            raise MailboxAway(AWAY(reason=""))
        client: imaplib.IMAP4 = self._box.client
        return client

    def waiting(self, after: int, since: dt.date) -> Iterator[UnreadMail]:
        """The messages with a UID above one that were received from a day on, in the order of their UIDs."""
        day = f"{since.day:02d}-{_DAYS[since.month - 1]}-{since.year}"
        raw = self._command("SEARCH", f"UID {after + 1}:*", "SINCE", day)
        uids = sorted({int(word) for part in raw if isinstance(part, bytes) for word in part.split() if word.isdigit()})
        uids = [uid for uid in uids if uid > after]
        for at in range(0, len(uids), BATCH):
            yield from self._facts(uids[at : at + BATCH])

    def _facts(self, uids: list[int]) -> list[UnreadMail]:
        rows = self._command("FETCH", ",".join(map(str, uids)), "(UID RFC822.SIZE INTERNALDATE)")
        known: dict[int, UnreadMail] = {}
        for row in rows:
            text = row if isinstance(row, bytes) else b" ".join(row) if isinstance(row, tuple) else b""
            number, size = _NUMBER.search(text), _SIZE.search(text)
            if number and size:
                known[int(number[1])] = UnreadMail(int(number[1]), int(size[1]), _received(text))
        return [known[uid] for uid in uids if uid in known]

    def message(self, uid: int) -> bytes | None:
        """A message as it stands; None where it is gone."""
        return self._content(uid, "BODY.PEEK[]")

    def head(self, uid: int) -> bytes | None:
        """The beginning of the head of a message; None where it is gone."""
        return self._content(uid, f"BODY.PEEK[HEADER]<0.{HEAD_MAX}>")

    def _content(self, uid: int, what: str) -> bytes | None:
        rows = self._command("FETCH", str(uid), f"(UID {what})")
        return next((bytes(row[1]) for row in rows if isinstance(row, tuple) and len(row) > 1), None)

    def mark_seen(self, uid: int) -> None:
        """Mark a message as seen."""
        self._command("STORE", str(uid), "+FLAGS.SILENT", "(\\Seen)")

    def _command(self, command: str, *args: str) -> list[bytes | tuple[bytes, ...] | None]:
        try:
            answer, rows = self.client.uid(command, *args)
        except FAULTS as fault:
            raise MailboxAway(AWAY(reason=_words(fault))) from fault
        if answer != "OK":
            raise MailboxAway(AWAY(reason=_words(rows)))
        return list(rows)

    def _close(self) -> None:
        box, self._box = self._box, None
        if box is not None:
            try:
                box.client.shutdown() if box.client.state == "NONAUTH" else box.logout()
            except FAULTS:  # what was read is read whatever the goodbye says
                return


def _received(text: bytes) -> dt.datetime:
    """When the server received a message, whatever the message says itself; now, where it does not say it either."""
    try:
        moment = imaplib.Internaldate2tuple(text)
        at = dt.datetime.fromtimestamp(time.mktime(moment), dt.UTC) if moment else clock.now()
    except (ValueError, OverflowError, OSError):
        return clock.now()
    return min(max(at, dt.datetime(1970, 1, 2, tzinfo=dt.UTC)), clock.now())


def _words(fault: object) -> str:
    return one_line(f"{type(fault).__name__}: {fault}" if isinstance(fault, Exception) else str(fault))
