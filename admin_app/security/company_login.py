"""Which person of the company an identity of a provider is: linked by that person, never by equal mail or name.

An account has one identity for each issuer. Those that were linked when there could be one alone are read, too.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bson import ObjectId
from flask import current_app, request, session, url_for
from pymongo.errors import DuplicateKeyError

from admin_app.directories import directories_of
from admin_app.security.account_rows import accounts
from admin_app.security.proofs import Flow, Proof
from admin_app.settings import Settings
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.words import L, Words
from models.services.directory.dingtalk import DingTalk
from models.services.directory.ldap import Ldap
from models.services.directory.source import sources
from models.services.directory.wecom import WeCom

PENDING_SECONDS = 600
COMPANY, DIRECTORY = "company", "directory"
COMPANY_LOGIN = L("Company login", "公司統一登錄")
TAKEN = L("This company login is linked to another person here.", "此公司統一登錄已關聯到其他人員。")


class LoginProvider(Protocol):
    """Where a browser is sent to show who its person is."""

    def begin(self, back: str, *, is_anew: bool = False) -> tuple[str, Flow]:
        """The address to send a browser to, and what it keeps. Raises Unreachable."""

    def finish(self, flow: Flow | None, given: Mapping[str, str], back: str) -> Proof:
        """Who came back. Raises Unproven, Unreachable."""


@dataclass(frozen=True)
class LoginWay:
    """One way to show who one is; `key` stands in its address. Without a provider it is the directory, whose names and
    passwords are typed here."""

    key: str
    name: Words
    issuer: str
    provider: Any

    @property
    def url(self) -> str:
        """Where its button leads."""
        return f"/login/{self.key}"


@dataclass(frozen=True)
class CompanyLogin:
    """The ways to sign in with what people have elsewhere; `only_passwords`: the login names that may use a password
    beside them, none: everybody."""

    ways: tuple[LoginWay, ...]
    only_passwords: frozenset[str]
    public_url: str

    def may_use_password(self, login: str) -> bool:
        """Whether somebody may sign in by password."""
        return not self.only_passwords or login in self.only_passwords

    def way(self, key: str) -> LoginWay | None:
        return next((way for way in self.ways if way.key == key), None)


def from_settings(settings: Settings) -> CompanyLogin | None:
    """The ways as they are set; None where there is none."""
    ways = tuple(_ways(settings))
    if not ways:
        return None
    return CompanyLogin(ways, frozenset(settings.password_logins), settings.public_url)


def _ways(settings: Settings) -> Sequence[LoginWay]:
    ways: list[LoginWay] = []
    if settings.oidc_issuer:
        from admin_app.security.openid import Provider as OpenId  # noqa: PLC0415 - half a second for those who use it

        provider = OpenId(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret)
        ways.append(LoginWay(COMPANY, settings.oidc_name or COMPANY_LOGIN, settings.oidc_issuer, provider))
    for source in directories_of(settings):
        if isinstance(source, Ldap):
            ways.append(LoginWay(DIRECTORY, source.name, source.issuer, None))
        elif isinstance(source, WeCom | DingTalk):
            from admin_app.security.vendor_login import VendorLogin  # noqa: PLC0415 - for those who use it

            ways.append(LoginWay(source.key, source.name, source.issuer, VendorLogin(source)))
    return ways


def company_login() -> CompanyLogin | None:
    """The ways of this application, if it has any."""
    known: CompanyLogin | None = current_app.extensions.get("company_login")
    return known


def back_of(way: LoginWay) -> str:
    """The address to which people come back from there."""
    offered = company_login()
    base = ((offered.public_url if offered else "") or request.host_url).rstrip("/")
    return base + url_for("security.company_return", key=way.key)


def directory() -> Ldap | None:
    """The directory whose names and passwords are typed here."""
    return next((source for source in sources() if isinstance(source, Ldap)), None)


def identities_in(account: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The identities that stand in an account, as one or as a list."""
    kept = (account or {}).get("identity") or []
    return [kept] if isinstance(kept, Mapping) else list(kept)


def person_of(issuer: str, subject: str) -> ObjectId | None:
    """Whose an identity is; None: nobody's here."""
    for row in accounts().find({"identity.issuer": issuer, "identity.subject": subject}, {"identity": 1}):
        if any((own["issuer"], own["subject"]) == (issuer, subject) for own in identities_in(row)):
            return row["_id"]
    return None


def identities_of(user_id: ObjectId) -> list[dict[str, Any]]:
    """With which identities somebody signs in, and since when."""
    return identities_in(accounts().find_one({"_id": user_id}, {"identity": 1}))


def link(user_id: ObjectId, identity: Mapping[str, Any]) -> None:
    """Let a person sign in with an identity, in the place of another of that issuer. Raises Refused where it is another
    person's."""
    facts = {name: identity[name] for name in ("issuer", "subject", "name")}
    others = _without(identity["issuer"])
    fresh = {"$concatArrays": [others, [{"$literal": {**facts, "since": clock.now()}}]]}
    try:
        accounts().update_one({"_id": user_id}, [{"$set": {"identity": fresh}}])
    except DuplicateKeyError as clash:
        raise Refused(TAKEN) from clash


def unlink(user_id: ObjectId, issuer: str = "") -> bool:
    """Let nobody sign in as this person with an identity of this issuer any more, or of any; whether somebody could."""
    query = {"_id": user_id, **({"identity.issuer": issuer} if issuer else {"identity": {"$exists": True}})}
    rest: Any = {"$cond": [{"$eq": [_without(issuer), []]}, "$$REMOVE", _without(issuer)]}
    change: Any = [{"$set": {"identity": rest}}] if issuer else {"$unset": {"identity": ""}}
    return bool(accounts().update_one(query, change).modified_count)


def _without(issuer: str) -> dict[str, Any]:
    """The identities of an account but for those of an issuer, as a list."""
    kept = {"$ifNull": ["$identity", []]}
    rows = {"$cond": [{"$isArray": kept}, kept, [kept]]}
    return {"$filter": {"input": rows, "cond": {"$ne": ["$$this.issuer", {"$literal": issuer}]}}}


def keep_pending(proof: Proof) -> None:
    """Remember for some minutes who was shown to this browser, for whoever says that it is them."""
    session["identity"] = {"issuer": proof.issuer, "subject": proof.subject, "name": proof.name, "at": time.time()}


def pending() -> dict[str, str] | None:
    """The identity that was shown to this browser some minutes ago and that nobody has linked."""
    kept: dict[str, Any] = session.get("identity") or {}
    return kept if kept and time.time() - kept["at"] < PENDING_SECONDS else None


def directory_name() -> Words:
    """How the directory is called."""
    known = directory()
    return known.name if known else COMPANY_LOGIN


def is_linked_there(user_id: ObjectId) -> bool:
    """Whether somebody has a password in the directory that is theirs here, too."""
    known = directory()
    return known is not None and any(own["issuer"] == known.issuer for own in identities_of(user_id))


def confirms_there(user_id: ObjectId, password: str) -> bool:
    """Whether it is the directory's password of this person. Raises DirectoryAway."""
    known = directory()
    own = next((own for own in identities_of(user_id) if known and own["issuer"] == known.issuer), None)
    entry = known.find(own["subject"]) if known and own and password else None
    proven = known.proven(entry.login, password) if known and entry else None
    return proven is not None and own is not None and proven.subject == own["subject"]
