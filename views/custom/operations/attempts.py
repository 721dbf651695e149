"""Refused attempts are a screen of their own because they are no records: nobody made, owns or changes them.

Read only, for the supervision group and management; heads see those of their departments, everybody their own. A field
or a record that the reader may not see is not named.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from bson import ObjectId
from flask import request
from flask_admin import BaseView, expose
from mongoengine.connection import get_db
from pymongo.errors import ExecutionTimeout

from models.chapters import OPERATIONS
from models.kernel.base.collections import archive_of
from models.kernel.base.errors import Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words, enumerate_words
from models.kernel.gate.sources import source_label
from models.kernel.language.declare import registered
from models.kernel.language.fields import label_of
from models.kernel.language.glossary import GATE_VERBS
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.keeping import attempts
from views import wording
from views.lists.listing import SLOW
from views.session import actor
from views.slots import CustomView, MenuItem

TITLE = L("Refused attempts", "被拒操作")
PAGE = 50
EPOCH, MILLISECOND = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.timedelta(milliseconds=1)
OF_FIELD = L("{field}: {rule}", "{field}：{rule}")
NOT_KEPT = L("{count} more before this were not kept", "此前另有 {count} 次未逐條保存")
RULES: dict[str, L] = {
    "required": L("missing", "缺少"),
    "form": L("not in the right form", "格式不正確"),
    "too_long": L("too long", "過長"),
    "range": L("out of bounds", "超出範圍"),
    "too_many": L("too many lines", "行數過多"),
    "not_a_choice": L("not one of the choices", "不在選項之內"),
    "no_such_record": L("no such record", "所指記錄不存在"),
    "state_of_link": L("names a record in another state", "所指記錄的狀態不可選用"),
    "taken": L("exists already", "已存在"),
    "linked": L("others link to it", "被其他記錄引用"),
    "rights": L("no right", "無權限"),
    "own_work": L("own work", "本人事項"),
    "decided": L("decided already", "已表示意見"),
    "second_person": L("needs a second person", "須由他人同意"),
    "quorum": L("nobody can decide", "無人可審批"),
    "state": L("not in this state", "狀態不符"),
    "condition": L("condition not met", "條件不符"),
    "signature": L("not confirmed by password", "未以密碼確認"),
    "version": L("changed meanwhile", "期間已被修改"),
    "not_found": L("not there, or not to be seen", "不存在或無權查看"),
    "archived": L("in the archive, or destroyed", "已歸檔或已銷毀"),
    "damaged": L("damaged record", "記錄損壞"),
    "rule": L("against a rule of the type", "不符合業務規則"),
}
OTHER = L("Another step", "其他操作")
NOT_FOUND = L("No attempt was refused.", "沒有被拒操作。")


def views(_catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [AttemptsView(name="attempts", endpoint="attempts", url="/admin/attempts")]


class AttemptsView(CustomView):
    """Who was refused what, and for which rule; the newest first."""

    menu_item = MenuItem(OPERATIONS, TITLE, "/admin/attempts/")

    @expose("/")
    def index(self) -> str:
        """One page of them, from behind a key."""
        me = actor()
        try:
            rows = attempts.newest(me, _behind(request.args.get("after", "")), PAGE + 1)
        except ExecutionTimeout as slow:
            raise Refused(SLOW) from slow
        shown = rows[:PAGE]
        after = f"/admin/attempts/?after={_key(shown[-1])}" if len(rows) > PAGE else None
        return self.render("custom/attempts.html", rows=_in_words(shown, me), next=after, nothing=NOT_FOUND)


def _key(row: Mapping[str, Any]) -> str:
    """Where a page ends: the moment in milliseconds, and the attempt."""
    return f"{(row['at'] - EPOCH) // MILLISECOND}.{row['_id']}"


def _behind(key: str) -> dict[str, Any]:
    """The attempts behind a key; all of them where it is none."""
    milliseconds, _, id = key.partition(".")
    if not (milliseconds.isdecimal() and len(milliseconds) < 14 and ObjectId.is_valid(id)):
        return {}
    at = EPOCH + int(milliseconds) * MILLISECOND
    return {"$or": [{"at": {"$lt": at}}, {"$and": [{"at": at}, {"_id": {"$lt": ObjectId(id)}}]}]}


def _in_words(rows: list[dict[str, Any]], me: Actor) -> list[dict[str, Any]]:
    known = _seen(rows, me)
    return [_row(row, known, me) for row in rows]


def _seen(rows: Iterable[Mapping[str, Any]], me: Actor) -> dict[ObjectId, dict[str, Any]]:
    """The records of some attempts that the reader may see, archived ones too: two queries for each type at most."""
    ids: dict[str, set[ObjectId]] = {}
    for row in rows:
        if row.get("record"):
            ids.setdefault(row["type"], set()).add(row["record"])
    result: dict[ObjectId, dict[str, Any]] = {}
    for name, of_type in ids.items():
        cls = registered().get(name)
        if cls is None:
            continue
        for place, scope in ((name, rights.visible(me, cls)), (archive_of(name), rights.visible_archived(me, cls))):
            if scope is not None and (missing := of_type - result.keys()):
                query = {"$and": [{"_id": {"$in": list(missing)}}, scope]}
                result |= {row["_id"]: row for row in get_db()[place].find(query, {"number": 1})}
    return result


def _row(row: Mapping[str, Any], known: Mapping[ObjectId, Mapping[str, Any]], me: Actor) -> dict[str, Any]:
    cls = registered().get(row["type"])
    is_open = cls is not None and rights.can_open(me, cls)
    record = known.get(row.get("record") or ObjectId())
    return {
        "when": wording.moment(row["at"]),
        "who": wording.doer(row),
        "kind": str(cls.declared.label) if cls and is_open else "—",
        "number": record["number"] if record else "—",
        "url": f"/admin/{row['type']}/details/?id={record['_id']}" if record else "",
        "verb": str(_verb(cls, row["verb"])),
        "missing": enumerate_words(_missing(cls if is_open else None, row["missing"], me)),
        "source": source_label(row.get("door")),
        "dropped": str(NOT_KEPT(count=row["dropped"])) if row.get("dropped") else "",
    }


def _verb(cls: type[Record] | None, verb: str) -> Words:
    """What was to be done, in a word; of a type that is not there any more, or of no verb that it has, none."""
    flow = cls.declared.workflow if cls else None
    moves = {move.verb: flow.verb_label(move.verb) for move in flow.moves} if flow else {}
    follow_ups = {to.verb: to.label for to in cls.declared.follow_ups} if cls else {}
    return {**GATE_VERBS, **moves, **follow_ups}.get(verb, OTHER)


def _missing(cls: type[Record] | None, broken: Iterable[Mapping[str, str]], me: Actor) -> list[Words]:
    """What stood against an attempt; of fields that the reader may not see the rule alone, each rule once."""
    words: list[Words] = []
    for item in broken:
        rule = RULES.get(item["rule"], RULES["rule"])
        field = _field(cls, item.get("field", ""), me)
        words.append(OF_FIELD(field=label_of(field), rule=rule) if field is not None else rule)
    return list(dict.fromkeys(words))


def _field(cls: type[Record] | None, path: str, me: Actor) -> Any:
    """The field, or the column of lines, that a path names, if the reader may see it."""
    name, _, column = path.partition(".")
    if cls is None or name not in rights.readable_fields(me, cls):
        return None
    field = cls.fields_of()[name]
    field = field.columns.get(column) if column else field
    return field if field is not None and getattr(field, "label", None) and rights.sees(me, field) else None
