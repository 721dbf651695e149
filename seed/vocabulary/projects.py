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
