"""Field types for the wires' pydantic models: strict about meaning, lenient about spelling.

Forms only know text and JSON clients differ in what they quote, so numbers may come as text and
identifiers as numbers. Nothing else is guessed: ``true`` is no number and a list is no text.
Every problem has a stable reason (:class:`orderhub.wire.contract.Problem`).

Each type also says, as JSON Schema, what it takes (:class:`Check`): from that the OpenAPI document
is made.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    ValidationError,
)
from pydantic_core import CoreSchema, PydanticCustomError

from .contract import Problem, Unprocessable

_M = TypeVar("_M", bound=BaseModel)

# Control characters; and what decoders put for bytes that were no text.
_UNREADABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")
_INTEGER_DIGITS: Final = 19
_INTEGER: Final = re.compile(rf"[+-]?[0-9]{{1,{_INTEGER_DIGITS}}}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")

JsonSchema = dict[str, Any]

ADDRESS: Final = r"[^@\s\x00-\x1f\x7f\ufffd]+@[^@\s\x00-\x1f\x7f\ufffd]+"
"""What :func:`email` takes, as a part of JSON Schema's patterns."""

# What text() trims and takes, as parts of JSON Schema's patterns.
_BLANK: Final = r"[\t-\r ]*"
_READABLE: Final = {
    True: r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]*",
    False: r"[^\x00-\x08\n-\r\x0e-\x1f\x7f\ufffd]*",
}
_FIRST_READABLE: Final = (
    r"[^\x00- \x7f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufffd]"
)


