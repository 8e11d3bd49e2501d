"""From orders to this API's answers. ``docs/apis/brandcloud.md`` lists their fields.

Amounts are JSON numbers, exact; times are whole seconds since 1970.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Final, Literal

from orderhub.domain.details import Actor, Address
from orderhub.domain.events import OrderCancelled, OrderExpired, Recorded, RefundRequested
from orderhub.domain.lines import Attributes, Line
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.payment import PaymentState
from orderhub.domain.people import COVER_IMAGE_SIZES, Company, Salesperson, User
from orderhub.domain.refund import RefundState
from orderhub.domain.status import OrderStatus
from orderhub.services.catalogue_lines import PRODUCT_NUMBER
from orderhub.services.invoices import InvoiceDocument
from orderhub.services.payment_link import Failure, RefusedBy, TransactionResult
from orderhub.services.place_order import Placed
from orderhub.wire.contract import Response
from orderhub.wire.statuses import State

from . import status
from .api import WIRE
from .errors import REPEAT, failure
from .inbound import facts, payment_type
from .schema import WITHOUT_QRCODE
from .status import OrderWord, PaymentWord, TransactionWord

if TYPE_CHECKING:
    from . import answers

_Words = tuple[OrderWord, PaymentWord]

_DIGITS: Final = re.compile("[0-9]{1,100}")
"""More are no id of anybody's, and thousands are no number that can be written."""

REQUEST_TIMEOUT: Final = "request timeout"
"""The history's comment on an order that was not paid in time."""

_REFUSED_BY: Final[dict[RefusedBy, Literal["Server", "PayPal"]]] = {
    RefusedBy.US: "Server",
    RefusedBy.PROVIDER: "PayPal",
}


# -- answers -------------------------------------------------------------------------------------


def nothing(order: Order) -> Response:
    """Where the document says that nothing is returned: an empty object."""
    body: answers.Nothing = {}
    return Response(200, body, about=_about(order))


def orders(found: Iterable[Order], seller: Salesperson, now: datetime) -> Response:
    """The list, newest first."""
    body: answers.Orders = {"orders": [_listed(order.as_of(now), seller) for order in found]}
    return Response(200, body)


def created(placed: Placed, qr_code: Callable[[str], str], base_url: str) -> Response:
    """The new order; or, as an error that says as much, the one that the cart became before."""
    order = placed.order
    is_scanned = payment_type(order) not in WITHOUT_QRCODE
    facts_told: answers.CreatedOrder = {
        "order_number": order.number,
        "payment_method": payment_type(order),
        "qrcode": qr_code(order_url(base_url, order)) if is_scanned else None,
    }
    response = Response(200, facts_told) if placed.is_new else failure(REPEAT, **facts_told)
    return Response(response.status, response.body, about=_about(order))


def order_url(base_url: str, order: Order) -> str:
    """What a QR code says: where the consumer's app finds the order."""
    return f"{base_url}/order/{order.number}/detail"


def detail(
    order: Order, history: Sequence[Recorded], seller: Salesperson, base_url: str, now: datetime
) -> Response:
    """All of an order as of ``now``. What is not known is ``null``."""
    seen = order.as_of(now)
    address = seen.details
    body: answers.OrderDetail = {
        **_listed(seen, seller),
        "payment_method": payment_type(seen) or None,
        "transaction_id": _transaction_id(seen) or None,
        "products": [_product(line, seen, seller.company) for line in seen.lines],
        "histories": _histories(seen, history, seller.user),
        "shipping_address": _address(address.shipping_address),
        "billing_address": _address(address.billing_address),
        "invoices": _invoices(seen, base_url),
    }
    return Response(200, body, about=_about(seen))


def partial_detail(order: Order, retailer: Company | None, shop_name: str) -> Response:
    """What a consumer sees of an order before paying it."""
    state = State.of(order)
    total = _number(order.total)
    saved = _number(_saved(order))
    body: answers.PartialDetail = {
        "number": order.number,
        "currency": order.currency,
        "subtotal": total + saved,
        "total_discount": saved,
        "total": total,
        "order_status": status.ORDER_STATUS.word(state),
        "payment_status": status.PAYMENT_STATUS.word(state),
        "payment_method": payment_type(order) or None,
        "retailer": _shown_retailer(order, retailer, shop_name),
        "products": [_offered(line, order, retailer) for line in order.lines],
    }
    return Response(200, body, about=_about(order))


