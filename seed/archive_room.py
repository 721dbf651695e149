"""The archive of the demo company (3.1): filing plan, approved documents with files and copies, loans in all states."""

from __future__ import annotations

import datetime as dt
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docx

from models import catalogue
from models.documents.documents import MAIN, Copy
from models.kernel.base import clock
from models.kernel.gate import changes
from models.kernel.language.record import Record
from models.services.files import files
from models.services.papers.typesetting import compiled, has_font
from seed.desk import Desk
from seed.organisation import special_days, working_calendar
from seed.script import chance
from seed.tape import HOURS, Tape
from seed.vocabulary import archive_room as words
from seed.vocabulary.organisation import department, users_of

TAPE_DAYS = 410
DOCUMENTS_DAYS = (320, 15)
COPIES_EVERY = 2
REVISED = 3
KEEPER = "records"
_FORMAT = Path(__file__).with_name("paper.typ")
_FONTS = ("Noto Sans CJK TC", "Noto Serif CJK TC")


@dataclass(frozen=True)
class Room:
    """Where the acts are played: the desk, and when now is."""

    desk: Desk
    now: dt.datetime
    tape: Tape

    def moment(self, days_ago: float) -> dt.datetime:
        """The working moment so many days ago; five of seven days are worked."""
        return self.tape.at(max(1.0, self.tape.end - days_ago * HOURS * 5 / 7))

    def at(self, login: str, days_ago: float, act: Callable[[Desk], Any]) -> Any:
        """One act by one person so many days ago, without notices, in a transaction of its own."""
        self.desk.login = login
        with clock.set_to(self.moment(days_ago)):
            return changes.in_batch(lambda: act(self.desk), quiet=True)


def fill_archive_room(now: dt.datetime, tell: Callable[[int, int], object] = lambda _done, _of: None) -> Room:
    """Set up the plan, file the papers, lend some of them; `tell` is told how many of how many are filed. Returns the
    room, in which these papers are known."""
    desk = Desk()
    for name, field in (("user", "login"), ("department", "code")):
        desk.learn(name, field)
    tape = Tape(working_calendar(special_days(now)), now, TAPE_DAYS)
    room = Room(desk, now, tape)
    _plan(room)
    rng = chance("archive room")
    for place, paper in enumerate(words.PAPERS):
        _file(room, rng, place, paper)
        tell(place + 1, len(words.PAPERS))
    _revise(room)
    _lend(room)
    return room


def _plan(room: Room) -> None:
    def enter(desk: Desk) -> None:
        for folder in words.FOLDERS:
            parent = desk.id(f"category:{folder.parent}") if folder.parent else None
            values = {"code": folder.code, "name": folder.name, "parent": parent, "description": folder.description}
            values |= {"retention_years": folder.years, "confidentiality": folder.confidentiality, "loan_days": 10}
            desk.create(f"category:{folder.code}", values)
        for code, pattern in words.RULES.items():
            category = desk.id(f"category:{code}") if code else None
            desk.create(f"naming_rule:{code}", {"category": category, "pattern": pattern, "active": True})

    room.at(KEEPER, DOCUMENTS_DAYS[0] + 5, enter)


def _file(room: Room, rng: random.Random, place: int, paper: words.PaperForm) -> None:
    """A document from its draft to its approval, its copies noted by the records office."""
    key, days = f"document:{place:03}", rng.uniform(*DOCUMENTS_DAYS)
    owner = _owner(rng, paper.department)
    head = department("ARC" if owner == KEEPER else paper.department).head_login
    values = {"subject": paper.title, "category": room.desk.id(f"category:{paper.folder}")}
    values["summary"] = words.SENTENCES[0].format(title=paper.title)
    made = room.at(owner, days, lambda desk: desk.create(key, values))
    if paper.level:
        room.at(owner, days, lambda desk: desk.update(key, {"confidentiality": paper.level}))
    name = f"{made.number} {paper.title}" if place % 9 else f"掃描件{place}"
    attach(room, made, owner, days - 0.01, _paper_file(rng, place, name, paper.title))
    room.at(owner, days - 0.02, lambda desk: desk.move(key, "submit"))
    room.at(head if head != owner else "management", days - 1, lambda desk: desk.move(key, "approve"))
    if place % COPIES_EVERY == 0 or paper.folder in ("LG", "FA"):
        room.at(KEEPER, days - 2, lambda desk: _note_copies(desk, rng, key, place))


def _owner(rng: random.Random, code: str) -> str:
    """Somebody who works in the department; its head where nobody else may file, the records office for management."""
    people = [user.login for role in ("clerk", "legal", "finance", "hr") for user in users_of(code, role)]
    people = [login for login in people if not login.startswith("head_")]
    if people:
        return rng.choice(people)
    return department(code).head_login if code == "ITD" else KEEPER


def _note_copies(desk: Desk, rng: random.Random, key: str, place: int) -> Record:
    count = 2 if place % 6 == 0 else 1
    cabinet = f"{'ABCD'[place % 4]}-{place % 5 + 1}"
    lines = [
        Copy(number=number, cabinet=cabinet, shelf=f"{rng.randint(1, 6)} 層", condition="good")
        for number in range(1, count + 1)
    ]
    return desk.update(key, {"copies": lines, "important": place % 3 == 0})


