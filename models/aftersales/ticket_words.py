"""What tickets can be chosen to be, and the sentences that refuse one."""

from __future__ import annotations

from ..kernel.language import L

CHANNELS = {
    "hotline": L("Hotline", "熱線"),
    "online": L("Online", "在線"),
    "mail": L("Mail", "郵件"),
    "visit": L("Visit", "上門"),
}
KINDS = {
    "consultation": L("Consultation", "諮詢"),
    "complaint": L("Complaint", "投訴"),
    "suggestion": L("Suggestion", "建議"),
}
SOLUTIONS = {
    "remote": L("Remote", "遠程"),
    "on_site": L("On site", "現場"),
    "replacement": L("Part replacement", "更換"),
    "other": L("Other", "其他"),
}
HOLD_FOR = {
    "customer": L("The customer", "客戶"),
    "supplier": L("A supplier", "供應商"),
    "parts": L("Parts", "備件"),
}
LANGUAGES = {
    "zh-Hans": L("Simplified Chinese", "簡體中文"),
    "zh-Hant": L("Traditional Chinese", "繁體中文"),
    "en": L("English", "英文"),
}
OPEN = "new assessed in_progress waiting"
OVER = "solved closed merged"
NO_WAY_BACK = L("Enter a phone number or a mail address, so that we can answer.", "請填寫電話或郵箱，以便答覆。")
RETURNS_LATER = L("The day of return must lie ahead.", "恢復日期須晚於今天。")
ITSELF = L("A ticket cannot be merged into itself.", "工單不能併入自身。")
OTHERS = L(
    "{number} is of another customer: tickets of one customer are merged.",
    "{number} 屬其他客戶；僅可合併同一客戶的工單。",
)
SPLIT_OF_OTHERS = L("{number}, from which this is split, is of another customer.", "拆分自的 {number} 屬其他客戶。")
MERGED_ALREADY = L(
    "{number} is merged itself; choose the ticket that it was merged into.",
    "{number} 本身已被合併，請選擇其併入的工單。",
)
