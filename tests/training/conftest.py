"""A bank of questions of every kind, and a quiz of them; one person takes it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes

QUESTIONS: dict[str, dict[str, Any]] = {
    "single": {"options": "* 工單編號\n客戶電話\n今天日期", "explanation": "說明甲甲甲"},
    "multiple": {"options": "* 報價\n* 合同\n閒聊\n午餐", "explanation": "說明乙乙乙"},
    "true_false": {"is_true": True, "explanation": "說明丙丙丙"},
    "number": {"answer": "3.14159", "tolerance": Decimal("0.00271"), "explanation": "說明丁丁丁"},
    "ordering": {"options": "報價\n簽約\n發貨", "explanation": "說明戊戊戊"},
    "matching": {"options": "銷售 = 合同\n物流 = 發貨單", "explanation": "說明己己己"},
}
SECRETS = ["說明甲甲甲", "說明乙乙乙", "說明丙丙丙", "說明丁丁丁", "說明戊戊戊", "說明己己己", "3.14159", "0.00271"]


class Taking:
    """A quiz in the hands of clerk_sal."""

    def __init__(self, company: Any) -> None:
        self.company = company
        self.bank: dict[str, Any] = {}

    def question(self, kind: str, category: str = "流程", **facts: Any) -> Any:
        values = {"kind": kind, "category": category, "text": f"題目 {kind}", **QUESTIONS.get(kind, {}), **facts}
        made = changes.create(catalogue["bank_question"], values, actor=self.company.actor("hr"))
        self.bank[kind] = made
        return made

    def quiz(self, *kinds: str, **facts: Any) -> Any:
        """A published quiz of one question of each of these kinds."""
        questions = [self.question(kind).id for kind in kinds]
        values = {"name": "流程測試", "trainer": self.company.users["head_sal"], "questions": questions, **facts}
        made = changes.create(catalogue["quiz"], values, actor=self.company.actor("hr"))
        return changes.move(catalogue["quiz"], made.id, "publish", actor=self.company.actor("hr"), version=made.version)

    def right(self, attempt: Any) -> dict[str, Any]:
        """Right answers by number of the question, as a form sends them."""
        sent: dict[str, Any] = {}
        for number, line in enumerate(attempt.drawn, 1):
            held = line.item().right
            if isinstance(held, dict):
                sent |= {f"a-{number}-{row}": key for row, key in held.items()}
            else:
                sent[f"a-{number}"] = held
        return sent

    def fresh(self, record: Any) -> Any:
        return self.company.fresh(record)


@pytest.fixture
def taking(company: Any) -> Taking:
    return Taking(company)


def by_system(record: Any, values: dict[str, Any]) -> Any:
    return changes.update(type(record), record.id, values, actor=SYSTEM, version=None)
