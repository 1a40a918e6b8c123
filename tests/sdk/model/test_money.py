"""Money is exact in every currency."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaiven_sdk.model import from_micros, to_major, to_micros, to_minor
from vaiven_sdk.model.money import CURRENCIES, EXPONENTS, exponent

INT64 = st.integers(min_value=-(2**63), max_value=2**63 - 1)


@given(INT64, st.sampled_from(sorted(EXPONENTS)))
def test_minor_units_come_back_in_every_currency(minor, currency):
    major = to_major(minor, currency)
    assert to_minor(major, currency) == minor
    assert to_minor(str(major), currency) == minor
    assert -major.as_tuple().exponent == EXPONENTS[currency]


@given(INT64)
def test_micros_come_back(micros):
    assert to_micros(from_micros(micros)) == micros


@given(INT64, st.sampled_from(sorted(EXPONENTS)))
def test_no_decimal_context_can_round(minor, currency):
    with localcontext() as context:
        context.prec = 1
        assert to_minor(to_major(minor, currency), currency) == minor


@given(st.integers(min_value=1, max_value=9), st.sampled_from(sorted(EXPONENTS)))
def test_a_digit_too_many_is_refused(digit, currency):
    with pytest.raises(ValueError, match="more digits"):
        to_minor(Decimal(f"{digit}E-{EXPONENTS[currency] + 1}"), currency)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.30", "EUR", 1230),
        ("12.3", "EUR", 1230),
        ("12.300", "EUR", 1230),
        ("-0.01", "USD", -1),
        ("500", "JPY", 500),
        ("1.234", "KWD", 1234),
        ("1E+3", "USD", 100_000),
        (Decimal("-0.00"), "EUR", 0),
        ("0E-999999", "EUR", 0),
    ],
)
def test_to_minor(amount, currency, minor):
    assert to_minor(amount, currency) == minor


@pytest.mark.parametrize(
    "amount", ["", "1,5", "abc", "NaN", "Infinity", "1E+999999", "1E-999999", "92233720368547758.08"]
)
def test_what_is_no_amount_is_refused(amount):
    with pytest.raises(ValueError, match=r"decimal|finite|64 bits|more digits"):
        to_minor(amount, "EUR")


@pytest.mark.parametrize("currency", ["XAU", "eur", "", "BTC"])
def test_an_unknown_currency_is_refused(currency):
    with pytest.raises(ValueError, match="no ISO 4217 currency"):
        to_minor("1", currency)
    with pytest.raises(ValueError, match="no ISO 4217 currency"):
        to_major(1, currency)


def test_the_table():
    assert len(CURRENCIES) == 165
    assert "BGN" not in CURRENCIES  # the euro replaced it on 2026-01-01
    assert exponent("BGN") == 2  # and old orders still carry it
    assert {code for code, digits in EXPONENTS.items() if digits == 3} == {
        "BHD",
        "IQD",
        "JOD",
        "KWD",
        "LYD",
        "OMR",
        "TND",
    }
