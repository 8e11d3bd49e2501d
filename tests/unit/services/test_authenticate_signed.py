"""Who signed a request: known for a minute, once per nonce, and never told why not."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from orderhub.domain.errors import Forbidden, InvalidField, SignatureRefused, Unavailable
from orderhub.domain.events import Terms
from orderhub.domain.shop import Shop
from orderhub.ports import Unreadable
from orderhub.services import manage_shops
from orderhub.services.authenticate_signed import SignatureAuthenticator, SigningSecrets
from orderhub.services.issue_signer import IssuedSigner, SignerValues, issue_signer
from tests.support.fakes import NOON, FakeClock, FakeNonces, FakeShops, FakeVault

WIRE = "bricklink"
READ, WRITE = "read_orders", "write_orders"
WINDOW = 300


@dataclass(frozen=True)
class Signed:
    """A request that was signed with these values; what the signature covers is not the matter."""

    values: SignerValues
    timestamp: int
    nonce: str = "n1"

    @property
    def consumer_key(self) -> str:
        return self.values.consumer_key

    @property
    def token(self) -> str:
        return self.values.token_value

    def is_signed_with(self, consumer_secret: str, token_secret: str) -> bool:
        given = (self.values.consumer_secret, self.values.token_secret)
        return (consumer_secret, token_secret) == given


class Gate:
    """The authenticator of one warm function, in front of one shop with one signer."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.shops = FakeShops()
        self.vault = FakeVault()
        self.nonces = FakeNonces(self.clock)
        self.shops.put(Shop(id="demo", name="Demo", currency="USD", created_at=NOON))
        self.signer = self.issue()
        self.authenticator = self.warm_up()
        self._nonces_drawn = 0

    def warm_up(self) -> SignatureAuthenticator:
        return SignatureAuthenticator(
            self.shops, self.vault, self.nonces, self.clock, window=WINDOW
        )

    def issue(self, shop_id: str = "demo", **options: object) -> IssuedSigner:
        given = {"wire": WIRE, "label": "Store", **options}
        return issue_signer(self.shops, self.vault, self.clock, shop_id, **given)  # type: ignore[arg-type]

    def signed(self, *, at: float = 0, nonce: str = "", **changed: str) -> Signed:
        """A request with a new nonce, ``at`` seconds from now."""
        self._nonces_drawn += 1
        moment = (self.clock.now() + timedelta(seconds=at)).timestamp()
        values = replace(self.signer.values, **changed)
        return Signed(values, int(moment), nonce or f"n{self._nonces_drawn}")

    def refusal(self, request: Signed, *, wire: str = WIRE, scope: str = WRITE) -> str:
        with pytest.raises(SignatureRefused) as refused:
            self.authenticator.authenticate(wire, request, scope)
        return refused.value.reason

    def lets_in(self, request: Signed | None = None) -> bool:
        try:
            self.authenticator.authenticate(WIRE, request or self.signed(), WRITE)
        except SignatureRefused:
            return False
        return True


@pytest.fixture
def gate() -> Gate:
    return Gate()


def test_a_signature_tells_shop_and_system(gate: Gate) -> None:
    principal = gate.authenticator.authenticate(WIRE, gate.signed(), WRITE)
    assert principal.shop == gate.shops.get("demo")
    assert (principal.credential_id, principal.label) == (gate.signer.credential.id, "Store")
    assert principal.scopes == {READ, WRITE}


# -- time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [-300, -299, 0, 299, 300])
def test_a_timestamp_may_be_five_minutes_off(gate: Gate, at: int) -> None:
    assert gate.lets_in(gate.signed(at=at))


@pytest.mark.parametrize("at", [-86400, -301, 301, 86400])
def test_a_timestamp_further_off_is_refused_before_anything_is_read(gate: Gate, at: int) -> None:
    assert gate.refusal(gate.signed(at=at)) == SignatureRefused.OUT_OF_TIME
    assert (gate.shops.reads, gate.vault.decryptions, gate.nonces.writes) == (0, 0, 0)


def test_the_window_closes_to_the_millisecond(gate: Gate) -> None:
    request = gate.signed()
    gate.clock.advance(300)
    assert gate.lets_in(request)
    late = replace(request, nonce="another")
    gate.clock.advance(0.001)
    assert gate.refusal(late) == SignatureRefused.OUT_OF_TIME


# -- once ------------------------------------------------------------------------------------------


def test_a_request_counts_once(gate: Gate) -> None:
    request = gate.signed()
    assert gate.lets_in(request)
    assert gate.refusal(request) == SignatureRefused.REPLAYED
    gate.authenticator = gate.warm_up()
    assert gate.refusal(request) == SignatureRefused.REPLAYED


