"""Words of what is wanted: requirements (2.1.1, 2.1.2), research reports (2.1.3), talks with customers (2.2.2)."""

import random
from dataclasses import dataclass

from seed.vocabulary.phrases import Slots, lines, paragraph, sentence, words

SOURCE_KINDS = ("internal", "customer", "partner")
CHANNELS = ("questionnaire", "interview", "meeting", "other")


@dataclass(frozen=True)
class NeedText:
    """The text of a requirement; `source_kind` and `channel` are ids, `category` is a label."""

    title: str
    description: str
    category: str
    source_kind: str
    source_reference: str
    channel: str


@dataclass(frozen=True)
class ReportText:
    """A market research report with its four prescribed sections."""

    title: str
    market_status: str
    competitors: str
    opportunities_and_threats: str
    recommendations: str


@dataclass(frozen=True)
class InteractionText:
    """What was said when a customer was visited, called or written to."""

    needs: str
    preferences: str
    budget: str
    answers: str
    next_step: str


SLOTS: Slots = {
    "machine": words("""
        輥筒輸送線 皮帶輸送線 交叉帶分揀機 堆垛機 垂直提升機 碼垛工作站 外觀檢測機 動態檢重秤 氣密性檢測臺 異物檢測機
    """),
    "sensor": words("光電傳感器 激光位移傳感器 接近傳感器 壓力變送器 振動傳感器 電磁流量計 稱重傳感器"),
    "controller": words("可編程控制器 運動控制器 伺服驅動器 矢量變頻器 邊緣計算網關 遠程輸入輸出模塊"),
    "software": words("製造執行系統 倉庫管理系統 倉庫控制系統 監控組態軟件 能源管理系統 預測性維護軟件 質量管理系統"),
    "other_system": words("財務系統 供應鏈平臺 人事考勤系統 實驗室信息系統 產品數據管理系統 集團數據中臺"),
    "industry": words("汽車零部件 鋰電池 光伏組件 食品飲料 醫藥 家電 電商倉儲 紡織 3C電子 化工新材料"),
    "place": words("華東 華南 華北 華中 西南 西北 東北"),
    "role": words("班組長 設備工程師 倉庫主管 質檢員 生產經理 信息部主任 維修技師"),
    "percent": words("8% 10% 12% 15% 18% 20% 25% 30%"),
    "few": words("三 四 五 六 八"),
    "days": words("7 10 15 20 30 45"),
    "money": words("35 48 60 80 95 120 150 180 260 320 450"),
    "quarter": words("一季度 二季度 三季度 四季度"),
}

_TITLES: dict[str, tuple[str, ...]] = {
    "功能改進": lines("""
        {software}增加按班次統計的報表
        {software}支持批量導入與校驗
        {machine}增加自動換型功能
        {controller}支持斷電數據保持
        {software}增加移動端審批
    """),
    "性能提升": lines("""
        {machine}的處理能力提高{percent}
        縮短{machine}的換型時間
        {sensor}在高溫環境下的穩定性改進
        {software}在高併發時的響應速度優化
    """),
    "新產品": lines("""
        開發適用於{industry}行業的{machine}
        開發防爆型{sensor}
        面向中小企業的輕量版{software}
        {industry}行業整線解決方案
    """),
    "成本與交期": lines("""
        {machine}的交貨週期縮短{days}天
        {sensor}國產化替代以降低成本
        {controller}建立常備庫存
        {machine}模塊化設計以降低製造成本
    """),
    "服務與培訓": lines("""
        為{role}提供{software}的在線課程
        {place}地區設立備件倉
        {machine}提供遠程診斷服務
        {machine}年度維護方案分級
    """),
    "接口與集成": lines("""
        {software}與{other_system}對接
        {controller}支持更多工業協議
        {sensor}數據直接上傳{software}
        {machine}開放標準數據接口
    """),
    "安全與合規": lines("""
        {software}操作日誌保存滿足審計要求
        {machine}增加安全光幕與急停聯鎖
        {software}通過網絡安全等級保護測評
        {sensor}取得防爆與計量認證
    """),
    "易用性": lines("""
        {controller}的參數設置嚮導
        {software}的界面按崗位定製
        {machine}的操作界面支持多語言
        {sensor}增加狀態指示與故障代碼
    """),
}
CATEGORIES = tuple(_TITLES)

