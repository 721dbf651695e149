"""Made-up requests by the description itself, in the types that use most of the language: no 5xx, and no answer that
the description does not have."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS

from models import catalogue
from tests.fixtures._types import kinds_of, options_of
from tests.fixtures.http import writer

TYPES = 3
EXAMPLES = 5
CHOSEN = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")
quick = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
richest = sorted(catalogue.values(), key=lambda cls: (-len(kinds_of(cls) | options_of(cls)), cls.__name__))[:TYPES]


def about(content: dict[str, Any], record: Any) -> dict[str, Any]:
    """The description, so that half of the requests are about a record that is there, in a version that it had."""
    known = {"id": [str(record.id), "0" * 24], "If-Match": ['"v1"', '"v2"', '"v9"']}
    for item in content["paths"].values():
        operations = [operation for operation in item.values() if isinstance(operation, dict)]
        places = [*item.get("parameters", ()), *(place for op in operations for place in op["parameters"])]
        for parameter in places:
            if parameter["name"] in known:
                parameter["schema"] = {"type": "string", "enum": known[parameter["name"]]}
    return content


@pytest.mark.parametrize("cls", richest, ids=lambda cls: cls.__name__)
def test_every_answer_is_described(cls: Any, company: Any, app: Any, program: Any) -> None:
    record, login = company.make(cls.type_name()), writer(company, cls)
    client = program(login)
    content = client.get(f"/api/openapi.json?type={cls.type_name()}").json
    schema = schemathesis.openapi.from_dict(about(content, record))
    schema.app = app
    checks = CHECKS.get_by_names(CHOSEN)
    for result in schema.get_all_operations():
        operation = result.ok()

        @quick
        @given(case=operation.as_strategy())
        def ask_at_random(case: Any) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {client.key}"}, checks=checks)

        ask_at_random()
