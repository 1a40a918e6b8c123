"""Exact money: minor units, the number of digits that each currency has, and millionths."""

from decimal import Decimal, InvalidOperation

from ._types import INT64_MAX

# ISO 4217 list one as published on 2026-01-01 by SIX, the maintenance agency (six-group.com, list-one.xml);
# read 2026-11-22. Codes without a minor unit ("N.A.": metals, units of account, test codes) are left out: no
# price is in them.
_ACTIVE = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD "
        "CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP "
        "GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK "
        "LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO "
        "NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS "
        "SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST "
        "XAD XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

# Withdrawn since 2015 (ISO 4217 list three): old orders and deals still carry them.
_WITHDRAWN = {0: "BYR", 2: "ANG BGN CUC HRK LTL MRO SLL STD VEF ZWL"}

CURRENCIES: frozenset[str] = frozenset(code for codes in _ACTIVE.values() for code in codes.split())
"""Active ISO 4217 codes that have a minor unit."""

EXPONENTS: dict[str, int] = {
    code: exponent for table in (_ACTIVE, _WITHDRAWN) for exponent, codes in table.items() for code in codes.split()
}
"""Digits after the point by ISO 4217 code, withdrawn codes included. A vendor may count otherwise: its
connector's matter."""

MICRO_DIGITS = 6
"""Digits after the point of a `Rate`, and of the micros that ad platforms count cost in."""


def exponent(currency: str) -> int:
    """Digits after the point of a currency: 2 for EUR, 0 for JPY, 3 for KWD.

    Raises:
        ValueError: no ISO 4217 currency with a minor unit has this code.
    """
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise ValueError(f"{currency!r} is no ISO 4217 currency with a minor unit") from None


def to_minor(amount: Decimal | str, currency: str) -> int:
    """Minor units of an amount: `to_minor("12.30", "EUR") == 1230`. Exact, never rounded.

    Raises:
        ValueError: the amount is no finite decimal number, has more digits than the currency, or does not fit
            64 bits; or the currency is unknown.
    """
    return _shift(amount, exponent(currency), f"the {exponent(currency)} of {currency}")


def to_major(minor: int, currency: str) -> Decimal:
    """The amount in units of the currency, with all its digits: `to_major(1230, "EUR") == Decimal("12.30")`.

    Raises:
        ValueError: the currency is unknown.
    """
    return Decimal(f"{minor}E-{exponent(currency)}")


def to_micros(amount: Decimal | str) -> int:
    """Millionths of an amount: `to_micros("0.25") == 250_000`. Exact, never rounded.

    Raises:
        ValueError: the amount is no finite decimal number, has more than six digits after the point, or does
            not fit 64 bits.
    """
    return _shift(amount, MICRO_DIGITS, "six")


def from_micros(micros: int) -> Decimal:
    """The amount that is `micros` millionths, with six digits after the point."""
    return Decimal(f"{micros}E-{MICRO_DIGITS}")


def _shift(amount: Decimal | str, places: int, allowed: str) -> int:
    """`amount` times ten to the power of `places`, by whole numbers alone: a decimal context would round."""
    try:
        number = Decimal(amount)
    except InvalidOperation:
        raise ValueError(f"{amount!r} is no decimal number") from None
    sign, digits, power = number.as_tuple()
    if not isinstance(power, int):
        raise ValueError(f"{amount!r} is not finite")  # noqa: TRY004 - a wrong value, not a wrong type
    if not number:
        return 0
    if number.adjusted() > len(str(INT64_MAX)):
        raise ValueError(f"{amount!r} does not fit 64 bits")
    unit = int("".join(map(str, digits)))
    power += places
    if power >= 0:
        value, rest = unit * int(10**power), 0
    elif -power > len(digits):
        value, rest = 0, unit
    else:
        value, rest = divmod(unit, int(10**-power))
    if rest:
        raise ValueError(f"{amount!r} has more digits after the point than {allowed}")
    value = -value if sign else value
    if not -INT64_MAX - 1 <= value <= INT64_MAX:
        raise ValueError(f"{amount!r} does not fit 64 bits")
    return value
