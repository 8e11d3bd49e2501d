"""The operator's command line on an emulated table, from the arguments to what is printed."""

import json
import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from orderhub import bootstrap
from orderhub.adapters.dynamodb import items as stored
from orderhub.bootstrap import Application
from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Address
from orderhub.domain.errors import SignatureRefused, Unauthenticated, Unidentified
from orderhub.domain.order import DeadlineKind, Order
from orderhub.domain.people import Company, Membership, User
from orderhub.domain.shop import Principal, Product
from orderhub.domain.stock import StockTaken
from orderhub.http.oauth1 import signed_request
from orderhub.ports import OrderKey
from orderhub.services.identify import identify_salesperson
from orderhub.services.issue_app import GrantedToken, grant_token
from orderhub.services.issue_signer import SignerValues
from orderhub_cli import connection, durations
from orderhub_cli.differences import Difference, differences
from orderhub_cli.main import app
from tests.support import oauth
from tests.support.fakes import NOON
from tests.support.orders import TESTER, payment, placed
from tests.support.providers import key_pair
from tests.support.table import ROOT, create_table

REACHING_AWS = (
    "ORDERHUB_TABLE",
    "AWS_PROFILE",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
)


class Operator:
    """Somebody at a terminal."""

    def __init__(self) -> None:
        # As into a pipe, however wide the terminal is that runs the tests.
        self._runner = CliRunner(env={"COLUMNS": None})

    def run(self, *arguments: str, stdin: str | None = None, exit_code: int = 0) -> Result:
        """Run a command that must end with ``exit_code``, and never in a traceback."""
        result = self._runner.invoke(app, list(arguments), input=stdin, prog_name="orderhub")
        assert result.exit_code == exit_code, result.output
        assert "Traceback" not in result.output
        return result

    def ask(self, *arguments: str, exit_code: int = 0) -> Any:
        """The JSON that a command answers with."""
        return json.loads(self.run(*arguments, "--json", exit_code=exit_code).stdout)

    def complaint(self, *arguments: str, exit_code: int = 1, stdin: str | None = None) -> str:
        """What a command that must fail says: on stderr alone, and in one line."""
        result = self.run(*arguments, stdin=stdin, exit_code=exit_code)
        assert result.stdout == ""
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1
        return result.stderr.strip()

    def make_shop(self, shop_id: str = "demo", currency: str = "CNY") -> None:
        self.run("shop", "create", shop_id, "--name", "Demo shop", "--currency", currency)

    def put_tea_pot(self) -> None:
        self.run("product", "put", "demo", "8802", "--name", "Tea pot", "--price", "64.00")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Commands set variables for the whole process; a test gives them all back."""
    for name in REACHING_AWS:
        monkeypatch.setenv(name, os.environ.get(name, ""))
        if name in ("ORDERHUB_TABLE", "AWS_PROFILE") or not os.environ[name]:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def operator(table: Any, monkeypatch: pytest.MonkeyPatch) -> Operator:
    """An operator whose environment names a fresh, empty table."""
    monkeypatch.setenv("ORDERHUB_TABLE", os.environ["TABLE_NAME"])
    return Operator()


@pytest.fixture
def orderhub(operator: Operator) -> Application:
    """OrderHub as its functions see it, on the operator's table."""
    return bootstrap.application()


@pytest.fixture
def paid_order(operator: Operator, orderhub: Application) -> Order:
    """Two lines for 3.00 CNY, paid, partly refunded and shipped."""
    operator.make_shop()
    first = placed(lines=2, name="TB-1")
    orderhub.desk.orders.commit(first)
    change = Change(first.order, NOON + timedelta(minutes=5), TESTER)
    commands.capture_payment(change, payment("3.00", "ALI-1"))
    refund = commands.request_refund(change, payment("1.00").amount, reason="chipped")
    commands.settle_refund(change, refund.id)
    commands.ship(change, carrier="SF", tracking_number="SF123")
    orderhub.desk.orders.commit(change)
    return change.order


# -- shops -----------------------------------------------------------------------------------------


def test_a_created_shop_is_shown_with_the_windows_that_hold(operator: Operator) -> None:
    made = operator.ask(
        *("shop", "create", "demo", "--name", "Demo 商店", "--currency", "CNY"),
        *("--timezone", "Asia/Shanghai"),
    )
    assert made["is_new"] is True

    shown = operator.ask("shop", "show", "demo")

    assert (shown["name"], shown["currency"]) == ("Demo 商店", "CNY")
    assert shown["timezone"] == "Asia/Shanghai"
    assert shown["windows"]["brandcloud"] == {
        "payment_timeout": 900,
        "refund_window": 30 * 86400,
        "auto_receive": 14 * 86400,
        "is_default": True,
    }
    assert shown["windows"]["bricklink"]["payment_timeout"] is None
    assert shown["credentials"] == []


def test_people_see_a_shop_in_tables(operator: Operator) -> None:
    operator.make_shop()
    operator.run("credential", "issue", "demo", "--wire", "marketplace", "--label", "Taobao")

    shown = operator.run("shop", "show", "demo").stdout

    for word in ("Demo shop", "CNY", "brandcloud", "15m", "never", "Taobao", "read_orders"):
        assert word in shown


def test_creating_a_shop_again_is_harmless_but_never_overwrites(operator: Operator) -> None:
    operator.make_shop()
    operator.make_shop()

    said = operator.complaint("shop", "create", "demo", "--name", "Other", "--currency", "CNY")

    assert "exists already" in said
    assert operator.ask("shop", "show", "demo")["name"] == "Demo shop"


def test_settings_are_set_one_by_one_and_shown(operator: Operator, orderhub: Application) -> None:
    operator.make_shop()
    number = operator.ask("shop", "show", "demo")["number"]
    settings = ("shop", "settings", "demo")

    operator.run(*settings, "--domain", "Tea.example.com", "--cod")
    set_ = operator.ask(*settings, "--no-cod", "--tax-included")

    assert (set_["domain"], set_["cod_enabled"], set_["tax_included"]) == (
        "tea.example.com",
        False,
        True,
    )
    assert set_["number"] == number
    assert "given_number" not in set_
    assert operator.ask(*settings, "--number", "11218")["number"] == 11218
    shop = orderhub.shops.get("demo")
    assert shop is not None
    assert (shop.number, shop.domain, shop.tax_included) == (11218, "tea.example.com", True)
    shown = operator.run("shop", "show", "demo").stdout
    assert re.search(r"Number +11218", shown)
    assert re.search(r"Domain +tea.example.com", shown)
    assert operator.ask(*settings, "--domain", "")["domain"] == ""
    assert operator.ask(*settings, "--email", "tea@example.com")["email"] == "tea@example.com"
    assert "not an address" in operator.complaint(*settings, "--email", "tea")


def test_a_shop_from_before_there_were_settings_is_read(
    operator: Operator, table: Any, orderhub: Application
) -> None:
    table.put_item(
        TableName=orderhub.settings.table_name,
        Item={
            "pk": {"S": "SHOP#old"},
            "sk": {"S": "PROFILE"},
            "body": {
                "S": '{"id":"old","name":"Old","currency":"CNY",'
                '"created_at":"2026-11-21T12:00:00.000Z"}'
            },
        },
    )

    shown = operator.ask("shop", "show", "old")

    assert (shown["domain"], shown["cod_enabled"], shown["tax_included"]) == ("", False, False)
    assert 10_000 <= shown["number"] <= 99_999


def test_windows_change_one_by_one(operator: Operator) -> None:
    operator.make_shop()
    windows = ("shop", "windows", "demo", "--wire", "marketplace")

    operator.run(*windows, "--payment-timeout", "30m", "--auto-receive", "never")
    changed = operator.ask(*windows, "--refund-window", "1w")

    assert changed["windows"]["marketplace"] == {
        "payment_timeout": 1800,
        "refund_window": 7 * 86400,
        "auto_receive": None,
        "is_default": False,
    }
    assert operator.ask("shop", "show", "demo")["windows"] == changed["windows"]


def test_new_orders_are_placed_under_the_windows_that_were_set(
    operator: Operator, orderhub: Application
) -> None:
    operator.make_shop()
    operator.run("shop", "windows", "demo", "--wire", "marketplace", "--payment-timeout", "90s")

    shop = orderhub.shops.get("demo")

    assert shop is not None
    assert shop.terms_for("marketplace").payment_timeout == 90


@pytest.mark.parametrize("text", ["", "3", "3x", "0m", "-1d", "1.5h", "Never", "1d2h"])
def test_what_is_no_duration_is_a_mistake_in_the_command(operator: Operator, text: str) -> None:
    operator.make_shop()

    said = operator.complaint(
        *("shop", "windows", "demo", "--wire", "marketplace", f"--refund-window={text}"),
        exit_code=2,
    )

    assert "--refund-window" in said


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("36h", 129_600), ("2d", 172_800), ("never", None)],
)
def test_durations_are_written_as_they_are_read(text: str, seconds: int | None) -> None:
    assert durations.seconds_in(text) == seconds
    assert durations.written(seconds) == text


def test_a_week_is_read_and_written_in_days() -> None:
    assert durations.written(durations.seconds_in("2w")) == "14d"


# -- credentials -----------------------------------------------------------------------------------


def test_an_issued_token_is_printed_once_and_opens_the_shop(
    operator: Operator, orderhub: Application
) -> None:
    operator.make_shop()

    issued = operator.ask(
        *("credential", "issue", "demo", "--wire", "marketplace", "--label", "Taobao")
    )

    principal = orderhub.authenticator.authenticate("marketplace", issued["token"], "write_orders")
    assert (principal.shop.id, principal.credential_id) == ("demo", issued["id"])
    for later in (("credential", "list", "demo"), ("shop", "show", "demo")):
        for form in ((), ("--json",)):
            assert issued["token"] not in operator.run(*later, *form).output


def test_people_get_the_token_on_a_line_of_its_own(
    operator: Operator, orderhub: Application
) -> None:
    operator.make_shop()

    said = operator.run("credential", "issue", "demo", "--wire", "brandcloud", "--label", "x")

    [token] = [
        line.removeprefix("Token: ")
        for line in said.stdout.splitlines()
        if line.startswith("Token: ")
    ]
    principal = orderhub.authenticator.authenticate("brandcloud", token, "read_orders")
    assert principal.shop.id == "demo"


