"""Words from offer to money: negotiation, contract, delivery, change, return, dunning (2.2.4-2.2.7)."""

import random
from dataclasses import dataclass

from seed.vocabulary.phrases import Slots, lines, numbered, sentence, words

CHANGE_KINDS = ("customer_change", "production_delay", "logistics_problem")
REVIEWERS = ("head", "legal", "finance", "department")
DUNNING_LEVELS = (1, 2, 3)


@dataclass(frozen=True)
class NegotiationText:
    """One round of a negotiation; concerns and the customer's bottom line are confidential."""

    our_position: str
    bottom_line: str
    concerns: str
    concessions: str
    result: str


@dataclass(frozen=True)
class ContractText:
    """Rights and obligations of each side of a sales contract, each a numbered list."""

    our_rights: str
    our_obligations: str
    customer_rights: str
    customer_obligations: str


@dataclass(frozen=True)
class PlannedInstalment:
    """A part of the price: per cent of the amount, what makes it due, and when, counted from signing."""

    percent: int
    condition: str
    days_after_signing: int


@dataclass(frozen=True)
class PaymentPlan:
    """Payment terms as one sentence and as instalments that add up to a hundred."""

    terms: str
    instalments: tuple[PlannedInstalment, ...]


@dataclass(frozen=True)
class ChangeText:
    """A change to a running order: its kind (an id), why, what it does, what was decided."""

    kind: str
    reason: str
    impact: str
    decision: str


SLOTS: Slots = {
    "percent": words("2% 3% 5% 6% 8%"),
    "days": words("5 7 10 15 20 30"),
    "months": words("12 18 24 36"),
    "few": words("兩 三 四 五"),
    "part": words("伺服電機 減速機 控制櫃 工業相機 輥筒 激光傳感器 變頻器 鋁型材機架"),
    "port": words("寧波 上海 深圳 青島 天津"),
    "place": words("客戶工廠 客戶指定倉庫 項目現場"),
    "carrier": words("專車運輸 零擔物流 鐵路集裝箱 氣墊車運輸"),
    "person": words("採購經理 財務經理 副總經理 設備部經理 出納"),
}

