"""The demo company itself: its departments, its positions and the people who log in."""

from dataclasses import dataclass

COMPANY_NAME = "華衡智能裝備有限公司"
COMPANY_SHORT_NAME = "華衡智能"
COMPANY_NAME_EN = "Huaheng Intelligent Equipment Co., Ltd."


@dataclass(frozen=True)
class DemoDepartment:
    """A department with its English and Traditional names; head and deputy are logins."""

    code: str
    name_en: str
    name: str
    parent_code: str | None
    head_login: str
    deputy_login: str


@dataclass(frozen=True)
class DemoPosition:
    """A position 崗位; within a career track the grades make the promotion path."""

    title: str
    title_en: str
    grade: str
    career_track: str


@dataclass(frozen=True)
class DemoUser:
    """A person with a fixed login and a fixed name; `position` is the title of a position."""

    login: str
    name: str
    department_code: str
    position: str
    roles: tuple[str, ...]
    manager_login: str | None


DEPARTMENTS = (
    DemoDepartment("MGT", "Management", "管理層", None, "management", "management2"),
    DemoDepartment("MKT", "Marketing", "市場部", "MGT", "head_mkt", "clerk_mkt"),
    DemoDepartment("SAL", "Sales", "銷售部", "MGT", "head_sal", "clerk_sal"),
    DemoDepartment("RND", "Research and Development", "研發部", "MGT", "head_rnd", "clerk_rnd"),
    DemoDepartment("PRD", "Production", "生產部", "MGT", "head_prd", "clerk_prd"),
    DemoDepartment("LOG", "Logistics", "物流部", "MGT", "head_log", "clerk_log"),
    DemoDepartment("SVC", "After-sales Service", "售後服務部", "MGT", "head_svc", "clerk_svc"),
    DemoDepartment("LEG", "Legal", "法務部", "MGT", "head_leg", "legal"),
    DemoDepartment("FIN", "Finance", "財務部", "MGT", "head_fin", "finance"),
    DemoDepartment("HRD", "Human Resources", "人力資源部", "MGT", "head_hrd", "hr"),
    DemoDepartment("ITD", "Information Technology", "信息技術部", "MGT", "head_itd", "it"),
    DemoDepartment("ARC", "Records Office", "檔案室", "MGT", "head_arc", "records"),
    DemoDepartment("SUP", "Supervision Group", "監督小組", "MGT", "head_sup", "supervisor"),
)

