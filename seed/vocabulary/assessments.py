"""The assessments of the demo company: what people score, by which forms, and what they appeal against."""

BY_PEOPLE = (
    ("團隊協作", "teamwork", "scored", "配合其他部門，及時答覆同事。"),
    ("工作質量", "quality", "scored", "交付的文件與記錄完整、準確。"),
    ("項目成果", "efficiency", "projects", "所參與項目的考核結果，按貢獻比例計算。"),
)
SALES_FORM = "銷售崗位考核方案"
OTHER_FORM = "通用考核方案"
YEAR_FORM = "年度綜合評價方案"
FORMS = (
    (SALES_FORM, (("報價一次通過率", "30"), ("報價及時率", "20"), ("團隊協作", "25"), ("工作質量", "25"))),
    (OTHER_FORM, (("團隊協作", "50"), ("工作質量", "50"))),
    (YEAR_FORM, (("項目成果", "10"), ("團隊協作", "40"), ("工作質量", "50"))),
)
DEPARTMENTS = ("SAL", "LOG")
QUARTER = "{year} 年第 {quarter} 季度考核"
YEAR = "{year} 年度綜合評價"
YEAR_DEPARTMENTS = ("RND", "SVC")
MONTH = "{year} 年 {month} 月考核（{department}）"
BASES = {SALES_FORM: "8000", OTHER_FORM: "6000", YEAR_FORM: "10000"}
YEAR_POOL = "90000"
POOL, SMALL_POOL = "60000", "12000"
REMARKS = ("按計劃完成各項工作，季度內無逾期。", "重點客戶跟進及時，文件尚可更完整。", "主動協助新同事，值得肯定。")
CALIBRATED = "與其他部門同崗位比較後調整。"
APPEAL = "本季度有兩週支援外地項目，協作評分未反映此項工作。"
CANCELLED = "本月人員借調較多，併入季度考核。"
EXCUSED = "出差期間無法自評。"
GRANTED = "經核實支援記錄，申訴屬實。"
PROMOTED, PROMOTED_TO = "clerk_sal4", "高級銷售工程師"
PROMOTED_WHY = "連續兩個季度獨立完成重點客戶方案，並帶教新同事。"
TRANSFERRED, TRANSFERRED_TO = "clerk_svc2", "售後工程師"
TRANSFERRED_WHY = "已取得現場服務資格，本人申請轉任技術崗位。"
PROJECT_SUMMARY = "控制器如期轉入維護，首批客戶試用反饋良好；芯片到貨延遲影響開發階段。"
PROJECT_GOALS = (  # goal, weight, score, remark
    ("通過電磁兼容與環境試驗", "40", "85", "複測一輪後全部通過。"),
    ("首批三家客戶現場驗收", "35", "90", "均一次驗收，客戶評價良好。"),
    ("單台成本較上一代降低一成", "25", "70", "降低 7 %，低於目標。"),
)