def result(found: TransactionResult) -> Response:
    """What came of a payment link."""
    return Response(200, _came_of(found), about=_about(found.order))


def _came_of(found: TransactionResult) -> "answers.TransactionResult":
    date = _seconds(found.at)
    word = status.TRANSACTION_STATUS.words[found.outcome]
    if word is TransactionWord.SUCCESS:
        return {"date": date, "status": word, "order": _paid(found)}
    if word is TransactionWord.FAIL and found.failure:
        return {"date": date, "status": word, "fail": _fail(found.failure)}
    return {"date": date, "status": TransactionWord.INFO}


def _fail(failure: Failure) -> "answers.Fail":
    return {
        "refused_by": _REFUSED_BY[failure.refused_by],
        "code": failure.code,
        "description": failure.description,
    }


def _paid(found: TransactionResult) -> "answers.PaidOrder":
    order, payment = found.order, found.payment
    return {
        "number": order.number,
        "payment_method": payment_type(order),
        "transaction": payment.transaction_id if payment else "",
        "currency": order.currency,
        "total": _number(order.total),
        "retailer": _text(facts(order), "retailer_name") or found.seller,
        "payer": (payment.payer if payment else "") or found.email,
    }


def invoice(order: Order, document: InvoiceDocument) -> Response:
    """The file itself, to be shown or saved."""
    headers = {
        "content-type": "application/pdf",
        "content-disposition": f'inline; filename="{document.filename}"',
    }
    return Response(200, document.content, headers, _about(order))


def person(order: Order, user: User) -> Response:
    """Whom the order is bound to."""
    address = user.default_address or Address()
    body: answers.Consumer = {
        "profile": {
            "given_name": user.given_name,
            "family_name": user.family_name,
            "title": user.title,
            "phone": user.phone,
        },
        "default_address": {
            "street": _street(address),
            "city": address.city or address.city_code,
            "state": address.province or address.province_code,
            "code": address.postal_code,
            "country": address.country or address.country_code,
        },
    }
    return Response(200, body, about=_about(order))


def _about(order: Order) -> dict[str, object]:
    return {"order_id": order.id, "version": order.version}


# -- the order -----------------------------------------------------------------------------------


def _listed(order: Order, seller: Salesperson) -> "answers.OrderSummary":
    """The fields of the list, with the types of its table: text that is not known is empty."""
    state = State.of(order)
    return {
        "number": order.number,
        "currency": order.currency,
        "total": _number(order.total),
        "order_status": status.ORDER_STATUS.word(state),
        "payment_status": status.PAYMENT_STATUS.word(state),
        "payment_method": payment_type(order),
        "transaction_id": _transaction_id(order),
        "create_at": _seconds(order.created_at),
        "refund_at": _refunded_at(order),
        "retailer": _retailer(order, seller.company),
        "agent": _agent(order),
    }


def _retailer(order: Order, company: Company) -> "answers.Retailer":
    """Who sold it, as it was then; what came by another API is the company's that looks."""
    known = facts(order)
    if "retailer_id" not in known:
        return {"id": company.id, "name": company.name}
    return {"id": _integer(known["retailer_id"]), "name": _text(known, "retailer_name")}


def _agent(order: Order) -> "answers.Agent":
    """Nobody (0 and empty names) for what came by another API."""
    known = facts(order)
    return {
        "id": _integer(known.get("agent_id")),
        "given_name": _text(known, "agent_given_name"),
        "family_name": _text(known, "agent_family_name"),
        "email": _text(known, "agent_email"),
    }


def _transaction_id(order: Order) -> str:
    """Of the first payment that has one."""
    for payment in order.payments:
        if payment.state is PaymentState.CAPTURED and payment.transaction_id:
            return payment.transaction_id
    return ""


def _refunded_at(order: Order) -> int | None:
    times = [r.updated_at for r in order.refunds if r.state is RefundState.SUCCEEDED]
    return _seconds(max(times)) if times else None


