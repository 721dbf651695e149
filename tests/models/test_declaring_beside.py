"""Wrong lists beside a form stop the start in one sentence."""

import re
from typing import Any

import pytest

from models.kernel.language.beside import Beside
from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Ref
from tests.models.test_declaring import NAME, nothing_stays, started

__all__ = ["nothing_stays"]  # a fixture of every test here
FAULTS = {
    "list beside the form of Customer goes by a field 'nmae' that the type does not have": Beside("nmae", "Customer"),
    "list beside the form of Customer goes by 'customer', which is no text: say by=": Beside("customer", "Customer"),
    "list beside the form of Contract goes by 'name', which is no single link": Beside(
        "name", "Contract", by="customer"
    ),
    "list beside the form of Custmer shows Custmer, which is not a record type": Beside("name", "Custmer"),
    "list beside the form of Contract goes by Contract.quotation, which links elsewhere than its one field": Beside(
        "customer", "Contract", by="quotation"
    ),
    "list beside the form of Contract names a state 'gone' that does not exist": Beside(
        "customer", "Contract", by="customer", states="gone"
    ),
    "list beside the form of Contract ends by 'subject', which is not a date": Beside(
        "customer", "Contract", by="customer", until="subject"
    ),
    "list beside the form of Product goes through 'Contract.lines.nothing', which leads to no Product": Beside(
        "customer", "Product", by="customer", through="Contract.lines.nothing"
    ),
    "list beside the form of Product goes through 'Contract.lines.product', which leads to no Product": Beside(
        "name", "Product", through="Contract.lines.product"
    ),
    "list beside the form of Product goes by Contract.quotation, which links elsewhere than its one field": Beside(
        "customer", "Product", by="quotation", through="Contract.lines.product"
    ),
    "list beside the form of Customer has most=0, which is not a number from 1 to 20": Beside(
        "name", "Customer", most=0
    ),
}


def with_list(item: Beside) -> dict[str, Any]:
    return {"fields": {"customer": Ref("Customer", label=NAME)}, "beside": (item,)}


@pytest.mark.parametrize("sentence", list(FAULTS))
def test_a_wrong_list_is_refused_in_one_sentence(sentence: str) -> None:
    with pytest.raises(DeclarationError, match="^" + re.escape(f"Sample: {sentence}.") + "$"):
        started(**with_list(FAULTS[sentence]))


def test_a_right_one_is_taken() -> None:
    started(**with_list(Beside("customer", "Contract", by="customer", states="signed", until="ends_on")))
    started(
        **with_list(Beside("customer", "Product", by="customer", through="Contract.lines.product", states="signed"))
    )
