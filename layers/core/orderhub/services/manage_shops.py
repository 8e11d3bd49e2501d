"""What an operator does for a shop: make it, set its windows, let systems in, fill its shelves."""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import InvalidField, NotFound
from orderhub.domain.events import Terms
from orderhub.domain.lines import MAX_LINES, MAX_QUANTITY
from orderhub.domain.money import require_currency
from orderhub.domain.people import User
from orderhub.domain.shop import (
    DAY,
    LARGEST_NUMBER,
    SMALLEST_NUMBER,
    WIRES,
    Cart,
    CartLine,
    Credential,
    Price,
    Product,
    Scope,
    Shop,
    Variant,
    require_identifier,
)
from orderhub.ports import Catalog, Clock, ShopRepository
from orderhub.services.authenticate import token_hash
from orderhub.services.payment_link import require_email

LONGEST_WINDOW: Final = 3650 * DAY
LONGEST_LIFE: Final = 3650 * DAY
"""Of a credential that expires, in seconds."""
"""Ten years. Longer ones are mistakes, and could overrun the calendar."""
LONGEST_LABEL: Final = 200
SHORTEST_TOKEN: Final = 16
LONGEST_TOKEN: Final = 512

ALL_SCOPES: Final = tuple(Scope)


# -- shops -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CreatedShop:
    """``is_new`` tells a first time from a repeat."""

    shop: Shop
    is_new: bool


def require_shop(shops: ShopRepository, shop_id: str) -> Shop:
    """The shop with this id. Raises :class:`NotFound`."""
    shop = shops.get(shop_id)
    if shop is None:
        raise NotFound("shop", shop_id)
    return shop


def create_shop(
    shops: ShopRepository,
    clock: Clock,
    *,
    shop_id: str,
    name: str,
    currency: str,
    timezone: str = "UTC",
) -> CreatedShop:
    """Make a shop, once: the same again returns the shop that exists, and lists it.

    Raises :class:`InvalidField`: naming what can't be taken, or ``id`` as ``taken`` when another
    shop has it. A shop is never overwritten.
    """
    shop = Shop(
        id=require_identifier("id", shop_id),
        name=_require_text("name", name),
        currency=require_currency(currency),
        timezone=require_timezone(timezone),
        created_at=clock.now(),
    )
    existing = shops.get(shop.id)
    if existing is None:
        shops.put(shop)
        return CreatedShop(shop, is_new=True)
    differing = [
        f"{field} {getattr(existing, field)!r}"
        for field in ("name", "currency", "timezone")
        if getattr(existing, field) != getattr(shop, field)
    ]
    if differing:
        message = f"shop {shop.id} exists already, with {', '.join(differing)}"
        raise InvalidField("id", "taken", message)
    shops.enlist(existing)
    return CreatedShop(existing, is_new=False)


def change_windows(
    shops: ShopRepository, shop_id: str, wire: str, revise: Callable[[Terms], Terms]
) -> Shop:
    """Set the windows of a shop's future orders from one wire, and return the shop.

    ``revise`` gets the windows that hold now, the defaults included. Orders keep the windows
    that they were placed under. Raises :class:`NotFound` or :class:`InvalidField`.
    """
    require_wire(wire)
    shop = require_shop(shops, shop_id)
    terms = revise(shop.terms_for(wire))
    for field in ("payment_timeout", "refund_window", "auto_receive"):
        seconds = getattr(terms, field)
        if seconds is not None and not 0 < seconds <= LONGEST_WINDOW:
            message = f"a window is from 1 second to {LONGEST_WINDOW // DAY} days long"
            raise InvalidField(field, "out_of_range", message)
    changed = replace(shop, terms={**shop.terms, wire: terms})
    shops.put(changed)
    return changed


