"""Subscriptions: whom a shop wants to be told of its events, where, and signed with what."""

from __future__ import annotations

import base64
import binascii
import json
import secrets as random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from orderhub.domain import identity
from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import Busy, InvalidField, NotFound
from orderhub.domain.subscription import EVERYTHING, Subscription, SubscriptionKind
from orderhub.domain.text import readable
from orderhub.ports import (
    Clock,
    EndpointRefused,
    Entropy,
    IdTaken,
    SealedSubscription,
    ShopRepository,
    Subscriptions,
    Vault,
    VersionConflict,
    WebhookClient,
)

from .desk import MAX_ATTEMPTS
from .manage_shops import require_shop

if TYPE_CHECKING:
    from orderhub.webhooks.contract import WebhookKind

PURPOSE: Final = "event-webhooks"
"""Of these secrets in the vault. The template allows functions to decrypt by it."""

SUBSCRIPTION: Final = "webhook"
"""What :class:`NotFound` calls one."""

MAX_SUBSCRIPTIONS: Final = 50
"""Of a shop. Each event is looked up against all of them."""
LONGEST_URL: Final = 2000
LONGEST_LABEL: Final = 200
SHORTEST_SECRET: Final = 8
LONGEST_SECRET: Final = 256

STANDARD_PREFIX: Final = "whsec_"
_RANDOM_BYTES: Final = 32
FEWEST_BYTES: Final = 24
MOST_BYTES: Final = 64

OVERLAP: Final = timedelta(hours=24)
"""How long a secret that was replaced goes on signing beside the new one."""
_MOST_SECRETS: Final = 3

SWITCHED_OFF: Final = "operator"
"""Why a subscription is off that its owner or an operator switched off."""

_FIRST_WAIT: Final = 0.02
_LONGEST_WAIT: Final = 0.8

KindOf = Callable[[SubscriptionKind], "WebhookKind"]


@dataclass(frozen=True, slots=True)
class SubscriptionDesk:
    """What it takes to look after subscriptions."""

    subscriptions: Subscriptions
    shops: ShopRepository
    vault: Vault
    client: WebhookClient
    clock: Clock
    entropy: Entropy
    kind_of: KindOf


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscription:
    """Without a ``secret`` it gets a random one."""

    kind: SubscriptionKind
    url: str
    topics: Sequence[str]
    label: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """``secret`` is shown to the one who asked for it; what is kept of it is encrypted."""

    subscription: Subscription
    secret: str = field(repr=False)


def subscribe(desk: SubscriptionDesk, shop_id: str, wanted: NewSubscription) -> Subscribed:
    """Tell a URL of a shop's events from now on.

    Raises :class:`NotFound` for the shop, or :class:`InvalidField`: ``url`` is ``refused`` where
    it is none that anything may be sent to, ``topics`` are ``unknown``, or there are ``too_many``
    ``subscriptions``.
    """
    require_shop(desk.shops, shop_id)
    secret = _require_secret(wanted.kind, wanted.secret or random_secret(wanted.kind))
    for _ in range(MAX_ATTEMPTS):
        now = desk.clock.now()
        made = Subscription(
            shop_id=shop_id,
            id=identity.order_id(now, desk.entropy.order_id_tail()),
            kind=wanted.kind,
            url=_require_url(desk, wanted.kind, wanted.url),
            topics=_require_topics(desk, wanted.kind, wanted.topics),
            label=readable("label", wanted.label, LONGEST_LABEL),
            created_at=now,
            updated_at=now,
        )
        if len(desk.subscriptions.of_shop(shop_id)) >= MAX_SUBSCRIPTIONS:
            message = f"a shop has at most {MAX_SUBSCRIPTIONS} subscriptions"
            raise InvalidField("subscriptions", "too_many", message)
        try:
            desk.subscriptions.add(made, _sealed(desk.vault, made, [HeldSecret(secret)]))
        except IdTaken:
            continue
        return Subscribed(made, secret)
    raise Busy("others made subscriptions each time; nothing was changed, try again")


def find_subscription(
    desk: SubscriptionDesk,
    shop_id: str,
    subscription_id: int,
    *,
    kind: SubscriptionKind | None = None,
) -> Subscription:
    """The subscription with this id, if it is of ``kind``. Raises :class:`NotFound`."""
    return _find(desk, shop_id, subscription_id, kind).subscription