def test_hashes_of_tokens_are_never_shown(operator: Operator, orderhub: Application) -> None:
    operator.make_shop()
    issue = ("credential", "issue", "demo", "--wire", "marketplace", "--label", "x")
    answers = [operator.run(*issue, *form).output for form in ((), ("--json",))]
    first = operator.ask("credential", "list", "demo")["credentials"][0]["id"]

    for command in (
        ("credential", "list", "demo"),
        ("shop", "show", "demo"),
        ("credential", "revoke", "demo", first),
    ):
        answers += [operator.run(*command, *form).output for form in ((), ("--json",))]

    hashes = [credential.token_hash for credential in orderhub.shops.credentials("demo")]
    assert len(hashes) == 2
    assert not [found for found in hashes for answer in answers if found in answer]
    assert not [answer for answer in answers if "token_hash" in answer]


def test_a_credential_may_be_for_reading_only(operator: Operator) -> None:
    operator.make_shop()
    issue = ("credential", "issue", "demo", "--wire", "marketplace", "--label", "x")

    assert operator.ask(*issue)["scopes"] == ["read_orders", "write_orders"]
    assert operator.ask(*issue, "--scope", "read_orders")["scopes"] == ["read_orders"]
    assert "--scope" in operator.complaint(*issue, "--scope", "everything", exit_code=2)


def test_a_revoked_credential_is_shut_out_and_stays_listed(
    operator: Operator, orderhub: Application
) -> None:
    operator.make_shop()
    issued = operator.ask("credential", "issue", "demo", "--wire", "marketplace", "--label", "x")

    revoked = operator.ask("credential", "revoke", "demo", issued["id"])

    assert revoked["revoked_at"] is not None
    with pytest.raises(Unauthenticated):
        orderhub.authenticator.authenticate("marketplace", issued["token"], "read_orders")
    listed = operator.ask("credential", "list", "demo")["credentials"]
    assert [(each["id"], each["revoked_at"]) for each in listed] == [
        (issued["id"], revoked["revoked_at"])
    ]


def test_a_credential_expires_in_or_at_a_time_and_says_so(
    operator: Operator, orderhub: Application, later: Callable[[float], None]
) -> None:
    operator.make_shop()
    issue = ("credential", "issue", "demo", "--wire", "marketplace", "--label", "x")

    lasting = operator.ask(*issue, "--expires-in", "never")
    quarter = operator.ask(*issue, "--expires-in", "90d")
    dated = operator.ask(*issue, "--expires-at", "2030-01-31T08:00:00+08:00")

    assert lasting["expires_at"] is None
    lives = [datetime.fromisoformat(quarter[name]) for name in ("created_at", "expires_at")]
    assert timedelta(0) <= timedelta(days=90) - (lives[1] - lives[0]) < timedelta(minutes=1)
    assert dated["expires_at"] == "2030-01-31T00:00:00.000Z"
    listed = operator.ask("credential", "list", "demo")["credentials"]
    assert [each["expires_at"] for each in listed] == [
        each["expires_at"] for each in (lasting, quarter, dated)
    ]
    assert "2030-01-31" in operator.run("credential", "list", "demo").stdout
    assert "2030-01-31T00:00:00Z" in operator.run(*issue, "--expires-at", "2030-01-31T00Z").stdout

    later(90 * 86400)
    lasts = orderhub.authenticator.authenticate("marketplace", lasting["token"], "read_orders")
    assert lasts.expires_at is None
    with pytest.raises(Unauthenticated):
        orderhub.authenticator.authenticate("marketplace", quarter["token"], "read_orders")


def test_a_credential_that_would_have_expired_or_never_will_is_refused(
    operator: Operator,
) -> None:
    operator.make_shop()
    issue = ("credential", "issue", "demo", "--wire", "marketplace", "--label", "x")

    for wrong in (
        ("--expires-in", ""),
        ("--expires-at", ""),
        ("--expires-in", "90"),
        ("--expires-in", "-1d"),
        ("--expires-in", "9999999999w"),
        ("--expires-at", "tomorrow"),
        ("--expires-at", "2030-01-31T00:00:00"),
        ("--expires-at", "2030-01-31T00:00:00Z", "--expires-in", "1d"),
    ):
        assert "--expires-" in operator.complaint(*issue, *wrong, exit_code=2)
    for wrong in (("--expires-at", "2020-01-01T00:00:00Z"), ("--expires-at", "9999-01-01T00:00Z")):
        assert "expires_at" in operator.complaint(*issue, *wrong)
    assert operator.ask("credential", "list", "demo")["credentials"] == []


def test_a_token_brought_along_works_for_one_credential_only(
    operator: Operator, orderhub: Application
) -> None:
    operator.make_shop()
    operator.make_shop("other")
    issue = ("--wire", "marketplace", "--label", "x", "--token", "kept-from-the-old-system")
    operator.run("credential", "issue", "demo", *issue)

    said = operator.complaint("credential", "issue", "other", *issue)

    assert "token" in said
    assert "kept-from" not in said
    principal = orderhub.authenticator.authenticate(
        "marketplace", "kept-from-the-old-system", "read_orders"
    )
    assert principal.shop.id == "demo"


YOUHAOSUDA = ("credential", "issue", "demo", "--wire", "youhaosuda", "--label", "ERP")


def trades(orderhub: Application, key: str, secret: str) -> GrantedToken:
    """What an app gets for its key and secret."""
    return grant_token(orderhub.shops, orderhub.desk.clock, "youhaosuda", key, secret)


def test_an_app_gets_a_key_and_a_secret_that_it_trades_for_its_token(
    operator: Operator, orderhub: Application
) -> None:
    operator.make_shop()

    app = operator.ask(*YOUHAOSUDA)

    granted = trades(orderhub, app["app_key"], app["app_secret"])
    assert granted.token == app["access_token"]
    principal = orderhub.authenticator.authenticate("youhaosuda", granted.token, "write_orders")
    assert (principal.shop.id, principal.credential_id) == ("demo", app["id"])
    for later in (("credential", "list", "demo"), ("shop", "show", "demo")):
        for form in ((), ("--json",)):
            said = operator.run(*later, *form).output
            assert app["app_secret"] not in said
            assert app["access_token"] not in said
    operator.run("credential", "revoke", "demo", app["id"])
    with pytest.raises(Unauthenticated):
        trades(orderhub, app["app_key"], app["app_secret"])


def test_people_get_each_secret_of_an_app_on_a_line_of_its_own(
    operator: Operator, orderhub: Application
) -> None:
    operator.make_shop()

    lines = operator.run(*YOUHAOSUDA).stdout.splitlines()

    key, secret, token = (
        line.removeprefix(f"{name}: ")
        for name in ("App key", "App secret", "Access token")
        for line in lines
        if line.startswith(f"{name}: ")
    )
    assert trades(orderhub, key, secret).token == token


def test_an_app_that_moves_here_brings_its_key_and_secret_or_its_token(
    operator: Operator, orderhub: Application
) -> None:
    operator.make_shop()
    brought = ("--app-key", "0249cb63872d43a2", "--app-secret", "45ab37bed9334b86b4cb6be2b4459cdf")

    app = operator.ask(*YOUHAOSUDA, *brought)
    kept = operator.ask(*YOUHAOSUDA, "--token", "fbc7f83524f14e358a325a5066acd741")

    assert app["app_key"] == "0249cb63872d43a2"
    assert app["app_secret"] == "45ab37bed9334b86b4cb6be2b4459cdf"
    assert "app_secret" not in kept
    for token in (app["access_token"], "fbc7f83524f14e358a325a5066acd741"):
        principal = orderhub.authenticator.authenticate("youhaosuda", token, "read_orders")
        assert principal.shop.id == "demo"
    assert "token" in operator.complaint(*YOUHAOSUDA, *brought)
    assert "app_secret" in operator.complaint(*YOUHAOSUDA, "--app-secret", "short")


def test_only_apps_have_keys_and_secrets_and_they_are_nobody_in_particular(
    operator: Operator,
) -> None:
    operator.make_shop()
    marketplace = ("credential", "issue", "demo", "--wire", "marketplace", "--label", "x")
    for wrong in (
        (*marketplace, "--app-key", "k"),
        (*marketplace, "--app-secret", "s" * 16),
        (*YOUHAOSUDA, "--token", "t" * 16, "--app-key", "k"),
        (*YOUHAOSUDA, "--user", "11"),
    ):
        operator.complaint(*wrong, exit_code=2)
    assert operator.ask("credential", "list", "demo")["credentials"] == []


BRICKLINK = ("credential", "issue", "demo", "--wire", "bricklink", "--label", "Store")
BROUGHT = {
    "consumer_key": "7CCDCEF257CF43D89A74A7E39BEAA1E1",
    "consumer_secret": "16BD5F0A5C2446BF8FE7C2A5C6A2A9E4",
    "token_value": "AC40C8C32A1748E0AE1EFA13CCCFAC3A",
    "token_secret": "B9F3D1E4A0CE4B0D9C5C2E8F7A6B5D4C",
}
BRINGING = tuple(
    word for name, text in BROUGHT.items() for word in (f"--{name.replace('_', '-')}", text)
)


@pytest.fixture
def key_named(table: Any, orderhub: Application, secrets_key: str) -> None:
    """As the template tags the table."""
    found = table.describe_table(TableName=orderhub.settings.table_name)["Table"]
    tags = [{"Key": connection.SECRETS_KEY_TAG, "Value": secrets_key}]
    table.tag_resource(ResourceArn=found["TableArn"], Tags=tags)


def signs(orderhub: Application, values: Mapping[str, str]) -> Principal:
    """Who a request signed with these values comes from."""
    signer = SignerValues(**{name: values[name] for name in BROUGHT})
    header = oauth.header(oauth.signed(signer, "GET", "https://api.example.com/orders"))
    event = {
        "routeKey": "GET /orders",
        "rawPath": "/orders",
        "requestContext": {"http": {"method": "GET"}},
    }
    request = signed_request(
        event, {"authorization": header}, base_url="https://api.example.com", max_bytes=0
    )
    return orderhub.signature_authenticator.authenticate("bricklink", request, "write_orders")


