"""Anonymous means it: whoever reads the whole database matches answers and people no better than by chance; and whoever
answered, and whoever checks, notices when one answer is changed, removed or added."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections import Counter
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from bson import ObjectId
from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.base.collections import SURVEY_ANSWERS, SURVEY_BOXES, SURVEY_COUNTS
from models.kernel.base.errors import Refused
from models.kernel.base.store import in_unit
from models.kernel.gate.unit import in_transaction
from models.services.keeping import audit
from models.surveys import anonymous, sittings
from models.surveys.surveys import Survey
from tests.fixtures.doing import do
from tests.fixtures.surveys import LINES, Respondent, changed, draft, lines, link_of, moved, opened

SHORT = lines(LINES[-1:])
PEOPLE, SURVEYS = 5, 1000


@pytest.fixture
def survey(company: Any) -> Survey:
    return opened(company, anonymous=True, questions=lines(LINES[-1:]))


def answered(app: Any, survey: Survey, company: Any, *words: str) -> list[Respondent]:
    people = []
    for text in words:
        person = Respondent(app).knows(survey)
        person.send(person.begin(link_of(survey, company)), words=text)
        people.append(person)
    return people


def closed(survey: Survey, company: Any) -> None:
    moved(survey, "close", company)
    with clock.set_to(clock.now() + dt.timedelta(minutes=31)):
        do("surveys.release")


def released(survey: Survey) -> list[dict[str, Any]]:
    return list(get_db()[SURVEY_ANSWERS].find({"survey": survey.id}))


def faults() -> list[tuple[str, str]]:
    return [(str(fault.where), str(fault.what)) for fault in audit.check().faults]


def test_an_answer_waits_for_a_group_and_leaves_nothing_that_leads_back(app: Any, survey: Survey, company: Any) -> None:
    people = answered(app, survey, company, *(f"word-{n}" for n in range(9)))
    assert released(survey) == []
    answered(app, survey, company, "word-9")
    assert len(released(survey)) == 5
    closed(survey, company)
    rows = released(survey)
    assert sorted(next(iter(row["answer"]["given"].values())) for row in rows) == [f"word-{n}" for n in range(10)]
    for row in rows:
        assert set(row) == {"_id", "survey", "day", "answer", "receipt", "content"}
        assert re.fullmatch(r"[0-9a-f]{32}", row["_id"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["day"])
    assert get_db()["survey_response"].count_documents({}) == 0
    for name in get_db().list_collection_names():
        if name not in (SURVEY_ANSWERS, "system.views"):
            assert b"word-" not in b"".join(map(repr_of, get_db()[name].find({}))), name
    page = people[0].get(people[0].path)
    assert "封存清單" in page.text
    assert faults() == []


def repr_of(row: Any) -> bytes:
    return repr(row).encode()


def test_fewer_than_five_never_leave(app: Any, survey: Survey, company: Any) -> None:
    answered(app, survey, company, "a", "b", "c", "d")
    closed(survey, company)
    assert released(survey) == []
    assert faults() == []


Guess = Callable[[list[ObjectId], list[dict[str, Any]]], list[dict[str, Any]]]
ATTACKS: dict[str, Guess] = {
    "the order in which they stand": lambda people, rows: rows,
    "the order of their names": lambda people, rows: sorted(rows, key=lambda row: row["_id"]),
    "the order of their receipts": lambda people, rows: sorted(rows, key=lambda row: row["receipt"]),
    "backwards": lambda people, rows: rows[::-1],
}


def hits_in(survey: ObjectId, order: list[ObjectId], rows: list[dict[str, Any]]) -> dict[str, int]:
    """How many answers each attack gives to whom they belong, who answered in this order."""
    pairs = {name: zip(order, attack(order, rows), strict=True) for name, attack in ATTACKS.items()}
    return {
        name: sum(row["answer"]["given"]["q"] == str(person) for person, row in guessed)
        for name, guessed in pairs.items()
    }


def test_matching_answers_to_invitations_is_no_better_than_chance() -> None:
    """Guessing an order of answers hits one on the average, with a variance of one: of a thousand surveys the sum lies
    within 1000 ± 127 (four deviations)."""
    hits: Counter[str] = Counter()
    for _ in range(SURVEYS):
        survey, people = ObjectId(), [ObjectId() for _ in range(PEOPLE)]
        waiting: list[dict[str, Any]] = []
        for person in people:
            answer = {"edition": "e", "given": {"q": str(person)}, "receipt": secrets.token_hex(32)}
            waiting = anonymous.shuffled([*waiting, answer])
        hits.update(hits_in(survey, people, anonymous.released_rows(survey, waiting)))
    assert all(abs(hits[name] - SURVEYS) < 127 for name in ATTACKS), hits


def test_nor_is_it_in_the_database(company: Any) -> None:
    """The same of fifty surveys as the database holds them, in the order in which it keeps them."""
    number, hits, count = draft(company, anonymous=True, questions=SHORT).number, Counter[str](), 50
    for _ in range(count):
        survey, people = Survey(id=ObjectId(), number=number), [ObjectId() for _ in range(PEOPLE)]

        def answers(unit: Any, survey: Survey = survey, people: list[ObjectId] = people) -> None:
            for person in people:
                anonymous.take_in(survey, "e", {"q": str(person)})
            in_unit(SURVEY_ANSWERS).insert_many(anonymous.released_rows(survey.id, anonymous.held(survey.id)))

        in_transaction(answers)
        hits.update(
            hits_in(
                survey.id, people, list(get_db()[SURVEY_ANSWERS].find({"survey": survey.id}).hint([("$natural", 1)]))
            )
        )
    assert all(abs(hits[name] - count) < 30 for name in ATTACKS), hits


def test_earlier_states_of_the_holding_place_say_nothing(survey: Survey) -> None:
    """Its length does not follow the answers, and the same answers never make the same text."""
    lengths, texts = set(), set()
    for text in ("yes", "no", "x" * 900, "y"):
        in_transaction(lambda unit, text=text: anonymous.take_in(survey, "e", {"q": text}))
        content = bytes(get_db()[SURVEY_BOXES].find_one({"_id": survey.id})["content"])
        lengths.add(len(content))
        texts.add(content[-200:])
    assert len(lengths) == 1
    assert len(texts) == 4


@pytest.fixture
def counted(app: Any, survey: Survey, company: Any) -> Survey:
    answered(app, survey, company, *"abcdefghij")
    closed(survey, company)
    assert faults() == []
    return survey


def tamper_change(survey: Survey) -> None:
    row = released(survey)[0]
    key = next(iter(row["answer"]["given"]))
    get_db()[SURVEY_ANSWERS].update_one({"_id": row["_id"]}, {"$set": {f"answer.given.{key}": "forged"}})


def tamper_change_with_hash(survey: Survey) -> None:
    tamper_change(survey)
    for row in released(survey):
        hashes = {"content": anonymous.content_hash(row)}
        get_db()[SURVEY_ANSWERS].update_one({"_id": row["_id"]}, {"$set": hashes})


def tamper_remove(survey: Survey) -> None:
    get_db()[SURVEY_ANSWERS].delete_one({"survey": survey.id})
    get_db()[SURVEY_COUNTS].update_one({"_id": survey.id}, {"$inc": {"complete": -1}})


def tamper_add(survey: Survey) -> None:
    row = {**released(survey)[0], "_id": secrets.token_hex(16), "receipt": "0" * 64}
    get_db()[SURVEY_ANSWERS].insert_one({**row, "content": anonymous.content_hash(row)})
    get_db()[SURVEY_COUNTS].update_one({"_id": survey.id}, {"$inc": {"complete": 1}})


def tamper_all(survey: Survey) -> None:
    """Changed with all hashes, that of the survey, too: its history knows better."""
    tamper_change_with_hash(survey)
    root = anonymous.root_of(anonymous.public_list(survey))
    get_db()["survey"].update_one({"_id": survey.id}, {"$set": {"released_list": root}})


@pytest.mark.parametrize("tamper", [tamper_change, tamper_change_with_hash, tamper_remove, tamper_add, tamper_all])
def test_whoever_changes_removes_or_adds_an_answer_is_noticed(counted: Survey, tamper: Any) -> None:
    tamper(counted)
    assert any(counted.number in where for where, _ in faults())


def test_a_receipt_is_checked_without_us(app: Any, survey: Survey, company: Any) -> None:
    people = answered(app, survey, company, *"abcdefghij")
    closed(survey, company)
    page = people[3].get(people[3].path)
    html = people[3].answer.text
    text = re.search(r'<pre class="typed">(.*?)</pre>', html, re.S)
    assert text
    receipt = hashlib.sha256(unescape(text[1]).encode()).hexdigest()
    assert receipt in page.text
    path = re.search(r"/p/survey/list/[\w-]+", html)
    assert path
    lists = {person.client.get(f"/p/survey/list/{person.path.rsplit('/', 1)[1]}").text for person in people}
    assert len(lists) == 1
    (listed,) = lists
    assert receipt in listed
    assert hashlib.sha256(listed.encode()).hexdigest() == company.fresh(survey).released_list


def test_a_changed_answer_is_noticed_by_its_respondent(app: Any, survey: Survey, company: Any) -> None:
    people = answered(app, survey, company, *"abcdefghij")
    closed(survey, company)
    for person in people:
        assert "與您提交的一致" in person.get(person.path).text
    get_db()[SURVEY_ANSWERS].delete_many({})
    assert "與您提交的一致" not in people[0].get(people[0].path).text


def test_the_promise_stands_once_it_was_given(app: Any, survey: Survey, company: Any) -> None:
    with pytest.raises(Refused):
        changed(survey, anonymous=False)
    named = opened(company)
    with pytest.raises(Refused):
        changed(named, anonymous=True)
    fresh = draft(company, anonymous=True)
    changed(fresh, anonymous=False)
    changed(fresh, anonymous=True)
    sittings.begin(fresh)
    with pytest.raises(Refused):
        changed(fresh, anonymous=False)
    with pytest.raises(Refused):
        changed(draft(company, anonymous=True), asks_address=True)


def test_nobody_enters_an_answer_of_an_anonymous_survey_by_hand(survey: Survey, company: Any) -> None:
    with pytest.raises(Refused, match="anonymous"):
        company.make("survey_response", "clerk_mkt", survey=survey.id, answers={"given": {"words": "x"}}, is_test=False)


def test_a_rate_limit_knows_no_address(app: Any, survey: Survey, company: Any) -> None:
    answered(app, survey, company, "a")
    counts = [row["_id"] for row in get_db()["throttle"].find({}) if row["_id"].startswith("public:")]
    assert counts
    assert not any("127.0.0.1" in count for count in counts)
