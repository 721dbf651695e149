"""Redis as broker, as kombu has it, but for a message that was dealt with while Redis was away.

Kombu keeps such a message among those in work. When all places of a worker are taken so, it neither takes another one
nor notices that its connection is gone, and stands still for good. Here the place is free at once; the message comes
back when Redis gives up waiting for it, and has no effect then, since its run has ended.
"""

from __future__ import annotations

import kombu.transport
from kombu.transport import redis

SCHEMES = ("redis", "rediss")


class RedisQoS(redis.QoS):
    """What a channel has taken and not acknowledged yet."""

    def ack(self, delivery_tag: str) -> None:
        self._quick_ack(delivery_tag)
        super().ack(delivery_tag)


class RedisChannel(redis.Channel):
    """One conversation with Redis."""

    QoS = RedisQoS


class RedisTransport(redis.Transport):
    """Registered for addresses of Redis."""

    Channel = RedisChannel


def register() -> None:
    """Let kombu take this transport for Redis."""
    kombu.transport.TRANSPORT_ALIASES |= dict.fromkeys(SCHEMES, f"{__name__}:RedisTransport")
