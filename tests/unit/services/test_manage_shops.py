"""What an operator may do for a shop, and what is refused."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest

from orderhub.domain.errors import InvalidField, NotFound
from orderhub.domain.events import Terms
from orderhub.domain.money import UnitPrice
from orderhub.domain.shop import (
    DAY,
    DEFAULT_TERMS,
    CartLine,
    Price,
    Product,
    Scope,
    Shop,
    Variant,
)
from orderhub.services import manage_shops
from orderhub.services.authenticate import Authenticator
from tests.support.fakes import NOON, FakeCatalog, FakeClock, FakeShops


class Office:
    """An operator's desk over fakes, with one shop."""

    def __init__(self) -> None:
        self.shops = FakeShops()
        self.catalog = FakeCatalog()
        self.clock = FakeClock()
        self.create("demo")

    def create(
        self, shop_id: str, *, name: str = "Demo", currency: str = "CNY", timezone: str = "UTC"
    ) -> manage_shops.CreatedShop:
        return manage_shops.create_shop(
            self.shops,
            self.clock,
            shop_id=shop_id,
            name=name,
            currency=currency,
            timezone=timezone,
        )

    def windows(self, wire: str, **changes: int | None) -> Terms:
        shop = manage_shops.change_windows(
            self.shops, "demo", wire, lambda terms: replace(terms, **changes)
        )
        return shop.terms_for(wire)

    def issue(
        self,
        *,
        shop_id: str = "demo",
        wire: str = "marketplace",
        label: str = "Taobao",
        scopes: tuple[str, ...] = manage_shops.ALL_SCOPES,
        token: str | None = None,
        expires_at: datetime | None = None,
    ) -> manage_shops.IssuedCredential:
        return manage_shops.issue_credential(
            self.shops,
            self.clock,
            shop_id,
            wire=wire,
            label=label,
            scopes=scopes,
            token=token,
            expires_at=expires_at,
        )

    def put(self, *products: Product) -> None:
        manage_shops.put_products(self.shops, self.catalog, "demo", products)

    def put_cart(self, *lines: CartLine, currency: str | None = None) -> None:
        manage_shops.put_cart(
            self.shops,
            self.catalog,
            self.clock,
            "demo",
            cart_id="cart-1",
            lines=lines,
            currency=currency,
        )


@pytest.fixture
def office() -> Office:
    return Office()


def priced(currency: str, price: str, discount: str | None = None) -> dict[str, Price]:
    return {
        currency: Price(
            price=UnitPrice.of(price, currency),
            discount_price=UnitPrice.of(discount, currency) if discount else None,
        )
    }


def tea_pot(**changes: object) -> Product:
    variant = Variant(id="white", prices=priced("CNY", "64.00"))
    product = Product(id="8802", name="Tea pot", variants=(variant,))
    return replace(product, **changes)  # type: ignore[arg-type]


def complaints(product: Product) -> list[tuple[str, str]]:
    return [(found.field, found.reason) for found in manage_shops.product_problems(product)]


# -- shops -----------------------------------------------------------------------------------------


def test_a_new_shop_has_the_default_windows_of_every_wire(office: Office) -> None:
    created = office.create("new", name="New", currency="JPY", timezone="Asia/Tokyo")

    assert created.is_new
    stored = office.shops.get("new")
    assert stored == created.shop
    assert (created.shop.currency, created.shop.timezone) == ("JPY", "Asia/Tokyo")
    assert created.shop.created_at == NOON
    assert created.shop.terms_for("brandcloud").payment_timeout == 15 * 60


def test_creating_the_same_shop_again_changes_nothing(office: Office) -> None:
    office.windows("marketplace", refund_window=DAY)
    office.clock.advance(60)

    again = office.create("demo")

    assert not again.is_new
    assert again.shop.created_at == NOON
    assert again.shop.terms_for("marketplace").refund_window == DAY


