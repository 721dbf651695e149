"""The chapters of the company's standard: the rooms that record types stand in."""

from .kernel.language import Chapter, L

ORGANISATION = Chapter("organisation", L("Organisation", "組織"), "1")
RESEARCH = Chapter("research", L("Market research", "市場調研"), "2.1")
SALES = Chapter("sales", L("Sales", "銷售"), "2.2")
DEVELOPMENT = Chapter("development", L("Product development", "產品研發"), "2.3")
SERVICE = Chapter("service", L("After-sales service", "售後服務"), "2.4")
DOCUMENTS = Chapter("documents", L("Documents", "文件與資料"), "3.1")
COMMUNICATION = Chapter("communication", L("Communication", "溝通與協作"), "3.3")
TIME = Chapter("time", L("Time", "時間管理"), "3.4")
RECORDS = Chapter("records", L("Records and archive", "檔案與歸檔"), "3.2.3")
SUPERVISION = Chapter("supervision", L("Supervision", "監督與考核"), "4.1")
TRAINING = Chapter("training", L("Training and development", "培訓與提升"), "5")
OPERATIONS = Chapter("operations", L("Operations", "運維"), "6")
