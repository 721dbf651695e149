"""A file that is not the one that was attached is not handed out: who asks is told, IT and the supervisors as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mongoengine.connection import get_db

from models.kernel.base.addresses import at_role
from models.kernel.base.errors import Forbidden
from models.kernel.base.people import people_at
from models.kernel.base.roles import Role
from models.kernel.base.words import L
from models.kernel.gate.causes import AlarmCause, Rest
from models.kernel.gate.notices import About, NoticeKind, notice_for
from models.kernel.gate.unit import Unit, in_transaction

from ..keeping import attachments

NOT_THE_FILE = L(
    "This file is not the one that was attached, so it is not handed out. IT and the supervision group have been told.",
    "此文件與附加時不符，故不予提供。已通知信息技術部與監督小組。",
)
ALARM = L(
    "The file “{name}” of a record is not the one that was attached: it was changed past the program. It is not handed "
    "out.",
    "附件「{name}」與附加時不符，曾被繞過系統更改，現已停止提供。",
)


def refuse_changed_facts(file: Mapping[str, Any]) -> None:
    """Raise Forbidden when the facts of a file are not those of its entries in the history."""
    if not attachments.is_as_entered(get_db(), file):
        raise refusal(file)


def refuse_changed_content(file: Mapping[str, Any]) -> None:
    """Raise Forbidden when the content of a file does not have the digest of its facts."""
    digest = attachments.digest_of(get_db(), file["content"])
    if digest is not None and digest != (file["sha256"], file["size"]):
        raise refusal(file)


def refusal(file: Mapping[str, Any]) -> Forbidden:
    """What is said to who asks for such a file; IT and the supervision group are told once for each file."""
    lines = [at_role(Role.IT), at_role(Role.SUPERVISOR)]
    cause, about = AlarmCause("file_changed", Rest(str(file["_id"]))), About(file["type"], file["record_id"])

    def body(unit: Unit) -> None:
        for person in people_at(lines):
            words = ALARM(name=file["name"])
            unit.notify(notice_for(person, cause=cause, kind=NoticeKind.ALARM, words=words, record=about))

    in_transaction(body)
    return Forbidden(NOT_THE_FILE)
