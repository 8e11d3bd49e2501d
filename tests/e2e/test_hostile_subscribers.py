"""Endpoints that mean harm, or do it: they get nowhere, hold up nobody, and their failures have
names."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from local.subscriber import subscriber
from orderhub.domain.delivery import Delivery, DeliveryState
from orderhub.domain.errors import InvalidField
from orderhub.domain.subscription import Subscription, SubscriptionKind
from orderhub.services import subscriptions
from orderhub.services.subscriptions import NewSubscription
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop, make_order
from tests.support import endpoints
from tests.support.endpoints import Behaviour, endpoint

pytestmark = ON_THE_CLOUD

SOON = 60.0
"""Seconds in which everything here happens; a single attempt takes ten at most."""


class Audience:
    """Subscribes to a shop's ``order.paid``, and leaves nobody behind who would be told in vain."""

    def __init__(self, deployment: Deployment, shop: Shop) -> None:
        self._application = deployment.application
        self._shop = shop
        self._made: list[Subscription] = []

    def subscribe(self, url: str) -> Subscription:
        wanted = NewSubscription(kind=SubscriptionKind.STANDARD, url=url, topics=["order.paid"])
        desk = self._application.subscription_desk
        made = subscriptions.subscribe(desk, self._shop.id, wanted).subscription
        self._made.append(made)
        return made

    def move(self, subscription: Subscription, url: str) -> None:
        """As if the name in its URL stood for something else by now: nobody asks whether it may."""
        after = replace(subscription, url=url, version=subscription.version + 1)
        self._application.subscriptions.replace(subscription, after)

    def leave(self) -> None:
        for one in self._made:
            subscriptions.remove_subscription(
                self._application.subscription_desk, self._shop.id, one.id
            )

    def pay(self) -> None:
        """An order of the shop's, so that everybody is told."""
        with self._shop.client() as api:
            order = make_order(api, pieces=1)
            body = {"merchant_trade_no": f"T{order['id']}", "payment": "10.00"}
            assert api.post(f"/orders/{order['id']}/pay", json=body).status_code == 200

    def attempts(self, subscription: Subscription) -> Sequence[Delivery]:
        log = self._application.delivery_log
        return log.page(self._shop.id, subscription.id, limit=1).deliveries

    def attempted(self, subscription: Subscription) -> Delivery:
        """How its one delivery went, once it was tried."""
        end = time.monotonic() + SOON
        while not (found := self.attempts(subscription)):
            assert time.monotonic() < end, "it was not tried"
            time.sleep(0.1)
        return found[0]


@pytest.fixture
def audience(deployment: Deployment, shop: Shop) -> Iterator[Audience]:
    present = Audience(deployment, shop)
    yield present
    present.leave()


HEAD = b"HTTP/1.1 200 OK\r\n"
REDIRECT = b"HTTP/1.1 307 Go\r\nContent-Length: 0\r\nLocation: "
# What each does, whether the message counts as taken nevertheless, and why not.
HARMFUL: Mapping[str, tuple[Behaviour, bool, str]] = {
    "a silence": (endpoints.is_silent, False, "closed"),
    "a byte at a time": (
        endpoints.drips(b"", b"H", every=0.2), False, "timeout"
    ),
    "headers for ever": (
        endpoints.drips(HEAD, b"a: b\r\n", every=0.2), False, "timeout"
    ),
    "a header without end": (
        endpoints.floods(HEAD + b"a: ", b"b" * 4096), False, "too_large"
    ),
    "no HTTP": (
        endpoints.answers(b"SSH-2.0-OpenSSH_9.9\r\n"), False, "protocol"
    ),
    "a reset": (endpoints.resets, False, "closed"),
    "a body without end": (
        endpoints.floods(HEAD + b"\r\n", b"x" * 4096), True, ""
    ),
    "a compressed bomb": (
        endpoints.floods(HEAD + b"Content-Encoding: gzip\r\n\r\n", b"\x1f\x8b" * 2048),
        True,
        "",
    ),
}  # fmt: skip


def test_each_way_to_misbehave_has_a_name_and_holds_up_nobody(audience: Audience) -> None:
    with ExitStack() as stack:
        there = {
            name: stack.enter_context(endpoint(behave)) for name, (behave, *_) in HARMFUL.items()
        }
        made = {name: audience.subscribe(one.url()) for name, one in there.items()}
        good = stack.enter_context(subscriber())
        audience.subscribe(good.url)
        audience.pay()
        good.wait(lambda one: bool(one.taken))
        assert not audience.attempts(made["a byte at a time"])
        went = {name: audience.attempted(one) for name, one in made.items()}
    for name, (_, is_taken, reason) in HARMFUL.items():
        assert (went[name].state is DeliveryState.DELIVERED) == is_taken, name
        assert went[name].reason == reason, name
        assert (went[name].seconds or 0) < 12, name


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "10.0.0.1", "[::1]"])
def test_what_became_private_after_it_was_subscribed_is_told_nothing(
    audience: Audience, host: str
) -> None:
    with subscriber() as good:
        moved = audience.subscribe(good.url)
        audience.move(moved, f"https://{host}/latest/meta-data/")
        audience.subscribe(good.url)
        audience.pay()
        good.wait(lambda one: bool(one.taken))
        went = audience.attempted(moved)
        assert (went.status, went.reason) == (None, "refused_address")


def test_a_redirect_leads_nowhere(audience: Audience) -> None:
    with endpoint(endpoints.answers(endpoints.OK)) as trap:
        answer = REDIRECT + trap.url("/internal").encode() + b"\r\n\r\n"
        with endpoint(endpoints.answers(answer)) as there:
            made = audience.subscribe(there.url())
            audience.pay()
            went = audience.attempted(made)
            assert (went.status, went.reason) == (307, "http_307")
        assert trap.connections == 0


def test_a_certificate_that_nobody_vouches_for_ends_it(audience: Audience, tmp_path: Path) -> None:
    certificate = endpoints.self_signed(tmp_path / "hooks.pem", "hooks.example.com")
    with endpoints.tls_endpoint(certificate, []) as there:
        made = audience.subscribe(there.url(scheme="https"))
        audience.pay()
        assert audience.attempted(made).reason == "tls"
        assert there.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://metadata.google.internal./x",
        "https://[::ffff:127.0.0.1]/",
        "https://0x7f.1/",
        "https://orders@10.0.0.1/",
    ],
)
def test_nobody_subscribes_what_is_private(audience: Audience, url: str) -> None:
    with pytest.raises(InvalidField) as refused:
        audience.subscribe(url)
    assert (refused.value.field, refused.value.reason) == ("url", "refused")
