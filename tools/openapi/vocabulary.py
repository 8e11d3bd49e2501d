"""What a wire says of itself for the OpenAPI document: an :class:`Api` of :class:`Operation`\\ s.

A *shape* is anything that pydantic has a schema for: a form, a ``TypedDict``, ``str``. Where it is
``bytes``, the content is a file. Texts are CommonMark.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import Field

JSON: Final = "application/json"
HTML: Final = "text/html"
TEXT: Final = "text/plain"
FORM: Final = "application/x-www-form-urlencoded"

Segment = Annotated[str, Field(pattern=r"^[^/]+$")]
"""What a variable of a path can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A variable of the path, a parameter of the query, or a header field."""

    description: str
    shape: object = str
    required: bool = False
    """Variables of paths always are."""
    example: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered with one status."""

    description: str
    shape: object
    media: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header fields that may come with it, and what they say."""
    examples: Mapping[str, object] = field(default_factory=dict)
    """Bodies by name, beside those that :mod:`.recorded` has. Each must fit ``shape``; a test
    looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One function's operation. What it needs (scope, signature, nothing) its handler says; its
    request example is the body in ``events/``."""

    summary: str
    description: str = ""
    path: Mapping[str, Parameter] = field(default_factory=dict)
    """By name; exactly the variables of the route."""
    query: tuple[type, ...] = ()
    """Forms whose fields are parameters of the query."""
    more_query: Mapping[str, Parameter] = field(default_factory=dict)
    """Those that no form has."""
    headers: Mapping[str, Parameter] = field(default_factory=dict)
    body: object = None
    body_is_required: bool = True
    media: tuple[str, ...] = ()
    """Content types of the body, where they are not those of the API."""
    security: Mapping[str, Mapping[str, object]] | None = None
    """Security scheme objects by name, where they are others than the API's."""
    answers: Mapping[int, Answer]
    errors: tuple[int, ...] = ()
    """Statuses, each of which stands in the API's ``errors``."""
    is_called_by_hand: bool = True
    """Whether a line for the shell can be a request of it."""
    is_of_consumer: bool = False
    """Whether a consumer asks, where salespeople have keys as well."""
    sample: str = ""
    """Commands for the shell, where they are others than follow from the example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """A group of operations that speak alike: a wire, or the pages."""

    name: str
    """Of the folders ``functions/<name>`` and ``events/<name>``."""
    title: str
    """Its tag."""
    document: str
    """Where it is told at length: a file below ``docs/``."""
    quickstart: str = ""
    """How a client switches over: another one."""
    description: str
    security: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """OpenAPI's security scheme objects, by name. Any one of them opens the door. They hold for
    operations that ask for a scope."""
    media: tuple[str, ...] = (JSON,)
    """Content types of bodies."""
    errors: Mapping[int, Answer] = field(default_factory=dict)
    query_examples: Mapping[str, object] = field(default_factory=dict)
    """Values of query parameters by name, for those that no payload of ``events/`` has."""
    operations: Mapping[str, Operation]
    """By the folder's name, such as ``create_order``. Where a function has several routes that
    differ, ``create_order/Newer`` is the one of that event of the template."""
