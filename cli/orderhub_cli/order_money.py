"""``orderhub order pay``, ``accept-payment``, ``refund``, ``reprice`` and ``costs``: an order's
money, where no other system tells of it."""

from decimal import Decimal
from typing import Annotated, Final

import typer

from orderhub.domain.commands import Change
from orderhub.domain.order import Order
from orderhub.domain.payment import PaymentState
from orderhub.domain.payment_account import PROVIDERS
from orderhub.domain.refund import Refund, RefundedLine, RefundState
from orderhub.services.accept_payment import accept_payment
from orderhub.services.agree_on_total import agree_on_total
from orderhub.services.change_costs import Costs, change_costs
from orderhub.services.record_payment import ReceivedPayment, record_payment
from orderhub.services.record_refund import GivenBack, record_refund
from orderhub_cli.arguments import AsJson, OrderName, ShopId, amount, shipped_line, understood
from orderhub_cli.connection import connected_for_writing
from orderhub_cli.console import print_done, print_note
from orderhub_cli.help import examples
from orderhub_cli.order_changes import operator, print_change
from orderhub_cli.orders import find

app = typer.Typer()

BY_HAND: Final = "manual"
"""The provider of money that none carried: cash, a transfer to the shop's own account."""

_Amount = Annotated[
    str | None, typer.Option(metavar="AMOUNT", help="Like 12.50, in the order's currency.")
]


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub order pay demo R4273491837312 --method cash",
        "orderhub order pay demo R4273491837312 --method 'bank transfer' --amount 50.00 "
        "--transaction 2026-11-22/17",
    ),
)
def pay(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    method: Annotated[str, typer.Option(help="How it was paid, as it is to be shown.")],
    paid: Annotated[
        str | None,
        typer.Option(
            "--amount",
            metavar="AMOUNT",
            help="Like 12.50; needs --transaction.",
            show_default="all that is outstanding",
        ),
    ] = None,
    transaction: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="The bank's name for it, or a receipt's number. The same again records nothing.",
        ),
    ] = "",
    provider: Annotated[
        str, typer.Option(metavar="NAME", help="Who carried the money, if anybody did.")
    ] = BY_HAND,
    as_json: AsJson = False,
) -> None:
    """Record money that came in: cash, a bank transfer, a card terminal of your own.

    Providers that report payments by themselves need none of this. An order that is paid is left
    as it is; what is more than it costs is kept and flagged.
    """
    received = None if paid is None else understood("--amount", lambda: amount(paid))
    if received is not None and not transaction:
        message = "it needs --transaction, so that a repeat can be told from another payment"
        raise typer.BadParameter(message, param_hint="'--amount'")
    at = connected_for_writing(context)
    order = find(at, shop_id, name)
    if received is None and order.is_paid:
        # Whoever pays what is outstanding twice has paid once.
        change = Change(order, at.desk.clock.now(), operator())
    else:
        payment = ReceivedPayment(
            provider=provider, transaction_id=transaction, amount=received, method=method
        )
        change = record_payment(at.desk, order, payment, operator())
    if as_json:
        print_change(change)
        return
    number = change.order.number
    if change.recorded:
        print_done(f"Recorded {change.order.payments[-1].amount} for order {number}.")
    else:
        what = "is paid" if change.order.is_paid else "has that payment"
        print_done(f"Order {number} {what} already: nothing was changed.")
    _print_money(change.visible)


