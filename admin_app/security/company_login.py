"""Which person of the company an identity of the provider is: linked by that person, never by equal mail or name."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from flask import current_app, session
from pymongo.errors import DuplicateKeyError

from admin_app.security.account_rows import accounts
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.words import L, Words

if TYPE_CHECKING:
    from admin_app.security.openid import Proof, Provider
    from admin_app.settings import Settings

PENDING_SECONDS = 600
COMPANY_LOGIN = L("Company login", "公司統一登錄")
TAKEN = L("This company login is linked to another person here.", "此公司統一登錄已關聯到其他人員。")


@dataclass(frozen=True)
class CompanyLogin:
    """The way to sign in with the company's login; `only_passwords`: the login names that may use a password beside it,
    none: everybody."""

    name: Words
    issuer: str
    provider: Provider
    only_passwords: frozenset[str]
    public_url: str

    def may_use_password(self, login: str) -> bool:
        """Whether somebody may sign in by password."""
        return not self.only_passwords or login in self.only_passwords


def from_settings(settings: Settings) -> CompanyLogin | None:
    """The company's login as it is set; None where there is none."""
    if not settings.oidc_issuer:
        return None
    from admin_app.security.openid import Provider  # noqa: PLC0415 - half a second that only those pay who use it

    return CompanyLogin(
        name=settings.oidc_name or COMPANY_LOGIN,
        issuer=settings.oidc_issuer,
        provider=Provider(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret),
        only_passwords=frozenset(settings.password_logins),
        public_url=settings.public_url,
    )


def company_login() -> CompanyLogin | None:
    """The company's login of this application, if it has one."""
    known: CompanyLogin | None = current_app.extensions.get("company_login")
    return known


def person_of(issuer: str, subject: str) -> ObjectId | None:
    """Whose an identity is; None: nobody's here."""
    row = accounts().find_one({"identity.issuer": issuer, "identity.subject": subject}, {"_id": 1})
    return row["_id"] if row else None


def identity_of(user_id: ObjectId) -> dict[str, Any] | None:
    """With which identity somebody signs in, and since when."""
    row = accounts().find_one({"_id": user_id}, {"identity": 1})
    return row.get("identity") if row else None


def link(user_id: ObjectId, identity: dict[str, str]) -> None:
    """Let a person sign in with an identity of the provider. Raises Refused where it is another person's."""
    facts = {name: identity[name] for name in ("issuer", "subject", "name")}
    try:
        accounts().update_one({"_id": user_id}, {"$set": {"identity": {**facts, "since": clock.now()}}})
    except DuplicateKeyError as clash:
        raise Refused(TAKEN) from clash


def unlink(user_id: ObjectId) -> bool:
    """Let nobody sign in as this person with the company's login any more; whether somebody could."""
    result = accounts().update_one({"_id": user_id, "identity": {"$exists": True}}, {"$unset": {"identity": ""}})
    return bool(result.modified_count)


def keep_pending(proof: Proof) -> None:
    """Remember for some minutes who was shown to this browser, for whoever says that it is them."""
    session["identity"] = {"issuer": proof.issuer, "subject": proof.subject, "name": proof.name, "at": time.time()}


def pending() -> dict[str, str] | None:
    """The identity that was shown to this browser some minutes ago and that nobody has linked."""
    kept: dict[str, Any] = session.get("identity") or {}
    return kept if kept and time.time() - kept["at"] < PENDING_SECONDS else None