_OUR_POSITIONS = lines("""
    總價不低於報價的97%，預付款不低於30%。
    設備價格維持不變，可贈送一次操作培訓。
    如客戶一次訂購{few}套以上，可讓利{percent}；單套不讓價。
    接受分期付款，但發貨前累計收款不低於60%。
    交期可提前{days}天，需客戶在三日內確認圖紙。
""")
_BOTTOM_LINES = lines("""
    客戶期望再降{percent}，據瞭解降{percent}即可接受。
    客戶可接受現價，但質保期必須達到{months}個月。
    客戶的預付款上限為20%，其餘按進度支付。
    客戶要求最遲在{days}天內到貨，否則轉向其他供應商。
    客戶集團限價，含稅總價不得超過去年同類合同。
""")
_CONCERNS = lines("""
    擔心調試期間影響現有產線生產，要求利用週末停機時間施工。
    擔心後期備件價格上漲，希望鎖定{months}個月的備件價格。
    對軟件的源碼託管與數據歸屬有疑問，其法務要求寫入合同。
    顧慮我方在當地的服務人員不足，要求明確到場時間。
    曾因其他供應商延期受損，要求約定延期違約金。
    擔心與其現有系統的接口責任不清，希望由我方牽頭協調。
""")
_CONCESSIONS = lines("""
    我方同意質保期延長至{months}個月，客戶同意維持原價。
    我方讓價{percent}，客戶把預付款提高到40%。
    我方免費提供一批易損件，客戶接受標準交期。
    我方承諾24小時到場，客戶同意簽訂年度維護合同。
    本輪雙方未作讓步。
""")
_RESULTS = lines("""
    雙方就價格達成一致，付款節點待下一輪確認。
    主要條款已談妥，由我方起草合同文本。
    分歧仍在違約金比例，約定{days}天後再談。
    客戶需內部彙報，預計{days}天內答覆。
    全部條款達成一致，進入合同簽訂。
""")
_OUR_RIGHTS = lines("""
    甲方逾期付款超過{days}日的，乙方有權順延交貨並暫停服務。
    乙方有權按合同約定的節點收取貨款及服務費用。
    貨款付清之前，設備的所有權歸乙方所有。
    乙方保留軟件的著作權，甲方取得非獨佔的使用許可。
    因甲方變更需求而增加的費用，乙方有權另行計價。
    甲方無正當理由逾期{days}日不驗收的，視為驗收合格。
""")
_OUR_OBLIGATIONS = lines("""
    乙方應按技術協議供貨，並隨貨提供合格證、說明書和裝箱清單。
    乙方負責安裝調試，並對甲方人員進行不少於兩天的培訓。
    乙方對設備提供自驗收合格之日起{months}個月的質量保證。
    質保期內出現故障的，乙方應在24小時內響應，必要時{few}日內到場。
    乙方應對履約中知悉的甲方商業秘密和生產數據保密。
    乙方遲延交貨的，每日按遲延部分價款的千分之一支付違約金。
""")
_CUSTOMER_RIGHTS = lines("""
    甲方有權在發貨前到乙方工廠進行預驗收。
    設備經{few}次調試仍達不到技術協議要求的，甲方有權退貨。
    甲方有權要求乙方提供設備運行所需的全部技術資料。
    系統運行產生的數據歸甲方所有，未經同意乙方不得使用。
    甲方有權在質保期內要求乙方免費修理或更換有缺陷的部件。
""")
_CUSTOMER_OBLIGATIONS = lines("""
    甲方應按合同約定的期限支付款項，並提供準確的開票信息。
    甲方應在設備到貨前{days}日完成場地、供電和網絡的準備。
    甲方應在到貨後{days}日內完成開箱檢驗並簽字確認。
    甲方應指定專人配合安裝調試，並提供必要的起重設備。
    甲方應按說明書操作和保養設備，不得擅自拆改安全裝置。
""")
_PAYMENT_PLANS = (
    (
        PlannedInstalment(30, "合同簽訂後預付款", 7),
        PlannedInstalment(40, "發貨前提貨款", 60),
        PlannedInstalment(25, "驗收合格後驗收款", 105),
        PlannedInstalment(5, "質保期滿後質保金", 470),
    ),
    (
        PlannedInstalment(30, "合同簽訂後預付款", 10),
        PlannedInstalment(60, "到貨驗收後貨款", 75),
        PlannedInstalment(10, "質保期滿後質保金", 440),
    ),
    (
        PlannedInstalment(50, "合同簽訂後預付款", 5),
        PlannedInstalment(50, "發貨前付清餘款", 45),
    ),
    (
        PlannedInstalment(20, "合同簽訂後啟動款", 10),
        PlannedInstalment(30, "方案確認後進度款", 40),
        PlannedInstalment(40, "系統上線後上線款", 120),
        PlannedInstalment(10, "最終驗收後尾款", 180),
    ),
    (PlannedInstalment(100, "貨到驗收合格並收到發票後一次付清", 60),),
)
_DELIVERY_TERMS = lines("""
    合同生效並收到預付款後{days}個工作日內發貨，送至{place}，運費由乙方承擔。
    分{few}批交貨，每批間隔{days}天，採用{carrier}。
    乙方負責{carrier}至{place}並投保，甲方負責卸貨。
    乙方倉庫交貨，甲方自提，風險自交付時轉移。
    圖紙確認後45天交貨，含工廠預驗收{days}天，送至{place}。
    貨物送至{port}港甲方指定堆場，包裝應適合長途運輸並防潮防鏽。
""")
_CHANGES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "customer_change": (
        lines("""
            客戶調整產線佈局，輸送段加長{few}米並增加一個轉彎段。
            客戶要求推遲交貨{days}天，廠房施工尚未完成。
            客戶追加{few}套備件，隨同設備一起發貨。
            客戶更換掃碼方式，讀碼器改為固定式。
        """),
        lines("""
            需重新出圖，成本增加約{percent}，交期順延{days}天。
            成品佔用倉位，收款節點相應後移。
            交期不變，合同金額相應增加。
        """),
        lines("""
            同意變更，簽訂補充協議後執行。
            同意順延，超過一個月的倉儲費由客戶承擔。
            接受，由研發部三日內確認圖紙。
        """),
    ),
    "production_delay": (
        lines("""
            {part}供應商延期{days}天到貨。
            {part}入廠檢驗不合格，整批退換。
            裝配車間設備檢修，關鍵工序停工{few}天。
            控制程序聯調發現問題，返工需要{days}天。
        """),
        lines("""
            出廠測試順延{days}天，發貨日期可能受影響。
            總裝順序調整，其他訂單不受影響。
            計劃餘量用盡，需安排加班才能按期交貨。
        """),
        lines("""
            啟用備選供應商，並安排{few}個週末加班。
            先行發出已完工部分，其餘{days}天內補齊。
            與客戶溝通後調整交期，書面告知並取得確認。
        """),
    ),
    "logistics_problem": (
        lines("""
            暴雨致高速公路封閉，車輛滯留{few}天。
            超限設備的運輸許可未能按時批下。
            {part}在運輸途中受損，需要補發。
            承運商臨時缺車，改用{carrier}。
        """),
        lines("""
            到貨延遲{few}天，現場安裝人員需改期。
            到貨延遲，客戶吊裝設備需重新預約。
            運費增加約{percent}，到貨時間基本不變。
        """),
        lines("""
            改由備用承運商執行，每日向客戶通報位置。
            向保險公司報案，同時安排補發。
            物流部重新排車，費用由承運商承擔。
        """),
    ),
}
_RETURN_REASONS: dict[str, tuple[str, ...]] = {
    "head": lines("""
        折扣超出授權範圍，請補充說明理由和毛利測算。
        交貨日期未經生產部確認，請核實後再提交。
        第二行的數量與客戶詢價單不一致，請更正。
        付款方式中預付款比例過低，請與客戶再談一輪。
        客戶信用情況不明，請先補齊檔案再報價。
    """),
    "legal": lines("""
        違約責任不對等，請按標準條款修改第七條。
        爭議解決條款缺少管轄法院，請補充。
        驗收標準引用的技術協議未作為附件，請補齊。
        合同主體名稱與營業執照不一致，請核對統一社會信用代碼。
        知識產權歸屬約定不清，請明確軟件許可的範圍。
    """),
    "finance": lines("""
        付款計劃的合計與合同金額不一致，請核對。
        稅率未註明，請按設備與服務分別列示。
        開票信息不完整，缺少開戶銀行和賬號。
        質保金比例超過公司規定的上限，請說明。
    """),
    "department": lines("""
        市場規模的數據沒有註明來源，請補充。
        競爭對手部分缺少價格比較，建議增加一張表。
        建議措施沒有責任部門與時間，請具體化。
        對產能的估計偏樂觀，與生產部的計劃不符。
        需求的優先級與上季度結論相反，請說明原因。
    """),
}
_DUNNING_RESULTS: dict[int, tuple[str, ...]] = {
    1: lines("""
        催款函已寄出，客戶{person}簽收。
        客戶回郵件確認欠款，稱正在走付款流程。
        函件被退回，地址變更，已重新寄送。
    """),
    2: lines("""
        與{person}通話，承諾{days}天內付款。
        {person}稱發票未收到，已補發並約定{days}天後再聯繫。
        客戶資金緊張，請求分{few}次支付。
        電話無人接聽，改發短信並預約上門。
    """),
    3: lines("""
        上門拜訪{person}，現場簽署還款計劃。
        客戶對驗收結果有異議，已轉售後服務部處理。
        客戶當場安排支付一半，餘款{days}天內付清。
        未見到負責人，已當面遞交書面通知並留存簽收。
    """),
}
_COMMENTS = lines("""
    請生產部確認{days}天的交期是否可行。
    客戶剛來電催問進度，請今天內更新狀態。
    附件已補充最新版圖紙，以此為準。
    這一條與上次會議的決定不同，麻煩再核對一下。
    已與{person}溝通，對方沒有異議。
    價格部分請財務部先看一下，謝謝。
    {part}的到貨時間已確認，可以按計劃進行。
    同意，請按標準流程辦理。
    資料齊全，可以提交審核。
    建議把這個案例整理後放進知識庫。
    我明天出差，後續請同事跟進。
    已處理，請發起人確認後關閉。
""")


