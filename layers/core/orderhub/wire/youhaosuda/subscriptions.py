"""The operations on ``/v1/webhooks``: from requests to subscriptions and back.

The vendor's webhook has one topic. A subscription that the operator made may have several; they
stand between commas, and are taken so too.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

from orderhub.domain.shop import Shop
from orderhub.domain.subscription import Subscription, SubscriptionKind
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
from orderhub.wire.fields import Form, optional, parse, problem, required_text, text

from . import inbound
from .inbound import Listing, Names
from .outbound import answer
from .schema import Filters, Paging, part
from .values import Json, written, zone_of

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


_Address = Annotated[str, required_text(LONGEST_URL)]
_Topics = Annotated[tuple[str, ...], BeforeValidator(_topics)]
_Token = Annotated[str | None, optional(BeforeValidator(_token))]


class _Filters(Filters):
    address: Annotated[str | None, optional(text(LONGEST_URL))] = None
    topic: Annotated[str | None, optional(text(_LONGEST_TOPICS))] = None


class _New(Form):
    """``POST /webhooks``."""

    address: _Address
    topic: _Topics
    token: _Token = None


class _Edit(Form):
    """``PUT /webhooks/#{id}``: what isn't named stays, so ``model_fields_set`` matters."""

    address: _Address = ""
    topic: _Topics = ()
    token: _Token = None


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
    given = parse(_Filters, request.query)
    return WebhookQuery(
        since_id=inbound.since(given),
        ids=inbound.ids(given),
        address=given.address or "",
        topic=given.topic or "",
        **inbound.bounds(request, given),
    )


def new_webhook(request: Request) -> NewSubscription:
    """``POST /webhooks``."""
    given = parse(_New, part(request.body, "webhook"))
    return NewSubscription(
        kind=KIND, url=given.address, topics=given.topic, secret=given.token or ""
    )


@dataclass(frozen=True, slots=True)
class WebhookEdit:
    """``token`` is the new one, empty when the old one stays."""

    revise: Callable[[Subscription], Subscription]
    token: str


def webhook_edit(request: Request) -> WebhookEdit:
    """``PUT /webhooks/#{id}``: what it names is replaced, what it doesn't name stays. A webhook
    that was switched off for its failures is switched on again."""
    given = parse(_Edit, part(request.body, "webhook"))
    named = {"address": "url", "topic": "topics"}
    said: dict[str, Any] = {
        named[name]: getattr(given, name) for name in given.model_fields_set & named.keys()
    }

    def revise(before: Subscription) -> Subscription:
        after = replace(before, **said)
        if before.is_enabled or before.disabled_because == SWITCHED_OFF:
            return after
        return replace(after, is_enabled=True, failing_since=None, disabled_because="")

    return WebhookEdit(revise, given.token or "")


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
    resource: Json = {
        "address": found.url,
        "created_at": written(found.created_at, zone),
        "id": found.id,
        "topic": ",".join(found.topics),
        "updated_at": written(found.updated_at, zone),
    }
    return {name: value for name, value in resource.items() if names is None or name in names}
