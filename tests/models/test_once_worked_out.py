"""What follows from a declaration is worked out once, and anew for another declaration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from models import catalogue
from models.kernel.language.once_worked_out import of_declaration


def test_it_is_worked_out_once_for_each_type_and_declaration(monkeypatch: Any) -> None:
    calls: list[Any] = []

    @of_declaration
    def names(cls: Any) -> tuple[str, ...]:
        calls.append(cls)
        return tuple(cls.declared.own_fields)

    offer, ticket = catalogue["quotation"], catalogue["ticket"]
    assert names(offer) == names(offer) == tuple(offer.declared.own_fields)
    assert names(ticket) == tuple(ticket.declared.own_fields)
    assert calls == [offer, ticket]
    with monkeypatch.context() as patch:
        patch.setattr(offer, "declared", replace(offer.declared, own_fields={}))
        assert names(offer) == ()
    assert names(offer) == tuple(offer.declared.own_fields)
