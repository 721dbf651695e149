"""What is said of a bonus (4.4.1): its states and kinds, and why somebody gets none."""

from __future__ import annotations

from ..kernel.language import L

COMPUTED, PROPOSED, APPROVED, REJECTED = "computed", "proposed", "approved", "rejected"
REGULAR, CORRECTION = "regular", "correction"
SHARING, AWARDED = "sharing", "awarded"  # of the cycle
KINDS = {REGULAR: L("Share of the pool", "獎金分配"), CORRECTION: L("Correction", "更正")}
NO_GRADE, NO_WORTH, NO_BASE, NOT_THERE = "no_grade", "no_worth", "no_base", "not_there"
REASONS = {
    NO_GRADE: L("Not assessable: too little data", "數據不足，未作評定"),
    NO_WORTH: L("The grade carries no bonus", "該等級不發獎金"),
    NO_BASE: L("The form has no base", "考核方案未設獎金基數"),
    NOT_THERE: L("No working days in the period", "期內無出勤"),
}
STANDING = (COMPUTED, PROPOSED, APPROVED)  # states in which an amount counts
