"""Sensitive fields: what is sealed opens in its place with its key, and nowhere else."""

from collections.abc import Iterator

import pytest

from models.kernel.base import secrets

PLACE, OTHER = "Contact.phone", "Contact.mail"
OLD, NEW = bytes(range(64)), bytes(range(64, 128))


@pytest.fixture(autouse=True)
def keys() -> Iterator[None]:
    before = dict(secrets._ring), list(secrets._newest)
    secrets.set_keys({1: OLD, 2: NEW})
    yield
    secrets._ring.clear()
    secrets._ring.update(before[0])
    secrets._newest[:] = before[1]


@pytest.mark.parametrize("text", ["13800138000", "", "重慶 🎉", "x" * 20_000])
def test_a_text_comes_back(text: str) -> None:
    sealed = secrets.seal(text, PLACE)
    assert secrets.unseal(sealed, PLACE) == text
    assert sealed[0] == 2
    assert len(text) < 5 or text.encode() not in sealed


def test_the_same_text_gives_the_same_bytes_in_its_place_only() -> None:
    assert secrets.seal("one", PLACE) == secrets.seal("one", PLACE)
    assert secrets.seal("one", PLACE) != secrets.seal("one", OTHER)


def test_bytes_moved_to_another_field_do_not_open() -> None:
    with pytest.raises(ValueError, match=r"Contact\.mail does not open"):
        secrets.unseal(secrets.seal("one", PLACE), OTHER)


def test_every_changed_byte_is_noticed() -> None:
    sealed = secrets.seal("one", PLACE)
    for at in range(1, len(sealed)):
        changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(ValueError, match="does not open"):
            secrets.unseal(changed, PLACE)


@pytest.mark.parametrize("kept", [1, 2, 10, 17])
def test_cut_off_bytes_do_not_open(kept: int) -> None:
    with pytest.raises(ValueError, match="does not open"):
        secrets.unseal(secrets.seal("some text", PLACE)[:kept], PLACE)


def test_nothing_at_all_does_not_open() -> None:
    with pytest.raises(ValueError, match="is empty"):
        secrets.unseal(b"", PLACE)


def test_an_old_key_still_opens_and_a_lost_one_is_named() -> None:
    secrets.set_keys({1: OLD})
    sealed = secrets.seal("one", PLACE)
    secrets.set_keys({1: OLD, 2: NEW})
    assert secrets.unseal(sealed, PLACE) == "one"
    secrets.set_keys({2: NEW})
    with pytest.raises(ValueError, match="key 1 of a sensitive field is not in GUICHENG_FIELD_KEYS"):
        secrets.unseal(sealed, PLACE)


def test_the_wrong_key_under_the_right_name_does_not_open() -> None:
    sealed = secrets.seal("one", PLACE)
    secrets.set_keys({2: OLD})
    with pytest.raises(ValueError, match="does not open"):
        secrets.unseal(sealed, PLACE)


def test_without_a_key_nothing_is_stored_in_the_clear() -> None:
    secrets.set_keys({})
    with pytest.raises(RuntimeError, match="GUICHENG_FIELD_KEYS"):
        secrets.seal("one", PLACE)
