"""The operations on ``/v1/webhooks``: from requests to subscriptions and back.

The vendor's webhook has one topic. A subscription that the operator made may have several; they
stand between commas, and are taken so too.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Final

from orderhub.domain.dataclass import dataclass
from orderhub.domain.shop import Shop
from orderhub.domain.subscription import EVERYTHING, Subscription, SubscriptionKind
from orderhub.services.subscriptions import (
    LONGEST_SECRET,
    LONGEST_URL,
    SHORTEST_SECRET,
    SUBSCRIPTION,
    SWITCHED_OFF,
    NewSubscription,
    Subscribed,
)
from orderhub.wire.contract import Request, Response
from orderhub.wire.fields import (
    Check,
    Form,
    JsonSchema,
    as_text,
    optional,
    parse,
    problem,
    required_text,
    text,
)

from . import inbound
from .inbound import Listing, Names
from .outbound import answer
from .schema import Filters, Paging, part
from .values import Json, written, zone_of

if TYPE_CHECKING:
    from . import answers

KIND: Final = SubscriptionKind.YOUHAOSUDA

_LONGEST_TOPICS: Final = 1000

# -- requests --------------------------------------------------------------------------------------


def _token(value: Any) -> str:
    """What services take for a secret, so that nothing is changed before it is refused."""
    given: str = text(LONGEST_SECRET).func(value)
    if len(given) < SHORTEST_SECRET:
        raise problem("too_short", shortest=SHORTEST_SECRET)
    if not (given.isascii() and given.isprintable()) or " " in given:
        raise problem("invalid")
    return given


def _topics(value: Any) -> tuple[str, ...]:
    given: str = required_text(_LONGEST_TOPICS).func(value)
    return tuple(topic.strip() for topic in given.split(",") if topic.strip())


def _secrets() -> JsonSchema:
    """Text, or numbers with as many digits."""
    return {
        "anyOf": [
            as_text(f"[!-~]{{{SHORTEST_SECRET},{LONGEST_SECRET}}}"),
            {"type": "integer", "minimum": 10 ** (SHORTEST_SECRET - 1)},
            {"type": "integer", "maximum": -(10 ** (SHORTEST_SECRET - 2))},
        ]
    }


def _known_topics() -> JsonSchema:
    from .webhooks import YOUHAOSUDA  # noqa: PLC0415

    return {"type": "string", "enum": [*YOUHAOSUDA.topics, EVERYTHING]}


TOKEN: Final = Check(_token, takes=_secrets)
TOPICS: Final = Check(_topics, takes=_known_topics)

_ADDRESS: Final = Check(
    required_text(LONGEST_URL).func,
    takes=lambda: {"type": "string", "format": "uri", "maxLength": LONGEST_URL},
)

_Address = Annotated[str, _ADDRESS]
_Topics = Annotated[tuple[str, ...], TOPICS]
_Token = Annotated[str | None, optional(TOKEN)]


class WebhookFilters(Filters):
    address: Annotated[str | None, optional(text(LONGEST_URL))] = None
    """The whole address."""
    topic: Annotated[str | None, optional(text(_LONGEST_TOPICS))] = None
    """One of its topics."""


class NewWebhook(Form):
    """A new webhook."""

    address: _Address
    """An ``http`` or ``https`` URL that anybody can reach."""
    topic: _Topics
    """Several stand between commas; ``*`` is all of them."""
    token: _Token = None
    """What its messages are signed by: ASCII without blanks. A random one unless it is given."""


class WebhookEdit(Form):
    """Changes of a webhook. What is not named stays."""

    address: _Address = ""
    topic: _Topics = ()
    token: _Token = None
    """The old one stays where none is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookQuery:
    """What the webhooks looked for have in common. All bounds are inclusive but ``since_id``,
    which the ids exceed; times have a zone."""

    since_id: int = 0
    ids: tuple[int, ...] | None = None
    address: str = ""
    topic: str = ""
    created_from: datetime | None = None
    created_until: datetime | None = None
    updated_from: datetime | None = None
    updated_until: datetime | None = None

    def among(self, found: Iterable[Subscription]) -> list[Subscription]:
        return [one for one in found if self._fits(one)]

    def _fits(self, one: Subscription) -> bool:
        return (
            one.id > self.since_id
            and (self.ids is None or one.id in self.ids)
            and (not self.address or one.url == self.address)
            and (not self.topic or self.topic in one.topics)
            and (self.created_from is None or one.created_at >= self.created_from)
            and (self.created_until is None or one.created_at <= self.created_until)
            and (self.updated_from is None or one.updated_at >= self.updated_from)
            and (self.updated_until is None or one.updated_at <= self.updated_until)
        )


