"""The one table of keyboard shortcuts: the `?` sheet shows it, and what is not here is no shortcut of the product."""

from __future__ import annotations

from dataclasses import dataclass

from models.kernel.base.words import L


@dataclass(frozen=True)
class Shortcut:
    """Keys that are pressed together or one after the other, and what they do; `place` is a heading of the sheet."""

    keys: tuple[str, ...]
    label: L
    place: L


EVERYWHERE = L("Everywhere", "所有頁面")
LISTS = L("In lists", "列表")
FORMS = L("In forms and dialogs", "表單與對話框")
DECISIONS = L("Among approvals", "審批")
PLANS = L("In calendars and boards", "日曆與看板")

SHORTCUTS = (
    Shortcut(("Ctrl", "K"), L("Command palette", "跳轉到任意內容或執行操作"), EVERYWHERE),
    Shortcut(("/",), L("Search everything", "全局搜索"), EVERYWHERE),
    Shortcut(("g", "h"), L("Home", "首頁"), EVERYWHERE),
    Shortcut(("g", "i"), L("Approvals", "待審批"), EVERYWHERE),
    Shortcut(("b",), L("Hide the menu, or keep it open", "收起或固定菜單"), EVERYWHERE),
    Shortcut(("?",), L("This table of keys", "本快捷鍵表"), EVERYWHERE),
    Shortcut(("j", "k"), L("Next or previous row; arrow keys do the same", "下一行、上一行；方向鍵亦可"), LISTS),
    Shortcut(("→", "←"), L("Cells of the row", "該行的單元格"), LISTS),
    Shortcut(("Enter",), L("Open the row, or edit the cell", "打開該行，或編輯單元格"), LISTS),
    Shortcut(
        ("x",), L("Select the row; Shift and click selects a range", "選取該行；按住 Shift 點擊可選取範圍"), LISTS
    ),
    Shortcut(("m",), L("What can be done with the row", "該行可辦理的操作"), LISTS),
    Shortcut(("F2",), L("Edit the cell; Tab saves it and goes to the next", "編輯單元格；Tab 保存並到下一個"), LISTS),
    Shortcut(("Ctrl", "Z"), L("Take back the last edit of a cell", "撤銷上一次單元格修改"), LISTS),
    Shortcut(("Ctrl", "C"), L("Copy the selected rows for a spreadsheet", "複製選中的行，可粘貼到電子表格"), LISTS),
    Shortcut(("[", "]"), L("Previous or next record of the list", "列表中的上一條、下一條記錄"), LISTS),
    Shortcut(("a",), L("Approve what the row shows", "批准該行事項"), DECISIONS),
    Shortcut(("r",), L("Return or reject it, with a reason", "退回或駁回該行事項，並填寫原因"), DECISIONS),
    Shortcut(("d",), L("On “My day”: done", "「我的一天」中：完成"), DECISIONS),
    Shortcut(("m",), L("Move: to another date, or to another state", "移動：改期，或辦理下一步驟"), PLANS),
    Shortcut(("1", "2"), L("One after the other: the first, second … answer", "逐項錄入：選第一、第二……個結果"), FORMS),
    Shortcut(("Ctrl", "S"), L("Save the form", "保存表單"), FORMS),
    Shortcut(
        ("Enter",),
        L("In lines: down the column; in the last line, a new one", "明細中：下一行；最後一行則新增一行"),
        FORMS,
    ),
    Shortcut(("↑", "↓"), L("In lines: the cell above or below", "明細中：上下單元格"), FORMS),
    Shortcut(("Alt", "↑"), L("In lines: move the line, also with ↓", "明細中：移動該行，↓ 亦可"), FORMS),
    Shortcut(("Ctrl", "Delete"), L("In lines: remove the line", "明細中：移除該行"), FORMS),
    Shortcut(("@",), L("In a comment: call a colleague", "評論中：提及同事"), FORMS),
    Shortcut(("Esc",), L("Close or cancel", "關閉或取消"), FORMS),
)
