"""What the supervision group of the demo company asks, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass

ANSWERS = "yes | 符合 | 1\nminor | 一般不符合\nmajor | 嚴重不符合\nnone | 不適用"


@dataclass(frozen=True)
class AreaText:
    """An area that is inspected: the department, the clause, the questions, and what may be found there."""

    department: str
    about: str
    name: str
    questions: tuple[str, ...]
    facts: tuple[tuple[str, str, str], ...]  # clause in detail, in short, the fact


AREAS = (
    AreaText(
        "SAL",
        "2.2",
        "銷售流程檢查表",
        ("報價單均經審批後發送", "合同經法務審核後簽訂", "訂單均依據已簽合同", "逾期應收按期催收"),
        (
            ("2.2.3", "報價未經審批即發送", "抽查十份報價單，兩份於審批前已發客戶。"),
            ("2.2.4", "合同附件不完整", "抽查合同缺少技術協議附件。"),
            ("2.2.5", "訂單早於合同簽訂日期", "三份訂單的錄入日期早於合同簽訂日期。"),
            ("2.2.7", "催收記錄缺失", "逾期三十日的應收款無催收記錄。"),
        ),
    ),
    AreaText(
        "SVC",
        "2.4",
        "售後服務檢查表",
        ("工單在時限內首次響應", "解決方案記錄完整", "滿意度低於三分的已回訪"),
        (
            ("2.4.2", "首次響應超時", "抽查二十張工單，五張超出首次響應時限。"),
            ("2.4.3", "解決方案未填寫", "已解決工單缺少解決方案說明。"),
            ("2.4.4", "低分評價未回訪", "兩名低分客戶無回訪記錄。"),
        ),
    ),
    AreaText(
        "MKT",
        "2.1",
        "市場調研檢查表",
        ("需求來源記錄完整", "調研報告經評審後發佈"),
        (
            ("2.1.2", "需求來源未註明", "十二條需求未註明來源客戶。"),
            ("2.1.3", "報告數據無出處", "市場容量數據未註明出處。"),
        ),
    ),
    AreaText(
        "RND",
        "3.1",
        "文件管理檢查表",
        ("作廢文件已標識", "借閱按期歸還", "版本與清單一致"),
        (
            ("3.1.2", "現場使用作廢版本", "工位張貼的作業指導書為舊版。"),
            ("3.1.4", "借閱逾期未還", "三份圖紙逾期未歸還。"),
            ("3.1.1", "文件編號缺失", "兩份設計文件沒有編號。"),
        ),
    ),
)
ANSWER = (
    "已按標準補辦並核對同期記錄。",
    "流程節點缺少系統提醒，人員不熟悉條款。",
    "增加系統必填項，並組織部門培訓。",
    "附補辦記錄與培訓簽到表。",
)
CONCLUSION = "總體符合標準，所列問題須按期整改。"


@dataclass(frozen=True)
class CheckText:
    """What records of a department are checked for, and what one of them has wrong."""

    department: str
    type: str
    subject: str
    clause: str
    fault: str


CHECKS = (
    CheckText("SAL", "quotation", "報價單數據核對", "2.2.3", "報價單單價與價格表不一致，未註明折扣依據。"),
    CheckText("SVC", "ticket", "售後工單數據核對", "2.4.1", "受理時間與通話記錄不符，相差四小時。"),
    CheckText("MKT", "requirement", "市場需求數據核對", "2.1.1", "需求來源與訪談記錄不一致。"),
)
