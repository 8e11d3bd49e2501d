"""The single table's keys: the only place that knows how they are spelled.

====================================  =================================  =========================
what                                  pk                                 sk
====================================  =================================  =========================
order: header (and up to 50 lines)    ``SHOP#<shop>#ORDER#<id>``         ``ORDER``
order: lines of a long order          ``SHOP#<shop>#ORDER#<id>``         ``ORDER#LINES#<chunk>``
order: the events of one change       ``SHOP#<shop>#ORDER#<id>``         ``EVENT#<sequence>``
another system's name for an order    ``SHOP#<shop>#REF#<kind>#<value>`` ``SCOPE#<scope>``
shop                                  ``SHOP#<shop>``                    ``PROFILE``
shop's list of credentials            ``SHOP#<shop>``                    ``CREDENTIAL#<id>``
account with a payment provider       ``SHOP#<shop>``                    ``PAYMENTS#<provider>``
credential, found by its token        ``CREDENTIAL#<sha256>``            ``CREDENTIAL``
payment link, found by its token      ``LINK#<sha256>``                  ``LINK``
nonce of a signed request             ``NONCE#<sha256>``                 ``NONCE``
product                               ``SHOP#<shop>#PRODUCT#<id>``       ``PRODUCT``
stock of a product's variant <v>      ``SHOP#<shop>#STOCK#<id>#<v>``     ``STOCK``
cart                                  ``SHOP#<shop>#CART#<id>``          ``CART``
user                                  ``SHOP#<shop>#USER#<id>``          ``USER``
company                               ``SHOP#<shop>#COMPANY#<id>``       ``COMPANY``
company's member                      ``SHOP#<shop>#COMPANY#<id>``       ``MEMBER#<user>``
list of all shops                     ``SHOPS``                          shop
shop's list of products               ``SHOP#<shop>#LIST#products``      product; so ``carts``
shop's list of users                  ``SHOP#<shop>#LIST#users``         user; so ``companies``
report of a payment without an order  ``SHOP#<shop>#STRAYS``             ``<payment>#<report>``
metafield                             ``SHOP#<shop>#METAS``              ``META#<id>``
name of an order's metafield          ``SHOP#<shop>#METAS#order#<id>``   ``NAME#<name>``
ranks of orders: a milestone, by id   ``SHOP#<shop>#RANKS``              ``ID#<order id>``
ranks of orders: the same, by rank    ``SHOP#<shop>#RANKS``              ``RANK#<rank>``
ranks of orders: the last milestone   ``SHOP#<shop>#RANKS``              ``FRONTIER``
numbers' index: which segments        ``SHOP#<shop>#NUMBERS``            ``MANIFEST``
numbers' index: an order of the past  ``SHOP#<shop>#NUMBERS``            ``LATE#<order id>``
numbers' index: orders of a segment   ``SHOP#<shop>#NUMBERS``            ``SEGMENT#<n>#ORDERS#<p>``
numbers' index: where grams occur     ``SHOP#<shop>#NUMBERS``            ``SEGMENT#<n>#GRAMS#<g>``
subscription                          ``SHOP#<shop>#SUBSCRIPTIONS``      ``SUBSCRIPTION#<id>``
delivery of an event to one           ``SHOP#<shop>#DELIVERIES#<id>``    ``<at>#<event>#<topic>``
deliveries that went well together    ``SHOP#<shop>#DELIVERIES#<id>``    the newest's and ``#<at>``
====================================  =================================  =========================

Sparse indexes. All are fed by the order's header but ``changes``, which has the last event of
each change of an order:

=======================  ===============================  =======================================
index                    partition key                    sort key
=======================  ===============================  =======================================
``orders-by-time``       ``SHOP#<shop>``                  order id (a number; ordered by time)
``orders-by-seller``     ``SHOP#<shop>#SELLER#<id>``      order id
``orders-by-customer``   ``SHOP#<shop>#CUSTOMER#<no>``    order id
``orders-by-buyer``      ``SHOP#<buying shop>#BOUGHT``    order id
``desk``                 ``SHOP#<shop>#DESK#<f>#<s>``     order id
``changes``              ``SHOP#<shop>``                  when it happened
``due``                  ``DUE#<kind>#<shard>``           ``<due at>#<shop>#<order id>``
=======================  ===============================  =======================================

The first holds a summary of each order, the others nothing but keys. Orders that no seller in
particular sold are ``SELLER#``; ``<no>`` is the number that stands for a customer's id. On the
desk, ``<f>`` is ``filed`` or ``unfiled`` and ``<s>`` the stored status of the order (``open``,
``completed``, …).

Every key of tenants' data starts with the shop. ``orders-by-buyer`` starts with the shop that
bought and leads to orders of others, which name it as their buyer. Two exceptions, credentials
and payment links, are how a request that brings a secret finds out which shop it is for. Nonces,
the third, are hashes with nothing behind them; they begin as nothing else does, so that functions
which only read can be allowed to write these and no more. The list of shops is for operators; no
function reads or writes it. Links, nonces, deliveries and names of
kinds that have a lifetime have ``expires_at`` (epoch seconds), after which the table forgets them.
The due index holds nothing but keys, of all shops.

``docs/ACCESS_PATTERNS.md`` lists every access pattern with its measured cost.
"""

