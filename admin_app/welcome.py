"""What `guicheng run` prints once it is up: the address, and in demo mode whom to log in as."""

from __future__ import annotations

from typing import Any

from mongoengine.base import get_document

from admin_app.settings import Settings

TOUR = ("clerk_sal", "head_sal", "legal", "finance", "records", "supervisor", "it")  # as the README's tour has them
LINE_WIDTH = 110
FIRST_USER = 'guicheng user add it --name "…" --department ITD --role it'


def welcome(settings: Settings, *, is_loading: bool = False) -> str:
    """The words for the terminal. `is_loading`: the demo company's year is still being played."""
    lines = ["", f"Guicheng is ready: {settings.url}"]
    if is_loading:
        lines += ["You can log in and look around; changes can be saved when the demo company is loaded."]
    if settings.demo:
        lines += demo_logins(settings.demo_password)
    elif not _users():
        lines += ["", "Nobody can log in yet. In another terminal, with the same settings:", f"  {FIRST_USER}"]
    return "\n".join([*lines, "", "Ctrl-C stops everything."])


def demo_logins(password: str) -> list[str]:
    """The logins of the tour a line each, then the others shortly."""
    users = {row["login"]: row for row in _users()}
    tour = [users[login] for login in TOUR if login in users]
    rest = " ".join(sorted(users.keys() - {*TOUR}))
    lines = ["", f"Log in as (password of all: {password}):"]
    lines += [f"  {user['login']:<12} {user['name']}  {', '.join(user['roles'])}" for user in tour]
    return [*lines, *_folded(f"Others: {rest}")] if rest else lines


def _users() -> list[dict[str, Any]]:
    columns = {"login": 1, "name": 1, "roles": 1}
    return list(get_document("User")._get_collection().find({"active": True}, columns).limit(200))


def _folded(text: str) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        if len(lines[-1]) + len(word) > LINE_WIDTH:
            lines.append("   ")
        lines[-1] += f" {word}"
    return [f" {line}" for line in lines]
