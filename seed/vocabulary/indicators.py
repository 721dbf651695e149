"""The indicators of the demo company: of sales, service, development, and the offices that lend and collect."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DemoIndicator:
    """An indicator: its name, measure, group, target, counterpart by name, and whose values there are."""

    name: str
    measure: str
    group: str
    target: str = ""
    counterpart: str = ""
    per: tuple[str, ...] = ("department",)
    subject: str = ""  # of the records that are counted; empty: of all


INDICATORS = (
    DemoIndicator("報價資料完整率", "quotation.completeness", "process", "95"),
    DemoIndicator("報價一次通過率", "quotation.firstpass", "process", "90", per=("department", "person")),
    DemoIndicator("法務一次通過率", "contract.legal", "quality", "85"),
    DemoIndicator("客戶滿意率", "ticket.goodratings", "quality", "90", per=("department", "person")),
    DemoIndicator("報價及時率", "quotation.stepsintime", "process", "95", "報價一次通過率", ("department", "person")),
    DemoIndicator("合同審批及時率", "contract.stepsintime", "process", "90", "法務一次通過率"),
    DemoIndicator("訂單準時交付率", "sales_order.dateskept", "efficiency", "95", "客戶滿意率"),
    DemoIndicator("訂單交付週期", "sales_order.cycletime", "efficiency", "", "客戶滿意率"),
    DemoIndicator("首次響應及時率", "ticket.responseintime", "efficiency", "95", "客戶滿意率"),
    DemoIndicator("解決及時率", "ticket.solutionintime", "efficiency", "90", "客戶滿意率", ("department", "person")),
    DemoIndicator("解決時間", "ticket.cycletime", "efficiency", "", "客戶滿意率"),
    DemoIndicator("按期回款率", "receivable.dateskept", "quality", "85", "客戶滿意率"),
    DemoIndicator("收款登記滯後", "payment.entrydelay", "process", "", "報價資料完整率"),
    DemoIndicator("研發里程碑按期率", "project.dateskept", "efficiency", "80", "客戶滿意率"),
    DemoIndicator(
        "工作計劃對照及時率", "task.stepsintime", "efficiency", "90", "報價資料完整率", ("person",), "工作計劃對照檢查"
    ),
    DemoIndicator("檔案按期歸還率", "loan.dateskept", "process", "95", "報價資料完整率"),
)