@pytest.mark.usefixtures("key_named")
def test_a_signer_gets_four_values_that_it_signs_with(
    operator: Operator, orderhub: Application
) -> None:
    operator.make_shop()

    signer = operator.ask(*BRICKLINK)

    principal = signs(orderhub, signer)
    assert (principal.shop.id, principal.credential_id) == ("demo", signer["id"])
    assert "token" not in signer
    for later in (("credential", "list", "demo"), ("shop", "show", "demo")):
        for form in ((), ("--json",)):
            said = operator.run(*later, *form).output
            for name in ("consumer_secret", "token_value", "token_secret"):
                assert signer[name] not in said
            assert "sealed" not in said
    operator.run("credential", "revoke", "demo", signer["id"])
    orderhub.__dict__.pop("signature_authenticator")
    with pytest.raises(SignatureRefused):
        signs(orderhub, signer)


@pytest.mark.usefixtures("key_named")
def test_people_get_each_value_of_a_signer_on_a_line_of_its_own(
    operator: Operator, orderhub: Application
) -> None:
    operator.make_shop()

    lines = operator.run(*BRICKLINK).stdout.splitlines()

    told = {
        name.lower().replace(" ", "_"): text
        for name, colon, text in (line.partition(": ") for line in lines)
        if colon
    }
    assert signs(orderhub, told).shop.id == "demo"


@pytest.mark.usefixtures("key_named")
def test_a_signer_that_moves_here_brings_its_four_values(
    operator: Operator, orderhub: Application
) -> None:
    operator.make_shop()

    signer = operator.ask(*BRICKLINK, *BRINGING)

    assert {name: signer[name] for name in BROUGHT} == BROUGHT
    assert signs(orderhub, BROUGHT).credential_id == signer["id"]
    assert "token" in operator.complaint(*BRICKLINK, *BRINGING)
    short = (*BRINGING[:3], "short", *BRINGING[4:])
    assert "consumer_secret" in operator.complaint(*BRICKLINK, *short)


@pytest.mark.usefixtures("key_named")
def test_a_signer_brings_all_its_values_or_none_and_only_signers_have_them(
    operator: Operator,
) -> None:
    operator.make_shop()
    marketplace = ("credential", "issue", "demo", "--wire", "marketplace", "--label", "x")
    for wrong in (
        (*BRICKLINK, *BRINGING[:6]),
        (*BRICKLINK, "--token-secret", "s" * 16),
        (*BRICKLINK, "--token", "t" * 16),
        (*BRICKLINK, "--user", "11"),
        (*BRICKLINK, "--app-key", "k"),
        (*marketplace, *BRINGING),
        (*YOUHAOSUDA, *BRINGING),
    ):
        operator.complaint(*wrong, exit_code=2)
    assert operator.ask("credential", "list", "demo")["credentials"] == []


def test_without_a_key_no_secrets_are_stored(operator: Operator) -> None:
    operator.make_shop()

    said = operator.complaint(*BRICKLINK)

    assert connection.SECRETS_KEY_TAG in said
    assert operator.ask("credential", "list", "demo")["credentials"] == []


def test_a_short_token_is_refused(operator: Operator) -> None:
    operator.make_shop()

    said = operator.complaint(
        *("credential", "issue", "demo", "--wire", "marketplace", "--label", "x"),
        *("--token", "guess-me"),
    )

    assert "16" in said
    assert operator.ask("credential", "list", "demo")["credentials"] == []


# -- products and carts ----------------------------------------------------------------------------


def test_a_single_product_is_put_and_shown(operator: Operator) -> None:
    operator.make_shop()

    operator.run(
        *("product", "put", "demo", "8802", "--name", "Tea pot", "--price", "64"),
        *("--discount-price", "49.905", "--variant", "white", "--sku", "TP-1"),
        *("--image-url", "https://shop.example/tea-pot.jpg"),
    )

    shown = operator.ask("product", "show", "demo", "8802")
    assert (shown["name"], shown["image_url"]) == ("Tea pot", "https://shop.example/tea-pot.jpg")
    [variant] = shown["variants"]
    assert (variant["id"], variant["sku"]) == ("white", "TP-1")
    assert variant["prices"] == {
        "CNY": {
            "price": {"amount": "64.00", "currency": "CNY"},
            "discount_price": {"amount": "49.905", "currency": "CNY"},
        }
    }
    assert "64.00 CNY" in operator.run("product", "show", "demo", "8802").stdout


def test_pieces_are_counted_and_shown(operator: Operator, orderhub: Application) -> None:
    operator.make_shop()
    operator.put_tea_pot()
    stock = ("product", "stock", "demo", "8802", "8802")
    assert operator.ask(*stock)["stock"] is None
    assert "doesn't track" in operator.run(*stock).stdout

    assert operator.ask(*stock, "10") == {"product_id": "8802", "variant_id": "8802", "stock": 10}
    assert "10 of variant 8802" in operator.run(*stock).stdout
    shown = operator.ask("product", "show", "demo", "8802")
    assert (shown["stock"], shown["variants"][0]["tracks_stock"]) == ({"8802": 10}, True)
    assert re.search(r"64.00 CNY +10", operator.run("product", "show", "demo", "8802").stdout)

    orderhub.desk.orders.commit(placed(stock=(StockTaken("8802", "8802", 3),)))
    assert operator.ask(*stock)["stock"] == 7
    assert operator.ask(*stock, "0")["stock"] == 0
    assert "variant 9 of product 8802" in operator.complaint(*stock[:-1], "9")
    assert "variant 9 of product 8802" in operator.complaint(*stock[:-1], "9", "5")


def test_a_product_tells_whether_its_pieces_are_counted(operator: Operator, tmp_path: Path) -> None:
    operator.make_shop()
    put = ("product", "put", "demo")
    operator.run(*put, "8802", "--name", "Tea pot", "--price", "64.00", "--tracks-stock")
    variants = '[{"id": "w", "prices": {"CNY": "1"}, "tracks_stock": true}]'
    file = tmp_path / "cups.json"
    file.write_text(f'[{{"id": "8803", "name": "Cup", "variants": {variants}}}]', encoding="utf-8")
    operator.run(*put, "--file", str(file))

    assert operator.ask("product", "show", "demo", "8802")["stock"] == {"8802": 0}
    assert operator.ask("product", "show", "demo", "8803")["stock"] == {"w": 0}
    operator.put_tea_pot()
    assert operator.ask("product", "show", "demo", "8802")["stock"] == {}
    operator.complaint(*put, "--file", str(file), "--tracks-stock", exit_code=2)


def test_a_price_may_be_in_another_currency_than_the_shops(operator: Operator) -> None:
    operator.make_shop()
    operator.run(
        *("product", "put", "demo", "8802", "--name", "x", "--price", "1280", "--currency", "JPY")
    )

    [variant] = operator.ask("product", "show", "demo", "8802")["variants"]

    assert variant["id"] == "8802"
    assert variant["prices"]["JPY"]["price"]["amount"] == "1280"


@pytest.mark.parametrize(
    "wrong",
    [
        ("8802", "--name", "x", "--price", "cheap"),
        ("8802", "--name", "x", "--price", "1.00001"),
        ("8802", "--name", "x"),
        ("88 02", "--name", "x", "--price", "1"),
        ("8802", "--name", "x", "--price", "1", "--currency", "yuan"),
        ("8802", "--file", "products.json"),
    ],
)
def test_a_product_wrongly_asked_for_is_a_mistake_in_the_command(
    operator: Operator, wrong: tuple[str, ...]
) -> None:
    operator.make_shop()

    operator.complaint("product", "put", "demo", *wrong, exit_code=2)


def test_a_file_of_products_is_put_with_all_variants_and_currencies(
    operator: Operator, tmp_path: Path
) -> None:
    operator.make_shop()
    file = tmp_path / "products.json"
    file.write_text(
        """[
          {"id": "8802", "name": "茶壶", "number": "TP", "attributes": {"fragile": true},
           "variants": [
             {"id": "white", "name": "白色", "sku": "TP-W", "weight_grams": 900,
              "prices": {"CNY": {"price": "64.00", "discount_price": 49.9}, "JPY": 1280}},
             {"id": "parts", "prices": {"CNY": "0.0375"}}]},
          {"id": "8803", "name": "Cup"}
        ]""",
        encoding="utf-8",
    )

    answer = operator.ask("product", "put", "demo", "--file", str(file))

    assert answer == {"product_ids": ["8802", "8803"]}
    pot = operator.ask("product", "show", "demo", "8802")
    assert (pot["name"], pot["number"], pot["attributes"]) == ("茶壶", "TP", {"fragile": True})
    white, parts = pot["variants"]
    assert (white["name"], white["weight_grams"]) == ("白色", 900)
    assert white["prices"]["CNY"]["discount_price"]["amount"] == "49.90"
    assert white["prices"]["JPY"]["price"]["amount"] == "1280"
    assert parts["prices"]["CNY"]["price"]["amount"] == "0.0375"
    assert operator.ask("product", "show", "demo", "8803")["variants"] == []


def test_products_can_come_from_another_program(operator: Operator) -> None:
    operator.make_shop()

    operator.run(
        *("product", "put", "demo", "--file", "-"), stdin='[{"id": "8803", "name": "Cup"}]'
    )

    assert operator.ask("product", "show", "demo", "8803")["name"] == "Cup"


def test_all_that_is_wrong_with_a_file_is_told_and_nothing_is_written(
    operator: Operator, tmp_path: Path
) -> None:
    operator.make_shop()
    file = tmp_path / "products.json"
    products = [
        {"id": "1", "name": "Good", "variants": [{"id": "a", "prices": {"CNY": "1"}}]},
        {"id": "2", "name": 5, "colour": "red"},
        {"id": "3", "name": "x", "variants": [{"id": "a", "prices": {"CNY": "1.00001"}}]},
        {"id": "4", "name": "x", "variants": [{"id": "a", "prices": {"YUAN": "1"}}]},
        {"id": "a b", "name": "", "variants": [{"id": "a", "prices": {}}]},
        {"id": "5", "name": "x", "variants": [{"id": "a", "prices": {"CNY": {"price": "cheap"}}}]},
        {"id": "1", "name": "Again"},
        "tea pot",
    ]
    file.write_text(json.dumps(products), encoding="utf-8")

    result = operator.run("product", "put", "demo", "--file", str(file), exit_code=1)

    first, *problems = [line.strip() for line in result.stderr.splitlines()]
    assert first.startswith("Error: nothing was written")
    assert sorted(problem.split(": ")[0] for problem in problems) == sorted(
        [
            "[1].name",
            "[1].colour",
            "[2].variants[0].prices.CNY.price",
            "[3].variants[0].prices.YUAN",
            "[4].id",
            "[4].name",
            "[4].variants[0].prices",
            "[5].variants[0].prices.CNY.price",
            "[6].id",
            "[7]",
        ]
    )
    assert result.stdout == ""
    operator.complaint("product", "show", "demo", "1")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"id": "1"}', "[NaN]", '"products"'])