@pytest.mark.parametrize("at", [-300, 0, 300])
def test_a_request_is_not_repeated_as_long_as_its_timestamp_holds(gate: Gate, at: int) -> None:
    request = gate.signed(at=at)
    assert gate.lets_in(request)
    for _ in range(300 + at):
        gate.clock.advance(1)
        assert gate.refusal(request) == SignatureRefused.REPLAYED
    gate.clock.advance(1)
    assert gate.refusal(request) == SignatureRefused.OUT_OF_TIME


def test_nonces_are_forgotten_a_minute_after_their_time(gate: Gate) -> None:
    """Our clocks may disagree by less than that."""
    request = gate.signed(at=10)
    gate.lets_in(request)
    [until] = gate.nonces.spent.values()
    assert until == NOON + timedelta(seconds=10 + WINDOW + 60)


def test_the_same_nonce_is_another_one_at_another_time_or_of_another_signer(gate: Gate) -> None:
    assert gate.lets_in(gate.signed(nonce="n"))
    assert gate.lets_in(gate.signed(nonce="n", at=1))
    gate.signer = gate.issue()
    assert gate.lets_in(gate.signed(nonce="n"))


def test_signers_whose_names_run_together_with_their_nonces_share_none(gate: Gate) -> None:
    used = [("ab", "c"), ("a", "bc"), ('a","b', "c")]
    for consumer_key, nonce in used:
        gate.signer = gate.issue(
            values=SignerValues(consumer_key, "consumer-secret-x", "t", "token-secret-xxxx")
        )
        assert gate.lets_in(gate.signed(nonce=nonce))


def test_nobody_else_can_use_up_a_nonce(gate: Gate) -> None:
    """Who saw a request before it arrived, but can't sign."""
    forged = gate.signed(nonce="n", consumer_secret="guessed-guessed-guessed")
    assert gate.refusal(forged) == SignatureRefused.WRONG_SIGNATURE
    assert gate.nonces.writes == 0
    assert gate.lets_in(gate.signed(nonce="n"))


def test_a_request_without_leave_uses_up_no_nonce(gate: Gate) -> None:
    gate.signer = gate.issue(scopes=[READ])
    request = gate.signed()
    for _ in range(2):
        with pytest.raises(Forbidden) as refused:
            gate.authenticator.authenticate(WIRE, request, WRITE)
        assert refused.value.scope == WRITE
    gate.authenticator.authenticate(WIRE, request, READ)


# -- whose -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["consumer_secret", "token_secret"])
def test_both_secrets_count(gate: Gate, secret: str) -> None:
    for guess in ("", "x" * 32, getattr(gate.signer.values, secret).lower()):
        request = replace(gate.signed(), values=replace(gate.signer.values, **{secret: guess}))
        assert gate.refusal(request) == SignatureRefused.WRONG_SIGNATURE


def test_a_consumer_and_a_token_count_together_only(gate: Gate) -> None:
    other = gate.issue().values
    mixed = gate.signed(token_value=other.token_value, token_secret=other.token_secret)
    assert gate.refusal(mixed) == SignatureRefused.UNKNOWN


@pytest.mark.parametrize("name", ["consumer_key", "token_value"])
@pytest.mark.parametrize("text", ["unknown", "", "x" * 257, "\ud800", "a\0b"])
def test_unknown_names_are_refused(gate: Gate, name: str, text: str) -> None:
    request = replace(gate.signed(), values=replace(gate.signer.values, **{name: text}))
    assert gate.refusal(request) == SignatureRefused.UNKNOWN


def test_a_name_too_long_is_not_even_looked_up(gate: Gate) -> None:
    gate.refusal(gate.signed(consumer_key="x" * 257))
    assert gate.shops.reads == 0


def test_a_signer_is_good_for_its_own_api_only(gate: Gate) -> None:
    assert gate.refusal(gate.signed(), wire="marketplace") == SignatureRefused.UNKNOWN
    assert gate.lets_in()
    assert gate.refusal(gate.signed(), wire="marketplace") == SignatureRefused.UNKNOWN


def test_a_bearers_token_signs_nothing(gate: Gate) -> None:
    manage_shops.issue_credential(
        gate.shops, gate.clock, "demo", wire=WIRE, label="x", token="t" * 40
    )
    assert gate.refusal(gate.signed(token_value="t" * 40)) == SignatureRefused.UNKNOWN


