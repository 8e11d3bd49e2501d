"""Every route of the template: what it takes, and where ids stand in it.

A path, a query or a body says ``{slot}`` where an id stands. ``slots`` tells which kinds of ids may
be meant there; ``names`` are slots whose values the caller chooses, so that one that another shop
has chosen as well is good here too.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.integration.security.houses import House, Sent, notification, whole_order
from tests.support.table import ROOT, routes

ORDERS = ("order", "number", "merchant_order_no", "checkout")
BODY_ADDRESS = {"given_name": "Lee", "family_name": "CC", "title": 0}

Slots = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Operation:
    route: str
    scope: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    slots: Slots = field(default_factory=dict)
    names: Slots = field(default_factory=dict)
    bounds: Slots = field(default_factory=dict)
    """Slots that name a place between ids, which need not be anybody's."""
    in_header: bool = False
    """Whether its credential stands in the header, where others have it in the body."""
    as_consumer: bool = False
    fills: Mapping[str, str] = field(default_factory=dict)
    """Which of the caller's own ids stands in a slot, where it isn't named as the slot is."""

    @property
    def wire(self) -> str:
        return WIRE_OF[self.route]

    def sent(self, house: House, **ids: str) -> Sent:
        """A good request of the house, but for ``ids``."""
        own = {slot: house.own.get(self.fills.get(slot, slot), "") for slot in self._all}
        given = {**own, **ids}
        method, path = self.route.split(" ")
        return Sent(
            method,
            filled(path, given),
            filled(self.query, given),
            filled(self.body, given),
            filled(self.headers, given),
        )

    @property
    def _all(self) -> set[str]:
        return {*self.slots, *self.names, *self.bounds}


def filled(value: Any, given: Mapping[str, str]) -> Any:
    """``value`` with its slots filled, however deep they are; what is empty is left out."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda found: given.get(found[1], found[0]), value)
    if isinstance(value, Mapping):
        whole = {name: filled(part, given) for name, part in value.items()}
        return {name: part for name, part in whole.items() if part != ""}
    if isinstance(value, list):
        return [filled(part, given) for part in value]
    return value


FUNCTION_OF = routes()
"""Route → its function's folder."""
WIRE_OF = {route: function.partition("/")[0] for route, function in FUNCTION_OF.items()}

PUBLIC = {
    "GET /checkout/{order_id}/{token}": "256 random bits in the path",
    "GET /pay/{token}": "256 random bits in the path",
    "GET /transaction/{token}/result": "256 random bits in the path",
    "POST /oauth2/token": "an app's key and secret in the header",
    "POST /oauth2/token/{slash+}": "the same",
    "POST /webhooks/payments/stripe/{shop_id}": "the provider's signature",
    "POST /webhooks/payments/paypal/{shop_id}": "the provider's signature",
    "POST /webhooks/payments/alipay/{shop_id}": "the provider's signature",
    "POST /webhooks/payments/wechatpay/{shop_id}": "the provider's signature",
    "ANY /api/store/v1/{proxy+}": "says that there is no such operation",
    "ANY /api/store/v1": "says that there is no such operation",
}
"""Routes that no credential opens, and what they ask for instead."""

SAME = {"POST /user/company/order/payment/{slash+}": "POST /user/company/order/payment"}
"""Routes that are there for a slash at the end of a path."""

_READ, _WRITE = "read_orders", "write_orders"
_NAMED = {"order_number": "{order_number}"}
_ORDER_NUMBER = {"order_number": ORDERS}
_BRICKLINK = "/api/store/v1/orders"
_FILTERS = {"ids": "{ids}", "id": "{single}", "since_id": "{since}"}


def _marketplace(route: str, **more: Any) -> Operation:
    return Operation(route, more.pop("scope", _WRITE), slots={"id": ORDERS}, **more)


