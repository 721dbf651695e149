"""What the process remembers of records, and when it must read them anew."""

from __future__ import annotations

from ..base import people
from ..language import working_time


def forget_read(name: str) -> None:
    """What the process remembers of a type is read anew, since a record of it was written, or its writing undone."""
    if name == "department":
        people.forget_departments()
    elif name == "calendar_day":
        working_time.forget_calendar()