def _address(address: Address | None) -> "answers.Address":
    known = address or Address()
    title = known.attributes.get("title")
    return {
        "title": title if type(title) is int else None,
        "given_name": known.given_name or known.full_name or None,
        "family_name": known.family_name or None,
        "phone": known.phone or None,
        "email": known.email or None,
        "street": _street(known) or None,
        "city": known.city or known.city_code or None,
        "state": known.province or known.province_code or None,
        "code": known.postal_code or None,
        "country": known.country or known.country_code or None,
    }


def _invoices(order: Order, base_url: str) -> "list[answers.Invoice]":
    return [
        {
            "number": invoice.number,
            "brand": {"id": _integer(invoice.seller.id), "name": invoice.seller.name},
            "create_at": _seconds(invoice.issued_at),
            "comment": order.number,
            "download": f"{base_url}/order/{order.number}/invoice/{invoice.number}/download",
        }
        for invoice in order.invoices
    ]


def _street(address: Address) -> str:
    return ", ".join(part for part in (address.line1, address.line2) if part)


# -- products ------------------------------------------------------------------------------------


def _product(line: Line, order: Order, company: Company) -> "answers.Product":
    variant = _variant(line)
    return {
        **_sold(line, order, company),
        "variants": [variant] if variant else [],
        "product_status": status.PRODUCT_STATUS.word(State.of(order)),
    }


def _offered(line: Line, order: Order, company: Company | None) -> "answers.OfferedProduct":
    """As :func:`_product`, for the consumer: one variant, with its picture."""
    variant = _variant(line) or {"id": "", "name": ""}
    return {
        **_sold(line, order, company),
        "variant": {**variant, "cover_img": _cover(_line_images(line))},
        "selling_price": Decimal(line.unit_price.decimal_text),
    }


def _sold(line: Line, order: Order, company: Company | None) -> "answers.Sold":
    """What ``products`` has everywhere. Prices are per piece; ``discount_price`` is what is taken
    off: in the document's example 100 less 85 sells at 15.

    The document's product is one piece, so it has no quantity; a line of several says so in a
    field of ours.
    """
    known, seller = line.attributes, facts(order)
    company_id = known.get("company_id", seller.get("retailer_id"))
    company_name = (
        _text(known, "company_name") if "company_name" in known else _text(seller, "retailer_name")
    )
    if company_id is None and company is not None:
        company_id, company_name = company.id, company.name
    sold_at = Decimal(line.unit_price.decimal_text)
    price = Decimal(line.list_price.decimal_text) if line.list_price else sold_at
    sold: answers.Sold = {
        "number": _text(known, PRODUCT_NUMBER) or line.product_id,
        "company": {"id": _id(company_id), "name": company_name},
        "item": {
            "id": _integer(known.get("item_id", line.product_id)),
            "number": _text(known, "item_number") or line.sku or line.product_id,
            "name": _text(known, "item_name") or line.name,
        },
        "price": max(price, sold_at),
        "discount_price": max(price - sold_at, Decimal(0)),
    }
    if line.quantity != 1:
        sold["quantity"] = line.quantity
    return sold


def _variant(line: Line) -> "answers.Variant | None":
    if not line.variant_id:
        return None
    return {"id": _id(line.variant_id), "name": line.options or line.name}


def _saved(order: Order) -> Money:
    """All that the buyer need not pay: the products' own discounts and the order's."""
    saved = order.discount_total
    for line in order.lines:
        if line.list_price:
            off = line.list_price.times(line.quantity) - line.total
            saved += max(off, Money.zero(order.currency))
    if order.price_adjustment is not None and order.price_adjustment.amount < 0:
        saved -= order.price_adjustment
    return saved


def _line_images(line: Line) -> dict[str, str]:
    """By size; one picture serves for all sizes that the product has none of its own for."""
    return {
        size: url
        for size in COVER_IMAGE_SIZES
        if (url := _text(line.attributes, f"cover_{size}") or line.image_url)
    }


def _shown_retailer(
    order: Order, retailer: Company | None, shop_name: str
) -> "answers.ShownRetailer":
    """The company as it is now; the shop itself for what came by another API."""
    known = facts(order)
    address = retailer.address if retailer and retailer.address else Address()
    return {
        "id": _integer(known.get("retailer_id")),
        "name": _text(known, "retailer_name") or shop_name,
        "cover_img": _cover(retailer.cover_images if retailer else {}),
        "address": {
            "street": _street(address),
            "city": address.city or address.city_code,
            "state": address.province or address.province_code,
            "postal_code": address.postal_code,
            "country": address.country or address.country_code,
        },
    }


