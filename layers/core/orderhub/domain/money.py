"""Money in integer minor units, and unit prices in ten-thousandths of a major unit.

Nothing here is ever a float. Rounding happens once, when a unit price meets a quantity
(:meth:`UnitPrice.times`), half up; every total is then a sum of rounded parts.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, final

from .errors import InvalidField

_WITHOUT_MINOR_UNIT = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_WITH_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_WITH_FOUR_DECIMALS = "CLF UYW"
_WITH_TWO_DECIMALS = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN "
    "BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP "
    "GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP "
    "LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR "
    "NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN "
    "SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD YER ZAR ZMW "
    "ZWG"
)

MINOR_UNIT_DIGITS: Final[dict[str, int]] = {
    code: digits
    for codes, digits in (
        (_WITHOUT_MINOR_UNIT, 0),
        (_WITH_TWO_DECIMALS, 2),
        (_WITH_THREE_DECIMALS, 3),
        (_WITH_FOUR_DECIMALS, 4),
    )
    for code in codes.split()
}
"""ISO 4217: how many decimals each currency's amounts have."""

MAX_MINOR_UNITS: Final = 2**53 - 1
"""Larger amounts are refused: they would not survive a JSON number in most clients."""

_UNIT_PRICE_DIGITS: Final = 4
_MAX_DECIMAL_EXPONENT: Final = 20
_MAX_DECIMAL_DIGITS: Final = 100


def require_currency(code: str) -> str:
    """Return ``code``, or raise :class:`InvalidField` when ISO 4217 doesn't know it."""
    if code not in MINOR_UNIT_DIGITS:
        raise InvalidField("currency", "unknown", f"{code!r} is not an ISO 4217 currency code")
    return code


def _scaled(value: Decimal | int | str, digits: int, field: str) -> int:
    """``value`` × 10**digits as an integer; refuses what would need rounding."""
    try:
        number = Decimal(value)
    except (ArithmeticError, ValueError):
        raise InvalidField(field, "not_a_number") from None
    if not number.is_finite():
        raise InvalidField(field, "not_a_number")
    # Checked before scaling: an exponent like 1E+999999999, or 0E+999999999, would otherwise fill
    # the memory, and thousands of digits are more than int() takes.
    if not number:
        return 0
    if not -_MAX_DECIMAL_EXPONENT <= number.adjusted() <= _MAX_DECIMAL_EXPONENT:
        raise InvalidField(field, "out_of_range" if number.adjusted() > 0 else "too_precise")
    sign, coefficient, exponent = number.as_tuple()
    if len(coefficient) > _MAX_DECIMAL_DIGITS:
        raise InvalidField(field, "too_precise")
    shift = int(exponent) + digits
    power = int(10 ** abs(shift))
    magnitude = int("".join(map(str, coefficient)) or "0")
    if shift >= 0:
        magnitude *= power
    else:
        magnitude, rest = divmod(magnitude, power)
        if rest:
            raise InvalidField(field, "too_precise")
    if magnitude > MAX_MINOR_UNITS:
        raise InvalidField(field, "out_of_range")
    return -magnitude if sign else magnitude


def _written(scaled: int, digits: int) -> str:
    sign, magnitude = ("-", -scaled) if scaled < 0 else ("", scaled)
    if digits == 0:
        return f"{sign}{magnitude}"
    whole, fraction = divmod(magnitude, 10**digits)
    return f"{sign}{whole}.{fraction:0{digits}d}"


def _require_same(currency: str, other: str) -> None:
    if currency != other:
        raise ValueError(f"{currency} and {other} don't mix")


