"""Shop systems that search and price orders, keep fields beside them, and subscribe."""

from collections.abc import Callable
from functools import partial
from typing import Any

import httpx

from orderhub.domain.subscription import SubscriptionKind
from orderhub.services.issue_app import issue_app
from orderhub.services.metafields import NewMetafield, create_metafield
from orderhub.services.subscriptions import NewSubscription, subscribe
from tests.integration.crashes.callers import Request
from tests.integration.crashes.scenario import Prepare, Scenario
from tests.integration.crashes.setting import order, shop
from tests.integration.crashes.stage import ENDPOINT, SHOP, Stage

GROUP = "youhaosuda"


class System:
    """One long order of customer 4028, another order, and a metafield beside the first."""

    def __init__(self, stage: Stage) -> None:
        shop(stage)
        self.stage = stage
        application = stage.application
        self.app = issue_app(
            application.shops, application.desk.clock, SHOP, wire=GROUP, label="tests"
        )
        self.order_id = order(stage, lines=51, customer_id="4028").id
        self.other_id = order(stage, tail=2).id
        wanted = NewMetafield(
            name="erp", owner_resource="order", owner_id=self.order_id, fields={"a": 1, "b": 2}
        )
        self.metafield_id = create_metafield(application.desk, SHOP, wanted).id

    def asks(self, method: str, path: str, **options: Any) -> Callable[[], httpx.Response]:
        headers = {"X-API-ACCESS-TOKEN": self.app.token}
        return partial(self.stage.api.request, method, path, headers=headers, **options)

    @property
    def metafield(self) -> str:
        return f"/v1/metas/{self.metafield_id}"

    def webhook(self) -> str:
        wanted = NewSubscription(
            kind=SubscriptionKind.YOUHAOSUDA, url=ENDPOINT, topics=("orders/paid",)
        )
        desk = self.stage.application.subscription_desk
        return f"/v1/webhooks/{subscribe(desk, SHOP, wanted).subscription.id}"


NAME_TAKEN = {"code": 422, "errors": ["name已存在"]}


def by(
    act: Callable[[System], Callable[[], httpx.Response]],
    *,
    is_gone: bool = False,
    is_taken: bool = False,
) -> Prepare:
    """``is_gone`` says that repeats are answered with 404, since what was removed is gone;
    ``is_taken`` that they are told that the name is taken, by what the first has made."""

    def was_done(answer: httpx.Response) -> bool:
        told = answer.json()
        return (is_gone and told.get("code") == 404) or (is_taken and told == NAME_TAKEN)

    def prepare(stage: Stage) -> Request:
        return Request(act(System(stage)), was_done)

    return prepare


def asks_for_token(system: System) -> Callable[[], httpx.Response]:
    return partial(
        system.stage.api.post,
        "/oauth2/token",
        auth=(system.app.key, system.app.secret),
        data={"grant_type": "client_credentials"},
    )


def since(system: System) -> str:
    return system.stage.now.replace(minute=0).isoformat(timespec="seconds")


