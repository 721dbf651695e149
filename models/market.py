"""Market research (2.1): needs that are collected and analysed, and the reports that are reviewed and published."""

from __future__ import annotations

from typing import Any

from .chapters import RESEARCH
from .documents import filing
from .documents.categories import CONFIDENTIAL, INTERNAL
from .kernel.language import (
    HEAD,
    OWNER,
    REASON,
    ROLE_LABELS,
    WRITER,
    Access,
    Chart,
    Choice,
    Choices,
    Day,
    Flag,
    FollowUp,
    Grid,
    L,
    LongText,
    Move,
    Paper,
    Part,
    Pivot,
    Publish,
    Record,
    Ref,
    Refs,
    Retention,
    Tell,
    Text,
    Whole,
    Workflow,
    heads_of,
    record,
    workdays,
)
from .research_paper import report

SOURCES = {
    "internal": L("Internal department", "內部部門"),
    "customer": L("Customer", "客戶"),
    "partner": L("Partner", "合作夥伴"),
}
CHANNELS = {
    "questionnaire": L("Online questionnaire", "在線問卷"),
    "interview": L("Interview", "訪談"),
    "meeting": L("Meeting", "會議"),
    "other": L("Other", "其他"),
}
CATEGORIES = {
    "function": L("New function", "新功能"),
    "performance": L("Performance", "性能"),
    "quality": L("Quality", "質量"),
    "price": L("Price", "價格"),
    "service": L("Service", "服務"),
    "delivery": L("Delivery", "交付"),
    "other": L("Other", "其他"),
}
PRIORITIES = {
    "low": L("Low", "低"),
    "normal": L("Normal", "一般"),
    "high": L("High", "高"),
    "urgent": L("Urgent", "緊急"),
}


REPORTING = FollowUp(
    "report", "ResearchReport", L("Write a report", "撰寫調研報告"), states="accepted closed", opens="requirements"
)


def project_of(report: ResearchReport) -> dict[str, Any]:
    """What a report says for a project (2.3.1); whoever proposes it adds budget and leader."""
    return {"name": report.subject[:200], "proposal": report.recommendations, "report": report.id}


PROPOSAL = FollowUp(
    "propose_project", "Project", L("Propose a project", "申報研發項目"), states="approved published", fill=project_of
)
FIGURES = (
    Chart("category", within="collected_on", menu=L("Analysis of needs", "需求分析")),
    Chart("source", within="collected_on"),
    Chart("collected_on", within="collected_on"),
    Chart("priority", within="collected_on"),
    Pivot("category", "priority", within="collected_on"),
    Pivot("source", "collected_on", within="collected_on"),
)


@record(
    label=L("Requirement", "需求"),
    plural=L("Requirements", "需求"),
    chapter=RESEARCH,
    clause="2.1.1",
    upstream="survey_response",
    number="RQ-{department}-{yyyy}{mm}-{seq:4}",
    title="{subject}",
    grid=Grid(
        "number subject source category priority feasibility collected_on state",
        search="subject source_reference",
        inline="subject source category priority feasibility",
        sort="-priority",
    ),
    form=(
        Part(
            L("Collection", "需求收集"),
            "subject description source source_reference channel collected_on collector contact survey survey_response",
            clause="2.1.1",
            help=L(
                "Write down what is needed, by whom, and how we came to know of it.",
                "記錄需求內容、提出方以及獲知途徑。",
            ),
        ),
        Part(
            L("Analysis", "信息分析"),
            "category market_trend competition feasibility priority decision",
            clause="2.1.2",
            help=L(
                "Feasibility, priority and category must be there before the head decides.",
                "負責人決定前須填寫可行性、優先級與分類。",
            ),
        ),
    ),
    workflow=Workflow(
        "collected",
        (
            Move("analyse", "collected", "analysed", by=WRITER, within=workdays(5)),
            Move(
                "accept", "analysed", "accepted", by=HEAD, require="feasibility priority category", within=workdays(3)
            ),
            Move("reject", "analysed", "rejected", by=HEAD, ask=REASON),
            Move("close", "accepted rejected", "closed", by=WRITER, optional=True),
        ),
        edit="collected analysed",
    ),
    access=Access(numbered=True),
    retention=Retention(archive=365, delete=5),
    happened="collected_on",
    follow_ups=(REPORTING,),
    tells=(
        Tell(
            on="accept reject close",
            to="survey_response.mail",
            subject=L("What came of your answer to our survey", "您在問卷中所提意見的後續"),
            body=L(
                "You told us something in a survey and left your address. We have looked at it; it is now: {state}. "
                "Thank you for your help.",
                "您在問卷中提出意見並留下郵箱。我們已處理，現狀態為：{state}。感謝您的幫助。",
            ),
            locale="survey_response.language",
            unsubscribe=True,
        ),
    ),
    analyses=FIGURES,
)
class Requirement(Record):
    """A need of the market or of a department, collected and analysed (2.1.1, 2.1.2)."""

    subject = Text(required=True, label=L("Title", "標題"))
    description = LongText(required=True, label=L("Description", "描述"))
    source = Choice(SOURCES, required=True, label=L("Source", "來源"))
    source_reference = Text(label=L("Source reference", "來源說明"))
    channel = Choice(CHANNELS, required=True, label=L("Channel", "收集渠道"))
    collected_on = Day(required=True, label=L("Collected on", "收集日期"))
    collector = Ref("User", label=L("Collector", "收集人"))
    contact = Text(label=L("Contact", "聯繫人"))
    survey = Ref("Survey", label=L("Survey", "問卷"))
    survey_response = Ref("SurveyResponse", label=L("Answer to a survey", "問卷回答"))
    category = Choice(CATEGORIES, label=L("Category", "分類"))
    market_trend = LongText(label=L("Market trend", "市場趨勢"))
    competition = LongText(label=L("Competition", "競爭情況"))
    feasibility = Whole(least=1, most=5, label=L("Feasibility (1-5)", "可行性（1-5）"))
    priority = Choice(PRIORITIES, ordered=True, label=L("Priority", "優先級"))
    decision = LongText(label=L("Decision", "處理決定"))