@pytest.mark.parametrize(
    "other", [{"name": "Other"}, {"currency": "USD"}, {"timezone": "Asia/Shanghai"}]
)
def test_a_shop_is_never_overwritten_by_another(office: Office, other: dict[str, str]) -> None:
    before = office.shops.get("demo")

    with pytest.raises(InvalidField, match="exists already") as refused:
        office.create("demo", **other)

    assert (refused.value.field, refused.value.reason) == ("id", "taken")
    assert office.shops.get("demo") == before


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("id", {"shop_id": "a#b"}),
        ("name", {"shop_id": "new", "name": " "}),
        ("currency", {"shop_id": "new", "currency": "cny"}),
        ("timezone", {"shop_id": "new", "timezone": "Asia/Atlantis"}),
        ("timezone", {"shop_id": "new", "timezone": "Europe"}),
        ("timezone", {"shop_id": "new", "timezone": "../../etc/passwd"}),
    ],
)
def test_a_shop_needs_an_id_a_name_a_currency_and_a_time_zone(
    office: Office, field: str, bad: dict[str, str]
) -> None:
    with pytest.raises(InvalidField) as refused:
        office.create(**bad)

    assert refused.value.field == field
    assert office.shops.get("new") is None


def test_changing_one_window_keeps_the_others(office: Office) -> None:
    assert office.windows("marketplace", payment_timeout=1800) == Terms(
        payment_timeout=1800, refund_window=30 * DAY, auto_receive=14 * DAY
    )
    assert office.windows("marketplace", auto_receive=None) == Terms(
        payment_timeout=1800, refund_window=30 * DAY, auto_receive=None
    )


def test_windows_of_one_wire_leave_those_of_the_others_alone(office: Office) -> None:
    office.windows("marketplace", payment_timeout=1800)

    shop = manage_shops.require_shop(office.shops, "demo")
    assert shop.terms_for("brandcloud") == DEFAULT_TERMS["brandcloud"]


def test_a_window_can_be_opened_where_the_default_has_none(office: Office) -> None:
    assert office.windows("bricklink", payment_timeout=DAY).payment_timeout == DAY


@pytest.mark.parametrize("seconds", [0, -1, 3651 * DAY])
def test_a_window_is_a_second_at_least_and_ten_years_at_most(office: Office, seconds: int) -> None:
    with pytest.raises(InvalidField) as refused:
        office.windows("marketplace", refund_window=seconds)

    assert refused.value.field == "refund_window"
    shop = manage_shops.require_shop(office.shops, "demo")
    assert shop.terms_for("marketplace") == DEFAULT_TERMS["marketplace"]


def test_settings_change_one_by_one(office: Office) -> None:
    change = partial(manage_shops.change_settings, office.shops, "demo")
    change(domain="Shop.Example.com")
    change(cod_enabled=True)
    change(tax_included=True, number=11218)
    change(cod_enabled=False)

    shop = manage_shops.require_shop(office.shops, "demo")
    assert (shop.domain, shop.number) == ("shop.example.com", 11218)
    assert (shop.cod_enabled, shop.tax_included) == (False, True)
    assert change(domain="").domain == ""
    assert change(email="shop@example.com").email == "shop@example.com"
    assert change(email="").email == ""


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("domain", {"domain": "https://shop.example.com"}),
        ("domain", {"domain": "shop"}),
        ("domain", {"domain": "shop.example.com:8080"}),
        ("domain", {"domain": "-shop.example.com"}),
        ("domain", {"domain": ".".join(["a" * 60] * 5)}),
        ("domain", {"domain": "shop.example.com\n"}),
        ("email", {"email": "shop"}),
        ("email", {"email": "shop@example.com, other@example.com"}),
        ("number", {"number": 9_999}),
        ("number", {"number": 100_000}),
    ],
)
def test_a_setting_that_can_not_be_changes_nothing(
    office: Office, field: str, wrong: dict[str, Any]
) -> None:
    before = office.shops.get("demo")

    with pytest.raises(InvalidField) as refused:
        manage_shops.change_settings(office.shops, "demo", cod_enabled=True, **wrong)

    assert refused.value.field == field
    assert office.shops.get("demo") == before


def test_only_a_shop_that_exists_has_settings(office: Office) -> None:
    with pytest.raises(NotFound):
        manage_shops.change_settings(office.shops, "nowhere", cod_enabled=True)


def test_a_shop_has_a_number_that_follows_from_its_id() -> None:
    shops = [
        Shop(id=f"shop-{n}", name="x", currency="CNY", created_at=NOON, domain=f"{n}.example")
        for n in range(50)
    ]
    assert shops[0].number == replace(shops[0], name="y", domain="").number
    assert all(10_000 <= shop.number <= 99_999 for shop in shops)
    assert len({shop.number for shop in shops}) > 45