def list_subscriptions(
    desk: SubscriptionDesk, shop_id: str, *, kind: SubscriptionKind | None = None
) -> list[Subscription]:
    """A shop's subscriptions, or those of one kind, oldest first."""
    found = desk.subscriptions.of_shop(shop_id)
    return [one for one in found if kind is None or one.kind is kind]


def change_subscription(
    desk: SubscriptionDesk,
    shop_id: str,
    subscription_id: int,
    revise: Callable[[Subscription], Subscription],
    *,
    kind: SubscriptionKind | None = None,
) -> Subscription:
    """Replace its URL, topics, label or switch by what ``revise`` makes of it.

    What comes out as it was is not written. Raises :class:`NotFound`, and :class:`InvalidField`
    as :func:`subscribe` does.
    """

    def checked(before: Subscription) -> Subscription:
        revised = revise(before)
        if revised.url != before.url:
            revised = replace(revised, url=_require_url(desk, before.kind, revised.url))
        topics = _require_topics(desk, before.kind, revised.topics)
        label = readable("label", revised.label, LONGEST_LABEL)
        return replace(revised, topics=topics, label=label)

    return _change(desk, shop_id, subscription_id, checked, kind)


def enable_subscription(desk: SubscriptionDesk, shop_id: str, subscription_id: int) -> Subscription:
    """Switch a subscription on again, with a clean record. Raises :class:`NotFound`."""
    return _change(
        desk,
        shop_id,
        subscription_id,
        lambda one: replace(one, is_enabled=True, failing_since=None, disabled_because=""),
    )


def disable_subscription(
    desk: SubscriptionDesk, shop_id: str, subscription_id: int
) -> Subscription:
    """Switch a subscription off: what waits for it is skipped. Raises :class:`NotFound`."""

    def off(one: Subscription) -> Subscription:
        if not one.is_enabled:
            return one
        return replace(one, is_enabled=False, disabled_because=SWITCHED_OFF)

    return _change(desk, shop_id, subscription_id, off)


def rotate_secret(
    desk: SubscriptionDesk,
    shop_id: str,
    subscription_id: int,
    *,
    secret: str = "",
    overlap: timedelta = OVERLAP,
) -> Subscribed:
    """Give a subscription a new secret, a random one unless it is given. The old one signs beside
    it for ``overlap``. Raises :class:`NotFound` or :class:`InvalidField`."""
    for attempt in range(MAX_ATTEMPTS):
        found = _find(desk, shop_id, subscription_id, None)
        before, now = found.subscription, desk.clock.now()
        new = _require_secret(before.kind, secret or random_secret(before.kind))
        held = [one for one in unsealed(desk.vault, found) if one.holds(now)]
        old = [
            HeldSecret(one.text, min(one.until or now + overlap, now + overlap))
            for one in held
            if overlap and one.text != new
        ]
        after = replace(before, updated_at=now, version=before.version + 1)
        sealed = _sealed(desk.vault, after, [HeldSecret(new), *old][:_MOST_SECRETS])
        try:
            desk.subscriptions.replace(before, after, sealed)
        except VersionConflict:
            _pause(desk, attempt)
        else:
            return Subscribed(after, new)
    raise _overtaken()


def remove_subscription(
    desk: SubscriptionDesk,
    shop_id: str,
    subscription_id: int,
    *,
    kind: SubscriptionKind | None = None,
) -> Subscription:
    """Remove a subscription for good, and return what it was. Raises :class:`NotFound`."""
    for attempt in range(MAX_ATTEMPTS):
        found = _find(desk, shop_id, subscription_id, kind).subscription
        try:
            desk.subscriptions.remove(found)
        except VersionConflict:
            _pause(desk, attempt)
        else:
            return found
    raise _overtaken()


# -- secrets ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeldSecret:
    """A secret that a subscription's messages are signed with."""

    text: str = field(repr=False)
    until: datetime | None = None
    """When it holds no more; ``None`` for the newest."""

    def holds(self, now: datetime) -> bool:
        return self.until is None or now < self.until