SCENARIOS = [
    Scenario(GROUP, "get a token", "YouhaosudaIssueToken", by(asks_for_token)),
    Scenario(
        GROUP, "list orders", "YouhaosudaListOrders", by(lambda s: s.asks("GET", "/v1/orders"))
    ),
    Scenario(
        GROUP,
        "list a customer's orders",
        "YouhaosudaListOrders",
        by(lambda s: s.asks("GET", "/v1/orders", params={"customer_id": "4028"})),
    ),
    Scenario(
        GROUP,
        "list changed orders",
        "YouhaosudaListOrders",
        by(lambda s: s.asks("GET", "/v1/orders", params={"updated_at_min": since(s)})),
    ),
    Scenario(
        GROUP,
        "count orders",
        "YouhaosudaCountOrders",
        by(lambda s: s.asks("GET", "/v1/orders/count")),
    ),
    Scenario(
        GROUP,
        "read an order",
        "YouhaosudaGetOrder",
        by(lambda s: s.asks("GET", f"/v1/orders/{s.order_id}")),
    ),
    Scenario(
        GROUP,
        "agree on a price",
        "YouhaosudaUpdateOrder",
        by(
            lambda s: s.asks(
                "PUT", f"/v1/orders/{s.order_id}", json={"order": {"total_amount": 63.8}}
            )
        ),
    ),
    Scenario(
        GROUP,
        "list metafields",
        "YouhaosudaListMetafields",
        by(lambda s: s.asks("GET", f"/v1/metas?owner_id={s.order_id}")),
    ),
    Scenario(
        GROUP,
        "count metafields",
        "YouhaosudaCountMetafields",
        by(lambda s: s.asks("GET", f"/v1/metas/count?owner_id={s.order_id}")),
    ),
    Scenario(
        GROUP,
        "make a metafield",
        "YouhaosudaCreateMetafield",
        by(
            lambda s: s.asks(
                "POST",
                "/v1/metas",
                json={
                    "meta": {
                        "name": "new",
                        "owner_resource": "order",
                        "owner_id": s.order_id,
                        "fields": {"colour": "red"},
                    }
                },
            ),
            is_taken=True,
        ),
        is_never_thinned=True,
    ),
    Scenario(
        GROUP,
        "read a metafield",
        "YouhaosudaGetMetafield",
        by(lambda s: s.asks("GET", s.metafield)),
    ),
    Scenario(
        GROUP,
        "move a metafield",
        "YouhaosudaUpdateMetafield",
        by(lambda s: s.asks("PUT", s.metafield, json={"meta": {"owner_id": s.other_id}})),
    ),
    Scenario(
        GROUP,
        "remove a metafield",
        "YouhaosudaDeleteMetafield",
        by(lambda s: s.asks("DELETE", s.metafield), is_gone=True),
    ),
    Scenario(
        GROUP,
        "read fields",
        "YouhaosudaGetFields",
        by(lambda s: s.asks("GET", f"{s.metafield}/fields")),
    ),
    Scenario(
        GROUP,
        "set fields",
        "YouhaosudaSetFields",
        by(lambda s: s.asks("POST", f"{s.metafield}/fields", json={"fields": {"b": 3, "c": 4}})),
    ),
    Scenario(
        GROUP,
        "remove fields",
        "YouhaosudaDeleteFields",
        by(lambda s: s.asks("DELETE", f"{s.metafield}/fields?fields=a")),
        is_never_thinned=True,
    ),
    Scenario(
        GROUP,
        "list webhooks",
        "YouhaosudaListWebhooks",
        by(lambda s: (s.webhook(), s.asks("GET", "/v1/webhooks"))[1]),
    ),
    Scenario(
        GROUP,
        "count webhooks",
        "YouhaosudaCountWebhooks",
        by(lambda s: (s.webhook(), s.asks("GET", "/v1/webhooks/count"))[1]),
    ),
    Scenario(
        GROUP,
        "make a webhook",
        "YouhaosudaCreateWebhook",
        by(
            lambda s: s.asks(
                "POST",
                "/v1/webhooks",
                json={"webhook": {"address": ENDPOINT, "topic": "orders/paid"}},
            )
        ),
        made_anew="A shop may have several webhooks for one address and topic; none has a name.",
        is_never_thinned=True,
    ),
    Scenario(
        GROUP,
        "read a webhook",
        "YouhaosudaGetWebhook",
        by(lambda s: s.asks("GET", s.webhook())),
    ),
    Scenario(
        GROUP,
        "change a webhook",
        "YouhaosudaUpdateWebhook",
        by(
            lambda s: s.asks(
                "PUT",
                s.webhook(),
                json={"webhook": {"topic": "orders/create", "token": "another-token"}},
            )
        ),
    ),
    Scenario(
        GROUP,
        "remove a webhook",
        "YouhaosudaDeleteWebhook",
        by(lambda s: s.asks("DELETE", s.webhook()), is_gone=True),
        is_never_thinned=True,
    ),
]
