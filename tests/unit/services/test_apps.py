"""Apps over fakes: keys, secrets, and the tokens that follow from them."""

from datetime import timedelta

import pytest

from orderhub.domain.errors import Forbidden, InvalidField, NotFound, Unauthenticated
from orderhub.domain.shop import Shop
from orderhub.services import manage_shops
from orderhub.services.authenticate import Authenticator, token_hash
from orderhub.services.issue_app import IssuedApp, access_token, grant_token, issue_app
from tests.support.fakes import NOON, FakeClock, FakeShops

WIRE = "youhaosuda"


class Reception:
    """A shop, and the shorthands of these tests."""

    def __init__(self) -> None:
        self.shops = FakeShops()
        self.clock = FakeClock()
        self.shops.put(Shop(id="demo", name="Demo", currency="CNY", created_at=NOON))

    def issue(self, **options: object) -> IssuedApp:
        given = {"wire": WIRE, "label": "ERP", **options}
        return issue_app(self.shops, self.clock, "demo", **given)  # type: ignore[arg-type]

    def grant(self, key: str, secret: str, wire: str = WIRE) -> str:
        return grant_token(self.shops, self.clock, wire, key, secret).token


@pytest.fixture
def reception() -> Reception:
    return Reception()


def test_the_token_follows_from_key_and_secret() -> None:
    """The same for ever: clients keep it. HMAC-SHA256 under the secret, over our label and the
    key."""
    assert (
        access_token("0249cb63872d43a28c0d9bf0ddfd6a9c", "45ab37bed9334b86b4cb6be2b4459cdf")
        == "bdd1274ae754500fe3e1c3b399ed98e746eebdf702bdc3de07b09d0a03009c76"
    )


def test_tokens_of_swapped_split_or_joined_parts_differ() -> None:
    pairs = [("a", "b"), ("b", "a"), ("", "ab"), ("ab", ""), ("a", "bb"), ("aa", "b")]
    assert len({access_token(*pair) for pair in pairs}) == len(pairs)


def test_an_app_s_token_opens_its_shop(reception: Reception) -> None:
    app = reception.issue()
    authenticator = Authenticator(reception.shops, reception.clock)
    principal = authenticator.authenticate(WIRE, app.token, "write_orders")
    assert (principal.shop.id, principal.label) == ("demo", "ERP")
    assert reception.grant(app.key, app.secret) == app.token


def test_an_expired_app_gets_no_token_and_its_token_opens_nothing(reception: Reception) -> None:
    app = reception.issue(expires_at=NOON + timedelta(hours=1))
    authenticator = Authenticator(reception.shops, reception.clock)
    reception.clock.advance(3599.999)
    assert reception.grant(app.key, app.secret) == app.token
    reception.clock.advance(0.001)
    with pytest.raises(Unauthenticated):
        reception.grant(app.key, app.secret)
    with pytest.raises(Unauthenticated):
        authenticator.authenticate(WIRE, app.token, "write_orders")


def test_an_app_may_be_for_reading_only(reception: Reception) -> None:
    app = reception.issue(scopes=["read_orders"])
    authenticator = Authenticator(reception.shops, reception.clock)
    with pytest.raises(Forbidden):
        authenticator.authenticate(WIRE, app.token, "write_orders")


def test_neither_secret_nor_token_is_stored(reception: Reception) -> None:
    app = reception.issue()
    [stored] = reception.shops.credentials("demo")
    assert stored.app_key == app.key
    assert app.secret not in repr(stored)
    assert app.token not in repr(stored)
    assert stored.token_hash == token_hash(app.token)


def test_trading_costs_one_read_whoever_asks(reception: Reception) -> None:
    app = reception.issue()
    for key, secret in ((app.key, app.secret), (app.key, "x"), ("x", app.secret)):
        before = reception.shops.reads
        if (key, secret) == (app.key, app.secret):
            reception.grant(key, secret)
        else:
            with pytest.raises(Unauthenticated):
                reception.grant(key, secret)
        assert reception.shops.reads == before + 1


def test_random_keys_and_secrets_are_32_digits_each(reception: Reception) -> None:
    """As long as the vendor's own, which clients cut in half."""
    first, second = reception.issue(), reception.issue()
    for text in (first.key, first.secret, second.key, second.secret):
        assert len(text) == 32
        assert int(text, 16) >= 0
    assert len({first.key, first.secret, second.key, second.secret}) == 4


def test_an_app_is_issued_once(reception: Reception) -> None:
    app = reception.issue()
    with pytest.raises(InvalidField) as refused:
        reception.issue(key=app.key, secret=app.secret)
    assert (refused.value.field, refused.value.reason) == ("token", "taken")


def test_a_revoked_app_gets_no_token(reception: Reception) -> None:
    app = reception.issue()
    manage_shops.revoke_credential(reception.shops, reception.clock, "demo", app.credential.id)
    with pytest.raises(Unauthenticated):
        reception.grant(app.key, app.secret)


def test_an_app_of_another_wire_gets_no_token(reception: Reception) -> None:
    app = reception.issue(wire="marketplace")
    with pytest.raises(Unauthenticated):
        reception.grant(app.key, app.secret)
    assert reception.grant(app.key, app.secret, "marketplace") == app.token


def test_a_token_that_was_brought_along_is_no_app_s(reception: Reception) -> None:
    manage_shops.issue_credential(
        reception.shops, reception.clock, "demo", wire=WIRE, label="x", token="t" * 40
    )
    for key, secret in (("", "t" * 40), ("t" * 40, ""), ("t" * 40, "t" * 40)):
        with pytest.raises(Unauthenticated):
            reception.grant(key, secret)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("app_key", "", "too_short"),
        ("app_key", "k" * 257, "too_long"),
        ("app_key", "a:b", "invalid"),
        ("app_key", "a b", "invalid"),
        ("app_key", "钥", "invalid"),
        ("app_secret", "s" * 15, "too_short"),
        ("app_secret", "s" * 257, "too_long"),
        ("app_secret", "s" * 16 + "\n", "invalid"),
    ],
)
def test_keys_and_secrets_that_headers_can_not_carry_are_refused(
    reception: Reception, field: str, value: str, reason: str
) -> None:
    with pytest.raises(InvalidField) as refused:
        reception.issue(**{field.removeprefix("app_"): value})
    assert (refused.value.field, refused.value.reason) == (field, reason)
    assert reception.shops.credentials("demo") == []


def test_a_shop_must_be_there(reception: Reception) -> None:
    with pytest.raises(NotFound):
        issue_app(reception.shops, reception.clock, "none", wire=WIRE, label="x")


def test_lone_surrogates_are_wrong_and_no_more(reception: Reception) -> None:
    app = reception.issue()
    with pytest.raises(Unauthenticated):
        reception.grant("\ud800", app.secret)
