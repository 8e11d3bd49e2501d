"""Any commands in any order at any time, against a small model made of plain numbers.

The model below is written from the design and shares no code with the domain: amounts are
integers, times are milliseconds since the order was placed. After every step it must agree with
the order, and what the design promises of every order must hold.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fractions import Fraction
from math import floor
from typing import Any, Concatenate, Final, ParamSpec

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from orderhub.adapters.dynamodb import items
from orderhub.adapters.dynamodb.codec import decode, encode
from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.correspondence import Party, Rating
from orderhub.domain.details import Address, Contact, Details, Reference
from orderhub.domain.errors import InvalidField, Refused
from orderhub.domain.events import Terms
from orderhub.domain.invoice import Invoicing, Seller
from orderhub.domain.lines import Charge, ChargeKind, Discount, LineRequest
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState
from orderhub.domain.shipment import ShippedLine
from orderhub.domain.status import SellerMark
from orderhub.domain.stock import StockTaken
from tests.support.fakes import NOON
from tests.support.properties import examples
from tests.support.story import Story

P = ParamSpec("P")

DIGITS: Final = {"JPY": 0, "CNY": 2, "KWD": 3, "CLF": 4}
NOTHING: Final = "nothing"
DONE: Final = "done"


def product(quantity: int) -> str:
    """What a line of so many pieces is of: there are two products."""
    return "3001" if quantity % 2 else "3002"


# -- the model -----------------------------------------------------------------------------------


@dataclass
class Model:
    currency: str
    payment_due: int | None
    refund_window: int | None
    auto_receive: int | None
    now: int = 0
    line_totals: list[int] = field(default_factory=list)
    unshipped: dict[int, int] = field(default_factory=dict)
    charges: int = 0
    discounts: int = 0
    agreed: int = 0
    payments: dict[str, list[Any]] = field(default_factory=dict)
    """transaction → [amount, state]"""
    refunds: list[dict[str, Any]] = field(default_factory=list)
    parcels: list[dict[str, Any]] = field(default_factory=list)
    closed: str = ""
    paid: bool = False
    refundable_until: int | None = None
    window_closed: bool = False
    products: dict[int, str] = field(default_factory=dict)
    """line → what it is of"""
    stock: dict[str, int] = field(default_factory=dict)
    """product → pieces that the order holds"""

    def add_line(self, ten_thousandths: int, quantity: int) -> None:
        exact = Fraction(ten_thousandths * quantity * 10 ** DIGITS[self.currency], 10_000)
        self.line_totals.append(floor(exact + Fraction(1, 2)))
        self.unshipped[len(self.line_totals)] = quantity
        self.products[len(self.line_totals)] = product(quantity)

    def give_back_stock(self) -> None:
        """All but what was sent."""
        gone: Counter[str] = Counter()
        for parcel in self.parcels:
            for line_id, pieces in parcel["lines"].items():
                gone[self.products[line_id]] += pieces
        self.stock = {
            name: min(pieces, gone[name]) for name, pieces in self.stock.items() if gone[name]
        }

    @property
    def total(self) -> int:
        return sum(self.line_totals) + self.charges - self.discounts + self.agreed

    def _paid(self, state: str) -> int:
        return sum(amount for amount, known in self.payments.values() if known == state)

    @property
    def captured(self) -> int:
        return self._paid("captured")

    def refunds_in(self, *states: str) -> int:
        return sum(refund["amount"] for refund in self.refunds if refund["state"] in states)

    @property
    def refundable(self) -> int:
        return self.captured - self.refunds_in("requested", "succeeded")

    @property
    def held_for_the_sale(self) -> int:
        """Captured, less what went back (or is about to) of money that no sale stood behind."""
        taken = [refund["beyond"] for refund in self.refunds if refund["state"] != "failed"]
        return self.captured - int(sum(taken))

    @property
    def status(self) -> str:
        """As everybody must see it now."""
        if not self.closed and not self.paid and self._passed(self.payment_due):
            return "expired"
        return self.closed or "open"

    @property
    def refund_due(self) -> int:
        if self.status in ("cancelled", "expired"):
            return self.refundable
        return max(0, self.held_for_the_sale - self.total)

    def _passed(self, deadline: int | None) -> bool:
        return deadline is not None and deadline <= self.now

    def parcel_state(self, parcel: dict[str, Any]) -> str:
        overdue = parcel["state"] == "sent" and self._passed(parcel["due"])
        return "received" if overdue else str(parcel["state"])

    def deadlines(self) -> list[tuple[int, str]]:
        found = []
        if self.payment_due is not None and not self.closed and not self.paid:
            found.append((self.payment_due, "payment_timeout"))
        if self.refundable_until is not None and not self.window_closed:
            found.append((self.refundable_until, "refund_window"))
        for parcel in self.parcels:
            if parcel["state"] == "sent" and parcel["due"] is not None:
                found.append((parcel["due"], "auto_receive"))
        return sorted(found)

    # Each of these says what must come of a command, and does it: DONE, NOTHING or a reason.

    def not_open(self) -> str:
        return "" if self.status == "open" else f"order_{self.status}"

    def not_unpaid(self) -> str:
        return self.not_open() or ("order_paid" if self.paid else "")

    def settle(self) -> None:
        if not self.paid and self.line_totals and self.held_for_the_sale >= self.total:
            self.paid = True
            if self.refund_window is not None:
                self.refundable_until = self.now + self.refund_window

    def wrong_amount(self, amount: int) -> str:
        return "payment too_small" if amount < (1 if self.total else 0) else ""

    def start_payment(self, transaction: str, amount: int, due: int | None) -> str:
        if transaction in self.payments:
            return NOTHING
        refusal = self.not_unpaid() or self.wrong_amount(amount)
        if refusal:
            return refusal
        self.payments[transaction] = [amount, "pending"]
        if self.payment_due is not None and due is not None:
            self.payment_due = max(self.payment_due, due)
        return DONE

    def capture(self, transaction: str, amount: int) -> str:
        if self.payments.get(transaction, [0, ""])[1] == "captured":
            return NOTHING
        if self.status in ("cancelled", "expired"):
            return self.not_open()
        if not self.line_totals:
            return "nothing_to_pay"
        if self.wrong_amount(amount):
            return self.wrong_amount(amount)
        self.payments[transaction] = [amount, "captured"]
        self.settle()
        return DONE

    def fail_payment(self, transaction: str) -> str:
        if transaction not in self.payments:
            return "payment_unknown"
        if self.payments[transaction][1] != "pending":
            return NOTHING
        self.payments[transaction][1] = "failed"
        return DONE

    def refund(self, transaction: str, amount: int) -> str:
        if transaction and transaction in [refund["transaction"] for refund in self.refunds]:
            return NOTHING
        if not self.captured:
            return "nothing_captured"
        if amount < 1:
            return "amount too_small"
        if amount > self.refundable:
            return "refund_exceeds_captured"
        if amount > self.refund_due and self._passed(self.refundable_until):
            return "refund_window_closed"
        beyond = amount
        if self.paid:
            beyond = min(amount, max(0, self.held_for_the_sale - self.total))
        self.refunds.append(
            {
                "transaction": transaction,
                "amount": amount,
                "state": "requested",
                "beyond": beyond,
            }
        )
        return DONE

    def settle_refund(self, refund_id: int, *, failed: bool) -> str:
        if not 1 <= refund_id <= len(self.refunds):
            return "refund_unknown"
        refund = self.refunds[refund_id - 1]
        if refund["state"] != "requested":
            return NOTHING
        refund["state"] = "failed" if failed else "succeeded"
        if failed and self.status == "open":
            self.settle()
        return DONE

    def ship(self, wanted: dict[int, int] | None, tracking: str = "") -> str:
        for line_id, pieces in (wanted or {}).items():
            if line_id not in self.unshipped:
                return "lines unknown"
            if pieces < 1:
                return "quantity too_small"
        left = {line_id: pieces for line_id, pieces in self.unshipped.items() if pieces}
        for parcel in self.parcels:
            if tracking and parcel["tracking"] == tracking:
                is_same = not left if wanted is None else wanted == parcel["lines"]
                return NOTHING if is_same else "tracking_number taken"
        if self.not_open():
            return self.not_open()
        wanted = left if wanted is None else wanted
        if not wanted or any(pieces > left.get(line_id, 0) for line_id, pieces in wanted.items()):
            return "nothing_to_ship"
        for line_id, pieces in wanted.items():
            self.unshipped[line_id] -= pieces
        due = None if self.auto_receive is None else self.now + self.auto_receive
        parcel = {"lines": wanted, "tracking": tracking, "due": due, "state": "sent"}
        self.parcels.append({**parcel, "moved": self.now})
        self.payment_due = None
        return DONE

    def correct(self, parcel_id: int, tracking: str) -> str:
        if not 1 <= parcel_id <= len(self.parcels):
            return "shipment_unknown"
        parcel = self.parcels[parcel_id - 1]
        others = [other["tracking"] for other in self.parcels if other is not parcel]
        if tracking and tracking in others:
            return "tracking_number taken"
        if parcel["tracking"] == tracking:
            return NOTHING
        parcel["tracking"] = tracking
        return DONE

    def receive(self, parcel_id: int | None) -> str:
        return self._move(parcel_id, ("sent",), "received")

    def take_back(self, parcel_id: int | None) -> str:
        return self._move(parcel_id, ("sent", "received"), "returned")

    def _move(self, parcel_id: int | None, from_states: tuple[str, ...], state: str) -> str:
        if parcel_id is None and not self.parcels:
            return "not_shipped"
        if parcel_id is not None and not 1 <= parcel_id <= len(self.parcels):
            return "shipment_unknown"
        chosen = self.parcels if parcel_id is None else [self.parcels[parcel_id - 1]]
        moving = [parcel for parcel in chosen if parcel["state"] in from_states]
        for parcel in moving:
            parcel["state"] = state
            parcel["moved"] = self.now
            if state == "received" and self._passed(parcel["due"]):
                parcel["moved"] = parcel["due"]
        return DONE if moving else NOTHING

    def complete(self) -> str:
        if self.closed == "completed":
            return NOTHING
        if self.not_open() or not self.paid:
            return self.not_open() or "payment_required"
        self.receive(None)
        self.closed = "completed"
        return DONE

    def cancel(self) -> str:
        if self.closed == "cancelled":
            return NOTHING
        if self.not_open():
            return self.not_open()
        if self._paid("pending") or "pending" in [state for _, state in self.payments.values()]:
            return "payment_confirming"
        if self.captured != self.refunds_in("succeeded"):
            return "money_captured"
        self.closed = "cancelled"
        self.give_back_stock()
        return DONE

    def close_what_is_due(self) -> str:
        due = [kind for at, kind in self.deadlines() if at <= self.now]
        if "payment_timeout" in due:
            self.closed = "expired"
            self.give_back_stock()
        if "refund_window" in due:
            self.window_closed = True
        for number, parcel in enumerate(self.parcels, start=1):
            if self.parcel_state(parcel) != parcel["state"]:
                self.receive(number)
        return DONE if due else NOTHING

    def add_lines(self, lines: list[tuple[int, int]]) -> str:
        if self.not_unpaid():
            return self.not_unpaid()
        for ten_thousandths, quantity in lines:
            self.add_line(ten_thousandths, quantity)
        return DONE if lines else NOTHING

    def reprice(self, **prices: int) -> str:
        """New ``charges``, ``discounts`` or ``agreed``."""
        before = {name: getattr(self, name) for name in prices}
        if before == prices:
            return NOTHING
        if self.not_unpaid():
            return self.not_unpaid()
        self.set_prices(prices)
        if self.total < 0:
            self.set_prices(before)
            return "total_out_of_range"
        self.settle()
        return DONE

    def set_prices(self, prices: dict[str, int]) -> None:
        for name, amount in prices.items():
            setattr(self, name, amount)


# -- the machine ---------------------------------------------------------------------------------

PRICES: Final = st.one_of(st.sampled_from([0, 1, 50, 5000, 10_000]), st.integers(0, 500_000))
LINES: Final = st.lists(st.tuples(PRICES, st.integers(1, 4)), max_size=3)
AMOUNTS: Final = st.one_of(
    st.sampled_from(["all", "half", "all and more"]), st.integers(-1, 20_000)
)
TRANSACTIONS: Final = st.sampled_from(["T1", "T2", "T3", "T4"])
TEXTS: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
READABLE: Final = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\ufffd"),
    max_size=8,
)
TRACKING: Final = st.sampled_from(["", "", "SF1", "SF2"])
FACTS: Final = st.dictionaries(
    TEXTS, st.one_of(TEXTS, st.integers(-(2**70), 2**70), st.booleans(), st.none()), max_size=2
)
DETAILS: Final = st.builds(
    Details,
    customer=st.none() | st.builds(Contact, name=TEXTS, attributes=FACTS),
    shipping_address=st.none() | st.builds(Address, city=TEXTS, attributes=FACTS),
    customer_note=TEXTS,
    extensions=st.dictionaries(st.sampled_from(["marketplace", "bricklink"]), FACTS, max_size=2),
)


class OrderMachine(RuleBasedStateMachine):
    story: Story
    model: Model

    @initialize(
        lines=LINES,
        more_lines=st.sampled_from([0, 0, 0, 0, 0, 0, 60, 250]),
        currency=st.sampled_from(sorted(DIGITS)),
        payment_timeout=st.sampled_from([None, 60, 900, 900]),
        refund_window=st.sampled_from([None, 300, 3600, 3600]),
        auto_receive=st.sampled_from([None, 0, 600, 600]),
        charge=st.integers(0, 999),
        discount=st.integers(0, 2999),
        named=st.booleans(),
        age=st.sampled_from([0, 0, 0, 250, 30_000, 10**9, 7 * 10**11]),
        stock=st.dictionaries(st.sampled_from(["3001", "3002", "3003"]), st.integers(1, 5)),
    )
    def place(
        self,
        lines: list[tuple[int, int]],
        more_lines: int,
        currency: str,
        payment_timeout: int | None,
        refund_window: int | None,
        auto_receive: int | None,
        charge: int,
        discount: int,
        named: bool,
        age: int,
        stock: dict[str, int],
    ) -> None:
        """``age`` is for how many milliseconds it had existed elsewhere."""

        def milliseconds(seconds: int | None) -> int | None:
            return None if seconds is None else seconds * 1000

        self.model = Model(
            currency,
            payment_due=None if payment_timeout is None else payment_timeout * 1000 - age,
            now=-age,
            stock=dict(stock),
            refund_window=milliseconds(refund_window),
            auto_receive=milliseconds(auto_receive),
        )
        lines = lines + [(30_000, 1)] * more_lines
        for ten_thousandths, quantity in lines:
            self.model.add_line(ten_thousandths, quantity)
        self.model.charges = charge
        self.model.discounts = min(discount, self.model.total)
        if self.model.total == 0:
            self.model.settle()
        self.model.now = 0
        self.story = Story(
            *self.requests(lines),
            empty=not lines,
            currency=currency,
            terms=Terms(
                payment_timeout=payment_timeout,
                refund_window=refund_window,
                auto_receive=auto_receive,
            ),
            charges=self.charges(charge),
            discounts=self.discounts(self.model.discounts),
            references=(Reference("order", "marketplace:taobao", "TB1"),) if named else (),
            invoicing=Invoicing(seller=Seller(name="Company A"), number="R1-I"),
            created_at=NOON - timedelta(milliseconds=age) if age else None,
            stock=tuple(StockTaken(name, "", pieces) for name, pieces in stock.items()),
        )
        self.checked = 0
        self.paid_total: Money | None = None
        self.closed_as = ""

    def money(self, amount: int) -> Money:
        return Money(amount, self.model.currency)

    def requests(self, lines: list[tuple[int, int]]) -> list[LineRequest]:
        return [
            LineRequest(
                product_id=product(quantity),
                quantity=quantity,
                unit_price=UnitPrice(ten_thousandths, self.model.currency),
            )
            for ten_thousandths, quantity in lines
        ]

    def charges(self, amount: int) -> tuple[Charge, ...]:
        shown = Charge(kind=ChargeKind.TAX, amount=self.money(77), included=True)
        return (Charge(kind=ChargeKind.SHIPPING, amount=self.money(amount)), shown)

    def discounts(self, amount: int) -> tuple[Discount, ...]:
        return (Discount(amount=self.money(amount), code="WELCOME"),)

    def given(
        self,
        expected: str,
        command: Callable[Concatenate[Change, P], Any],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> list[str]:
        """Give a command, of which ``expected`` must come."""
        recorded: list[str] = []
        try:
            recorded = self.story.do(command, *args, **kwargs)
            came = DONE if recorded else NOTHING
        except Refused as refused:
            came = refused.reason
        except InvalidField as invalid:
            came = f"{invalid.field} {invalid.reason}"
        assert came == expected, recorded
        return recorded

    def amount_of(self, amount: str | int, whole: int) -> int:
        match amount:
            case "all":
                return whole
            case "half":
                return whole // 2
            case "all and more":
                return whole + 1
            case int():
                return amount
        raise AssertionError(amount)

    # -- time --

    @rule(milliseconds=st.integers(1, 60_000))
    def wait(self, milliseconds: int) -> None:
        self.model.now += milliseconds
        self.story.now = NOON + timedelta(milliseconds=self.model.now)

    @precondition(lambda self: self.model.deadlines())
    @rule(
        which=st.integers(0, 2),
        off_by=st.sampled_from([-1, 0]),
        then=st.sampled_from(["pay", "refund", "close"]),
    )
    def act_on_a_deadline(self, which: int, off_by: int, then: str) -> None:
        """At its very millisecond, or the one before."""
        deadlines = self.model.deadlines()
        at = deadlines[min(which, len(deadlines) - 1)][0] + off_by
        self.wait(max(1, at - self.model.now))
        match then:
            case "pay":
                self.capture_payment("T4", "all")
            case "refund":
                self.request_refund("", 1)
            case "close":
                self.close_what_is_due()

    # -- commands --

    @rule(lines=LINES)
    def add_lines(self, lines: list[tuple[int, int]]) -> None:
        expected = self.model.add_lines(lines)
        self.given(expected, commands.add_lines, self.requests(lines))

    @rule(details=DETAILS)
    def change_details(self, details: Details) -> None:
        expected = self.model.not_open() or DONE
        if details == self.story.order.details:
            expected = NOTHING
        self.given(expected, commands.change_details, details)

    @rule(charge=st.sampled_from([0, 5, 1000]), discount=st.integers(0, 30_000))
    def change_charges(self, charge: int, discount: int) -> None:
        expected = self.model.reprice(charges=charge, discounts=discount)
        recorded = self.given(
            expected, commands.change_charges, self.charges(charge), self.discounts(discount)
        )
        self.excess_is_flagged(recorded)

    @rule(amount=AMOUNTS)
    def agree_on_total(self, amount: str | int) -> None:
        total = self.amount_of(amount, self.model.total)
        expected = self.model.not_unpaid() or "total too_small"
        if total >= 0:
            expected = self.model.reprice(agreed=self.model.agreed + total - self.model.total)
        self.excess_is_flagged(self.given(expected, commands.agree_on_total, self.money(total)))

    def payment(self, transaction: str, amount: int) -> Payment:
        return Payment(
            id=0,
            provider="alipay",
            transaction_id=transaction,
            amount=self.money(amount),
            state=PaymentState.PENDING,
            created_at=NOON,
            updated_at=NOON,
            attributes={"installments": 3},
        )

    @rule(
        transaction=TRANSACTIONS,
        amount=AMOUNTS,
        due_in=st.one_of(st.none(), st.integers(1, 600_000)),
    )
    def start_payment(self, transaction: str, amount: str | int, due_in: int | None) -> None:
        sum_of_money = self.amount_of(amount, self.model.total)
        due = None if due_in is None else self.model.now + due_in
        expected = self.model.start_payment(transaction, sum_of_money, due)
        self.given(
            expected,
            commands.start_payment,
            self.payment(transaction, sum_of_money),
            None if due is None else NOON + timedelta(milliseconds=due),
        )

    @precondition(lambda self: not self.model.paid)
    @rule(transaction=TRANSACTIONS)
    def pay(self, transaction: str) -> None:
        """So that many orders get beyond it."""
        self.capture_payment(transaction, "all")

    @rule(transaction=TRANSACTIONS, amount=AMOUNTS)
    def capture_payment(self, transaction: str, amount: str | int) -> None:
        missing = max(0, self.model.total - self.model.held_for_the_sale)
        sum_of_money = self.amount_of(amount, missing)
        expected = self.model.capture(transaction, sum_of_money)
        recorded = self.given(
            expected, commands.capture_payment, self.payment(transaction, sum_of_money)
        )
        self.excess_is_flagged(recorded)

    def excess_is_flagged(self, recorded: list[str]) -> None:
        if recorded:
            excess = self.model.held_for_the_sale > self.model.total
            assert (recorded[-1] == "payment.overpaid") == excess

    @rule(transaction=TRANSACTIONS)
    def fail_payment(self, transaction: str) -> None:
        expected = self.model.fail_payment(transaction)
        self.given(expected, commands.fail_payment, "alipay", transaction, "no funds")

    @rule(transaction=st.sampled_from(["", "", "R1", "R2"]), amount=AMOUNTS)
    def request_refund(self, transaction: str, amount: str | int) -> None:
        sum_of_money = self.amount_of(amount, self.model.refundable)
        expected = self.model.refund(transaction, sum_of_money)
        self.given(
            expected,
            commands.request_refund,
            self.money(sum_of_money),
            provider="alipay",
            transaction_id=transaction,
        )

    @precondition(lambda self: self.model.refundable)
    @rule(amount=st.sampled_from(["all", "half"]))
    def refund(self, amount: str) -> None:
        """So that refunds are not as rare as what may be refunded."""
        self.request_refund("", amount)

    @precondition(lambda self: self.model.refunds)
    @rule(refund_id=st.integers(1, 3), failed=st.booleans())
    def settle_refund(self, refund_id: int, failed: bool) -> None:
        expected = self.model.settle_refund(refund_id, failed=failed)
        failure = "account closed" if failed else None
        self.given(expected, commands.settle_refund, refund_id, failure=failure)

    @rule(tracking=TRACKING)
    def ship_all(self, tracking: str) -> None:
        expected = self.model.ship(None, tracking)
        self.given(expected, commands.ship, carrier="SF", tracking_number=tracking)

    @rule(
        wanted=st.dictionaries(st.integers(1, 4), st.integers(0, 3), max_size=2), tracking=TRACKING
    )
    def ship_some(self, wanted: dict[int, int], tracking: str) -> None:
        expected = self.model.ship(wanted, tracking)
        parcel = [ShippedLine(line_id, pieces) for line_id, pieces in wanted.items()]
        self.given(expected, commands.ship, parcel, carrier="SF", tracking_number=tracking)

    @rule(parcel_id=st.none() | st.integers(1, 3))
    def receive(self, parcel_id: int | None) -> None:
        self.given(self.model.receive(parcel_id), commands.receive, parcel_id)

    @rule(parcel_id=st.none() | st.integers(1, 3))
    def take_back(self, parcel_id: int | None) -> None:
        self.given(self.model.take_back(parcel_id), commands.take_back, parcel_id)

    # Not too eagerly: there is more to see before the end.

    @rule(hesitate=st.integers(0, 3))
    def complete(self, hesitate: int) -> None:
        if not hesitate or not self.model.paid:
            self.given(self.model.complete(), commands.complete)

    @rule(hesitate=st.integers(0, 3))
    def cancel(self, hesitate: int) -> None:
        if not hesitate or self.model.captured:
            self.given(self.model.cancel(), commands.cancel, "changed his mind")

    @rule()
    def close_what_is_due(self) -> None:
        seen = self.story.seen
        self.given(self.model.close_what_is_due(), commands.close_what_is_due)
        written = self.story.order
        assert all(deadline.at > self.story.now for deadline in written.deadlines)
        assert written == replace(
            seen,
            version=written.version,
            updated_at=written.updated_at,
            refund_window_closed=written.refund_window_closed,
            stock_taken=written.stock_taken,
        ), "it wrote what was true already"

    @rule(mark=st.none() | st.sampled_from(SellerMark))
    def mark(self, mark: SellerMark | None) -> None:
        expected = NOTHING if mark == self.story.order.seller_mark else DONE
        self.given(expected, commands.mark, mark)

    @rule(text=READABLE)
    def add_note(self, text: str) -> None:
        self.given(DONE if text.strip() else "note blank", commands.add_note, text)

    @precondition(lambda self: self.model.parcels)
    @rule(parcel_id=st.integers(1, 3), tracking=TRACKING)
    def correct_shipment(self, parcel_id: int, tracking: str) -> None:
        before = self.story.seen.shipments
        expected = self.model.correct(parcel_id, tracking)
        self.given(expected, commands.correct_shipment, parcel_id, tracking_number=tracking)
        for parcel, known in zip(self.story.seen.shipments, before, strict=True):
            assert parcel == replace(
                known, tracking_number=parcel.tracking_number, updated_at=parcel.updated_at
            )

    @rule(is_filed=st.booleans())
    def file(self, is_filed: bool) -> None:
        expected = NOTHING if is_filed is self.story.order.is_filed else DONE
        self.given(expected, commands.file, is_filed)
        assert self.story.order.is_filed is is_filed

    @rule(text=READABLE)
    def remark(self, text: str) -> None:
        expected = NOTHING if text.strip() == self.story.order.remarks else DONE
        self.given(expected, commands.remark, text)

    @rule(body=READABLE)
    def add_message(self, body: str) -> None:
        def add(change: Change) -> None:
            commands.add_message(change, subject="", body=body, sender="kim", recipient="shop")

        self.given(DONE if body.strip() else "body blank", add)

    @rule(side=st.sampled_from(Party), rating=st.sampled_from(Rating))
    def give_feedback(self, side: Party, rating: Rating) -> None:
        known = self.story.order.feedback_on(side)
        expected = DONE if known is None else "feedback_given"
        if known is not None and known.rating is rating:
            expected = NOTHING
        names = {"sender": "kim", "recipient": "shop"}
        self.given(expected, commands.give_feedback, side, rating, **names)
        ids = [each.id for each in self.story.order.feedback]
        assert len(set(ids)) == len(ids) <= len(Party)

    @rule(side=st.sampled_from(Party), reply=st.sampled_from(["thanks", "sorry"]))
    def reply_to_feedback(self, side: Party, reply: str) -> None:
        known = self.story.order.feedback_on(side)
        expected = DONE if known else "no_feedback"
        if known and known.reply:
            expected = NOTHING if known.reply == reply else "feedback_replied"
        self.given(expected, commands.reply_to_feedback, side, reply)

    @rule()
    def thank(self) -> None:
        self.given(DONE, commands.thank)
        assert self.story.order.thanked_at == self.story.order.updated_at

    @rule(tags=st.lists(READABLE, max_size=2))
    def tag(self, tags: list[str]) -> None:
        wanted = tuple(dict.fromkeys(text.strip() for text in tags if text.strip()))
        expected = NOTHING if wanted == self.story.order.tags else DONE
        self.given(expected, commands.tag, tags)

    @rule(text=READABLE.filter(str.strip), behind=st.integers(1, 60_000))
    def add_note_by_a_clock_that_is_behind(self, text: str, behind: int) -> None:
        now = self.story.now
        self.story.now -= timedelta(milliseconds=behind)
        self.given(DONE, commands.add_note, text)
        self.story.now = now

    # -- what always holds --

    @invariant()
    def the_order_agrees_with_the_model(self) -> None:
        order, seen, model = self.story.order, self.story.seen, self.model
        assert seen.status == model.status
        assert order.status == (model.closed or "open")
        assert order.is_paid == model.paid
        assert order.total.amount == model.total
        assert order.captured.amount == model.captured
        assert order.refunded.amount == model.refunds_in("succeeded")
        assert order.refunds_pending.amount == model.refunds_in("requested")
        assert order.outstanding.amount == max(0, model.total - model.held_for_the_sale)
        assert order.excess.amount == max(0, model.held_for_the_sale - model.total)
        assert seen.refund_due.amount == model.refund_due
        assert order.unshipped() == model.unshipped
        assert [parcel.state for parcel in order.shipments] == [p["state"] for p in model.parcels]
        assert [parcel.state for parcel in seen.shipments] == [
            model.parcel_state(parcel) for parcel in model.parcels
        ]
        assert [
            (deadline.at - NOON) / timedelta(milliseconds=1) for deadline in order.deadlines
        ] == [at for at, _ in model.deadlines()]
        assert Counter(deadline.kind.value for deadline in order.deadlines) == Counter(
            kind for _, kind in model.deadlines()
        )

    @invariant()
    def no_money_is_made_or_lost(self) -> None:
        order = self.story.order
        held = order.captured - order.refunded - order.refunds_pending
        assert held.amount >= 0
        assert order.refundable == held
        assert self.story.seen.refund_due <= held
        assert order.outstanding.amount == 0 or order.excess.amount == 0
        assert order.total.amount >= 0

    @invariant()
    def its_end_is_one_of_them_and_final(self) -> None:
        happened = Counter(entry.event.TYPE for entry in self.story.history)
        assert happened["order.paid"] + happened["order.expired"] <= 1
        ends = ("order.completed", "order.cancelled", "order.expired")
        assert sum(happened[end] for end in ends) <= 1
        order = self.story.order
        if self.closed_as:
            assert self.story.seen.status == order.status == self.closed_as
        elif order.status.is_closed:
            self.closed_as = order.status.value

    @invariant()
    def it_has_an_invoice_from_the_moment_on_in_which_it_was_paid(self) -> None:
        order = self.story.order
        assert [invoice.issued_at for invoice in order.invoices] == (
            [order.paid_at] if order.paid_at else []
        )

    @invariant()
    def what_it_took_from_the_stock_and_has_not_given_back_is_what_it_holds(self) -> None:
        level: Counter[str] = Counter()
        for entry in self.story.history:
            for taken in getattr(entry.event, "stock", ()):
                level[taken.product_id] += taken.quantity
            for taken in getattr(entry.event, "stock_returned", ()):
                assert taken.quantity > 0
                level[taken.product_id] -= taken.quantity
        held = {taken.product_id: taken.quantity for taken in self.story.order.stock_taken}
        assert held == +level == self.model.stock

    @invariant()
    def its_times_never_go_back(self) -> None:
        times = [entry.at for entry in self.story.history]
        assert times == sorted(times)
        assert (self.story.order.created_at, self.story.order.updated_at) == (times[0], times[-1])

    @invariant()
    def the_price_of_a_paid_order_is_fixed(self) -> None:
        order = self.story.order
        if self.paid_total is not None:
            assert order.total == self.paid_total
        elif order.is_paid:
            self.paid_total = order.total

    @invariant()
    def its_history_is_the_order(self) -> None:
        story = self.story
        assert story.order.version == len(story.history)
        assert [entry.sequence for entry in story.history] == [*range(1, len(story.history) + 1)]
        assert Order.replay("demo", story.order.id, story.history) == story.order

    @invariant()
    def storing_it_changes_nothing(self) -> None:
        order = self.story.order
        assert decode(encode(order), Order) == order
        chunks = items.chunks(order.lines)
        written = [
            items.header(order, due_shards=4),
            *(items.lines_chunk(order, sk, lines) for sk, lines in sorted(chunks.items())),
        ]
        assert items.order(written) == order
        assert ("due_sk" in written[0]) == bool(order.deadlines)
        for entry in self.story.history[self.checked :]:
            assert [e for i in items.events(order, [entry]) for e in items.recorded(i)] == [entry]
            assert decode(encode(entry.event), type(entry.event)) == entry.event
        self.checked = len(self.story.history)

    def teardown(self) -> None:
        """What was stored, and nothing else, yields the order again."""
        if hasattr(self, "story"):
            order = self.story.order
            stored = items.events(order, self.story.history)
            read = [entry for item in stored for entry in items.recorded(item)]
            assert Order.replay("demo", order.id, read) == order


TestOrderMachine = OrderMachine.TestCase
TestOrderMachine.settings = examples(150, steps=50)
