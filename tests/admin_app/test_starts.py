"""What a start refuses or mends: wrong keys, missing indexes, demo logins, weak options; several starts at once."""

from __future__ import annotations

import argparse
import errno
import secrets as random
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest
from bson import ObjectId
from mongoengine.connection import get_db
from pymongo import MongoClient

from admin_app import commands, key_check
from admin_app.database import UnsafeServer, check_server
from admin_app.problems import Problem
from admin_app.security import accounts
from models import catalogue
from models.kernel.base import secrets
from models.services.database import ensure_indexes


@pytest.fixture
def keys(settings: Any) -> Any:
    """Other keys of encrypted fields for a while."""
    yield secrets.set_keys
    secrets.set_keys(settings.field_keys)


class TestKeys:
    def test_the_right_key_is_accepted_each_time(self, db: Any, settings: Any) -> None:
        for _ in range(2):
            key_check.check_keys(list(settings.field_keys))

    def test_another_key_of_the_same_number_is_refused(self, db: Any, settings: Any, keys: Any) -> None:
        key_check.check_keys(list(settings.field_keys))
        keys({number: random.token_bytes(64) for number in settings.field_keys})
        with pytest.raises(Problem, match="is not the one"):
            key_check.check_keys(list(settings.field_keys))

    def test_a_newer_key_is_taken_and_the_older_stays_needed(self, db: Any, settings: Any, keys: Any) -> None:
        key_check.check_keys(list(settings.field_keys))
        newer = {**settings.field_keys, 9: random.token_bytes(64)}
        keys(newer)
        key_check.check_keys(list(newer))
        with pytest.raises(Problem, match="lacks key"):
            key_check.check_keys([9])

    def test_a_database_from_before_there_were_check_values(self, company: Any, settings: Any, keys: Any) -> None:
        """Its own fields say that the key is wrong."""
        company.make("negotiation", concerns="價格")
        keys({number: random.token_bytes(64) for number in settings.field_keys})
        with pytest.raises(Problem, match="is not the one"):
            key_check.check_keys(list(settings.field_keys))
        secrets.set_keys(settings.field_keys)
        key_check.check_keys(list(settings.field_keys))


class TestDatabase:
    def test_several_that_start_at_once_on_an_empty_database(self, db: Any, monkeypatch: Any) -> None:
        """All see an empty list of collections, and all but one find them made when they make them."""
        monkeypatch.setattr(type(db), "list_collection_names", lambda *_args, **_options: [])
        few = {name: catalogue[name] for name in ("position", "department", "customer")}
        ensure_indexes(few)

    @pytest.mark.parametrize(
        "names", [("session",), ("customer", "customer_archive"), ("counter", "task_run", "draft")]
    )
    def test_those_that_make_the_same_collections_at_once(self, db: Any, names: tuple[str, ...]) -> None:
        """As after a restore, when web, worker and beat start together."""
        for name in names:
            db.drop_collection(name)
        few = {"customer": catalogue["customer"]}
        with ThreadPoolExecutor(3) as several:
            for done in [several.submit(ensure_indexes, few) for _ in range(3)]:
                done.result()
        assert set(names) <= set(db.list_collection_names())

    @pytest.mark.parametrize("command", [commands.web, commands.worker, commands.beat])
    @pytest.mark.parametrize(("collection", "index"), [
        ("loan", "unique_document_copy_while_lost_on_loan_kind=paper"),
        ("requirement", "given_once"),
        ("requirement", "given_number"),
        ("task_run", "given_once"),
    ])  # fmt: skip
    def test_each_alone_builds_what_is_missing(
        self, command: Any, collection: str, index: str, db: Any, settings: Any, monkeypatch: Any
    ) -> None:
        """Indexes that keep numbers and loans single."""
        db[collection].drop_index(index)
        ended: list[str] = []
        monkeypatch.setattr(commands.os, "execvpe", lambda *words: ended.append(words[0]))
        monkeypatch.setattr(commands, "check_port", lambda settings: None)
        monkeypatch.setattr(commands, "connected", nullcontext)
        command(settings, argparse.Namespace(public=False))
        assert ended
        assert index in db[collection].index_information()

    def test_records_that_break_a_new_rule_are_named(self, company: Any, db: Any) -> None:
        """A database of before in which two records have what the declaration now allows once."""
        document = company.walk(company.make("document", "clerk_sal"), "approved")
        record = company.make("revision", "clerk_sal", document=document.id)
        (rule,) = catalogue["revision"].declared.unique
        db.revision.drop_index(rule.name)
        row = db.revision.find_one({"_id": record.id})
        db.revision.insert_one({**{k: v for k, v in row.items() if k != "once"}, "_id": ObjectId(), "number": "RV-X"})
        with pytest.raises(Problem, match=rf"^{record.number} and RV-X \(revision\) have the same document, which"):
            commands.ready_database()
        db.revision.delete_one({"number": "RV-X"})
        commands.ready_database()
        assert rule.name in db.revision.index_information()

    @pytest.mark.parametrize("option", ["retryWrites=false", "readConcernLevel=local", "readConcernLevel=available"])
    def test_weak_options_are_refused(self, option: str) -> None:
        uri = f"mongodb://127.0.0.1/?w=majority&journal=true&{option}"
        with MongoClient(uri, connect=False) as client, pytest.raises(UnsafeServer, match=option.partition("=")[0]):
            check_server(client)


