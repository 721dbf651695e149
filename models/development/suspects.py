"""What a change makes suspect, as arithmetic on a graph: no database, so that it can be tried on any graph (2.3.4).

Nodes stand in editions; a link stands on the edition of another that somebody looked at. `since` of a node is the
edition from which on it means what it means now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class StandingLink:
    """One link: what stands there, on what, and on which edition of it."""

    source: Any
    target: Any
    edition: int


@dataclass(frozen=True)
class Change:
    """What is to change of one node; an editorial change leaves its meaning as it is."""

    target: Any
    editorial: bool = False


def links_in(rows: Mapping[Any, Mapping[str, Any]]) -> list[StandingLink]:
    """What stored records stand on, each called by its key here."""
    stood = ((source, at) for source, row in rows.items() for at in row.get("stands_on") or ())
    return [StandingLink(source, at["id"], at["edition"]) for source, at in stood]


def suspects(links: Iterable[StandingLink], since: Mapping[Any, int]) -> frozenset[Any]:
    """What stands on an edition that no longer says what is meant."""
    return frozenset(link.source for link in links if link.edition < since.get(link.target, 1))


def turning(
    links: Collection[StandingLink], since: Mapping[Any, int], changes: Iterable[Change]
) -> dict[Any, frozenset[Any]]:
    """What will turn suspect by some changes, each with what it stands on that changes; what is suspect already is not
    made so by them."""
    changed = {change.target for change in changes if not change.editorial}
    already = suspects(links, since)
    result: dict[Any, set[Any]] = {}
    for link in links:
        if link.target in changed and link.source not in already:
            result.setdefault(link.source, set()).add(link.target)
    return {source: frozenset(targets) for source, targets in result.items()}
