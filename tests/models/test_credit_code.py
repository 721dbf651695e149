"""The unified social credit code: 18 characters of which the last is the check digit."""

import pytest

from models.sales.credit_code import ALPHABET, check_digit, is_credit_code

# Published codes: Alibaba (China), Huawei Technologies, Tencent Computer Systems.
GOOD = ["91330100799655058B", "914403001922038216", "9144030071526726XG"]


@pytest.mark.parametrize("code", GOOD)
def test_published_codes_are_right(code: str) -> None:
    assert is_credit_code(code)


@pytest.mark.parametrize("code", GOOD)
def test_one_wrong_character_is_always_noticed(code: str) -> None:
    for at, char in enumerate(code):
        for other in set(ALPHABET) - {char}:
            assert not is_credit_code(code[:at] + other + code[at + 1 :])


@pytest.mark.parametrize("code", GOOD)
def test_two_neighbours_exchanged_are_noticed(code: str) -> None:
    for at in range(len(code) - 1):
        turned = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
        assert turned == code or not is_credit_code(turned)


@pytest.mark.parametrize(
    "code", ["", "9" * 17, "9" * 19, GOOD[0].lower(), GOOD[0] + "\n", "I" * 18, "９" * 18, " " + GOOD[0][1:]]
)
def test_other_texts_are_no_codes(code: str) -> None:
    assert not is_credit_code(code)


def test_every_check_digit_occurs() -> None:
    assert {check_digit(f"{number:017}") for number in range(2000)} == set(ALPHABET)