def test_windows_need_a_wire_and_a_shop_that_exist(office: Office) -> None:
    with pytest.raises(InvalidField) as refused:
        office.windows("telex", refund_window=DAY)
    assert refused.value.field == "wire"

    with pytest.raises(NotFound) as missing:
        manage_shops.change_windows(office.shops, "nowhere", "marketplace", lambda terms: terms)
    assert missing.value.kind == "shop"


# -- credentials -----------------------------------------------------------------------------------


def test_an_issued_token_opens_its_wire_and_no_other(office: Office) -> None:
    issued = office.issue()

    authenticator = Authenticator(office.shops, office.clock)
    principal = authenticator.authenticate("marketplace", issued.token, Scope.WRITE_ORDERS)
    assert (principal.shop.id, principal.label) == ("demo", "Taobao")
    with pytest.raises(Exception, match="not valid"):
        authenticator.authenticate("brandcloud", issued.token, Scope.READ_ORDERS)


def test_two_credentials_never_share_an_id_or_a_token(office: Office) -> None:
    first, second = office.issue(), office.issue()

    assert first.credential.id != second.credential.id
    assert first.token != second.token


def test_the_token_itself_is_not_stored(office: Office) -> None:
    issued = office.issue(token="a-token-of-their-own")

    assert issued.token == "a-token-of-their-own"
    assert "a-token-of-their-own" not in repr(office.shops.by_hash)


@pytest.mark.parametrize("length", [16, 512])
def test_a_token_brought_along_works_at_its_shortest_and_longest(
    office: Office, length: int
) -> None:
    token = office.issue(token="t" * length).token

    authenticator = Authenticator(office.shops, office.clock)
    assert authenticator.authenticate("marketplace", token, Scope.READ_ORDERS).shop.id == "demo"


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("t" * 15, "too_short"),
        ("t" * 513, "too_long"),
        ("blank in the middle", "invalid"),
        ("line\nbreak-in-the-middle", "invalid"),
        ("不是ASCII的令牌不是ASCII的令牌", "invalid"),
    ],
)
def test_a_token_that_no_header_could_carry_is_refused(
    office: Office, token: str, reason: str
) -> None:
    with pytest.raises(InvalidField) as refused:
        office.issue(token=token)

    assert (refused.value.field, refused.value.reason) == ("token", reason)
    assert not office.shops.by_hash


def test_a_token_belongs_to_one_credential_even_after_it_was_revoked(office: Office) -> None:
    first = office.issue(token="shared-by-mistake")
    manage_shops.revoke_credential(office.shops, office.clock, "demo", first.credential.id)

    with pytest.raises(InvalidField) as refused:
        office.issue(label="Somebody else", token="shared-by-mistake")

    assert (refused.value.field, refused.value.reason) == ("token", "taken")


def test_scopes_are_kept_once_each(office: Office) -> None:
    issued = office.issue(scopes=("write_orders", "read_orders", "write_orders"))

    assert issued.credential.scopes == ("read_orders", "write_orders")


@pytest.mark.parametrize(
    ("field", "bad"),
    [("wire", {"wire": "telex"}), ("label", {"label": ""}), ("scopes", {"scopes": ()})],
)
def test_a_credential_needs_a_wire_a_label_and_a_scope(
    office: Office, field: str, bad: dict[str, str]
) -> None:
    with pytest.raises(InvalidField) as refused:
        office.issue(**bad)  # type: ignore[arg-type]

    assert refused.value.field == field


def test_nobody_is_let_into_a_shop_that_does_not_exist(office: Office) -> None:
    with pytest.raises(NotFound) as missing:
        office.issue(shop_id="nowhere")
    assert missing.value.kind == "shop"

    with pytest.raises(NotFound):
        manage_shops.list_credentials(office.shops, "nowhere")


def test_revoking_twice_keeps_the_first_time(office: Office) -> None:
    issued = office.issue().credential.id
    manage_shops.revoke_credential(office.shops, office.clock, "demo", issued)
    office.clock.advance(3600)

    again = manage_shops.revoke_credential(office.shops, office.clock, "demo", issued)

    assert again.revoked_at == NOON


