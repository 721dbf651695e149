"""The strict room itself: the database is indexed and empty, foreign hosts are out of reach."""

import socket

import pytest


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_finds_an_empty_indexed_database(db, turn):
    assert db.user.count_documents({}) == 0
    assert len(db.user.index_information()) > 1
    db.user.insert_one({"login": "left behind"})


def test_another_host_is_out_of_reach():
    with socket.socket() as out, pytest.raises(AssertionError, match="without a network"):
        out.connect(("192.0.2.1", 80))