def _brandcloud(path: str, scope: str, body: Any = None, **more: Any) -> Operation:
    body = {**_NAMED, **(body or {})}
    return Operation(f"POST {path}", scope, body=body, slots=_ORDER_NUMBER, **more)


def _filtered(path: str, kind: str, **more: tuple[str, ...]) -> list[Operation]:
    """A list and its count."""
    slots = {"ids": (kind,), "single": (kind,), **more}
    query = {**_FILTERS, **{name: f"{{{name}}}" for name in more}}
    fills = dict.fromkeys((*slots, "since"), "")
    bounds = {"since": (kind,)}
    return [
        Operation(f"GET {path}{tail}", _READ, query=query, slots=slots, bounds=bounds, fills=fills)
        for tail in ("", "/count")
    ]


def _of_metafield(method: str, tail: str = "", **more: Any) -> Operation:
    slots = {"id": ("metafield", "order"), **more.pop("slots", {})}
    scope = _READ if method == "GET" else _WRITE
    fills = {"id": "metafield", **more.pop("fills", {})}
    return Operation(f"{method} /v1/metas/{{id}}{tail}", scope, slots=slots, fills=fills, **more)


def _of_webhook(method: str, **more: Any) -> Operation:
    scope = _READ if method == "GET" else _WRITE
    slots = {"id": ("webhook", "metafield", "order")}
    fills = {"id": "webhook"}
    return Operation(f"{method} /v1/webhooks/{{id}}", scope, slots=slots, fills=fills, **more)


def _bricklink(method: str, tail: str = "", **more: Any) -> Operation:
    scope = _READ if method == "GET" else _WRITE
    slots = {"order_id": ("order",)}
    return Operation(f"{method} {_BRICKLINK}/{{order_id}}{tail}", scope, slots=slots, **more)


def _shoplazza(version: str, house: House) -> Operation:
    whole = whole_order(house)
    (line,) = whole["line_items"]
    ids = {"product_id": "{product_id}", "variant_id": "{variant_id}"}
    return Operation(
        f"POST /openapi/{version}/orders",
        _WRITE,
        body={**whole, "line_items": [{**line, **ids}]},
        headers={"idempotency-key": "{idempotency_key}"},
        slots={"product_id": ("product",), "variant_id": ("variant", "product")},
        names={"idempotency_key": ("idempotency_key",)},
    )


