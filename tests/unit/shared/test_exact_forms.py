"""Which texts the live views cast: those that the job types, by their form alone."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinlake.contracts.values import typed
from coinlake.views.exact import decimal_pattern

TEXTS = st.one_of(
    st.from_regex(r"\A[+-]?[0-9]{0,40}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,4})?\Z"),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.text(max_size=8),
)
KINDS = {"amount": 18, "ratio": 28, "bigint": 0}


@pytest.mark.parametrize("kind", KINDS)
@given(text=TEXTS)
def test_what_has_the_form_loses_no_digit(kind: str, text: str) -> None:
    scale = KINDS[kind]
    if re.search(decimal_pattern(scale), text):
        assert (Fraction(text) * 10**scale).denominator == 1
        largest = 2**63 if not scale else 10 ** (38 - scale)
        if -largest <= Fraction(text) < largest and len(text) <= 200:
            assert Fraction(typed(text, kind)) == Fraction(text)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
@given(text=TEXTS)
def test_what_the_job_types_has_the_form(kind: str, text: str) -> None:
    value = typed(text, kind)  # type: ignore[arg-type]
    ends_in_zeros = re.fullmatch(r"[+-]?[0-9]*0\.?0*[eE]-[0-9]+", text)
    if value is not None and value != 0 and not ends_in_zeros:
        assert re.search(decimal_pattern(KINDS[kind]), text)
