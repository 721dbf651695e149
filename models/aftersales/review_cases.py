"""Which records the figures of an approved review are of: kept beside it, so that they open exactly those for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bson import ObjectId

from ..kernel.base.collections import REVIEW_CASES
from ..kernel.base.store import in_unit

Cases = Mapping[str, Sequence[ObjectId]]


def keep_cases(review: ObjectId | None, cases: Cases) -> None:
    """Keep the records of each figure; figures of the same records share one list."""
    lists = list(dict.fromkeys(tuple(ids) for ids in cases.values()))
    row = {
        "lists": [list(ids) for ids in lists],
        "figures": {code: lists.index(tuple(ids)) for code, ids in cases.items()},
    }
    in_unit(REVIEW_CASES).replace_one({"_id": review}, row, upsert=True)


def cases_of(review: ObjectId | None, code: str) -> list[ObjectId] | None:
    """The records of a figure as they were kept; None of a review that is not frozen, or was before they were kept."""
    row = in_unit(REVIEW_CASES).find_one({"_id": review})
    if row is None or code not in row["figures"]:
        return None
    return list(row["lists"][row["figures"][code]])
