"""What other chapters file by themselves: an approved contract, report or specification becomes a document (3.1.1).

One call in the move that approves the record, inside its transaction. Asked again for the same record, the document
gets a further edition, since a new version never replaces the old one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..kernel.base.people import SYSTEM
from ..kernel.gate.changes import MoveActions
from ..kernel.language import Record
from ..services.files import files
from .categories import CONFIDENTIAL, SECRET, Category
from .documents import MAIN, Document, add_edition, edition_of
from .file_names import ruled_names


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Where records of a type are filed: the category by its code, made with this name if it is not there yet."""

    code: str
    name: str
    years: int | None = None
    kinds: frozenset[str] = frozenset()
    main: str = ""


CONTRACTS = Shelf(code="CT", name="銷售合同", years=15, kinds=frozenset({"scan", "annex"}), main="scan")
REPORTS = Shelf(code="MR", name="市場調研報告", years=10, kinds=frozenset({"report", "chart"}), main="report")


def file_away(
    actions: MoveActions,
    record: Record,
    shelf: Shelf,
    *,
    subject: str,
    confidentiality: str = CONFIDENTIAL,
    note: str = "",
) -> Document:
    """The document that a record is filed as, with its files of the shelf's kinds; the contents are stored once."""
    attached = [file for file in files.files_of(record.id) if file.get("kind") in shelf.kinds]
    result = Document.objects(once=entry_key(record), removed_at=None).first()
    if result is not None:
        filed = _as_document(attached, shelf, result, subject[:200])
        return add_edition(actions, result, {"subject": subject[:200]}, filed, note)
    category = _category(actions, shelf)
    values = {
        "subject": subject[:200],
        "category": category.id,
        "confidentiality": SECRET if category.confidentiality == SECRET else confidentiality,
        "source": source_of(record),
        "owner": record.ref("owner"),
        "department": record.ref("department"),
    }
    document = actions.create(Document, values, once=entry_key(record))
    filed = _as_document(attached, shelf, document, document.subject)
    for file in filed:
        files.refer(file, document, actor=SYSTEM, context=actions.context, edition=1)
    line = edition_of(document, filed, actions.actor.id, note)
    document = actions.update(document, {"editions": [line]})
    return actions.move(document, "register")


def _as_document(
    attached: list[dict[str, Any]], shelf: Shelf, document: Document, subject: str
) -> list[dict[str, Any]]:
    """The files under the kinds that documents have, and under the names of the rule: nobody is there to take them."""
    names = ruled_names(document.ref("category"), document.number, subject, [file["name"] for file in attached])
    kinds = [MAIN if file.get("kind") == shelf.main else "annex" for file in attached]
    return [{**file, "kind": kind, "name": name} for file, kind, name in zip(attached, kinds, names, strict=True)]


def _category(actions: MoveActions, shelf: Shelf) -> Category:
    """The shelf's category; a record that is filed before anybody drew up the filing plan begins it."""
    result = Category.objects(code=shelf.code).first()
    if result is not None:
        return result
    values = {"code": shelf.code, "name": shelf.name, "retention_years": shelf.years, "confidentiality": CONFIDENTIAL}
    return actions.create(Category, values, once=f"default:category:{shelf.code}")


def entry_key(record: Record) -> str:
    """The entry key of the document that a record is filed as, so that there is one."""
    return f"filed:{record.type_name()}:{record.id}"


def source_of(record: Record) -> str:
    """How a document names the record it was filed from: `contract/65a1…`."""
    return f"{record.type_name()}/{record.id}"
