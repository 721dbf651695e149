"""What an answer about access is: whether, and why not, in the words that a person reads."""

from __future__ import annotations

from dataclasses import dataclass

from ..base.words import L, Words

NOT_YOURS = L("Your roles do not allow you to change this.", "您的角色無權修改此項。", code="rights")
PARENT_CLOSED = L(
    "What belongs to this record of “{parent}” is not changed while that one is “{state}”.",
    "所屬「{parent}」為「{state}」，其下內容不能直接修改。",
)
STATE_CLOSED = L(
    "In the state “{state}” the fields of a record can no longer be changed.",
    "「{state}」狀態下不能再修改記錄。",
    code="state",
)
NOT_YOUR_MOVE = L("This step is for: {who}.", "此步驟由以下人員辦理：{who}。", code="rights")
OWN_WORK = L(
    "Nobody decides on what they submitted or own themselves, not even on behalf of a colleague.",
    "不得審批本人提交或經辦的事項，代理他人時亦然。",
    code="own_work",
)
ALREADY_DECIDED = L("You have already given your decision on this.", "您已對此表示意見。", code="decided")
REMOVE_BY_HEAD = L(
    "Only the owner or the head may remove this record.", "只有經辦人或部門負責人可以移除此記錄。", code="rights"
)
IN_BIN = L("The record is in the recycle bin.", "此記錄已在回收站。", code="state")
OWN_PASSWORD = L("Your own password is changed on your account page.", "您本人的密碼請在賬號頁面更改。")
NOT_ACTIVE = L("This user is not active; make them active first.", "此用戶未啟用，請先啟用。")
NOT_OPENED = L(
    "You may see that this exists, but not open its files; they can be borrowed.",
    "您可以看到此記錄，但不能打開其文件；可申請借閱。",
    code="rights",
)
SHARED_BY_HEAD = L("A view for the whole department is set up by its head.", "供全部門使用的視圖由部門負責人設置。")
ALLOWED = L("Allowed.", "允許。")


@dataclass(frozen=True)
class Verdict:
    """Whether, and why; `url`: where what is in the way can be mended."""

    allowed: bool
    why: Words = ALLOWED
    url: str = ""

    def __bool__(self) -> bool:
        return self.allowed


YES = Verdict(True)
