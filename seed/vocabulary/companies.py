"""Names of customers and partners that do not exist, with codes that a validator accepts."""

import random
from dataclasses import dataclass

from pypinyin import lazy_pinyin

from seed.vocabulary.phrases import words

CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True)
class Company:
    """A company as it appears in a customer's file."""

    name: str
    short_name: str
    industry: str
    region: str
    uscc: str


@dataclass(frozen=True)
class Industry:
    """An industry and the trades that its companies put into their names."""

    name: str
    trades: tuple[str, ...]


# City or district and its administrative division code (GB/T 2260).
REGIONS: tuple[tuple[str, str], ...] = (
    *(("北京", "110108"), ("天津", "120116"), ("石家莊", "130100"), ("唐山", "130200"), ("太原", "140100")),
    *(("瀋陽", "210100"), ("大連", "210200"), ("長春", "220100"), ("哈爾濱", "230100"), ("上海", "310115")),
    *(("南京", "320100"), ("無錫", "320200"), ("徐州", "320300"), ("常州", "320400"), ("蘇州", "320500")),
    *(("南通", "320600"), ("揚州", "321000"), ("杭州", "330100"), ("寧波", "330200"), ("溫州", "330300")),
    *(("嘉興", "330400"), ("紹興", "330600"), ("合肥", "340100"), ("蕪湖", "340200"), ("福州", "350100")),
    *(("廈門", "350200"), ("泉州", "350500"), ("南昌", "360100"), ("濟南", "370100"), ("青島", "370200")),
    *(("煙臺", "370600"), ("濰坊", "370700"), ("鄭州", "410100"), ("洛陽", "410300"), ("武漢", "420100")),
    *(("襄陽", "420600"), ("長沙", "430100"), ("株洲", "430200"), ("廣州", "440100"), ("深圳", "440300")),
    *(("珠海", "440400"), ("佛山", "440600"), ("惠州", "441300"), ("東莞", "441900"), ("中山", "442000")),
    *(("南寧", "450100"), ("柳州", "450200"), ("重慶", "500112"), ("成都", "510100"), ("綿陽", "510700")),
    *(("貴陽", "520100"), ("昆明", "530100"), ("西安", "610100"), ("寶雞", "610300"), ("蘭州", "620100")),
)
BRANDS = words("""
    恒遠 瑞澤 鼎誠 宏拓 景馳 晟朗 潤禾 拓信 凱源 錦程 浩川 朗科 澤宇 嘉禾 卓銳 遠航 信衡 誠毅 銘遠 博衡
    天樞 安泰 昊陽 和泰 佳成 精誠 聚能 康睿 力行 明德 諾恒 啟明 勤益 榮川 森源 盛邦 同創 維拓 新銳 興業
    雅信 逸凡 永泰 優勝 元亨 雲帆 正弘 志成 眾合 自強 海德 華昱 金岳 立源 隆盛 麥田 南山 歐朗 普惠 千里
    融達 三江 尚品 泰和 萬拓 偉創 五岳 欣榮 旭晟 揚帆 益民 英拓 宇恒 長風 兆豐 哲思 中昊 卓越 東昇 方源
    冠群 廣源 恒昌 弘毅 輝騰 匯智 吉祥 建業 捷順 鉅川 開元 藍海 利群 聯拓 凌雲 綠洲 邁信 美辰 敏達 品冠
""")
INDUSTRIES = (
    Industry("汽車零部件", words("汽車零部件 汽車電子 汽車內飾 車身裝備")),
    Industry("電子製造", words("電子科技 電子元件 光電技術 精密電子")),
    Industry("機械加工", words("精密機械 機械製造 重工機械 數控裝備")),
    Industry("食品飲料", words("食品工業 飲料食品 乳業食品 糧油食品")),
    Industry("醫藥製造", words("醫藥化工 生物製藥 醫療器械 中藥飲片")),
    Industry("新能源", words("鋰電材料 新能源科技 光伏材料 儲能技術")),
    Industry("物流倉儲", words("物流供應鏈 倉儲設備 冷鏈物流 智慧物流")),
    Industry("家用電器", words("電器製造 家電科技 廚衛電器 製冷設備")),
    Industry("化工新材料", words("化工材料 新材料科技 塗料化工 塑料製品")),
    Industry("紡織服裝", words("紡織科技 服裝製造 針織製衣 化纖紡織")),
    Industry("包裝印刷", words("包裝材料 印刷包裝 紙業包裝 標籤印刷")),
    Industry("金屬製品", words("金屬製品 鋁業科技 特鋼製造 鑄造工業")),
    Industry("半導體", words("半導體設備 微電子科技 芯片封裝 集成電路")),
    Industry("軌道交通", words("軌道交通裝備 鐵路器材 信號技術 車輛配件")),
    Industry("系統集成", words("自動化工程 智能科技 信息技術 軟件科技")),
)
# Trades whose first word has three signs; all others open with a word of two.
_LONG_WORDS = ("半導體", "微電子", "自動化", "新能源", "新材料")
_FORMS = ("有限公司", "有限公司", "有限公司", "有限公司", "有限公司", "有限公司", "股份有限公司", "集團有限公司")
_DIVISIONS = dict(REGIONS)
# Beyond a third of all combinations, drawing until a short name is new would take ever longer.
COMPANIES_MAX = len(BRANDS) * sum(len(industry.trades) for industry in INDUSTRIES) // 3