def webhook_id(request: Request) -> int:
    """``#{id}``. Raises :class:`NotFound` for what is no id."""
    return inbound.id_in_path(request, SUBSCRIPTION)


def webhook_listing(request: Request) -> Listing[WebhookQuery]:
    paging = parse(Paging, request.query)
    return Listing(_webhook_query(request), paging.offset, paging.size, paging.fields)


def _webhook_query(request: Request) -> WebhookQuery:
    given = parse(WebhookFilters, request.query)
    return WebhookQuery(
        since_id=inbound.since(given),
        ids=inbound.ids(given),
        address=given.address or "",
        topic=given.topic or "",
        **inbound.bounds(request, given),
    )


def new_webhook(request: Request) -> NewSubscription:
    """``POST /webhooks``."""
    given = parse(NewWebhook, part(request.body, "webhook"))
    return NewSubscription(
        kind=KIND, url=given.address, topics=given.topic, secret=given.token or ""
    )


@dataclass(frozen=True, slots=True)
class Edit:
    """``token`` is the new one, empty when the old one stays."""

    revise: Callable[[Subscription], Subscription]
    token: str


def webhook_edit(request: Request) -> Edit:
    """``PUT /webhooks/#{id}``: what it names is replaced, what it doesn't name stays. A webhook
    that was switched off for its failures is switched on again."""
    given = parse(WebhookEdit, part(request.body, "webhook"))
    named = {"address": "url", "topic": "topics"}
    said: dict[str, Any] = {named[name]: getattr(given, name) for name in given.said & named.keys()}

    def revise(before: Subscription) -> Subscription:
        after = replace(before, **said)
        if before.is_enabled or before.disabled_because == SWITCHED_OFF:
            return after
        return replace(after, is_enabled=True, failing_since=None, disabled_because="")

    return Edit(revise, given.token or "")


# -- answers ---------------------------------------------------------------------------------------


def webhooks(
    found: Iterable[Subscription], request: Request, wanted: Listing[WebhookQuery]
) -> Response:
    """The page that was asked for."""
    fitting = wanted.query.among(found)
    page = islice(fitting, wanted.offset, wanted.offset + wanted.limit)
    return answer({"webhooks": [_webhook(one, request.shop, wanted.names) for one in page]})


def webhook(found: Subscription, request: Request, names: Names = None) -> Response:
    return answer({"webhook": _webhook(found, request.shop, names)}, subscription_id=found.id)


def subscribed(made: Subscribed, request: Request) -> Response:
    """The new webhook, with its token, which no other answer shows."""
    shown = {**_webhook(made.subscription, request.shop, None), "token": made.secret}
    return answer({"webhook": shown}, subscription_id=made.subscription.id)


def _webhook(found: Subscription, shop: Shop, names: Names) -> Json:
    zone = zone_of(shop)
    resource: answers.Webhook = {
        "address": found.url,
        "created_at": written(found.created_at, zone),
        "id": found.id,
        "topic": ",".join(found.topics),
        "updated_at": written(found.updated_at, zone),
    }
    return {name: value for name, value in resource.items() if names is None or name in names}
