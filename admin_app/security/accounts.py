"""Log-in accounts: the password hash of each user, whether it must be changed, and the epoch that ends all sessions."""

import datetime as dt
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from admin_app.security import company_login, passwords, second_factor
from admin_app.security.account_rows import accounts
from admin_app.security.events import Event, record_event
from admin_app.security.sessions import end_all
from models import one_time_links, second_person
from models.kernel.base import clock
from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import SYSTEM, Actor, department_by_code
from models.kernel.base.words import L, Words
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.organisation import Department, User

FIRST_PASSWORD_VALID = dt.timedelta(days=7)
LOGIN_MAX = 40

NO_DEPARTMENT = L("There is no department with the code {code}.", "沒有代碼為 {code} 的部門。")
HAS_ACCOUNT = L(
    "{login} can log in already; start a reset to get a new first password.",
    "{login} 已有賬號；如需新的初始密碼，請重置。",
)

THE_COMMAND = L("who runs the server, by command", "服務器管理者（以命令）")
RESET_BY = L(
    "The password of {name} was reset by {actor}; the old one is no longer valid.",
    "{actor} 重置了 {name} 的密碼，原密碼已失效。",
)
ADDED_BY = L("{name} was given a login by {actor}.", "{actor} 為 {name} 開通了登錄。")
COMPANY_OFF_BY = L("The company login of {name} was taken off by {actor}.", "{actor} 取消了 {name} 的公司統一登錄。")
STEP_OFF_BY = L("The second step of {name} was taken off by {actor}.", "{actor} 停用了 {name} 的兩步驗證。")


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
    _say_by_command(user_id, ADDED_BY)
    record_event(Event.ADDED, user=user_id)
    return password


def _department(code: str) -> ObjectId:
    id = department_by_code(code)
    if id is None and not Department._get_collection().find_one({}, {"_id": 1}):
        id = changes.create(Department, {"code": code, "name": code}, actor=SYSTEM).id
    if id is None:
        raise Refused(NO_DEPARTMENT(code=code))
    return id


def begin_reset(user: User, by: Actor) -> ObjectId | None:
    """Close a user's account and start the way to a new password, which leads past who asks for it: by mail (None), or
    through the person whose id is returned. Raises Refused when there is nobody."""
    giver = one_time_links.start(user, by)
    closing = {"$set": {"hash": ""}, "$unset": {"identity": ""}, "$inc": {"epoch": 1}}
    accounts().update_one({"_id": user.id}, closing)
    end_all(user.id)
    record_event(Event.RESET, user=user.id)
    second_person.tell(user, RESET_BY(name=user.name, actor=by.name))
    return giver


def step_off(user: User, by: Actor) -> bool:
    """Take a user's second step off and log them out everywhere; they and the supervisors are told."""
    was_on = second_factor.turn_off(user.id)
    log_out_everywhere(user.id)
    second_person.tell(user, STEP_OFF_BY(name=user.name, actor=by.name))
    return was_on


def close_account(user_id: ObjectId) -> None:
    """Let nobody sign in as this person by anything: password, company login, one-time link, a session that is open."""
    closing = {"$set": {"hash": "", "demo": False}, "$unset": {"identity": "", "link": ""}, "$inc": {"epoch": 1}}
    accounts().update_one({"_id": user_id}, closing)
    end_all(user_id)
    record_event(Event.CLOSED, user=user_id)


def has_company_login(user_id: ObjectId) -> bool:
    """Whether a user signs in with the company's login."""
    return bool(company_login.identities_of(user_id))


def company_login_off(user: User, by: Actor) -> bool:
    """Take a user's company login off and log them out everywhere; they and the supervisors are told."""
    was_on = company_login.unlink(user.id)
    log_out_everywhere(user.id)
    second_person.tell(user, COMPANY_OFF_BY(name=user.name, actor=by.name))
    return was_on


def start_reset(login: str) -> str:
    """For who runs the server: replace a user's password by a first password, which is returned, and log them out
    everywhere; the history says so, the user and the supervisors are told. Raises Missing."""
    row = _users().find_one({"login": login})
    if row is None:
        raise Missing
    password = passwords.first_password()
    _write(row["_id"], login, password, must_change=True)
    _say_by_command(row["_id"], RESET_BY)
    record_event(Event.RESET, user=row["_id"])
    return password


def _say_by_command(user_id: ObjectId, words: L) -> None:
    """The command line is bound as IT is: what it does stands in the history, and those concerned are told."""
    changes.note(User, user_id, "account_reset", actor=SYSTEM, context=Context(source=Source.COMMAND))
    user = User.objects.get(id=user_id)
    second_person.tell(user, words(name=user.name, actor=THE_COMMAND))


def set_password(user_id: ObjectId, new: str, *, must_change: bool = False) -> int:
    """Give a user a new password and end all their sessions; return the epoch of new ones. Raises Missing, Refused."""
    if problems := password_problems(user_id, new):
        raise Refused(None, problems)
    row = _users().find_one({"_id": user_id})
    return _write(user_id, row["login"], new, must_change=must_change)


def password_problems(user_id: ObjectId, new: str) -> dict[str, list[Words]]:
    """What is wrong with a new password of a user, by field. Raises Missing."""
    row = _users().find_one({"_id": user_id}, {"login": 1})
    if row is None:
        raise Missing
    problems = passwords.problems_of(new, row["login"])
    return {"new_password": problems} if problems else {}


def open_demo_accounts(password: str) -> int:
    """Demo mode: let every user without an account log in with this password, hashed once; return how many."""
    known = accounts().distinct("_id")
    missing = list(_users().find({"_id": {"$nin": known}}, {"login": 1}))
    secret = _secret(password, must_change=False)
    if missing:
        shared = {"epoch": 0, **secret, "demo": True}
        accounts().insert_many([{"_id": row["_id"], "login": row["login"], **shared} for row in missing])
    return len(missing)


def _demo_filter() -> dict[str, Any]:
    """The accounts that still have the demo password; in older databases they are known by sharing one hash."""
    stages = [
        {"$match": {"hash": {"$gt": ""}}},
        {"$group": {"_id": "$hash", "count": {"$sum": 1}}},
        {"$match": {"count": {"$gt": 1}}},
    ]
    shared = [row["_id"] for row in accounts().aggregate(stages)]
    return {"$or": [{"demo": True}, {"hash": {"$in": shared}}]}


def demo_accounts() -> int:
    """How many people can log in with the password of the demo company."""
    return accounts().count_documents(_demo_filter())


def close_demo_accounts() -> int:
    """Close them all and end their sessions; returns how many there were."""
    ids = [row["_id"] for row in accounts().find(_demo_filter(), {"_id": 1})]
    for id in ids:
        accounts().update_one({"_id": id}, {"$set": {"hash": "", "demo": False}, "$inc": {"epoch": 1}})
        end_all(id)
    return len(ids)


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
    opened = {} if must_change else {"opened": True}
    hashed = passwords.hash_password(password)
    return {"hash": hashed, "must_change": must_change, "changed_at": clock.now(), "demo": False, **opened}


def _users() -> Any:
    return User._get_collection()
