"""The way to the database: connects mongoengine and refuses a server on which acknowledged writes can be lost."""

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import mongoengine
import pymongo
from pymongo import MongoClient, ReadPreference
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from admin_app.problems import Problem
from admin_app.settings import Settings

SELECTION_SECONDS_MAX = 5
SOUND_OPTIONS = {"w": "majority", "journal": True, "readConcernLevel": "majority"}
RETRY_SECONDS = 2


class UnsafeServer(Problem):
    """The server or the connection string may lose acknowledged writes; the text says which and what to do."""


def connect(settings: Settings, *, reads_go_on: bool = False) -> MongoClient[dict[str, Any]]:
    """Connect mongoengine's default alias; opens no socket yet, so call it in each worker process, after the fork.

    With `reads_go_on` a secondary is read while there is no primary: for pages, which then say that nothing is saved.
    """
    if not settings.mongodb_uri:
        raise UnsafeServer("No MongoDB server is named in GUICHENG_MONGODB_URI; guicheng run starts the embedded one.")
    return mongoengine.connect(
        db=settings.database,
        host=settings.mongodb_uri,
        alias="default",
        uuidRepresentation="standard",
        tz_aware=True,
        datetime_conversion="DATETIME_AUTO",
        connect=False,
        appname="guicheng",
        read_preference=ReadPreference.PRIMARY_PREFERRED if reads_go_on else ReadPreference.PRIMARY,
        serverSelectionTimeoutMS=SELECTION_SECONDS_MAX * 1000,
        **_missing_options(settings.mongodb_uri),
    )


def check_server(client: MongoClient[dict[str, Any]]) -> None:
    """Raise UnsafeServer unless every write will be on the disks of a majority before it is acknowledged (F1, F2)."""
    concern = client.write_concern.document
    if concern.get("w") != "majority" or concern.get("j") is not True:
        raise UnsafeServer(
            f"GUICHENG_MONGODB_URI asks for the write concern {concern or 'w=1'}; acknowledged writes can be lost with "
            "less than w=majority&journal=true."
        )
    if client.read_concern.level in ("local", "available"):
        raise UnsafeServer(
            f"GUICHENG_MONGODB_URI reads with readConcernLevel={client.read_concern.level}, which may "
            "show what is taken back later; leave it out, majority is set."
        )
    if not client.options.retry_writes:
        raise UnsafeServer(
            "GUICHENG_MONGODB_URI says retryWrites=false; without it a step-down fails what people save."
        )
    if client.read_preference not in (ReadPreference.PRIMARY, ReadPreference.PRIMARY_PREFERRED):
        raise UnsafeServer("GUICHENG_MONGODB_URI must read from the primary; remove readPreference from it.")
    hello: Mapping[str, Any] = client.admin.command("hello")
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise UnsafeServer(
            "GUICHENG_MONGODB_URI names a standalone MongoDB server, which can lose acknowledged writes and has no "
            "transactions; make it a replica set, of one node at least."
        )


def wait_for_server(
    client: MongoClient[dict[str, Any]], echo: Callable[[str], None] = print, seconds_max: float = float("inf")
) -> None:
    """Wait until the database answers, saying so once, then check it; an application may be started before it."""
    deadline = time.monotonic() + seconds_max
    has_spoken = False
    while True:
        try:
            check_server(client)
        except PyMongoError as problem:
            if not has_spoken:
                echo(f"The database {_place(client)} does not answer yet ({type(problem).__name__}); waiting for it.")
            has_spoken = True
            if time.monotonic() > deadline:
                raise
            time.sleep(RETRY_SECONDS)
        else:
            return


def check_writable(client: MongoClient[dict[str, Any]], database: str, seconds_max: float) -> None:
    """Write one small document to the primary within the time given; raise PyMongoError or UnsafeServer if it fails."""
    with pymongo.timeout(seconds_max):
        check_server(client)
        client[database]["readiness"].update_one({"_id": "web"}, {"$currentDate": {"at": True}}, upsert=True)


def _missing_options(uri: str) -> dict[str, Any]:
    """State what the connection string leaves open; what it says explicitly is left for check_server to judge."""
    if uri.startswith("mongodb+srv://"):  # reading one asks DNS, which may not answer yet
        stated = {part.partition("=")[0].lower() for part in urlsplit(uri).query.split("&")}
    else:
        stated = {name.lower() for name in parse_uri(uri)["options"]}
    return {name: value for name, value in SOUND_OPTIONS.items() if name.lower() not in stated}


def _place(client: MongoClient[dict[str, Any]]) -> str:
    return ", ".join(f"{host}:{port}" for host, port in sorted(client.topology_description.server_descriptions()))
