"""Answers to programs: JSON in which Chinese stands as it is, with the version of a record as its ETag."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Response


def as_json(content: Mapping[str, Any], status: int = 200, **headers: str) -> Response:
    """An answer of one object."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Response(text + "\n", status, headers, mimetype="application/json")


def with_version(content: Mapping[str, Any], status: int = 200, **headers: str) -> Response:
    """A record, with its version as its ETag."""
    return as_json(content, status, ETag=f'"v{content["version"]}"', **headers)