POSITIONS = (
    DemoPosition("總經理", "General Manager", "M5", "管理序列"),
    DemoPosition("副總經理", "Deputy General Manager", "M4", "管理序列"),
    DemoPosition("部門總監", "Department Director", "M3", "管理序列"),
    DemoPosition("部門經理", "Department Manager", "M2", "管理序列"),
    DemoPosition("主管", "Supervisor", "M1", "管理序列"),
    DemoPosition("銷售助理", "Sales Assistant", "P1", "營銷序列"),
    DemoPosition("銷售代表", "Sales Representative", "P2", "營銷序列"),
    DemoPosition("銷售工程師", "Sales Engineer", "P3", "營銷序列"),
    DemoPosition("高級銷售工程師", "Senior Sales Engineer", "P4", "營銷序列"),
    DemoPosition("大客戶經理", "Key Account Manager", "P5", "營銷序列"),
    DemoPosition("市場專員", "Marketing Specialist", "P2", "市場序列"),
    DemoPosition("市場分析師", "Market Analyst", "P3", "市場序列"),
    DemoPosition("高級市場分析師", "Senior Market Analyst", "P4", "市場序列"),
    DemoPosition("助理工程師", "Assistant Engineer", "P1", "技術序列"),
    DemoPosition("軟件工程師", "Software Engineer", "P3", "技術序列"),
    DemoPosition("電氣工程師", "Electrical Engineer", "P3", "技術序列"),
    DemoPosition("測試工程師", "Test Engineer", "P3", "技術序列"),
    DemoPosition("高級工程師", "Senior Engineer", "P4", "技術序列"),
    DemoPosition("系統架構師", "System Architect", "P5", "技術序列"),
    DemoPosition("系統管理員", "System Administrator", "P3", "技術序列"),
    DemoPosition("生產計劃員", "Production Planner", "P2", "運營序列"),
    DemoPosition("工藝工程師", "Process Engineer", "P3", "運營序列"),
    DemoPosition("物流專員", "Logistics Specialist", "P2", "運營序列"),
    DemoPosition("倉儲調度員", "Warehouse Dispatcher", "P3", "運營序列"),
    DemoPosition("客服專員", "Customer Service Specialist", "P2", "服務序列"),
    DemoPosition("售後工程師", "Field Service Engineer", "P3", "服務序列"),
    DemoPosition("高級售後工程師", "Senior Field Service Engineer", "P4", "服務序列"),
    DemoPosition("法務專員", "Legal Specialist", "P3", "職能序列"),
    DemoPosition("法務顧問", "Legal Counsel", "P4", "職能序列"),
    DemoPosition("會計", "Accountant", "P3", "職能序列"),
    DemoPosition("高級會計", "Senior Accountant", "P4", "職能序列"),
    DemoPosition("人事專員", "HR Specialist", "P2", "職能序列"),
    DemoPosition("人事主任", "HR Officer", "P4", "職能序列"),
    DemoPosition("檔案管理員", "Records Manager", "P3", "職能序列"),
    DemoPosition("監督專員", "Supervision Specialist", "P4", "職能序列"),
)

