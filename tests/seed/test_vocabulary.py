"""The vocabulary gives the same text for the same seed, and text that validators and readers accept."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import astuple, is_dataclass

import pytest
from opencc import OpenCC

from models.departments import Code
from seed.vocabulary import companies, dealings, needs, organisation, people, phrases, products, service

CJK = re.compile(r"[\u4e00-\u9fff]+")
ROLES = {"clerk", "head", "management", "legal", "finance", "records_manager", "supervisor", "hr", "it"}
TAIWAN_WORDS = phrases.words("軟體 硬體 資訊 網路 伺服器 專案 資料庫 程式 雷射 介面 品質 影片 預設 合約")
# Common forms for which the converter prefers a rarer variant, or another word.
TRADITIONAL_ALL_THE_SAME = set("恒里余群范峰秘岳游")
DRAWS = 300

MAKERS: tuple[Callable[[random.Random], object], ...] = (
    *(people.person_name, people.job_title, people.mobile_phone, people.contact),
    *(companies.company, products.product),
    *(needs.need, needs.market_trend, needs.competition_note, needs.report, needs.interaction),
    *(dealings.negotiation, dealings.contract_text, dealings.payment_plan, dealings.delivery_terms),
    *(dealings.change, dealings.comment, service.report),
)


def leaves(value: object) -> Iterator[object]:
    """Walk through nested tuples and dataclasses down to plain values."""
    if is_dataclass(value) and not isinstance(value, type):
        value = astuple(value)
    if isinstance(value, tuple):
        for each in value:
            yield from leaves(each)
    else:
        yield value


def texts(maker: Callable[[random.Random], object]) -> list[str]:
    rng = random.Random(7)
    return [leaf for _ in range(DRAWS) for leaf in leaves(maker(rng)) if isinstance(leaf, str)]


def everything() -> str:
    rng = random.Random(11)
    result = [text for maker in MAKERS for text in texts(maker)]
    result += [dealings.return_reason(rng, reviewer) for reviewer in dealings.REVIEWERS for _ in range(50)]
    result += [dealings.dunning_result(rng, level) for level in dealings.DUNNING_LEVELS for _ in range(50)]
    data = (organisation.DEPARTMENTS, organisation.POSITIONS, organisation.USERS, products.PRODUCTS)
    return "\n".join(result + [leaf for leaf in leaves(data) if isinstance(leaf, str)])


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_same_seed_same_text(maker):
    first, second = random.Random(3), random.Random(3)
    assert [maker(first) for _ in range(DRAWS)] == [maker(second) for _ in range(DRAWS)]


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_no_text_is_empty_or_unfilled(maker):
    for text in texts(maker):
        assert text
        assert text == text.strip()
        assert not re.search(r"[{}]|None", text), text


def test_no_simplified_characters():
    to_traditional = OpenCC("s2t")
    wrong = {sign for sign in set(everything()) if to_traditional.convert(sign) != sign}
    assert wrong <= TRADITIONAL_ALL_THE_SAME


def test_mainland_words():
    text = everything()
    assert [word for word in TAIWAN_WORDS if word in text] == []


def test_names_are_chinese_and_distinct():
    names = people.unique_names(random.Random(1), 1500)
    assert len(set(names)) == 1500
    assert all(CJK.fullmatch(name) and 2 <= len(name) <= 3 for name in names)


def test_surnames_and_titles_appear_once():
    for values in (people.SURNAMES, people.TITLES, companies.BRANDS):
        assert len(set(values)) == len(values)


def test_phone_numbers_look_real_and_are_not():
    rng = random.Random(1)
    assert all(re.fullmatch(r"1[358]\d0000\d{4}", people.mobile_phone(rng)) for _ in range(DRAWS))


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("陳志強", "zhiqiang.chen@example.com"),
        ("呂潔", "jie.lv@example.com"),
        ("曾美玲", "meiling.zeng@example.com"),
    ],
)
def test_mail_addresses_are_spelled_in_pinyin(name, address):
    assert people.mail_address(name) == address


def test_mail_addresses_are_plain_ascii():
    rng = random.Random(1)
    domains = [companies.mail_domain(each) for each in companies.companies(rng, 400)]
    for domain in domains:
        assert re.fullmatch(r"[a-z]+\.[a-z]+@[a-z]+\.example\.com", people.contact(rng, domain).mail)


@pytest.mark.parametrize("code", ["914403001922038216", "91330100799655058B", "9144030071526726XG"])
def test_check_digits_agree_with_published_codes(code):
    assert companies.organisation_check(code[8:16]) == code[16]
    assert companies.credit_check(code[:17]) == code[17]


def test_credit_codes_are_valid_and_of_their_region():
    rng = random.Random(1)
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    for region, division in companies.REGIONS * 20:
        code = companies.credit_code(rng, region)
        assert re.fullmatch(rf"91{division}[{alphabet}]{{10}}", code)
        weighed = sum(alphabet.index(sign) * 3**place for place, sign in enumerate(code[:17]))
        assert (weighed + alphabet.index(code[17])) % 31 == 0
        assert companies.organisation_check(code[8:16]) == code[16]


def test_an_unknown_region_is_refused():
    with pytest.raises(KeyError):
        companies.credit_code(random.Random(1), "桃源")


def test_a_thousand_companies_differ():
    result = companies.companies(random.Random(1), 1000)
    for values in zip(*((each.name, each.short_name, each.uscc) for each in result), strict=True):
        assert len(set(values)) == 1000
    assert all(CJK.fullmatch(re.sub("[（）]", "", each.name)) for each in result)
    assert all(each.region in each.name for each in result)


def test_too_many_companies_are_refused():
    with pytest.raises(ValueError, match="add brands or trades"):
        companies.companies(random.Random(1), 100_000)


def test_products_have_a_floor_below_the_list_price():
    assert len(products.PRODUCTS) >= 60
    assert len({each.code for each in products.PRODUCTS}) == len(products.PRODUCTS)
    for each in products.PRODUCTS:
        assert 0 < each.floor_price < each.list_price, each.code
        assert each.list_price.as_tuple().exponent == each.floor_price.as_tuple().exponent == -2
        assert all(leaves(each))


def test_lines_of_one_quotation_differ():
    chosen = products.products(random.Random(1), 8)
    assert len({each.code for each in chosen}) == 8


def test_requirements_have_variety():
    rng = random.Random(1)
    result = [needs.need(rng) for _ in range(DRAWS)]
    assert len({each.title for each in result}) >= 80
    assert {each.category for each in result} == set(needs.CATEGORIES)
    assert {each.source_kind for each in result} == set(needs.SOURCE_KINDS)
    assert {each.channel for each in result} == set(needs.CHANNELS)


def test_a_report_names_its_year_when_told():
    assert needs.report(random.Random(1), 2025).title == "2025年" + needs.report(random.Random(1)).title


def test_payment_plans_add_up_and_go_forward():
    rng = random.Random(1)
    for _ in range(DRAWS):
        instalments = dealings.payment_plan(rng).instalments
        days = [each.days_after_signing for each in instalments]
        assert sum(each.percent for each in instalments) == 100
        assert days == sorted(set(days))


def test_a_change_is_of_the_kind_asked_for():
    rng = random.Random(1)
    assert [dealings.change(rng, kind).kind for kind in dealings.CHANGE_KINDS] == list(dealings.CHANGE_KINDS)


def test_a_slot_used_twice_gets_two_words():
    rng = random.Random(1)
    assert {phrases.fill(rng, "{a}{a}", {"a": ("x", "y")}) for _ in range(DRAWS)} == {"xy", "yx"}
    assert phrases.fill(rng, "{a}{a}", {"a": ("x",)}) == "xx"


def test_the_thirteen_departments():
    codes = [each.code for each in organisation.DEPARTMENTS]
    assert codes == ["MGT", "MKT", "SAL", "RND", "PRD", "LOG", "SVC", "LEG", "FIN", "HRD", "ITD", "ARC", "SUP"]
    assert set(codes) == set(Code), "the demo company has the departments that declarations name"
    for each in organisation.DEPARTMENTS:
        assert each.parent_code in (None, *codes)
        assert "head" in organisation.user(each.head_login).roles
        assert organisation.user(each.head_login).department_code == each.code
        assert organisation.user(each.deputy_login).department_code == each.code


def test_users_fit_the_organisation():
    titles = {each.title for each in organisation.POSITIONS}
    assert len(titles) == len(organisation.POSITIONS)
    for values in ([each.login for each in organisation.USERS], [each.name for each in organisation.USERS]):
        assert len(set(values)) == len(organisation.USERS) >= 40
    for each in organisation.USERS:
        assert CJK.fullmatch(each.name)
        assert each.position in titles
        assert each.roles
        assert set(each.roles) <= ROLES
        assert each in organisation.users_of(each.department_code, each.roles[0])


def test_everyone_reports_to_their_head_and_heads_to_management():
    for each in organisation.USERS:
        head = organisation.department(each.department_code).head_login
        if each.login == "management":
            assert each.manager_login is None
        else:
            assert each.manager_login == ("management" if each.login == head else head)


def test_who_runs_the_system_has_no_other_role():
    assert all(each.roles == ("it",) for each in organisation.USERS if "it" in each.roles)
