"""The command palette: from a few typed letters to a screen, a new record, a record, or a move on the one in view.

It answers a script with groups of addresses and changes nothing; without scripts there is the search page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId
from flask import Response, current_app, jsonify, request
from flask_admin import expose
from pymongo.errors import ExecutionTimeout

from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.base.record_key import RecordKey
from models.kernel.base.search import initials, normal
from models.kernel.base.titles import number_and_title
from models.kernel.base.words import EN, HANT, LOCALE_NAMES, L, Words, current_locale
from models.kernel.gate import intents
from models.kernel.language.finding import is_number_of, numbered
from models.kernel.language.record import Record
from models.kernel.language.sound import row_of
from models.kernel.rights import picking, rights
from models.kernel.rights.across import newest

from . import wording
from .lists.listing import SLOW, TIME_LIMIT_MS
from .moves import moves_context
from .session import actor
from .slots import PlainRun
from .view_switch import boards, calendars

TEXT_MAX = 80
SCREENS_MAX = 8
RECENT_MAX = 8
RECORDS_EACH = 4
RECORDS_MAX = 24

ON_THIS = L("On {number}", "{number} 的操作")
RECENT, RECORDS = L("Recently opened", "最近打開"), L("Records", "記錄")
SCREENS, NEW = L("Go to", "跳轉"), L("New", "新建")
CALENDAR_OF = L("{label}: calendar", "{label}：日曆")
BOARD_OF = L("{label}: board", "{label}：看板")
ANALYSIS_OF = L("{label}: analysis", "{label}：分析")
SEARCH_ALL = L("Search everything for “{text}”", "全局搜索「{text}」")
EDIT, HISTORY, PDF = L("Edit", "修改"), L("Full history", "完整歷史"), L("As a PDF", "PDF 文件")
PRINTING = ("print", "打印", "列印")
FRAME = L("Account and display", "賬號與顯示")
SIGN_OUT, COLOURS = L("Sign out", "退出"), L("Dark or light colours", "深色／淺色模式")
LANGUAGE = L("Language: {name}", "語言：{name}")
_PLACES = (
    (L("Home", "首頁"), "/admin/"),
    (L("Approvals", "待審批"), "/admin/inbox/"),
    (L("My day", "我的一天"), "/admin/day/"),
    (L("My calendar", "我的日程"), "/admin/calendar/"),
    (L("Notices", "通知"), "/admin/notices/"),
    (L("Preferences", "通知設置"), "/admin/preferences/"),
    (L("My account", "我的賬號"), "/admin/account/"),
    (L("Recycle bin", "回收站"), "/admin/bin/"),
    (L("My batch changes", "我的批量操作"), "/admin/batches/"),
)
Option = dict[str, str]
Offer = tuple[Words, str, tuple[str, ...]]  # a label, an address, and what it is called besides


class PaletteView(PlainRun):
    """What the palette offers for the typed text, as far as the reader's rights go."""

    def __init__(self, catalogue: Mapping[str, type[Record]]):
        super().__init__(name="palette", endpoint="palette", url="/admin/palette")
        self.catalogue = catalogue

    @expose("/")
    def index(self) -> Response:
        """Groups of options; one query for the record in view, one for the recent ones, one for all that is found."""
        me = actor()
        typed = request.args.get("q", "").replace("\x00", "").strip()[:TEXT_MAX]
        text = normal(typed)
        groups = [self._on_record(me, text)]
        said = ""
        if not text:
            groups.append((RECENT, self._recent(me)))
        groups += [(NEW, _matching(self._new(me), text)), (SCREENS, _matching(self._screens(me), text))]
        if len(text) > 1:
            try:
                groups.append((RECORDS, self._records(me, text)))
            except ExecutionTimeout:
                said = str(SLOW)
        if text:
            groups.append((FRAME, _frame(text)))
            url = f"/admin/search/?{urlencode({'q': typed})}"
            groups.append((L("Search", "搜索"), [{"label": str(SEARCH_ALL(text=typed)), "url": url}]))
        answer = jsonify(
            groups=[{"label": str(label), "options": result} for label, result in groups if result], said=said
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _on_record(self, me: Actor, text: str) -> tuple[Words, list[Option]]:
        """The moves that the reader may make now on the record in view, and the ways to its other pages."""
        named = self._named(request.args.get("on", ""))
        if named is None:
            return RECORDS, []
        try:
            intent = intents.of(me, self.catalogue[named.type], named.id)
        except Missing:
            return RECORDS, []
        record = intent.record
        base, id = f"/admin/{named.type}/", record.id
        options: list[Offer] = [(step["label"], step["url"], ()) for step in moves_context(intent) if step["may"]]
        if intent.verdict:
            options.append((EDIT, f"{base}edit/?id={id}", ("編輯",)))
        if rights.may_open(me, record):
            options.append((HISTORY, f"{base}history/?id={id}", ()))
            options.append((PDF, f"{base}print/?id={id}", PRINTING))
        return ON_THIS(number=record.number), _matching(options, text, most=len(options))

    def _recent(self, me: Actor) -> list[Option]:
        """The records that this browser remembers as opened, in that order, if the reader may still see them."""
        named = [
            result for item in request.args.get("recent", "").split(",")[:RECENT_MAX] if (result := self._named(item))
        ]
        by_type: dict[str, list[ObjectId]] = {}
        for key in named:
            by_type.setdefault(key.type, []).append(key.id)
        needed = [(self.catalogue[name], {"_id": {"$in": ids}}) for name, ids in by_type.items()]
        known = newest(me, needed, RECENT_MAX, RECORDS_MAX, time_limit_ms=TIME_LIMIT_MS)
        rows = {row["_id"]: row for row in known}
        return [self._option(rows[key.id]) for key in named if key.id in rows]

    def _named(self, text: str) -> RecordKey | None:
        """The record that a text names, as far as its type is known."""
        key = RecordKey.parse(text)
        return key if key and key.type in self.catalogue else None

    def _new(self, me: Actor) -> Iterator[Offer]:
        for cls in self.catalogue.values():
            if cls.declared.in_menu and rights.may_create(me, cls):
                yield wording.NEW_ONE(label=cls.declared.label), f"/admin/{cls.declared.name}/new/", ()

    def _screens(self, me: Actor) -> Iterator[Offer]:
        """The places, the lists, the custom screens, then calendars and boards."""
        yield from ((label, url, ()) for label, url in _PLACES)
        opened = [cls for cls in self.catalogue.values() if rights.can_open(me, cls)]
        yield from ((cls.declared.plural, f"/admin/{cls.declared.name}/", ()) for cls in opened)
        for view in current_app.extensions["custom_views"]:
            if view.menu_item and view.is_accessible():
                yield view.menu_item.label, view.menu_item.url, ()
        for item in current_app.extensions["analyses"](me):
            yield item.label, item.url, ()
        for cls in opened:
            if calendars(me, cls):
                yield CALENDAR_OF(label=cls.declared.plural), f"/admin/calendar/{cls.declared.name}/", ()
            if boards(cls):
                yield BOARD_OF(label=cls.declared.plural), f"/admin/board/{cls.declared.name}/", ()
            yield ANALYSIS_OF(label=cls.declared.plural), f"/admin/analysis/{cls.declared.name}/", ()

    def _records(self, me: Actor, text: str) -> list[Option]:
        """Records by the beginning of their number, which names the type, or else by any part of their short fields."""
        number = text.upper()
        of_number = [cls for cls in self.catalogue.values() if is_number_of(cls, number)]
        if of_number:
            needed: list[tuple[type[Record], dict]] = [(cls, numbered(cls, number)) for cls in of_number]
        else:
            needed = [(cls, picking.found_by(me, cls, text)) for cls in self.catalogue.values()]
        each = RECORDS_MAX if of_number else RECORDS_EACH
        rows = newest(me, needed, each, RECORDS_MAX, time_limit_ms=TIME_LIMIT_MS)
        return [self._option(row) for row in rows]

    def _option(self, row: Mapping[str, Any]) -> Option:
        cls = self.catalogue[row["type"]]
        row = row_of(cls, row)
        return {
            "label": number_and_title(row),
            "note": str(cls.declared.label),
            "state": wording.state_label(cls, row.get("state")),
            "tone": wording.tone(cls, row.get("state")),
            "url": f"/admin/{row['type']}/details/?id={row['_id']}",
        }


def _frame(text: str) -> list[Option]:
    """What the buttons around every page do; a script presses the one that is named."""
    offers: list[Offer] = [
        (COLOURS, "theme", ("theme", "主題", "夜間")),
        (SIGN_OUT, "sign-out", ("log out", "登出", "註銷")),
    ]
    offers += [
        (LANGUAGE(name=name), f"language-{code}", ()) for code, name in LOCALE_NAMES.items() if code != current_locale()
    ]
    return [{"label": row["label"], "url": "", "press": row["url"]} for row in _matching(offers, text)]


def _matching(options: Iterable[Offer], text: str, most: int = SCREENS_MAX) -> list[Option]:
    """The options whose words, in English or Chinese or as pinyin initials, contain every typed word."""
    words = text.split()
    read = [(label, url, _read_as(label, also)) for label, url, also in options]
    result = [item for item in read if all(any(word in name for name in item[2]) for word in words)]
    result.sort(key=lambda item: not any(name.startswith(text) for name in item[2]))
    return [{"label": str(label), "url": url} for label, url, _ in result[:most]]


def _read_as(label: Words, also: tuple[str, ...]) -> list[str]:
    chinese = normal(label.in_locale(HANT))
    return [normal(label.in_locale(EN)), chinese, initials(chinese), *map(normal, also)]
