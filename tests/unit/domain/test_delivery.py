"""Which deliveries are logged as one."""

from datetime import timedelta

from orderhub.domain.delivery import TOGETHER, Delivery, DeliveryState, taken_together
from tests.support.fakes import NOON


def delivery(seconds: float = 0, subscription_id: int = 7, shop_id: str = "demo") -> Delivery:
    at = (NOON + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
    return Delivery(
        shop_id=shop_id,
        subscription_id=subscription_id,
        topic="order.paid",
        event_id=f"{shop_id}/1/4",
        event_type="order.paid",
        occurred_at=at,
        state=DeliveryState.DELIVERED,
        at=NOON,
    )


def test_deliveries_to_one_subscription_are_taken_together_newest_first() -> None:
    first, second, third = delivery(1), delivery(2), delivery(3)
    assert taken_together([second, third, first]) == [[third, second, first]]


def test_what_is_for_others_stands_apart() -> None:
    apart = [delivery(), delivery(subscription_id=8), delivery(shop_id="other")]
    assert sorted(map(len, taken_together(apart))) == [1, 1, 1]


def test_events_that_happened_long_before_stand_apart() -> None:
    """So that whoever looks for them finds them near their time."""
    limit = TOGETHER.total_seconds()
    new, near, far = delivery(limit), delivery(0), delivery(-0.001)
    assert taken_together([far, near, new]) == [[new, near], [far]]


def test_nothing_is_no_group() -> None:
    assert taken_together([]) == []
