"""The unified social credit code of Chinese organisations and its check digit (GB 32100-2015)."""

from ..kernel.base.words import L

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LENGTH = 18
CODE_WRONG = L(
    "This is not a valid unified social credit code: 18 characters, of which the last is a check digit.",
    "統一社會信用代碼無效：應為 18 位，末位為校驗碼。",
)


def is_credit_code(code: str) -> bool:
    """Whether a code has 18 characters of the standard's alphabet and its last one is the right check digit."""
    return len(code) == LENGTH and set(code) <= set(ALPHABET) and check_digit(code[:-1]) == code[-1]


def check_digit(body: str) -> str:
    """The check digit of the first 17 characters: weights are the powers of 3 modulo 31."""
    total = sum(ALPHABET.index(char) * pow(3, at, 31) for at, char in enumerate(body))
    return ALPHABET[-total % 31]
