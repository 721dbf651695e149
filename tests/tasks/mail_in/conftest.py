"""A mailbox that feeds the type of the public tests, read at a fixed time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.operations.mailboxes import Mailbox
from tests.fixtures.read_mail import PASSWORD, USER, ImapServer

NOW = dt.datetime(2025, 6, 2, 2, tzinfo=dt.UTC)


@pytest.fixture
def cls(with_inquiry: Any) -> Any:
    return with_inquiry["inquiry"]


@pytest.fixture
def mailbox(cls: Any, company: Any, imap: ImapServer, mail_box: Any) -> Iterator[Mailbox]:
    """The mailbox; mail to people outside goes into `mail_box`."""
    with clock.set_to(NOW):
        yield changes.create(
            Mailbox,
            {
                "name": "售後",
                "host": "localhost",
                "port": imap.port,
                "security": "starttls",
                "user": USER,
                "password": PASSWORD,
                "feeds": "inquiry",
                "address": "service@example.com",
                "has_plus": True,
                "department": company.department("ITD"),
            },
            actor=SYSTEM,
        )
