"""The operator's command line on an emulated table, from the arguments to what is printed."""

import json
import os
import re
import shlex
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from orderhub import bootstrap
from orderhub.bootstrap import Application
from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Address
from orderhub.domain.errors import Unauthenticated, Unidentified
from orderhub.domain.order import Order
from orderhub.domain.people import Company, Membership, User
from orderhub.domain.shop import Principal, Product
from orderhub.services.identify import identify_salesperson
from orderhub_cli import connection, durations
from orderhub_cli.differences import Difference, differences
from orderhub_cli.main import app
from tests.support.fakes import NOON
from tests.support.orders import TESTER, payment, placed
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
    commands.add_note(change, "[bold]read me[/bold] \x1b[31m:boom:")
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
        assert old in head["body"]["S"]
        head["body"]["S"] = head["body"]["S"].replace(old, new)
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
    [second] = [item for item in items if item["sk"]["S"] == "EVENT#000002"]
    table.delete_item(
        TableName=orderhub.settings.table_name, Key={"pk": second["pk"], "sk": second["sk"]}
    )

    answer = operator.ask("order", "replay", "demo", "TB-1", exit_code=1)

    assert answer["agrees"] is False
    assert "event 3" in answer["trouble"]
    assert "event 3" in operator.complaint("order", "replay", "demo", "TB-1")


def test_differences_are_told_as_deep_as_they_lie() -> None:
    stored = {"a": 1, "b": [{"c": 1, "d": 2}], "e": None}
    replayed = {"a": 1, "b": [{"c": 1, "d": 3}, {"c": 4}], "e": {"f": 5}}

    assert differences(stored, replayed) == [
        Difference("b[0].d", 2, 3),
        Difference("b[1]", None, {"c": 4}),
        Difference("e", None, {"f": 5}),
    ]
    assert differences(stored, stored) == []


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
        ("credential", "issue", "--wire", "marketplace", "--label", "x"),
        ("credential", "list"),
        ("credential", "revoke", "cred_1"),
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
        ("cart", "put", "c", "--line", "1:1:1"),
        ("cart", "show", "c"),
        ("order", "list"),
        ("order", "show", "1"),
        ("order", "events", "1"),
        ("order", "replay", "1"),
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
        (("user", "show", "demo", "5"), "user 5"),
        (("company", "show", "demo", "5"), "company 5"),
        (("company", "select", "demo", "5", "6"), "company 5"),
        (("company", "remove-member", "demo", "5", "6"), "user 6 in company 5"),
        (("product", "show", "demo", "1"), "product 1"),
        (("cart", "show", "demo", "c"), "cart c"),
        (("order", "show", "demo", "R123"), "order R123"),
        (("order", "events", "demo", "TB-9"), "order TB-9"),
        (("order", "replay", "demo", "TB-9"), "order TB-9"),
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
        (("shop", "windows", "demo"), "--wire"),
        (("shop", "windows", "demo", "--wire", "marketplace"), "window"),
        (("shop", "windows", "demo", "--wire", "telex"), "telex"),
        (("order", "list", "demo", "--limit", "0"), "--limit"),
        (("order", "shw", "demo"), "shw"),
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
    [(), ("shop",), ("credential",), ("user",), ("company",), ("product",), ("cart",), ("order",)],
)
def test_help_lists_the_commands_and_needs_no_table(group: tuple[str, ...]) -> None:
    assert "Commands" in Operator().run(*group, "--help").stdout


@pytest.mark.parametrize(
    "command",
    [
        ("shop", "create"),
        ("shop", "show"),
        ("shop", "windows"),
        ("credential", "issue"),
        ("credential", "list"),
        ("credential", "revoke"),
        ("user", "put"),
        ("user", "show"),
        ("company", "put"),
        ("company", "show"),
        ("company", "remove"),
        ("company", "add-member"),
        ("company", "remove-member"),
        ("company", "select"),
        ("product", "put"),
        ("product", "show"),
        ("cart", "put"),
        ("cart", "show"),
        ("order", "show"),
        ("order", "events"),
        ("order", "replay"),
        ("order", "list"),
    ],
)
def test_every_command_has_an_example_and_a_json_form(command: tuple[str, ...]) -> None:
    shown = Operator().run(*command, "--help").stdout

    assert "Examples" in shown
    assert f"orderhub {' '.join(command)} demo" in shown
    assert "--json" in shown


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


def test_a_table_that_is_not_there_is_told_without_a_traceback(cloud: Any) -> None:
    assert "AWS" in Operator().complaint("--table", "nowhere", "shop", "show", "demo")


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


def test_the_examples_in_the_handbook_work_in_their_order(
    operator: Operator, orderhub: Application, tmp_path: Path
) -> None:
    handbook = (ROOT / "docs" / "OPERATING.md").read_text(encoding="utf-8")
    [products] = re.findall(r"^```json\n(.*?)^```", handbook, re.DOTALL | re.MULTILINE)
    (tmp_path / "products.json").write_text(products, encoding="utf-8")
    orderhub.desk.orders.commit(placed(name="TB20261121001"))
    written = [
        shlex.split(line)[1:] for line in handbook.splitlines() if line.startswith("./orderhub ")
    ]
    made_up = ("--table", "cred_0123456789ab")
    commands = [command for command in written if not any(name in command for name in made_up)]

    assert len(commands) > 15
    for command in commands:
        operator.run(*command)
