"""Payment accounts over fakes: how operators keep them, how functions open them."""

from collections.abc import Mapping
from typing import Any

import pytest

from orderhub.domain.errors import Busy, InvalidField, NotFound, Unavailable
from orderhub.domain.payment_account import PROVIDERS, OpenedAccount
from orderhub.domain.shop import Shop
from orderhub.ports import SealedAccount, Unreadable
from orderhub.services import manage_payment_accounts as manage
from orderhub.services.payment_accounts import AccountKeeper
from tests.support.fakes import (
    NOON,
    FakeClock,
    FakePaymentAccounts,
    FakeShops,
    FakeVault,
)

FIRST, SECOND = "whsec_first0000000000000", "whsec_second000000000000"
API_V3_KEY = "0123456789abcdefghijklmnopqrstuv"
KEY = "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"
CERTIFICATE_URL = "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42-5a29e601"
SERIAL = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"

GOOD: dict[str, dict[str, Any]] = {
    "stripe": {"secrets": [FIRST]},
    "paypal": {"settings": {"webhook_id": "1JE4291016473214C"}},
    "alipay": {"settings": {"app_id": "2021000000000001"}, "public_keys": {"alipay": KEY}},
    "wechatpay": {
        "settings": {"mchid": "1900000109"},
        "public_keys": {SERIAL: KEY},
        "secrets": [API_V3_KEY],
    },
}


class Office:
    """A shop, and the shorthands of these tests."""

    def __init__(self) -> None:
        self.shops = FakeShops()
        self.accounts = FakePaymentAccounts()
        self.vault = FakeVault()
        self.clock = FakeClock()
        self.keeper = AccountKeeper(self.accounts, lambda: self.vault, self.clock)
        for shop_id in ("demo", "other"):
            self.shops.put(Shop(id=shop_id, name=shop_id, currency="CNY", created_at=NOON))

    def set(self, provider: str, shop_id: str = "demo", **given: Any) -> SealedAccount:
        return manage.set_account(
            self.shops,
            self.accounts,
            lambda: self.vault,
            self.clock,
            shop_id,
            provider,
            **given,
        )

    def add_secret(self, secret: str, provider: str = "stripe") -> SealedAccount:
        return manage.add_secret(
            self.shops,
            self.accounts,
            lambda: self.vault,
            self.clock,
            "demo",
            provider,
            secret,
        )

    def remove_secret(self, number: int) -> SealedAccount:
        return manage.remove_secret(self.shops, self.accounts, self.clock, "demo", "stripe", number)

    def remove(self, provider: str) -> None:
        manage.remove_account(self.shops, self.accounts, "demo", provider)

    def opened(self, provider: str = "stripe", shop_id: str = "demo") -> OpenedAccount:
        """As a function that starts now sees it."""
        keeper = AccountKeeper(self.accounts, lambda: self.vault, self.clock)
        return keeper.open(shop_id, provider)


@pytest.fixture
def office() -> Office:
    return Office()


# -- functions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_an_operator_set_is_what_a_function_opens(office: Office, provider: str) -> None:
    given = GOOD[provider]
    kept = office.set(provider, **given)

    opened = office.opened(provider)

    assert opened.account == kept.account
    assert opened.account.settings == given.get("settings", {})
    assert opened.account.public_keys == given.get("public_keys", {})
    assert opened.secrets == tuple(given.get("secrets", ()))


def test_a_warm_function_opens_each_shops_own_account(office: Office) -> None:
    office.set("stripe", "demo", secrets=[FIRST])
    office.set("stripe", "other", secrets=[SECOND])
    for _ in range(2):
        assert office.keeper.open("demo", "stripe").secrets == (FIRST,)
        assert office.keeper.open("other", "stripe").secrets == (SECOND,)


@pytest.mark.parametrize("provider", ["paypal", "alipay"])
def test_without_secrets_no_vault_is_made(office: Office, provider: str) -> None:
    def no_vault() -> FakeVault:
        raise AssertionError("nothing is sealed here")

    office.set(provider, **GOOD[provider])
    keeper = AccountKeeper(office.accounts, no_vault, office.clock)

    assert keeper.open("demo", provider).secrets == ()