def test_a_file_that_is_no_list_of_products_is_refused(operator: Operator, content: str) -> None:
    operator.make_shop()

    result = operator.run("product", "put", "demo", "--file", "-", stdin=content, exit_code=1)

    assert result.stderr.startswith("Error: ")


def test_a_file_that_is_not_there_is_a_mistake_in_the_command(operator: Operator) -> None:
    operator.make_shop()

    said = operator.complaint("product", "put", "demo", "--file", "nowhere.json", exit_code=2)

    assert "nowhere.json" in said


def test_a_cart_is_put_and_shown(operator: Operator) -> None:
    operator.make_shop()
    operator.put_tea_pot()

    operator.run("cart", "put", "demo", "cart-1", "--line", "8802:8802:2", "--line", "8802:8802:1")

    shown = operator.ask("cart", "show", "demo", "cart-1")
    assert shown["currency"] == "CNY"
    assert shown["lines"] == [
        {"product_id": "8802", "variant_id": "8802", "quantity": 2},
        {"product_id": "8802", "variant_id": "8802", "quantity": 1},
    ]
    assert "8802" in operator.run("cart", "show", "demo", "cart-1").stdout


@pytest.mark.parametrize(
    ("line", "exit_code"),
    [
        ("9999:9999:1", 1),
        ("8802:black:1", 1),
        ("8802:8802:0", 1),
        ("8802:8802", 2),
        ("8802:8802:many", 2),
        ("8802::1", 2),
    ],
)
def test_a_cart_line_must_name_something_to_sell(
    operator: Operator, line: str, exit_code: int
) -> None:
    operator.make_shop()
    operator.put_tea_pot()

    operator.complaint("cart", "put", "demo", "cart-1", "--line", line, exit_code=exit_code)

    operator.complaint("cart", "show", "demo", "cart-1")


# -- orders ----------------------------------------------------------------------------------------


def test_an_order_is_found_by_any_of_its_names(operator: Operator, paid_order: Order) -> None:
    for name in (str(paid_order.id), paid_order.number, "TB-1"):
        assert operator.ask("order", "show", "demo", name)["id"] == paid_order.id


def test_an_order_is_shown_with_its_money_and_its_events(
    operator: Operator, paid_order: Order
) -> None:
    shown = operator.ask("order", "show", "demo", "TB-1")

    assert (shown["status"], shown["payment_status"]) == ("open", "partially_refunded")
    assert shown["fulfilment_status"] == "shipped"
    assert shown["total"] == {"amount": "3.00", "currency": "CNY"}
    assert shown["refunded"] == {"amount": "1.00", "currency": "CNY"}
    assert shown["created_at"] == "2026-11-21T12:00:00.000Z"
    assert [line["product_id"] for line in shown["lines"]] == ["3000", "3001"]
    assert [event["sequence"] for event in shown["events"]] == list(range(1, shown["version"] + 1))
    captured = next(event for event in shown["events"] if event["type"] == "payment.captured")
    assert captured["data"]["payment"]["transaction_id"] == "ALI-1"
    assert captured["actor"]["kind"] == "operator"
    # Nobody's request: an operator did all that.
    assert {event["correlation_id"] for event in shown["events"]} == {None}
    assert operator.ask("order", "events", "demo", "TB-1")["events"] == shown["events"]


def test_people_see_an_order_in_tables(operator: Operator, paid_order: Order) -> None:
    shown = operator.run("order", "show", "demo", "TB-1").stdout

    for text in (
        paid_order.number,
        "partially_refunded",
        "3.00 CNY",
        "1.50 CNY",
        "2026-11-21T12:00:00Z",
        "Brick 2 x 1",
        "ALI-1",
        "chipped",
        "SF123",
        "韩梅梅",
        "order.placed",
        "operator: tester",
        "refund_window",
    ):
        assert text in shown
    events = operator.run("order", "events", "demo", "TB-1").stdout
    assert "payment.captured" in events
    assert "3.00 CNY by marketplace ALI-1" in events


def test_an_order_past_its_deadline_is_shown_as_expired(
    operator: Operator, orderhub: Application
) -> None:
    operator.make_shop()
    change = placed(payment_timeout=60)
    orderhub.desk.orders.commit(change)

    shown = operator.ask("order", "show", "demo", change.order.number)

    assert (shown["status"], shown["payment_status"]) == ("expired", "voided")
    assert shown["closed_at"] == "2026-11-21T12:01:00.000Z"
    assert "expired" in operator.run("order", "show", "demo", change.order.number).stdout


def test_what_others_wrote_can_not_steer_the_terminal(
    operator: Operator, orderhub: Application
) -> None:
    operator.make_shop()
    first = placed(payment_timeout=None)
    orderhub.desk.orders.commit(first)
    change = Change(first.order, NOON, TESTER)
    note = "[bold]read me[/bold] \x1b[31m:boom:"
    commands.change_details(change, replace(first.order.details, customer_note=note))
    orderhub.desk.orders.commit(change)

    shown = operator.run("order", "show", "demo", first.order.number).stdout

    assert "[bold]read me[/bold]" in shown
    assert ":boom:" in shown
    assert "\x1b" not in shown


def test_orders_are_listed_page_by_page(operator: Operator, orderhub: Application) -> None:
    operator.make_shop()
    made = [placed(tail=tail, at=NOON + timedelta(seconds=tail)).order for tail in range(1, 6)]
    for tail in range(1, 6):
        orderhub.desk.orders.commit(placed(tail=tail, at=NOON + timedelta(seconds=tail)))

    listed: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = operator.ask("order", "list", "demo", "--limit", "2", "--after", str(after))
        assert len(page["orders"]) <= 2
        listed += page["orders"]
        after = page["next_after"]

    assert [order["id"] for order in listed] == [order.id for order in made]
    assert listed[0]["total"] == {"amount": "1.50", "currency": "CNY"}
    shown = operator.run("order", "list", "demo", "--limit", "2").stdout
    assert made[1].number in shown
    assert made[2].number not in shown
    assert f"--after {made[1].id}" in shown


def test_a_good_order_replays_to_its_snapshot(operator: Operator, paid_order: Order) -> None:
    answer = operator.ask("order", "replay", "demo", "TB-1")

    assert answer["agrees"] is True
    assert answer["differences"] == []
    assert answer["events"] == answer["version"] == paid_order.version
    assert paid_order.number in operator.run("order", "replay", "demo", "TB-1").stdout


@pytest.fixture
def tamper(table: Any, orderhub: Application) -> Callable[[Order, str, str], None]:
    """Changes the stored snapshot of an order behind everybody's back."""

    def change(order: Order, old: str, new: str) -> None:
        items = table.scan(TableName=orderhub.settings.table_name)["Items"]
        [head] = [
            item
            for item in items
            if item["sk"]["S"] == "ORDER" and item["listing_sk"]["N"] == str(order.id)
        ]
        packed = stored.body_of(head)
        assert isinstance(packed, bytes)
        body = packed.decode()
        assert old in body
        head = {**head, "body": {"S": body.replace(old, new)}}
        table.put_item(TableName=orderhub.settings.table_name, Item=head)

    return change


def test_a_snapshot_that_its_events_do_not_yield_is_found_out(
    operator: Operator, paid_order: Order, tamper: Callable[[Order, str, str], None]
) -> None:
    tamper(paid_order, "SF123", "SF999")

    answer = operator.ask("order", "replay", "demo", "TB-1", exit_code=1)

    assert answer["agrees"] is False
    assert answer["differences"] == [
        {"path": "shipments[0].tracking_number", "stored": "SF999", "replayed": "SF123"}
    ]
    result = operator.run("order", "replay", "demo", "TB-1", exit_code=1)
    assert "shipments[0].tracking_number" in result.stdout
    assert result.stderr.startswith("Error: ")


def test_a_history_with_a_gap_can_not_be_replayed(
    operator: Operator, paid_order: Order, table: Any, orderhub: Application
) -> None:
    items = table.scan(TableName=orderhub.settings.table_name)["Items"]
    [first] = [item for item in items if item["sk"]["S"] == "EVENT#000001"]
    table.delete_item(
        TableName=orderhub.settings.table_name, Key={"pk": first["pk"], "sk": first["sk"]}
    )

    answer = operator.ask("order", "replay", "demo", "TB-1", exit_code=1)

    assert answer["agrees"] is False
    assert "begins with order.placed" in answer["trouble"]
    assert "begins with order.placed" in operator.complaint("order", "replay", "demo", "TB-1")


def test_differences_are_told_as_deep_as_they_lie() -> None:
    stored = {"a": 1, "b": [{"c": 1, "d": 2}], "e": None}
    replayed = {"a": 1, "b": [{"c": 1, "d": 3}, {"c": 4}], "e": {"f": 5}}

    assert differences(stored, replayed) == [
        Difference("b[0].d", 2, 3),
        Difference("b[1]", None, {"c": 4}),
        Difference("e", None, {"f": 5}),
    ]
    assert differences(stored, stored) == []


# -- working on orders -----------------------------------------------------------------------------


@pytest.fixture
def order(operator: Operator, orderhub: Application, monkeypatch: pytest.MonkeyPatch) -> Order:
    """TB-2: two lines of three pieces, unpaid but never due, received two weeks after they went.
    Mei is logged in."""
    monkeypatch.setenv("LOGNAME", "mei")
    operator.make_shop()
    first = placed(lines=2, pieces=3, name="TB-2", payment_timeout=None, auto_receive=14 * 86400)
    orderhub.desk.orders.commit(first)
    return first.order


def test_an_order_is_shipped_in_parts_and_then_wholly(operator: Operator, order: Order) -> None:
    first = operator.ask(
        *("order", "ship", "demo", "TB-2", "--line", "1=2", "--line", "2=1"),
        *("--carrier", "SF", "--tracking", "SF1", "--url", "https://sf.example/SF1"),
    )
    assert first["changed"] is True
    assert first["fulfilment_status"] == "partially_shipped"
    assert first["shipment"] == first["shipments"][0]
    assert first["shipment"]["lines"] == [
        {"line_id": 1, "quantity": 2},
        {"line_id": 2, "quantity": 1},
    ]
    assert first["shipment"]["tracking_url"] == "https://sf.example/SF1"

    said = operator.run("order", "ship", "demo", order.number, "--carrier", "EMS").stdout

    assert "Sent shipment 2" in said
    assert "3 pieces, EMS" in said
    assert "All of it is out." in said
    assert "Not paid" in said
    shown = operator.ask("order", "show", "demo", "TB-2")
    assert shown["fulfilment_status"] == "shipped"
    assert [each["type"] for each in shown["events"]][1:] == ["shipment.sent"] * 2
    assert shown["events"][1]["actor"] == {"kind": "operator", "id": "mei", "name": ""}