@record(
    label=L("Research report", "市場調研報告"),
    plural=L("Research reports", "市場調研報告"),
    chapter=RESEARCH,
    clause="2.1.3",
    upstream="requirements",
    number="MR-{department}-{yyyy}-{seq:3}",
    title="{subject}",
    grid=Grid("number subject period related_departments owner state", search="subject period"),
    form=(
        Part(
            L("Report", "報告"),
            "subject period requirements",
            clause="2.1.3",
            help=L("Title, period and the requirements that the report rests on.", "填寫標題、期間及所依據的需求。"),
        ),
        Part(
            L("Prescribed sections", "規定章節"),
            "market_status competitors opportunities_threats recommendations",
            clause="2.1.3",
            help=L("All four sections must be written before the report is submitted.", "提交前須完成全部四個章節。"),
        ),
        Part(
            L("Review and publication", "審核與發佈"),
            "related_departments to_everyone to_departments to_roles",
            clause="2.1.4",
            help=L(
                "Every related department must agree; publishing notifies exactly those in its scope.",
                "所有相關部門均須同意；發佈時僅通知範圍內人員。",
            ),
        ),
    ),
    workflow=Workflow(
        "draft",
        (
            Move(
                "submit",
                "draft",
                "in_review",
                by=OWNER,
                require="market_status competitors opportunities_threats recommendations related_departments",
            ),
            Move("approve", "in_review", "cross_review", by=HEAD, within=workdays(3)),
            Move("return", "in_review approved", "draft", by=HEAD, ask=REASON),
            Move("agree", "cross_review", "approved", by=heads_of("related_departments"), within=workdays(5)),
            Move(
                "send_back",
                "cross_review",
                "draft",
                by=heads_of("related_departments"),
                ask=REASON,
                single=True,
                label=L("Return", "退回"),
            ),
            Move(
                "publish",
                "approved",
                "published",
                by=HEAD,
                ask="to_everyone to_departments to_roles",
            ),
        ),
        ends="published",
    ),
    access=Access(related="related_departments"),
    publish=Publish("to_everyone to_departments to_roles"),
    files={"chart": L("Chart", "圖表"), "report": L("Report file", "報告文件")},
    papers=(Paper("report", L("PDF", "PDF"), format="research_report.typ", content=report),),
    retention=Retention(archive=730, delete=10),
    follow_ups=(PROPOSAL,),
)
class ResearchReport(Record):
    """A market research report, reviewed by the superior and by every related department (2.1.3, 2.1.4)."""

    subject = Text(required=True, label=L("Title", "標題"))
    period = Text(required=True, most=40, label=L("Period", "期間"))
    requirements = Refs("Requirement", label=L("Requirements", "相關需求"))
    market_status = LongText(label=L("Market status", "市場現狀"))
    competitors = LongText(label=L("Competitor analysis", "競爭對手分析"))
    opportunities_threats = LongText(label=L("Opportunities and threats", "潛在機會與威脅"))
    recommendations = LongText(label=L("Recommendations", "建議措施"))
    related_departments = Refs("Department", label=L("Related departments", "相關部門"))
    to_everyone = Flag(default=False, label=L("Publish to everyone", "向全員發佈"))
    to_departments = Refs("Department", label=L("Publish to departments", "發佈部門"))
    to_roles = Choices(
        {role.value: label for role, label in ROLE_LABELS.items()}, label=L("Publish to roles", "發佈角色")
    )

    def on_publish(self, actions: Any) -> None:
        """File the report."""
        level = INTERNAL if self.to_everyone else CONFIDENTIAL
        filing.file_away(actions, self, filing.REPORTS, subject=f"{self.number} {self.subject}", confidentiality=level)
