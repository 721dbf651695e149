"""The description of the API: the document for programs, and the same on pages for people, as far as each may go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask_login import current_user
from werkzeug.exceptions import HTTPException

from models.kernel.base.errors import Missing

from ..session import actor
from . import problem
from .answers import as_json
from .description import describe
from .endpoints import own_types, type_of

endpoints = Blueprint("api_pages", __name__, url_prefix="/api")
EXAMPLE = 'curl -H "Authorization: Bearer gck_…" {host}api/v1/{name}'
METHODS = ("get", "post", "patch", "delete")


@endpoints.get("/openapi.json")
def document() -> Response:
    """The document of all types, or of the one that `type` names."""
    me, name = actor(), request.args.get("type")
    use = current_user.use
    return as_json(describe([type_of(name)] if name else own_types(me), me, use.key if use else None))


@endpoints.errorhandler(HTTPException)
def _http(fault: HTTPException) -> Any:
    if request.path.endswith(".json"):
        return problem.answer(fault.code or 500, problem.sentence_of(fault))
    raise Missing


@endpoints.get("/")
def types() -> str:
    """What there is: a line for each type, and what holds for all."""
    me = actor()
    shown = sorted(own_types(me), key=lambda cls: (cls.declared.chapter.clause, str(cls.declared.label)))
    codes = {code: (problem.CODES[code], problem.TITLES[code]) for code in problem.CODES}
    example = EXAMPLE.format(host=request.host_url, name=shown[0].type_name() if shown else "…")
    return render_template("api/types.html", types=shown, codes=codes, example=example)


@endpoints.get("/<name>/")
def type_page(name: str) -> str:
    """The addresses of one type, each with what it takes and answers."""
    me, cls = actor(), type_of(name)
    content = describe([cls], me, None)
    operations = [
        {"path": path, "method": method.upper(), **item[method], "takes": _takes(content, item[method])}
        for path, item in content["paths"].items()
        for method in METHODS
        if method in item
    ]
    shapes = content["components"]["schemas"]
    fields = [_field(field, shape) for field, shape in shapes[name]["properties"].items()]
    settable = {kind: set(shapes.get(f"{name}.{kind}", {}).get("properties", ())) for kind in ("new", "change")}
    needed = set(shapes.get(f"{name}.new", {}).get("required", ()))
    return render_template(
        "api/type.html", cls=cls, operations=operations, fields=fields, settable=settable, needed=needed
    )


def _takes(content: Mapping[str, Any], operation: Mapping[str, Any]) -> list[str]:
    """The members of the body of an operation."""
    body = operation.get("requestBody", {}).get("content", {})
    schema: Mapping[str, Any] = next(iter(body.values()), {}).get("schema", {})
    if "$ref" in schema:
        schema = content["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return list(schema.get("properties", ()))


def _field(name: str, shape: Mapping[str, Any]) -> dict[str, Any]:
    kinds = shape.get("type", "")
    return {
        "name": name,
        "kind": ", ".join(kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "null"),
        "form": shape.get("format") or shape.get("pattern") or "",
        "words": shape.get("description", ""),
    }