def operations(house: House) -> list[Operation]:
    """All that need a credential, as the house asks for them."""
    return [
        Operation(
            "POST /orders",
            _WRITE,
            body=notification("{merchant_order_no}"),
            names={"merchant_order_no": ("merchant_order_no", "number", "order")},
        ),
        _marketplace("GET /orders/{id}", scope=_READ),
        _marketplace(
            "PUT /orders/{id}",
            body=notification("{merchant_order_no}"),
            names={"merchant_order_no": ("merchant_order_no",)},
        ),
        _marketplace(
            "POST /orders/{id}/line_items",
            body={"product_id": "{product_id}", "price": "64.00", "quantity": 1},
            names={"product_id": ("product",)},
        ),
        _marketplace(
            "POST /orders/{id}/pay",
            body={"merchant_trade_no": "{trade_no}", "payment": "128.00"},
            names={"trade_no": ("trade_no",)},
        ),
        _marketplace("POST /orders/{id}/complete", fills={"id": "paid_id"}),
        _shoplazza("2022-01", house),
        _shoplazza("2026-01", house),
        Operation(
            "POST /user/company/order/list",
            _READ,
            body={"before": "{before}"},
            slots={"before": ORDERS},
            fills={"before": ""},
        ),
        Operation(
            "POST /user/company/order/create",
            _WRITE,
            body={"cart_id": "{cart_id}", "type": "cash"},
            slots={"cart_id": ("cart",)},
        ),
        _brandcloud(
            "/user/company/order/payment",
            _WRITE,
            {"transaction_id": "{transaction_id}"},
            names={"transaction_id": ("trade_no",)},
        ),
        _brandcloud("/user/company/order/cancel", _WRITE),
        _brandcloud(
            "/user/company/order/refund",
            _WRITE,
            {"transaction_id": "{transaction_id}"},
            names={"transaction_id": ("trade_no",)},
            fills={"order_number": "paid_number", "transaction_id": "paid_trade"},
        ),
        _brandcloud(
            "/user/company/order/refund/query", _READ, fills={"order_number": "paid_number"}
        ),
        _brandcloud("/user/company/order/detail", _READ),
        _brandcloud(
            "/user/company/order/paypal/send",
            _WRITE,
            {"email": "payer@example.com"},
            fills={"order_number": "paypal_number"},
        ),
        _brandcloud("/order/confirmpurchase", _WRITE, as_consumer=True),
        _brandcloud("/order/edit", _WRITE, {"billing_address": BODY_ADDRESS}, as_consumer=True),
        Operation(
            "GET /order/{order_number}/detail",
            _READ,
            slots=_ORDER_NUMBER,
            in_header=True,
            as_consumer=True,
        ),
        Operation(
            "GET /order/{order_number}/invoice/{invoice_number}/download",
            _READ,
            slots={**_ORDER_NUMBER, "invoice_number": ("invoice_number",)},
            fills={"order_number": "paid_number"},
            in_header=True,
        ),
        *_filtered("/v1/orders", "order", customer_id=("customer",), order_no=("number",)),
        Operation(
            "GET /v1/orders/{id}",
            _READ,
            slots={"id": ("order", "metafield")},
            fills={"id": "youhaosuda_order"},
        ),
        Operation(
            "PUT /v1/orders/{id}",
            _WRITE,
            body={"order": {"total_amount": 1}},
            slots={"id": ("order", "metafield")},
            fills={"id": "youhaosuda_order"},
        ),
        *_filtered("/v1/metas", "metafield", owner_id=("order",), name=("metafield_name",)),
        Operation(
            "POST /v1/metas",
            _WRITE,
            body={
                "meta": {
                    "name": "{name}",
                    "owner_resource": "order",
                    "owner_id": "{owner_id}",
                    "fields": {"a": 1},
                }
            },
            slots={"owner_id": ("order",)},
            names={"name": ("metafield_name",)},
            fills={"owner_id": "youhaosuda_order"},
        ),
        _of_metafield("GET"),
        _of_metafield(
            "PUT",
            body={"meta": {"owner_id": "{owner_id}", "description": "told"}},
            slots={"owner_id": ("order",)},
            fills={"owner_id": "youhaosuda_order"},
        ),
        _of_metafield("DELETE"),
        _of_metafield("GET", "/fields"),
        _of_metafield("POST", "/fields", body={"fields": {"shelf": "theirs"}}),
        _of_metafield("DELETE", "/fields"),
        *_filtered("/v1/webhooks", "webhook", address=("address",)),
        Operation(
            "POST /v1/webhooks",
            _WRITE,
            body={"webhook": {"address": "{address}", "topic": "orders/paid"}},
            names={"address": ("address",)},
        ),
        _of_webhook("GET"),
        _of_webhook("PUT", body={"webhook": {"topic": "orders/create"}}),
        _of_webhook("DELETE"),
        Operation(f"GET {_BRICKLINK}", _READ),
        _bricklink("GET"),
        _bricklink("GET", "/items"),
        _bricklink("GET", "/messages"),
        _bricklink("GET", "/feedback"),
        _bricklink("PUT", body={"remarks": "theirs"}),
        _bricklink("PUT", "/status", body={"field": "status", "value": "PENDING"}),
        _bricklink("PUT", "/payment_status", body={"field": "payment_status", "value": "Sent"}),
        _bricklink("POST", "/drive_thru"),
    ]


def source_of(route: str) -> str:
    """The code of the route's handler."""
    return (ROOT / "functions" / FUNCTION_OF[route] / "app.py").read_text(encoding="utf-8")