class TestPort:
    """The workers of a killed master hold it for some seconds (M12)."""

    @pytest.fixture
    def refusals(self, monkeypatch: Any) -> list[int]:
        """What the next trials of the port answer."""
        numbers: list[int] = []
        monkeypatch.setattr(
            commands, "_port_problem", lambda settings: OSError(numbers.pop(0), "x") if numbers else None
        )
        monkeypatch.setattr(commands.time, "sleep", lambda seconds: None)
        return numbers

    def test_it_is_waited_for(self, refusals: list[int], settings: Any) -> None:
        refusals += [errno.EADDRINUSE] * 3
        commands.check_port(settings)
        assert refusals == []

    def test_not_for_ever(self, refusals: list[int], settings: Any, monkeypatch: Any) -> None:
        refusals += [errno.EADDRINUSE] * 3
        monkeypatch.setattr(commands, "PORT_SECONDS_MAX", -1)
        with pytest.raises(Problem, match="is taken by another program"):
            commands.check_port(settings)
        assert len(refusals) == 2

    @pytest.mark.parametrize("number", [errno.EACCES, errno.EADDRNOTAVAIL])
    def test_nor_where_waiting_mends_nothing(self, number: int, refusals: list[int], settings: Any) -> None:
        refusals += [number] * 3
        with pytest.raises(Problem, match="Cannot listen on"):
            commands.check_port(settings)
        assert len(refusals) == 2


class TestDemoLogins:
    def test_production_is_refused_until_they_are_closed(self, company: Any, settings: Any) -> None:
        production = settings.model_copy(update={"demo": False})
        commands.refuse_demo_logins(production)
        accounts.open_demo_accounts("guicheng-demo")
        commands.refuse_demo_logins(settings)
        with pytest.raises(Problem, match="close-demo"):
            commands.refuse_demo_logins(production)
        assert accounts.close_demo_accounts() == len(company.logins)
        assert accounts.check("head_sal", "guicheng-demo") is None
        commands.refuse_demo_logins(production)

    def test_those_of_an_older_database_are_known_too(self, company: Any, settings: Any) -> None:
        accounts.open_demo_accounts("guicheng-demo")
        get_db()["account"].update_many({}, {"$unset": {"demo": ""}})
        with pytest.raises(Problem):
            commands.refuse_demo_logins(settings.model_copy(update={"demo": False}))

    def test_who_chose_a_password_of_their_own_stays(self, company: Any) -> None:
        accounts.open_demo_accounts("guicheng-demo")
        accounts.set_password(company.users["head_sal"], "quite another sentence")
        assert accounts.close_demo_accounts() == len(company.logins) - 1
        assert accounts.check("head_sal", "quite another sentence")
