"""From requests to what the core is asked to do."""

from typing import Final

from orderhub.domain.details import Actor, Address, Details
from orderhub.domain.errors import NotFound
from orderhub.domain.invoice import Invoicing, Seller
from orderhub.domain.lines import Attributes
from orderhub.domain.order import Order, window_end
from orderhub.domain.payment import PaymentState
from orderhub.domain.people import Salesperson, User
from orderhub.domain.shop import WIRES, Shop
from orderhub.services.bind_consumer import bound_user_id
from orderhub.services.desk import Desk, Permit, anything_goes
from orderhub.services.identify import identify_salesperson
from orderhub.services.number_orders import dated_numbers
from orderhub.services.payment_link import LinkRequest
from orderhub.services.place_cart_order import CartOrder
from orderhub.services.record_payment import ReceivedPayment
from orderhub.services.refund_order import WantedRefund
from orderhub.wire.contract import OpenRequest, Problem, Request, Unprocessable
from orderhub.wire.fields import parse
from orderhub.wire.statuses import Refuse, State

from . import status
from .api import WIRE
from .errors import INVALID_PAYMENT, REFUND_EXPIRED, Forbids, ForeignOrder, RepeatedTransaction
from .schema import (
    BY_CARD,
    CreateForm,
    EditForm,
    ListForm,
    OrderForm,
    PaymentType,
    PayPalForm,
    TransactionForm,
)
from .status import Endpoint

ORDER_SUFFIX: Final = "OD"
INVOICE_SUFFIX: Final = "IN"
LONGEST_LIST: Final = 500
"""The document's list has no end, an answer has one. Older orders follow by ``before``."""
TERMINAL: Final = "payworks"
"""The card terminal's naming of transactions."""
TILL: Final = "till"
"""Whose word is taken for money that has no transaction: cash."""

_METHODS: Final = {
    PaymentType.CASH: "cash",
    PaymentType.CASH_CONSUMER_APP: "cash",
    PaymentType.CREDIT_CARD: "credit_card",
    PaymentType.CREDIT_CARD_CONSUMER_APP: "credit_card",
    PaymentType.PAYPAL: "paypal",
}
"""``type`` → the core's payment method."""


# -- what requests say -------------------------------------------------------------------------


def listing(request: Request) -> ListForm:
    return parse(ListForm, request.body)


def order_number(request: Request) -> str:
    """Of a body that names an order."""
    return parse(OrderForm, request.body).order_number


def order_in_path(request: Request) -> str:
    return request.path["order_number"]


def invoice_in_path(request: Request) -> str:
    return request.path["invoice_number"]


def link_token(request: OpenRequest) -> str:
    return request.path["token"]


def transaction(request: Request) -> TransactionForm:
    return parse(TransactionForm, request.body)


def paypal(request: Request) -> PayPalForm:
    return parse(PayPalForm, request.body)


def creation(request: Request) -> CreateForm:
    return parse(CreateForm, request.body)


def billing_address(request: Request) -> Address:
    """``order/edit``; all that is wrong with the form at once."""
    given = parse(EditForm, request.body).billing_address
    return Address(
        given_name=given.given_name,
        family_name=given.family_name,
        phone=given.phone,
        email=given.email,
        line1=given.street,
        line2=given.street2,
        city=given.city,
        province=given.state,
        postal_code=given.code,
        country=given.country,
        attributes={"title": given.title},
    )


# -- what they ask for ---------------------------------------------------------------------------


def actor(user: User) -> Actor:
    return Actor(WIRE, str(user.id), user.full_name)


def cart_order(desk: Desk, request: Request, form: CreateForm, seller: Salesperson) -> CartOrder:
    """``create``: the cart, sold by ``seller`` for their company."""
    user, company = seller.user, seller.company
    return CartOrder(
        cart_id=form.cart_id,
        wire=WIRE,
        terms=request.shop.terms_for(WIRE),
        details=Details(
            payment_method=_METHODS[form.type],
            extensions={
                WIRE: {
                    "agent_id": user.id,
                    "agent_given_name": user.given_name,
                    "agent_family_name": user.family_name,
                    "agent_email": user.email,
                    "retailer_id": company.id,
                    "retailer_name": company.name,
                    "cart_id": form.cart_id,
                    "payment_type": form.type.value,
                }
            },
        ),
        number_of=dated_numbers(
            desk, request.shop.timezone, prefix=company.code, suffix=ORDER_SUFFIX
        ),
        invoicing=Invoicing(
            seller=Seller(id=str(company.id), name=company.name, address=company.address)
        ),
        invoice_number_of=lambda number: number.removesuffix(ORDER_SUFFIX) + INVOICE_SUFFIX,
    )


def link(request: Request, form: PayPalForm, seller: Salesperson) -> LinkRequest:
    """``paypal/send``: the link leads to a page where its holder can pay."""
    return LinkRequest(
        email=form.email,
        seller=seller.company.name,
        page_url=f"{request.base_url}/pay/{{token}}",
    )


