"""What the people of the demo company give each other to do."""

GIVEN = (
    "整理本月客戶拜訪記錄",
    "核對供應商交貨清單",
    "準備季度匯報材料",
    "更新產品說明書",
    "跟進樣品寄送情況",
    "複核合同附件",
    "聯繫物流確認發車時間",
    "彙總售後反饋",
    "盤點辦公用品",
    "組織部門例會",
    "補充檔案目錄",
    "校對宣傳冊文字",
    "確認展會展位佈置",
    "提交培訓需求",
    "檢查設備保養記錄",
    "整理招標文件",
    "答覆客戶技術問題",
    "更新價格表",
    "核對差旅報銷單據",
    "準備審核所需資料",
)
CHECKS = ("收集資料", "與相關部門確認", "形成初稿", "負責人過目", "歸檔備查")
ROUTINES = (  # subject, rule, and how many working hours lie between two of them
    ("提交部門週報", "FREQ=WEEKLY;BYDAY=FR;X-DAYOFF=BEFORE", 40),
    ("月末結賬資料交接", "FREQ=MONTHLY;BYMONTHDAY=-1;X-DAYOFF=BEFORE", 172),
    ("設備點檢", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;X-DAYOFF=AFTER", 80),
    ("客戶回訪彙總", "FREQ=MONTHLY;INTERVAL=1;X-FROM=DONE", 180),
)
