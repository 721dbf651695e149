"""How properties are tested: many made-up cases, the same ones in every run, without files and without time limits."""

from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

many = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],  # how long it takes to make a case is the machine's affair
    max_examples=300,
)
AMOUNTS = st.decimals(-(10**9), 10**9, places=4)
EXACT = st.integers(-(10**9), 10**9) | AMOUNTS | st.fractions(-(10**6), 10**6)
COUNTS = st.integers(0, 10**6)


def decimals(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]
