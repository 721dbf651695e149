"""Sends a stored content in the ranges that are asked for, without reading what stands before them."""

from __future__ import annotations

from typing import IO

from flask import Response, request
from werkzeug.wsgi import FileWrapper

from models.services.files.uploads import CHUNK


def in_ranges(content: IO[bytes], size: int, content_type: str) -> Response:
    """A content of so many bytes, or the range of it that the request names.

    The wrapper of the web server itself does not seek: a range at the end of two gigabytes would read all of them."""
    response = Response(FileWrapper(content, CHUNK), direct_passthrough=True)
    response.headers["Content-Type"] = content_type
    response.content_length = size
    return response.make_conditional(request.environ, accept_ranges=True, complete_length=size)