def negotiation(rng: random.Random) -> NegotiationText:
    """Write one round of a negotiation."""
    topics = (_OUR_POSITIONS, _BOTTOM_LINES, _CONCERNS, _CONCESSIONS, _RESULTS)
    position, bottom_line, concerns, concessions, result = (sentence(rng, topic, SLOTS) for topic in topics)
    return NegotiationText(position, bottom_line, concerns, concessions, result)


def contract_text(rng: random.Random) -> ContractText:
    """Write the clauses of a sales contract, in which the customer is 甲方 and the demo company 乙方."""
    return ContractText(
        our_rights=numbered(rng, _OUR_RIGHTS, SLOTS, 3),
        our_obligations=numbered(rng, _OUR_OBLIGATIONS, SLOTS, 4),
        customer_rights=numbered(rng, _CUSTOMER_RIGHTS, SLOTS, 3),
        customer_obligations=numbered(rng, _CUSTOMER_OBLIGATIONS, SLOTS, 3),
    )


def payment_plan(rng: random.Random) -> PaymentPlan:
    """Choose payment terms: 合同簽訂後預付款 30%，…"""
    instalments = rng.choice(_PAYMENT_PLANS)
    terms = "，".join(f"{each.condition} {each.percent}%" for each in instalments)
    return PaymentPlan(terms=f"{terms}。", instalments=instalments)


def delivery_terms(rng: random.Random) -> str:
    """Write when, where and how goods are handed over."""
    return sentence(rng, _DELIVERY_TERMS, SLOTS)


def change(rng: random.Random, kind: str | None = None) -> ChangeText:
    """Write a change to a running order, of the kind given or any of CHANGE_KINDS."""
    chosen = kind or rng.choice(CHANGE_KINDS)
    reason, impact, decision = (sentence(rng, patterns, SLOTS) for patterns in _CHANGES[chosen])
    return ChangeText(chosen, reason, impact, decision)


def return_reason(rng: random.Random, reviewer: str) -> str:
    """Say why one of the REVIEWERS returned a record; `department` is a related department reading a report."""
    return sentence(rng, _RETURN_REASONS[reviewer], SLOTS)


def dunning_result(rng: random.Random, level: int) -> str:
    """Say what came of a dunning step: 1 letter, 2 phone, 3 visit."""
    return sentence(rng, _DUNNING_RESULTS[level], SLOTS)


def comment(rng: random.Random) -> str:
    """Write what a colleague might leave below a record."""
    return sentence(rng, _COMMENTS, SLOTS)
