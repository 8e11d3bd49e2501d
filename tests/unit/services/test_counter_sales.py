"""Selling from a cart: ordering it once, calling it off, giving the money back, whose it is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import pytest

from orderhub.domain import commands, identity
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor, Address, Contact, Details, Reference
from orderhub.domain.errors import InvalidProducts, NotFound, Reason, Refused
from orderhub.domain.events import Terms
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.payment import PaymentState
from orderhub.domain.people import User
from orderhub.domain.refund import RefundState
from orderhub.domain.shop import DAY, Cart, CartLine, Price, Product, Variant
from orderhub.domain.status import OrderStatus, PaymentStatus
from orderhub.ports import OrderKey
from orderhub.services.bind_consumer import bind_consumer, bound_user_id, require_consumer
from orderhub.services.cancel_order import cancel_order
from orderhub.services.edit_billing_address import edit_billing_address
from orderhub.services.find_order import find_order, find_order_with_history
from orderhub.services.number_orders import dated_numbers
from orderhub.services.place_cart_order import CartOrder, place_cart_order
from orderhub.services.place_order import Placed
from orderhub.services.read_order import newest_orders
from orderhub.services.record_payment import ReceivedPayment, record_payment
from orderhub.services.refund_order import WantedRefund, check_refundable, refund_order
from tests.support.fakes import NOON, FakeDesk, FakeEntropy

SHOP: Final = "demo"
SELLER: Final = Actor("brandcloud", "11", "QQ Wang")
TERMS: Final = Terms(payment_timeout=15 * 60, refund_window=30 * DAY, auto_receive=14 * DAY)
PROVIDER: Final = "payworks"


def price(currency: str, full: str, discounted: str | None = None) -> Price:
    return Price(
        price=UnitPrice.of(full, currency),
        discount_price=UnitPrice.of(discounted, currency) if discounted is not None else None,
    )


def user(user_id: int = 21) -> User:
    return User(
        id=user_id,
        shop_id=SHOP,
        given_name="CC",
        family_name="Lee",
        email="cc@mail.example",
        phone="0912345678",
    )


class Counter(FakeDesk):
    """A shop with two products, and the shorthands of these tests."""

    def __init__(self) -> None:
        super().__init__()
        self.put_product(
            "100",
            number="AAAA0000000004PD",
            white={"CHF": price("CHF", "100.00", "85.00"), "JPY": price("JPY", "12000")},
            black={"CHF": price("CHF", "110.00")},
        )
        self.put_product("200", number="AAAA0000000005PD", only={"CHF": price("CHF", "57.02")})

    def put_product(self, product_id: str, number: str, **variants: dict[str, Price]) -> None:
        self.catalog.put_product(
            SHOP,
            Product(
                id=product_id,
                number=number,
                name=f"Product {product_id}",
                image_url="https://a.example/p.png",
                attributes={"item_id": 7},
                variants=tuple(
                    Variant(
                        id=name,
                        name=name.title(),
                        sku=f"{product_id}-{name}",
                        weight_grams=40,
                        prices=prices,
                    )
                    for name, prices in variants.items()
                ),
            ),
        )

    def put_cart(self, *lines: tuple[str, str, int], currency: str = "CHF") -> str:
        self.catalog.put_cart(
            SHOP,
            Cart(
                id="C00001",
                currency=currency,
                lines=tuple(CartLine(*line) for line in lines),
                created_at=NOON,
            ),
        )
        return "C00001"

    def order(self, cart_id: str = "C00001", shop: str = SHOP) -> Placed:
        wanted = CartOrder(
            cart_id=cart_id,
            wire="brandcloud",
            terms=TERMS,
            details=Details(payment_method="credit_card"),
            number_of=dated_numbers(self.desk, "Asia/Taipei", prefix="AAAA", suffix="OD"),
        )
        placed = place_cart_order(self.desk, shop, wanted, SELLER)
        self.clock.advance(1)
        return placed

    def sold(self, cart_id: str = "C00001", transaction_id: str = "UXI2KS784JOC9A0") -> Order:
        """An order of 142.02 CHF, paid."""
        self.put_cart(("100", "white", 1), ("200", "only", 1))
        cart = self.catalog.carts[SHOP, "C00001"]
        self.catalog.put_cart(SHOP, replace(cart, id=cart_id))
        return self.pay(self.order(cart_id).order, transaction_id)

    def pay(self, order: Order, transaction_id: str, amount: str | None = None) -> Order:
        received = ReceivedPayment(
            provider=PROVIDER,
            transaction_id=transaction_id,
            amount=Decimal(amount or order.total.decimal_text),
        )
        return record_payment(self.desk, order, received, SELLER).order

    def refund(self, order: Order, transaction_id: str = "", *, settled: bool = True) -> Change:
        wanted = WantedRefund(transaction_id=transaction_id, is_settled=lambda _: settled)
        return refund_order(self.desk, order, wanted, SELLER)

    def no_refund(self, order: Order, transaction_id: str = "") -> str:
        """Why there is none; nothing is written."""
        before = self.orders.commits
        with pytest.raises(Refused) as refused:
            self.refund(order, transaction_id)
        assert self.orders.commits == before
        return refused.value.reason

    def not_refundable(self, order: Order) -> str | None:
        try:
            check_refundable(self.desk, order)
        except Refused as refused:
            return refused.reason
        return None

    def stored(self, order: Order) -> Order:
        return self.orders.snapshots[OrderKey(SHOP, order.id)]


@pytest.fixture
def counter() -> Counter:
    return Counter()


# -- numbers ---------------------------------------------------------------------------------------


def test_a_number_tells_company_and_day(counter: Counter) -> None:
    number_of = dated_numbers(counter.desk, "UTC", prefix="AAAA", suffix="OD")
    april = identity.order_id(datetime(2016, 4, 1, 9, tzinfo=UTC), 5)

    assert [number_of(april), number_of(april)] == ["AAAA160401000001OD", "AAAA160401000002OD"]


def test_the_day_is_the_shops_own(counter: Counter) -> None:
    evening = identity.order_id(datetime(2026, 12, 31, 16, 30, tzinfo=UTC), 5)

    for zone, day in (("UTC", "261231"), ("Asia/Taipei", "270101"), ("America/New_York", "261231")):
        number = dated_numbers(counter.desk, zone, prefix="AAAA", suffix="OD")(evening)
        assert number[4:10] == day


def test_a_number_that_is_taken_is_drawn_again(counter: Counter) -> None:
    counter.desk = replace(counter.desk, entropy=FakeEntropy(digits=["000007", "000007", "000008"]))
    numbers = []
    for cart_id in ("C1", "C2"):
        numbers.append(counter.sold(cart_id, cart_id).number)

    assert numbers == ["AAAA261121000007OD", "AAAA261121000008OD"]


def test_an_order_is_found_by_its_number_with_its_history_in_one_read(counter: Counter) -> None:
    order = counter.sold()
    before = counter.orders.reads

    for name in (order.number, str(order.id)):
        found, history = find_order_with_history(counter.desk, SHOP, name)
        assert found == order
        assert Order.replay(SHOP, order.id, history) == order

    assert counter.orders.reads - before == 2
    with pytest.raises(NotFound):
        find_order_with_history(counter.desk, "other", order.number)


# -- a cart becomes an order -----------------------------------------------------------------------


def test_an_order_has_the_carts_lines_at_the_products_prices(counter: Counter) -> None:
    counter.put_cart(("100", "white", 2), ("100", "black", 1), ("200", "only", 2))

    placed = counter.order()

    assert placed.is_new
    order = counter.stored(placed.order)
    assert [
        (line.product_id, line.variant_id, line.quantity, line.list_price, line.unit_price)
        for line in order.lines
    ] == [
        ("100", "white", 2, UnitPrice.of("100", "CHF"), UnitPrice.of("85", "CHF")),
        ("100", "black", 1, UnitPrice.of("110", "CHF"), UnitPrice.of("110", "CHF")),
        ("200", "only", 2, UnitPrice.of("57.02", "CHF"), UnitPrice.of("57.02", "CHF")),
    ]
    assert order.total == Money.of("394.04", "CHF")
    first = order.lines[0]
    assert (first.name, first.options, first.sku) == ("Product 100", "White", "100-white")
    assert (first.image_url, first.weight_grams) == ("https://a.example/p.png", 40)
    assert first.attributes == {"item_id": 7, "product_number": "AAAA0000000004PD"}
    assert order.payment_due_at == NOON + timedelta(minutes=15)
    assert (order.wire, order.details.payment_method) == ("brandcloud", "credit_card")


def test_an_order_in_yen_has_no_decimals(counter: Counter) -> None:
    counter.put_cart(("100", "white", 2), currency="JPY")

    order = counter.order().order

    assert order.total == Money(24000, "JPY")
    assert order.total.decimal_text == "24000"


def test_what_is_discounted_to_nothing_costs_nothing(counter: Counter) -> None:
    counter.put_product("300", "P300", only={"CHF": price("CHF", "5", "0")})
    counter.put_cart(("300", "only", 1))

    order = counter.order().order

    assert order.total == Money.zero("CHF")
    assert order.lines[0].list_price == UnitPrice.of("5", "CHF")


def test_a_cart_is_ordered_once(counter: Counter) -> None:
    counter.put_cart(("200", "only", 1))
    first = counter.order()
    paid = counter.pay(first.order, "T1")

    again = counter.order()

    assert (again.is_new, again.order) == (False, paid)
    assert len(counter.orders.snapshots) == 1
    assert find_order(counter.desk, SHOP, first.order.number) == paid


def test_of_two_at_once_one_is_the_order_and_the_other_a_repeat(counter: Counter) -> None:
    counter.put_cart(("200", "only", 1))
    won: list[Placed] = []
    counter.orders.meanwhile = [lambda: won.append(counter.order())]

    lost = counter.order()

    assert won[0].is_new
    assert (lost.is_new, lost.order) == (False, won[0].order)


def test_an_ordered_cart_stays_a_repeat_whatever_became_of_it(counter: Counter) -> None:
    counter.put_cart(("200", "only", 1))
    first = counter.order().order

    counter.catalog.shelves.clear()
    assert counter.order().order == first, "its product is gone"
    counter.put_cart()
    assert counter.order().order == first, "it is empty"
    counter.catalog.carts.clear()
    assert counter.order().order == first, "it is gone"


def test_other_names_of_orders_are_no_carts(counter: Counter) -> None:
    """A marketplace's number may be spelled like a cart's id."""
    order = counter.sold()
    change = Change(counter.stored(order), counter.clock.now(), SELLER)
    name = Reference("order", "marketplace:taobao", "C00009")
    commands.change_details(change, change.order.details, [name])
    counter.orders.commit(change)

    with pytest.raises(NotFound):
        counter.order("C00009")


@pytest.mark.parametrize("cart_id", ["C00002", "", "a#b", "x" * 3000, "购物车"])
def test_a_cart_must_exist(counter: Counter, cart_id: str) -> None:
    counter.put_cart(("200", "only", 1))
    with pytest.raises(NotFound) as refused:
        counter.order(cart_id)
    assert refused.value.kind == "cart"
    with pytest.raises(NotFound):
        counter.order(shop="other")


def test_an_empty_cart_makes_no_order(counter: Counter) -> None:
    counter.put_cart()
    with pytest.raises(Refused) as refused:
        counter.order()
    assert refused.value.reason == Reason.CART_EMPTY


def test_all_products_that_can_not_be_sold_are_named_once(counter: Counter) -> None:
    counter.put_cart(
        ("200", "only", 1),  # good
        ("gone", "only", 1),  # no such product
        ("100", "red", 1),  # no such variant
        ("100", "green", 1),  # nor such
        ("gone", "other", 1),
    )
    with pytest.raises(InvalidProducts) as refused:
        counter.order()
    assert refused.value.numbers == ("gone", "AAAA0000000004PD")
    assert counter.orders.snapshots == {}


def test_a_product_without_a_price_in_the_carts_currency_can_not_be_sold(
    counter: Counter,
) -> None:
    counter.put_cart(("100", "white", 1), ("100", "black", 1), currency="JPY")
    with pytest.raises(InvalidProducts) as refused:
        counter.order()
    assert refused.value.numbers == ("AAAA0000000004PD",)


# -- calling it off --------------------------------------------------------------------------------


def test_an_unpaid_order_is_cancelled_once(counter: Counter) -> None:
    counter.put_cart(("200", "only", 1))
    order = counter.order().order

    cancelled = cancel_order(counter.desk, order, SELLER, reason="changed mind").order
    commits = counter.orders.commits
    again = cancel_order(counter.desk, cancelled, SELLER)

    assert (cancelled.status, cancelled.cancel_reason) == (OrderStatus.CANCELLED, "changed mind")
    assert counter.orders.commits == commits
    assert again.order == cancelled


def test_an_expired_order_stays_expired(counter: Counter) -> None:
    counter.put_cart(("200", "only", 1))
    order = counter.order().order
    counter.clock.advance(15 * 60)

    change = cancel_order(counter.desk, order, SELLER)

    assert [entry.event.TYPE for entry in change.recorded] == ["order.expired"]
    assert change.order.status is OrderStatus.EXPIRED
    assert cancel_order(counter.desk, change.order, SELLER).recorded == []


def test_a_paid_order_is_not_cancelled(counter: Counter) -> None:
    with pytest.raises(Refused) as refused:
        cancel_order(counter.desk, counter.sold(), SELLER)
    assert refused.value.reason == Reason.MONEY_CAPTURED


def test_a_wires_own_rules_judge_the_order_as_it_is_when_it_is_decided(counter: Counter) -> None:
    """It was read unpaid, and is paid by the time it would be cancelled."""
    counter.put_cart(("200", "only", 1))
    order = counter.order().order
    seen: list[PaymentStatus] = []

    def permit(current: Order) -> None:
        seen.append(current.payment_status)
        if current.is_paid:
            raise LookupError("paid")

    counter.orders.meanwhile = [lambda: counter.pay(order, "T1")]
    with pytest.raises(LookupError):
        cancel_order(counter.desk, order, SELLER, permit=permit)
    assert seen == [PaymentStatus.UNPAID, PaymentStatus.PAID]
    assert counter.stored(order).status is OrderStatus.OPEN


def test_a_wires_own_rules_see_deadlines_that_passed(counter: Counter) -> None:
    counter.put_cart(("200", "only", 1))
    order = counter.order().order
    counter.clock.advance(15 * 60)
    seen: list[OrderStatus] = []
    note = lambda current: seen.append(current.status)  # noqa: E731

    cancel_order(counter.desk, order, SELLER, permit=note)
    received = ReceivedPayment(provider=PROVIDER, transaction_id="T1", amount=Decimal("57.02"))
    with pytest.raises(Refused):
        record_payment(counter.desk, order, received, SELLER, permit=note)
    with pytest.raises(Refused):
        edit_billing_address(counter.desk, order, user(), Address(), SELLER, permit=note)
    with pytest.raises(Refused):
        refund_order(counter.desk, order, WantedRefund(), SELLER, permit=note)
    with pytest.raises(Refused):
        check_refundable(counter.desk, order, permit=note)
    assert seen == [OrderStatus.EXPIRED] * 5


# -- giving the money back -------------------------------------------------------------------------


def test_a_refund_gives_all_of_it_back(counter: Counter) -> None:
    order = counter.sold()

    refunded = counter.refund(order, "UXI2KS784JOC9A0").order

    assert refunded.payment_status is PaymentStatus.REFUNDED
    (refund,) = refunded.refunds
    assert refund.amount == order.total
    assert (refund.provider, refund.transaction_id) == (PROVIDER, "UXI2KS784JOC9A0")
    assert (refund.state, refund.payment_id) == (RefundState.SUCCEEDED, 1)


def test_money_without_transactions_goes_back_without_naming_one(counter: Counter) -> None:
    order = counter.sold(transaction_id="")
    refunded = counter.refund(order).order
    assert refunded.payment_status is PaymentStatus.REFUNDED
    assert refunded.refunds[0].transaction_id == ""


def test_a_refund_gives_back_what_an_earlier_one_left(counter: Counter) -> None:
    order = counter.sold()
    change = Change(order, counter.clock.now(), SELLER)
    part = commands.request_refund(change, Money.of("42.02", "CHF"))
    commands.settle_refund(change, part.id)
    counter.orders.commit(change)

    refunded = counter.refund(change.order, "UXI2KS784JOC9A0").order

    assert [refund.amount.decimal_text for refund in refunded.refunds] == ["42.02", "100.00"]
    assert refunded.payment_status is PaymentStatus.REFUNDED


def test_a_refund_whose_outcome_is_awaited_is_not_settled(counter: Counter) -> None:
    order = counter.refund(counter.sold(), "UXI2KS784JOC9A0", settled=False).order
    assert order.payment_status is PaymentStatus.REFUNDING
    assert counter.no_refund(order, "UXI2KS784JOC9A0") == Reason.NOTHING_TO_REFUND


def test_a_refund_that_failed_can_be_tried_again(counter: Counter) -> None:
    order = counter.refund(counter.sold(), "UXI2KS784JOC9A0", settled=False).order
    change = Change(order, counter.clock.now(), SELLER)
    commands.settle_refund(change, 1, failure="insufficient funds")
    counter.orders.commit(change)

    refunded = counter.refund(change.order, "UXI2KS784JOC9A0").order

    assert [refund.state for refund in refunded.refunds] == ["failed", "succeeded"]
    assert refunded.payment_status is PaymentStatus.REFUNDED


def test_why_a_transaction_can_not_go_back_is_told_apart(counter: Counter) -> None:
    first, second = counter.sold("C1", "T1"), counter.sold("C2", "T2")
    third = counter.sold("C3", "T3")
    counter.refund(first, "T1")

    assert counter.no_refund(second, "T1") == Reason.REFUND_REPEATED
    assert counter.no_refund(second, "T3") == Reason.PAYMENT_OF_ANOTHER_ORDER
    assert counter.no_refund(second, "T9") == Reason.PAYMENT_UNKNOWN
    assert counter.no_refund(counter.stored(first), "T1") == Reason.NOTHING_TO_REFUND
    assert counter.refund(second, "T2").recorded
    assert counter.refund(third, "T3").recorded


def test_a_transaction_refunded_in_part_is_a_repeat(counter: Counter) -> None:
    order = counter.sold()
    change = Change(order, counter.clock.now(), SELLER)
    commands.request_refund(
        change, Money.of("1", "CHF"), provider=PROVIDER, transaction_id="UXI2KS784JOC9A0"
    )
    counter.orders.commit(change)
    assert counter.no_refund(change.order, "UXI2KS784JOC9A0") == Reason.REFUND_REPEATED


def test_a_payment_that_was_never_captured_does_not_go_back(counter: Counter) -> None:
    order = counter.sold(transaction_id="T1")
    unpaid = counter.sold("C2", "T2")
    change = Change(counter.stored(order), counter.clock.now(), SELLER)
    pending = replace(order.payments[0], transaction_id="T5", state=PaymentState.PENDING)
    # As if it had been started before the other one paid the order.
    change.order = replace(change.order, payments=(*change.order.payments, replace(pending, id=2)))
    counter.orders.snapshots[OrderKey(SHOP, order.id)] = change.order
    counter.orders.references[SHOP, Reference("payment", PROVIDER, "T5")] = order.id

    assert counter.no_refund(change.order, "T5") == Reason.PAYMENT_UNKNOWN
    assert counter.no_refund(unpaid, "T5") == Reason.PAYMENT_OF_ANOTHER_ORDER


def test_an_unpaid_order_has_nothing_to_give_back(counter: Counter) -> None:
    counter.put_cart(("200", "only", 1))
    order = counter.order().order
    assert counter.no_refund(order) == Reason.NOTHING_CAPTURED
    assert counter.not_refundable(order) == Reason.NOTHING_CAPTURED


def test_the_window_closes_30_days_after_payment_for_question_and_refund_alike(
    counter: Counter,
) -> None:
    order = counter.sold()
    counter.clock.time = NOON + timedelta(seconds=1, days=30, milliseconds=-1)
    assert counter.not_refundable(order) is None
    counter.clock.advance(0.001)
    assert counter.not_refundable(order) == Reason.REFUND_WINDOW_CLOSED
    assert counter.no_refund(order, "UXI2KS784JOC9A0") == Reason.REFUND_WINDOW_CLOSED
    assert counter.no_refund(order, "T9") == Reason.REFUND_WINDOW_CLOSED


def test_asking_whether_it_can_go_back_changes_and_reads_nothing(counter: Counter) -> None:
    order = counter.sold()
    before = (counter.orders.commits, counter.orders.reads)
    assert counter.not_refundable(order) is None
    assert (counter.orders.commits, counter.orders.reads) == before
    refunded = counter.refund(order, "UXI2KS784JOC9A0").order
    assert counter.not_refundable(refunded) == Reason.NOTHING_TO_REFUND


def test_two_refunds_at_once_give_the_money_back_once(counter: Counter) -> None:
    order = counter.sold()
    counter.orders.meanwhile = [lambda: counter.refund(order, "UXI2KS784JOC9A0")]
    with pytest.raises(Refused) as refused:
        counter.refund(order, "UXI2KS784JOC9A0")
    assert refused.value.reason == Reason.NOTHING_TO_REFUND
    assert counter.stored(order).refunded == order.total


# -- whose order it is -----------------------------------------------------------------------------


def test_an_order_is_bound_to_one_user_for_good(counter: Counter) -> None:
    order = counter.sold()
    bound = bind_consumer(counter.desk, order, user(21), SELLER).order

    assert bound_user_id(bound) == 21
    customer = bound.details.customer
    assert customer is not None
    assert (customer.id, customer.name, customer.email) == ("21", "CC Lee", "cc@mail.example")
    commits = counter.orders.commits
    moved = replace(user(21), phone="1")
    assert bind_consumer(counter.desk, bound, moved, SELLER).order == bound, "the first time counts"
    assert counter.orders.commits == commits
    with pytest.raises(Refused) as refused:
        bind_consumer(counter.desk, bound, user(22), SELLER)
    assert refused.value.reason == Reason.BOUND_TO_ANOTHER


def test_of_two_who_bind_at_once_one_has_the_order(counter: Counter) -> None:
    order = counter.sold()
    counter.orders.meanwhile = [lambda: bind_consumer(counter.desk, order, user(21), SELLER)]
    with pytest.raises(Refused):
        bind_consumer(counter.desk, order, user(22), SELLER)
    assert bound_user_id(counter.stored(order)) == 21


def test_a_customer_of_another_system_is_nobody_of_ours(counter: Counter) -> None:
    """Their ids may be the same number."""
    order = counter.sold()
    change = Change(order, counter.clock.now(), SELLER)
    commands.bind_customer(change, Contact(id="21", email="somebody@else.example"))
    counter.orders.commit(change)

    assert bound_user_id(change.order) is None
    with pytest.raises(Refused):
        bind_consumer(counter.desk, change.order, user(21), SELLER)
    with pytest.raises(Refused):
        require_consumer(change.order, user(21))


def test_an_order_can_be_bound_whatever_its_state(counter: Counter) -> None:
    counter.put_cart(("200", "only", 1))
    order = counter.order().order
    counter.clock.advance(15 * 60)
    expired = bind_consumer(counter.desk, order, user(), SELLER)
    assert expired.visible.status is OrderStatus.EXPIRED
    assert bound_user_id(expired.order) == 21
    assert Order.replay(SHOP, order.id, counter.orders.history(SHOP, order.id)) == expired.order


def test_everybody_may_use_an_order_that_is_nobodys(counter: Counter) -> None:
    order = counter.sold()
    require_consumer(order, user(21))
    require_consumer(order, user(22))


# -- the billing address ---------------------------------------------------------------------------


def test_a_billing_address_is_replaced_and_the_same_again_changes_nothing(
    counter: Counter,
) -> None:
    order = bind_consumer(counter.desk, counter.sold(), user(), SELLER).order
    address = Address(given_name="Lee", family_name="CC", line1="ABC st.", country="R.O.C.")

    edited = edit_billing_address(counter.desk, order, user(), address, SELLER).order
    again = edit_billing_address(counter.desk, edited, user(), address, SELLER)

    assert edited.details == replace(order.details, billing_address=address)
    assert again.recorded == []


def test_only_the_consumer_edits_their_order(counter: Counter) -> None:
    order = bind_consumer(counter.desk, counter.sold(), user(21), SELLER).order
    with pytest.raises(Refused) as refused:
        edit_billing_address(counter.desk, order, user(22), Address(line1="x"), SELLER)
    assert refused.value.reason == Reason.BOUND_TO_ANOTHER


def test_editing_binds_nobody(counter: Counter) -> None:
    edited = edit_billing_address(counter.desk, counter.sold(), user(), Address(line1="x"), SELLER)
    assert edited.order.details.customer is None


def test_an_expired_order_is_not_edited(counter: Counter) -> None:
    counter.put_cart(("200", "only", 1))
    order = counter.order().order
    counter.clock.advance(15 * 60)
    with pytest.raises(Refused) as refused:
        edit_billing_address(counter.desk, order, user(), Address(line1="x"), SELLER)
    assert refused.value.reason == Reason.ORDER_EXPIRED


# -- listing ---------------------------------------------------------------------------------------


def test_orders_are_listed_newest_first_and_whole(counter: Counter) -> None:
    made = [counter.sold(f"C{number}", f"T{number}") for number in range(5)]
    seller_id = made[0].seller_id

    first = newest_orders(counter.desk, SHOP, (seller_id, ""), limit=2)
    rest = newest_orders(counter.desk, SHOP, (seller_id, ""), before=first[-1].number, limit=9)

    assert [*first, *rest] == made[::-1]
    assert newest_orders(counter.desk, "other", (seller_id, ""), limit=9) == []
    assert newest_orders(counter.desk, SHOP, ("another",), limit=9) == []


def test_a_list_is_one_query_per_seller_and_one_batch(counter: Counter) -> None:
    for number in range(3):
        counter.sold(f"C{number}", f"T{number}")
    before = counter.orders.reads
    newest_orders(counter.desk, SHOP, ("1", "", ""), limit=50)
    assert counter.orders.reads - before == 3
