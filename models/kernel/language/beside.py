"""What is shown beside a form while it is filled in: records that link to what was chosen, or that a text finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any

from .names import Names, NameSet

if TYPE_CHECKING:
    from .spec import Declaration

MOST = 20


@dataclass(frozen=True)
class Beside:
    """A list beside the form of a type. Of a link, `Beside("customer", "Contract", by="customer")`: the records whose
    `by` names what was chosen. Of texts, without `by`, `Beside("subject description", "KnowledgeArticle")`: those that
    have the most in common with what is typed. `states`: only those in one of these; `until`: only those whose date
    in this field is not over; `most`: how many, the newest or the likest. Shown as far as the reader may see them.

    `through`: what the records that link to what was chosen hold in a field or a column of their lines, such as the
    products in the contracts of a customer: `Beside("customer", "Product", by="customer",
    through="Contract.lines.product", states="signed")`; `by` and `states` are then of the records between.
    """

    fields: Names = Names()
    to: str = field()  # type: ignore[misc] # the names before it have no default
    _: KW_ONLY
    by: str = ""
    states: NameSet = NameSet(frozenset())
    until: str = ""
    through: str = ""
    most: int = 5

    @property
    def way(self) -> tuple[str, str]:
        """The type between and the path in it that leads on; two empty texts where there is none."""
        between, _, path = self.through.partition(".")
        return between, path


def beside_faults(spec: Declaration, by_class: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the lists beside the form of a type, given all types by the names of their classes."""
    for item in spec.beside:
        what = f"list beside the form of {item.to}"
        target = by_class.get(item.to)
        for name in item.fields:
            own = spec.own_fields.get(name)
            if own is None:
                yield f"{what} goes by a field {name!r} that the type does not have"
            elif item.by and not getattr(own, "is_single_link", False):
                yield f"{what} goes by {name!r}, which is no single link"
            elif not item.by and not own.is_text:
                yield f"{what} goes by {name!r}, which is no text: say by="
        if target is None:
            yield f"{what} shows {item.to}, which is not a record type"
            continue
        yield from _target_faults(what, item, spec, target, by_class)


def _target_faults(
    what: str, item: Beside, spec: Declaration, target: Any, by_class: Mapping[str, Any]
) -> Iterator[str]:
    between, path = item.way
    if between and (between not in by_class or _linked_at(by_class[between], path) != item.to or not item.by):
        yield f"{what} goes through {item.through!r}, which leads to no {item.to}"
        return
    source = by_class[between] if between else target
    fields, flow = source.fields_of(), source.declared.workflow
    if item.by:
        link = fields.get(item.by)
        chosen = {spec.own_fields[name].target for name in item.fields if name in spec.own_fields}
        if len(item.fields) != 1 or link is None or chosen != {link.target}:
            yield f"{what} goes by {between or item.to}.{item.by}, which links elsewhere than its one field"
    for state in sorted(item.states - set(flow.states if flow else ())):
        yield f"{what} names a state {state!r} that does not exist"
    if item.until and not getattr(target.fields_of().get(item.until), "is_date", False):
        yield f"{what} ends by {item.until!r}, which is not a date"
    if isinstance(item.most, bool) or not isinstance(item.most, int) or not 0 < item.most <= MOST:
        yield f"{what} has most={item.most!r}, which is not a number from 1 to {MOST}"


def _linked_at(cls: Any, path: str) -> str:
    """The type that a field, or a column of lines, of a type links to; empty where it links to none."""
    name, _, column = path.partition(".")
    own = cls.fields_of().get(name)
    if column:
        own = getattr(own, "columns", {}).get(column)
    return getattr(own, "target", "") or ""