from datetime import datetime, timedelta
from typing import Final

from orderhub.domain.details import Reference
from orderhub.domain.order import Deadline, DeadlineKind
from orderhub.domain.status import OrderStatus
from orderhub.ports import ListKind, OrderKey

BY_TIME_INDEX: Final = "orders-by-time"
BY_SELLER_INDEX: Final = "orders-by-seller"
BY_CUSTOMER_INDEX: Final = "orders-by-customer"
BY_BUYER_INDEX: Final = "orders-by-buyer"
DESK_INDEX: Final = "desk"
CHANGES_INDEX: Final = "changes"
DUE_INDEX: Final = "due"

ORDER_HEADER: Final = "ORDER"
EVENT_PREFIX: Final = "EVENT#"
CREDENTIAL_PREFIX: Final = "CREDENTIAL#"
PAYMENT_ACCOUNT_PREFIX: Final = "PAYMENTS#"
SHOP_PROFILE: Final = "PROFILE"
SHOPS: Final = "SHOPS"
CREDENTIAL_ITEM: Final = "CREDENTIAL"
PAYMENT_LINK_ITEM: Final = "LINK"
NONCE_ITEM: Final = "NONCE"
EXPIRES_AT: Final = "expires_at"
PRODUCT_ITEM: Final = "PRODUCT"
STOCK_ITEM: Final = "STOCK"
CART_ITEM: Final = "CART"
USER_ITEM: Final = "USER"
COMPANY_ITEM: Final = "COMPANY"
MEMBER_PREFIX: Final = "MEMBER#"
METAFIELD_NAME_PREFIX: Final = "NAME#"

SUBSCRIPTION_PREFIX: Final = "SUBSCRIPTION#"

FRONTIER: Final = "FRONTIER"
MILESTONE_BY_ID: Final = "ID#"
MILESTONE_BY_RANK: Final = "RANK#"
MILESTONE_HINT: Final = "lays_milestones"
"""On the header of one order in many: the template's stream filter looks for it."""
CAUSE: Final = "cause"
"""On events: the correlation id of what they follow from (:mod:`orderhub.correlation`)."""
QUIET: Final = "quiet"
"""On events that subscribers are not told of: the template's stream filter leaves them out."""

MANIFEST: Final = "MANIFEST"
LATE_PREFIX: Final = "LATE#"

LONGEST_SHOP_ID: Final = 64
"""What is longer, in bytes, is no shop's."""

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
    return f"{lines_chunks()}{index:04d}"


def lines_chunks() -> str:
    """How the sort keys of all chunks begin."""
    return f"{ORDER_HEADER}#LINES#"


def event(sequence: int) -> str:
    return f"{EVENT_PREFIX}{sequence:06d}"


def event_sequence(sk: str) -> int:
    """The inverse of :func:`event`. Raises ``ValueError``."""
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


def payment_account(provider: str) -> str:
    return f"{PAYMENT_ACCOUNT_PREFIX}{provider}"


def payment_link(token_hash: str) -> str:
    return f"LINK#{token_hash}"


def nonce(digest: str) -> str:
    return f"NONCE#{digest}"


def product(shop_id: str, product_id: str) -> str:
    return f"SHOP#{shop_id}#PRODUCT#{product_id}"


def stock(shop_id: str, product_id: str, variant_id: str) -> str:
    return f"SHOP#{shop_id}#STOCK#{product_id}#{variant_id}"


def cart(shop_id: str, cart_id: str) -> str:
    return f"SHOP#{shop_id}#CART#{cart_id}"


def user(shop_id: str, user_id: int) -> str:
    return f"SHOP#{shop_id}#USER#{user_id:0{_ID_DIGITS}d}"


def company(shop_id: str, company_id: int) -> str:
    return f"SHOP#{shop_id}#COMPANY#{company_id:0{_ID_DIGITS}d}"


def member(user_id: int) -> str:
    return f"{MEMBER_PREFIX}{user_id:0{_ID_DIGITS}d}"


def seller(shop_id: str, seller_id: str) -> str:
    return f"SHOP#{shop_id}#SELLER#{seller_id}"


def customer(shop_id: str, number: int) -> str:
    """``number`` stands for the customer's id (:mod:`orderhub.domain.numbers`)."""
    return f"SHOP#{shop_id}#CUSTOMER#{number}"