def test_a_credential_expires_in_universal_time(office: Office) -> None:
    at = (NOON + timedelta(hours=1)).astimezone(timezone(timedelta(hours=8)))
    issued = office.issue(expires_at=at).credential
    assert issued.expires_at == at
    assert issued.expires_at is not None
    assert issued.expires_at.utcoffset() == timedelta(0)
    assert issued.holds_at(NOON + timedelta(minutes=59))
    assert not issued.holds_at(NOON + timedelta(minutes=60))


@pytest.mark.parametrize(
    ("seconds", "reason"), [(0, "past"), (-1, "past"), (3650 * DAY + 1, "too_late")]
)
def test_a_life_that_is_over_or_too_long_is_refused(
    office: Office, seconds: int, reason: str
) -> None:
    with pytest.raises(InvalidField) as refused:
        office.issue(expires_at=NOON + timedelta(seconds=seconds))
    assert (refused.value.field, refused.value.reason) == ("expires_at", reason)


def test_a_credential_is_revoked_by_its_own_shop_only(office: Office) -> None:
    office.create("other")
    issued = office.issue().credential.id

    with pytest.raises(NotFound) as missing:
        manage_shops.revoke_credential(office.shops, office.clock, "other", issued)

    assert missing.value.kind == "credential"
    assert manage_shops.list_credentials(office.shops, "demo")[0].revoked_at is None


def test_credentials_are_listed_oldest_first(office: Office) -> None:
    for label in ("first", "second", "third"):
        office.issue(label=label)
        office.clock.advance(1)

    listed = manage_shops.list_credentials(office.shops, "demo")

    assert [credential.label for credential in listed] == ["first", "second", "third"]


# -- products and carts ----------------------------------------------------------------------------


def test_products_replace_what_had_their_id(office: Office) -> None:
    office.put(tea_pot())
    office.put(tea_pot(name="Better tea pot"))

    found = manage_shops.require_product(office.shops, office.catalog, "demo", "8802")
    assert found.name == "Better tea pot"


def test_a_product_may_have_no_variants(office: Office) -> None:
    office.put(tea_pot(variants=()))

    assert office.catalog.product("demo", "8802") is not None


def set_stock(office: Office, product_id: str, variant_id: str, quantity: int) -> None:
    manage_shops.set_stock(
        office.shops,
        office.catalog,
        "demo",
        product_id=product_id,
        variant_id=variant_id,
        quantity=quantity,
    )


def test_a_variant_whose_pieces_were_counted_tracks_stock(office: Office) -> None:
    others = Variant(id="red", prices=priced("CNY", "64.00"))
    office.put(tea_pot(variants=(*tea_pot().variants, others)))

    set_stock(office, "8802", "white", 7)
    set_stock(office, "8802", "white", 0)
    set_stock(office, "8802", "white", 5)

    product = manage_shops.require_product(office.shops, office.catalog, "demo", "8802")
    assert [variant.tracks_stock for variant in product.variants] == [True, False]
    assert manage_shops.count_stock(office.catalog, "demo", product) == {"white": 5}


def test_a_product_that_is_put_again_keeps_its_pieces_and_may_stop_tracking(
    office: Office,
) -> None:
    office.put(tea_pot())
    set_stock(office, "8802", "white", 7)

    office.put(tea_pot())
    assert manage_shops.count_stock(office.catalog, "demo", tea_pot()) == {}
    tracking = tea_pot(variants=(replace(tea_pot().variants[0], tracks_stock=True),))
    office.put(tracking)
    assert manage_shops.count_stock(office.catalog, "demo", tracking) == {"white": 7}


@pytest.mark.parametrize(
    ("product_id", "variant_id", "kind"), [("1", "white", "product"), ("8802", "blue", "variant")]
)
def test_only_what_is_sold_has_a_stock(
    office: Office, product_id: str, variant_id: str, kind: str
) -> None:
    office.put(tea_pot())
    with pytest.raises(NotFound) as missing:
        set_stock(office, product_id, variant_id, 1)
    assert missing.value.kind == kind


@pytest.mark.parametrize("quantity", [-1, 1_000_000_001])
def test_no_absurd_number_of_pieces_is_there(office: Office, quantity: int) -> None:
    office.put(tea_pot())
    with pytest.raises(InvalidField) as refused:
        set_stock(office, "8802", "white", quantity)
    assert (refused.value.field, refused.value.reason) == ("quantity", "out_of_range")


