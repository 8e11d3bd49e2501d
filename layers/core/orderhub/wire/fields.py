"""Forms, which are requests as a wire's document lists their fields, and the types of these: strict
about meaning, lenient about spelling.

Forms of HTML only know text and JSON clients differ in what they quote, so numbers may come as text
and identifiers as numbers. Nothing else is guessed: ``true`` is no number and a list is no text.
Every problem has a stable reason (:class:`orderhub.wire.contract.Problem`); all are told at once.

Each type also says, as JSON Schema, what it takes (:class:`Check`). From that pydantic makes the
OpenAPI document, for which forms and types look like its own. Functions don't import pydantic: that
takes as long as all else that they import beside botocore.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from inspect import get_annotations
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, TypeVar, get_args

from orderhub.domain.dataclass import dataclass

from .contract import Problem, Unprocessable

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

_F = TypeVar("_F", bound="Form")

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


class Form:
    """A request body, or a query. Subclasses annotate its fields, with defaults for those that may
    be missing. Fields that the document doesn't know are ignored. ``said`` names the fields that
    were sent, so that a change can tell "not said" from "none".
    """

    said: frozenset[str]

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, handler: "GetCoreSchemaHandler"
    ) -> "CoreSchema":
        """What the OpenAPI document is made from."""
        from pydantic_core import core_schema  # noqa: PLC0415

        return core_schema.typed_dict_schema(
            {
                name: core_schema.typed_dict_field(
                    handler.generate_schema(annotation), required=default is MISSING
                )
                for name, annotation, default in _declared(cls)
            },
            cls=cls,
            ref=f"{cls.__module__}.{cls.__qualname__}:{id(cls)}",
        )


AS_NULL: Final[Any] = object()
"""The default of fields that are read as ``null`` where they are missing."""


@dataclass(frozen=True, slots=True)
class Check:
    """What a field takes. ``func`` reads a value or raises what :func:`problem` makes. ``takes``
    says the same as JSON Schema; ``around`` makes it of what the type behind it takes. Only whoever
    makes the OpenAPI document calls them."""

    func: Callable[[Any], Any]
    takes: Callable[[], JsonSchema] | None = None
    around: Callable[[JsonSchema], JsonSchema] | None = None

    def __get_pydantic_core_schema__(
        self, source: object, handler: "GetCoreSchemaHandler"
    ) -> "CoreSchema":
        from pydantic_core import core_schema  # noqa: PLC0415

        return core_schema.no_info_before_validator_function(self.func, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: "CoreSchema", handler: "GetJsonSchemaHandler"
    ) -> JsonSchema:
        if self.takes:
            return self.takes()
        behind = handler(schema)
        return self.around(behind) if self.around else behind


class Wrong(ValueError):
    """A value that a field doesn't take. ``reason`` and ``context`` are those of its
    :class:`~orderhub.wire.contract.Problem`."""

    def __init__(self, reason: str, context: Mapping[str, Any]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.context = context


def problem(reason: str, **context: Any) -> Wrong:
    return Wrong(reason, context)


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


def parse(form: type[_F], body: object) -> _F:
    """``body`` as a ``form``. Raises :class:`Unprocessable` with every problem found."""
    if not isinstance(body, Mapping):
        raise Unprocessable(Problem("base", "not_an_object"))
    return _read(form, body)


def _read(form: type[_F], body: Mapping[str, Any]) -> _F:
    made = form()
    problems: list[Problem] = []
    fields = _fields(form)
    for name, read, default in fields:
        if name not in body and default is not AS_NULL:
            if default is MISSING:
                problems.append(Problem(name, "blank"))
            else:
                setattr(made, name, default)
            continue
        try:
            setattr(made, name, read(body.get(name)))
        except Wrong as wrong:
            problems.append(Problem(name, wrong.reason, wrong.context))
        except Unprocessable as within:
            problems += _prefixed(name, within)
    if problems:
        raise Unprocessable(*problems)
    made.said = frozenset(field.name for field in fields if field.name in body)
    return made


def _prefixed(name: str, within: Unprocessable) -> list[Problem]:
    return [Problem(f"{name}.{each.field}", each.reason, each.context) for each in within.problems]


class _ReadField(NamedTuple):
    name: str
    read: Callable[[Any], Any]
    default: Any


_known: dict[type[Form], tuple[_ReadField, ...]] = {}


def _fields(form: type[Form]) -> tuple[_ReadField, ...]:
    """What reads the fields of ``form``, found out once."""
    if form not in _known:
        _known[form] = tuple(
            _ReadField(name, _reader(annotation), default)
            for name, annotation, default in _declared(form)
        )
    return _known[form]


def _declared(form: type[Form]) -> Iterator[tuple[str, Any, Any]]:
    """Names, types and defaults of a form's fields, those that it inherits first."""
    annotations: dict[str, Any] = {}
    for base in reversed(form.__mro__):
        if issubclass(base, Form) and base is not Form:
            annotations |= get_annotations(base)
    for name, annotation in annotations.items():
        yield name, annotation, getattr(form, name, MISSING)


def _reader(annotation: Any) -> Callable[[Any], Any]:
    """What reads a field: its check, and after it that of the forms which it consists of."""
    check = next((each for each in _metadata(annotation) if isinstance(each, Check)), None)
    behind = _reader_behind(annotation.__origin__ if check else annotation)
    if check is None:
        return behind or _as_it_is
    if behind is None:
        return check.func
    return partial(_read_both, check.func, behind)


def _metadata(annotation: Any) -> tuple[object, ...]:
    found: tuple[object, ...] = getattr(annotation, "__metadata__", ())
    return found


def _reader_behind(kind: Any) -> Callable[[Any], Any] | None:
    """For a form, several of them, one that may be missing, and a tuple of anything."""
    parts = get_args(kind)
    form = next((each for each in (kind, *parts) if _is_form(each)), None)
    if getattr(kind, "__origin__", None) is tuple:
        return tuple if form is None else partial(_read_several, form)
    if form is None:
        return None
    return partial(_read_optional if type(None) in parts else _read_object, form)


def _is_form(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Form)


def _as_it_is(value: Any) -> Any:
    return value


def _read_both(first: Callable[[Any], Any], then: Callable[[Any], Any], value: Any) -> Any:
    return then(first(value))


def _read_object(form: type[Form], value: Any) -> Form:
    if not isinstance(value, Mapping):
        raise problem("invalid")
    return _read(form, value)


def _read_optional(form: type[Form], value: Any) -> Form | None:
    return None if value is None else _read_object(form, value)


def _read_several(form: type[Form], values: list[Any]) -> tuple[Form, ...]:
    read: list[Form] = []
    problems: list[Problem] = []
    for place, value in enumerate(values):
        try:
            read.append(_read_object(form, value))
        except Wrong as wrong:
            problems.append(Problem(str(place), wrong.reason, wrong.context))
        except Unprocessable as within:
            problems += _prefixed(str(place), within)
    if problems:
        raise Unprocessable(*problems)
    return tuple(read)
