"""Payment links on an emulated table."""

from datetime import timedelta
from typing import Any

from orderhub.bootstrap import Application
from orderhub.domain.payment_link import PaymentLink
from tests.support.fakes import NOON
from tests.support.table import template

LINK = PaymentLink(
    token_hash="ab" * 32,
    shop_id="demo",
    order_id=4242,
    email="a@example.com",
    created_at=NOON,
    expires_at=NOON + timedelta(minutes=15),
    kept_until=NOON + timedelta(days=30, milliseconds=1),
)


def test_a_link_is_found_by_its_token_s_hash_alone(application: Application) -> None:
    application.desk.links.add(LINK)
    assert application.desk.links.get(LINK.token_hash) == LINK
    assert application.desk.links.get("cd" * 32) is None


def test_the_table_forgets_it_once_nobody_may_look_any_more(
    application: Application, table: Any
) -> None:
    application.desk.links.add(LINK)
    (item,) = (
        item
        for item in table.scan(TableName=application.settings.table_name)["Items"]
        if item["sk"]["S"] == "LINK"
    )
    ttl = template()["Resources"]["Table"]["Properties"]["TimeToLiveSpecification"]
    assert ttl["Enabled"] is True
    forgotten_at = int(item[ttl["AttributeName"]]["N"])
    assert 0 <= forgotten_at - LINK.kept_until.timestamp() < 1


def test_a_link_is_no_credential(application: Application) -> None:
    application.desk.links.add(LINK)
    assert application.shops.credential(LINK.token_hash) is None
