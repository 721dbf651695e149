"""How documents are classified, kept and named (3.1.1): the tree of categories, and the rules for numbers and names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bson import ObjectId

from ..chapters import DOCUMENTS
from ..kernel.base.store import RowQuery, answers, row_of
from ..kernel.language import (
    Access,
    Choice,
    Flag,
    Grid,
    L,
    LongText,
    Part,
    Record,
    Ref,
    Role,
    Scope,
    Text,
    Whole,
    Words,
    record,
)
from ..kernel.language.trees import DEPTH_MAX

PUBLIC, INTERNAL, CONFIDENTIAL, SECRET = "public", "internal", "confidential", "secret"
CONFIDENTIALITY = {
    PUBLIC: L("Public", "公開"),
    INTERNAL: L("Internal", "內部"),
    CONFIDENTIAL: L("Confidential", "秘密"),
    SECRET: L("Secret", "機密"),
}
LOAN_DAYS = 10
_CODE = re.compile(r"[A-Z][A-Z0-9]{1,9}")
_PLACES = re.compile(r"\{(\w*)(?::(\d))?\}")
_KNOWN = frozenset({"category", "department", "yyyy", "mm", "seq", "title"})
_BY_RECORDS = {Role.RECORDS: Scope.ALL}


@record(
    label=L("Document category", "文件分類"),
    plural=L("Document categories", "文件分類"),
    chapter=DOCUMENTS,
    clause="3.1.1",
    number="CA-{seq:3}",
    title="{code} {name}",
    grid=Grid("code name parent retention_years confidentiality loan_days", search="code name", sort="code"),
    form=(
        Part(
            L("Category", "分類"),
            "code name parent description",
            clause="3.1.1",
            help=L(
                "A place in the filing plan; categories may stand inside one another.",
                "文件分類目錄中的一級；分類可以逐級設置。",
            ),
        ),
        Part(
            L("Keeping and lending", "保管與借閱"),
            "retention_years confidentiality loan_days",
            help=L(
                "Without years, documents of the category are kept for good. Paper copies are lent for so many "
                "working days.",
                "未填年限的分類永久保存。紙質文件按規定的工作日數出借。",
            ),
        ),
    ),
    access=Access(open=True, write=_BY_RECORDS),
)
class Category(Record):
    """A folder of the filing plan; its code stands in numbers and file names and never changes."""

    code = Text(required=True, unique=True, fixed=True, most=10, label=L("Code", "代碼"))
    name = Text(required=True, most=80, label=L("Name", "名稱"))
    parent = Ref("Category", tree=True, label=L("Belongs to", "上級分類"))
    description = LongText(most=2000, label=L("Description", "說明"))
    retention_years = Whole(least=1, most=100, label=L("Retention (years)", "保存年限"))
    confidentiality = Choice(
        CONFIDENTIALITY, default=INTERNAL, required=True, label=L("Default confidentiality", "默認密級")
    )
    loan_days = Whole(
        least=1, most=250, default=LOAN_DAYS, required=True, label=L("Loan period (working days)", "借閱工作日數")
    )

    def check(self) -> Iterator[tuple[str, Words]]:
        if not _CODE.fullmatch(self.code):
            yield (
                "code",
                L("A code is 2 to 10 capital letters and digits.", "代碼為 2 至 10 位大寫字母或數字，以字母開頭。"),
            )


def ancestors(category: ObjectId | None) -> list[ObjectId]:
    """A category and those above it, nearest first; a tree is at most eight levels deep."""
    result: list[ObjectId] = []
    while category is not None and category not in result and len(result) < DEPTH_MAX:
        result.append(category)
        row = row_of(Category.type_name(), {"_id": category}, {"parent": 1}) or {}
        category = row.get("parent")
    return result


@record(
    label=L("Naming rule", "命名規則"),
    plural=L("Naming rules", "命名規則"),
    chapter=DOCUMENTS,
    clause="3.1.1",
    number="NR-{seq:3}",
    title="{pattern}",
    grid=Grid("category pattern active", search="pattern"),
    form=(
        Part(
            L("Rule", "規則"),
            "category pattern active",
            clause="3.1.1",
            help=L(
                "What stands before the title is the document's number; the whole is the name of its files. A rule "
                "without a category holds for all that have none of their own.",
                "標題之前的部分為文件編號，整體為文件名。未選分類的規則適用於沒有專門規則的分類。",
            ),
        ),
    ),
    access=Access(open=True, write=_BY_RECORDS),
)
class NamingRule(Record):
    """How documents of a category are numbered and their files named."""

    category = Ref("Category", label=L("Category", "文件分類"))
    pattern = Text(
        required=True,
        most=120,
        label=L("Pattern", "格式"),
        help=L(
            "Places are category, department, yyyy, mm, seq, title, "
            "such as {category}-{department}-{yyyy}-{seq:4}_{title}",
            "可用：分類、部門、年、月、序號、標題，例如 {category}-{department}-{yyyy}-{seq:4}_{title}",
        ),
    )
    active = Flag(default=True, label=L("In force", "啟用"))

    def check(self) -> Iterator[tuple[str, Words]]:
        places = [name for name, _ in _PLACES.findall(self.pattern)]
        if strange := [name for name in places if name not in _KNOWN]:
            yield "pattern", L("There is no place {place}.", "沒有此佔位符：{place}。")(place="{" + strange[0] + "}")
        if "seq" not in places or places.count("title") > 1 or not self.pattern.endswith("{title}"):
            yield (
                "pattern",
                L("A pattern has a serial number and ends with the title.", "格式須含序號，並以標題結尾。"),
            )
        if re.search(r'[\\/:*?"<>|]', _PLACES.sub("", self.pattern)) or "{" in _PLACES.sub("", self.pattern):
            yield "pattern", L("A pattern cannot contain {signs}", "格式不能包含 {signs}")(signs='\\ / : * ? " < > | {')


def naming_rule(category: ObjectId | None) -> str | None:
    """The pattern in force for a category: its own, that of the nearest above it, or the one for all."""
    above = ancestors(category)
    query = {"active": True, "removed_at": None, "category": {"$in": [*above, None]}}
    rules = RowQuery(NamingRule.type_name(), query, {"category": 1, "pattern": 1}, sort=[("_id", -1)], most=100)
    rows = answers([rules])[0]
    rows.sort(key=lambda row: above.index(row["category"]) if row.get("category") in above else DEPTH_MAX)
    return str(rows[0]["pattern"]) if rows else None


def number_pattern(pattern: str, code: str) -> str:
    """The part of a naming pattern that numbers documents, in the words of the kernel's counter."""
    return pattern.replace("{title}", "").rstrip(" -_.").replace("{category}", code)


def file_stem(pattern: str, number: str, subject: str) -> str:
    """The name that a file of a document should have, without its ending: the number, then the rest of the pattern."""
    head = pattern.replace("{title}", "").rstrip(" -_.")
    return number + pattern[len(head) :].replace("{title}", " ".join(subject.split()))
