"""Each permission of each function is needed: without it, what the function is for fails.

IAM is enforced by the local cloud, so removing one action from a role shows at once.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from orderhub.adapters.dynamodb import items
from orderhub.adapters.system import SystemClock
from orderhub.domain import commands, identity
from orderhub.domain.commands import Change
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop, notification
from tests.support.api import payload
from tests.support.orders import TESTER, payment, placed

pytestmark = ON_THE_CLOUD

Scenario = Callable[[Deployment, Callable[..., Shop]], bool]
"""Does all that a function is for, with a shop nobody knows yet; returns whether it worked."""


def good(*answers: httpx.Response) -> bool:
    assert all(answer.status_code < 300 or answer.status_code == 500 for answer in answers)
    return all(answer.status_code < 300 for answer in answers)


def unpaid_order(deployment: Deployment, shop: Shop, *, paid: bool = False) -> str:
    """An order written past the functions, since one of them lacks a permission now."""
    change = placed(shop.id, at=SystemClock().now(), payment_timeout=600)
    deployment.application.desk.orders.commit(change)
    if paid:
        paying = Change(change.order, change.now, TESTER)
        commands.capture_payment(paying, payment("1.50", f"P{change.order.id}"))
        deployment.application.desk.orders.commit(paying)
    return f"/orders/{change.order.id}"


def creates(deployment: Deployment, make_shop: Callable[..., Shop]) -> bool:
    # A name that could be an id takes one more look.
    body = notification(str(identity.order_id(SystemClock().now(), 1) + 1))
    with make_shop().client() as api:
        return good(api.post("/orders", json=body), api.post("/orders", json=body))


def reads(deployment: Deployment, make_shop: Callable[..., Shop]) -> bool:
    shop = make_shop()
    with shop.client() as api:
        return good(api.get(unpaid_order(deployment, shop)))


def updates(deployment: Deployment, make_shop: Callable[..., Shop]) -> bool:
    shop = make_shop()
    with shop.client() as api:
        name = str(identity.order_id(SystemClock().now(), 1) + 1)
        return good(api.put(unpaid_order(deployment, shop), json=notification(name)))


def adds_lines(deployment: Deployment, make_shop: Callable[..., Shop]) -> bool:
    shop = make_shop()
    line = {"product_id": "1", "price": 1, "quantity": 1}
    with shop.client() as api:
        return good(api.post(f"{unpaid_order(deployment, shop)}/line_items", json=line))


def pays(deployment: Deployment, make_shop: Callable[..., Shop]) -> bool:
    shop = make_shop()
    body = {"merchant_trade_no": "T1", "payment": 1}
    with shop.client() as api:
        return good(api.post(f"{unpaid_order(deployment, shop)}/pay", json=body))


def completes(deployment: Deployment, make_shop: Callable[..., Shop]) -> bool:
    shop = make_shop()
    with shop.client() as api:
        return good(api.post(f"{unpaid_order(deployment, shop, paid=True)}/complete"))


def invoked(deployment: Deployment, function: str, event: object) -> Any:
    """What a function returned; ``None`` when it failed."""
    answer = deployment.aws("lambda").invoke(
        FunctionName=deployment.stack.resources[function], Payload=json.dumps(event).encode()
    )
    result = json.loads(answer["Payload"].read())
    return None if "FunctionError" in answer else result


def finds_due(deployment: Deployment, make_shop: Callable[..., Shop]) -> bool:
    return invoked(deployment, "FindDue", payload("workflows/find_due")) is not None


def closes_due(deployment: Deployment, make_shop: Callable[..., Shop]) -> bool:
    past = SystemClock().now() - timedelta(hours=1)
    change = placed(make_shop().id, at=past, payment_timeout=60)
    deployment.application.desk.orders.commit(change)
    event = {
        **payload("workflows/close_due"),
        "orders": [f"{change.order.shop_id}/{change.order.id}"],
    }
    return invoked(deployment, "CloseDue", event) is not None


def publishes(deployment: Deployment, make_shop: Callable[..., Shop]) -> bool:
    change = placed("nobody")
    record = payload("streams/publish_events")["Records"][0]
    record["dynamodb"]["NewImage"] = items.event(change.order, change.recorded[0])
    answer = invoked(deployment, "PublishEvents", {"Records": [record]})
    return bool(answer == {"batchItemFailures": []})


SCENARIOS: dict[str, Scenario] = {
    "MarketplaceCreateOrder": creates,
    "MarketplaceGetOrder": reads,
    "MarketplaceUpdateOrder": updates,
    "MarketplaceCreateLineItem": adds_lines,
    "MarketplacePayOrder": pays,
    "MarketplaceCompleteOrder": completes,
    "FindDue": finds_due,
    "CloseDue": closes_due,
    "PublishEvents": publishes,
}


def granted(deployment: Deployment, function: str) -> set[str]:
    """The actions that the template grants the function."""
    iam, role = deployment.aws("iam"), deployment.stack.resources[f"{function}Role"]
    found: set[str] = set()
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        stated = document["Statement"]
        for statement in stated if isinstance(stated, list) else [stated]:
            action = statement["Action"]
            found |= {action} if isinstance(action, str) else set(action)
    return found


@contextmanager
def without(deployment: Deployment, function: str, action: str) -> Iterator[None]:
    """Deny the role one action, whatever its policies grant."""
    iam, role = deployment.aws("iam"), deployment.stack.resources[f"{function}Role"]
    denying = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}],
    }
    iam.put_role_policy(RoleName=role, PolicyName="deprived", PolicyDocument=json.dumps(denying))
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="deprived")


@pytest.mark.parametrize("function", SCENARIOS)
def test_a_function_needs_each_of_its_permissions(
    deployment: Deployment, make_shop: Callable[..., Shop], function: str
) -> None:
    scenario = SCENARIOS[function]
    assert scenario(deployment, make_shop)
    permissions = granted(deployment, function)
    assert permissions
    for action in sorted(permissions):
        if action == "sqs:SendMessage":
            continue  # for the dead letters; test_events_out.py shows that it is needed
        with without(deployment, function, action):
            assert not scenario(deployment, make_shop), f"{function} works without {action}"
    assert scenario(deployment, make_shop)


def test_every_function_has_a_scenario(deployment: Deployment) -> None:
    roles = {name for name in deployment.stack.resources if name.endswith("Role")}
    functions = {name.removesuffix("Role") for name in roles if not name.startswith("Closing")}
    schedules = {name for name in functions if "Schedule" in name}
    assert functions - schedules == set(SCENARIOS)
