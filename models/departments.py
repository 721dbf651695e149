"""The departments of the company's standard, by the codes that declarations name them by."""

from enum import StrEnum


class Code(StrEnum):
    """A department's code; other departments are entered as records, and no declaration knows of them."""

    MANAGEMENT = "MGT"
    MARKETING = "MKT"
    SALES = "SAL"
    DEVELOPMENT = "RND"
    PRODUCTION = "PRD"
    LOGISTICS = "LOG"
    SERVICE = "SVC"
    LEGAL = "LEG"
    FINANCE = "FIN"
    PEOPLE = "HRD"
    TECHNOLOGY = "ITD"
    RECORDS = "ARC"
    SUPERVISION = "SUP"
