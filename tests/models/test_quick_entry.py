"""A task in one line, as it is read on Thursday, 26 November 2026, at ten in the morning (3.4.1)."""

from __future__ import annotations

import datetime as dt

import pytest

from models.services.personal.quick_entry import QuickEntry, read

NOW = dt.datetime(2026, 11, 26, 10)  # noqa: DTZ001 - on the company's wall
# text: subject, day, time, people, priority, repeat
LINES: dict[str, tuple[str, str, str, str, str, str]] = {
    "明天下午三點 交報價 @林曉峰 !緊急": ("交報價", "11-27", "15:00", "林曉峰", "urgent", ""),
    "明天下午三点交报价 @林晓峰 ！紧急": ("交报价", "11-27", "15:00", "林晓峰", "urgent", ""),
    "tomorrow 3pm send the quotation @Lin !urgent": ("send the quotation", "11-27", "15:00", "Lin", "urgent", ""),
    "交報價": ("交報價", "", "", "", "", ""),
    "后天上午九点半 打电话给王总": ("打电话给王总", "11-28", "09:30", "", "", ""),
    "大後天 交表": ("交表", "11-29", "", "", "", ""),
    "12月5日 年會準備 @lxf @王芳": ("年會準備", "12-05", "", "lxf 王芳", "", ""),
    "十二月二十五號 盤點": ("盤點", "12-25", "", "", "", ""),
    "2027-01-15 14:30 續約談判": ("續約談判", "2027-01-15", "14:30", "", "", ""),
    "2027年1月15日 續約談判": ("續約談判", "2027-01-15", "", "", "", ""),
    "1/8 寄樣品": ("寄樣品", "2027-01-08", "", "", "", ""),
    "週五 開會": ("開會", "11-27", "", "", "", ""),
    "周四 开会": ("开会", "11-26", "", "", "", ""),
    "下週三下午兩點 拜訪客戶": ("拜訪客戶", "12-02", "14:00", "", "", ""),
    "下下周一 出差": ("出差", "12-07", "", "", "", ""),
    "本週日 加班": ("加班", "11-29", "", "", "", ""),
    "三天後 催款 !高": ("催款", "11-29", "", "", "high", ""),
    "兩週後 複查": ("複查", "12-10", "", "", "", ""),
    "1個月後 回訪": ("回訪", "12-26", "", "", "", ""),
    "月底 結賬": ("結賬", "11-30", "", "", "", ""),
    "下午5點15分 發郵件": ("發郵件", "11-26", "17:15", "", "", ""),
    "九點 晨會": ("晨會", "11-27", "09:00", "", "", ""),  # nine has passed today
    "今晚 加班": ("加班", "11-26", "18:00", "", "", ""),
    "中午 取文件": ("取文件", "11-26", "12:00", "", "", ""),
    "每週一 週報 @林曉峰": ("週報", "11-26", "", "林曉峰", "", "FREQ=WEEKLY;BYDAY=MO"),
    "每月最後一個工作日 結賬": ("結賬", "11-26", "", "", "", "FREQ=MONTHLY;BYMONTHDAY=-1;X-DAYOFF=BEFORE"),
    "每天 上午九點 打卡": ("打卡", "11-26", "09:00", "", "", "FREQ=DAILY"),
    "每 2 週的週三 例會": ("例會", "11-26", "", "", "", "FREQ=WEEKLY;INTERVAL=2;BYDAY=WE"),
    "every Monday weekly report": ("weekly report", "11-26", "", "", "", "FREQ=WEEKLY;BYDAY=MO"),
    "Friday call Mr Wang": ("call Mr Wang", "11-27", "", "", "", ""),
    "next Friday at 9am call Mr Wang": ("call Mr Wang", "12-04", "09:00", "", "", ""),
    "5 Dec prepare the party !low": ("prepare the party", "12-05", "", "", "low", ""),
    "Dec 24th 12:30 pm lunch": ("lunch", "12-24", "12:30", "", "", ""),
    "in 3 days follow up": ("follow up", "11-29", "", "", "", ""),
    "send the report by end of month": ("send the report", "11-30", "", "", "", ""),
    "noon pick up the papers": ("pick up the papers", "11-26", "12:00", "", "", ""),
    # what only looks like it
    "聯繫 sales@example.com 的客戶": ("聯繫 sales@example.com 的客戶", "", "", "", "", ""),
    "加油!很好": ("加油!很好", "", "", "", "", ""),
    "!甲 一件事": ("!甲 一件事", "", "", "", "", ""),
    "2月30日 不存在": ("2月30日 不存在", "", "", "", "", ""),
    "25:00 不存在": ("25:00 不存在", "", "", "", "", ""),
    "每個客戶都要打電話": ("每個客戶都要打電話", "", "", "", "", ""),
    "everyone signs": ("everyone signs", "", "", "", "", ""),
    "訂購 3/4 吋管件 13/45": ("訂購 吋管件 13/45", "2027-03-04", "", "", "", ""),  # shown before it is saved
    "": ("", "", "", "", "", ""),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_read(line: str) -> None:
    subject, day, time, names, priority, repeat = LINES[line]
    entry = read(line, NOW)
    assert entry == QuickEntry(
        subject=subject,
        day=dt.date.fromisoformat(day if len(day) > 5 else f"2026-{day}") if day else None,
        time=dt.time.fromisoformat(time) if time else None,
        people=tuple(names.split()),
        priority=priority,
        repeat=repeat,
    )


@pytest.mark.parametrize("line", ["@", "!", "@ !", "每" * 500, "@" * 500, "12月" * 200, "every " * 200, "一" * 900])
def test_nonsense_is_a_subject(line: str) -> None:
    assert read(line, NOW).people == ()
