"""While the demo company is being loaded: every page says how far it is, and changes wait until it is whole.

Its year is played by people who decide on what they saw last; a visitor who changed a record in between would stop it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from pymongo.errors import PyMongoError

from models.kernel.base.errors import Refused
from models.kernel.base.words import L
from seed.demo import percent_loaded

PROGRESS_URL = "/demo-progress"
READING = frozenset({"GET", "HEAD"})
LOADING = L("The demo company is loading: {percent} %", "示範公司載入中：{percent} %")
LATER = L(
    "The demo company is still loading ({percent} %). Nothing was changed; please try again when it is loaded.",
    "示範公司仍在載入（{percent} %），未作任何更改，請於載入完成後重試。",
)


def show_loading(app: Flask) -> None:
    """Let an application say that the demo company is being loaded, and take changes only afterwards.

    Called when its process starts, before the first request; one that starts later knows nothing of it.
    """
    progress = _Progress()
    app.add_url_rule(PROGRESS_URL, "demo_progress", progress.answer)
    app.before_request(progress.refuse_changes)
    app.context_processor(progress.facts)


class _Progress:
    """How far the load is; once it is over the database is not asked any more."""

    def __init__(self) -> None:
        self._last: int | None = 0

    def percent(self) -> int | None:
        """The per cent that are loaded, None when all is; a database that does not answer changes nothing."""
        if self._last is not None:
            with suppress(PyMongoError):
                self._last = percent_loaded()
        return self._last

    def facts(self) -> dict[str, Any]:
        """What the frame of a page shows; a page about a failure asks the database nothing."""
        percent = self.percent()
        return {"loading": None if percent is None else {"percent": percent, "url": PROGRESS_URL, "words": LOADING}}

    def refuse_changes(self) -> None:
        """Refuse whatever is no reading, but for signing in and out and the language."""
        is_free = request.method in READING or (request.endpoint or "").startswith("security.")
        if not is_free and (percent := self.percent()) is not None:
            raise Refused(LATER(percent=percent))

    def answer(self) -> ResponseReturnValue:
        """How far it is, for the line that moves; open to strangers, for whom the login page shows it."""
        percent = self.percent()
        sentence = "" if percent is None else str(LOADING(percent=percent))
        response: Response = jsonify(is_loading=percent is not None, percent=percent, sentence=sentence)
        response.headers["Cache-Control"] = "no-store"
        return response

    answer.is_public = True  # type: ignore[attr-defined]
