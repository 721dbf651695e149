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
from seed.demo import has_failed, percent_loaded

PROGRESS_URL = "/demo-progress"
READING = frozenset({"GET", "HEAD"})
LOADING = L("The demo company is loading: {percent} %", "示範公司載入中：{percent} %")
LATER = L(
    "The demo company is still loading ({percent} %). Nothing was changed; please try again when it is loaded.",
    "示範公司仍在載入（{percent} %），未作任何更改，請於載入完成後重試。",
)
FAILED = L(
    "The demo company could not be loaded; see the terminal. Stop with Ctrl-C and start again: it is loaded anew.",
    "示範公司載入失敗，原因見終端畫面。請按 Ctrl-C 停止後重新啟動，系統將重新載入。",
)
FAILED_LATER = L("Nothing was changed. {failed}", "未作任何更改。{failed}")


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
        self._has_failed = False

    def percent(self) -> int | None:
        """The per cent that are loaded, None when all is; a database that does not answer changes nothing."""
        if self._last is not None:
            with suppress(PyMongoError):
                self._last, self._has_failed = percent_loaded(), has_failed()
        return self._last

    def sentence(self) -> str:
        """What is said of a load that is not at its end."""
        return str(FAILED if self._has_failed else LOADING(percent=self._last))

    def facts(self) -> dict[str, Any]:
        """What the frame of a page shows; a page about a failure asks the database nothing."""
        percent = self.percent()
        facts = {"percent": percent, "url": PROGRESS_URL, "sentence": self.sentence(), "failed": self._has_failed}
        return {"loading": None if percent is None else facts}

    def refuse_changes(self) -> None:
        """Refuse whatever is no reading, but for signing in and out and the language."""
        is_free = request.method in READING or (request.endpoint or "").startswith("security.")
        if not is_free and (percent := self.percent()) is not None:
            raise Refused(FAILED_LATER(failed=FAILED) if self._has_failed else LATER(percent=percent))

    def answer(self) -> ResponseReturnValue:
        """How far it is, for the line that moves; open to strangers, for whom the login page shows it."""
        percent = self.percent()
        sentence = "" if percent is None else self.sentence()
        is_loading = percent is not None
        response: Response = jsonify(
            is_loading=is_loading, has_failed=is_loading and self._has_failed, percent=percent, sentence=sentence
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    answer.is_public = True  # type: ignore[attr-defined]
