"""Uploads go from the connection straight into the store: no copy on this machine's disk, none in its memory.

A view function takes part if it has the attribute `stores_files`, besides `takes_files`; only signed-in users reach it
so. What its view did not adopt is taken away when the request ends, however it ends.
"""

from typing import IO, Any, cast

from flask import Flask, Request, g

from models.services.files.uploads import MEGABYTE, Incoming

FORM_AROUND_MAX = MEGABYTE


class StreamingRequest(Request):
    """A request whose uploaded files may be stored while they arrive."""

    stored_most: int | None = None

    def store_files(self, most: int) -> None:
        """Let files of up to so many bytes into the store, beside a form of ordinary size."""
        self.stored_most = most
        self.max_content_length = most + FORM_AROUND_MAX

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if self.stored_most is None:
            return super()._get_file_stream(total_content_length, content_type, filename, content_length)
        incoming = Incoming((filename or "")[:200].encode("utf-8", "replace").decode(), self.stored_most)
        g.setdefault("incoming", []).append(incoming)
        return cast(IO[bytes], incoming)


def stream_uploads(app: Flask) -> None:
    """Use such requests, and clean up after each."""
    app.request_class = StreamingRequest

    @app.teardown_request
    def drop(_fault: BaseException | None) -> None:
        left: list[Any] = g.pop("incoming", [])
        for incoming in left:
            incoming.drop()