def test_a_signer_without_its_shop_is_refused(gate: Gate) -> None:
    del gate.shops.shops["demo"]
    assert gate.refusal(gate.signed()) == SignatureRefused.UNKNOWN


def test_one_signer_of_many_is_not_mixed_up_with_another(gate: Gate) -> None:
    for number in range(2):
        gate.shops.put(
            Shop(id=f"s{number}", name=f"Shop {number}", currency="USD", created_at=NOON)
        )
    signers = [gate.issue(f"s{number}") for number in range(2)]
    for signer in [*signers, *signers]:
        gate.signer = signer
        principal = gate.authenticator.authenticate(WIRE, gate.signed(), READ)
        assert principal.shop.id == signer.credential.shop_id
        assert principal.credential_id == signer.credential.id


# -- what it costs ---------------------------------------------------------------------------------


def test_the_first_request_costs_two_reads_and_a_decryption_and_the_next_minute_none(
    gate: Gate,
) -> None:
    shops_read = _counting(gate.shops)
    for _ in range(3):
        assert gate.lets_in()
        assert (gate.shops.reads, len(shops_read), gate.vault.decryptions) == (1, 1, 1)
    gate.clock.advance(59.999)
    assert gate.lets_in()
    assert gate.vault.decryptions == 1
    gate.clock.advance(0.001)
    assert gate.lets_in()
    assert (gate.shops.reads, len(shops_read), gate.vault.decryptions) == (2, 2, 2)
    assert gate.nonces.writes == 5


def test_forgeries_cost_no_more_than_what_they_forge(gate: Gate) -> None:
    for _ in range(5):
        gate.refusal(gate.signed(consumer_secret="x" * 32))
    assert (gate.shops.reads, gate.vault.decryptions, gate.nonces.writes) == (1, 1, 0)


def _counting(shops: FakeShops) -> list[str]:
    """The shops that are read from now on."""
    read: list[str] = []
    get: Callable[[str], Shop | None] = shops.get

    def counted(shop_id: str) -> Shop | None:
        read.append(shop_id)
        return get(shop_id)

    shops.get = counted  # type: ignore[method-assign]
    return read


# -- changes ---------------------------------------------------------------------------------------


def revoke(gate: Gate) -> None:
    manage_shops.revoke_credential(gate.shops, gate.clock, "demo", gate.signer.credential.id)


def test_a_revocation_holds_at_once_where_the_signer_was_not_seen(gate: Gate) -> None:
    revoke(gate)
    assert gate.refusal(gate.signed()) == SignatureRefused.REVOKED
    assert gate.vault.decryptions == 0


def test_a_revocation_holds_after_a_minute_however_busy_the_signer_is(gate: Gate) -> None:
    assert gate.lets_in()
    revoke(gate)
    for _ in range(59):
        gate.clock.advance(1)
        assert gate.lets_in()
    gate.clock.advance(1)
    assert gate.refusal(gate.signed()) == SignatureRefused.REVOKED


def test_a_revocation_forgets_the_secrets(gate: Gate) -> None:
    revoke(gate)
    found = gate.shops.sealed_credential(gate.signer.credential.token_hash)
    assert found is not None
    assert found.sealed == b""


def test_a_newly_issued_signer_works_at_once(gate: Gate) -> None:
    values = SignerValues("mine", "my-consumer-secret", "my-token", "my-token-secret-1")
    request = Signed(values, int(NOON.timestamp()))
    assert gate.refusal(request) == SignatureRefused.UNKNOWN
    gate.issue(values=values)
    assert gate.lets_in(request)


def test_changed_windows_of_a_shop_hold_after_a_minute(gate: Gate) -> None:
    shop = gate.authenticator.authenticate(WIRE, gate.signed(), READ).shop
    gate.shops.put(replace(shop, terms={WIRE: Terms(payment_timeout=5)}))
    gate.clock.advance(60)
    principal = gate.authenticator.authenticate(WIRE, gate.signed(), READ)
    assert principal.shop.terms_for(WIRE).payment_timeout == 5


# -- secrets ---------------------------------------------------------------------------------------


def test_callers_learn_nothing_from_a_refusal(gate: Gate) -> None:
    gate.lets_in(gate.signed(nonce="used"))
    told = set()
    for request in (
        gate.signed(at=1000),
        gate.signed(consumer_key="unknown"),
        gate.signed(token_secret="x" * 32),
        gate.signed(nonce="used"),
    ):
        with pytest.raises(SignatureRefused) as refused:
            gate.authenticator.authenticate(WIRE, request, WRITE)
        told.add((str(refused.value), refused.value.code, refused.value.args))
    assert len(told) == 1


