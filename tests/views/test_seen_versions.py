"""The version that a form or link names, read in one place."""

import pytest

from views.session import NEVER_SEEN, seen_version, version_if_given


@pytest.mark.parametrize(("text", "version"), [
    ("0", 0), ("12", 12), ("１２", 12), ("999999999", 999999999), ("1234567890", NEVER_SEEN), ("", NEVER_SEEN),
    ("²", NEVER_SEEN), ("-1", NEVER_SEEN), ("1.0", NEVER_SEEN), (" 1", NEVER_SEEN), ("none", NEVER_SEEN),
])  # fmt: skip
def test_what_is_no_version_was_never_seen(text, version):
    assert seen_version(text) == version_if_given(text) == version


def test_where_none_is_named():
    assert (seen_version(None), version_if_given(None)) == (NEVER_SEEN, None)
