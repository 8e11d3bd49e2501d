"""The single table's keys: the only place that knows how they are spelled.

====================================  =================================  =========================
what                                  pk                                 sk
====================================  =================================  =========================
order: header (and up to 50 lines)    ``SHOP#<shop>#ORDER#<id>``         ``ORDER``
order: lines of a long order          ``SHOP#<shop>#ORDER#<id>``         ``ORDER#LINES#<chunk>``
order: one event                      ``SHOP#<shop>#ORDER#<id>``         ``EVENT#<sequence>``
another system's name for an order    ``SHOP#<shop>#REF#<kind>#<value>`` ``SCOPE#<scope>``
shop                                  ``SHOP#<shop>``                    ``PROFILE``
shop's list of credentials            ``SHOP#<shop>``                    ``CREDENTIAL#<id>``
credential, found by its token        ``CREDENTIAL#<sha256>``            ``CREDENTIAL``
payment link, found by its token      ``LINK#<sha256>``                  ``LINK``
product                               ``SHOP#<shop>#PRODUCT#<id>``       ``PRODUCT``
cart                                  ``SHOP#<shop>#CART#<id>``          ``CART``
user                                  ``SHOP#<shop>#USER#<id>``          ``USER``
company                               ``SHOP#<shop>#COMPANY#<id>``       ``COMPANY``
company's member                      ``SHOP#<shop>#COMPANY#<id>``       ``MEMBER#<user>``
====================================  =================================  =========================

Two sparse indexes, both fed by attributes of the order's header alone:

====================  ==========================  ============================================
index                 partition key               sort key
====================  ==========================  ============================================
``orders-by-time``    ``SHOP#<shop>``             order id (a number; ordered by time)
``due``               ``DUE#<kind>#<shard>``      ``<due at>#<shop>#<order id>``
====================  ==========================  ============================================

Every key of tenants' data starts with the shop. The two exceptions, credentials and payment
links, are how a request that brings a secret finds out which shop it is for. Links have
``expires_at`` (epoch seconds), after which the table forgets them. The due index
holds nothing but keys, of all shops.

``docs/ACCESS_PATTERNS.md`` lists every access pattern with its measured cost.
"""

from datetime import datetime, timedelta
from typing import Final

from orderhub.domain.details import Reference
from orderhub.domain.order import Deadline, DeadlineKind
from orderhub.ports import OrderKey

BY_TIME_INDEX: Final = "orders-by-time"
DUE_INDEX: Final = "due"

ORDER_HEADER: Final = "ORDER"
EVENT_PREFIX: Final = "EVENT#"
CREDENTIAL_PREFIX: Final = "CREDENTIAL#"
SHOP_PROFILE: Final = "PROFILE"
CREDENTIAL_ITEM: Final = "CREDENTIAL"
PAYMENT_LINK_ITEM: Final = "LINK"
EXPIRES_AT: Final = "expires_at"
PRODUCT_ITEM: Final = "PRODUCT"
CART_ITEM: Final = "CART"
USER_ITEM: Final = "USER"
COMPANY_ITEM: Final = "COMPANY"
MEMBER_PREFIX: Final = "MEMBER#"

_ID_DIGITS: Final = 16


def shop(shop_id: str) -> str:
    return f"SHOP#{shop_id}"


def order(shop_id: str, order_id: int) -> str:
    return f"SHOP#{shop_id}#ORDER#{order_id:0{_ID_DIGITS}d}"


def order_key(pk: str) -> OrderKey:
    """The inverse of :func:`order`."""
    _, shop_id, _, order_id = pk.split("#")
    return OrderKey(shop_id, int(order_id))


def lines_chunk(index: int) -> str:
    return f"{ORDER_HEADER}#LINES#{index:04d}"


def event(sequence: int) -> str:
    return f"{EVENT_PREFIX}{sequence:06d}"


def event_sequence(sk: str) -> int:
    """The inverse of :func:`event`."""
    return int(sk.removeprefix(EVENT_PREFIX))


def reference(shop_id: str, kind: str, value: str) -> str:
    # The value comes last, so a '#' inside it can't be mistaken for a separator.
    return f"SHOP#{shop_id}#REF#{kind}#{value}"


def scope(name: str) -> str:
    return f"SCOPE#{name}"


def scope_name(sk: str) -> str:
    """The inverse of :func:`scope`."""
    return sk.removeprefix("SCOPE#")


def reference_in(pk: str, sk: str) -> Reference:
    """The inverse of :func:`reference` and :func:`scope`."""
    _, _, _, kind, value = pk.split("#", 4)
    return Reference(kind, scope_name(sk), value)


def credential(token_hash: str) -> str:
    return f"{CREDENTIAL_PREFIX}{token_hash}"


def payment_link(token_hash: str) -> str:
    return f"LINK#{token_hash}"


def product(shop_id: str, product_id: str) -> str:
    return f"SHOP#{shop_id}#PRODUCT#{product_id}"


def cart(shop_id: str, cart_id: str) -> str:
    return f"SHOP#{shop_id}#CART#{cart_id}"


def user(shop_id: str, user_id: int) -> str:
    return f"SHOP#{shop_id}#USER#{user_id:0{_ID_DIGITS}d}"


def company(shop_id: str, company_id: int) -> str:
    return f"SHOP#{shop_id}#COMPANY#{company_id:0{_ID_DIGITS}d}"


def member(user_id: int) -> str:
    return f"{MEMBER_PREFIX}{user_id:0{_ID_DIGITS}d}"


def due_partition(kind: DeadlineKind, shard: int) -> str:
    return f"DUE#{kind.value}#{shard:02d}"


def due_sort(deadline: Deadline, key: OrderKey) -> str:
    return f"{timestamp(deadline.at)}#{key.shop_id}#{key.order_id:0{_ID_DIGITS}d}"


def due_bound(until: datetime) -> str:
    """Sorts after everything due at ``until`` and before everything due later."""
    return timestamp(until + timedelta(milliseconds=1))


def due_order(sort: str) -> OrderKey:
    """The inverse of :func:`due_sort`."""
    _, shop_id, order_id = sort.split("#")
    return OrderKey(shop_id, int(order_id))


def due_time(sort: str) -> datetime:
    """When the entry with this sort key fell due."""
    return datetime.fromisoformat(sort.partition("#")[0])


def timestamp(at: datetime) -> str:
    """UTC with milliseconds, so that text order is time order."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