def test_people_see_where_the_goods_are(operator: Operator, order: Order) -> None:
    ship = ("order", "ship", "demo", "TB-2")
    tracked = ("--carrier", "SF", "--tracking", "SF1", "--url", "https://sf.example/SF1")
    said = operator.run(*ship, "--line", "1=2", *tracked).stdout
    assert "Still to ship: line 1 × 1, line 2 × 3." in said
    operator.run(*ship, "--line", "2=1", "--carrier", "EMS")
    operator.run("order", "receive", "demo", "TB-2", "--shipment", "2")

    shown = operator.run("order", "show", "demo", "TB-2").stdout

    assert re.search(r"1 +3000 .* 3 +1 +1.50 CNY", shown), "one of three is unsent"
    assert re.search(r"1 +sent +line 1 × 2 +SF +SF1 ", shown)
    assert re.search(r"2 +received +line 2 × 1 +EMS ", shown)
    assert "Track 1: https://sf.example/SF1" in shown
    assert "partially_shipped" in shown


def test_the_same_tracking_number_ships_nothing_again(operator: Operator, order: Order) -> None:
    ship = ("order", "ship", "demo", "TB-2", "--carrier", "SF", "--tracking", " SF1 ")
    first = operator.ask(*ship, "--line", "1=2")

    again = operator.ask(*ship, "--line", "1=1", "--line", "1=1")
    said = operator.run(*ship, "--line", "1=2").stdout

    assert (first["changed"], again["changed"]) == (True, False)
    assert again["shipment"] == first["shipment"]
    assert "shipment 1" in said.lower()
    assert "nothing was changed" in said
    assert "with other lines" in operator.complaint(*ship)
    assert len(operator.ask("order", "show", "demo", "TB-2")["shipments"]) == 1


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("9=1",), "no line 9"),
        (("1=4",), "line 1, 3 can still be shipped, not 4"),
        (("2=2", "2=2"), "line 2, 3 can still be shipped, not 4"),
        (("1=0",), "0 pieces of line 1"),
    ],
)
def test_what_can_not_be_shipped_is_refused_by_its_line(
    operator: Operator, order: Order, lines: tuple[str, ...], said: str
) -> None:
    given = [part for line in lines for part in ("--line", line)]

    assert said in operator.complaint("order", "ship", "demo", "TB-2", *given)
    assert operator.ask("order", "show", "demo", "TB-2")["shipments"] == []


def test_what_is_over_is_not_shipped(operator: Operator, orderhub: Application) -> None:
    operator.make_shop()
    orderhub.desk.orders.commit(placed(name="TB-3", at=NOON - timedelta(days=999)))

    assert "order expired" in operator.complaint("order", "ship", "demo", "TB-3")


def test_goods_arrive_and_come_back(operator: Operator, order: Order) -> None:
    for line in ("1=3", "2=3"):
        operator.run("order", "ship", "demo", "TB-2", "--line", line)
    receive, take_back = (("order", verb, "demo", "TB-2") for verb in ("receive", "return"))

    assert "Shipment 2 of order" in operator.run(*receive, "--shipment", "2").stdout
    assert operator.ask(*receive)["fulfilment_status"] == "received"
    assert "shipment 2 is received" in operator.run(*receive, "--shipment", "2").stdout
    assert operator.ask(*receive)["changed"] is False
    assert "Shipments 1, 2 of order" in operator.run(*take_back).stdout
    assert operator.ask(*take_back)["fulfilment_status"] == "returned"
    assert "shipment 1 is returned" in operator.run(*receive, "--shipment", "1").stdout
    assert "no shipment 3" in operator.complaint(*receive, "--shipment", "3")


@pytest.mark.parametrize("verb", ["receive", "return"])
def test_what_was_not_shipped_neither_arrives_nor_comes_back(
    operator: Operator, order: Order, verb: str
) -> None:
    assert "nothing of the order was shipped" in operator.complaint("order", verb, "demo", "TB-2")


def test_a_shipment_is_seen_to_receive_itself_and_may_still_come_back(
    operator: Operator, order: Order, later: Callable[[float], None]
) -> None:
    operator.run("order", "ship", "demo", "TB-2")
    later(14 * 86400)

    assert operator.ask("order", "show", "demo", "TB-2")["fulfilment_status"] == "received"
    assert "written down: still sent" in operator.run("order", "show", "demo", "TB-2").stdout
    assert operator.ask("order", "receive", "demo", "TB-2")["changed"] is False
    assert operator.ask("order", "return", "demo", "TB-2")["fulfilment_status"] == "returned"
    told = operator.ask("order", "events", "demo", "TB-2")["events"][1:]
    assert [(each["actor"]["kind"], each["type"]) for each in told] == [
        ("operator", "shipment.sent"),
        ("clock", "shipment.received"),
        ("operator", "shipment.returned"),
    ]


def test_notes_show_their_author(operator: Operator, order: Order) -> None:
    text = "Called twice:\n\tleave it next door 门卫"

    noted = operator.ask("order", "note", "demo", "TB-2", text)

    assert noted["changed"] is True
    assert [(note["author"], note["text"]) for note in noted["notes"]] == [("mei", text)]
    assert "by mei" in operator.run("order", "note", "demo", "TB-2", "again").stdout
    shown = operator.run("order", "show", "demo", "TB-2").stdout
    assert "leave it next door 门卫" in shown
    assert re.search(r"order.note_added +Called twice:…", shown)