def received(form: TransactionForm, order: Order) -> ReceivedPayment:
    """``payment``: all that is still to be paid.

    What a card paid has a transaction. Raises :class:`Unprocessable` without one.
    """
    _require_transaction(form, order)
    return ReceivedPayment(
        provider=TERMINAL if form.transaction_id else TILL,
        transaction_id=form.transaction_id,
        method=order.details.payment_method,
    )


def refund(form: TransactionForm, order: Order, shop: Shop) -> WantedRefund:
    """``refund``: what a till or another system took, it gave back before it told us; what a
    payment provider took is the provider's to give back.

    The transaction is the payment's, or the refund's own in shops that trust their terminals.
    Raises :class:`Unprocessable`.
    """
    _require_transaction(form, order)
    return WantedRefund(
        transaction_id=form.transaction_id,
        new_by=TERMINAL if shop.trusts_terminal and payment_type(order) in BY_CARD else "",
        is_settled=_is_told_afterwards,
    )


def _is_told_afterwards(order: Order) -> bool:
    """Whether no payment provider has any of the order's money to give back."""
    told = (TERMINAL, TILL, *WIRES)
    return all(
        payment.provider in told
        for payment in order.payments
        if payment.state is PaymentState.CAPTURED
    )


def _require_transaction(form: TransactionForm, order: Order) -> None:
    if not form.transaction_id and payment_type(order) in BY_CARD:
        raise Unprocessable(Problem("transaction_id", "blank"))


# -- what may be asked ---------------------------------------------------------------------------


def facts(order: Order) -> Attributes:
    """What only this API knows of an order."""
    return order.details.extensions.get(WIRE, {})


def payment_type(order: Order) -> str:
    """The document's word, or what another system called it; empty when nobody has said."""
    told = facts(order).get("payment_type")
    return str(told) if told else order.details.payment_method


def retailer_id(order: Order) -> object:
    """The company that sold it; ``None`` for what came by another API."""
    return facts(order).get("retailer_id")


def sellers(seller: Salesperson) -> tuple[str, ...]:
    """Whose orders the list of ``seller``'s company has: see :func:`is_retailers`."""
    return str(seller.company.id), ""


def is_retailers(order: Order, seller: Salesperson) -> bool:
    """Whether the salesperson's company may sell this order. What came by another API is no
    company's in particular, and so every company's."""
    return retailer_id(order) in (None, seller.company.id)


def permit(endpoint: Endpoint, seller: Salesperson, *, besides: Permit = anything_goes) -> Permit:
    """That ``seller`` may ask ``endpoint`` of an order as it stands; ``besides`` is asked before
    its state, as the document lists its errors."""

    def require(order: Order) -> None:
        require_own(order, seller)
        besides(order)
        require_state(endpoint, order)

    return require


def refund_permit(endpoint: Endpoint, seller: Salesperson, request: Request) -> Permit:
    """As :func:`permit`, for refunds and the question whether there could be one: an order that
    another API's windows leave refundable for ever has this API's, from its payment on."""
    usual = permit(endpoint, seller)
    window = request.shop.terms_for(WIRE).refund_window

    def require(order: Order) -> None:
        usual(order)
        if order.paid_at and order.refundable_until is None:
            end = window_end(order.paid_at, window)
            if end is not None and end <= request.now:
                raise Forbids(REFUND_EXPIRED)

    return require


def require_own(order: Order, seller: Salesperson) -> None:
    """A salesperson of an order is its agent, or whoever may sell for its company.

    Raises :class:`NotFound` for others, and :class:`ForeignOrder` when another company sold it.
    """
    is_agent = facts(order).get("agent_id") == seller.user.id
    if not (is_agent or seller.membership.may_sell):
        raise NotFound("order", order.number)
    if not is_retailers(order, seller):
        raise ForeignOrder


def require_reader(desk: Desk, request: Request, order: Order, user: User) -> None:
    """That ``user`` may read the order's papers: its consumer may, and its salespeople.

    Raises what :func:`require_own` and :func:`identify_salesperson` raise.
    """
    if bound_user_id(order) != user.id:
        require_own(order, identify_salesperson(desk, request.principal))


def require_state(endpoint: Endpoint, order: Order) -> None:
    """That ``endpoint`` may be asked of an order as it stands: ``status.REQUESTS`` says."""
    meaning = status.REQUESTS.meaning(endpoint, State.of(order))
    if isinstance(meaning, Refuse):
        raise Forbids(meaning.reason)


def consumers(endpoint: Endpoint) -> Permit:
    """As :func:`require_state`, for requests of consumers."""
    return lambda order: require_state(endpoint, order)


def not_yet_by(form: TransactionForm) -> Permit:
    """A transaction that paid this very order is ``repeated`` before it is ``paid``."""

    def require(order: Order) -> None:
        transactions = {payment.transaction_id for payment in order.payments}
        if form.transaction_id and form.transaction_id in transactions:
            raise RepeatedTransaction

    return require


def by_paypal(order: Order) -> None:
    """That the order is to be paid by PayPal."""
    if payment_type(order) not in (PaymentType.PAYPAL, _METHODS[PaymentType.PAYPAL]):
        raise Forbids(INVALID_PAYMENT)