def attach(room: Room, record: Record, login: str, days: float, file: tuple[str, bytes]) -> None:
    """A file goes into GridFS first, which no transaction may do."""
    room.desk.login = login
    with clock.set_to(room.moment(days)):
        upload = files.Upload(file[0], io.BytesIO(file[1]))
        files.attach(type(record), record.id, MAIN, upload, actor=room.desk.actor)
    row = record._get_collection().find_one({"_id": record.id}, {"version": 1}) or {}
    known = next(key for key, (id, _) in room.desk.known.items() if id == record.id)
    room.desk.keep(known, row)


def _paper_file(rng: random.Random, place: int, name: str, title: str) -> tuple[str, bytes]:
    """A PDF, a text document or a plain text, small and real."""
    lines = [sentence.format(title=title) for sentence in rng.sample(words.SENTENCES, 6)]
    if place % 3 == 0:
        return f"{name}.pdf", _pdf(title, lines)
    return (
        (f"{name}.docx", docx_of(title, lines))
        if place % 3 == 1
        else (f"{name}.txt", "\n".join([title, *lines]).encode())
    )


def _pdf(title: str, lines: list[str]) -> bytes:
    return compiled(_FORMAT, {"content": json.dumps({"title": title, "lines": lines}), "font": _font()})


def _font() -> str:
    return next((font for font in _FONTS if has_font(font)), "Libertinus Serif")


def docx_of(title: str, lines: list[str]) -> bytes:
    """A text document of these lines."""
    paper, out = docx.Document(), io.BytesIO()
    paper.add_heading(title)
    for line in lines:
        paper.add_paragraph(line)
    paper.save(out)
    return out.getvalue()


def _revise(room: Room) -> None:
    """Some documents have a second edition, one is in the middle of its third month of waiting for it."""
    for place in range(1, 1 + REVISED):
        key, source = f"revision:{place}", f"document:{place:03}"
        row = catalogue["document"].objects.get(id=room.desk.id(source))
        owner = catalogue["user"].objects.get(id=row.ref("owner")).login
        head = department(words.PAPERS[place].department).head_login  # each of these has clerks
        values = {"document": row.id, "what_changed": words.CHANGES}
        days = 12 - place
        made = room.at(owner, days, lambda desk, key=key, values=values: desk.create(key, values))
        lines = [words.CHANGES, *words.SENTENCES[2:7]]
        name = f"{row.number} {row.subject}.docx"
        attach(room, made, owner, days, (name, docx_of(f"{row.subject}（第二版）", lines)))
        room.at(owner, days - 0.1, lambda desk, key=key: desk.move(key, "submit"))
        if place < REVISED:
            room.at(head, days - 1, lambda desk, key=key: desk.move(key, "approve"))


# Document, borrower, kind, days since it was asked for, and how far it has come.
LOANS = (
    (0, "clerk_sal", "paper", 9, "on_loan"),
    (0, "clerk_mkt", "paper", 8, "on_loan"),
    (0, "clerk_svc", "paper", 5, "waiting"),
    (0, "finance", "paper", 2, "waiting"),
    (2, "clerk_rnd", "paper", 34, "on_loan"),
    (4, "clerk_log", "paper", 26, "on_loan"),
    (6, "clerk_sal2", "paper", 60, "returned"),
    (6, "clerk_mkt2", "paper", 30, "returned"),
    (8, "clerk_svc2", "paper", 1, "approved"),
    (10, "clerk_prd2", "paper", 1, "requested"),
    (12, "clerk_sal3", "paper", 0.3, "requested"),
    (14, "clerk_rnd2", "paper", 90, "lost"),
    (18, "clerk_sal", "electronic", 2, "on_loan"),
    (20, "clerk_prd", "electronic", 25, "expired"),
    (24, "clerk_mkt", "electronic", 0.5, "requested"),
    (26, "clerk_svc", "electronic", 12, "refused"),
    (40, "clerk_sal4", "paper", 45, "returned"),
    (45, "legal", "paper", 0.4, "requested"),
)


def _lend(room: Room) -> None:
    rng = chance("loans")
    for place, (document, login, kind, days, upto) in enumerate(LOANS):
        key = f"loan:{place:02}"
        values: dict[str, Any] = {"document": room.desk.id(f"document:{document:03}"), "kind": kind}
        values["purpose"] = rng.choice(words.PURPOSES)
        if kind == "electronic":
            first = (room.now - dt.timedelta(days=days)).date()
            values |= {"wanted_from": first, "wanted_until": first + dt.timedelta(days=7)}
        room.at(login, days, lambda desk, key=key, values=values: desk.create(key, values))
        for verb, after, more in _steps(place, document, upto):
            who = KEEPER if verb != "expire" else ""
            room.at(
                who, max(0.0, days - after), lambda desk, key=key, verb=verb, more=more: desk.move(key, verb, **more)
            )


def _steps(place: int, document: int, upto: str) -> list[tuple[str, float, dict[str, Any]]]:
    """The moves that bring a loan so far: verb, days after the request, what it asks."""
    copy = 2 if place == 1 else 1
    approve, issue = ("approve", 0.1, {}), ("issue", 0.2, {"copy": copy})
    back = ("take_back", 6.0, {"condition": "worn" if document == 6 else "good", "remark": ""})
    return {
        "requested": [],
        "refused": [("refuse", 0.2, {"reason": "該規格正在修訂，請於新版本批准後再申請。"})],
        "approved": [approve],
        "waiting": [approve],
        "on_loan": [approve, issue],
        "returned": [approve, issue, back],
        "lost": [approve, issue, ("lose", 20.0, {"reason": "借閱人外出攜帶時遺失，正在查找。"})],
        "expired": [approve, ("expire", 9.0, {})],
    }[upto][: 1 if place in (12,) else None]
