"""What there is, listed: shops, products, carts, users, companies, credentials, strays."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from orderhub.bootstrap import Application
from orderhub.domain.money import Money
from orderhub.domain.report import PaymentReport, ReportKind
from orderhub.services.apply_report import apply_report
from tests.integration.test_cli import Operator
from tests.integration.test_cli import _environment as _environment
from tests.integration.test_cli import operator as operator
from tests.integration.test_cli import orderhub as orderhub
from tests.support.fakes import NOON


def test_shops_are_listed_as_they_are_now(operator: Operator) -> None:
    assert "No shops." in operator.run("shop", "list").stdout
    operator.make_shop("tea")
    operator.make_shop("brick", "EUR")
    operator.run("shop", "settings", "tea", "--cod")

    listed = operator.ask("shop", "list")["shops"]

    assert [(shop["id"], shop["currency"]) for shop in listed] == [("brick", "EUR"), ("tea", "CNY")]
    assert "Demo shop" in operator.run("shop", "list").stdout


def test_a_shop_from_before_there_was_a_list_gets_into_it(
    operator: Operator, orderhub: Application, table: Any
) -> None:
    operator.make_shop()
    key = {"pk": {"S": "SHOPS"}, "sk": {"S": "demo"}}
    table.delete_item(TableName=orderhub.settings.table_name, Key=key)
    assert operator.ask("shop", "list")["shops"] == []

    operator.make_shop()

    assert [shop["id"] for shop in operator.ask("shop", "list")["shops"]] == ["demo"]


def test_products_are_listed_page_by_page_and_found_by_a_word(operator: Operator) -> None:
    operator.make_shop()
    for product_id, name in (("10", "Tea pot"), ("9", "Brick"), ("B", "TEA cup")):
        operator.run("product", "put", "demo", product_id, "--name", name, "--price", "1")

    first = operator.ask("product", "list", "demo", "--limit", "2")
    rest = operator.ask("product", "list", "demo", "--after", first["next_after"])
    tea = operator.ask("product", "list", "demo", "--search", "tea")

    assert [each["id"] for each in first["products"] + rest["products"]] == ["10", "9", "B"]
    assert rest["next_after"] is None
    assert [each["name"] for each in tea["products"]] == ["Tea pot", "TEA cup"]
    operator.run("product", "put", "demo", "9", "--name", "Brick 2 x 4", "--price", "1")
    assert "Brick 2 x 4" in operator.run("product", "list", "demo").stdout
    assert "No products." in operator.run("product", "list", "demo", "--search", "x9").stdout


def test_people_and_companies_are_listed_by_their_numbers(operator: Operator) -> None:
    operator.make_shop()
    for user_id, name in ((100, "Li"), (9, "Wang")):
        names = ("--given-name", "QQ", "--family-name", name)
        operator.run("user", "put", "demo", str(user_id), *names, "--email", "q@shop.example")
    for company_id, code in ((2, "BBBB"), (1, "AAAA")):
        operator.run("company", "put", "demo", str(company_id), "--code", code, "--name", code)

    users = operator.ask("user", "list", "demo")["users"]
    after = operator.ask("user", "list", "demo", "--after", "9")["users"]
    companies = operator.ask("company", "list", "demo")["companies"]

    assert [each["id"] for each in users] == ["9", "100"]
    assert [each["id"] for each in after] == ["100"]
    assert [each["code"] for each in companies] == ["AAAA", "BBBB"]
    operator.run("company", "remove", "demo", "1")
    assert "AAAA" not in operator.run("company", "list", "demo").stdout


def test_carts_are_listed(operator: Operator) -> None:
    operator.make_shop()
    operator.put_tea_pot()
    operator.run("cart", "put", "demo", "c-1", "--line", "8802:8802:2")

    (cart,) = operator.ask("cart", "list", "demo")["carts"]

    assert (cart["id"], cart["lines"], cart["currency"]) == ("c-1", 1, "CNY")


@pytest.mark.parametrize("kind", ["product", "cart", "user", "company"])
def test_each_shop_lists_its_own(operator: Operator, kind: str) -> None:
    operator.make_shop("tea")
    operator.make_shop("brick")
    made = {
        "product": ("product", "put", "tea", "1", "--name", "x", "--price", "1"),
        "cart": ("cart", "put", "tea", "c", "--line", "1:1:1"),
        "user": ("user", "put", "tea", "1", "--given-name", "x", "--family-name", "y"),
        "company": ("company", "put", "tea", "1", "--code", "AAAA", "--name", "x"),
    }
    operator.run(*made["product"])
    operator.run(*made[kind], *(("--email", "x@y.example") if kind == "user" else ()))

    assert "x" in operator.run(kind, "list", "tea").stdout or kind == "cart"
    assert f"No {'companies' if kind == 'company' else kind + 's'}." in (
        operator.run(kind, "list", "brick").stdout
    )
    assert "shop nowhere" in operator.complaint(kind, "list", "nowhere")


def test_credentials_say_whether_they_still_let_in(
    operator: Operator, later: Callable[[float], None]
) -> None:
    operator.make_shop()
    issue = ("credential", "issue", "demo", "--wire", "marketplace", "--label")
    operator.run(*issue, "for ever")
    operator.run(*issue, "for a day", "--expires-in", "1d")
    gone = operator.ask(*issue, "for nothing", "--expires-in", "1d")
    operator.run("credential", "revoke", "demo", gone["id"])

    def states() -> dict[str, str]:
        listed = operator.ask("credential", "list", "demo")["credentials"]
        return {each["label"]: each["state"] for each in listed}

    assert states() == {"for ever": "active", "for a day": "active", "for nothing": "revoked"}
    later(86400)
    assert states() == {"for ever": "active", "for a day": "expired", "for nothing": "revoked"}
    assert "expired" in operator.run("credential", "list", "demo").stdout


def test_a_damaged_report_hides_no_other(
    operator: Operator, orderhub: Application, table: Any
) -> None:
    operator.make_shop()
    for number in range(2):
        report = PaymentReport(
            kind=ReportKind.CAPTURED,
            provider="stripe",
            event_id=f"evt_{number}",
            at=NOON + timedelta(hours=number),
            transaction_id=f"pi_{number}",
            reference="nobody",
            amount=Money(100, "CNY"),
        )
        apply_report(orderhub.desk, "demo", report)
    found = table.query(
        TableName=orderhub.settings.table_name,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "SHOP#demo#STRAYS"}},
    )["Items"]
    damaged = {"pk": found[0]["pk"], "sk": found[0]["sk"], "body": {"S": '{"report"'}}
    table.put_item(TableName=orderhub.settings.table_name, Item=damaged)

    result = operator.run("stray", "list", "demo")

    assert result.stdout.count("evt_") == 1
    assert "1 report can't be read" in result.stderr
    assert found[0]["sk"]["S"] in result.stderr