_BACKGROUNDS = lines("""
    {industry}行業的客戶反映，現有方案每月因此停線約{few}小時，直接影響交付。
    {place}區域已有{few}家客戶提出相同要求，其中兩家把它列為續簽合同的前提。
    現場{role}每天需要手工處理，既費時又容易出錯，月末對賬時差異較大。
    客戶新建產線計劃在{quarter}投產，希望在設備選型前得到明確答覆。
    近一年的售後工單中，與此有關的問題佔{percent}左右，且有上升趨勢。
    同類產品已具備這一能力，銷售人員在投標時多次因此失分。
""")
_WISHES = lines("""
    希望在不更換現有硬件的前提下實現，改造時間控制在{days}天以內。
    期望效率提高{percent}以上，並提供可以驗證的測試數據。
    建議先在一條產線試點，運行{days}天後再決定是否推廣。
    要求操作簡單，{role}經過半天培訓即可獨立使用。
    可以接受按模塊收費，但需要提供清楚的報價與維護費用。
    需要同時提供技術文檔、驗收標準和培訓計劃。
""")
_SOURCES: dict[str, tuple[str, ...]] = {
    "internal": lines("""
        銷售部月度例會紀要
        售後服務部工單統計（{quarter}）
        生產部工藝改進建議
        研發部技術評審意見
    """),
    "customer": lines("""
        {place}區客戶座談會
        {industry}客戶現場回訪
        {industry}客戶滿意度問卷
        {industry}展覽會客戶留言
    """),
    "partner": lines("""
        {place}區系統集成商交流會
        {controller}供應商技術研討
        {place}區經銷商季度反饋
        高校聯合實驗室年度報告
    """),
}
_TRENDS = lines("""
    {industry}行業的自動化投資保持增長，預計未來兩年對{machine}的需求年增{percent}。
    人工成本上升推動{place}地區的工廠加快產線改造，中小企業的詢價明顯增多。
    客戶由購買單機轉向購買整線與服務，{software}在項目中的佔比逐年提高。
    {sensor}的國產化率持續上升，價格年均下降約{percent}，利潤向方案與服務轉移。
    設備聯網與數據採集已成為招標文件的常見要求，{controller}需要支持多種協議。
    受下游投資放緩影響，{industry}行業新建項目減少，存量設備改造成為主要機會。
    節能減排要求趨嚴，{industry}企業開始集中採購能源計量與管理方案。
    產品換型加快，客戶更看重{machine}的柔性與換型時間，而不只是單價。
""")
_COMPETITION = lines("""
    外資品牌在高端{sensor}上仍佔優勢，但交期普遍在{days}天以上，價格高出約{percent}。
    {place}地區的兩家同行以低價進入，主要在標準{machine}上競爭，售後能力較弱。
    主要對手已推出訂閱制的{software}，首年費用低，客戶對長期費用存有顧慮。
    系統集成商開始自研{controller}，對我方中低端型號形成壓力。
    對手在{industry}行業有樣板工程，我方的優勢是軟硬件一體與本地服務。
    同類{machine}的處理能力相近，差異主要在換型時間、故障率和備件供應。
""")
_OPPORTUNITIES = lines("""
    機會：{industry}行業進入設備更新期，{place}區域未來一年可見的改造項目不少於{few}十個。
    機會：現有客戶中約{percent}尚未使用我方{software}，交叉銷售空間較大。
    機會：國產化替代政策有利於{controller}與{sensor}進入重點行業的採購目錄。
    機會：海外建廠的{industry}客戶希望沿用國內設備標準，可隨客戶一起出海。
""")
_THREATS = lines("""
    威脅：標準{machine}的價格戰可能使毛利再下降{percent}。
    威脅：關鍵芯片與進口元件供應不穩，{controller}的交期存在風險。
    威脅：{industry}客戶回款週期延長，項目資金壓力上升。
    威脅：軟件人才競爭加劇，{software}的研發與實施成本上升。
""")
_RECOMMENDATIONS = lines("""
    建議由研發部牽頭立項，優先完成面向{industry}行業的{machine}標準化設計。
    建議銷售部在{place}區域選擇{few}家重點客戶，開展{software}試點並形成案例。
    建議調整{sensor}的價格體系，對年度框架客戶給予分級折扣。
    建議售後服務部在{place}設立備件倉，把到場時間縮短到24小時以內。
    建議與{few}家系統集成商簽訂合作協議，統一{controller}的接口與培訓。
    建議生產部建立{controller}與關鍵備件的安全庫存，按月複核。
    建議每季度複查一次市場數據，若{industry}行業訂單連續下降，及時調整投入。
""")
_REPORT_TITLES = lines("""
    {industry}行業{machine}市場調研報告
    {place}地區{software}需求調研報告
    {sensor}國產化替代市場調研報告
    {industry}行業智能化改造需求分析報告
    {controller}產品線競爭力調研報告
""")
_CUSTOMER_NEEDS = lines("""
    新建{industry}產線一條，需要{machine}兩套，並與現有{software}聯動。
    現有{machine}使用超過{few}年，故障增多，計劃在{quarter}更換。
    希望把{few}個車間的{sensor}數據集中採集，在{software}中統一查看。
    倉庫擴建，需要{machine}與{software}的整體方案，並保留後期擴展的餘地。
    出口訂單要求全程追溯，需要升級製造執行系統並增加讀碼設備。
    {controller}停產缺貨，希望提供可直接替換的型號與移植服務。
""")
_PREFERENCES = lines("""
    偏好國產品牌，要求核心部件有兩家以上的供應來源。
    看重交期與本地服務，價格可以適當放寬。
    要求先看同行業的樣板工程，再進入技術交流。
    傾向於整體交付，由一家供應商負責到底。
    希望分期實施，先完成試點再追加訂單。
    對界面與報表要求較高，希望由{role}參與確認。
""")
_BUDGETS = lines("""
    預算約{money}萬元，含安裝調試與一年維護。
    年度技改預算{money}萬元，需在{quarter}前完成立項。
    尚未確定，預計在{money}萬元以內，由集團統一審批。
    設備與軟件分開列支，設備部分不超過{money}萬元。
    預算已批{money}萬元，超出部分需要重新申請。
""")
_ANSWERS = lines("""
    已說明標準型號的參數與交期，定製部分承諾{days}天內給出方案。
    介紹了{industry}行業的兩個案例，客戶對現場參觀有興趣。
    說明{software}可與其{other_system}對接，接口費用另行報價。
    就維護範圍作了解釋：易損件不在免費之列，可簽年度維護合同。
    關於價格，說明年度框架協議可享分級折扣，具體須經審批。
    現場演示了{machine}的換型過程，客戶提出的節拍要求可以滿足。
""")
_NEXT_STEPS = lines("""
    一週內提交技術方案與初步報價
    安排客戶參觀{industry}樣板工程
    與研發部確認定製部分的可行性
    寄送{sensor}樣品並跟進測試結果
    邀請客戶信息部召開接口對接會議
    整理答疑清單並以郵件回覆客戶
    約{role}現場勘測並出具佈局圖
""")


