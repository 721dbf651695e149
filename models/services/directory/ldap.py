"""LDAP and Active Directory: whose a name and a password are, and who works here.

The way is always TLS with a certificate that is checked, but on this machine. Somebody is searched for with the service
account and bound as the entry that was found, never as typed; referrals are not followed. An empty password is refused
here, since a server takes it for nobody's and says yes (RFC 4513, 5.1.2). Filters are escaped by RFC 4515. ldap3 is
loaded once a directory is asked.
"""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...kernel.base import clock
from ...kernel.base.words import L, Words
from .source import Branch, DirectoryAnswer, DirectoryAway, DirectoryEntry

if TYPE_CHECKING:
    from .ldap_lines import Attributes, LdapLine

CONNECT_SECONDS, ANSWER_SECONDS = 5, 10
PEOPLE_MAX = 100_000
NAME_MAX = 256
DIRECTORY = L("Company directory", "公司目錄")
_DISABLED, _LOCKED = 0x2, 0x10
_NEVER = (0, 0x7FFFFFFFFFFFFFFF)
_LOCKED_FOR_GOOD = "000001010000Z"
_SINCE_1601 = dt.datetime(1601, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Naming:
    """How one kind of directory calls what is asked for; `subject` is given once and to nobody else."""

    people: str
    login: str
    subject: str
    name: tuple[str, ...]
    department: str
    flags: tuple[str, ...]

    @property
    def attributes(self) -> list[str]:
        """All that is asked for."""
        own = [self.login, self.subject, *self.name, self.department, *self.flags]
        return [*own, "mail", "telephoneNumber", "manager", "memberOf"]


KINDS = {
    "ad": Naming(
        people="(sAMAccountType=805306368)",  # an account of a person, and of no machine,
        login="sAMAccountName",
        subject="objectGUID",
        name=("displayName", "cn"),
        department="department",
        flags=("userAccountControl", "msDS-User-Account-Control-Computed", "accountExpires", "lockoutTime"),
    ),
    "ldap": Naming(
        people="(objectClass=inetOrgPerson)",
        login="uid",
        subject="entryUUID",
        name=("displayName", "cn"),
        department="departmentNumber",
        flags=("pwdAccountLockedTime", "shadowExpire", "nsAccountLock"),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Ldap:
    """One directory. `security`: tls from the first byte, starttls, or none on this machine alone; `people`: a filter
    of those who belong here, in the place of the kind's own."""

    host: str
    port: int
    security: str
    base: str
    user: str
    password: str = field(repr=False)
    kind: str = "ad"
    ca: str = ""
    people: str = ""
    name: Words = DIRECTORY

    @property
    def issuer(self) -> str:
        """The domain that the base stands in, so that another server of it is the same directory."""
        parts = [part.strip().lower() for part in self.base.split(",")]
        domain = ".".join(part[3:] for part in parts if part.startswith("dc="))
        return f"ldap:{domain or ','.join(parts)}"

    def proven(self, login: str, password: str) -> DirectoryEntry | None:
        """Whose name and password these are; None where they are not, or are of somebody who may not sign in. It takes
        as long for a name that nobody has. Raises DirectoryAway."""
        if not password or "\0" in password or not login or len(login) > NAME_MAX:
            return None
        with self._bound() as line:
            rows = self._searched(line, self._by(self._kind.login, _lines().escaped(login)), most=2)
            dn = rows[0][0] if len(rows) == 1 else f"cn={secrets.token_hex(8)},{self.base}"
            if not self._binds(dn, password) or len(rows) != 1:
                return None
            now = self._searched(line, self._by_subject(_subject(self._kind, rows[0][1])), most=2)
        entry = self._entry(now[0][1], {}) if len(now) == 1 else None
        return entry if entry and entry.is_active and not _is_locked(now[0][1]) else None

    def find(self, subject: str) -> DirectoryEntry | None:
        """One person by the key of their entry."""
        with self._bound() as line:
            rows = self._searched(line, self._by_subject(subject), most=2)
        return self._entry(rows[0][1], {}) if len(rows) == 1 else None

    def read(self) -> DirectoryAnswer:
        """Everybody, page by page; what a server breaks off is no answer."""
        with self._bound() as line:
            rows = self._searched(line, self._people, most=PEOPLE_MAX)
        by_dn = {dn.lower(): _subject(self._kind, held) for dn, held in rows}
        people = tuple(self._entry(held, by_dn) for _, held in rows)
        names = sorted({entry.department for entry in people if entry.department})
        return DirectoryAnswer(people=people, branches=tuple(Branch(key=name, name=name) for name in names))

    @property
    def _kind(self) -> Naming:
        return KINDS[self.kind]

    @property
    def _people(self) -> str:
        return self.people or self._kind.people

    def _by(self, attribute: str, escaped: str) -> str:
        return f"(&{self._people}({attribute}={escaped}))"

    def _by_subject(self, subject: str) -> str:
        try:
            key = uuid.UUID(subject)
        except ValueError as problem:
            raise DirectoryAway("no key of this directory") from problem
        is_binary = self._kind.subject == "objectGUID"
        escaped = "".join(f"\\{byte:02x}" for byte in key.bytes_le) if is_binary else str(key)
        return self._by(self._kind.subject, escaped)

    def _entry(self, held: Attributes, by_dn: Mapping[str, str]) -> DirectoryEntry:
        kind = self._kind
        names = (_first(held, name) for name in kind.name)
        return DirectoryEntry(
            subject=_subject(kind, held),
            login=_first(held, kind.login).lower(),
            name=next((name for name in names if name), _first(held, kind.login)),
            is_active=not (_is_disabled(held) or _is_expired(held)),
            department=_first(held, kind.department),
            mail=_first(held, "mail"),
            phone=_first(held, "telephoneNumber"),
            manager=by_dn.get(_first(held, "manager").lower(), ""),
            groups=tuple(sorted(_text(value).lower() for value in held.get("memberof", ()))),
        )

    @contextmanager
    def _bound(self) -> Iterator[LdapLine]:
        """A way to the directory as the service account."""
        line = self._line(self.user, self.password)
        try:
            if not line.binds():
                raise DirectoryAway("the service account is not taken")
            yield line
        finally:
            line.close()

    def _binds(self, dn: str, password: str) -> bool:
        line = self._line(dn, password)
        try:
            return line.binds()
        finally:
            line.close()

    def _line(self, user: str, password: str) -> LdapLine:
        seconds = (CONNECT_SECONDS, ANSWER_SECONDS)
        known = {"security": self.security, "ca": self.ca, "user": user, "password": password}
        return _lines().LdapLine(self.host, self.port, **known, seconds=seconds)

    def _searched(self, line: LdapLine, query: str, *, most: int) -> list[tuple[str, Attributes]]:
        return line.search(self.base, query, self._kind.attributes, most=most)


def _lines() -> Any:
    """The library, which is loaded once there is a directory to ask."""
    from . import ldap_lines  # noqa: PLC0415 - a tenth of a second that only those pay who have a directory

    return ldap_lines


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace").strip()


def _first(held: Attributes, name: str) -> str:
    values = held.get(name.lower()) or [b""]
    return _text(values[0])


def _subject(kind: Naming, held: Attributes) -> str:
    raw = (held.get(kind.subject.lower()) or [b""])[0]
    try:
        return str(uuid.UUID(bytes_le=raw) if kind.subject == "objectGUID" else uuid.UUID(_text(raw)))
    except ValueError as problem:
        raise DirectoryAway("an entry without its key") from problem


def _whole(held: Attributes, name: str) -> int:
    text = _first(held, name)
    return int(text) if text.lstrip("-").isdigit() else 0


def _is_disabled(held: Attributes) -> bool:
    """By the flag of Active Directory, the policy of OpenLDAP, or that of 389."""
    return bool(
        _whole(held, "userAccountControl") & _DISABLED
        or _first(held, "pwdAccountLockedTime") == _LOCKED_FOR_GOOD
        or _first(held, "nsAccountLock").lower() == "true"
    )


def _is_expired(held: Attributes) -> bool:
    """By the hundreds of nanoseconds since 1601 of Active Directory, or the days since 1970 of shadow accounts."""
    ticks = _whole(held, "accountExpires")
    if ticks not in _NEVER and ticks <= (clock.now() - _SINCE_1601).total_seconds() * 10_000_000:
        return True
    days = _whole(held, "shadowExpire") if _first(held, "shadowExpire") else -1
    return 0 <= days <= (clock.today() - dt.date(1970, 1, 1)).days


def _is_locked(held: Attributes) -> bool:
    """For a time, after wrong passwords; whoever has just been bound and is none the less was not let in by it."""
    return bool(_whole(held, "msDS-User-Account-Control-Computed") & _LOCKED or _whole(held, "lockoutTime") > 0)
