"""Every type with a password of a machine: nobody is shown it, a copy is without it, its mask is never kept."""

from __future__ import annotations

from typing import Any

from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.language.fields import Secret
from models.kernel.language.kinds.texts import MASK
from tests.fixtures._types import types_with
from tests.fixtures.http import said, writer

KEPT = "kept within, and shown to nobody"


def secrets_of(declared: Any) -> list[str]:
    return [name for name, field in declared.own_fields.items() if isinstance(field, Secret)]


@types_with(secrets_of)
def test_a_copy_is_without_it_and_a_mask_is_none(cls: Any, record: Any, company: Any, browser_as: Any) -> None:
    login, base = writer(company, cls), f"/admin/{cls.declared.name}/"
    assert login
    browser, names = browser_as(login), secrets_of(cls.declared)
    given = dict.fromkeys(names, KEPT)
    record = changes.update(cls, record.id, given, actor=SYSTEM, version=None)
    form = browser.form(f"{base}edit/", "/edit/", id=str(record.id))
    assert {form[name] for name in names} == {MASK}
    assert browser.send(form).status_code == 302
    assert [company.fresh(record).raw(name) for name in names] == [KEPT] * len(names)
    copy = browser.form(f"{base}new/", "/new/", copy=str(record.id))
    assert {copy.get(name, "") for name in names} == {""}
    before = cls.objects.count()
    others = {name: "Another" for name, field in cls.declared.own_fields.items() if field.unique}
    sent = browser.send(copy, **others, **dict.fromkeys(names, MASK))
    made = cls.objects.order_by("-id").first()
    if all(cls.fields_of()[name].required for name in names):
        assert sent.status_code == 422, said(sent)
        assert cls.objects.count() == before
    assert made.id == record.id or not any(made.raw(name) for name in names)
