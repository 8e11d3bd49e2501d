"""What every wire shares with the HTTP layer: requests, answers, and what can be wrong with them.

::

    RequestError
    ├── MalformedBody         the body is not what its content type says
    ├── UnsupportedMedia      a content type that this API doesn't take
    ├── BodyTooLarge
    └── Unprocessable         fields that are missing or wrong, each named
"""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import Actor
from orderhub.domain.shop import Principal, Shop


class RequestError(Exception):
    """A request that can't be understood; nothing was changed."""


class MalformedBody(RequestError):
    pass


class UnsupportedMedia(RequestError):
    pass


class BodyTooLarge(RequestError):
    pass


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field. ``reason`` is a stable word such as ``blank`` or
    ``too_long``; ``context`` has the figures that its message needs."""

    field: str
    reason: str
    context: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class Unprocessable(RequestError):
    def __init__(self, *problems: Problem) -> None:
        super().__init__(", ".join(f"{p.field}: {p.reason}" for p in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequest:
    """A request from anybody, with its body decoded.

    ``now`` is when it came in: what answers show is as of then. ``base_url`` is where callers
    reach this API, without a slash at its end. ``route`` is the template's, such as
    ``GET /orders/{id}``, for operations that have several.
    """

    now: datetime
    route: str = ""
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    base_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(OpenRequest):
    """An authenticated request."""

    principal: Principal
    actor: Actor

    @property
    def shop(self) -> Shop:
        return self.principal.shop


@dataclass(frozen=True, slots=True)
class Response:
    """``body`` is anything JSON can say, a ``Decimal`` being a number, or the bytes of a file,
    whose content type ``headers`` tell. ``about`` goes into the log line, never to the caller.

    ``is_fault`` says that it is ours to mend, for APIs that say so with another status than 500.
    """

    status: int
    body: object
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    about: Mapping[str, object] = dataclasses.field(default_factory=dict)
    is_fault: bool = False


class Wire(Protocol):
    """What the HTTP layer must know of an order API.

    APIs whose clients sign their requests, and pages, need no more; APIs whose clients present a
    token are :class:`TokenWire`.
    """

    @property
    def name(self) -> str: ...

    @property
    def takes_forms(self) -> bool:
        """Whether bodies may also be ``application/x-www-form-urlencoded``."""
        ...

    @property
    def max_body_bytes(self) -> int: ...

    def error(self, error: Exception) -> Response:
        """This API's own answer for whatever went wrong. Unknown errors give an opaque 500."""
        ...


class TokenWire(Wire, Protocol):
    def token(self, headers: Mapping[str, str], body: object) -> str | None:
        """The credential that a request presents, wherever this API puts it.

        An API that tells a missing credential from a wrong one may raise a :class:`RequestError`.
        """
        ...
