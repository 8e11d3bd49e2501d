"""Who a token is: known at once, forgotten within a minute, and never guessed at."""

from dataclasses import replace
from datetime import timedelta

import pytest

from orderhub.domain.errors import Forbidden, ShopInactive, Unauthenticated
from orderhub.domain.events import Terms
from orderhub.domain.shop import Credential, Shop
from orderhub.services.authenticate import Authenticator, token_hash
from tests.support.fakes import NOON, FakeClock, FakeShops

TOKEN = "oh_live_4f1d7a"
WIRE = "marketplace"
READ, WRITE = "read_orders", "write_orders"


class Door:
    """An authenticator of one warm function, in front of one shop with one credential."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.shops = FakeShops()
        self.shops.put(Shop(id="demo", name="Demo", currency="CNY", created_at=NOON))
        self.issue(TOKEN)
        self.authenticator = Authenticator(self.shops, self.clock)

    def issue(
        self,
        token: str,
        *,
        credential_id: str = "c1",
        shop_id: str = "demo",
        wire: str = WIRE,
        scopes: tuple[str, ...] = (READ, WRITE),
        expires_in: float | None = None,
    ) -> None:
        self.shops.add_credential(
            Credential(
                id=credential_id,
                shop_id=shop_id,
                wire=wire,
                label="Taobao sync",
                token_hash=token_hash(token),
                scopes=scopes,
                created_at=NOON,
                expires_at=self.clock.now() + timedelta(seconds=expires_in) if expires_in else None,
            )
        )

    def revoke(self) -> None:
        self.shops.revoke("demo", "c1", self.clock.now())

    def lets_in(self, token: str | None = TOKEN, wire: str = WIRE, scope: str = WRITE) -> bool:
        try:
            self.authenticator.authenticate(wire, token, scope)
        except Unauthenticated:
            return False
        return True


@pytest.fixture
def door() -> Door:
    return Door()


def test_a_good_token_tells_shop_and_system(door: Door) -> None:
    principal = door.authenticator.authenticate(WIRE, TOKEN, WRITE)
    assert principal.shop == door.shops.get("demo")
    assert (principal.credential_id, principal.label) == ("c1", "Taobao sync")
    assert principal.scopes == {READ, WRITE}


def test_tokens_are_known_by_their_sha_256() -> None:
    assert token_hash("abc") == ("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")


def test_a_known_token_is_not_read_again_for_a_minute(door: Door) -> None:
    assert door.lets_in()
    door.clock.advance(59.999)
    assert door.lets_in()
    assert door.shops.reads == 1
    door.clock.advance(0.001)
    assert door.lets_in()
    assert door.shops.reads == 2


def test_a_revocation_holds_after_a_minute_however_busy_the_token_is(door: Door) -> None:
    assert door.lets_in()
    door.revoke()
    for _ in range(59):
        door.clock.advance(1)
        assert door.lets_in()
    door.clock.advance(1)
    assert not door.lets_in()
    door.clock.advance(3600)
    assert not door.lets_in()


def test_a_revocation_holds_at_once_where_the_token_was_not_seen(door: Door) -> None:
    door.revoke()
    assert not door.lets_in()


def test_a_token_that_expires_is_refused_from_its_millisecond_on_however_busy_it_is(
    door: Door,
) -> None:
    door.issue("brief", credential_id="c2", expires_in=30)
    for _ in range(2):
        assert door.lets_in("brief")
        door.clock.advance(14.9995)
    door.clock.advance(0.0005)
    assert door.lets_in("brief")
    assert door.shops.reads == 1
    door.clock.advance(0.0005)
    assert not door.lets_in("brief")
    assert door.shops.reads == 1
    door.clock.advance(3600)
    assert not door.lets_in("brief")


def test_an_expired_token_without_the_scope_is_told_no_more_than_an_unknown_one(
    door: Door,
) -> None:
    door.issue("brief", credential_id="c2", scopes=(READ,), expires_in=1)
    door.clock.advance(1)
    said = []
    for token in ("brief", "unknown"):
        with pytest.raises(Unauthenticated) as refused:
            door.authenticator.authenticate(WIRE, token, WRITE)
        said.append(str(refused.value))
    assert said[0] == said[1]


def test_changed_windows_of_a_shop_hold_after_a_minute(door: Door) -> None:
    door.lets_in()
    shop = door.authenticator.authenticate(WIRE, TOKEN, READ).shop
    door.shops.put(replace(shop, terms={WIRE: Terms(payment_timeout=5)}))
    door.clock.advance(60)
    principal = door.authenticator.authenticate(WIRE, TOKEN, READ)
    assert principal.shop.terms_for(WIRE).payment_timeout == 5


@pytest.mark.parametrize("first", ["marketplace", "bricklink"])
def test_a_token_is_good_for_its_own_api_only(door: Door, first: str) -> None:
    for wire in (first, "marketplace", "bricklink", "marketplace"):
        assert door.lets_in(wire=wire) == (wire == "marketplace")


def test_a_missing_scope_is_forbidden_and_named(door: Door) -> None:
    door.issue("reader", credential_id="c2", scopes=(READ,))
    assert door.lets_in("reader", scope=READ)
    for _ in range(2):
        with pytest.raises(Forbidden) as refused:
            door.authenticator.authenticate(WIRE, "reader", WRITE)
        assert refused.value.scope == WRITE


@pytest.mark.parametrize("token", [None, "", "x" * 513, "x" * 1_000_000])
def test_what_can_be_no_token_is_not_even_looked_up(door: Door, token: str | None) -> None:
    assert not door.lets_in(token)
    assert door.shops.reads == 0


@pytest.mark.parametrize(
    "token", ["unknown", TOKEN + " ", TOKEN.upper(), "токен", "\ud800", "x" * 512]
)
def test_unknown_tokens_are_refused(door: Door, token: str) -> None:
    assert not door.lets_in(token)


def test_the_longest_tokens_work(door: Door) -> None:
    door.issue("y" * 512, credential_id="c2")
    assert door.lets_in("y" * 512)


def test_a_newly_issued_token_works_at_once(door: Door) -> None:
    assert not door.lets_in("new")
    door.issue("new", credential_id="c2")
    assert door.lets_in("new")


def test_a_credential_without_its_shop_is_refused(door: Door) -> None:
    door.issue("orphan", credential_id="c2", shop_id="gone")
    with pytest.raises(ShopInactive):
        door.authenticator.authenticate(WIRE, "orphan", WRITE)
    assert not door.lets_in("orphan")
    door.shops.put(Shop(id="gone", name="Back", currency="CNY", created_at=NOON))
    assert door.lets_in("orphan")


def test_one_credential_of_many_is_not_mixed_up_with_another(door: Door) -> None:
    for number in range(3000):
        door.shops.put(
            Shop(id=f"s{number}", name=f"Shop {number}", currency="CNY", created_at=NOON)
        )
        door.issue(f"t{number}", credential_id=f"k{number}", shop_id=f"s{number}")
    for _ in range(2):
        for number in range(3000):
            principal = door.authenticator.authenticate(WIRE, f"t{number}", READ)
            assert (principal.shop.id, principal.credential_id) == (f"s{number}", f"k{number}")
    assert len(door.authenticator._cache) <= 1024, "a flood of tokens can't fill the memory"


def test_time_is_taken_from_the_clock_that_never_goes_back(door: Door) -> None:
    """The wall clock may be set back; the minute must not become longer by that."""

    class SetBack(FakeClock):
        def monotonic(self) -> float:
            return 1000.0 + (NOON - self.time).total_seconds()

    clock = SetBack()
    authenticator = Authenticator(door.shops, clock)
    authenticator.authenticate(WIRE, TOKEN, READ)
    clock.time -= timedelta(seconds=61)
    authenticator.authenticate(WIRE, TOKEN, READ)
    assert door.shops.reads == 2