def _cover(images: Mapping[str, str]) -> "answers.Cover":
    """All four sizes; nothing at all where there is no picture."""
    if not images:
        return {"resource": {}}
    largest = next(reversed([images[size] for size in COVER_IMAGE_SIZES if size in images]))
    return {
        "resource": {
            "px240": images.get("px240", largest),
            "px480": images.get("px480", largest),
            "px720": images.get("px720", largest),
            "px1080": images.get("px1080", largest),
        }
    }


# -- histories -----------------------------------------------------------------------------------


def _histories(order: Order, history: Sequence[Recorded], caller: User) -> "list[answers.History]":
    """One entry per change of the two statuses, as they were after it.

    What one request recorded is one action, however many events that took. An order that is
    overdue has timed out, whether a job has written it down or not.
    """
    entries: list[answers.History] = []
    seen: _Words | None = None
    standing: Order | None = None
    for _, action in groupby(history, key=lambda entry: (entry.at, entry.actor)):
        events = list(action)
        for recorded in events:
            if standing is None:
                standing = Order.place(order.shop_id, order.id, recorded)
            else:
                standing = standing.apply(recorded)
        if standing is None:
            continue
        words = _words(standing)
        if words == seen:
            continue
        seen = words
        last = events[-1]
        timed_out = any(isinstance(e.event, OrderExpired) for e in events)
        at = standing.closed_at if timed_out and standing.closed_at else last.at
        user = _operator(last.actor, order, caller)
        entries.append(_history(words, _comment(events), at, user))
    words = _words(order)
    if words != seen and order.status is OrderStatus.EXPIRED and order.closed_at:
        entries.append(_history(words, REQUEST_TIMEOUT, order.closed_at, _agent_of(order)))
    return entries


def _words(order: Order) -> _Words:
    state = State.of(order)
    return status.ORDER_STATUS.word(state), status.PAYMENT_STATUS.word(state)


def _history(
    words: _Words, comment: str, at: datetime, user: "answers.Person"
) -> "answers.History":
    return {
        "order_status": words[0],
        "payment_status": words[1],
        "comment": comment,
        "create_at": _seconds(at),
        "user": user,
    }


def _comment(events: Sequence[Recorded]) -> str:
    for recorded in events:
        match recorded.event:
            case OrderExpired():
                return REQUEST_TIMEOUT
            case OrderCancelled(reason=reason) if reason:
                return reason
            case RefundRequested(refund=refund) if refund.reason:
                return refund.reason
    return ""


def _operator(actor: Actor, order: Order, caller: User) -> "answers.Person":
    """The person who acted. What nobody did, time did on behalf of the agent, as in the document's
    example; another API's client has a name and no id here."""
    if actor.kind == "clock":
        return _agent_of(order)
    known = facts(order)
    if actor.kind != WIRE:
        return {"id": 0, "given_name": actor.name or actor.kind, "family_name": ""}
    if actor.id == str(caller.id):
        return {
            "id": caller.id,
            "given_name": caller.given_name,
            "family_name": caller.family_name,
        }
    if actor.id == str(known.get("agent_id")):
        return _agent_of(order)
    given_name, _, family_name = actor.name.rpartition(" ")
    return {"id": _integer(actor.id), "given_name": given_name, "family_name": family_name}


def _agent_of(order: Order) -> "answers.Person":
    agent = _agent(order)
    return {
        "id": agent["id"],
        "given_name": agent["given_name"],
        "family_name": agent["family_name"],
    }


# -- values --------------------------------------------------------------------------------------


def _number(amount: Money) -> Decimal:
    return Decimal(amount.decimal_text)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _text(known: Attributes, name: str) -> str:
    """A fact as text, empty where it is not known."""
    value = known.get(name)
    return "" if value is None else str(value)


def _id(identifier: object) -> int | str:
    """A number as a number, as in the document's examples; other text as its tables have it."""
    text = str(identifier if identifier is not None else 0)
    return int(text) if _DIGITS.fullmatch(text) else text


def _integer(identifier: object) -> int:
    """An id where the document promises an integer: 0 for what is none."""
    number = _id(identifier)
    return number if isinstance(number, int) else 0
