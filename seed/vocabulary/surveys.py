"""What the demo's surveys ask, and what people answer to them."""

from __future__ import annotations

from typing import Any

SERVICE: list[dict[str, Any]] = [
    {"code": "bought", "kind": "single", "text": "貴公司是否使用我們的產品？", "required": True,
     "options": "yes | 正在使用\nearlier | 曾經使用\nno | 尚未使用",
     "translations": "en: Does your company use our products?\nen/yes: Yes, now\nen/earlier: Earlier\nen/no: Not yet"},
    {"code": "why_not", "kind": "multiple", "text": "未使用的原因", "show_if": "bought = no or bought = earlier",
     "options": "price | 價格\nfunction | 功能不足\ndelivery | 交期", "other": True},
    {"code": "use", "kind": "section", "text": "使用體驗", "show_if": "bought = yes or bought = earlier"},
    {"code": "quality", "kind": "rating", "text": "您對產品質量的評分", "required": True},
    {"code": "service", "kind": "rating", "text": "您對售後服務的評分"},
    {"code": "parts", "kind": "matrix", "text": "各環節的表現", "options": "good | 滿意\nfair | 一般\nbad | 不滿意",
     "rows": "quote | 報價\nsend | 交付\nrepair | 維修"},
    {"code": "recommend", "kind": "promoter", "text": "您有多大可能向同行推薦我們？"},
    {"code": "end", "kind": "section", "text": "您的建議"},
    {"code": "wish", "kind": "long", "text": "您最希望我們改進什麼？"},
]  # fmt: skip
WORKPLACE: list[dict[str, Any]] = [
    {"code": "team", "kind": "single", "text": "您所在的崗位類別", "divides": True,
     "options": "office | 辦公\nplant | 生產\nfield | 外勤"},
    {"code": "tools", "kind": "rating", "text": "工作設備是否滿足需要", "required": True},
    {"code": "climate", "kind": "rating", "text": "團隊協作氛圍", "required": True},
    {"code": "training", "kind": "multiple", "text": "希望增加的培訓",
     "options": "product | 產品知識\nsafety | 安全\nlanguage | 外語\nsoftware | 辦公軟件"},
    {"code": "say", "kind": "long", "text": "還想對公司說的話"},
]  # fmt: skip
NEEDS: list[dict[str, Any]] = [
    {"code": "field", "kind": "single", "text": "所在行業", "other": True,
     "options": "metal | 金屬加工\nfood | 食品\npack | 包裝"},
    {"code": "order", "kind": "ranking", "text": "請按重要性排序", "most": 2, "least": 1,
     "options": "energy | 節能\nspeed | 速度\nprecision | 精度\nnoise | 低噪音"},
    {"code": "budget", "kind": "number", "text": "年度設備預算（萬元）", "least": 0},
    {"code": "when", "kind": "date", "text": "計劃採購日期"},
    {"code": "idea", "kind": "long", "text": "您希望新產品具備的功能"},
]  # fmt: skip
WISHES = (
    "希望提供更詳細的維護手冊。",
    "交貨期可以再縮短一些。",
    "備件價格偏高，建議推出年度套餐。",
    "售後響應很及時，繼續保持。",
    "控制面板的字體偏小，老師傅看不清。",
    "希望支持遠程診斷，減少停機時間。",
    "報價單能否附上能耗數據？",
)
SAYINGS = (
    "車間夏季通風需要改善。",
    "希望多安排跨部門交流。",
    "新來的同事需要更系統的培訓。",
    "班車時間可以再晚十五分鐘。",
    "測量儀器應定期更新。",
)
IDEAS = ("能自動記錄能耗並生成月報。", "換模時間控制在十分鐘以內。", "支持手機查看設備狀態。", "噪音低於七十分貝。")
