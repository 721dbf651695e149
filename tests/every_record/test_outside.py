"""Every type that mails people outside: each address once for each cause, in words that everybody may see."""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.notices import OUTSIDE
from models.kernel.gate.outside import address_of, addresses_at
from models.kernel.language.outside import CREATE
from models.services.notify import outside
from tests.fixtures._types import types_with
from tests.fixtures.doing import do

TELLING = types_with(lambda declared: declared.tells)


def with_addresses(cls: Any, record: Any) -> Any:
    """The record with an address in each field of its own that a mail goes to."""
    own = {path for tell in cls.declared.tells for path in tell.to if "." not in path}
    values = {name: f"{name.replace('_', '-')}@example.com" for name in own}
    return changes.update(cls, record.id, values, actor=SYSTEM, version=None) if values else record


def written(record: Any) -> list[dict[str, Any]]:
    return list(get_db()["notice"].find({"record": record.id, "channel": OUTSIDE}).sort("_id", 1))


@TELLING
def test_each_address_is_mailed_once_for_each_cause(
    cls: Any, record: Any, company: Any, mail_box: Any, browser_as: Any
) -> None:
    for verb in dict.fromkeys(verb for tell in cls.declared.tells for verb in tell.on):
        made = cause(cls, company, verb)
        tells = [tell for tell in cls.declared.tells if verb in tell.on]
        paths = {path for tell in tells if not tell.having or made.raw(tell.having) for path in tell.to}
        addresses = {address for path in paths for address in addresses_at(made, path)}
        notices = [notice for notice in written(made) if notice["verb"] == verb]
        assert {address_of(notice) for notice in notices} == addresses
        assert len({notice["cause"] for notice in notices}) == len(notices)
        do("notices.deliver")
        mailed = [message for message in mail_box.kept if message["To"] in addresses and made.number in str(message)]
        assert len(mailed) <= len(notices)
        for mail in outside.mails_about(made, SYSTEM):
            assert mail.state == "sent", mail.problem
            assert str(made.id) not in mail.text
        page = browser_as("supervisor").get(f"/admin/{cls.declared.name}/details/?id={made.id}").text
        assert ('id="outside-mails"' in page) == bool(written(made))


def cause(cls: Any, company: Any, verb: str) -> Any:
    """A record on which a verb was just made, with addresses where mail goes."""
    if verb == CREATE:
        values = with_addresses(cls, company.make(cls.declared.name))
        given = {name: values.raw(name) for name in cls.declared.own_fields if values.raw(name) is not None}
        facts = {"department": values.ref("department")}
        own = {name: value for name, value in given.items() if not cls.declared.own_fields[name].computed}
        get_db()["notice"].delete_many({})
        return changes.create(cls, own | facts, actor=SYSTEM, once=str(ObjectId()))
    move = next(move for move in cls.declared.workflow.moves if move.verb == verb)
    made = with_addresses(cls, company.walk(company.make(cls.declared.name), move.source[0]))
    get_db()["notice"].delete_many({})
    if made.state == move.target:
        values = {name: made.raw(name) for name in move.asked_fields}
        return changes.move(cls, made.id, verb, actor=SYSTEM, version=None, values=values)
    return company.take(made, verb)