def test_nothing_is_written_when_one_of_the_products_is_bad(office: Office) -> None:
    with pytest.raises(InvalidField):
        office.put(tea_pot(), tea_pot(id="8803", name=""))

    assert not office.catalog.shelves


@pytest.mark.parametrize(
    ("variants", "complaint"),
    [
        ((Variant(id="a b", prices=priced("CNY", "1")),), ("variants[0].id", "invalid")),
        ((Variant(id="a"),), ("variants[0].prices", "required")),
        (
            (Variant(id="a", prices=priced("CNY", "1")),) * 2,
            ("variants[1].id", "repeated"),
        ),
        (
            (Variant(id="a", prices=priced("CNY", "-1")),),
            ("variants[0].prices.CNY", "negative"),
        ),
        (
            (Variant(id="a", prices=priced("CNY", "1", "1.01")),),
            ("variants[0].prices.CNY.discount_price", "higher_than_price"),
        ),
        (
            (Variant(id="a", prices={"USD": priced("CNY", "1")["CNY"]}),),
            ("variants[0].prices.USD", "wrong_currency"),
        ),
        (
            (Variant(id="a", prices=priced("CNY", "1"), weight_grams=-1),),
            ("variants[0].weight_grams", "negative"),
        ),
    ],
)
def test_a_bad_variant_is_named_with_its_place(
    variants: tuple[Variant, ...], complaint: tuple[str, str]
) -> None:
    assert complaints(tea_pot(variants=variants)) == [complaint]


def test_all_problems_of_a_product_are_found_at_once() -> None:
    bad = tea_pot(id="", name="", variants=(Variant(id=""),))

    assert [field for field, _ in complaints(bad)] == [
        "id",
        "name",
        "variants[0].id",
        "variants[0].prices",
    ]


def test_a_free_product_and_a_discount_to_nothing_are_good() -> None:
    free = (
        Variant(id="a", prices=priced("CNY", "0")),
        Variant(id="b", prices=priced("CNY", "2", "0")),
    )

    assert complaints(tea_pot(variants=free)) == []


def test_a_cart_is_in_the_shops_currency_unless_told_otherwise(office: Office) -> None:
    both = Variant(id="white", prices=priced("CNY", "64.00") | priced("JPY", "1280"))
    office.put(tea_pot(variants=(both,)))

    office.put_cart(CartLine("8802", "white", 2))
    stored = manage_shops.require_cart(office.shops, office.catalog, "demo", "cart-1")
    assert (stored.currency, stored.lines) == ("CNY", (CartLine("8802", "white", 2),))

    office.put_cart(CartLine("8802", "white", 2), currency="JPY")
    stored = manage_shops.require_cart(office.shops, office.catalog, "demo", "cart-1")
    assert stored.currency == "JPY"


@pytest.mark.parametrize(
    ("line", "kind"),
    [(CartLine("9999", "white", 1), "product"), (CartLine("8802", "black", 1), "variant")],
)
def test_a_cart_holds_only_what_the_shop_has(office: Office, line: CartLine, kind: str) -> None:
    office.put(tea_pot())

    with pytest.raises(NotFound) as missing:
        office.put_cart(CartLine("8802", "white", 1), line)

    assert missing.value.kind == kind
    assert not office.catalog.carts


def test_a_cart_can_not_hold_what_has_no_price_in_its_currency(office: Office) -> None:
    office.put(tea_pot())

    with pytest.raises(InvalidField) as refused:
        office.put_cart(CartLine("8802", "white", 1), currency="USD")

    assert (refused.value.field, refused.value.reason) == ("currency", "unpriced")


@pytest.mark.parametrize("lines", [[], [CartLine("8802", "white", 0)]])
def test_an_empty_cart_is_refused(office: Office, lines: list[CartLine]) -> None:
    office.put(tea_pot())

    with pytest.raises(InvalidField):
        office.put_cart(*lines)


def test_products_and_carts_that_are_not_there_are_not_found(office: Office) -> None:
    with pytest.raises(NotFound, match="product 1"):
        manage_shops.require_product(office.shops, office.catalog, "demo", "1")
    with pytest.raises(NotFound, match="cart 1"):
        manage_shops.require_cart(office.shops, office.catalog, "demo", "1")
    with pytest.raises(NotFound) as missing:
        manage_shops.require_product(office.shops, office.catalog, "nowhere", "1")
    assert missing.value.kind == "shop"