@app.command(
    "accept-payment",
    no_args_is_help=True,
    epilog=examples("orderhub order accept-payment demo R4273491837312 --payment 2"),
)
def accept(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    payment_id: Annotated[
        int, typer.Option("--payment", min=1, help="The payment's number in 'order show'.")
    ],
    as_json: AsJson = False,
) -> None:
    """Take held money for the order after all.

    A provider captured another amount than was due, so the payment is held and pays for nothing.
    Once accepted it counts: the order is paid if that is enough, what is too much is flagged.
    Otherwise give the money back at the provider, which reports that.
    """
    at = connected_for_writing(context)
    change = accept_payment(at.desk, find(at, shop_id, name), payment_id, operator())
    if as_json:
        print_change(change)
        return
    order = change.visible
    payment = next(p for p in order.payments if p.id == payment_id)
    if not change.recorded:
        print_done(f"Payment {payment_id} of order {order.number} counts already.")
    elif payment.state is PaymentState.CAPTURED:
        print_done(f"Payment {payment_id} of order {order.number}, {payment.amount}, counts now.")
    _print_money(order)


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub order refund demo R4273491837312 --reason 'came back chipped'",
        "orderhub order refund demo R4273491837312 --amount 12.50 --transaction receipt-18 "
        "--line 1=2",
        "orderhub order refund demo R4273491837312 --payment 1 --pending",
    ),
)
def refund(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    given: Annotated[
        str | None,
        typer.Option(
            "--amount",
            metavar="AMOUNT",
            help="Like 12.50; needs --transaction.",
            show_default="all that can go back",
        ),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why it goes back.")] = "",
    transaction: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="The refund's own name, or a receipt's number. The same again records nothing.",
        ),
    ] = "",
    payment_id: Annotated[
        int | None,
        typer.Option(
            "--payment", metavar="NUMBER", help="Of which payment, as 'order show' counts.", min=1
        ),
    ] = None,
    line: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LINE=PIECES", help="What it is for: a line and pieces of it; repeatable."
        ),
    ] = None,
    is_settled: Annotated[
        bool | None,
        typer.Option(
            "--done/--pending",
            help="Whether the money went back, or its provider is yet to tell.",
            show_default="pending where a provider has the money",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Record money that goes back: in whole, or in part.

    No provider is asked to give anything back: do that there. What it took it reports by itself,
    so the refund waits for that report unless --done says that it went back.
    """
    wanted = None if given is None else understood("--amount", lambda: amount(given))
    if wanted is not None and not transaction:
        message = "it needs --transaction, so that a repeat can be told from another refund"
        raise typer.BadParameter(message, param_hint="'--amount'")
    lines = understood("--line", lambda: [RefundedLine(*shipped_line(text)) for text in line or ()])
    at = connected_for_writing(context)
    order = find(at, shop_id, name)
    settled = not _has_provider(order, payment_id) if is_settled is None else is_settled
    change = record_refund(
        at.desk,
        order,
        GivenBack(
            amount=wanted,
            provider=BY_HAND,
            transaction_id=transaction,
            reason=reason,
            payment_id=payment_id,
            lines=lines,
            is_settled=settled,
        ),
        operator(),
    )
    made = _refund_made(change.order, order, transaction)
    if as_json:
        print_change(change, refund=made)
        return
    number = change.order.number
    if not change.recorded:
        print_done(f"Order {number} has that refund already: nothing was changed.")
    elif made.state is RefundState.SUCCEEDED:
        print_done(f"Recorded that {made.amount} of order {number} went back.")
    else:
        print_done(f"Recorded that {made.amount} of order {number} is to go back.")
        print_note("Give it back at the provider, whose report settles it.")
        if transaction:
            print_note("If no report comes: the same once more, with --done.")
    left = change.visible.refundable
    print_note(f"{left} can still go back." if left else "Nothing is left to go back.")


def _has_provider(order: Order, payment_id: int | None) -> bool:
    """Whether a provider that reports by itself has any of the money that may be meant."""
    return any(
        payment.provider in PROVIDERS
        for payment in order.payments
        if payment.state is PaymentState.CAPTURED and payment_id in (None, payment.id)
    )


def _refund_made(after: Order, before: Order, transaction: str) -> Refund:
    """The one that was recorded, or was known by that name."""
    if transaction and len(after.refunds) == len(before.refunds):
        return next(each for each in after.refunds if each.transaction_id == transaction)
    return after.refunds[-1]


@app.command(
    no_args_is_help=True,
    epilog=examples("orderhub order reprice demo R4273491837312 --total 95.00"),
)
def reprice(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    total: Annotated[str, typer.Option(metavar="AMOUNT", help="What the buyer has to pay in all.")],
    as_json: AsJson = False,
) -> None:
    """Agree on another price for an unpaid order, whatever its parts sum up to."""
    wanted = understood("--total", lambda: amount(total))
    at = connected_for_writing(context)
    change = agree_on_total(at.desk, find(at, shop_id, name), wanted, operator())
    if as_json:
        print_change(change)
        return
    already = "" if change.recorded else " already"
    print_done(f"Order {change.order.number} costs {change.order.total}{already}.")
    _print_money(change.visible)


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub order costs demo R4273491837312 --shipping 3.50",
        "orderhub order costs demo R4273491837312 --insurance 0 --credit 5.00",
    ),
)
def costs(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    shipping: _Amount = None,
    insurance: _Amount = None,
    etc1: _Amount = None,
    etc2: _Amount = None,
    credit: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="What you take off, like 5.00.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set what an unpaid order costs beside its lines; sales tax follows. 0 removes a cost.

    What is not given stays. Once the order is paid nothing changes any more.
    """
    texts = {
        "shipping": shipping,
        "insurance": insurance,
        "etc1": etc1,
        "etc2": etc2,
        "credit": credit,
    }
    given = {cost: _cost(cost, text) for cost, text in texts.items() if text is not None}
    if not given:
        raise typer.BadParameter("give one cost at least", ctx=context)
    at = connected_for_writing(context)
    order = find(at, shop_id, name)
    change = change_costs(at.desk, order, Costs(**given), operator())
    if as_json:
        print_change(change)
        return
    if change.recorded:
        print_done(f"Order {order.number} costs {change.order.total} now.")
    else:
        why = "it is paid or closed" if _is_over(change.visible) else "it had these costs"
        print_done(f"Nothing was changed on order {order.number}: {why}.")
    _print_money(change.visible)


def _cost(name: str, text: str) -> Decimal:
    return understood(f"--{name}", lambda: amount(text))


def _is_over(order: Order) -> bool:
    return order.is_paid or order.status.is_closed


def _print_money(order: Order) -> None:
    if order.outstanding and not order.status.is_closed:
        print_note(f"Not paid: {order.outstanding} outstanding.")
    if order.excess:
        print_note(f"{order.excess} more than it costs.")
