"""Subscriptions: who may be told of what, where, and signed with what."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest

from orderhub.domain.errors import InvalidField, NotFound
from orderhub.domain.subscription import SubscriptionKind
from orderhub.ports import EndpointRefused
from orderhub.services import subscriptions
from orderhub.services.subscriptions import (
    MAX_SUBSCRIPTIONS,
    NewSubscription,
    change_subscription,
    disable_subscription,
    enable_subscription,
    find_subscription,
    list_subscriptions,
    remove_subscription,
    rotate_secret,
    subscribe,
    unsealed,
)
from orderhub.webhooks.kinds import kind_of
from tests.support.fakes import NOON
from tests.support.webhooks import URL, Office

OLD = "whsec_" + base64.b64encode(bytes(32)).decode()


@pytest.fixture
def office() -> Office:
    return Office()


def held(office: Office, subscription_id: int) -> list[str]:
    """The secrets that sign now."""
    found = office.subscriptions.get("demo", subscription_id)
    assert found
    return [one.text for one in unsealed(office.vault, found) if one.holds(office.clock.now())]


def test_a_subscription_is_found_as_it_was_made(office: Office) -> None:
    made = office.subscribe("order.paid", "order.expired").subscription
    assert find_subscription(office.desk, "demo", made.id) == made
    assert (made.url, made.topics, made.is_enabled) == (URL, ("order.paid", "order.expired"), True)
    assert list_subscriptions(office.desk, "demo") == [made]


def test_its_secret_is_random_and_only_kept_encrypted(office: Office) -> None:
    first, second = office.subscribe(), office.subscribe()
    assert first.secret != second.secret
    assert len(base64.b64decode(first.secret.removeprefix("whsec_"))) == 32
    assert held(office, first.subscription.id) == [first.secret]
    assert first.secret not in repr(first)
    assert first.secret not in repr(office.subscriptions.kept)


def test_a_secret_is_sealed_for_its_shop_and_subscription(office: Office) -> None:
    made = office.subscribe().subscription
    ((_, context),) = office.vault.kept.values()
    assert context == {
        "purpose": "event-webhooks",
        "shop": "demo",
        "subscription": str(made.id),
    }


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("short", "too_short"),
        ("x" * 257, "too_long"),
        ("whsec_not base64 at all", "invalid"),
        ("whsec_" + base64.b64encode(bytes(23)).decode(), "invalid"),
        (base64.b64encode(bytes(32)).decode(), "invalid"),
        ("whsec_ключключключ", "invalid"),
    ],
)
def test_a_secret_that_can_not_sign_is_refused(office: Office, secret: str, reason: str) -> None:
    with pytest.raises(InvalidField) as refused:
        office.subscribe(secret=secret)
    assert (refused.value.field, refused.value.reason) == ("secret", reason)
    assert secret not in str(refused.value)


@pytest.mark.parametrize("topics", [("order.bought",), ("order.paid", "*x"), ("orders/paid",)])
def test_topics_that_do_not_exist_are_refused(office: Office, topics: tuple[str, ...]) -> None:
    with pytest.raises(InvalidField) as refused:
        office.subscribe(*topics)
    assert (refused.value.field, refused.value.reason) == ("topics", "unknown")


def test_no_topics_at_all_are_refused(office: Office) -> None:
    wanted = NewSubscription(kind=SubscriptionKind.STANDARD, url=URL, topics=())
    with pytest.raises(InvalidField, match="topics"):
        subscribe(office.desk, "demo", wanted)


def test_everything_takes_the_place_of_single_topics(office: Office) -> None:
    assert office.subscribe("order.paid", "*", "order.paid").subscription.topics == ("*",)


def test_a_url_that_must_not_be_reached_is_refused_when_made_and_when_changed(
    office: Office,
) -> None:
    made = office.subscribe().subscription
    office.endpoint.refused.add("https://10.0.0.1/")
    with pytest.raises(InvalidField) as refused:
        office.subscribe(url="https://10.0.0.1/")
    assert (refused.value.field, refused.value.reason) == ("url", "refused")
    assert isinstance(refused.value.__cause__, EndpointRefused)
    with pytest.raises(InvalidField):
        change_subscription(
            office.desk, "demo", made.id, lambda one: replace(one, url="https://10.0.0.1/")
        )
    assert office.current(made).url == URL


@pytest.mark.parametrize(
    ("kind", "is_taken"),
    [
        (SubscriptionKind.STANDARD, False),
        (SubscriptionKind.SHOPLAZZA, False),
        (SubscriptionKind.YOUHAOSUDA, True),
    ],
)
def test_plain_http_is_for_those_whose_api_had_it(
    office: Office, kind: SubscriptionKind, is_taken: bool
) -> None:
    wanted = NewSubscription(kind=kind, url="http://erp.example/hook", topics=("*",))
    if is_taken:
        made = subscribe(office.desk, "demo", wanted).subscription
        assert made.url == wanted.url
        assert kind_of(kind).allows_http
    else:
        with pytest.raises(InvalidField):
            subscribe(office.desk, "demo", wanted)


def test_a_shop_that_is_not_there_has_no_subscriptions(office: Office) -> None:
    wanted = NewSubscription(kind=SubscriptionKind.STANDARD, url=URL, topics=("*",))
    with pytest.raises(NotFound):
        subscribe(office.desk, "nobody", wanted)


def test_a_shop_has_so_many_subscriptions_and_no_more(office: Office) -> None:
    for _ in range(MAX_SUBSCRIPTIONS):
        office.clock.advance(1)
        office.subscribe()
    with pytest.raises(InvalidField) as refused:
        office.subscribe()
    assert refused.value.reason == "too_many"


def test_one_shop_does_not_see_what_another_has(office: Office) -> None:
    office.shops.put(replace(office.shops.shops["demo"], id="other"))
    made = office.subscribe().subscription
    assert list_subscriptions(office.desk, "other") == []
    with pytest.raises(NotFound):
        find_subscription(office.desk, "other", made.id)


def test_a_subscription_of_another_kind_is_not_found(office: Office) -> None:
    made = office.subscribe().subscription
    with pytest.raises(NotFound):
        find_subscription(office.desk, "demo", made.id, kind=SubscriptionKind.YOUHAOSUDA)
    assert list_subscriptions(office.desk, "demo", kind=SubscriptionKind.YOUHAOSUDA) == []
    with pytest.raises(NotFound):
        remove_subscription(office.desk, "demo", made.id, kind=SubscriptionKind.SHOPLAZZA)
    assert office.current(made) == made


def test_a_change_counts_and_keeps_the_secret(office: Office) -> None:
    made = office.subscribe()
    office.clock.advance(60)
    changed = change_subscription(
        office.desk, "demo", made.subscription.id, lambda one: replace(one, label=" ERP ")
    )
    assert (changed.label, changed.version) == ("ERP", 2)
    assert changed.updated_at == NOON + timedelta(seconds=60)
    assert held(office, changed.id) == [made.secret]


def test_a_change_that_changes_nothing_is_not_written(office: Office) -> None:
    made = office.subscribe().subscription
    assert change_subscription(office.desk, "demo", made.id, lambda one: one) == made
    assert office.current(made).version == 1


def test_what_somebody_else_changed_meanwhile_is_not_lost(office: Office) -> None:
    made = office.subscribe().subscription
    office.subscriptions.interfere = lambda: office.edit(made, label="theirs")
    disable_subscription(office.desk, "demo", made.id)
    current = office.current(made)
    assert (current.label, current.is_enabled) == ("theirs", False)


def test_switching_on_again_starts_with_a_clean_record(office: Office) -> None:
    made = office.subscribe().subscription
    office.edit(made, is_enabled=False, failing_since=NOON, disabled_because="failing")
    enabled = enable_subscription(office.desk, "demo", made.id)
    assert enabled.is_enabled
    assert (enabled.failing_since, enabled.disabled_because) == (None, "")


def test_switching_off_twice_keeps_the_first_reason(office: Office) -> None:
    made = office.subscribe().subscription
    office.edit(made, is_enabled=False, disabled_because="gone")
    assert disable_subscription(office.desk, "demo", made.id).disabled_because == "gone"


def test_both_secrets_sign_for_a_day_after_a_rotation(office: Office) -> None:
    made = office.subscribe(secret=OLD)
    rotated = rotate_secret(office.desk, "demo", made.subscription.id)
    assert held(office, made.subscription.id) == [rotated.secret, OLD]
    office.clock.advance(24 * 3600 - 1)
    assert held(office, made.subscription.id) == [rotated.secret, OLD]
    office.clock.advance(1)
    assert held(office, made.subscription.id) == [rotated.secret]


def test_a_secret_that_leaked_is_dropped_at_once(office: Office) -> None:
    made = office.subscribe()
    rotated = rotate_secret(office.desk, "demo", made.subscription.id, overlap=timedelta(0))
    assert held(office, made.subscription.id) == [rotated.secret]


def test_rotations_in_a_row_keep_few_secrets_and_no_old_one_longer(office: Office) -> None:
    made = office.subscribe(secret=OLD)
    newest = OLD
    for _ in range(5):
        office.clock.advance(3600)
        newest = rotate_secret(office.desk, "demo", made.subscription.id).secret
    signing = held(office, made.subscription.id)
    assert signing[0] == newest
    assert len(signing) == 3
    assert OLD not in signing
    office.clock.advance(24 * 3600)
    assert held(office, made.subscription.id) == [newest]


def test_a_rotation_to_the_secret_that_holds_keeps_it_once(office: Office) -> None:
    made = office.subscribe(secret=OLD)
    rotate_secret(office.desk, "demo", made.subscription.id, secret=OLD)
    assert held(office, made.subscription.id) == [OLD]


def test_two_rotations_at_once_lose_no_secret(office: Office) -> None:
    made = office.subscribe()
    other: list[str] = []

    def faster() -> None:
        other.append(rotate_secret(office.desk, "demo", made.subscription.id).secret)

    office.subscriptions.interfere = faster
    rotated = rotate_secret(office.desk, "demo", made.subscription.id)
    assert held(office, made.subscription.id) == [rotated.secret, *other, made.secret]


def test_a_subscription_that_is_removed_is_gone(office: Office) -> None:
    made = office.subscribe().subscription
    assert remove_subscription(office.desk, "demo", made.id) == made
    with pytest.raises(NotFound):
        remove_subscription(office.desk, "demo", made.id)


def test_other_kinds_get_secrets_of_hexadecimal_digits() -> None:
    secret = subscriptions.random_secret(SubscriptionKind.YOUHAOSUDA)
    assert len(bytes.fromhex(secret)) == 16