def change_settings(
    shops: ShopRepository,
    shop_id: str,
    *,
    domain: str | None = None,
    number: int | None = None,
    cod_enabled: bool | None = None,
    tax_included: bool | None = None,
    trusts_terminal: bool | None = None,
    email: str | None = None,
) -> Shop:
    """Set what is given, and return the shop. An empty ``domain`` or ``email`` clears it.

    Raises :class:`NotFound` or :class:`InvalidField` (``domain``, ``number``, ``email``).
    """
    if domain is not None:
        domain = require_domain(domain)
    if email:
        email = _require_address(email)
    if number is not None and not SMALLEST_NUMBER <= number <= LARGEST_NUMBER:
        message = f"a shop's number is from {SMALLEST_NUMBER} to {LARGEST_NUMBER}"
        raise InvalidField("number", "out_of_range", message)
    shop = require_shop(shops, shop_id)
    given: dict[str, Any] = {
        "domain": domain,
        "given_number": number,
        "cod_enabled": cod_enabled,
        "tax_included": tax_included,
        "trusts_terminal": trusts_terminal,
        "email": email,
    }
    changed = replace(shop, **{name: it for name, it in given.items() if it is not None})
    if changed != shop:
        shops.put(changed)
    return changed


def _require_address(email: str) -> str:
    try:
        return require_email(email)
    except InvalidField:
        message = f"{email!r} is not an address like shop@example.com"
        raise InvalidField("email", "invalid", message) from None


def require_domain(text: str) -> str:
    """Return ``text`` in small letters if it is a host name or empty, else raise
    :class:`InvalidField`."""
    if text and not (len(text) <= 253 and _HOST.fullmatch(text)):
        message = f"{text!r} is not a host like shop.example.com"
        raise InvalidField("domain", "invalid", message)
    return text.lower()


_LABEL: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOST: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")


def require_wire(name: str) -> str:
    """Return ``name`` if it is a wire's, else raise :class:`InvalidField`."""
    if name not in WIRES:
        raise InvalidField("wire", "unknown", f"{name!r} is none of {', '.join(WIRES)}")
    return name


def require_timezone(name: str) -> str:
    """Return ``name`` if the IANA database has it, else raise :class:`InvalidField`."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # OSError: the name of a folder in the database, like "Europe".
        raise InvalidField(
            "timezone", "unknown", f"{name!r} is not a time zone like Asia/Shanghai"
        ) from None
    return name


# -- credentials -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IssuedCredential:
    """``token`` is shown to the one who asked for it and kept nowhere."""

    credential: Credential
    token: str


def issue_credential(
    shops: ShopRepository,
    clock: Clock,
    shop_id: str,
    *,
    wire: str,
    label: str,
    scopes: Iterable[str] = ALL_SCOPES,
    token: str | None = None,
    user: User | None = None,
    app_key: str = "",
    expires_at: datetime | None = None,
) -> IssuedCredential:
    """Let an external system use one wire for one shop.

    Without ``token`` a random one is made; a system that moves here may bring its own. On wires
    where requests come from a person, ``user`` is that person, of the same shop. Raises
    :class:`NotFound` for the shop, or :class:`InvalidField`: ``token`` is ``taken`` when any
    credential has it, revoked ones included.
    """
    if token is None:
        token = secrets.token_hex(20)
    elif not SHORTEST_TOKEN <= len(token) <= LONGEST_TOKEN:
        raise InvalidField(
            "token",
            "too_short" if len(token) < SHORTEST_TOKEN else "too_long",
            f"a token has from {SHORTEST_TOKEN} to {LONGEST_TOKEN} characters",
        )
    elif not (token.isascii() and token.isprintable()) or " " in token:
        raise InvalidField("token", "invalid", "a token has no blanks and nothing but ASCII")
    credential = new_credential(
        shops,
        clock,
        shop_id,
        wire=wire,
        label=label,
        scopes=scopes,
        token_hash=token_hash(token),
        user=user,
        app_key=app_key,
        expires_at=expires_at,
    )
    shops.add_credential(credential)
    return IssuedCredential(credential, token)


def new_credential(
    shops: ShopRepository,
    clock: Clock,
    shop_id: str,
    *,
    wire: str,
    label: str,
    scopes: Iterable[str],
    token_hash: str,
    user: User | None = None,
    app_key: str = "",
    expires_at: datetime | None = None,
) -> Credential:
    """A credential that is not stored yet. Raises :class:`NotFound` for the shop, or
    :class:`InvalidField`: ``expires_at`` is ``past`` when it would let nobody in, ``too_late``
    when it is further off than ``LONGEST_LIFE``."""
    require_wire(wire)
    asked = {Scope(scope) for scope in scopes}
    if not asked:
        raise InvalidField("scopes", "required", "a credential has one scope at least")
    now = clock.now()
    if expires_at is not None:
        expires_at = _require_expiry(expires_at.astimezone(UTC), now)
    return Credential(
        id=f"cred_{secrets.token_hex(6)}",
        shop_id=require_shop(shops, shop_id).id,
        wire=wire,
        label=_require_text("label", label),
        token_hash=token_hash,
        scopes=tuple(scope.value for scope in Scope if scope in asked),
        created_at=now,
        user_id=user.id if user else None,
        app_key=app_key,
        expires_at=expires_at,
    )


def _require_expiry(at: datetime, now: datetime) -> datetime:
    if at <= now:
        raise InvalidField("expires_at", "past", "the credential would have expired already")
    if at - now > timedelta(seconds=LONGEST_LIFE):
        days = LONGEST_LIFE // DAY
        raise InvalidField("expires_at", "too_late", f"a credential holds for {days} days at most")
    return at


def list_credentials(shops: ShopRepository, shop_id: str) -> Sequence[Credential]:
    """A shop's credentials, oldest first, revoked ones included. Raises :class:`NotFound`."""
    require_shop(shops, shop_id)
    return sorted(shops.credentials(shop_id), key=lambda issued: (issued.created_at, issued.id))


