"""Addresses, kinds of notices, sources and causes are made by the kernel's constructors, never typed by hand."""

import re
from pathlib import Path

import pytest
from bson import ObjectId

from models.kernel.base import addresses
from models.kernel.base.addresses import EVERYONE, Form, at_department, at_role, at_role_in, at_user, parsed
from models.kernel.base.roles import Role
from models.kernel.base.words import L
from models.kernel.gate.acts import Context
from models.kernel.gate.causes import CommentCause
from models.kernel.gate.notices import NOTICE_LABELS, About, NoticeKind, notice_for
from models.kernel.gate.sources import SOURCE_LABELS, Source, source_label

ROOT = Path(__file__).parents[2]
ROOMS = ("models", "tasks", "views", "admin_app")  # the seed calls what it makes by keys of a like form
HOMES = {"models/kernel/base/addresses.py", "models/kernel/gate/causes.py"}
KINDS = "|".join(NoticeKind)
TYPED = {
    "an address": re.compile(r"""["'](user|role|department):\{"""),
    "a kind of notice": re.compile(rf"""\bkind="({KINDS})"|notify\([^)]*"({KINDS})", """),
    "a source": re.compile(r"""Context\([^)]*source=["']"""),
    "a cause taken apart": re.compile(r"""cause("\])?\.(split|r?partition|startswith)\(|["'] in cause\b"""),
}
ID = ObjectId("65a1b2c3d4e5f60718293a4b")


def typed_by_hand(text):
    return {what for what, pattern in TYPED.items() if pattern.search(text)}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('people_at([f"role:{Role.IT}"])', "an address"),
        ("[f\"user:{self.ref('borrower')}\"]", "an address"),
        ('notice_for(person, cause=cause, kind="alarm", words=words)', "a kind of notice"),
        ('actions.notify(self, to, "loan", words)', "a kind of notice"),
        ('Context(source="task")', "a source"),
        ('cause.split(":")', "a cause taken apart"),
        ('notice["cause"].partition(":")', "a cause taken apart"),
    ],
)
def test_the_patterns_know_a_bad_sample(text, what):
    assert what in typed_by_hand(text)


def test_nothing_is_typed_by_hand():
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    typed = {
        (str(path.relative_to(ROOT)), at, what)
        for path in files
        if str(path.relative_to(ROOT)) not in HOMES
        for at, line in enumerate(path.read_text().splitlines(), 1)
        for what in typed_by_hand(line)
    }
    assert not typed


@pytest.mark.parametrize(
    ("address", "text", "form"),
    [
        (at_user(ID), f"user:{ID}", Form.USER),
        (at_role(Role.IT), "role:it", Form.ROLE),
        (at_role_in(Role.HEAD, ID), f"role:head@{ID}", Form.ROLE),
        (at_department(ID), f"department:{ID}", Form.DEPARTMENT),
        (EVERYONE, "everyone:", Form.EVERYONE),
    ],
)
def test_an_address_is_written_as_it_is_stored_and_read_back(address, text, form):
    assert address == text
    assert (parsed(address).form, parsed(address).is_empty) == (form, False)


@pytest.mark.parametrize("address", [at_user(None), at_role_in(Role.HEAD, None)])
def test_an_address_without_an_id_reaches_nobody(address):
    assert parsed(address).is_empty


@pytest.mark.parametrize(
    "address",
    ["user", "users:1", "user:x", "role:haed", "role:head@x", "everyone:all", f"department:{ID}x", str(ID)],
)
def test_an_address_of_an_unknown_form_is_an_error(address):
    with pytest.raises(ValueError, match=r"address|role that nobody|no id"):
        addresses.parsed(address)


def test_every_kind_and_source_has_words():
    assert set(NOTICE_LABELS) == set(NoticeKind)
    assert set(SOURCE_LABELS) == set(Source)


def test_a_kind_or_source_that_nobody_declared_is_an_error():
    with pytest.raises(ValueError, match="gossip"):
        notice_for(ID, cause=CommentCause(ID, 1), kind="gossip", words=L("a", "甲"), record=About("user", ID))
    with pytest.raises(ValueError, match="windwo"):
        Context(source="windwo")


def test_a_stored_source_of_another_version_is_shown_as_it_stands():
    assert (source_label("window"), source_label(None)) == ("window", "")