def test_secrets_are_sealed_for_their_credential_alone(gate: Gate) -> None:
    [(plain, context)] = gate.vault.kept.values()
    assert gate.signer.values.consumer_secret.encode() in plain
    assert context == {
        "purpose": "request-signing",
        "shop": "demo",
        "credential": gate.signer.credential.id,
    }


def test_secrets_that_were_sealed_for_another_credential_don_t_open(gate: Gate) -> None:
    other = gate.issue()
    mine = gate.signer.credential.token_hash
    gate.shops.sealed[mine] = gate.shops.sealed[other.credential.token_hash]
    with pytest.raises(Unreadable):
        gate.authenticator.authenticate(WIRE, gate.signed(), READ)


def test_a_vault_that_does_not_answer_is_asked_again(gate: Gate) -> None:
    gate.vault.broken = Unavailable("not now")
    request = gate.signed()
    with pytest.raises(Unavailable):
        gate.authenticator.authenticate(WIRE, request, READ)
    gate.vault.broken = None
    assert gate.lets_in(request)


def test_no_secret_is_in_any_repr(gate: Gate) -> None:
    gate.lets_in()
    values = gate.signer.values
    secrets = SigningSecrets(values.consumer_secret, values.token_secret)
    shown = repr((gate.signer, values, secrets, gate.authenticator._recent._found))
    shown += repr(gate.shops.credentials("demo"))
    shown += repr(gate.shops.sealed_credential(gate.signer.credential.token_hash))
    assert values.consumer_secret not in shown
    assert values.token_secret not in shown
    [sealed] = gate.vault.kept
    assert sealed.decode() not in shown


# -- issuing ---------------------------------------------------------------------------------------


def test_random_values_are_32_digits_each(gate: Gate) -> None:
    """As long as the vendor's own."""
    issued = [gate.issue().values for _ in range(2)]
    texts = [
        text
        for values in issued
        for text in (
            values.consumer_key,
            values.consumer_secret,
            values.token_value,
            values.token_secret,
        )
    ]
    assert all(len(text) == 32 and int(text, 16) >= 0 for text in texts)
    assert len(set(texts)) == 8


@pytest.mark.parametrize("is_warm", [False, True], ids=["cold", "warm"])
def test_a_signer_that_expires_is_refused_from_its_millisecond_on(
    gate: Gate, *, is_warm: bool
) -> None:
    gate.signer = gate.issue(expires_at=gate.clock.now() + timedelta(seconds=30))
    gate.clock.advance(29.999)
    if is_warm:
        assert gate.lets_in()
    gate.clock.advance(0.001)
    spent = gate.nonces.writes
    assert gate.refusal(gate.signed()) == SignatureRefused.EXPIRED
    assert gate.nonces.writes == spent


def test_a_consumer_may_have_several_tokens(gate: Gate) -> None:
    first = gate.issue(values=SignerValues("ck", "c" * 16, "t1", "s" * 16))
    second = gate.issue(values=SignerValues("ck", "c" * 16, "t2", "s" * 16))
    for signer in (first, second):
        gate.signer = signer
        assert gate.lets_in()


def test_the_same_names_are_taken_once_and_for_good(gate: Gate) -> None:
    values = gate.signer.values
    revoke(gate)
    gate.shops.put(Shop(id="other", name="Other", currency="USD", created_at=NOON))
    with pytest.raises(InvalidField) as refused:
        gate.issue("other", values=values)
    assert (refused.value.field, refused.value.reason) == ("token", "taken")


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("consumer_key", "", "too_short"),
        ("consumer_key", "k" * 257, "too_long"),
        ("consumer_key", "a b", "invalid"),
        ("token_value", "", "too_short"),
        ("token_value", "钥", "invalid"),
        ("token_value", "a\0b", "invalid"),
        ("consumer_secret", "s" * 15, "too_short"),
        ("consumer_secret", "s" * 257, "too_long"),
        ("token_secret", "s" * 15, "too_short"),
        ("token_secret", "s" * 16 + "\n", "invalid"),
    ],
)
def test_values_that_nobody_could_have_are_refused(
    gate: Gate, field: str, value: str, reason: str
) -> None:
    with pytest.raises(InvalidField) as refused:
        gate.issue(values=replace(gate.signer.values, **{field: value}))
    assert (refused.value.field, refused.value.reason) == (field, reason)
    assert len(gate.shops.credentials("demo")) == 1


def test_the_longest_values_work(gate: Gate) -> None:
    gate.signer = gate.issue(values=SignerValues("k" * 256, "c" * 256, "t" * 256, "s" * 256))
    assert gate.lets_in()