def test_an_operator_without_a_name_is_an_operator(
    operator: Operator, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container whose user nobody has heard of."""

    def nobody() -> str:
        raise KeyError("uid not found: 1234")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert operator.ask("order", "note", "demo", "TB-2", "x")["notes"][0]["author"] == "operator"


def test_tags_are_added_removed_and_set(operator: Operator, order: Order) -> None:
    tag = ("order", "tag", "demo", "TB-2")

    assert operator.ask(*tag, "--add", "vip, gift", "--add", "vip")["tags"] == ["vip", "gift"]
    assert operator.ask(*tag, "--remove", "gift", "--add", "x")["tags"] == ["vip", "x"]
    assert operator.ask(*tag, "--add", "x")["changed"] is False
    assert "a, b" in operator.run(*tag, "--set", "a,b,,a").stdout
    assert re.search(r"Tags +a, b", operator.run("order", "show", "demo", "TB-2").stdout)
    assert "no tags" in operator.run(*tag, "--set", "").stdout
    assert "64" in operator.complaint(*tag, "--add", "x" * 65)
    assert operator.ask("order", "show", "demo", "TB-2")["tags"] == []


# What an operator writes goes where the stack's sweeps look.


def swept_in(orderhub: Application, order: Order) -> list[int]:
    """The shards in which a sweep finds the order's shipment once it is due."""
    far = NOON + timedelta(days=3650)
    kind = DeadlineKind.RECEIPT
    due = {n: orderhub.desk.orders.due(kind, n, far, limit=9, cursor=None) for n in range(64)}
    return [n for n, page in due.items() if page.orders == (OrderKey("demo", order.id),)]


def tag_table(table: Any, orderhub: Application, shards: str) -> None:
    found = table.describe_table(TableName=orderhub.settings.table_name)["Table"]
    tags = [{"Key": connection.DUE_SHARDS_TAG, "Value": shards}, {"Key": "project", "Value": "x"}]
    table.tag_resource(ResourceArn=found["TableArn"], Tags=tags)


@pytest.mark.parametrize("shards", [1, 7, 64])
def test_deadlines_go_into_the_shards_that_the_table_says_are_swept(
    operator: Operator, order: Order, table: Any, orderhub: Application, shards: int
) -> None:
    tag_table(table, orderhub, str(shards))

    operator.run("order", "ship", "demo", "TB-2")

    assert swept_in(orderhub, order) == [order.id % shards]


@pytest.mark.parametrize("said", [None, "", "0", "-4", "four"])
def test_a_table_that_does_not_say_has_its_first_shard_swept(
    operator: Operator, order: Order, table: Any, orderhub: Application, said: str | None
) -> None:
    if said is not None:
        tag_table(table, orderhub, said)

    operator.run("order", "ship", "demo", "TB-2")

    assert swept_in(orderhub, order) == [0]


def test_an_operator_who_may_not_see_tags_uses_the_first_shard(
    operator: Operator,
    order: Order,
    table: Any,
    orderhub: Application,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tag_table(table, orderhub, "7")

    def refuse(code: str) -> None:
        def refused(**_: Any) -> None:
            raise table.exceptions.ClientError({"Error": {"Code": code}}, "ListTagsOfResource")

        monkeypatch.setattr(table, "list_tags_of_resource", refused)

    refuse("InternalServerError")
    assert "AWS" in operator.complaint("order", "ship", "demo", "TB-2")
    refuse("AccessDeniedException")
    operator.run("order", "ship", "demo", "TB-2")

    assert swept_in(orderhub, order) == [0]


# -- people and companies --------------------------------------------------------------------------


def put_people(operator: Operator) -> None:
    """Company 1 with QQ, user 11, who has chosen it and may sell there."""
    operator.make_shop()
    operator.run(
        *("user", "put", "demo", "11", "--given-name", "QQ", "--family-name", "Wang"),
        *("--email", "qq@shop.example"),
    )
    operator.run("company", "put", "demo", "1", "--code", "AAAA", "--name", "Company A")
    operator.run("company", "add-member", "demo", "1", "11")
    operator.run("company", "select", "demo", "1", "11")


def test_a_salesperson_is_made_from_nothing(operator: Operator, orderhub: Application) -> None:
    put_people(operator)
    issued = operator.ask(
        *("credential", "issue", "demo", "--wire", "brandcloud", "--label", "QQ"),
        *("--user", "11"),
    )

    principal = orderhub.authenticator.authenticate("brandcloud", issued["token"], "write_orders")
    found = identify_salesperson(orderhub.desk, principal, selling=True)

    assert issued["user_id"] == 11
    assert (found.user.full_name, found.company.name) == ("QQ Wang", "Company A")
    assert "11" in operator.run("credential", "list", "demo").stdout


def test_a_user_is_shown_as_they_were_put(operator: Operator) -> None:
    operator.make_shop()
    put = operator.ask(
        *("user", "put", "demo", "12", "--given-name", "CC", "--family-name", "Lee"),
        *("--email", "cc@mail.example", "--title", "1", "--phone", "0912345678"),
        *("--street", "ABC st.", "--city", "台中", "--province", "Taiwan"),
        *("--postal-code", "30123", "--country", "R.O.C."),
    )

    shown = operator.ask("user", "show", "demo", "12")

    assert shown == put
    assert (shown["given_name"], shown["title"], shown["current_company_id"]) == ("CC", 1, None)
    address = shown["default_address"]
    assert (address["line1"], address["city"]) == ("ABC st.", "台中")
    assert (address["postal_code"], address["country"]) == ("30123", "R.O.C.")
    for word in ("Ms.", "CC", "Lee", "0912345678", "ABC st.", "台中", "30123"):
        assert word in operator.run("user", "show", "demo", "12").stdout


def test_a_company_is_shown_with_its_members(operator: Operator) -> None:
    put_people(operator)
    operator.run(
        *("user", "put", "demo", "12", "--given-name", "CC", "--family-name", "Lee"),
        *("--email", "cc@mail.example"),
    )
    operator.run("company", "add-member", "demo", "1", "12", "--may-not-sell")
    operator.run(
        *("company", "put", "demo", "1", "--code", "AAAB", "--name", "Company A"),
        *("--cover-image", "px240=https://a.example/240.jpeg"),
        *("--cover-image", "px480=https://a.example/480.jpeg?x=1", "--city", "San Jose"),
    )

    shown = operator.ask("company", "show", "demo", "1")

    assert (shown["code"], shown["address"]["city"]) == ("AAAB", "San Jose")
    assert shown["cover_images"] == {
        "px240": "https://a.example/240.jpeg",
        "px480": "https://a.example/480.jpeg?x=1",
    }
    assert [(one["user_id"], one["may_sell"]) for one in shown["members"]] == [
        (11, True),
        (12, False),
    ]
    for word in ("AAAB", "San Jose", "480.jpeg", "Members", "12"):
        assert word in operator.run("company", "show", "demo", "1").stdout


def test_who_is_shut_out_stays_out_at_once(operator: Operator, orderhub: Application) -> None:
    put_people(operator)
    shop = orderhub.shops.get("demo")
    assert shop is not None
    principal = Principal(shop, "c", "QQ", frozenset(), 11)

    operator.run("company", "remove-member", "demo", "1", "11")
    with pytest.raises(Unidentified, match="not a member"):
        identify_salesperson(orderhub.desk, principal)
    operator.run("company", "remove", "demo", "1")
    with pytest.raises(Unidentified, match="company unknown"):
        identify_salesperson(orderhub.desk, principal)
    assert "company 1" in operator.complaint("company", "remove", "demo", "1")


@pytest.mark.parametrize(
    "command",
    [
        ("company", "put", "demo", "1", "--code", "aaaa", "--name", "A"),
        ("company", "put", "demo", "0", "--code", "AAAA", "--name", "A"),
        ("company", "put", "demo", "1", "--code", "AAAA", "--name", "A", "--cover-image", "x"),
        ("company", "put", "demo", "1", "--code", "AAAA", "--name", "A", "--cover-image", "x=y"),
        ("user", "show", "demo", "QQ"),
        ("user", "show", "demo", str(2**53)),
    ],
)
def test_what_can_be_no_person_or_company_is_a_mistake_in_the_command(
    operator: Operator, command: tuple[str, ...]
) -> None:
    operator.make_shop()
    operator.complaint(*command, exit_code=2)


def test_people_are_stored_and_removed_within_their_shop(orderhub: Application) -> None:
    people = orderhub.people
    for shop_id in ("demo", "other"):
        people.put_user(
            User(
                id=11,
                shop_id=shop_id,
                given_name=shop_id,
                family_name="Wang",
                email="qq@shop.example",
                title=0,
                default_address=Address(line1="ABC st."),
            )
        )
        people.put_company(Company(id=1, shop_id=shop_id, code="AAAA", name=shop_id))
        people.put_membership(shop_id, Membership(company_id=1, user_id=11, may_sell=False))
    people.put_membership("demo", Membership(company_id=1, user_id=2))
    people.put_membership("demo", Membership(company_id=11, user_id=3))

    stored = people.user("demo", 11)
    assert stored is not None
    assert (stored.given_name, stored.title) == ("demo", 0)
    assert stored.default_address == Address(line1="ABC st.")
    assert [(one.user_id, one.may_sell) for one in people.members("demo", 1)] == [
        (2, True),
        (11, False),
    ]
    people.remove_membership("demo", 1, 11)
    people.remove_company("demo", 1)
    assert people.membership("demo", 1, 11) is None
    assert people.company("demo", 1) is None
    assert [one.user_id for one in people.members("demo", 1)] == [2]
    assert people.company("other", 1) == Company(id=1, shop_id="other", code="AAAA", name="other")
    assert people.membership("other", 1, 11) is not None


def test_products_are_read_in_batches(orderhub: Application) -> None:
    catalog = orderhub.desk.catalog
    made = {str(n): Product(id=str(n), name=f"Product {n}") for n in range(130)}
    for product in made.values():
        catalog.put_product("demo", product)
    catalog.put_product("other", Product(id="900", name="Theirs"))

    assert catalog.products("demo", [*made, "900", "901", "1", "1"]) == made
    assert catalog.products("demo", []) == {}


# -- what is not there -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ("shop", "show"),
        ("shop", "windows", "--wire", "marketplace", "--refund-window", "1d"),
        ("shop", "settings", "--cod"),
        ("credential", "issue", "--wire", "marketplace", "--label", "x"),
        ("credential", "list"),
        ("credential", "revoke", "cred_1"),
        ("provider", "set", "paypal", "--webhook-id", "x"),
        ("provider", "show", "paypal"),
        ("provider", "list"),
        ("provider", "remove", "paypal"),
        ("provider", "remove-secret", "stripe", "1"),
        ("user", "show", "1"),
        (
            *("user", "put", "1", "--given-name", "x", "--family-name", "y"),
            *("--email", "x@y.example"),
        ),
        ("company", "put", "1", "--code", "AAAA", "--name", "x"),
        ("company", "show", "1"),
        ("company", "remove", "1"),
        ("company", "add-member", "1", "2"),
        ("company", "remove-member", "1", "2"),
        ("company", "select", "1", "2"),
        ("product", "put", "1", "--name", "x", "--price", "1"),
        ("product", "show", "1"),
        ("product", "stock", "1", "1"),
        ("product", "stock", "1", "1", "5"),
        ("cart", "put", "c", "--line", "1:1:1"),
        ("cart", "show", "c"),
        ("product", "list"),
        ("cart", "list"),
        ("user", "list"),
        ("company", "list"),
        ("stray", "list"),
        ("order", "list"),
        ("order", "list", "--status", "open"),
        ("order", "find", "x"),
        ("order", "timeline", "1"),
        ("order", "pay", "1", "--method", "cash"),
        ("order", "refund", "1"),
        ("order", "reprice", "1", "--total", "1"),
        ("order", "costs", "1", "--shipping", "1"),
        ("order", "address", "1", "--city", "Ulm"),
        ("order", "correct-shipment", "1", "--shipment", "1", "--carrier", "SF"),
        ("order", "complete", "1"),
        ("order", "cancel", "1"),
        ("order", "mark", "1", "--remove"),
        ("order", "show", "1"),
        ("order", "events", "1"),
        ("order", "replay", "1"),
        ("order", "ship", "1"),
        ("order", "receive", "1"),
        ("order", "return", "1"),
        ("order", "note", "1", "x"),
        ("order", "tag", "1", "--add", "x"),
    ],
)
def test_every_command_says_when_the_shop_does_not_exist(
    operator: Operator, command: tuple[str, ...]
) -> None:
    group, verb, *rest = command

    for form in ((), ("--json",)):
        said = operator.complaint(group, verb, "nowhere", *rest, *form)
        assert said == "Error: shop nowhere does not exist"


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (("credential", "revoke", "demo", "cred_1"), "credential cred_1"),
        (
            (
                *("credential", "issue", "demo", "--wire", "brandcloud", "--label", "x"),
                *("--user", "5"),
            ),
            "user 5",
        ),
        (("provider", "show", "demo", "stripe"), "payment account stripe"),
        (("provider", "remove", "demo", "stripe"), "payment account stripe"),
        (("provider", "remove-secret", "demo", "stripe", "1"), "payment account stripe"),
        (("user", "show", "demo", "5"), "user 5"),
        (("company", "show", "demo", "5"), "company 5"),
        (("company", "select", "demo", "5", "6"), "company 5"),
        (("company", "remove-member", "demo", "5", "6"), "user 6 in company 5"),
        (("product", "show", "demo", "1"), "product 1"),
        (("product", "stock", "demo", "1", "1"), "product 1"),
        (("product", "stock", "demo", "1", "1", "5"), "product 1"),
        (("cart", "show", "demo", "c"), "cart c"),
        (("order", "show", "demo", "R123"), "order R123"),
        (("order", "events", "demo", "TB-9"), "order TB-9"),
        (("order", "replay", "demo", "TB-9"), "order TB-9"),
        (("order", "ship", "demo", "TB-9"), "order TB-9"),
        (("order", "receive", "demo", "TB-9"), "order TB-9"),
        (("order", "return", "demo", "TB-9"), "order TB-9"),
        (("order", "note", "demo", "TB-9", "x"), "order TB-9"),
        (("order", "tag", "demo", "TB-9", "--add", "x"), "order TB-9"),
    ],
)
def test_what_does_not_exist_is_named(
    operator: Operator, command: tuple[str, ...], what: str
) -> None:
    operator.make_shop()

    assert what in operator.complaint(*command)


def test_a_name_that_several_orders_share_is_refused_as_such(
    operator: Operator, orderhub: Application
) -> None:
    operator.make_shop()
    for tail, marketplace in ((1, "taobao"), (2, "jd")):
        change = placed(tail=tail, name=f"only-{tail}")
        commands.change_details(
            change,
            change.order.details,
            [type(change.order.references[0])("order", f"marketplace:{marketplace}", "shared")],
        )
        orderhub.desk.orders.commit(change)

    assert "several orders" in operator.complaint("order", "show", "demo", "shared")