def revoke_credential(
    shops: ShopRepository, clock: Clock, shop_id: str, credential_id: str
) -> Credential:
    """Revoke a credential; the first time counts. Raises :class:`NotFound`."""
    require_shop(shops, shop_id)
    return shops.revoke(shop_id, credential_id, clock.now())


# -- products and carts ----------------------------------------------------------------------------


def require_product(shops: ShopRepository, catalog: Catalog, shop_id: str, name: str) -> Product:
    """The product with the id ``name``. Raises :class:`NotFound`, for the shop or for it."""
    require_shop(shops, shop_id)
    product = catalog.product(shop_id, name)
    if product is None:
        raise NotFound("product", name)
    return product


def require_cart(shops: ShopRepository, catalog: Catalog, shop_id: str, name: str) -> Cart:
    """The cart with the id ``name``. Raises :class:`NotFound`, for the shop or for it."""
    require_shop(shops, shop_id)
    cart = catalog.cart(shop_id, name)
    if cart is None:
        raise NotFound("cart", name)
    return cart


def product_problems(product: Product) -> list[InvalidField]:
    """All that keeps ``product`` from being sold. Fields are paths: ``variants[0].prices.CNY``."""
    return [
        *_problems_of_text("id", product.id, identifier=True),
        *_problems_of_text("name", product.name),
        *_repeats("variants", [variant.id for variant in product.variants]),
        *(
            problem
            for index, variant in enumerate(product.variants)
            for problem in _problems_of_variant(f"variants[{index}]", variant)
        ),
    ]


def put_products(
    shops: ShopRepository,
    catalog: Catalog,
    shop_id: str,
    products: Sequence[Product],
    on_written: Callable[[Product], None] = lambda _: None,
) -> None:
    """Put products into a shop's catalogue; each replaces what had its id.

    Nothing is written unless all of them are good: raises :class:`NotFound` for the shop, or the
    first :class:`InvalidField` of :func:`product_problems`.
    """
    require_shop(shops, shop_id)
    for product in products:
        for problem in product_problems(product):
            raise problem
    for product in products:
        catalog.put_product(shop_id, product)
        on_written(product)


def count_stock(catalog: Catalog, shop_id: str, product: Product) -> Mapping[str, int]:
    """Variant id → pieces, of the product's variants that track stock."""
    tracked = [(product.id, variant.id) for variant in product.variants if variant.tracks_stock]
    counted = catalog.stock(shop_id, tracked) if tracked else {}
    return {variant_id: pieces for (_, variant_id), pieces in counted.items()}


