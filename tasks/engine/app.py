"""The Celery application: one task that carries out a run. The truth about work is in MongoDB; a message only wakes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from bson import ObjectId
from celery import Celery
from kombu import Queue

from . import mongolease, redis_broker

TASK = "guicheng.work"
QUEUE = "guicheng"
# Redis gives back what a dead worker held only after this time, and looks for it every five seconds; a message that
# comes back while its run goes on has no effect, since the run is held by a lease of its own.
REDIS_OPTIONS = {
    "visibility_timeout": 600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 3,
    "socket_timeout": 30,
}


def make_celery(broker_url: str | None, mongodb_uri: str, database: str, work: Callable[[ObjectId], None]) -> Celery:
    """The application for a broker: redis://…, amqp://…, or none, which means the database server itself."""
    app = Celery("guicheng", set_as_current=False)
    app.conf.update(
        **_broker(broker_url, mongodb_uri, database),
        accept_content=["json"],
        task_serializer="json",
        result_serializer="json",
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_default_queue=QUEUE,
        task_queues=(Queue(QUEUE, routing_key=QUEUE),),
        task_create_missing_queues=False,
        task_publish_retry=False,
        broker_connection_timeout=3,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_heartbeat=10,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        beat_max_loop_interval=1,
        beat_scheduler="tasks.engine.beat:Beat",
        enable_utc=True,
        timezone="UTC",
    )

    @app.task(name=TASK)
    def carry_out(run_id: Any) -> None:
        if isinstance(run_id, str) and ObjectId.is_valid(run_id):
            work(ObjectId(run_id))

    return app


def wake(app: Celery, run_id: ObjectId) -> None:
    """Tell the workers that a run is due. Raises kombu's OperationalError when the broker is away."""
    app.send_task(TASK, args=[str(run_id)], retry=False, ignore_result=True)


def _broker(broker_url: str | None, mongodb_uri: str, database: str) -> dict[str, Any]:
    if not broker_url:
        mongolease.register()
        options = {"uri": mongodb_uri, "database": f"{database}_broker"}
        return {"broker_url": f"{mongolease.SCHEME}://", "broker_transport_options": options}
    is_redis = urlsplit(broker_url).scheme in redis_broker.SCHEMES
    if is_redis:
        redis_broker.register()
    return {"broker_url": broker_url, "broker_transport_options": REDIS_OPTIONS if is_redis else {}}
