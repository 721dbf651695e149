"""The description: valid, of what its reader may do and see and of nothing else, and true of what is answered."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from models import catalogue
from models.kernel.rights import rights
from models.services.personal.api_keys import KeyVerb
from tests.fixtures._types import FULL
from views.api.endpoints import is_open


def test_the_document_is_valid_and_of_its_reader(app: Any, company: Any, program: Any) -> None:
    for login in ("clerk_sal", "it"):
        person = company.actor(login)
        client = program(login)
        content = client.get("/api/openapi.json").json
        with app.app_context():
            mine = {name for name, cls in catalogue.items() if is_open(person, cls)}
        assert {path.split("/")[3] for path in content["paths"]} == mine
        for name in mine:
            shown = set(content["components"]["schemas"][name]["properties"])
            hidden = {
                field
                for field, item in catalogue[name].declared.own_fields.items()
                if not rights.sees(person, item) and isinstance(item.see, frozenset)
            }
            assert not shown & hidden, name
        if login != "clerk_sal":
            continue  # one reader is enough for the form, which does not hang on them
        for cls in sorted(FULL, key=lambda cls: cls.__name__):
            if cls.type_name() in mine:
                part = client.get(f"/api/openapi.json?type={cls.type_name()}").json
                assert [str(fault) for fault in OpenAPIV31SpecValidator(part).iter_errors()] == [], cls
                assert part["paths"].items() <= content["paths"].items()


def test_the_document_is_narrowed_by_the_key(company: Any, program: Any) -> None:
    client = program("clerk_sal", [KeyVerb.READ], ["quotation"])
    methods = {
        (path.split("/")[3], method)
        for path, item in client.get("/api/openapi.json").json["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert methods == {("quotation", "get")}


def test_answers_are_as_they_are_described(company: Any, program: Any) -> None:
    """Records of the types that have all kinds of fields between them, as they are answered to their readers."""
    client = program("clerk_sal")
    for name in ("quotation", "customer", "contract", "sales_order"):
        record = company.make(name)
        content = client.get(f"/api/openapi.json?type={name}").json
        schemas = {"components": content["components"]}
        for path, schema in ((f"{name}/{record.id}", name), (f"{name}/{record.id}/history", "")):
            answer = client.get(path)
            shape = {"$ref": f"#/components/schemas/{schema}", **schemas}
            if not schema:
                got = content["paths"][f"/api/v1/{name}/{{id}}/history"]["get"]["responses"]["200"]
                shape = {**got["content"]["application/json"]["schema"], **schemas}
            assert [fault.message for fault in Draft202012Validator(shape).iter_errors(answer.json)] == [], path
        rows = content["paths"][f"/api/v1/{name}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        faults = Draft202012Validator({**rows, **schemas}).iter_errors(client.get(name).json)
        assert [fault.message for fault in faults] == []


def test_the_pages_say_the_same_to_people(company: Any, browser_as: Any) -> None:
    browser = browser_as("clerk_sal", locale="en")
    page = browser.page("/api/")
    assert "/api/v1/quotation" in page.text
    assert "/api/v1/task_run" not in page.text
    page = browser.page("/api/quotation/")
    assert "PATCH /api/v1/quotation/{id}" in page.text
    assert browser.get("/api/nonsense/").status_code == 404
    assert browser.get("/api/openapi.json").json["openapi"] == "3.1.0"
    assert browser_as("").get("/api/").status_code == 303
    assert browser_as("").get("/api/openapi.json").status_code == 401


@pytest.mark.parametrize("path", ["/api/v2/quotation", "/api/v1/", "/api/v1/quotation/x/y/z", "/api/v1"])
def test_what_is_no_address_is_answered_in_kind(path: str, company: Any, program: Any) -> None:
    answer = program("clerk_sal").get(path)
    assert answer.status_code in (303, 308, 404)
