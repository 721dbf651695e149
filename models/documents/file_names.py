"""What files of documents are called by the naming rule of their category (3.1.1): of drafts offered, of what is filed
by the system given."""

from __future__ import annotations

from collections.abc import Iterable

from bson import ObjectId

from ..services.files.files import clean_name
from .categories import file_stem, naming_rule


def ruled_names(category: ObjectId | None, number: str, subject: str, names: Iterable[str]) -> list[str]:
    """The names that files of a document should have, in their order; as they are where no rule holds."""
    given = list(names)
    pattern = naming_rule(category)
    if pattern is None or not subject:
        return given
    stem = file_stem(pattern, number, subject)
    result: list[str] = []
    for name in given:
        result.append(clean_name(_numbered(stem, name, result)))
    return result


def _numbered(stem: str, name: str, taken: list[str]) -> str:
    """The stem with the ending of a name; the second file of the same name gets a number."""
    ending = f".{name.rpartition('.')[2]}" if "." in name else ""
    needed, count = f"{stem}{ending}", 2
    while needed in taken:
        needed, count = f"{stem} ({count}){ending}", count + 1
    return needed