def test_ids_that_could_not_stand_in_a_key_are_mistakes_in_the_command(
    operator: Operator,
) -> None:
    said = operator.complaint("shop", "show", "a#b", exit_code=2)

    assert "a#b" in said


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        (("shop", "create", "demo", "--name", "x"), "--currency"),
        (("shop", "settings", "demo"), "setting"),
        (("shop", "settings", "demo", "--domain", "no host"), "host"),
        (("shop", "settings", "demo", "--number", "7"), "--number"),
        (("product", "stock", "demo", "1", "1", "many"), "QUANTITY"),
        (("product", "stock", "demo", "1", "1", "--", "-1"), "QUANTITY"),
        (("shop", "windows", "demo"), "--wire"),
        (("shop", "windows", "demo", "--wire", "marketplace"), "window"),
        (("shop", "windows", "demo", "--wire", "telex"), "telex"),
        (("order", "list", "demo", "--limit", "0"), "--limit"),
        (("order", "shw", "demo"), "shw"),
        (("order", "ship", "demo", "R1", "--line", "1"), "LINE=PIECES"),
        (("order", "ship", "demo", "R1", "--line", "one=1"), "LINE=PIECES"),
        (("order", "ship", "demo", "R1", "--line", "1=-1"), "LINE=PIECES"),
        (("order", "ship", "demo", "R1", "--carrier", "S" * 101), "--carrier"),
        (("order", "ship", "demo", "R1", "--tracking", "SF\n1"), "control characters"),
        (("order", "ship", "demo", "R1", "--url", "javascript:alert(1)"), "--url"),
        (("order", "receive", "demo", "R1", "--shipment", "0"), "--shipment"),
        (("order", "return", "demo", "R1", "--shipment", "one"), "--shipment"),
        (("order", "note", "demo", "R1", " "), "nothing to note"),
        (("order", "note", "demo", "R1", "x" * 1001), "1000"),
        (("order", "tag", "demo", "R1"), "--add"),
        (("order", "tag", "demo", "R1", "--set", "a", "--add", "b"), "--set"),
    ],
)
def test_a_mistake_in_a_command_is_told_in_one_line_with_where_to_get_help(
    operator: Operator, command: tuple[str, ...], missing: str
) -> None:
    said = operator.complaint(*command, exit_code=2)

    assert missing in said
    assert "--help" in said


@pytest.mark.parametrize(
    "group",
    [
        (),
        ("shop",),
        ("credential",),
        ("provider",),
        ("user",),
        ("company",),
        ("product",),
        ("cart",),
        ("order",),
    ],
)
def test_help_lists_the_commands_and_needs_no_table(group: tuple[str, ...]) -> None:
    shown = Operator().run(*group, "--help").stdout

    assert "COMMAND [ARGS]" in shown


# -- which table -----------------------------------------------------------------------------------


@pytest.fixture
def far_table(cloud: Any) -> str:
    """A table with one shop, in a region that nothing here uses by default."""
    import boto3

    name = f"orderhub-{uuid4().hex}"
    create_table(boto3.client("dynamodb", region_name="ap-northeast-1"), name)
    Operator().run(
        *("--table", name, "--region", "ap-northeast-1"),
        *("shop", "create", "far", "--name", "Far", "--currency", "JPY"),
    )
    os.environ.pop("AWS_REGION", None)
    os.environ["AWS_DEFAULT_REGION"] = "eu-central-1"
    return name


def stack_file(folder: Path, content: object) -> Path:
    file = folder / ".local" / "stack.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def stack_in_tokyo(table_name: str) -> dict[str, Any]:
    return {
        "table_name": table_name,
        "aws": {
            "endpoint_url": "https://dynamodb.ap-northeast-1.amazonaws.com",
            "region": "ap-northeast-1",
            "access_key_id": "local",
            "secret_access_key": "local",
        },
    }


def test_without_any_table_the_command_says_how_to_name_one() -> None:
    said = Operator().complaint("shop", "show", "demo", exit_code=2)

    assert "--table" in said
    assert "ORDERHUB_TABLE" in said


def test_the_options_name_a_table_in_any_region(far_table: str) -> None:
    options = ("--table", far_table, "--region", "ap-northeast-1")

    assert Operator().ask(*options, "shop", "show", "far")["currency"] == "JPY"


def test_a_table_that_is_not_there_is_named_with_its_region(cloud: Any) -> None:
    options = ("--table", "nowhere", "--region", "eu-west-1")

    assert "no table nowhere in eu-west-1" in Operator().complaint(*options, "shop", "show", "demo")


def test_the_local_stack_is_found_from_any_folder_below_it(
    far_table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack_file(tmp_path, stack_in_tokyo(far_table))
    (tmp_path / "deep" / "inside").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "inside")

    assert Operator().ask("shop", "show", "far")["name"] == "Far"


def test_a_stack_file_can_be_named(far_table: str, tmp_path: Path) -> None:
    file = stack_file(tmp_path / "elsewhere", stack_in_tokyo(far_table))

    assert Operator().ask("--stack", str(file), "shop", "show", "far")["name"] == "Far"


def resolved(
    folder: Path, environment: dict[str, str] | None = None, **options: Any
) -> connection.Target:
    return connection.resolve(connection.Options(**options), environment or {}, folder)


def test_options_win_over_the_environment_and_that_over_the_local_stack(tmp_path: Path) -> None:
    file = stack_file(tmp_path, stack_in_tokyo("local"))
    environment = {"ORDERHUB_TABLE": "from-environment"}

    assert resolved(tmp_path).table_name == "local"
    assert resolved(tmp_path, environment).table_name == "from-environment"
    assert resolved(tmp_path, environment, table="given").table_name == "given"
    assert resolved(tmp_path, environment, stack=file).table_name == "local"
    both = resolved(tmp_path, environment, table="given", stack=file)
    assert both.table_name == "given"
    assert both.environment["AWS_REGION"] == "ap-northeast-1"


def test_a_table_in_the_account_leaves_the_aws_environment_alone(tmp_path: Path) -> None:
    assert not resolved(tmp_path, table="given").environment


def test_the_local_stack_never_mixes_with_a_real_account(tmp_path: Path) -> None:
    stack_file(tmp_path, stack_in_tokyo("local"))

    environment = resolved(tmp_path).environment

    assert environment["AWS_ENDPOINT_URL"] == "https://dynamodb.ap-northeast-1.amazonaws.com"
    assert environment["AWS_ACCESS_KEY_ID"] == "local"
    for real in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_DYNAMODB"):
        assert environment[real] is None


def test_a_profile_is_not_overruled_by_keys_in_the_environment(tmp_path: Path) -> None:
    environment = resolved(tmp_path, table="given", profile="prod").environment

    assert environment["AWS_PROFILE"] == "prod"
    assert environment["AWS_ACCESS_KEY_ID"] is None


@pytest.mark.parametrize("options", [("--profile", "prod"), ("--region", "eu-west-1")])
def test_an_account_without_a_table_never_falls_back_to_the_local_stack(
    options: tuple[str, ...], tmp_path: Path
) -> None:
    stack_file(tmp_path, stack_in_tokyo("local"))

    assert "--table" in Operator().complaint(*options, "shop", "show", "demo", exit_code=2)


def test_a_stack_has_an_account_of_its_own(tmp_path: Path) -> None:
    file = stack_file(tmp_path, stack_in_tokyo("local"))

    Operator().complaint(
        *("--stack", str(file), "--profile", "prod", "shop", "show", "demo"), exit_code=2
    )


@pytest.mark.parametrize("content", [[], {}, {"table_name": "t"}, {"table_name": "t", "aws": 5}])
def test_a_file_that_describes_no_stack_is_a_mistake_in_the_command(
    content: object, tmp_path: Path
) -> None:
    file = stack_file(tmp_path, content)

    said = Operator().complaint("--stack", str(file), "shop", "show", "demo", exit_code=2)

    assert "stack.json" in said


def test_the_file_that_make_run_writes_is_understood(tmp_path: Path) -> None:
    from local import stack_file as local_stack

    local_stack.update(
        tmp_path / ".local",
        table_name="orderhub-table",
        aws={
            "endpoint_url": "http://127.0.0.1:4566",
            "region": "us-east-1",
            "access_key_id": "k",
            "secret_access_key": "s",
        },
    )

    target = resolved(tmp_path)

    assert target.table_name == "orderhub-table"
    assert target.environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"


# -- the handbook ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("key_named")
def test_the_examples_in_the_handbook_work_in_their_order(
    operator: Operator, orderhub: Application, table: Any, tmp_path: Path
) -> None:
    tag_table(table, orderhub, "4")
    handbook = (ROOT / "docs" / "OPERATING.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```json\n(.*?)^```", handbook, re.DOTALL | re.MULTILINE)
    products, new_order, line = blocks[:3]
    (tmp_path / "products.json").write_text(products, encoding="utf-8")
    (tmp_path / "order.json").write_text(new_order, encoding="utf-8")
    (tmp_path / "lines.json").write_text(json.dumps(json.loads(new_order)["lines"]))
    for name, content in {
        "signing-secret.txt": "whsec_0123456789abcdef0123456789abcdef",
        "next-secret.txt": "whsec_fedcba9876543210fedcba9876543210",
        "api-v3-key.txt": "0123456789abcdef0123456789abcdef",
        "alipay.pem": key_pair("alipay").public_pem,
        "wechatpay.pem": key_pair("wechatpay").public_pem,
    }.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    order = placed(name="TB20261121001", lines=2, pieces=3, payment_timeout=None)
    orderhub.desk.orders.commit(order)
    written = [
        shlex.split(line.partition(" | ")[0])[1:]
        for line in handbook.splitlines()
        if line.startswith("./orderhub ")
    ]
    made_up = {"--table", "cred_0123456789ab", "orderhub-restored", "R4273491837312"}
    made_up |= {"3475921619881989", "webhook", "republish", "dismiss"}
    commands = [command for command in written if made_up.isdisjoint(command)]

    assert len(commands) > 15
    orders = tmp_path / "orders.jsonl"
    for command in commands:
        if command[0] == "import":
            orders.write_text(line, encoding="utf-8")
        elif command[0] == "export":
            orders.unlink(missing_ok=True)  # what is there is not written over
        operator.run(*command)


# -- orders from files, and what is written about them ---------------------------------------------


