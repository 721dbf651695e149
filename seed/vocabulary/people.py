"""Names, job titles, telephone numbers and mail addresses of people who do not exist."""

import random
from dataclasses import dataclass

from pypinyin import lazy_pinyin

from seed.vocabulary.phrases import words

SURNAMES = words("""
    王 李 張 劉 陳 楊 黃 趙 吳 周 徐 孫 馬 朱 胡 郭 何 林 高 羅
    鄭 梁 謝 宋 唐 許 韓 馮 鄧 曹 彭 曾 蕭 田 董 袁 潘 蔣 蔡 余
    杜 葉 程 蘇 魏 呂 丁 任 沈 姚 盧 姜 崔 鍾 譚 陸 汪 范 金 石
    廖 賈 夏 韋 傅 方 白 鄒 孟 熊 秦 邱 江 尹 薛 閻 段 雷 侯 龍
""")
TITLES = words("""
    採購經理 採購主管 採購工程師 設備部經理 設備工程師 生產總監 生產經理 製造部部長 工藝工程師 自動化工程師
    質量經理 質量工程師 信息部主任 信息化主管 技術總監 總工程師 項目經理 倉儲物流經理 動力設備科長 財務經理
    副總經理 總經理助理 廠長 車間主任 技改辦主任
""")
_MEN_FIRST = "建志國文海明俊宇浩子天永新學家振立曉少景"
_MEN_SECOND = "強偉軍傑峰鵬磊輝斌波勇濤寧華林飛凱龍軒東"
_WOMEN_FIRST = "麗雅曉夢思玉秀春慧佳欣詩雨美婉靜海文淑紅"
_WOMEN_SECOND = "婷萍娟敏燕芳琳穎潔琴雲霞蓉怡晴瑩梅蘭珍君"
# Surnames whose usual reading is another one.
_SURNAME_READINGS = {"曾": "zeng"}
_MOBILE_PREFIXES = words("131 132 135 136 137 138 139 150 151 152 157 158 159 180 182 185 186 188 189")


@dataclass(frozen=True)
class ContactPerson:
    """A person at a customer, as a line of the customer's file (2.2.1)."""

    name: str
    title: str
    phone: str
    mail: str


def person_name(rng: random.Random) -> str:
    """Make a Chinese name of two or three characters, family name first."""
    first, second = rng.choice(((_MEN_FIRST, _MEN_SECOND), (_WOMEN_FIRST, _WOMEN_SECOND)))
    given = rng.choice(second) if rng.random() < 0.2 else rng.choice(first) + rng.choice(second)
    if len(given) == 2 and given[0] == given[1]:
        given = given[0]
    return rng.choice(SURNAMES) + given


def unique_names(rng: random.Random, count: int) -> tuple[str, ...]:
    """Make `count` names that are all different, in the order they were drawn; several thousand are possible."""
    names: dict[str, None] = {}
    while len(names) < count:
        names[person_name(rng)] = None
    return tuple(names)


def job_title(rng: random.Random) -> str:
    """Choose the 職務 of a person at a customer."""
    return rng.choice(TITLES)


def mobile_phone(rng: random.Random) -> str:
    """Make an eleven-digit mobile number, whose 0000 in the middle shows at a glance that nobody answers it."""
    return f"{rng.choice(_MOBILE_PREFIXES)}0000{rng.randrange(10_000):04d}"


def mail_address(name: str, domain: str = "example.com") -> str:
    """Spell a name in pinyin, given name first, at a domain reserved for examples: `zhiqiang.chen@example.com`."""
    surname = _SURNAME_READINGS.get(name[0]) or lazy_pinyin(name[0])[0]
    return f"{''.join(lazy_pinyin(name[1:]))}.{surname}@{domain}"


def contact(rng: random.Random, domain: str = "example.com") -> ContactPerson:
    """Make a contact person with everything filled in; namesakes at one domain share an address."""
    name = person_name(rng)
    return ContactPerson(name=name, title=job_title(rng), phone=mobile_phone(rng), mail=mail_address(name, domain))
