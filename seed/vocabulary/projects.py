"""What is written in the projects of the demo year."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ProjectText:
    """What a proposal says."""

    name: str
    product: str
    proposal: str


@dataclass(frozen=True)
class MaintenanceText:
    """What came up in use, and what was done."""

    subject: str
    finding: str
    action: str
    result: str


CONTROLLER = ProjectText(
    "GC-500 運動控制器研發",
    "GC-500 運動控制器",
    "現有 GC-300 的總線帶寬與軸數已不能滿足產線升級需求。擬研發新一代運動控制器：支持 32 軸、EtherCAT 主站、"
    "遠程診斷，並兼容 GC-300 的程序。目標客戶為汽車零部件與電子裝配企業。",
)
MONITOR = ProjectText(
    "設備遠程監控平臺二期",
    "遠程監控平臺",
    "一期僅能查看狀態。二期增加報警推送、遠程升級與能耗統計，並提供開放接口，供客戶的生產管理系統調用。",
)
DRIVE = ProjectText(
    "HS-120 伺服驅動器研發",
    "HS-120 伺服驅動器",
    "面向大負載機械臂的 7.5 kW 級伺服驅動器，帶安全轉矩關斷與能量回饋，填補現有產品的功率段空白。",
)
TERMINAL = ProjectText(
    "手持示教終端研發",
    "手持示教終端",
    "客戶在調研中普遍反映現有示教器笨重、續航短。擬研發無線手持終端，支持簡繁英三種語言與離線示教。",
)
OPINIONS = (
    "核心技術已有積累，關鍵器件供應需提前鎖定。",
    "目標客戶需求明確，同類產品價格有下降趨勢。",
    "按計劃銷量三年內收回投入，毛利符合公司要求。",
)
CONDITIONS = "按階段撥付；測試結束前不得投入量產模具。"
CHECKLIST = ("試點客戶現場環境部署", "GC-300 程序與參數遷移", "客戶操作與維護培訓", "回退至 GC-300 的方案與演練")
ROLLBACK = "保留原 GC-300 控制櫃與接線；二十分鐘內可切回，並恢復當班程序備份。"
GO = ("測試與培訓均已完成，同意上線。", "現場值守人員已安排，同意上線。")
NOTES = (
    "上線首日運行平穩，最大循環時間 0.96 毫秒。",
    "連續運行 72 小時無報警，遠程診斷連接正常。",
    "客戶班組反映程序切換更快，提出界面字體偏小。",
)
RESULT = "試點產線運行兩週無停機，節拍提升約百分之八，轉入維護。"
MAINTENANCE = (
    MaintenanceText(
        "界面字體偏小",
        "操作工在一米外難以看清報警文字。",
        "增加大字體顯示模式並發佈補丁",
        "補丁已發佈，客戶確認滿足要求。",
    ),
    MaintenanceText(
        "個別站點掉線後不自動恢復",
        "網線瞬斷超過兩秒時，從站需手動復位。",
        "修改主站重連邏輯並回歸測試",
        "已修復，連續插拔五十次均自動恢復。",
    ),
    MaintenanceText(
        "優化啟動時間",
        "冷啟動約四十八秒，客戶希望三十秒內完成。",
        "分析啟動過程並提出優化方案",
        "",
    ),
)

# name, kind, what it must do, by what it is seen to be met
ITEMS = (
    ("軸同步", "performance", "多軸插補的同步誤差不得超過規定值。", "實測同步誤差不超過 0.1 毫秒。"),
    ("掉電保持", "function", "掉電後保留當班程序與計數。", "連續掉電十次，程序與計數均正確恢復。"),
    ("遠程診斷", "function", "可經網絡讀取報警與運行數據。", "在另一網段可讀取全部報警記錄。"),
    ("程序兼容", "interface", "舊型號的程序無須修改即可導入。", "三十個樣本程序全部導入並運行。"),
    ("權限分級", "function", "操作、維護、管理三級權限分開。", "低級權限無法修改高級參數。"),
    ("冷啟動時間", "performance", "冷啟動至可運行不超過規定時間。", "實測十次，均不超過六十秒。"),
    ("報警提示", "function", "報警以文字、聲光同時提示。", "每類報警均有三種提示。"),
    ("開放接口", "interface", "向生產管理系統提供數據接口。", "按接口說明可讀取全部公開數據點。"),
    ("語言切換", "function", "界面支持繁體、簡體與英文。", "切換後無未翻譯文字。"),
    ("電磁兼容", "performance", "滿足工業環境電磁兼容要求。", "取得檢測機構合格報告。"),
    ("備份恢復", "function", "參數可備份到介質並恢復。", "恢復後參數逐項一致。"),
    ("連續運行", "performance", "連續運行不停機。", "七十二小時無報警、無掉線。"),
)
PARTS = (
    *("主控單元", "驅動單元", "操作面板", "電源模塊", "通信模塊"),
    *("擴展接口", "上位機軟件", "移動終端", "安全回路", "安裝附件"),
)


def item(place: int) -> tuple[str, str, str, str]:
    """Name, kind, text and criterion of one item: each demand is made of each part."""
    name, kind, text, criterion = ITEMS[place % len(ITEMS)]
    part = PARTS[place // len(ITEMS) % len(PARTS)]
    return f"{part}{name}", kind, f"{part}：{text}", criterion


STEP = ("按規格書佈置被測設備，執行「{name}」相關操作", "結果符合驗收標準：{criterion}")
BORDER_STEP = ("在極限條件（高溫、滿負載）下重複上述操作", "結果仍符合驗收標準，且無報警")
SEEN = "極限條件下出現報警，結果超出允許範圍。"
MENDED = "調整參數並修改處理流程，已自測。"
SCOPE = "本說明書規定產品的功能、性能與接口要求，作為設計、測試與驗收的依據。"
DESIGN_BODY = "採用分層結構：驅動層、控制層、應用層；各層之間以明確接口隔離，便於分別測試與替換。"
