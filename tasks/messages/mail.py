"""Makes mail and hands it to the mail server, saying for sure whether it was taken, refused, or nobody can know."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any

from models.kernel.base import clock
from models.kernel.base.words import L, Words
from models.mailing import MailSettings

TIMEOUT_SECONDS = 30
SUBJECT_MAX = 150
NO_ADDRESS = L("“{address}” is not a mail address.", "「{address}」不是郵箱地址。")
SERVER_AWAY = L("The mail server cannot be reached: {reason}", "無法連接郵件服務器：{reason}")
BROKEN_OFF = L("The connection broke before the answer: {reason}", "收到答覆前連接中斷：{reason}")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class NotSent(Exception):
    """Why a message is not known to have arrived: our words, or what the server said, as it stands."""

    def __init__(self, said: Words | str):
        super().__init__(str(said))
        self.said = said


class Unsent(NotSent):
    """Nothing was handed over; trying later is safe. `is_server`: no mail can be sent at the moment, not only this."""

    def __init__(self, said: Words | str, *, is_server: bool = False):
        super().__init__(said)
        self.is_server = is_server


class RefusedForGood(NotSent):
    """The mail server does not want this mail, and will not later."""


class NotSure(NotSent):
    """The connection broke after the mail was handed over and before the answer."""


@dataclass(frozen=True, kw_only=True)
class MailMessage:
    """A mail: to whom, what, and the id under which it stays the same mail when it is sent again. `thread`: what it
    answers to, as all mail about one matter; `answers`: the id of the message of its reader that it answers;
    `reply_to`: where an answer goes, if not to the sender; `stop`: the page on which its reader ends such mail;
    `calendar`: the same for calendar programs (RFC 6047), and `method` what it wants of them."""

    to: str
    name: str
    subject: str
    text: str
    key: str
    thread: str = ""
    answers: str = ""
    reply_to: str = ""
    stop: str = ""
    calendar: str = ""
    method: str = ""


def one_line(text: str) -> str:
    """A text that fits into a header: no line ends, no control characters, not too long."""
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return plain if len(plain) <= SUBJECT_MAX else f"{plain[: SUBJECT_MAX - 1]}…"


def is_address(text: str) -> bool:
    """Whether a text is an address that mail can be sent to."""
    return _ADDRESS.fullmatch(text) is not None


def message_of(letter: MailMessage, office: MailSettings) -> EmailMessage:
    """The mail as it is sent. Raises RefusedForGood when the address is none."""
    if not is_address(letter.to):
        raise RefusedForGood(NO_ADDRESS(address=one_line(letter.to)))
    message = EmailMessage(policy=_POLICY)
    try:
        user, _, domain = letter.to.rpartition("@")
        message["To"] = Address(one_line(letter.name), user, domain)
        message["From"] = office.sender
        message["Subject"] = one_line(letter.subject)
        message["Date"] = clock.now()
        message["Auto-Submitted"] = "auto-generated"
        for name, value in _answering(letter, office.sender.rpartition("@")[2]).items():
            message[name] = value
    except (ValueError, IndexError) as fault:
        raise RefusedForGood(NO_ADDRESS(address=one_line(letter.to))) from fault
    message.set_content("\n".join(letter.text.splitlines()) + "\n", cte="base64")
    if letter.calendar:
        kind = {"method": letter.method, "component": "VEVENT"}
        message.add_alternative(letter.calendar, subtype="calendar", cte="base64", params=kind)
    return message


def _answering(letter: MailMessage, domain: str) -> dict[str, str]:
    """The headers by which programs know a mail again, keep it with others, and let its reader end them."""
    headers = {"Message-ID": f"<{letter.key}@{domain}>"}
    if letter.thread:
        thread = f"<{letter.thread}@{domain}>"
        answered = f"<{letter.answers}>" if letter.answers else ""
        headers |= {"In-Reply-To": answered or thread, "References": f"{thread} {answered}".strip()}
    if letter.reply_to:
        headers["Reply-To"] = letter.reply_to
    if letter.stop:
        headers |= {"List-Unsubscribe": f"<{letter.stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return headers


class _IdPolicy(EmailPolicy):
    """Writes ids on one line: broken into several, one that is longer than a line would be no id any more."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower() in ("message-id", "in-reply-to", "references"):
            return f"{name}: {value}\r\n".encode()
        return super().fold_binary(name, value)


_POLICY = _IdPolicy(linesep="\r\n")


class Mailer:
    """A connection to the mail server, made when the first mail goes out."""

    def __init__(self, office: MailSettings):
        self.office = office
        self._line: smtplib.SMTP | None = None

    def __enter__(self) -> Mailer:
        return self

    def __exit__(self, *_error: object) -> None:
        self._hang_up()

    def send(self, letter: MailMessage, before: Callable[[], None]) -> None:
        """Hand over a mail; `before` is called at the point of no return. Raises Unsent, RefusedForGood, NotSure."""
        message = message_of(letter, self.office)
        line = self._connected()
        try:
            _address(line, self.office.sender, letter.to)
        except OSError as problem:  # what smtplib raises is an OSError too
            self._hang_up()
            raise Unsent(SERVER_AWAY(reason=_said(problem)), is_server=True) from problem
        before()
        try:
            code, answer = line.data(message.as_bytes())
        except smtplib.SMTPDataError as refused:
            self._hang_up()
            raise _by_code(refused.smtp_code, refused.smtp_error) from refused
        except OSError as problem:
            self._hang_up()
            raise NotSure(BROKEN_OFF(reason=_said(problem))) from problem
        if code != 250:
            self._hang_up()
            raise _by_code(code, answer)

    def _connected(self) -> smtplib.SMTP:
        if self._line is None:
            try:
                self._line = _call(self.office)
            except OSError as problem:
                raise Unsent(SERVER_AWAY(reason=_said(problem)), is_server=True) from problem
        return self._line

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            try:
                line.quit()
            except OSError:  # the mail is sent or not whatever the goodbye says
                line.close()


def _call(office: MailSettings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if office.security == "tls":
        line: smtplib.SMTP = smtplib.SMTP_SSL(office.host, office.port, timeout=TIMEOUT_SECONDS, context=context)
    else:
        line = smtplib.SMTP(office.host, office.port, timeout=TIMEOUT_SECONDS)
    try:
        if office.security == "starttls":
            line.starttls(context=context)
        line.ehlo_or_helo_if_needed()
        if office.user:
            line.login(office.user, office.password)
    except OSError:
        line.close()
        raise
    return line


def _address(line: smtplib.SMTP, sender: str, to: str) -> None:
    """Name sender and recipient. Raises Unsent, RefusedForGood."""
    code, answer = line.mail(sender)
    if code == 250:
        code, answer = line.rcpt(to)
        if code in (250, 251):
            return
        line.rset()
        raise _by_code(code, answer)
    line.rset()
    raise Unsent(_text(code, answer), is_server=True)


def _by_code(code: int, answer: bytes | str) -> Exception:
    return RefusedForGood(_text(code, answer)) if 500 <= code < 600 else Unsent(_text(code, answer))


def _text(code: int, answer: bytes | str) -> str:
    said = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return one_line(f"{code} {said}")


def _said(problem: Exception) -> str:
    return one_line(f"{type(problem).__name__}: {problem}")
