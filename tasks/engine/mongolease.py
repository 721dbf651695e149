"""A broker in MongoDB, for an installation without a broker of its own: a message is taken by a lease and comes back.

Kombu's own MongoDB transport removes a message when it is taken, so a killed worker loses it. Here it stays, leased on
the server's clock; the consumer renews the leases of what it holds while it waits for more, and acknowledging removes
the message. There is no fanout, so workers take no remote control: what runs is in MongoDB for everybody to see.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from queue import Empty
from typing import Any

import kombu.transport
from kombu.transport import virtual
from kombu.utils.encoding import bytes_to_str
from kombu.utils.json import dumps, loads
from pymongo import ASCENDING, IndexModel, MongoClient
from pymongo.collection import Collection
from pymongo.errors import PyMongoError

SCHEME = "mongolease"
COLLECTION = "message"
LEASE_SECONDS = 60
FORGOTTEN_AFTER_SECONDS = 7 * 86_400
_UNTAKEN = {"$lt": [{"$ifNull": ["$lease", 0]}, "$$NOW"]}


class QoS(virtual.QoS):
    """What a channel has taken and not acknowledged yet."""

    def ack(self, delivery_tag: str) -> None:
        super().ack(
            delivery_tag
        )  # the place is free also when the server is away just now: then the message comes back
        self.channel.forget(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        self._quick_ack(delivery_tag)
        if requeue:
            self.channel.release([delivery_tag])
        else:
            self.channel.forget(delivery_tag)

    def restore_unacked(self) -> list[Any]:
        """Give back what was taken, at the end of a channel."""
        self._flush()
        self.channel.release(list(self._delivered))
        self._delivered.clear()
        return []

    def held(self) -> list[str]:
        self._flush()
        return list(self._delivered)


class Channel(virtual.Channel):
    """One conversation with the broker's database."""

    QoS = QoS
    do_restore = True
    supports_fanout = False

    def __init__(self, connection: Any, **options: Any) -> None:
        super().__init__(connection, **options)
        settings = connection.client.transport_options
        self._seconds: float = settings.get("lease_seconds", LEASE_SECONDS)
        self._renewed = time.monotonic()
        self._client: MongoClient[dict[str, Any]] = MongoClient(settings["uri"], serverSelectionTimeoutMS=5000)
        self.messages: Collection[dict[str, Any]] = self._client[settings["database"]][COLLECTION]
        self.messages.create_indexes(
            [
                IndexModel([("queue", ASCENDING), ("_id", ASCENDING)]),
                IndexModel([("tag", ASCENDING)]),
                IndexModel([("at", ASCENDING)], expireAfterSeconds=FORGOTTEN_AFTER_SECONDS),
            ]
        )

    def _put(self, queue: str, message: dict[str, Any], **_options: Any) -> None:
        tag = message["properties"]["delivery_tag"]
        fresh = {"queue": queue, "payload": dumps(message), "tries": 0, "at": "$$NOW"}
        values = {name: value if value == "$$NOW" else {"$literal": value} for name, value in fresh.items()}
        self.messages.update_one({"tag": tag}, [{"$set": values}], upsert=True)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        taken = {"lease": {"$add": ["$$NOW", int(self._seconds * 1000)]}, "tries": {"$add": ["$tries", 1]}}
        row = self.messages.find_one_and_update(
            {"queue": queue, "$expr": _UNTAKEN}, [{"$set": taken}], sort=[("_id", ASCENDING)]
        )
        if row is None:
            raise Empty
        message = loads(bytes_to_str(row["payload"]))
        if row["tries"]:
            message["properties"].setdefault("delivery_info", {})["redelivered"] = True
        return message

    def _size(self, queue: str) -> int:
        return self.messages.count_documents({"queue": queue})

    def _purge(self, queue: str) -> int:
        return self.messages.delete_many({"queue": queue}).deleted_count

    def _delete(self, queue: str, *_arguments: Any, **_options: Any) -> None:
        self._purge(queue)

    def _restore(self, message: Any) -> None:
        self.release([message.delivery_tag])

    _restore_at_beginning = _restore

    def forget(self, tag: str) -> None:
        """Remove a message that was dealt with."""
        self.messages.delete_one({"tag": tag})

    def release(self, tags: Iterable[str]) -> None:
        """Let others take these messages at once."""
        self.messages.update_many({"tag": {"$in": list(tags)}}, {"$unset": {"lease": ""}})

    def renew(self) -> None:
        """Keep what is held, four times in the length of a lease."""
        if time.monotonic() - self._renewed < self._seconds / 4:
            return
        self._renewed = time.monotonic()
        if self._qos is not None and (tags := self._qos.held()):
            kept = {"lease": {"$add": ["$$NOW", int(self._seconds * 1000)]}}
            self.messages.update_many({"tag": {"$in": tags}}, [{"$set": kept}])

    def close(self) -> None:
        """End the conversation; what was not acknowledged goes back."""
        try:
            super().close()
        except PyMongoError:  # the server is away: the leases run out by themselves
            self.closed = True
        self._client.close()


class Transport(virtual.Transport):
    """Registered for addresses that begin with mongolease://; the server is named in the transport options."""

    Channel = Channel
    can_parse_url = True
    driver_type = "mongodb"
    driver_name = SCHEME
    polling_interval = 0.2
    # With an event loop each child of a worker has pipes of its own. Without, all of them share a queue behind a lock,
    # and a child that is killed while it waits for work takes the lock with it: no other gets any from then on.
    implements = virtual.Transport.implements.extend(asynchronous=True)
    connection_errors: Any = (*virtual.Transport.connection_errors, PyMongoError)
    channel_errors: Any = (*virtual.Transport.channel_errors, PyMongoError)

    def driver_version(self) -> str:
        return "1"

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        """Look for messages again and again, in a worker's event loop."""
        loop.call_repeatedly(self.polling_interval, self._take)

    def _take(self) -> None:
        """Take as many messages as the worker may have; the leases of those in work are renewed."""
        self._renew()
        with suppress(Empty):
            while self.cycle is not None:
                self.cycle.get(self._deliver)

    def drain_events(self, connection: Any, timeout: float | None = None, **_options: Any) -> None:
        """Wait for a message; meanwhile the leases of those in work are renewed."""
        self._renew()
        super().drain_events(connection, timeout=timeout)

    def _renew(self) -> None:
        for channel in list(self.channels):
            channel.renew()


def register() -> None:
    """Let kombu know the transport."""
    kombu.transport.TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
