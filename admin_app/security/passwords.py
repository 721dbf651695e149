"""Passwords: hashing with argon2id, the rules for new ones, and the first passwords that IT hands out."""

import re
import secrets
from functools import lru_cache

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from models.kernel.base.words import L, Words

LENGTH_MIN, LENGTH_MAX = 8, 128
LOGIN_LENGTH_MIN = 3  # a shorter login stands in too many good passwords
FIRST_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is misread on paper

TOO_SHORT = L("A password has at least {least} characters.", "密碼至少 {least} 個字符。")
TOO_LONG = L("A password has at most {most} characters.", "密碼最多 {most} 個字符。")
COMMON = L(
    "This password is among the first that others would try. Please choose another one.",
    "此密碼過於常見，容易被猜中，請另選一個。",
)
HAS_LOGIN = L("The password must not contain the login name.", "密碼不得包含登錄名。")

_SOUND = argon2.PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)  # OWASP's recommendation for argon2id
_CHEAPEST = argon2.PasswordHasher.from_parameters(argon2.profiles.CHEAPEST)
_hasher = [_SOUND]


def use_profile(*, cheap: bool) -> None:
    """Choose how expensive a hash is; the cheapest profile is for tests."""
    _hasher[0] = _CHEAPEST if cheap else _SOUND


def profile() -> argon2.PasswordHasher:
    return _hasher[0]


def hash_password(password: str) -> str:
    return _hasher[0].hash(_as_bytes(password))


def verify(hashed: str, password: str) -> bool:
    try:
        return _hasher[0].verify(hashed, _as_bytes(password))
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(hashed: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _hasher[0].check_needs_rehash(hashed)


def _as_bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")  # used exactly as typed, whatever was typed


def first_password() -> str:
    """A random password (79 bits) that can be read out and typed: four groups of four characters."""
    return "-".join("".join(secrets.choice(FIRST_ALPHABET) for _ in range(4)) for _ in range(4))


def problems_of(password: str, login: str) -> list[Words]:
    """Everything that is wrong with a new password. There are no rules about its composition."""
    problems: list[Words] = []
    if len(password) < LENGTH_MIN:
        problems.append(TOO_SHORT(least=LENGTH_MIN))
    if len(password) > LENGTH_MAX:
        problems.append(TOO_LONG(most=LENGTH_MAX))
    if is_common(password):
        problems.append(COMMON)
    if len(login) >= LOGIN_LENGTH_MIN and login.casefold() in password.casefold():
        problems.append(HAS_LOGIN)
    return problems


def is_common(password: str) -> bool:
    """Whether a password stands in the list of common ones, or is a run, a repetition or a date."""
    plain = password.casefold()
    return plain in common_passwords() or bool(_REPEATED.fullmatch(plain) or _DATE.fullmatch(plain)) or _is_run(plain)


_REPEATED = re.compile(r"(.{1,4})\1+.?", re.DOTALL)
_DATE = re.compile(r"(19|20)\d\d[-./]?(0[1-9]|1[0-2])[-./]?(0[1-9]|[12]\d|3[01])")
_RUNS = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1q2w3e4r5t6y7u8i9o0p",
)


def _is_run(plain: str) -> bool:
    return any(plain in run or plain in run[::-1] for run in _RUNS)


_STEMS = (
    "password passwort passw0rd p@ssword p@ssw0rd pass qwerty qwertyuiop qwert asdfgh asdfghjkl zxcvbn zxcvbnm admin "
    "administrator root welcome letmein changeme secret test user login master dragon monkey football baseball "
    "sunshine princess iloveyou superman batman shadow hello guest default temp company office guicheng woaini "
    "woaini1314 mima zhongguo china beijing shanghai taipei abc abcd a1b2c3 qwe qaz aa computer internet"
).split()
_TAILS = (
    " 1 12 123 1234 12345 123456 12345678 ! 1! 123! @123 #123 888 8888 666 6666 520 1314 000 2020 2021 2022 2023 2024 "
    "2025 2026 2027 @2024 @2025 @2026"
).split(" ")
_WELL_KNOWN = (
    "trustno1 whatever starwars jennifer michelle corvette mercedes whatever1 computer1 liverpool michael1 football1 "
    "baseball1 charlie1 jordan23 access14 mustang1 superman1 1q2w3e4r! zaq12wsx !qaz2wsx 5201314520 1314520520 "
    "147258369 159357456 123456789a a123456789 123456abc abc123456 asd123456 qq123456 aa123456 wo123456 "
    "woaini520 1qazxsw2 password1 correcthorsebatterystaple"
).split()


@lru_cache(maxsize=1)
def common_passwords() -> frozenset[str]:
    """About two thousand passwords that are tried first: what people begin with, and what they hang on to it."""
    made = {stem + tail for stem in _STEMS for tail in _TAILS}
    return frozenset(record for record in made | set(_WELL_KNOWN) if len(record) >= LENGTH_MIN)