def test_an_account_stays_open_for_a_minute(office: Office) -> None:
    office.set("stripe", **GOOD["stripe"])
    before = office.keeper.open("demo", "stripe")
    reads = office.accounts.reads
    office.add_secret(SECOND)
    reads = office.accounts.reads

    office.clock.advance(59)
    assert office.keeper.open("demo", "stripe") == before
    assert (office.accounts.reads, office.vault.decryptions) == (reads, 1)
    office.clock.advance(1)
    assert office.keeper.open("demo", "stripe").secrets == (FIRST, SECOND)


@pytest.mark.parametrize("shop_id", ["nowhere", "", "demo#x", "x" * 5000, "d\N{BULLET}mo"])
def test_an_account_that_is_not_there_is_not_opened(office: Office, shop_id: str) -> None:
    with pytest.raises(NotFound) as refused:
        office.keeper.open(shop_id, "stripe")
    assert refused.value.kind == "payment_account"


def test_a_new_account_works_at_once(office: Office) -> None:
    with pytest.raises(NotFound):
        office.keeper.open("demo", "stripe")
    office.set("stripe", **GOOD["stripe"])
    assert office.keeper.open("demo", "stripe").secrets == (FIRST,)


def test_a_vault_that_does_not_answer_is_asked_again(office: Office) -> None:
    office.set("stripe", **GOOD["stripe"])
    office.vault.broken = Unavailable("no answer")
    with pytest.raises(Unavailable):
        office.keeper.open("demo", "stripe")
    office.vault.broken = None
    assert office.keeper.open("demo", "stripe").secrets == (FIRST,)


def test_secrets_of_one_account_are_of_no_use_to_another(office: Office) -> None:
    kept = office.set("stripe", **GOOD["stripe"])
    office.set("stripe", shop_id="other", secrets=[SECOND])
    office.set("wechatpay", **GOOD["wechatpay"])
    contexts = [context for _, context in office.vault.kept.values()]
    assert len({tuple(context.items()) for context in contexts}) == 3
    assert {context["purpose"] for context in contexts} == {"payment-notifications"}

    stolen = office.accounts.kept["other", "stripe"]
    office.accounts.kept["other", "stripe"] = SealedAccount(stolen.account, kept.secrets)
    with pytest.raises(Unreadable):
        office.opened(shop_id="other")


def test_secrets_are_told_by_nothing_that_is_printed(office: Office) -> None:
    office.set("stripe", **GOOD["stripe"])
    for shown in (office.opened(), office.accounts.kept["demo", "stripe"]):
        assert FIRST not in repr(shown)
        assert "sealed 1" not in repr(shown)


# -- operators -------------------------------------------------------------------------------------


def test_what_is_not_given_stays(office: Office) -> None:
    office.set("wechatpay", **GOOD["wechatpay"])
    first = office.set("wechatpay", settings={"appid": "wx1"})
    office.clock.advance(60)

    new = {"mchid": "1900000110"}
    second = office.set("wechatpay", settings=new, public_keys={"PUB_KEY_ID_01": KEY})

    assert second.account.settings == {"mchid": "1900000110", "appid": "wx1"}
    assert list(second.account.public_keys) == [SERIAL, "PUB_KEY_ID_01"]
    assert second.secrets == first.secrets
    assert second.account.created_at == first.account.created_at
    assert second.account.updated_at == office.clock.now()


def test_an_empty_text_takes_a_setting_or_a_key_away(office: Office) -> None:
    office.set(
        "paypal",
        settings={"webhook_id": "1JE4291016473214C", "client_id": "Abc"},
        public_keys={CERTIFICATE_URL: KEY},
    )
    kept = office.set("paypal", settings={"client_id": ""}, public_keys={CERTIFICATE_URL: ""})
    assert kept.account.settings == {"webhook_id": "1JE4291016473214C"}
    assert kept.account.public_keys == {}
    for without in ({"settings": {"app_id": ""}}, {"public_keys": {"alipay": ""}}):
        office.set("alipay", **GOOD["alipay"])
        with pytest.raises(InvalidField):
            office.set("alipay", "demo", **without)


