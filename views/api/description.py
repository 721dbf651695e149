"""The description of the API by OpenAPI 3.1, made for its reader from the declarations and the rights of the moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.fields import declared_fields
from models.kernel.language.record import Record
from models.kernel.language.workflow import Move
from models.kernel.rights import rights
from models.services.personal.api_keys import ApiKey, KeyVerb

from ..lists.conditions import OPS
from . import schemas
from .problem import TITLES
from .reading import LIMIT, LIMIT_MAX, sortable
from .schemas import a_list, an_object

VERSION = "1"
TITLE = L("Guicheng", "規程")
FILTERED = L("The filters of the grid, as on its page.", "與列表頁面相同的篩選條件。")
PROBLEMS = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
ALWAYS = (400, 401, 403, 404, 405, 413, 422, 429, 500, 503)
SUMMARIES: dict[str, L] = {
    "list": L("List", "列表"),
    "create": L("Create", "新建"),
    "read": L("Read", "查看"),
    "update": L("Change", "修改"),
    "remove": L("Put into the bin", "移至回收站"),
    "restore": L("Take out of the bin", "從回收站恢復"),
    "history": L("History", "歷史"),
    "comments": L("Comments", "評論"),
    "comment": L("Comment", "評論"),
    "moves": L("Which steps there are", "可辦理的步驟"),
    "files": L("Files", "附件"),
    "attach": L("Attach a file", "添加附件"),
    "download": L("Download a file", "下載附件"),
    "detach": L("Take a file off", "移除附件"),
}
REHEARSE = {
    "name": "rehearse", "in": "query", "schema": {"type": "string", "enum": ["1"]},
    "description": "Answers what would happen, and changes nothing.",
}  # fmt: skip
CONFIRM = {
    "name": "confirm", "in": "query", "schema": {"type": "string", "enum": ["1"]},
    "description": "Confirms what was asked to be confirmed.",
}  # fmt: skip
IF_MATCH = {
    "name": "If-Match", "in": "header", "required": True, "schema": {"type": "string", "pattern": '^"v[0-9]{1,9}"$'},
    "description": "The version that was read, as its ETag gave it.",
}  # fmt: skip
IDEMPOTENCY = {
    "name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
    "description": "Under it the request is done once.",
}  # fmt: skip
ETAG = {"ETag": {"schema": {"type": "string"}, "description": "The version of the record."}}


def describe(types: Iterable[type[Record]], me: Actor, key: ApiKey | None) -> dict[str, Any]:
    """The document for a reader of what they may do with some types, with this key or (None) with any."""
    paths: dict[str, Any] = {}
    components: dict[str, Any] = dict(schemas.SHARED)
    tags = []
    for cls in types:
        part = TypeDescription(cls, me, key)
        if own := part.paths():
            paths |= own
            components |= part.schemas()
            tags.append({"name": cls.type_name(), "description": str(cls.declared.label)})
    return {
        "openapi": "3.1.0",
        "info": {"title": str(TITLE), "version": VERSION},
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


class TypeDescription:
    """The addresses of one type, as far as they are of use to a reader."""

    def __init__(self, cls: type[Record], me: Actor, key: ApiKey | None):
        self.cls, self.me, self.key = cls, me, key
        self.name = cls.type_name()
        self.base = f"/api/v1/{self.name}"

    def _may(self, verb: KeyVerb) -> bool:
        return self.key is None or self.key.covers(self.name, verb)

    def _ref(self, suffix: str = "") -> dict[str, Any]:
        return {"$ref": f"#/components/schemas/{self.name}{suffix}"}

    def schemas(self) -> dict[str, Any]:
        """The shapes that its addresses name."""
        shapes = {"": schemas.record_schema(self.cls, self.me), ".row": schemas.row_schema(self.cls, self.me)}
        shapes[".rehearsed"] = an_object(
            {
                "rehearsed": {"const": True},
                "record": self._ref(),
                "verbs": a_list(schemas.TEXT),
                "follows": a_list(an_object({"type": schemas.TEXT, "verb": schemas.TEXT, "count": schemas.COUNT})),
                "notices": a_list(an_object({"kind": schemas.TEXT, "count": schemas.COUNT})),
            }
        )
        if self._creates():
            shapes[".new"] = schemas.sent_schema(self.cls, self.me, new=True)
        if self._changes():
            shapes[".change"] = schemas.sent_schema(self.cls, self.me, new=False)
        return {f"{self.name}{suffix}": shape for suffix, shape in shapes.items()}

    def _creates(self) -> bool:
        return self._may(KeyVerb.CREATE) and bool(rights.may_create(self.me, self.cls))

    def _changes(self) -> bool:
        return self._may(KeyVerb.UPDATE) and bool(schemas.settable(self.cls, self.me, new=False))

    def paths(self) -> dict[str, Any]:
        """The addresses, each with what may be asked of it."""
        reads = self._may(KeyVerb.READ)
        whole = {
            "": self._operations(get=reads and self._list(), post=self._creates() and self._create()),
            "/{id}": self._operations(
                get=reads and self._read(), patch=self._changes() and self._update(),
                delete=self._may(KeyVerb.REMOVE) and self._remove(),
            ),
            "/{id}/restore": self._operations(post=self._may(KeyVerb.REMOVE) and self._restore()),
            "/{id}/history": self._operations(get=reads and self._paged("history", "Entry")),
            "/{id}/comments": self._operations(
                get=reads and self._paged("comments", "Comment"), post=self._may(KeyVerb.COMMENT) and self._comment()
            ),
            "/{id}/files": self._operations(
                get=reads and self._files(), post=self._may(KeyVerb.ATTACH) and self._attach()
            ),
            "/{id}/files/{file}": self._operations(
                get=reads and self._download(), delete=self._may(KeyVerb.ATTACH) and self._detach()
            ),
        }  # fmt: skip
        if self.cls.declared.workflow:
            whole["/{id}/moves"] = self._operations(get=reads and self._moves())
            for verb, move in self._own_moves().items() if self._may(KeyVerb.MOVE) else ():
                whole[f"/{{id}}/moves/{verb}"] = {"post": self._move(move)}
        return {f"{self.base}{path}": self._with_places(path, item) for path, item in whole.items() if item}

    def _operations(self, **operations: Any) -> dict[str, Any]:
        return {method: operation for method, operation in operations.items() if operation}

    def _with_places(self, path: str, item: dict[str, Any]) -> dict[str, Any]:
        """A path with what stands in it; it is answered as missing, too, where it is no id."""
        places = [
            {"name": name, "in": "path", "required": True, "schema": dict(schemas.ID)}
            for name in ("id", "file")
            if f"{{{name}}}" in path
        ]
        for method, operation in item.items() if self.cls.declared.merges and places else ():
            code = 301 if method == "get" else 409  # of a record that was merged into another one
            operation["responses"].setdefault(str(code), _problem(code))
        return {"parameters": places, **item} if places else item

    def _own_moves(self) -> dict[str, Move]:
        flow = self.cls.declared.workflow
        moves = flow.moves if flow else ()
        return {move.verb: move for move in moves if not (move.auto or move.sign or move.by.is_system)}

    def _operation(self, name: str, answers: Mapping[int, Any], *parameters: Any, body: Any = None, **more: Any) -> Any:
        summary = f"{SUMMARIES[name]}: {self.cls.declared.label}" if name in SUMMARIES else more.pop("summary")
        expected = {str(code): answer for code, answer in answers.items()}
        wrong = {str(code): _problem(code) for code in (*ALWAYS, *more.pop("also", ())) if str(code) not in expected}
        return {
            "tags": [self.name],
            "operationId": f"{self.name}.{more.pop('id', name)}",
            "summary": summary,
            "parameters": list(parameters),
            **({"requestBody": body} if body else {}),
            "responses": expected | wrong,
            **more,
        }

    def _list(self) -> Any:
        fields = declared_fields(self.cls)
        orders = [name for name in sortable(self.cls, self.me) if name == "id" or name in fields]
        content = an_object(
            {
                "items": a_list(self._ref(".row")),
                "next": schemas.TEXT_OR_NULL,
                "count": schemas.COUNT,
                "count_is_exact": schemas.FLAG,
            }
        )
        parameters: list[Any] = [
            _query("q", {"type": "string", "maxLength": 200}),
            _query("sort", {"type": "string", "enum": [sign + name for name in orders for sign in ("", "-")]}),
            _query("limit", {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT}),
            _query("after", {"type": "string"}),
            _query("fields", {"type": "string"}, description=", ".join(schemas.listed(self.cls, self.me))),
            *self._filters(),
        ]
        return self._operation("list", {200: _answer(content)}, *parameters, description=str(FILTERED))

    def _filters(self) -> list[Any]:
        seen = rights.listed_fields(self.me, self.cls)
        named = dict.fromkeys((*self.cls.declared.grid.filters, "state", "department", "owner", "tags"))
        names = [name for name in named if name in seen and name in declared_fields(self.cls)]
        if not self.cls.declared.workflow:
            names = [name for name in names if name != "state"]
        many = {"type": "array", "items": {"type": "string"}}
        return [_query(f"f.{name}{op}", many, explode=True) for name in names for op in OPS]

    def _create(self) -> Any:
        return self._operation(
            "create",
            {200: _answer(self._ref(".rehearsed")), 201: _answer(self._ref(), headers=ETAG)},
            REHEARSE, CONFIRM, IDEMPOTENCY, body=_body(self._ref(".new")), also=(409, 415),
        )  # fmt: skip

    def _read(self) -> Any:
        return self._operation("read", {200: _answer(self._ref(), headers=ETAG)}, _query("at", {"type": "string"}))

    def _update(self) -> Any:
        body = _body(self._ref(".change"), "application/merge-patch+json")
        return self._operation("update", self._changed(), IF_MATCH, REHEARSE, CONFIRM, body=body, also=(412, 415, 428))

    def _changed(self, code: int = 200) -> dict[int, Any]:
        """The record as it was changed, or what a rehearsal says of it."""
        if code != 200:
            return {200: _answer(self._ref(".rehearsed")), code: _answer(self._ref(), headers=ETAG)}
        return {200: _answer({"anyOf": [self._ref(), self._ref(".rehearsed")]})}

    def _remove(self) -> Any:
        answers = {200: _answer(self._ref(".rehearsed")), 204: {"description": str(SUMMARIES["remove"])}}
        return self._operation("remove", answers, IF_MATCH, REHEARSE, CONFIRM, also=(412, 428))

    def _restore(self) -> Any:
        return self._operation("restore", self._changed(), REHEARSE, also=(412, 415))

    def _move(self, move: Move) -> Any:
        flow = self.cls.declared.workflow
        label = flow.verb_label(move.verb) if flow else move.verb
        return self._operation(
            "", self._changed(), IF_MATCH, REHEARSE, CONFIRM,
            body=_body(schemas.move_schema(self.cls, move, self.me), required=False),
            id=f"move.{move.verb}", summary=f"{label}: {self.cls.declared.label}", also=(412, 415, 428),
        )  # fmt: skip

    def _moves(self) -> Any:
        content = an_object({"version": schemas.COUNT, "items": a_list({"$ref": "#/components/schemas/Move"})})
        return self._operation("moves", {200: _answer(content, headers=ETAG)})

    def _paged(self, name: str, schema: str) -> Any:
        items = a_list({"$ref": f"#/components/schemas/{schema}"})
        content = an_object({"items": items, "next": {"type": ["integer", "null"]}})
        return self._operation(name, {200: _answer(content)}, _query("after", {"type": "integer", "minimum": 0}))

    def _comment(self) -> Any:
        body = _body(an_object({"text": {"type": "string", "minLength": 1, "maxLength": 4000}}))
        return self._operation("comment", self._changed(201), REHEARSE, IDEMPOTENCY, body=body, also=(412, 415))

    def _files(self) -> Any:
        items = a_list({"$ref": "#/components/schemas/File"})
        return self._operation("files", {200: _answer(an_object({"items": items}))})

    def _attach(self) -> Any:
        kinds = ["", *self.cls.declared.file_kinds]
        parts = {"file": {"type": "string", "format": "binary"}, "kind": {"type": "string", "enum": kinds}}
        body = {"required": True, "content": {"multipart/form-data": {"schema": an_object(parts, required=["file"])}}}
        made = {200: _answer(TRIED), 201: _answer({"$ref": "#/components/schemas/File"})}
        return self._operation("attach", made, REHEARSE, IDEMPOTENCY, body=body, also=(412,))

    def _download(self) -> Any:
        binary = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        return self._operation("download", {200: {"description": "", "content": binary}})

    def _detach(self) -> Any:
        answers = {200: _answer(TRIED), 204: {"description": str(SUMMARIES["detach"])}}
        return self._operation("detach", answers, REHEARSE, also=(412,))


TRIED = an_object({"rehearsed": {"const": True}, "name": schemas.TEXT, "kind": schemas.TEXT})


def _query(name: str, schema: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": dict(schema), **more}


def _answer(schema: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"description": "", "content": {"application/json": {"schema": dict(schema)}}, **more}


def _body(schema: Mapping[str, Any], media: str = "application/json", *, required: bool = True) -> dict[str, Any]:
    return {"required": required, "content": {media: {"schema": dict(schema)}}}


def _problem(code: int) -> dict[str, Any]:
    return {"description": str(TITLES.get(code, TITLES[400])), "content": PROBLEMS}