def organisation_check(body: str) -> str:
    """Compute the check character of an eight-character organisation code (GB 11714)."""
    total = sum(weight * int(sign, 36) for weight, sign in zip(_ORGANISATION_WEIGHTS, body, strict=True))
    return "0123456789X0"[11 - total % 11]


def credit_check(body: str) -> str:
    """Compute the check character of the first seventeen characters of a credit code (GB 32100-2015)."""
    total = sum(CREDIT_ALPHABET.index(sign) * pow(3, place, 31) for place, sign in enumerate(body))
    return CREDIT_ALPHABET[-total % 31]


def credit_code(rng: random.Random, region: str) -> str:
    """Make a valid 統一社會信用代碼 of an enterprise registered in one of the REGIONS; another region is a KeyError."""
    organisation = _organisation_body(rng)
    body = f"91{_DIVISIONS[region]}{organisation}{organisation_check(organisation)}"
    return body + credit_check(body)


def company(rng: random.Random) -> Company:
    """Make one company; two draws may give the same name, `companies` never does."""
    region, _ = rng.choice(REGIONS)
    brand, industry = rng.choice(BRANDS), rng.choice(INDUSTRIES)
    trade, form = rng.choice(industry.trades), rng.choice(_FORMS)
    place_first = rng.random() < 0.85
    name = f"{region}{brand}{trade}{form}" if place_first else f"{brand}{trade}（{region}）{form}"
    return Company(name, brand + _first_word(trade), industry.name, region, credit_code(rng, region))


def companies(rng: random.Random, count: int) -> tuple[Company, ...]:
    """Make `count` companies that differ in name, short name and code.

    Raises ValueError above COMPANIES_MAX.
    """
    if count > COMPANIES_MAX:
        raise ValueError(f"The word lists give {COMPANIES_MAX} companies, not {count}; add brands or trades.")
    by_name: dict[str, Company] = {}
    codes: set[str] = set()
    while len(by_name) < count:
        candidate = company(rng)
        if candidate.short_name not in by_name and candidate.uscc not in codes:
            by_name[candidate.short_name] = candidate
            codes.add(candidate.uscc)
    return tuple(by_name.values())


def mail_domain(of: Company) -> str:
    """Give the domain a company's people write from, below the one reserved for examples: `hengyuan.example.com`."""
    return f"{''.join(lazy_pinyin(of.short_name[:2]))}.example.com"


def _first_word(trade: str) -> str:
    return trade[:3] if trade.startswith(_LONG_WORDS) else trade[:2]


def _organisation_body(rng: random.Random) -> str:
    # Companies registered since 2015 have a body that opens with MA; older ones kept their eight digits.
    if rng.random() < 0.6:
        return f"MA{rng.randrange(1, 10)}" + "".join(rng.choices(CREDIT_ALPHABET, k=5))
    return f"{rng.randrange(10_000_000, 80_000_000)}"