def test_secrets_that_are_set_take_the_place_of_all(office: Office) -> None:
    office.set("stripe", **GOOD["stripe"])
    office.set("stripe", secrets=[SECOND, SECOND])
    assert office.opened().secrets == (SECOND,)


def test_secrets_are_rotated_one_by_one(office: Office) -> None:
    office.set("stripe", **GOOD["stripe"])
    office.clock.advance(3600)
    both = office.add_secret(SECOND)
    assert office.opened().secrets == (FIRST, SECOND)
    assert [each.number for each in both.secrets] == [1, 2]
    assert both.secrets[1].added_at > both.secrets[0].added_at

    office.remove_secret(1)
    assert office.opened().secrets == (SECOND,)
    third = office.add_secret(FIRST)
    assert [each.number for each in third.secrets] == [2, 3]


def test_rotation_opens_no_secret(office: Office) -> None:
    office.set("stripe", **GOOD["stripe"])
    office.add_secret(SECOND)
    office.remove_secret(1)
    office.set("stripe", secrets=[FIRST])
    assert office.vault.decryptions == 0


def test_the_last_secret_stays(office: Office) -> None:
    office.set("stripe", **GOOD["stripe"])
    with pytest.raises(InvalidField) as refused:
        office.remove_secret(1)
    assert (refused.value.field, refused.value.reason) == ("secret", "blank")
    with pytest.raises(NotFound):
        office.remove_secret(2)


def test_an_account_holds_five_secrets_at_a_time(office: Office) -> None:
    five = [f"{FIRST}{number}" for number in range(5)]
    office.set("stripe", secrets=five)
    with pytest.raises(InvalidField):
        office.add_secret(SECOND)
    with pytest.raises(InvalidField):
        office.set("stripe", secrets=[*five, SECOND])
    assert office.opened().secrets == tuple(five)


def test_a_removed_account_is_gone_with_its_secrets(office: Office) -> None:
    office.set("stripe", **GOOD["stripe"])
    office.set("paypal", **GOOD["paypal"])
    office.remove("stripe")
    left = manage.list_accounts(office.shops, office.accounts, "demo")
    assert [kept.account.provider for kept in left] == ["paypal"]
    with pytest.raises(NotFound):
        office.opened()
    with pytest.raises(NotFound):
        office.remove("stripe")


def test_an_account_that_is_made_again_has_none_of_its_secrets(office: Office) -> None:
    office.set("stripe", **GOOD["stripe"])
    office.remove("stripe")
    with pytest.raises(InvalidField):
        office.set("stripe")


def test_of_two_who_change_an_account_at_once_one_is_told(office: Office) -> None:
    """Otherwise a secret that the other added would be gone, and nobody would know why."""
    office.set("stripe", **GOOD["stripe"])
    for change in (
        lambda: office.set("stripe", secrets=[FIRST]),
        lambda: office.add_secret(FIRST),
        lambda: office.remove("stripe"),
    ):
        office.accounts.meanwhile = [lambda: office.add_secret(SECOND)]
        with pytest.raises(Busy):
            change()
        assert office.opened().secrets[-1] == SECOND


@pytest.mark.parametrize("provider", PROVIDERS)
def test_accounts_are_of_shops_that_are_there(office: Office, provider: str) -> None:
    with pytest.raises(NotFound) as refused:
        office.set(provider, shop_id="nowhere", **GOOD[provider])
    assert refused.value.kind == "shop"


