"""Log-in accounts: the password hash of each user, whether it must be changed, and the epoch that ends all sessions."""

import datetime as dt
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db
from pymongo.errors import DuplicateKeyError

from admin_app.security import passwords
from admin_app.security.events import Event, record_event
from admin_app.security.sessions import end_all
from models.kernel.base import clock
from models.kernel.base import collections as names
from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import SYSTEM, department_by_code
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.organisation import Department, User

FIRST_PASSWORD_VALID = dt.timedelta(days=7)
LOGIN_MAX = 40

NO_DEPARTMENT = L("There is no department with the code {code}.", "沒有代碼為 {code} 的部門。")
HAS_ACCOUNT = L(
    "{login} can log in already; start a reset to get a new first password.",
    "{login} 已有賬號；如需新的初始密碼，請重置。",
)


def typed_login(text: str) -> str:
    """The login name that was meant: in small letters, without blanks around it, also when typed in full width."""
    return unicodedata.normalize("NFKC", text[: LOGIN_MAX * 4]).strip().lower()[:LOGIN_MAX]


def add_user(login: str, name: str, department_code: str, roles: Iterable[str]) -> str:
    """Let a user log in, creating their record if there is none; return the first password, which is kept nowhere.

    In a database without any department the named one is created, so that the first user can make the others.
    Raises Refused.
    """
    row = _users().find_one({"login": login})
    if row is None:
        facts = {"login": login, "name": name, "department": _department(department_code), "roles": list(roles)}
        user_id = changes.create(User, {**facts, "active": True}, actor=SYSTEM).id
    else:
        user_id = row["_id"]
    password = passwords.first_password()
    try:
        accounts().insert_one({"_id": user_id, "login": login, "epoch": 0, **_secret(password, must_change=True)})
    except DuplicateKeyError as clash:
        raise Refused(HAS_ACCOUNT(login=login)) from clash
    record_event(Event.ADDED, user=user_id)
    return password


def _department(code: str) -> ObjectId:
    found = department_by_code(code)
    if found is None and not Department._get_collection().find_one({}, {"_id": 1}):
        found = changes.create(Department, {"code": code, "name": code}, actor=SYSTEM).id
    if found is None:
        raise Refused(NO_DEPARTMENT(code=code))
    return found


def start_reset(login: str) -> str:
    """Replace a user's password by a first password, which is returned, and log them out everywhere. Raises Missing."""
    row = _users().find_one({"login": login})
    if row is None:
        raise Missing
    password = passwords.first_password()
    _write(row["_id"], login, password, must_change=True)
    record_event(Event.RESET, user=row["_id"])
    return password


def set_password(user_id: ObjectId, new: str, *, must_change: bool = False) -> int:
    """Give a user a new password and end all their sessions; return the epoch of new ones. Raises Missing, Refused."""
    row = _users().find_one({"_id": user_id})
    if row is None:
        raise Missing
    if problems := passwords.problems_of(new, row["login"]):
        raise Refused(None, {"new_password": problems})
    return _write(user_id, row["login"], new, must_change=must_change)


def open_demo_accounts(password: str) -> int:
    """Demo mode: let every user without an account log in with this password, hashed once; return how many."""
    known = accounts().distinct("_id")
    missing = list(_users().find({"_id": {"$nin": known}}, {"login": 1}))
    secret = _secret(password, must_change=False)
    if missing:
        accounts().insert_many([{"_id": row["_id"], "login": row["login"], "epoch": 0, **secret} for row in missing])
    return len(missing)


def log_out_everywhere(user_id: ObjectId) -> None:
    """End all sessions of a user, also those that begin at this moment."""
    accounts().update_one({"_id": user_id}, {"$inc": {"epoch": 1}})
    end_all(user_id)


def check(login: str, password: str) -> ObjectId | None:
    """The active user to whom this login and password belong. An unknown login costs a hash as well."""
    account = accounts().find_one({"login": login})
    is_right = passwords.verify(account["hash"] if account else _nobodys_hash(), password)
    if not account or not is_right or _is_stale(account) or find_active(account["_id"]) is None:
        return None
    if passwords.needs_rehash(account["hash"]):
        accounts().update_one(
            {"_id": account["_id"], "hash": account["hash"]}, {"$set": {"hash": passwords.hash_password(password)}}
        )
    return account["_id"]


def _is_stale(account: dict[str, Any]) -> bool:
    return account["must_change"] and clock.now() - account["changed_at"] > FIRST_PASSWORD_VALID


@lru_cache(maxsize=4)
def _hash_of_nobody(_profile: Any) -> str:
    return passwords.hash_password(passwords.first_password())


def _nobodys_hash() -> str:
    """A hash that no password fits, as expensive as the real ones."""
    return _hash_of_nobody(passwords.profile())


def find_account(user_id: ObjectId) -> dict[str, Any] | None:
    return accounts().find_one({"_id": user_id}, {"hash": 0})


def has_second_step(user_id: ObjectId) -> bool:
    """Whether a user has set up a second step of signing in."""
    return accounts().find_one({"_id": user_id, "factor": {"$exists": True}}, {"_id": 1}) is not None


def find_active(user_id: ObjectId) -> User | None:
    """The user record, unless it is disabled or in the bin."""
    row = _users().find_one({"_id": user_id, "active": True, "removed_at": None})
    return User._from_son(row) if row else None


def _write(user_id: ObjectId, login: str, password: str, *, must_change: bool) -> int:
    written = accounts().find_one_and_update(
        {"_id": user_id},
        {"$set": {"login": login, **_secret(password, must_change=must_change)}, "$inc": {"epoch": 1}},
        upsert=True,
        return_document=True,
    )
    end_all(user_id)
    return written["epoch"]


def _secret(password: str, *, must_change: bool) -> dict[str, Any]:
    return {"hash": passwords.hash_password(password), "must_change": must_change, "changed_at": clock.now()}


def accounts() -> Any:
    return get_db()[names.ACCOUNTS]


def _users() -> Any:
    return User._get_collection()
