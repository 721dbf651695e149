"""The way to an LDAP server, by ldap3: opened, encrypted, bound, searched. Loaded once a directory is asked."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Mapping, Sequence
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPException
from ldap3.utils.conv import escape_filter_chars

from .source import DirectoryAway

PAGE = 500
_PAGED = "1.2.840.113556.1.4.319"
_SUCCESS, _NO_SUCH, _WRONG = 0, 32, 49

Attributes = Mapping[str, list[bytes]]


class CheckedTls(ldap3.Tls):
    """TLS as Python sets it up, which checks the name of the server, an address among them, and closes what fails."""

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        context = ssl.create_default_context(cafile=self.ca_certs_file)
        connection.socket = context.wrap_socket(connection.socket, server_hostname=connection.server.host)
        self.peer_certificate = connection.socket.getpeercert(binary_form=True)


class LdapLine:
    """One connection as one account; `seconds`: for the connection, for an answer. Raises DirectoryAway."""

    def __init__(  # noqa: PLR0913 - what a connection is made of
        self, host: str, port: int, *, security: str, ca: str, user: str, password: str, seconds: tuple[int, int]
    ):
        tls = CheckedTls(validate=ssl.CERT_REQUIRED, ca_certs_file=ca or None)
        options = {"use_ssl": security == "tls", "tls": tls, "get_info": ldap3.NONE, "connect_timeout": seconds[0]}
        self.seconds = seconds[1]
        self.line = ldap3.Connection(
            ldap3.Server(host, port, **options),
            user,
            password,
            authentication=ldap3.SIMPLE,
            auto_referrals=False,
            receive_timeout=seconds[1],
            read_only=True,
        )
        try:
            _called(self.line.open)
            if security == "starttls" and not _called(self.line.start_tls):
                raise DirectoryAway("no StartTLS")
        except DirectoryAway:
            self.close()
            raise

    def binds(self) -> bool:
        """Whether the server takes name and password."""
        is_bound = bool(_called(self.line.bind))
        if not is_bound and self.line.result.get("result") not in (_WRONG, _NO_SUCH):
            raise DirectoryAway(f"bind: {self.line.result.get('description')}")
        return is_bound

    def search(self, base: str, query: str, names: Sequence[str], *, most: int) -> list[tuple[str, Attributes]]:
        """The entries that fit, by DN; whole, or DirectoryAway."""
        rows: list[tuple[str, Attributes]] = []
        cookie: Any = None
        while True:
            pages = {"paged_size": min(PAGE, most), "paged_cookie": cookie, "time_limit": self.seconds}
            _called(self.line.search, base, query, attributes=list(names), **pages)
            if self.line.result.get("result") != _SUCCESS:
                raise DirectoryAway(f"search: {self.line.result.get('description')}")
            rows += [(row["dn"], _lowered(row)) for row in self.line.response or () if row["type"] == "searchResEntry"]
            control = (self.line.result.get("controls") or {}).get(_PAGED, {})
            cookie = control.get("value", {}).get("cookie")
            if not cookie or (most < PAGE and len(rows) >= most):
                return rows
            if len(rows) > most:
                raise DirectoryAway("too many entries")

    def close(self) -> None:
        """Hang up, whatever state the line is in; the library leaves the socket of a line that it could not open."""
        with contextlib.suppress(DirectoryAway):
            _called(self.line.unbind)
        if self.line.socket is not None:
            with contextlib.suppress(OSError):
                self.line.socket.close()


def escaped(text: str) -> str:
    """A text as a value in a filter."""
    return str(escape_filter_chars(text))


def _called(what: Any, *args: Any, **options: Any) -> Any:
    """What a call of the library answers; whatever goes wrong on the way means that the directory does not answer."""
    try:
        return what(*args, **options)
    except (LDAPException, OSError, ValueError) as problem:
        raise DirectoryAway(f"{type(problem).__name__}: {problem}") from problem


def _lowered(row: Mapping[str, Any]) -> Attributes:
    return {name.lower(): list(values) for name, values in row["raw_attributes"].items()}