@pytest.mark.parametrize(
    ("provider", "given", "field"),
    [
        ("telex", {}, "provider"),
        ("stripe", {}, "secret"),
        ("stripe", {"secrets": ["sk_live_0123456789abcdef"]}, "secret"),
        ("stripe", {"secrets": ["whsec_"]}, "secret"),
        ("stripe", {"secrets": [FIRST + " "]}, "secret"),
        ("stripe", {"secrets": [FIRST + "\n"]}, "secret"),
        ("stripe", {"secrets": [FIRST + "é"]}, "secret"),
        ("stripe", {"secrets": ["whsec_" + "x" * 300]}, "secret"),
        ("stripe", {"secrets": [FIRST], "settings": {"webhook_id": "x"}}, "webhook_id"),
        ("stripe", {"secrets": [FIRST], "public_keys": {"stripe": KEY}}, "public_key"),
        ("paypal", {}, "webhook_id"),
        ("paypal", {"settings": {"webhook_id": "1 2"}}, "webhook_id"),
        ("paypal", {"settings": {"webhook_id": "x" * 129}}, "webhook_id"),
        ("paypal", {**GOOD["paypal"], "secrets": [FIRST]}, "secret"),
        ("paypal", {**GOOD["paypal"], "public_keys": {"https://x.example/c": KEY}}, "public_key"),
        (
            "paypal",
            {**GOOD["paypal"], "public_keys": {CERTIFICATE_URL + "?a=b": KEY}},
            "public_key",
        ),
        (
            "paypal",
            {
                **GOOD["paypal"],
                "public_keys": {
                    "https://api.paypal.com.x.example/v1/notifications/certs/CERT-1": KEY
                },
            },
            "public_key",
        ),
        ("alipay", {"public_keys": {"alipay": KEY}}, "app_id"),
        ("alipay", {"settings": {"app_id": "2021000000000001"}}, "public_key"),
        ("alipay", {**GOOD["alipay"], "settings": {"app_id": "my-app"}}, "app_id"),
        ("alipay", {**GOOD["alipay"], "public_keys": {"other": KEY}}, "public_key"),
        (
            "alipay",
            {**GOOD["alipay"], "public_keys": {"alipay": KEY.replace("PUBLIC", "PRIVATE")}},
            "public_key",
        ),
        ("alipay", {**GOOD["alipay"], "public_keys": {"alipay": "x" * 16_385}}, "public_key"),
        ("wechatpay", {**GOOD["wechatpay"], "secrets": []}, "secret"),
        ("wechatpay", {**GOOD["wechatpay"], "secrets": [API_V3_KEY[:-1]]}, "secret"),
        ("wechatpay", {**GOOD["wechatpay"], "secrets": [API_V3_KEY[:-1] + "é"]}, "secret"),
        ("wechatpay", {**GOOD["wechatpay"], "settings": {}}, "mchid"),
        ("wechatpay", {**GOOD["wechatpay"], "public_keys": {}}, "public_key"),
        ("wechatpay", {**GOOD["wechatpay"], "public_keys": {"no serial": KEY}}, "public_key"),
        (
            "wechatpay",
            {**GOOD["wechatpay"], "public_keys": {f"PUB_KEY_ID_{n:02d}": KEY for n in range(11)}},
            "public_key",
        ),
    ],
)
def test_what_can_be_no_account_is_refused_by_name(
    office: Office, provider: str, given: Mapping[str, Any], field: str
) -> None:
    with pytest.raises(InvalidField) as refused:
        office.set(provider, **given)
    assert refused.value.field == field
    assert office.accounts.kept == {}
    for secret in given.get("secrets", ()):
        assert secret not in str(refused.value)


def test_a_bad_secret_is_not_added(office: Office) -> None:
    office.set("stripe", **GOOD["stripe"])
    with pytest.raises(InvalidField):
        office.add_secret(API_V3_KEY)
    office.set("paypal", **GOOD["paypal"])
    with pytest.raises(InvalidField):
        office.add_secret(SECOND, provider="paypal")
    assert office.opened().secrets == (FIRST,)


def test_changes_within_a_millisecond_are_told_apart(office: Office) -> None:
    first = office.set("stripe", **GOOD["stripe"])
    second = office.add_secret(SECOND)
    third = office.remove_secret(1)
    moments = [kept.account.updated_at for kept in (first, second, third)]
    assert moments == sorted(set(moments))