def lots(count: int, first: int = 1) -> list[dict[str, Any]]:
    """Lots of four-decimal prices, each unlike the others."""
    return [
        {
            "product_id": f"300{number % 10}",
            "sku": str(1_000_000 + number),
            "name": f"Brick 2 x {number}",
            "quantity": number % 7 + 1,
            "unit_price": f"0.{number % 9999 + 1:04d}",
            "attributes": {"color_id": number % 50, "new_or_used": "N"},
        }
        for number in range(first, first + count)
    ]


ORDER_FILE: dict[str, Any] = {
    "wire": "bricklink",
    "reference": "BL-1",
    "currency": "EUR",
    "customer": {"name": "kim", "email": "kim@buyer.example", "shop_id": "kims-bricks"},
    "shipping_address": {"full_name": "Kim Doe", "city": "Ulm", "country_code": "DE"},
    "payment_method": "PayPal.com",
    "lines": lots(3),
    "charges": [{"kind": "shipping", "amount": "3.50"}],
    "discounts": [{"kind": "credit", "amount": "0.01"}],
    "extensions": {"bricklink": {"sales_tax_rate": "8.25"}},
}


def written(content: object) -> str:
    return json.dumps(content)


def test_an_order_is_placed_from_a_file_once(operator: Operator, tmp_path: Path) -> None:
    operator.make_shop()
    file = tmp_path / "order.json"
    file.write_text(written(ORDER_FILE))

    made = operator.ask("order", "place", "demo", "--file", str(file))
    said = operator.run("order", "place", "demo", "--file", str(file)).stdout

    assert made["is_new"] is True
    assert made["wire"] == "bricklink"
    # 2 × 0.0002, 3 × 0.0003 and 4 × 0.0004 EUR are 0.0004, 0.0009 and 0.0016: nothing at all.
    assert made["item_total"] == {"amount": "0.00", "currency": "EUR"}
    assert made["lines"][0]["unit_price"]["amount"] == "0.0002"
    assert made["lines"][0]["attributes"] == {"color_id": 1, "new_or_used": "N"}
    assert [(c["kind"], c["amount"]["amount"]) for c in made["charges"]] == [
        ("shipping", "3.50"),
        ("tax", "0.29"),
    ]
    assert made["total"]["amount"] == "3.78"
    assert made["details"]["customer"]["attributes"] == {"shop_id": "kims-bricks"}
    assert "nothing was changed" in said
    shown = operator.ask("order", "show", "demo", "BL-1")
    assert shown["id"] == made["id"]
    assert shown["events"][0]["actor"]["kind"] == "operator"
    assert operator.ask("order", "replay", "demo", "BL-1")["agrees"] is True


def test_two_thousand_lots_come_in_five_batches(operator: Operator) -> None:
    operator.make_shop()
    first = {**ORDER_FILE, "lines": lots(400)}
    operator.run("order", "place", "demo", "--file", "-", stdin=written(first))
    for batch in range(1, 5):
        more = written(lots(400, first=1 + 400 * batch))
        add = ("order", "add-lines", "demo", "BL-1", "--file", "-")
        said = operator.run(*add, stdin=more).stdout
        assert f"as batch {batch + 1}" in said

    shown = operator.ask("order", "show", "demo", "BL-1")

    assert [line["batch"] for line in shown["lines"]] == sorted([1, 2, 3, 4, 5] * 400)
    assert [line["id"] for line in shown["lines"]] == [*range(1, 2001)]
    items = sum(
        int(Decimal(lot["unit_price"]) * lot["quantity"] * 100 + Decimal("0.5"))
        for lot in lots(2000)
    )
    assert shown["item_total"]["amount"] == f"{Decimal(items) / 100:.2f}"
    taxable = Decimal(items + 350 - 1) / 100
    tax = int(taxable * Decimal("8.25") + Decimal("0.5"))
    assert shown["total"]["amount"] == f"{taxable + Decimal(tax) / 100:.2f}"
    assert operator.ask("order", "replay", "demo", "BL-1")["agrees"] is True


def test_lines_are_added_to_unpaid_orders_alone(operator: Operator, paid_order: Order) -> None:
    add = ("order", "add-lines", "demo", paid_order.number, "--file", "-")
    assert "paid" in operator.complaint(*add, stdin=written(lots(1)))


def test_every_problem_of_an_order_file_is_told_and_nothing_is_written(operator: Operator) -> None:
    operator.make_shop()
    bad = {
        **ORDER_FILE,
        "created_at": "2026-11-21T12:00:00",
        "colour": "red",
        "lines": [{"product_id": "3001", "quantity": "many", "unit_price": "1"}],
    }
    place = ("order", "place", "demo", "--file", "-")
    said = operator.run(*place, stdin=written(bad), exit_code=1).stderr
    assert "nothing was written" in said
    for place_of_problem in ("created_at", "colour", "lines[0].quantity"):
        assert f"  {place_of_problem}: " in said

    bad = {
        **ORDER_FILE,
        "customer": {"shop_id": "kim's"},
        "lines": [
            {"product_id": "a b", "quantity": 0, "unit_price": "0.00001", "list_price": -1},
        ],
        "charges": [{"kind": "shipping", "amount": "0.001"}, {"kind": "tip", "amount": -1}],
        "discounts": [{"amount": "-1"}],
        "extensions": {"bricklink": {"sales_tax_rate": "101"}, "ebay": {}},
    }
    said = operator.run(*place, stdin=written(bad), exit_code=1).stderr
    for place_of_problem in (
        "customer.shop_id",
        "lines[0].product_id",
        "lines[0].quantity",
        "lines[0].unit_price",
        "lines[0].list_price",
        "charges[0].amount",
        "charges[1].amount",
        "discounts[0].amount",
        "extensions.bricklink.sales_tax_rate",
        "extensions.ebay",
    ):
        assert f"  {place_of_problem}: " in said
    assert operator.ask("order", "list", "demo")["orders"] == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "the file: "),
        ('{"wire": "ebay"}', "wire: "),
        ('{"wire": "bricklink", "currency": "ZZZ"}', "currency: "),
    ],
)
def test_what_is_no_order_is_refused(operator: Operator, content: str, said: str) -> None:
    operator.make_shop()
    place = ("order", "place", "demo", "--file", "-")
    assert said in operator.run(*place, stdin=content, exit_code=1).stderr


def test_what_is_no_list_of_lines_is_refused(operator: Operator, paid_order: Order) -> None:
    add = ("order", "add-lines", "demo", paid_order.number, "--file", "-")
    for content in ("{}", "[]", "7"):
        assert "not a list of lines" in operator.complaint(*add, stdin=content)
    bad = written([{"product_id": "3001", "quantity": 1}, {}])
    said = operator.run(*add, stdin=bad, exit_code=1).stderr
    assert "[0].unit_price: " in said
    assert "[1].product_id: " in said


def test_an_order_file_needs_nothing_but_its_api(operator: Operator) -> None:
    operator.make_shop()
    place = ("order", "place", "demo", "--file", "-")
    made = json.loads(operator.run(*place, "--json", stdin='{"wire": "marketplace"}').stdout)
    assert (made["currency"], made["lines"], made["status"]) == ("CNY", [], "open")


def test_an_order_is_filed_and_taken_out_again(operator: Operator, paid_order: Order) -> None:
    assert operator.ask("order", "file", "demo", "TB-1")["is_filed"] is True
    assert "is filed already" in operator.run("order", "file", "demo", "TB-1").stdout
    assert re.search(r"Filed +yes", operator.run("order", "show", "demo", "TB-1").stdout)
    assert "is not filed." in operator.run("order", "unfile", "demo", "TB-1").stdout
    assert operator.ask("order", "show", "demo", "TB-1")["is_filed"] is False
    events = operator.run("order", "events", "demo", "TB-1").stdout
    assert re.findall(r"order\.filed +(\S.*?) *\n", events) == ["put away", "taken out again"]


def test_remarks_are_written_over(operator: Operator, paid_order: Order) -> None:
    operator.run("order", "remark", "demo", "TB-1", "first")
    assert operator.ask("order", "remark", "demo", "TB-1", "second")["remarks"] == "second"
    assert "second" in operator.run("order", "show", "demo", "TB-1").stdout
    assert "has no remarks" in operator.run("order", "remark", "demo", "TB-1", "").stdout
    long = operator.complaint("order", "remark", "demo", "TB-1", "x" * 1001)
    assert "remarks: at most 1000 characters" in long


def test_letters_and_feedback_are_shown_with_the_order(
    operator: Operator, paid_order: Order
) -> None:
    letter = ("--from", "kim", "--to", "brickshop", "--subject", "Parcel", "--body", "Where?")
    operator.run("order", "message", "add", "demo", "TB-1", *letter)
    at = ("--at", "2026-11-20T21:00:00+09:00")
    added = operator.ask("order", "message", "add", "demo", "TB-1", *letter, *at)
    rate = ("order", "feedback", "add", "demo", "TB-1", "--of", "seller", "--from", "kim")
    rated = operator.ask(*rate, "--to", "brickshop", "--rating", "Neutral", "--comment", "Slow")
    answer = ("order", "feedback", "reply", "demo", "TB-1", "--of", "seller")
    operator.run(*answer, "--text", "Sorry")

    assert added["messages"][1]["sent_at"] == "2026-11-20T12:00:00.000Z"
    assert rated["feedback"][0]["rating"] == 1
    assert rated["feedback"][0]["side"] == "seller"
    shown = operator.run("order", "show", "demo", "TB-1").stdout
    for text in ("Parcel", "Where?", "neutral", "Slow", "Sorry", "feedback.given"):
        assert text in shown
    again = operator.complaint(*rate, "--to", "brickshop", "--rating", "praise")
    assert "has feedback already" in again
    assert "replied already" in operator.complaint(*answer, "--text", "Bah")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("feedback", "add", "demo", "TB-1", "--of", "seller", "--rating", "bad"), "'bad'"),
        (("feedback", "add", "demo", "TB-1", "--of", "me", "--rating", "praise"), "'me'"),
        (("message", "add", "demo", "TB-1", "--body", "x", "--at", "noon"), "'noon'"),
        (("message", "add", "demo", "TB-1", "--body", "x", "--at", "2026-11-20"), "time zone"),
    ],
)
def test_what_can_not_be_said_is_a_mistake_in_the_command(
    operator: Operator, arguments: tuple[str, ...], said: str
) -> None:
    names = ("--from", "kim", "--to", "brickshop")
    assert said in operator.complaint("order", *arguments, *names, exit_code=2)