def bought_by(buying_shop_id: str) -> str:
    return f"SHOP#{buying_shop_id}#BOUGHT"


def desk(shop_id: str, *, is_filed: bool, status: OrderStatus) -> str:
    return f"SHOP#{shop_id}#DESK#{'filed' if is_filed else 'unfiled'}#{status.value}"


def listed(shop_id: str, kind: ListKind) -> str:
    return f"SHOP#{shop_id}#LIST#{kind.value}"


def listed_number(identifier: int) -> str:
    """The sort key in a list of things whose ids are numbers."""
    return f"{identifier:0{_ID_DIGITS}d}"


def stray_reports(shop_id: str) -> str:
    return f"SHOP#{shop_id}#STRAYS"


def stray_report(payment: str, report: str) -> str:
    """Both are digests: others chose what they stand for, and how long it is."""
    return f"{payment}#{report}"


def metafields(shop_id: str) -> str:
    return f"SHOP#{shop_id}#METAS"


def metafield(metafield_id: int) -> str:
    return f"META#{metafield_id:0{_ID_DIGITS}d}"


def owned_metafields(shop_id: str, owner_resource: str, owner_id: int) -> str:
    return f"SHOP#{shop_id}#METAS#{owner_resource}#{owner_id:0{_ID_DIGITS}d}"


def subscriptions(shop_id: str) -> str:
    return f"SHOP#{shop_id}#SUBSCRIPTIONS"


def subscription(subscription_id: int) -> str:
    return f"{SUBSCRIPTION_PREFIX}{subscription_id:0{_ID_DIGITS}d}"


def deliveries(shop_id: str, subscription_id: int) -> str:
    return f"SHOP#{shop_id}#DELIVERIES#{subscription_id:0{_ID_DIGITS}d}"


def delivery(occurred_at: str, event_id: str, topic: str) -> str:
    """``occurred_at`` as :func:`timestamp` spells it."""
    return f"{occurred_at}#{event_id}#{topic}"


def deliveries_until(occurred_at: str) -> str:
    """Behind the deliveries of all events that happened by then, before those of later ones."""
    return f"{occurred_at}$"


def deliveries_together(newest: str, at: datetime) -> str:
    """Of deliveries that went well together, the last of them at ``at``; ``newest`` is the key
    that the one of the newest event would have, behind which it sorts."""
    return f"{newest}#{timestamp(at)}"


def ranks(shop_id: str) -> str:
    return f"SHOP#{shop_id}#RANKS"


def milestone_by_id(order_id: int) -> str:
    return f"{MILESTONE_BY_ID}{order_id:0{_ID_DIGITS}d}"


def milestone_by_rank(rank: int) -> str:
    return f"{MILESTONE_BY_RANK}{rank:0{_ID_DIGITS}d}"


def numbers(shop_id: str) -> str:
    return f"SHOP#{shop_id}#NUMBERS"


def late_order(order_id: int) -> str:
    return f"{LATE_PREFIX}{order_id:0{_ID_DIGITS}d}"


def number_segment(name: str) -> str:
    """How the sort keys of all that belongs to a segment begin."""
    return f"SEGMENT#{name}#"


def segment_orders(name: str, page: int) -> str:
    return f"{number_segment(name)}ORDERS#{page:06d}"


def segment_grams(name: str, gram: bytes, position: int) -> str:
    """A page of grams that begins with ``gram``, in orders from ``position`` on.

    Hexadecimal digits sort as the bytes do, and after ``#``: a gram comes before longer ones that
    begin with it.
    """
    return f"{number_segment(name)}GRAMS#{gram.hex()}#{position:08d}"


def segment_grams_end(name: str, prefix: bytes) -> str:
    """Sorts after all pages that begin with a gram that begins with ``prefix``."""
    return f"{number_segment(name)}GRAMS#{prefix.hex()}~"


def due_partition(kind: DeadlineKind, shard: int) -> str:
    return f"DUE#{kind.value}#{shard:02d}"


def due_sort(deadline: Deadline, key: OrderKey) -> str:
    return f"{timestamp(deadline.at)}#{key.shop_id}#{key.order_id:0{_ID_DIGITS}d}"


def due_bound(until: datetime) -> str:
    """Sorts after everything due at ``until`` and before everything due later."""
    return timestamp(until + timedelta(milliseconds=1))


def due_order(sort: str) -> OrderKey:
    """The inverse of :func:`due_sort`. Raises ``ValueError``."""
    _, shop_id, order_id = sort.split("#")
    return OrderKey(shop_id, int(order_id))


def due_time(sort: str) -> datetime:
    """When the entry with this sort key fell due. Raises ``ValueError``."""
    at = datetime.fromisoformat(sort.partition("#")[0])
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at


def timestamp(at: datetime) -> str:
    """UTC with milliseconds, so that text order is time order."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
