"""One id leads from a request to the order's change and to the webhooks; figures are in the log."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from local import logs
from local.subscriber import subscriber
from orderhub.adapters.dynamodb import keys
from orderhub.adapters.dynamodb.orders import DynamoOrders
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop, make_order
from tests.e2e.test_webhooks_out import eventually, subscribed
from tests.support.emf import figures
from tests.support.orders import placed

pytestmark = ON_THE_CLOUD


def lines(
    deployment: Deployment, since: datetime, *, correlation: str = "", order: str = ""
) -> list[dict[str, Any]]:
    """What functions logged, as ``make logs`` finds it."""
    admits = logs.Filter(correlation=correlation, order=order).admits
    found = logs.lines(deployment.cloud, deployment.stack.name, since=since)
    return [json.loads(line.message) for line in found if admits(line)]


def causes(deployment: Deployment, shop: Shop, order_id: int) -> dict[str, str]:
    """What the changes of an order follow from, by the events that they began with."""
    found = deployment.table.query(
        TableName=deployment.outputs["TableName"],
        KeyConditionExpression="pk = :pk AND begins_with(sk, :event)",
        ExpressionAttributeValues={
            ":pk": {"S": keys.order(shop.id, order_id)},
            ":event": {"S": keys.EVENT_PREFIX},
        },
    )
    return {
        item["types"]["S"].partition(" ")[0]: item[keys.CAUSE]["S"]
        for item in found["Items"]
        if keys.CAUSE in item
    }


def test_a_request_leads_to_its_change_and_to_the_webhook_that_failed(
    deployment: Deployment, shop: Shop
) -> None:
    since = datetime.now(UTC) - timedelta(seconds=1)
    with subscriber(lambda count: 500 if count == 1 else 204) as listener, shop.client() as api:
        order = make_order(api, pieces=1)
        subscribed(deployment, shop, listener.url, "order.paid")
        paying = api.post(
            f"/orders/{order['id']}/pay",
            json={"merchant_trade_no": "T1", "payment": "10.00"},
            headers={"X-Correlation-Id": "erp-4711"},
        )
        assert paying.status_code == 200
        listener.wait(lambda one: len(one.taken) == 1)
    cause = paying.headers["x-request-id"]
    assert causes(deployment, shop, order["id"])["payment.captured"] == cause

    def told() -> list[dict[str, Any]]:
        found = lines(deployment, since, correlation=cause)
        return found if sum("WebhooksDelivered" in line for line in found) else []

    found = eventually(told)
    (request,) = [line for line in found if line.get("message") == "request"]
    assert (request["shop_id"], request["order_id"]) == (shop.id, order["id"])
    assert request["caller_id"] == "erp-4711"
    (failed,) = [line for line in found if line.get("message") == "webhook"]
    assert (failed["shop_id"], failed["order_id"]) == (shop.id, order["id"])
    assert (failed["state"], failed["status"]) == ("retrying", 500)
    assert any("EventsPublished" in line for line in found)
    assert {line["service"] for line in found} == {deployment.stack.name}
    (same,) = lines(deployment, since, correlation="erp-4711")
    assert same == request
    about = lines(deployment, since, order=str(order["id"]))
    assert [line["route"] for line in about if line.get("message") == "request"] == [
        "POST /orders",
        "POST /orders/{id}/line_items",
        "POST /orders/{id}/pay",
    ]


def test_an_order_that_expires_follows_from_the_run_that_closed_it(
    deployment: Deployment, shop: Shop, orders: DynamoOrders
) -> None:
    since = datetime.now(UTC) - timedelta(seconds=1)
    unpaid = placed(shop.id, at=since - timedelta(hours=1), payment_timeout=60)
    orders.commit(unpaid)
    assert deployment.run_machine("PaymentTimeoutArn")["status"] == "SUCCEEDED"
    cause = causes(deployment, shop, unpaid.order.id)["order.expired"]
    runs = deployment.aws("stepfunctions").list_executions(
        stateMachineArn=deployment.outputs["PaymentTimeoutArn"]
    )
    # One that the schedule started may have been the first.
    assert cause in {each["name"] for each in runs["executions"]}
    found = lines(deployment, since, correlation=cause)
    assert {"due", "closed"} <= {line.get("message") for line in found}
    (closed,) = lines(deployment, since, correlation=cause, order=str(unpaid.order.id))
    assert f"{shop.id}/{unpaid.order.id}" in closed["orders"]


def test_the_figures_of_a_day_are_in_the_log_of_the_stack(
    deployment: Deployment, shop: Shop
) -> None:
    since = datetime.now(UTC) - timedelta(seconds=1)
    with shop.client() as api:
        order = make_order(api, pieces=1)
        body = {"merchant_trade_no": "T1", "payment": "10.00"}
        assert api.post(f"/orders/{order['id']}/pay", json=body).status_code == 200
    for machine in ("PaymentTimeoutArn", "RefundWindowArn", "AutoReceiveArn"):
        deployment.run_machine(machine)
    stack = ("service", deployment.stack.name)
    wanted: set[tuple[str, tuple[tuple[str, str], ...]]]
    wanted = {("MoneyCaptured", (("currency", "CNY"), stack))}
    wanted |= {(name, (stack,)) for name in ("OrdersPlaced", "OrdersPaid", "PaymentsCaptured")}
    wanted |= {
        (name, (("kind", kind), stack))
        for name in ("DueFound", "DueLag")
        for kind in ("payment_timeout", "refund_window", "auto_receive")
    }

    def logged() -> bool:
        found = logs.lines(deployment.cloud, deployment.stack.name, since=since)
        told = {(each.name, each.dimensions) for each in figures(line.message for line in found)}
        return wanted <= told

    eventually(logged)


def test_the_dashboard_is_there_with_every_alarm(deployment: Deployment) -> None:
    name = deployment.stack.name
    assert deployment.outputs["DashboardUrl"].endswith(f"#dashboards/dashboard/{name}")
    body = deployment.aws("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"]
    widgets = json.loads(body)["widgets"]
    assert "${" not in body
    (lights,) = [each for each in widgets if each["type"] == "alarm"]
    deployed = deployment.aws("cloudwatch").describe_alarms()["MetricAlarms"]
    arns = {each["AlarmArn"] for each in deployed if each["AlarmName"].startswith(f"{name}-")}
    assert set(lights["properties"]["alarms"]) == arns
