"""What customers of the demo company report (2.4), what is done about it, and what is learned from it."""

from __future__ import annotations

import random
from dataclasses import dataclass

from .products import PRODUCTS, ProductText


@dataclass(frozen=True)
class Matter:
    """A matter that customers come with: `kind` and `severity` as a ticket has them, `way` how it is solved."""

    family: str
    subject: str
    description: str
    solution: str
    kind: str
    severity: str
    way: str


_Row = tuple[str, str, str, str, str, str]

# Subject, description, solution, kind, severity, way.
_SENSORS: tuple[_Row, ...] = (
    (
        "{product}讀數漂移",
        "{product}開機半小時後讀數逐漸偏高，重新上電後恢復，隨後再次漂移。",
        "指導客戶重新接地並更換屏蔽電纜，連續觀察兩小時讀數穩定。",
        "complaint",
        "3",
        "remote",
    ),
    (
        "{product}無輸出",
        "{product}指示燈正常，但控制器收不到信號，已更換輸入點位。",
        "確認為輸出級損壞，寄出替換件並回收舊件分析。",
        "complaint",
        "2",
        "replacement",
    ),
    (
        "{product}如何設定檢測距離",
        "現場更換工件後需要調整{product}的檢測距離，說明書中未找到步驟。",
        "電話指導完成示教設定，並發送操作說明。",
        "consultation",
        "4",
        "remote",
    ),
    (
        "{product}校準證書何時寄出",
        "年檢需要{product}的校準證書，請告知寄出時間。",
        "證書已寄出，並提供快遞單號。",
        "consultation",
        "4",
        "other",
    ),
)
_CONTROLLERS: tuple[_Row, ...] = (
    (
        "{product}通訊中斷",
        "{product}每天出現兩三次通訊中斷，約十秒後自動恢復，產線隨之停頓。",
        "升級固件並調整通訊超時參數，遠程監看三天未再中斷。",
        "complaint",
        "2",
        "remote",
    ),
    (
        "{product}上電報警",
        "{product}上電後報警無法復位，整條產線停機。",
        "工程師到場更換電源模塊，恢復生產並備份程序。",
        "complaint",
        "1",
        "on_site",
    ),
    (
        "{product}程序備份方法",
        "希望將{product}的程序備份到本地，請提供步驟。",
        "發送備份步驟與軟件下載地址，客戶已完成備份。",
        "consultation",
        "4",
        "remote",
    ),
    (
        "建議{product}增加中文報警說明",
        "現場操作員看不懂{product}的報警代碼，建議界面顯示中文說明。",
        "已轉研發部列入需求，並先提供報警代碼中文對照表。",
        "suggestion",
        "4",
        "other",
    ),
)
_CONVEYORS: tuple[_Row, ...] = (
    (
        "{product}跑偏異響",
        "{product}運行兩小時後向一側跑偏，並有明顯異響。",
        "現場調整張緊機構並更換軸承，空載與滿載各試運行一小時。",
        "complaint",
        "3",
        "on_site",
    ),
    (
        "{product}停機無法啟動",
        "{product}急停復位後仍無法啟動，出庫作業全部停止。",
        "現場檢查為安全回路繼電器粘連，更換後恢復運行。",
        "complaint",
        "1",
        "on_site",
    ),
    (
        "{product}速度達不到約定值",
        "{product}滿載時速度只有約定值的八成，影響節拍。",
        "調整變頻器參數並更換減速電機，實測達到約定速度。",
        "complaint",
        "2",
        "on_site",
    ),
    (
        "{product}保養週期諮詢",
        "請提供{product}的保養項目與週期，以便編排年度計劃。",
        "發送保養手冊，並建議簽訂年度維護服務。",
        "consultation",
        "4",
        "remote",
    ),
)
_INSPECTION: tuple[_Row, ...] = (
    (
        "{product}誤判增多",
        "更換包裝材料後{product}誤判明顯增多，良品被剔除。",
        "遠程重新訓練判定模板並調整光源亮度，誤判率回到千分之二以內。",
        "complaint",
        "2",
        "remote",
    ),
    (
        "{product}精度超差",
        "{product}點檢結果超出允許範圍，不敢繼續使用。",
        "工程師到場重新標定，出具標定報告。",
        "complaint",
        "2",
        "on_site",
    ),
    (
        "{product}檢測記錄如何導出",
        "質量部要求按班次導出{product}的檢測記錄。",
        "指導客戶設定自動導出，按班次生成表格。",
        "consultation",
        "4",
        "remote",
    ),
)
_SOFTWARE: tuple[_Row, ...] = (
    (
        "{product}登錄緩慢",
        "早班交接時{product}登錄需要一分鐘以上，操作員排隊等候。",
        "清理歷史日誌並增加索引，登錄時間降到三秒以內。",
        "complaint",
        "3",
        "remote",
    ),
    (
        "{product}報表數據不一致",
        "{product}的日報與現場看板產量不一致，相差約百分之三。",
        "查明為跨班工單重複計數，已發佈補丁並重算當月報表。",
        "complaint",
        "2",
        "remote",
    ),
    (
        "{product}新增用戶",
        "新產線投產，請問{product}如何增加用戶與權限。",
        "說明許可數量與權限設定，客戶已自行完成。",
        "consultation",
        "4",
        "remote",
    ),
    (
        "建議{product}支持手機審批",
        "管理人員經常出差，建議{product}支持在手機上審批。",
        "已轉研發部評估，並告知客戶預計的版本。",
        "suggestion",
        "4",
        "other",
    ),
)
_SPARES: tuple[_Row, ...] = (
    (
        "{product}到貨數量不符",
        "收到的{product}比訂單少，請核實並補發。",
        "核對裝箱單後確認漏裝，當天補發。",
        "complaint",
        "3",
        "replacement",
    ),
    (
        "{product}使用壽命短",
        "{product}使用不到三個月即損壞，同批另有兩件異常。",
        "批次排查後全部更換，並通知採購部處理供應商。",
        "complaint",
        "2",
        "replacement",
    ),
    (
        "{product}是否適用舊型號",
        "十年前購買的設備能否使用現在的{product}，請確認安裝尺寸。",
        "核對圖紙後確認可用，需另配轉接支架。",
        "consultation",
        "4",
        "remote",
    ),
)
_ROWS = {
    "傳感器": _SENSORS, "控制器": _CONTROLLERS, "輸送設備": _CONVEYORS, "檢測設備": _INSPECTION,
    "軟件許可": _SOFTWARE, "備品備件": _SPARES,
}  # fmt: skip
PROBLEMS = tuple(Matter(family, *row) for family, rows in _ROWS.items() for row in rows)
RECEIVED = (
    "已收到您的反饋，工程師正在查看，稍後與您聯繫。",
    "您好，問題已轉交負責工程師，今天內給您答覆。",
    "感謝反饋。請先記錄報警代碼與發生時間，以便我們判斷原因。",
)
PROGRESS = (
    "已根據您提供的照片初步判斷原因，正在安排備件。",
    "遠程檢查已完成，明天上午繼續處理。",
    "替換件已發出，收到後請與我們聯繫安裝時間。",
)
HOLDS = {
    "customer": ("等待客戶提供報警代碼與現場照片。", "客戶停產檢修，約定復工後再處理。"),
    "supplier": ("等待供應商答覆技術參數。", "供應商正在分析退回的樣件。"),
    "parts": ("備件缺貨，等待到貨。", "電機需要訂製，等待發貨。"),
}
REOPENED = ("客戶來電表示問題再次出現。", "更換後運行兩天又報警。")
LATE = ("多次催促才有人處理，希望改進。", "等了太久，影響生產。")
GLAD = ("處理及時，工程師很專業。", "問題解決了，謝謝。", "電話裡一步一步教，很耐心。")


LESSONS = (
    ("通訊中斷與誤判類問題最多，多數可遠程解決。", "編寫遠程排查指引並培訓熱線人員。"),
    ("備件缺貨造成超時，電動輥筒與減速電機最突出。", "與採購部約定常用備件的最低庫存。"),
    ("軟件報表類諮詢重複出現。", "將常見報表問題寫入知識庫並公開。"),
)


@dataclass(frozen=True)
class TicketText:
    """One ticket's content: the matter, filled with a product."""

    product: ProductText
    kind: str
    severity: str
    way: str
    subject: str
    description: str
    solution: str


def report(rng: random.Random, among: tuple[ProductText, ...] = PRODUCTS) -> TicketText:
    """What one customer reports of one of some products."""
    problem = rng.choice(PROBLEMS)
    product = rng.choice([each for each in among if each.family == problem.family])
    return filled(problem, product)


def filled(problem: Matter, product: ProductText) -> TicketText:
    """A matter with a product in its words."""
    subject, description, solution = (
        text.replace("{product}", product.name) for text in (problem.subject, problem.description, problem.solution)
    )
    return TicketText(product, problem.kind, problem.severity, problem.way, subject, description, solution)
