"""The broker in the database: what becomes of a message when the server is away."""

from __future__ import annotations

from typing import Any

import pytest
from kombu import Connection, Queue
from pymongo.collection import Collection
from pymongo.errors import AutoReconnect

from tasks.engine import mongolease


@pytest.fixture
def conversation(db: Any, settings: Any) -> Any:
    mongolease.register()
    options = {"uri": settings.mongodb_uri, "database": f"{db.name}_own_broker"}
    with Connection(f"{mongolease.SCHEME}://", transport_options=options) as connection:
        yield connection
    db.client.drop_database(options["database"])


@pytest.mark.parametrize("place", ["delete_one", "update_many"])
def test_a_place_is_free_though_the_server_is_away(conversation: Any, place: str, monkeypatch: Any) -> None:
    """Else a worker whose places were all taken in that moment would stand still for good."""
    channel = conversation.channel()
    queue = Queue("q", channel=channel)
    queue.declare()
    conversation.Producer(channel).publish({}, routing_key="q")
    channel.basic_qos(0, 1, False)
    message = queue.get()
    assert not channel.qos.can_consume()

    def away(*_: Any, **__: Any) -> Any:
        raise AutoReconnect("away")

    with monkeypatch.context() as patch:
        patch.setattr(Collection, place, away)
        with pytest.raises(AutoReconnect):
            message.ack() if place == "delete_one" else message.requeue()
    assert channel.qos.can_consume()
    assert channel.messages.count_documents({}) == 1, "it comes back when its lease ends"