def set_stock(
    shops: ShopRepository,
    catalog: Catalog,
    shop_id: str,
    *,
    product_id: str,
    variant_id: str,
    quantity: int,
) -> None:
    """So many pieces of a variant are there now. It tracks stock from now on.

    Raises :class:`NotFound` for the shop, the product or the variant, or :class:`InvalidField`
    (``quantity``).
    """
    if not 0 <= quantity <= MAX_QUANTITY:
        message = f"from 0 to {MAX_QUANTITY} pieces can be in stock"
        raise InvalidField("quantity", "out_of_range", message)
    product = require_product(shops, catalog, shop_id, product_id)
    variant = require_variant(product, variant_id)
    catalog.set_stock(shop_id, product_id, variant_id, quantity)
    if not variant.tracks_stock:
        tracking = replace(variant, tracks_stock=True)
        variants = tuple(tracking if each == variant else each for each in product.variants)
        catalog.put_product(shop_id, replace(product, variants=variants))


def require_variant(product: Product, variant_id: str) -> Variant:
    """The product's variant with this id. Raises :class:`NotFound`."""
    for variant in product.variants:
        if variant.id == variant_id:
            return variant
    raise NotFound("variant", f"{variant_id} of product {product.id}")


def put_cart(
    shops: ShopRepository,
    catalog: Catalog,
    clock: Clock,
    shop_id: str,
    *,
    cart_id: str,
    lines: Iterable[CartLine],
    currency: str | None = None,
) -> Cart:
    """Put a cart, in the shop's currency unless told otherwise; it replaces what had its id.

    Raises :class:`NotFound` for the shop, a product or a variant, or :class:`InvalidField`: a
    product that has no price in the cart's currency is ``unpriced``.
    """
    shop = require_shop(shops, shop_id)
    cart = Cart(
        id=require_identifier("id", cart_id),
        currency=require_currency(currency or shop.currency),
        lines=tuple(lines),
        created_at=clock.now(),
    )
    if not 0 < len(cart.lines) <= MAX_LINES:
        raise InvalidField("lines", "out_of_range", f"a cart has from 1 to {MAX_LINES} lines")
    for line in cart.lines:
        _require_sellable(catalog, shop_id, line, cart.currency)
    catalog.put_cart(shop_id, cart)
    return cart


def _require_sellable(catalog: Catalog, shop_id: str, line: CartLine, currency: str) -> None:
    if not 0 < line.quantity <= MAX_QUANTITY:
        raise InvalidField("quantity", "out_of_range", f"{line.quantity} pieces can't be sold")
    product = catalog.product(shop_id, line.product_id)
    if product is None:
        raise NotFound("product", line.product_id)
    variant = require_variant(product, line.variant_id)
    if currency not in variant.prices:
        message = f"variant {variant.id} of product {product.id} has no price in {currency}"
        raise InvalidField("currency", "unpriced", message)


def _problems_of_variant(at: str, variant: Variant) -> Iterator[InvalidField]:
    yield from _problems_of_text(f"{at}.id", variant.id, identifier=True)
    if variant.weight_grams < 0:
        yield InvalidField(f"{at}.weight_grams", "negative")
    if not variant.prices:
        yield InvalidField(f"{at}.prices", "required")
    for currency, price in variant.prices.items():
        yield from _problems_of_price(f"{at}.prices.{currency}", currency, price)


def _problems_of_price(at: str, currency: str, price: Price) -> Iterator[InvalidField]:
    given = [amount for amount in (price.price, price.discount_price) if amount is not None]
    if any(amount.currency != currency for amount in given):
        yield InvalidField(at, "wrong_currency")
    if any(amount.ten_thousandths < 0 for amount in given):
        yield InvalidField(at, "negative")
    discounted = price.discount_price
    if discounted and discounted.ten_thousandths > price.price.ten_thousandths:
        yield InvalidField(f"{at}.discount_price", "higher_than_price")


def _problems_of_text(at: str, text: str, *, identifier: bool = False) -> Iterator[InvalidField]:
    try:
        require_identifier(at, text) if identifier else _require_text(at, text)
    except InvalidField as problem:
        yield problem


def _repeats(at: str, ids: Sequence[str]) -> Iterator[InvalidField]:
    for index, identifier in enumerate(ids):
        if identifier in ids[:index]:
            yield InvalidField(f"{at}[{index}].id", "repeated")


def _require_text(field: str, text: str) -> str:
    if not text.strip():
        raise InvalidField(field, "required")
    if len(text) > LONGEST_LABEL:
        raise InvalidField(field, "too_long", f"{field} has at most {LONGEST_LABEL} characters")
    return text
