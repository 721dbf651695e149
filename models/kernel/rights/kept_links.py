"""Links that are kept as texts, to a line or to a record of any type: what each is asked, whichever it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..base.people import Actor
from . import any_picking, line_picking


def offered(actor: Actor, link: Any, text: str, most: int) -> list[dict[str, Any]]:
    """What an actor may choose and a text finds: `_id` is what is kept, `title` and `number` what is shown."""
    if link.is_any_link:
        return any_picking.offered(actor, link, text, most)
    return line_picking.offered_lines(actor, link, text, most)


def meant(actor: Actor, link: Any, text: str) -> str | None:
    """What is kept for the one line or record that a text names; None where it names none, or several."""
    if link.is_any_link:
        return any_picking.meant(actor, link, text)
    return line_picking.meant_line(actor, link, text)


def titles(actor: Actor, link: Any, kept: Iterable[str]) -> dict[str, str]:
    """What kept links are called, as far as the actor may see where they lead."""
    if link.is_any_link:
        return any_picking.titles(actor, link, kept)
    return line_picking.line_titles(actor, link, kept)


def titles_in_each_language(actor: Actor, link: Any, kept: str) -> list[str]:
    """How an export writes a kept link, in each language."""
    if link.is_any_link:
        return any_picking.titles_in_each_language(actor, kept)
    return [line_picking.line_titles(actor, link, [kept]).get(kept, "")]


def are_there(actor: Actor, link: Any, kept: Iterable[str]) -> set[str]:
    """Those of some kept links that lead where the actor may."""
    if link.is_any_link:
        return any_picking.are_there(actor, link, kept)
    return line_picking.are_there(actor, link, kept)


def key_of(link: Any) -> str:
    """What is common to all links that read a text alike."""
    return f"any:{' '.join(link.of)}" if link.is_any_link else f"{link.line_target}.{link.line_list}"
