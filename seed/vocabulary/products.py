"""The price system 產品價格體系 of the demo company (2.2.3): what it sells, at which list and floor price."""

import random
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class ProductText:
    """A product with its prices in CNY before tax; below the floor price a head must agree."""

    code: str
    name: str
    spec: str
    unit: str
    list_price: Decimal
    floor_price: Decimal
    family: str


_CENT = Decimal("0.01")
_Row = tuple[str, str, str, str, int, int]

# Code, name, specification, unit, list price, floor price.
_SENSORS: tuple[_Row, ...] = (
    ("SN-PE18", "漫反射光電傳感器", "M18，檢測距離 1 m，PNP 常開", "只", 186, 142),
    ("SN-PE30", "對射式光電傳感器", "M30，檢測距離 15 m，IP67", "對", 328, 255),
    ("SN-PX12", "電感式接近傳感器", "M12，檢測距離 4 mm，齊平安裝", "只", 118, 88),
    ("SN-LD50", "激光位移傳感器", "量程 50±15 mm，重複精度 5 μm", "只", 4680, 3750),
    ("SN-PR16", "壓力變送器", "0-1.6 MPa，4-20 mA，0.25 級", "只", 960, 740),
    ("SN-TM10", "溫度變送器", "PT100，0-200 ℃，IO-Link", "只", 720, 550),
    ("SN-VB03", "三軸振動傳感器", "±16 g，採樣 25.6 kHz，無線", "只", 2350, 1880),
    ("SN-FL25", "電磁流量計", "DN25，0.5 級，RS-485", "臺", 5200, 4100),
    ("SN-LC20", "輪輻式稱重傳感器", "20 t，C3 級，合金鋼", "只", 1480, 1150),
    ("SN-LV06", "超聲波液位計", "量程 6 m，4-20 mA，防爆", "臺", 3260, 2580),
)
_CONTROLLERS: tuple[_Row, ...] = (
    ("CT-PL16", "小型可編程控制器", "16 點，以太網，24 V DC", "臺", 1380, 1060),
    ("CT-PL64", "中型可編程控制器", "64 點，雙網口，支持熱插拔", "臺", 6850, 5400),
    ("CT-MC08", "八軸運動控制器", "EtherCAT，週期 250 μs", "臺", 12600, 10100),
    ("CT-SD75", "伺服驅動器", "0.75 kW，23 位編碼器", "臺", 2180, 1700),
    ("CT-SD20", "伺服驅動器", "2.0 kW，23 位編碼器，安全扭矩關斷", "臺", 3960, 3120),
    ("CT-FC55", "矢量變頻器", "5.5 kW，三相 380 V", "臺", 2860, 2230),
    ("CT-HM10", "人機界面觸摸屏", "10.1 寸，1280×800，雙串口", "臺", 2450, 1920),
    ("CT-GW04", "邊緣計算網關", "四核，4G/以太網，支持 30 種協議", "臺", 4380, 3450),
    ("CT-IO32", "遠程輸入輸出模塊", "32 點，PROFINET，IP20", "塊", 1650, 1280),
    ("CT-SR02", "安全繼電器", "雙通道，PL e 等級", "只", 890, 690),
)
_CONVEYORS: tuple[_Row, ...] = (
    ("CV-RL06", "輥筒輸送機", "寬 600 mm，載荷 50 kg/m，電輥筒驅動", "米", 3850, 3050),
    ("CV-BT08", "皮帶輸送機", "寬 800 mm，速度 0-60 m/min 可調", "米", 2980, 2360),
    ("CV-CH12", "鏈條輸送機", "托盤 1200×1000 mm，載荷 1.5 t", "米", 5600, 4450),
    ("CV-VL03", "垂直提升機", "提升高度 9 m，載荷 300 kg", "臺", 168000, 138000),
    ("CV-SW02", "滑塊式分揀機", "6000 件/小時，分揀口 12 個", "套", 486000, 405000),
    ("CV-CB01", "交叉帶分揀機", "12000 件/小時，環長 80 m", "套", 1860000, 1580000),
    ("CV-ST01", "雙立柱堆垛機", "高 18 m，載荷 1 t，激光定位", "臺", 428000, 358000),
    ("CV-AG10", "潛伏式搬運機器人", "載荷 1 t，激光導航", "臺", 118000, 96000),
    ("CV-PL04", "四軸碼垛工作站", "1200 件/小時，含抓手與圍欄", "套", 336000, 278000),
)
_INSPECTION: tuple[_Row, ...] = (
    ("IN-VS05", "智能視覺檢測相機", "500 萬像素，內置算法", "臺", 9800, 7800),
    ("IN-AO02", "線體外觀檢測機", "雙工位，檢出率 99.5%，節拍 1.2 s", "臺", 286000, 236000),
    ("IN-XR01", "X 射線異物檢測機", "檢出 0.3 mm 鋼球，寬 400 mm", "臺", 198000, 162000),
    ("IN-WT03", "動態檢重秤", "3 kg，精度 ±0.5 g，150 件/分鐘", "臺", 56800, 46000),
    ("IN-LK04", "氣密性檢測臺", "四通道，壓差法，0.1 Pa", "臺", 78600, 63500),
    ("IN-DM01", "三維尺寸測量機", "結構光，精度 20 μm", "臺", 365000, 302000),
    ("IN-BR02", "固定式讀碼器", "一維碼與二維碼，90 次/秒", "臺", 6200, 4900),
    ("IN-EL01", "電氣安規測試臺", "耐壓 5 kV，接地與絕緣一體", "臺", 92000, 75000),
)
_SOFTWARE: tuple[_Row, ...] = (
    ("SW-MES1", "製造執行系統許可", "基礎版，50 個併發用戶，永久", "套", 380000, 300000),
    ("SW-MES2", "製造執行系統擴展用戶包", "每包 10 個併發用戶", "包", 42000, 33000),
    ("SW-WMS1", "倉庫管理系統許可", "單倉，30 個併發用戶，永久", "套", 260000, 205000),
    ("SW-WCS1", "倉庫控制系統許可", "接入設備 100 臺以內", "套", 180000, 142000),
    ("SW-SCD1", "監控組態軟件許可", "2000 點，運行版", "套", 28000, 21500),
    ("SW-EMS1", "能源管理系統許可", "接入儀表 200 塊以內", "套", 98000, 76000),
    ("SW-PDM1", "設備預測性維護軟件許可", "每 100 個測點，按年訂閱", "年", 68000, 54000),
    ("SW-QMS1", "質量管理系統許可", "20 個併發用戶，永久", "套", 150000, 118000),
    ("SW-API1", "數據接口服務包", "對接財務或供應鏈系統，每個接口", "個", 35000, 28000),
)
_SERVICES: tuple[_Row, ...] = (
    ("SV-INS1", "現場安裝調試服務", "工程師一名，含差旅", "人天", 2200, 1800),
    ("SV-ENG1", "軟件實施服務", "實施顧問一名，含差旅", "人天", 2800, 2250),
    ("SV-TRN1", "操作與維護培訓", "現場兩天，20 人以內", "次", 12000, 9600),
    ("SV-CAL1", "傳感器校準服務", "出具校準證書", "只", 280, 220),
    ("SV-MNT1", "年度維護服務 標準級", "5×8 小時，每季巡檢一次", "年", 36000, 29000),
    ("SV-MNT2", "年度維護服務 尊享級", "7×24 小時，4 小時到場，每月巡檢", "年", 98000, 80000),
    ("SV-UPG1", "軟件升級服務", "大版本升級一次，含數據遷移", "次", 45000, 36000),
    ("SV-SUR1", "產線診斷與規劃", "現場調研五天，出具報告", "次", 58000, 46000),
)
_SPARES: tuple[_Row, ...] = (
    ("SP-RL50", "電動輥筒", "直徑 50 mm，長 600 mm，24 V", "根", 680, 520),
    ("SP-BT08", "輸送皮帶", "寬 800 mm，PVC 防滑，環形", "米", 145, 108),
    ("SP-CH16", "雙節距鏈條", "16A，每節 3 m", "節", 260, 198),
    ("SP-MT04", "減速電機", "0.4 kW，速比 20", "臺", 980, 760),
    ("SP-PS24", "開關電源", "24 V，10 A，導軌安裝", "只", 320, 245),
    ("SP-CB05", "傳感器連接電纜", "M12 四芯，5 m，耐彎折", "根", 48, 35),
    ("SP-LN25", "工業鏡頭", "25 mm，F1.4，C 口", "只", 860, 670),
    ("SP-BL01", "環形光源", "白光，外徑 90 mm", "只", 540, 420),
    ("SP-BP24", "搬運機器人電池組", "48 V，40 Ah，磷酸鐵鋰", "組", 8600, 6900),
)


def _family(name: str, rows: tuple[_Row, ...]) -> tuple[ProductText, ...]:
    return tuple(
        ProductText(code, title, spec, unit, Decimal(price).quantize(_CENT), Decimal(floor).quantize(_CENT), name)
        for code, title, spec, unit, price, floor in rows
    )


PRODUCTS: tuple[ProductText, ...] = (
    *_family("傳感器", _SENSORS),
    *_family("控制器", _CONTROLLERS),
    *_family("輸送設備", _CONVEYORS),
    *_family("檢測設備", _INSPECTION),
    *_family("軟件許可", _SOFTWARE),
    *_family("技術服務", _SERVICES),
    *_family("備品備件", _SPARES),
)


def product(rng: random.Random) -> ProductText:
    """Choose one product."""
    return rng.choice(PRODUCTS)


def products(rng: random.Random, count: int) -> tuple[ProductText, ...]:
    """Choose `count` different products, as the lines of one quotation need them."""
    return tuple(rng.sample(PRODUCTS, count))