class Form(BaseModel):
    """A request body. Fields that the document doesn't know are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


@dataclasses.dataclass(frozen=True, slots=True)
class Check(BeforeValidator):
    """A validator that knows what it takes. ``takes`` gives that as JSON Schema; ``around`` makes
    it of what the type behind it takes. Only whoever makes the OpenAPI document calls them."""

    takes: Callable[[], JsonSchema] | None = None
    around: Callable[[JsonSchema], JsonSchema] | None = None

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchema:
        if self.takes:
            return self.takes()
        behind = handler(schema)
        return self.around(behind) if self.around else behind


def problem(reason: str, **context: Any) -> PydanticCustomError:
    return PydanticCustomError(reason, "{reason}", {"reason": reason, **context})


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise problem("invalid")


def text(longest: int, *, multiline: bool = False) -> Any:
    """Text of at most ``longest`` characters, trimmed. Numbers are taken as written."""

    def check(value: Any) -> str:
        given = _text(value)
        if len(given) > longest:
            raise problem("too_long", longest=longest)
        if _UNREADABLE.search(given) or (not multiline and ("\n" in given or "\r" in given)):
            raise problem("invalid")
        return given

    def takes() -> JsonSchema:
        pattern = f"^{_BLANK}{_READABLE[multiline]}{_BLANK}$"
        return {"type": ["string", "integer"], "maxLength": longest, "pattern": pattern}

    return Check(check, takes=takes)


def required_text(longest: int) -> Any:
    """Like :func:`text`, but something must be there."""
    optional = text(longest).func

    def check(value: Any) -> str:
        if value is None or (isinstance(value, str) and not value.strip()):
            raise problem("blank")
        given: str = optional(value)
        return given

    def takes() -> JsonSchema:
        pattern = f"^{_BLANK}{_FIRST_READABLE}{_READABLE[False]}{_BLANK}$"
        return {
            "type": ["string", "integer"],
            "minLength": 1,
            "maxLength": longest,
            "pattern": pattern,
        }

    return Check(check, takes=takes)


def _email(value: Any) -> str:
    given: str = text(254).func(value)
    if given and not _EMAIL.fullmatch(given):
        raise problem("invalid")
    return given


def _integer(value: Any) -> int:
    if isinstance(value, bool):
        raise problem("not_an_integer")
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal) and abs(value.adjusted()) < _INTEGER_DIGITS and value % 1 == 0:
        return int(value)
    if isinstance(value, str):
        given = value.strip()
        if not given:
            raise problem("blank")
        if _INTEGER.fullmatch(given):
            return int(given)
    if value is None:
        raise problem("blank")
    raise problem("not_an_integer")


def integer(least: int, most: int) -> Any:
    """A whole number from ``least`` to ``most``, also when it comes as text."""

    def check(value: Any) -> int:
        given = _integer(value)
        if given < least:
            raise problem("too_small", least=least)
        if given > most:
            raise problem("out_of_range", most=most)
        return given

    def takes() -> JsonSchema:
        number = {"type": "integer", "minimum": least, "maximum": most}
        return {"anyOf": [number, as_text(integers(least, most))]}

    return Check(check, takes=takes)


def one_of(*choices: int) -> Any:
    """One of a few numbers that the document lists."""

    def check(value: Any) -> int:
        given = _integer(value)
        if given not in choices:
            raise problem("not_listed", choices=list(choices))
        return given

    def takes() -> JsonSchema:
        zeros = _INTEGER_DIGITS - max(len(str(choice)) for choice in choices)
        written = as_text(rf"\+?0{{0,{zeros}}}({'|'.join(map(str, choices))})")
        return {"anyOf": [{"type": "integer", "enum": list(choices)}, written]}

    return Check(check, takes=takes)


def _number(value: Any) -> Decimal:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise problem("blank")
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return Decimal(value.strip())
    raise problem("not_a_number")


def number() -> Any:
    """A decimal number, also when it comes as text. Its range and precision are for the currency
    to judge."""
    return _NUMERIC


def _day(value: Any) -> str:
    """A date, or a date with a time, as ISO 8601 writes them; kept as it is written."""
    given = _text(value)
    for kind in (date, datetime):
        try:
            kind.fromisoformat(given)
        except ValueError:
            continue
        return given
    raise problem("not_a_date")


def _empty_as_none(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def optional(value: Any) -> Any:
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        return check(value)

    return optional


def or_nothing(schema: JsonSchema) -> JsonSchema:
    """What ``schema`` takes, and what means "none": ``null`` and blank text."""
    nothing = {"type": ["null", "string"], "pattern": f"^{_BLANK}$"}
    choices = schema["anyOf"] if schema.keys() == {"anyOf"} else [schema]
    return {"anyOf": [*choices, nothing]}


def as_text(pattern: str) -> JsonSchema:
    """Text that ``pattern`` fits, with blank characters around it or without."""
    return {"type": "string", "pattern": f"^{_BLANK}{pattern}{_BLANK}$"}


def integers(least: int, most: int) -> str:
    """A pattern that fits the whole numbers from ``least`` to ``most``, as text."""
    parts = []
    if most >= 0:
        parts.append(rf"\+?{_between(max(least, 0), most)}")
    if least < 0:
        parts.append(f"-{_between(max(-most, 1), -least)}")
    return f"({'|'.join(parts)})"


def _between(least: int, most: int) -> str:
    """For numbers that are not negative. ``least`` must be 0 or 1."""
    if least > 1:
        raise ValueError("no pattern for ranges that begin above 1")
    digits = str(most)
    first = "[0-9]" if least == 0 else "[1-9]"
    more = _INTEGER_DIGITS - len(digits)
    zeros = f"0{{0,{more}}}" if more else ""
    if set(digits) == {"9"}:
        return f"{zeros}{first}[0-9]{{0,{len(digits) - 1}}}"
    parts = [rf"{first}[0-9]{{0,{len(digits) - 2}}}"] if len(digits) > 1 else []
    for place, digit in enumerate(digits):
        lowest = 1 if place == 0 and (len(digits) > 1 or least) else 0
        if int(digit) > lowest:
            smaller = f"[{lowest}-{int(digit) - 1}]".replace("[0-0]", "0").replace("[1-1]", "1")
            behind = len(digits) - place - 1
            parts.append(digits[:place] + smaller + (f"[0-9]{{{behind}}}" if behind else ""))
    return f"{zeros}({'|'.join((*parts, digits))})"


def optional(validator: Any) -> Any:
    """``None`` and blank text mean "none"; anything else must satisfy ``validator``."""
    check = _empty_as_none(validator.func)
    takes = validator.takes if isinstance(validator, Check) else None
    return Check(check, takes=None if takes is None else lambda: or_nothing(takes()))


def email() -> Any:
    """Something with one ``@`` in it; more can only be found out by sending mail."""
    takes = {
        "maxLength": 254,
        **as_text(f"({ADDRESS})?"),
    }
    return Check(_email, takes=takes.copy)


def day() -> Any:
    """A date, with or without a time, as ISO 8601 text."""
    takes = {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}
    return Check(_day, takes=takes.copy)


_NUMERIC: Final = Check(
    _number,
    takes=lambda: {"anyOf": [{"type": "number"}, as_text(_NUMBER.pattern)]},
)

Number = Annotated[Decimal, _NUMERIC]
"""A decimal number. Its range and precision are for the currency to judge."""


def parse(form: type[_M], body: object) -> _M:
    """``body`` as a ``form``. Raises :class:`Unprocessable` with every problem found."""
    if not isinstance(body, Mapping):
        raise Unprocessable(Problem("base", "not_an_object"))
    try:
        return form.model_validate(body)
    except ValidationError as invalid:
        raise Unprocessable(*_problems(invalid)) from None


def _problems(invalid: ValidationError) -> list[Problem]:
    found = []
    for error in invalid.errors(include_url=False, include_input=False):
        reason = "blank" if error["type"] == "missing" else error["type"]
        context = {k: v for k, v in error.get("ctx", {}).items() if k != "reason"}
        found.append(Problem(".".join(map(str, error["loc"])) or "base", reason, context))
    return found
