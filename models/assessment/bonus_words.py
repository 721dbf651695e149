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
SHARED = L(
    "How the amount comes about: base × coefficient × share of the period is not the amount itself. It is the weight "
    "by which the pool of the cycle is shared among all; the amount is the part of the pool that falls to this "
    "weight, to the cent. A correction goes by the rate at which the pool was given out.",
    "計算說明：基數 × 係數 × 在崗比例並非獎金金額，而是全體人員分配本週期獎金總額所用的權重；"
    "金額為總額按此權重分得的部分，精確到分。更正按獎金批准時的分配比率計算。",
)
STANDING = (COMPUTED, PROPOSED, APPROVED)  # states in which an amount counts
