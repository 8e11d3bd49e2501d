"""From orders to this API's answers. ``docs/apis/brandcloud.md`` lists their fields.

Amounts are JSON numbers, exact; times are whole seconds since 1970.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Final

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
from orderhub.services.payment_link import RefusedBy, TransactionResult
from orderhub.services.place_order import Placed
from orderhub.wire.contract import Response
from orderhub.wire.statuses import State

from . import status
from .api import WIRE
from .errors import REPEAT, failure
from .inbound import facts, payment_type
from .schema import WITHOUT_QRCODE
from .status import TransactionWord

Json = dict[str, object]

REQUEST_TIMEOUT: Final = "request timeout"
"""The history's comment on an order that was not paid in time."""


_REFUSED_BY: Final = {RefusedBy.US: "Server", RefusedBy.PROVIDER: "PayPal"}


# -- answers -------------------------------------------------------------------------------------


def nothing(order: Order) -> Response:
    """Where the document says that nothing is returned: an empty object."""
    return Response(200, {}, about=_about(order))


def orders(found: Iterable[Order], seller: Salesperson, now: datetime) -> Response:
    """The list, newest first."""
    return Response(200, {"orders": [_listed(order.as_of(now), seller) for order in found]})


def created(placed: Placed, qr_code: Callable[[str], str], base_url: str) -> Response:
    """The new order; or, as an error that says as much, the one that the cart became before."""
    order = placed.order
    is_scanned = payment_type(order) not in WITHOUT_QRCODE
    facts_told: Json = {
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
    body = {
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
    body: Json = {
        "number": order.number,
        "currency": order.currency,
        "subtotal": total + saved,
        "total_discount": saved,
        "total": total,
        "order_status": status.ORDER_STATUS.word(state).value,
        "payment_status": status.PAYMENT_STATUS.word(state).value,
        "payment_method": payment_type(order) or None,
        "retailer": _shown_retailer(order, retailer, shop_name),
        "products": [_offered(line, order, retailer) for line in order.lines],
    }
    return Response(200, body, about=_about(order))


def result(found: TransactionResult) -> Response:
    """What came of a payment link."""
    word = status.TRANSACTION_STATUS.words[found.outcome]
    body: Json = {"date": _seconds(found.at), "status": word.value}
    if word is TransactionWord.SUCCESS:
        body["order"] = _paid(found)
    elif found.failure:
        body["fail"] = {
            "refused_by": _REFUSED_BY[found.failure.refused_by],
            "code": found.failure.code,
            "description": found.failure.description,
        }
    return Response(200, body, about=_about(found.order))


def _paid(found: TransactionResult) -> Json:
    order, payment = found.order, found.payment
    return {
        "number": order.number,
        "payment_method": payment_type(order),
        "transaction": payment.transaction_id if payment else "",
        "currency": order.currency,
        "total": _number(order.total),
        "retailer": facts(order).get("retailer_name") or found.seller,
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
    body = {
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


def _about(order: Order) -> Json:
    return {"order_id": order.id, "version": order.version}


# -- the order -----------------------------------------------------------------------------------


def _listed(order: Order, seller: Salesperson) -> Json:
    """The fields of the list, with the types of its table: text that is not known is empty."""
    state = State.of(order)
    return {
        "number": order.number,
        "currency": order.currency,
        "total": _number(order.total),
        "order_status": status.ORDER_STATUS.word(state).value,
        "payment_status": status.PAYMENT_STATUS.word(state).value,
        "payment_method": payment_type(order),
        "transaction_id": _transaction_id(order),
        "create_at": _seconds(order.created_at),
        "refund_at": _refunded_at(order),
        "retailer": _retailer(order, seller.company),
        "agent": _agent(order),
    }


def _retailer(order: Order, company: Company) -> Json:
    """Who sold it, as it was then; what came by another API is the company's that looks."""
    known = facts(order)
    if "retailer_id" not in known:
        return {"id": company.id, "name": company.name}
    return {"id": known["retailer_id"], "name": known.get("retailer_name", "")}


def _agent(order: Order) -> Json:
    """Nobody (0 and empty names) for what came by another API."""
    known = facts(order)
    return {
        "id": known.get("agent_id", 0),
        "given_name": known.get("agent_given_name", ""),
        "family_name": known.get("agent_family_name", ""),
        "email": known.get("agent_email", ""),
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


def _address(address: Address | None) -> Json:
    known = address or Address()
    return {
        "title": known.attributes.get("title"),
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


def _invoices(order: Order, base_url: str) -> list[Json]:
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


def _product(line: Line, order: Order, company: Company) -> Json:
    variant = _variant(line)
    return {
        **_sold(line, order, company),
        "variants": [variant] if variant else [],
        **_prices(line),
        "product_status": status.PRODUCT_STATUS.word(State.of(order)).value,
    }


def _offered(line: Line, order: Order, company: Company | None) -> Json:
    """As :func:`_product`, for the consumer: one variant, with its picture."""
    variant = _variant(line) or {"id": "", "name": ""}
    return {
        **_sold(line, order, company),
        "variant": {**variant, "cover_img": _cover(_line_images(line))},
        **_prices(line),
        "selling_price": Decimal(line.unit_price.decimal_text),
    }


def _sold(line: Line, order: Order, company: Company | None) -> Json:
    """What ``products`` has everywhere. The document's product is one piece, so it has no
    quantity; a line of several says so in a field of ours."""
    known, seller = line.attributes, facts(order)
    company_id = known.get("company_id", seller.get("retailer_id"))
    company_name = known.get("company_name", seller.get("retailer_name"))
    if company_id is None and company is not None:
        company_id, company_name = company.id, company.name
    sold: Json = {
        "number": known.get(PRODUCT_NUMBER, line.product_id),
        "company": {"id": _id(company_id), "name": company_name or ""},
        "item": {
            "id": _integer(known.get("item_id", line.product_id)),
            "number": known.get("item_number") or line.sku or line.product_id,
            "name": known.get("item_name") or line.name,
        },
    }
    return sold if line.quantity == 1 else {**sold, "quantity": line.quantity}


def _variant(line: Line) -> Json | None:
    if not line.variant_id:
        return None
    return {"id": _id(line.variant_id), "name": line.options or line.name}


def _prices(line: Line) -> Json:
    """Per piece. ``discount_price`` is what is taken off: in the document's example 100 less 85
    sells at 15."""
    sold_at = Decimal(line.unit_price.decimal_text)
    price = Decimal(line.list_price.decimal_text) if line.list_price else sold_at
    return {"price": max(price, sold_at), "discount_price": max(price - sold_at, Decimal(0))}


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


def _line_images(line: Line) -> Attributes:
    """By size; one picture serves for all sizes that the product has none of its own for."""
    return {
        size: url
        for size in COVER_IMAGE_SIZES
        if (url := line.attributes.get(f"cover_{size}") or line.image_url)
    }


def _shown_retailer(order: Order, retailer: Company | None, shop_name: str) -> Json:
    """The company as it is now; the shop itself for what came by another API."""
    known = facts(order)
    address = retailer.address if retailer and retailer.address else Address()
    return {
        "id": known.get("retailer_id", 0),
        "name": known.get("retailer_name") or shop_name,
        "cover_img": _cover(dict(retailer.cover_images) if retailer else {}),
        "address": {
            "street": _street(address),
            "city": address.city or address.city_code,
            "state": address.province or address.province_code,
            "postal_code": address.postal_code,
            "country": address.country or address.country_code,
        },
    }


def _cover(images: Attributes) -> Json:
    """All four sizes; nothing at all where there is no picture."""
    if not images:
        return {"resource": {}}
    largest = next(reversed([images[size] for size in COVER_IMAGE_SIZES if size in images]))
    return {"resource": {size: images.get(size, largest) for size in COVER_IMAGE_SIZES}}


# -- histories -----------------------------------------------------------------------------------


def _histories(order: Order, history: Sequence[Recorded], caller: User) -> list[Json]:
    """One entry per change of the two statuses, as they were after it.

    What one request recorded is one action, however many events that took. An order that is
    overdue has timed out, whether a job has written it down or not.
    """
    entries: list[Json] = []
    seen: tuple[str, str] | None = None
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


def _words(order: Order) -> tuple[str, str]:
    state = State.of(order)
    return status.ORDER_STATUS.word(state).value, status.PAYMENT_STATUS.word(state).value


def _history(words: tuple[str, str], comment: str, at: datetime, user: Json) -> Json:
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


def _operator(actor: Actor, order: Order, caller: User) -> Json:
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


def _agent_of(order: Order) -> Json:
    agent = _agent(order)
    return {name: agent[name] for name in ("id", "given_name", "family_name")}


# -- values --------------------------------------------------------------------------------------


def _number(amount: Money) -> Decimal:
    return Decimal(amount.decimal_text)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _id(identifier: object) -> object:
    """A number as a number, as in the document's examples; other text as its tables have it."""
    text = str(identifier if identifier is not None else 0)
    return int(text) if text.isascii() and text.isdecimal() else text


def _integer(identifier: object) -> int:
    """An id where the document promises an integer: 0 for what is none."""
    number = _id(identifier)
    return number if isinstance(number, int) else 0
