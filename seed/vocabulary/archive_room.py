"""What stands in the demo's archive: the filing plan, the titles of its documents, and sentences for their text."""

from __future__ import annotations

from typing import NamedTuple


class Folder(NamedTuple):
    """A category of the filing plan."""

    code: str
    name: str
    parent: str | None
    years: int | None
    confidentiality: str
    description: str


class PaperForm(NamedTuple):
    """A document: its category, the department that it belongs to, its title, its level if not the category's."""

    folder: str
    department: str
    title: str
    level: str = ""


FOLDERS = (
    Folder("QM", "質量管理", None, 15, "internal", "質量手冊、程序文件與作業指導書。"),
    Folder("QP", "程序文件", "QM", 15, "internal", "質量管理體系的程序文件。"),
    Folder("QW", "作業指導書", "QM", 10, "internal", "生產與檢驗崗位使用的作業指導書。"),
    Folder("TD", "技術文件", None, 20, "confidential", "產品設計與工藝的技術資料。"),
    Folder("SP", "產品規格", "TD", 20, "confidential", "已批准的產品規格與接口說明。"),
    Folder("AD", "行政制度", None, 10, "internal", "公司制度、通知與辦公規定。"),
    Folder("FA", "財務檔案", None, 30, "confidential", "財務制度、審計報告與年度報表。"),
    Folder("LG", "法律文件", None, 30, "secret", "訴訟、知識產權與股權文件。"),
    Folder("PN", "公開資料", None, 5, "public", "對外發佈的宣傳資料與聲明。"),
)
RULES = {
    "": "{category}-{department}-{yyyy}-{seq:4} {title}",
    "SP": "{category}-{yyyy}{mm}-{seq:3}_{title}",
}
PAPERS = (
    PaperForm("QM", "PRD", "質量手冊"),
    PaperForm("QP", "PRD", "文件控制程序"),
    PaperForm("QP", "PRD", "不合格品控制程序"),
    PaperForm("QP", "PRD", "糾正與預防措施程序"),
    PaperForm("QP", "PRD", "供應商評審程序"),
    PaperForm("QP", "PRD", "內部審核程序"),
    PaperForm("QP", "SVC", "顧客投訴處理程序"),
    PaperForm("QP", "LOG", "倉儲與搬運程序"),
    PaperForm("QW", "PRD", "主軸裝配作業指導書"),
    PaperForm("QW", "PRD", "液壓站調試作業指導書"),
    PaperForm("QW", "PRD", "來料檢驗作業指導書"),
    PaperForm("QW", "PRD", "電控櫃接線作業指導書"),
    PaperForm("QW", "PRD", "噴塗前處理作業指導書"),
    PaperForm("QW", "LOG", "成品包裝作業指導書"),
    PaperForm("QW", "LOG", "危險品裝卸作業指導書"),
    PaperForm("QW", "SVC", "現場安裝作業指導書"),
    PaperForm("QW", "SVC", "預防性維護作業指導書"),
    PaperForm("TD", "RND", "控制器軟件架構說明"),
    PaperForm("TD", "RND", "伺服驅動參數整定報告"),
    PaperForm("TD", "RND", "電磁兼容試驗報告"),
    PaperForm("TD", "RND", "整機可靠性試驗大綱"),
    PaperForm("TD", "RND", "減速機選型計算書"),
    PaperForm("TD", "PRD", "熱處理工藝規範"),
    PaperForm("TD", "PRD", "焊接工藝評定報告"),
    PaperForm("SP", "RND", "GC-300 控制器產品規格"),
    PaperForm("SP", "RND", "HS-80 伺服驅動產品規格"),
    PaperForm("SP", "RND", "現場總線接口說明"),
    PaperForm("SP", "RND", "遠程監控平臺接口說明"),
    PaperForm("SP", "RND", "人機界面設計規格"),
    PaperForm("AD", "MGT", "公司章程摘要"),
    PaperForm("AD", "MGT", "印章使用管理制度"),
    PaperForm("AD", "MGT", "差旅與招待管理制度"),
    PaperForm("AD", "HRD", "員工手冊"),
    PaperForm("AD", "HRD", "考勤與休假管理制度"),
    PaperForm("AD", "HRD", "培訓管理制度"),
    PaperForm("AD", "ITD", "信息安全管理制度"),
    PaperForm("AD", "ARC", "文件與檔案管理制度"),
    PaperForm("AD", "ARC", "檔案室溫濕度記錄規定"),
    PaperForm("AD", "SAL", "合同評審管理制度"),
    PaperForm("AD", "MKT", "市場信息收集制度"),
    PaperForm("FA", "FIN", "財務管理制度"),
    PaperForm("FA", "FIN", "年度審計報告"),
    PaperForm("FA", "FIN", "固定資產盤點報告"),
    PaperForm("FA", "FIN", "應收賬款壞賬準備說明"),
    PaperForm("FA", "FIN", "稅務籌劃備忘錄", "secret"),
    PaperForm("LG", "LEG", "核心專利布局清單"),
    PaperForm("LG", "LEG", "供貨糾紛案卷宗"),
    PaperForm("LG", "LEG", "股權激勵協議範本"),
    PaperForm("LG", "MGT", "併購意向書"),
    PaperForm("LG", "LEG", "商標註冊證書彙編", "internal"),
    PaperForm("PN", "MKT", "企業宣傳冊"),
    PaperForm("PN", "MKT", "產品綜合目錄"),
    PaperForm("PN", "SVC", "客戶服務承諾書"),
    PaperForm("PN", "MKT", "展會參展手冊"),
)
SENTENCES = (
    "本文件規定了{title}的目的、範圍、職責與要求，適用於公司各相關部門。",
    "各部門負責人應組織本部門人員學習本文件，並保存學習記錄。",
    "執行過程中發現的問題，應在三個工作日內書面反饋至主管部門。",
    "關鍵尺寸的公差應符合圖樣要求，軸承間隙控制在 0.02 至 0.05 毫米之間。",
    "記錄應當真實、完整、可追溯，保存期限按歸檔規則執行。",
    "設備投入使用前須完成安全檢查，並由班組長簽字確認。",
    "未經批准不得複製、外傳本文件；失效版本應及時收回。",
    "涉及客戶信息與技術秘密的內容，按密級管理規定執行。",
    "驗收時應核對型號、數量與外觀，並填寫檢驗記錄表。",
    "每季度由主管部門組織一次評審，評審結果作為修訂依據。",
)
PURPOSES = ("投標文件準備", "客戶審廠備查", "編寫培訓教材", "工藝改進核對", "內部審核取證", "合同評審參考")
CHANGES = "根據內部審核意見修訂：補充記錄保存期限，明確各崗位職責。"