# The head of information technology has no `it` role: who runs the system reads no business records (1.3).
USERS = (
    DemoUser("management", "沈國衡", "MGT", "總經理", ("management", "head"), None),
    DemoUser("management2", "梁靜文", "MGT", "副總經理", ("management",), "management"),
    DemoUser("head_mkt", "何雅琴", "MKT", "部門總監", ("head",), "management"),
    DemoUser("clerk_mkt", "葉思敏", "MKT", "高級市場分析師", ("clerk",), "head_mkt"),
    DemoUser("clerk_mkt2", "許文斌", "MKT", "市場分析師", ("clerk",), "head_mkt"),
    DemoUser("clerk_mkt3", "程佳怡", "MKT", "市場專員", ("clerk",), "head_mkt"),
    DemoUser("head_sal", "陳志遠", "SAL", "部門總監", ("head",), "management"),
    DemoUser("clerk_sal", "林曉峰", "SAL", "大客戶經理", ("clerk",), "head_sal"),
    DemoUser("clerk_sal2", "王海燕", "SAL", "高級銷售工程師", ("clerk",), "head_sal"),
    DemoUser("clerk_sal3", "趙俊傑", "SAL", "銷售工程師", ("clerk",), "head_sal"),
    DemoUser("clerk_sal4", "蘇婉晴", "SAL", "銷售工程師", ("clerk",), "head_sal"),
    DemoUser("clerk_sal5", "馮子軒", "SAL", "銷售代表", ("clerk",), "head_sal"),
    DemoUser("head_rnd", "周明哲", "RND", "部門總監", ("head",), "management"),
    DemoUser("clerk_rnd", "徐立新", "RND", "系統架構師", ("clerk",), "head_rnd"),
    DemoUser("clerk_rnd2", "高欣怡", "RND", "軟件工程師", ("clerk",), "head_rnd"),
    DemoUser("clerk_rnd3", "曹振宇", "RND", "電氣工程師", ("clerk",), "head_rnd"),
    DemoUser("clerk_rnd4", "唐詩雨", "RND", "測試工程師", ("clerk",), "head_rnd"),
    DemoUser("clerk_rnd5", "潘浩然", "RND", "軟件工程師", ("clerk",), "head_rnd"),
    DemoUser("head_prd", "郭建軍", "PRD", "部門經理", ("head",), "management"),
    DemoUser("clerk_prd", "馬永強", "PRD", "工藝工程師", ("clerk",), "head_prd"),
    DemoUser("clerk_prd2", "魏春梅", "PRD", "生產計劃員", ("clerk",), "head_prd"),
    DemoUser("clerk_prd3", "董凱", "PRD", "生產計劃員", ("clerk",), "head_prd"),
    DemoUser("head_log", "韓天寧", "LOG", "部門經理", ("head",), "management"),
    DemoUser("clerk_log", "鄧少波", "LOG", "倉儲調度員", ("clerk",), "head_log"),
    DemoUser("clerk_log2", "姚紅霞", "LOG", "物流專員", ("clerk",), "head_log"),
    DemoUser("head_svc", "謝慧蓉", "SVC", "部門經理", ("head",), "management"),
    DemoUser("clerk_svc", "羅學勇", "SVC", "高級售後工程師", ("clerk",), "head_svc"),
    DemoUser("clerk_svc2", "田夢潔", "SVC", "客服專員", ("clerk",), "head_svc"),
    DemoUser("clerk_svc3", "蔣磊", "SVC", "售後工程師", ("clerk",), "head_svc"),
    DemoUser("head_leg", "陸景明", "LEG", "部門經理", ("head", "legal"), "management"),
    DemoUser("legal", "袁淑君", "LEG", "法務顧問", ("legal",), "head_leg"),
    DemoUser("legal2", "丁家輝", "LEG", "法務專員", ("legal",), "head_leg"),
    DemoUser("head_fin", "宋麗萍", "FIN", "部門總監", ("head", "finance"), "management"),
    DemoUser("finance", "崔玉珍", "FIN", "高級會計", ("finance",), "head_fin"),
    DemoUser("finance2", "余新華", "FIN", "會計", ("finance",), "head_fin"),
    DemoUser("head_hrd", "任美蘭", "HRD", "部門經理", ("head", "hr"), "management"),
    DemoUser("hr", "杜秀雲", "HRD", "人事主任", ("hr",), "head_hrd"),
    DemoUser("head_itd", "彭宇飛", "ITD", "部門經理", ("head",), "management"),
    DemoUser("it", "盧文濤", "ITD", "系統管理員", ("it",), "head_itd"),
    DemoUser("it2", "鍾瑩", "ITD", "系統管理員", ("it",), "head_itd"),
    DemoUser("head_arc", "金桂芳", "ARC", "主管", ("head", "records_manager"), "management"),
    DemoUser("records", "范雪梅", "ARC", "檔案管理員", ("records_manager",), "head_arc"),
    DemoUser("head_sup", "石正剛", "SUP", "部門經理", ("head", "supervisor"), "management"),
    DemoUser("supervisor", "秦海寧", "SUP", "監督專員", ("supervisor",), "head_sup"),
    DemoUser("supervisor2", "侯敏", "SUP", "監督專員", ("supervisor",), "head_sup"),
)

_USERS_BY_LOGIN = {each.login: each for each in USERS}
_DEPARTMENTS_BY_CODE = {each.code: each for each in DEPARTMENTS}


def user(login: str) -> DemoUser:
    """Find a user by login; an unknown login is a KeyError."""
    return _USERS_BY_LOGIN[login]


def department(code: str) -> DemoDepartment:
    """Find a department by code; an unknown code is a KeyError."""
    return _DEPARTMENTS_BY_CODE[code]


def users_of(code: str, role: str | None = None) -> tuple[DemoUser, ...]:
    """List the users of a department, with one role only if one is named."""
    members = (each for each in USERS if each.department_code == code)
    return tuple(each for each in members if role is None or role in each.roles)


def user_mail(of: DemoUser) -> str:
    """Give a user's mail address, which follows the login so that namesakes never share one."""
    return f"{of.login}@example.com"