def random_secret(kind: SubscriptionKind) -> str:
    """As Standard Webhooks wants it, or 32 hexadecimal digits for the other kinds."""
    if kind is SubscriptionKind.STANDARD:
        return STANDARD_PREFIX + base64.b64encode(random.token_bytes(_RANDOM_BYTES)).decode()
    return random.token_hex(_RANDOM_BYTES // 2)


def _require_secret(kind: SubscriptionKind, secret: str) -> str:
    if not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET:
        reason = "too_short" if len(secret) < SHORTEST_SECRET else "too_long"
        message = f"a secret has from {SHORTEST_SECRET} to {LONGEST_SECRET} characters"
        raise InvalidField("secret", reason, message)
    if not (secret.isascii() and secret.isprintable()) or " " in secret:
        raise InvalidField("secret", "invalid", "a secret has no blanks and nothing but ASCII")
    if kind is SubscriptionKind.STANDARD and not _is_standard(secret):
        message = (
            f"a secret is {STANDARD_PREFIX} and {FEWEST_BYTES} to {MOST_BYTES} bytes in base64"
        )
        raise InvalidField("secret", "invalid", message)
    return secret


def _is_standard(secret: str) -> bool:
    if not secret.startswith(STANDARD_PREFIX):
        return False
    try:
        key = base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
    except binascii.Error:
        return False
    return FEWEST_BYTES <= len(key) <= MOST_BYTES


def _sealed(vault: Vault, subscription: Subscription, held: Sequence[HeldSecret]) -> bytes:
    plain = [
        {"secret": one.text, **({"until": one.until.isoformat()} if one.until else {})}
        for one in held
    ]
    return vault.encrypt(json.dumps(plain).encode(), _context(subscription))


def unsealed(vault: Vault, found: SealedSubscription) -> list[HeldSecret]:
    """A subscription's secrets, the newest first. Raises what the vault raises."""
    plain = json.loads(vault.decrypt(found.sealed, _context(found.subscription)))
    return [
        HeldSecret(one["secret"], datetime.fromisoformat(one["until"]) if "until" in one else None)
        for one in plain
    ]


def _context(subscription: Subscription) -> Mapping[str, str]:
    return {
        "purpose": PURPOSE,
        "shop": subscription.shop_id,
        "subscription": str(subscription.id),
    }


# -- what all have in common -----------------------------------------------------------------------


def _find(
    desk: SubscriptionDesk, shop_id: str, subscription_id: int, kind: SubscriptionKind | None
) -> SealedSubscription:
    found = desk.subscriptions.get(shop_id, subscription_id)
    if found is None or (kind is not None and found.subscription.kind is not kind):
        raise NotFound(SUBSCRIPTION, subscription_id)
    return found


def _change(
    desk: SubscriptionDesk,
    shop_id: str,
    subscription_id: int,
    revise: Callable[[Subscription], Subscription],
    kind: SubscriptionKind | None = None,
) -> Subscription:
    for attempt in range(MAX_ATTEMPTS):
        before = _find(desk, shop_id, subscription_id, kind).subscription
        revised = revise(before)
        if revised == before:
            return before
        after = replace(revised, updated_at=desk.clock.now(), version=before.version + 1)
        try:
            desk.subscriptions.replace(before, after)
        except VersionConflict:
            _pause(desk, attempt)
        else:
            return after
    raise _overtaken()


def _pause(desk: SubscriptionDesk, attempt: int) -> None:
    desk.clock.sleep(desk.entropy.jitter(min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**attempt)))


def _overtaken() -> Busy:
    return Busy("others changed this subscription each time; nothing was changed, try again")


def _require_url(desk: SubscriptionDesk, kind: SubscriptionKind, url: str) -> str:
    url = readable("url", url, LONGEST_URL)
    if not url:
        raise InvalidField("url", "blank")
    try:
        desk.client.check(url, allow_http=desk.kind_of(kind).allows_http)
    except EndpointRefused as refusal:
        raise InvalidField("url", "refused", str(refusal)) from refusal
    return url


def _require_topics(
    desk: SubscriptionDesk, kind: SubscriptionKind, topics: Sequence[str]
) -> tuple[str, ...]:
    """Each once; ``*`` stands for all the others."""
    known = {EVERYTHING, *desk.kind_of(kind).topics}
    unknown = [topic for topic in topics if topic not in known]
    if unknown:
        raise InvalidField("topics", "unknown", f"no such topic: {', '.join(unknown)[:200]}")
    if not topics:
        raise InvalidField("topics", "blank")
    return (EVERYTHING,) if EVERYTHING in topics else tuple(dict.fromkeys(topics))
