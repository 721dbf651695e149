"""A process in which somebody is refused again and again until it is killed, or dies by itself between the refusal and
the writing down of it; the test starts it with settings in its environment.

python -m tests.faults.refusing USER [dies]
"""

import os
import signal
import sys
from typing import Any

from bson import ObjectId

from admin_app.settings import load_settings
from admin_app.start import start
from models import catalogue
from models.kernel.base.errors import Refused
from models.kernel.base.people import Actor, actor_of
from models.kernel.gate import attempts, changes


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(me: Actor) -> None:
    """An entry without what is required."""
    try:
        changes.create(catalogue["customer"], {}, actor=me)
    except Refused:
        return
    raise AssertionError("It was to be refused.")


if __name__ == "__main__":
    start(load_settings())
    me = actor_of(catalogue["user"].objects.get(id=ObjectId(sys.argv[1])))
    attempts.KEPT_EACH_MINUTE = 1_000_000
    if sys.argv[2:] == ["dies"]:
        attempts.queued = die  # type: ignore[assignment]
    print("begun", flush=True)
    while True:
        refuse(me)