@final
class Money:
    """An amount of one currency in its minor units: ``Money(12800, "CNY")`` is ¥128.00."""

    __slots__ = ("amount", "currency")

    amount: int
    currency: str

    def __init__(self, amount: int, currency: str) -> None:
        self.amount = amount
        self.currency = currency

    @classmethod
    def of(cls, value: Decimal | int | str, currency: str, field: str = "amount") -> "Money":
        """From major units, exactly.

        Raises :class:`InvalidField` (``not_a_number``, ``too_precise``, ``out_of_range``) naming
        ``field`` for what the currency's minor unit can't hold.
        """
        return cls(_scaled(value, MINOR_UNIT_DIGITS[require_currency(currency)], field), currency)

    @classmethod
    def zero(cls, currency: str) -> "Money":
        return cls(0, currency)

    @classmethod
    def total(cls, parts: "Iterable[Money]", currency: str) -> "Money":
        """The sum of ``parts``, zero when there are none."""
        amount = 0
        for part in parts:
            _require_same(part.currency, currency)
            amount += part.amount
        return cls(amount, currency)

    def __add__(self, other: "Money") -> "Money":
        _require_same(other.currency, self.currency)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        _require_same(other.currency, self.currency)
        return Money(self.amount - other.amount, self.currency)

    def __lt__(self, other: "Money") -> bool:
        _require_same(other.currency, self.currency)
        return self.amount < other.amount

    def __le__(self, other: "Money") -> bool:
        _require_same(other.currency, self.currency)
        return self.amount <= other.amount

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Money)
            and self.amount == other.amount
            and self.currency == other.currency
        )

    def __hash__(self) -> int:
        return hash((self.amount, self.currency))

    def __bool__(self) -> bool:
        return self.amount != 0

    def percent(self, percentage: Decimal) -> "Money":
        """So many hundredths of it, rounded half up (away from zero) to the minor unit."""
        numerator, denominator = percentage.as_integer_ratio()
        exact, divisor = abs(self.amount * numerator), 100 * denominator
        amount = (2 * exact + divisor) // (2 * divisor)
        return Money(-amount if self.amount * numerator < 0 else amount, self.currency)

    @property
    def decimal_text(self) -> str:
        """In major units with the currency's own decimals: ``"128.00"``, ``"128"`` for JPY."""
        return _written(self.amount, MINOR_UNIT_DIGITS[self.currency])

    def __repr__(self) -> str:
        return f"{self.decimal_text} {self.currency}"


@final
class UnitPrice:
    """A price per piece in ten-thousandths of a major unit, as fine as any wire gives it.

    Finer than the minor unit on purpose: shops sell single parts for 0.0375 (BrickLink). Only
    :meth:`times` rounds.
    """

    __slots__ = ("currency", "ten_thousandths")

    ten_thousandths: int
    currency: str

    def __init__(self, ten_thousandths: int, currency: str) -> None:
        self.ten_thousandths = ten_thousandths
        self.currency = currency

    @classmethod
    def of(cls, value: Decimal | int | str, currency: str, field: str = "price") -> "UnitPrice":
        """From major units, exactly; raises :class:`InvalidField` as :meth:`Money.of` does."""
        return cls(_scaled(value, _UNIT_PRICE_DIGITS, field), require_currency(currency))

    def times(self, quantity: int) -> Money:
        """The price of ``quantity`` pieces, rounded half up (away from zero) to the minor unit."""
        digits = MINOR_UNIT_DIGITS[self.currency]
        exact = abs(self.ten_thousandths) * quantity * 10**digits
        divisor = 10**_UNIT_PRICE_DIGITS
        amount = (2 * exact + divisor) // (2 * divisor)
        return Money(-amount if self.ten_thousandths < 0 else amount, self.currency)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, UnitPrice)
            and self.ten_thousandths == other.ten_thousandths
            and self.currency == other.currency
        )

    def __hash__(self) -> int:
        return hash((self.ten_thousandths, self.currency))

    @property
    def decimal_text(self) -> str:
        """In major units, with the currency's decimals and more only where the price has them."""
        digits = MINOR_UNIT_DIGITS[self.currency]
        text = _written(self.ten_thousandths, _UNIT_PRICE_DIGITS)
        for _ in range(_UNIT_PRICE_DIGITS - digits):
            if not text.endswith("0"):
                break
            text = text[:-1]
        return text.rstrip(".")

    @property
    def four_decimals(self) -> str:
        """In major units with exactly four decimals, as BrickLink writes money."""
        return _written(self.ten_thousandths, _UNIT_PRICE_DIGITS)

    def __repr__(self) -> str:
        return f"{self.decimal_text} {self.currency} each"
