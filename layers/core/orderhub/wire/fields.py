"""Field types for the wires' pydantic models: strict about meaning, lenient about spelling.

Forms only know text and JSON clients differ in what they quote, so numbers may come as text and
identifiers as numbers. Nothing else is guessed: ``true`` is no number and a list is no text.
Every problem has a stable reason (:class:`orderhub.wire.contract.Problem`).
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from .contract import Problem, Unprocessable

_M = TypeVar("_M", bound=BaseModel)

# Control characters; and what decoders put for bytes that were no text.
_UNREADABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")
_INTEGER_DIGITS: Final = 19
_INTEGER: Final = re.compile(rf"[+-]?[0-9]{{1,{_INTEGER_DIGITS}}}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


class Form(BaseModel):
    """A request body. Fields that the document doesn't know are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


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

    return BeforeValidator(check)


def required_text(longest: int) -> Any:
    """Like :func:`text`, but something must be there."""
    optional = text(longest).func

    def check(value: Any) -> str:
        if value is None or (isinstance(value, str) and not value.strip()):
            raise problem("blank")
        given: str = optional(value)
        return given

    return BeforeValidator(check)


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

    return BeforeValidator(check)


def one_of(*choices: int) -> Any:
    """One of a few numbers that the document lists."""

    def check(value: Any) -> int:
        given = _integer(value)
        if given not in choices:
            raise problem("not_listed", choices=list(choices))
        return given

    return BeforeValidator(check)


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
    return BeforeValidator(_number)


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


def optional(validator: Any) -> Any:
    """``None`` and blank text mean "none"; anything else must satisfy ``validator``."""
    return BeforeValidator(_empty_as_none(validator.func))


def email() -> Any:
    """Something with one ``@`` in it; more can only be found out by sending mail."""
    return BeforeValidator(_email)


def day() -> Any:
    """A date, with or without a time, as ISO 8601 text."""
    return BeforeValidator(_day)


Number = Annotated[Decimal, BeforeValidator(_number)]
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
