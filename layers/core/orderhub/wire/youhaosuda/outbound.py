"""From orders and metafields to this API's answers. ``docs/apis/youhaosuda.md`` lists their
fields."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from orderhub.domain.commands import Change
from orderhub.domain.details import Address
from orderhub.domain.lines import Line
from orderhub.domain.metafield import Metafield
from orderhub.domain.order import Order
from orderhub.domain.shop import Shop
from orderhub.services.issue_app import GrantedToken
from orderhub.wire.contract import Problem, Request, Response, Unprocessable
from orderhub.wire.statuses import State

from . import methods, parts, people, status
from .api import WIRE
from .inbound import Names
from .parts import Seen
from .usage import METER
from .values import Json, text, written, written_or_null, yuan, zone_of

if TYPE_CHECKING:
    from . import answers

_LARGEST_ANSWER: Final = 5_000_000
_ITEM_BYTES: Final = 750
"""Of an item without the texts in it, escaped as Lambda hands it over."""


# -- answers ---------------------------------------------------------------------------------------


def orders(found: Iterable[Order], request: Request, names: Names) -> Response:
    """A page of orders as of now, each with the attributes that ``names`` wants.

    Raises :class:`Unprocessable` (``fields``, ``too_large``) for more than an answer can hold.
    """
    seen = _seen(found, request.shop, request.now)
    _require_fitting(seen, names)
    return answer({"orders": [_shown(each, names) for each in seen]})


def order(found: Order, request: Request, names: Names = None) -> Response:
    """One order as of now. Raises as :func:`orders` does."""
    seen = _seen([found], request.shop, request.now)
    _require_fitting(seen, names)
    return answer({"order": _shown(seen[0], names)}, order_id=found.id, version=found.version)


def changed(change: Change, request: Request) -> Response:
    """The order after a change, which must not look as if it had failed: one that is too large to
    be shown whole comes without its items."""
    made = change.order
    shown = whole(made, request.shop, request.now)
    return answer({"order": shown}, order_id=made.id, version=made.version)


def whole(found: Order, shop: Shop, now: datetime) -> Json:
    """An order as of now, for those who didn't ask for it: without its items where it would be
    too large."""
    seen = _seen([found], shop, now)
    try:
        _require_fitting(seen, None)
    except Unprocessable:
        return _shown(seen[0], _WITHOUT_ITEMS)
    return _shown(seen[0], None)


def count(counted: int) -> Response:
    body: answers.Count = {"count": counted}
    return answer(body)


def metafields(found: Iterable[Metafield], request: Request, names: Names) -> Response:
    return answer({"metas": [_meta(each, request.shop, names) for each in found]})


def metafield(found: Metafield, request: Request, names: Names = None) -> Response:
    return answer({"meta": _meta(found, request.shop, names)}, metafield_id=found.id)


def fields(found: Metafield) -> Response:
    body: answers.FieldsAnswer = {"fields": dict(found.fields)}
    return answer(body, metafield_id=found.id)


def token(granted: GrantedToken) -> Response:
    credential = granted.credential
    body: answers.Token = {"token": granted.token}
    return answer(body, shop_id=credential.shop_id, credential_id=credential.id)


def answer(body: Json, **about: object) -> Response:
    """Any answer that is no failure. ``about`` goes into the log line."""
    return Response(200, body, headers=METER.headers(), about=about)


# -- the order -------------------------------------------------------------------------------------


def _seen(found: Iterable[Order], shop: Shop, now: datetime) -> list[Seen]:
    zone = zone_of(shop)
    return [Seen(each.as_of(now), zone) for each in found]


def _shown(seen: Seen, names: Names) -> Json:
    return {name: show(seen) for name, show in ATTRIBUTES.items() if names is None or name in names}


def _processing_method(seen: Seen) -> Literal["direct", "manual"]:
    """What came by another API was made by an API: the document calls that manual."""
    return "direct" if seen.order.wire == WIRE else "manual"


ATTRIBUTES: Final[Mapping[str, Callable[[Seen], object]]] = {
    "address": lambda seen: people.address(seen.order.details.shipping_address or Address()),
    "auto_total_amount": lambda seen: yuan(seen.order.calculated_total),
    "closed_at": lambda seen: written_or_null(seen.order.closed_at, seen.zone),
    "created_at": lambda seen: seen.created_at,
    "customer": lambda seen: people.customer(seen.order, seen.created_at),
    "customer_remarks": lambda seen: seen.order.details.customer_note,
    "discount_amount": lambda seen: yuan(seen.order.discount_total),
    "id": lambda seen: seen.order.id,
    "invoice": parts.invoice,
    "item_amount": lambda seen: yuan(seen.order.item_total),
    "items": parts.items,
    "notes": parts.notes,
    "order_no": lambda seen: seen.order.number,
    "payment_method": lambda seen: methods.of_order(seen.order).resource(),
    "payment_method_type": lambda seen: methods.of_order(seen.order).type,
    "payment_status": lambda seen: status.PAYMENT_STATUS.word(State.of(seen.order)),
    "payments": parts.payments,
    "preferential_records": parts.preferential_records,
    "processed_at": lambda seen: seen.created_at,
    "processing_method": _processing_method,
    "purchase_ip": lambda seen: text(seen.facts, "purchase_ip"),
    "refunds": parts.refunds,
    "shipment_amount": lambda seen: yuan(parts.shipping_price(seen.order)),
    "shipment_status": lambda seen: status.SHIPMENT_STATUS.word(State.of(seen.order)),
    "shipments": parts.shipments,
    "status": lambda seen: status.STATUS.word(State.of(seen.order)),
    "total_amount": lambda seen: yuan(seen.order.total),
    "updated_at": lambda seen: written(seen.order.updated_at, seen.zone),
}
"""Every attribute of the document, always, and what it says of an order."""

_WITH_ITEMS: Final = {"items", "shipments"}
_WITHOUT_ITEMS: Final = frozenset(ATTRIBUTES.keys() - _WITH_ITEMS)


def _require_fitting(seen: Iterable[Seen], names: Names) -> None:
    """Lambda can't hand over more than 6 MB, and an order may have ten thousand lines."""
    times = len(_WITH_ITEMS if names is None else _WITH_ITEMS & names)
    if times:
        size = sum(_size(line) for each in seen for line in each.order.lines)
        if size * times > _LARGEST_ANSWER:
            raise Unprocessable(Problem("fields", "too_large"))


def _size(line: Line) -> int:
    """At most so many bytes of an answer show it once."""
    said = line.name, line.options, line.sku, line.image_url, line.image_url
    return _ITEM_BYTES + sum(map(_escaped, said))


def _escaped(text: str) -> int:
    r"""How long a text is as JSON within JSON, with ``\u`` for what isn't ASCII."""
    if text.isascii():
        return len(text) + 3 * (text.count('"') + text.count("\\"))
    return 3 * len(text.encode("utf-16-le", errors="surrogatepass"))


# -- metafields ------------------------------------------------------------------------------------


def _meta(found: Metafield, shop: Shop, names: Names) -> Json:
    zone = zone_of(shop)
    resource: answers.Metafield = {
        "created_at": written(found.created_at, zone),
        "description": found.description,
        "fields": dict(found.fields),
        "id": found.id,
        "name": found.name,
        "owner_id": found.owner_id,
        "owner_resource": found.owner_resource,
        "updated_at": written(found.updated_at, zone),
    }
    return {name: value for name, value in resource.items() if names is None or name in names}