def need(rng: random.Random) -> NeedText:
    """Make the text of one requirement; several hundred titles are possible."""
    category, source_kind = rng.choice(CATEGORIES), rng.choice(SOURCE_KINDS)
    topic = _settled(rng, "industry", "place", "role")
    return NeedText(
        title=sentence(rng, _TITLES[category], topic),
        description=sentence(rng, _BACKGROUNDS, topic) + sentence(rng, _WISHES, topic),
        category=category,
        source_kind=source_kind,
        source_reference=sentence(rng, _SOURCES[source_kind], topic),
        channel=rng.choice(CHANNELS),
    )


def market_trend(rng: random.Random) -> str:
    """Write one or two sentences on where the market is going."""
    return paragraph(rng, _TRENDS, SLOTS, rng.randint(1, 2))


def competition_note(rng: random.Random) -> str:
    """Write one or two sentences on what competitors offer."""
    return paragraph(rng, _COMPETITION, SLOTS, rng.randint(1, 2))


def report(rng: random.Random, year: int | None = None) -> ReportText:
    """Write a research report whose industry, region and products stay the same through all its sections."""
    topic = _settled(rng, "industry", "place", "machine", "sensor", "controller", "software")
    prefix = "" if year is None else f"{year}年"
    return ReportText(
        title=prefix + sentence(rng, _REPORT_TITLES, topic),
        market_status=paragraph(rng, _TRENDS, topic, 4),
        competitors=paragraph(rng, _COMPETITION, topic, 3),
        opportunities_and_threats=paragraph(rng, _OPPORTUNITIES, topic, 2) + paragraph(rng, _THREATS, topic, 2),
        recommendations=paragraph(rng, _RECOMMENDATIONS, topic, 4),
    )


def interaction(rng: random.Random) -> InteractionText:
    """Write the record of one talk with a customer in one industry."""
    topic = _settled(rng, "industry", "machine", "sensor", "software")
    needs, preferences, budget, answers, next_step = (
        sentence(rng, patterns, topic) for patterns in (_CUSTOMER_NEEDS, _PREFERENCES, _BUDGETS, _ANSWERS, _NEXT_STEPS)
    )
    return InteractionText(needs, preferences, budget, answers, next_step)


def _settled(rng: random.Random, *names: str) -> Slots:
    # One text is about one thing: these slots get the same word wherever they appear in it.
    return {**SLOTS, **{name: (rng.choice(SLOTS[name]),) for name in names}}
