"""The rules behind the doors: passwords, `next` addresses, and the counters that slow guessing down."""

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from admin_app.security import language, passwords, throttle
from admin_app.security.addresses import safe_next
from admin_app.security.events import clean
from admin_app.security.sessions import short_agent
from models.kernel.base import clock

START = dt.datetime(2030, 1, 7, 1, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def cheap() -> None:
    passwords.use_profile(cheap=True)


@pytest.mark.parametrize(
    "password",
    ["password1", "Password123", "12345678", "87654321", "qwertyuiop", "aaaaaaaaaa", "abcabcabc", "19900101",
     "1990-01-01", "P@ssw0rd", "woaini1314", "1qaz2wsx", "iloveyou", "welcome2026", "short",
     "x" * 129, "my chen.li word"],
)  # fmt: skip
def test_weak_passwords_are_refused_with_a_sentence(password: str) -> None:
    assert passwords.problems_of(password, "chen.li")


@pytest.mark.parametrize(
    "password", ["correct horse battery", "鐵觀音配桂花糕好", "x7Kp!nq2", " leading and trailing ", "vwqpzkyt" * 16]
)
def test_good_passwords_need_no_composition(password: str) -> None:
    if password == "vwqpzkyt" * 16:
        assert len(password) == passwords.LENGTH_MAX
    assert passwords.problems_of(password, "chen.li") == []


def test_the_list_of_common_passwords_is_long() -> None:
    assert len(passwords.common_passwords()) > 1000


def test_hashes_are_sound_and_renewed_when_the_profile_changes() -> None:
    cheap = passwords.hash_password("four good words")
    passwords.use_profile(cheap=False)
    sound = passwords.hash_password("four good words")
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in sound
    assert passwords.verify(cheap, "four good words")
    assert passwords.needs_rehash(cheap)
    assert not passwords.needs_rehash(sound)


@pytest.mark.parametrize("typed", ["Four good words", "four good words ", "", "\ud800", "four good words\0"])
def test_a_password_counts_exactly_as_typed(typed: str) -> None:
    assert not passwords.verify(passwords.hash_password("four good words"), typed)


def test_a_damaged_hash_opens_nothing() -> None:
    assert not passwords.verify("", "x")
    assert not passwords.verify("$argon2id$broken", "x")


def test_first_passwords_are_random_and_allowed() -> None:
    made = {passwords.first_password() for _ in range(50)}
    assert len(made) == 50
    assert not any(passwords.problems_of(record, "chen.li") for record in made)


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example",
     "https:evil.example", "https://evil.example", "https:///evil.example", "javascript:alert(1)",
     "/\t/evil.example", "/\n/evil.example",
     " //evil.example", "\t//evil.example", "/ /evil.example", "user@evil.example", "http://localhost@evil.example",
     "evil.example", "", "/a//evil.example", "/./\\evil.example", "/\u2028/evil", "/\x00/evil", "/a\r\nSet-Cookie: a=b",
     "/login?next=/login", "/logout", "/" + "a" * 3000, "//[evil", "/\u00a0/evil", "/\ud800"],
)  # fmt: skip
def test_next_leads_to_no_other_site(target: str) -> None:
    assert safe_next(target) == "/admin/"


@pytest.mark.parametrize(
    "target", ["/", "/admin/order/?page=2#row", "/%2f%2fevil.example", "/admin/?next=https://evil.example", "/報價"]
)
def test_next_leads_to_own_pages(target: str) -> None:
    assert safe_next(target) == target


def test_log_texts_are_one_line() -> None:
    assert clean("a\r\nb\u2028c\x85d") == "a  b c d"


def test_a_browser_is_named_shortly() -> None:
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
    assert short_agent(agent) == "Chrome 140, Windows"
    assert short_agent("curl/8") == "curl/8"


@pytest.mark.parametrize(
    ("tag", "locale"),
    [
        ("en-gb", "en"),
        ("zh", "zh-Hans"),
        ("zh-hk", "zh-Hant"),
        ("zh-hant-hk", "zh-Hant"),
        ("zh-sg", "zh-Hans"),
        ("fr", None),
    ],
)
def test_the_languages_of_browsers(tag: str, locale: str | None) -> None:
    assert language.known(tag) == locale


@pytest.fixture
def at_start(db: Any) -> Iterator[None]:
    with clock.set_to(START):
        yield


def fail(times: int, login: str = "chen", address: str = "203.0.113.9") -> list[int]:
    return [throttle.attempt(login, address).wait for _ in range(times)]


def after(seconds: float) -> Any:
    return clock.set_to(clock.now() + dt.timedelta(seconds=seconds))


def test_the_delay_of_a_pair_doubles_up_to_a_quarter_of_an_hour(at_start: None) -> None:
    assert fail(5) == [0] * 5
    moment, waits = clock.now(), []
    for _ in range(12):
        with clock.set_to(moment):
            waits.append(throttle.attempt("chen", "203.0.113.9").wait)
        moment += dt.timedelta(seconds=waits[-1])
        with clock.set_to(moment):
            assert fail(1) == [0]
    assert waits[:5] == [2, 4, 8, 16, 32]
    assert waits[-1] == 15 * 60


def test_a_success_forgets_the_pair_and_a_day_forgets_all(at_start: None) -> None:
    fail(4)
    throttle.attempt("chen", "203.0.113.9").succeeded()
    assert fail(5) == [0] * 5
    assert fail(1) == [2]
    with after(25 * 3600):
        assert fail(5) == [0] * 5


def test_attempts_at_once_are_all_counted(db: Any) -> None:
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: throttle.attempt("chen", "203.0.113.9").wait, range(40)))
    assert waits.count(0) == 5


def test_spraying_from_one_address_is_held_up(at_start: None) -> None:
    waits = [throttle.attempt(f"user{number}", "203.0.113.9").wait for number in range(40)]
    assert waits[:30] == [0] * 30
    assert waits[30] == 2
    assert fail(1, "chen", "203.0.113.10") == [0]


def test_a_network_of_ipv6_is_one_address(at_start: None) -> None:
    waits = [throttle.attempt("chen", f"2001:db8::{number:x}").wait for number in range(6)]
    assert waits[-1] == 2
    assert throttle.network_of("::ffff:10.0.0.1") == "10.0.0.1"
    assert throttle.network_of(None) == "unknown"


def test_many_machines_guessing_one_account_lock_out_nobody_known(at_start: None) -> None:
    throttle.attempt("chen", "10.0.0.5").succeeded()
    for number in range(60):
        throttle.attempt("chen", f"203.0.113.{number}")
    assert fail(1, "chen", "198.51.100.1") == [2]
    assert fail(1, "chen", "10.0.0.5") == [0]
    assert fail(1, "wang", "198.51.100.1") == [0]
    with after(3):
        assert fail(1, "chen", "198.51.100.1") == [0]


def test_a_first_success_takes_its_count_back(at_start: None, db: Any) -> None:
    for number in range(29):
        throttle.attempt(f"user{number}", "203.0.113.9")
    before = db.throttle.find_one({"_id": "address:203.0.113.9"})
    throttle.attempt("chen", "203.0.113.9").succeeded()
    now = db.throttle.find_one({"_id": "address:203.0.113.9"})
    assert (now["failures"], now["until"]) == (before["failures"], before["until"])


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "2 seconds"), (90, "90 seconds"), (91, "2 minutes"), (900, "15 minutes")]
)
def test_the_wait_is_named(seconds: int, words: str) -> None:
    assert words in throttle.wait_sentence(seconds).in_locale("en")
