"""Youhaosuda's operations on ``/v1/webhooks`` in process: handler, services, table and vault."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from orderhub.adapters.webhook_client import HttpWebhookClient
from orderhub.bootstrap import Application
from orderhub.domain.shop import Scope
from orderhub.domain.subscription import Subscription, SubscriptionKind
from orderhub.services import subscriptions
from orderhub.services.issue_app import issue_app
from orderhub.services.subscriptions import (
    NewSubscription,
    SubscriptionDesk,
    disable_subscription,
    subscribe,
    unsealed,
)
from tests.support.api import Answer, Client

WIRE = "youhaosuda"
ADDRESS = "https://erp.example.com/orders"
ATTRIBUTES = {"address", "created_at", "id", "topic", "updated_at"}
ADDRESSES = {"erp.example.com": "93.184.216.34", "inside.example.com": "10.0.0.7"}


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts have addresses without a network."""

    def resolve(host: str) -> list[str]:
        if host not in ADDRESSES:
            raise OSError(host)
        return [ADDRESSES[host]]

    made = HttpWebhookClient.__init__
    monkeypatch.setattr(
        HttpWebhookClient,
        "__init__",
        lambda self, networks: made(self, networks, resolve=resolve),
    )


@pytest.fixture
def api(application: Application) -> Client:
    return client(application, "demo")


@pytest.fixture
def desk(application: Application) -> SubscriptionDesk:
    return application.subscription_desk


def client(application: Application, shop_id: str, *scopes: Scope) -> Client:
    app = issue_app(
        application.shops,
        application.desk.clock,
        shop_id,
        wire=WIRE,
        label="ERP",
        scopes=scopes or tuple(Scope),
    )
    return Client(WIRE, {"x-api-access-token": app.token})


def done(answer: Answer) -> Any:
    assert answer.status == 200
    assert "x-yhsd-shop-api-call-limit" in answer.headers
    assert "code" not in answer.body, answer.body
    return answer.body


def errors(answer: Answer, code: int = 422) -> list[str]:
    assert answer.status == 200
    assert "x-yhsd-shop-api-call-limit" in answer.headers
    assert answer.body["code"] == code, answer.body
    told: list[str] = answer.body["errors"]
    return told


def create(api: Client, **changes: object) -> Any:
    webhook = {"address": ADDRESS, "topic": "orders/paid", **changes}
    return done(api.call("create_webhook", body={"webhook": webhook}))["webhook"]


def at(webhook: Any) -> dict[str, str]:
    return {"id": str(webhook["id"])}


def get(api: Client, webhook: Any) -> Any:
    return done(api.call("get_webhook", path=at(webhook)))["webhook"]


def put(api: Client, webhook: Any, **changes: object) -> Answer:
    return api.call("update_webhook", path=at(webhook), body={"webhook": changes})


def listed(api: Client, **query: object) -> list[Any]:
    given = {name: str(value) for name, value in query.items()}
    found: list[Any] = done(api.call("list_webhooks", query=given))["webhooks"]
    counted = {name: value for name, value in given.items() if name not in ("limit", "page")}
    if not {"limit", "page", "fields"} & query.keys():
        assert done(api.call("count_webhooks", query=counted)) == {"count": len(found)}
    return found


def tokens(desk: SubscriptionDesk, webhook: Any) -> tuple[str, ...]:
    """What its messages may be signed with."""
    found = desk.subscriptions.get("demo", webhook["id"])
    assert found
    return tuple(held.text for held in unsealed(desk.vault, found))


def by_the_operator(
    desk: SubscriptionDesk,
    kind: SubscriptionKind = SubscriptionKind.YOUHAOSUDA,
    topics: tuple[str, ...] = ("orders/create", "orders/paid"),
) -> Subscription:
    wanted = NewSubscription(kind=kind, url=ADDRESS, topics=topics)
    return subscribe(desk, "demo", wanted).subscription


# -- creating --------------------------------------------------------------------------------------


def test_a_new_webhook_is_answered_with_the_token_that_it_is_signed_by(
    api: Client, desk: SubscriptionDesk
) -> None:
    made = create(api)
    assert set(made) == {*ATTRIBUTES, "token"}
    assert (made["address"], made["topic"]) == (ADDRESS, "orders/paid")
    assert made["created_at"].endswith("+08:00")
    assert made["created_at"] == made["updated_at"]
    assert tokens(desk, made) == (made["token"],)


def test_no_other_answer_shows_the_token(api: Client) -> None:
    made = create(api)
    assert set(get(api, made)) == ATTRIBUTES
    assert [set(each) for each in listed(api)] == [ATTRIBUTES]
    assert set(done(put(api, made, token="another-token"))["webhook"]) == ATTRIBUTES
    assert set(done(api.call("delete_webhook", path=at(made)))["webhook"]) == ATTRIBUTES


def test_two_webhooks_have_tokens_of_their_own(api: Client) -> None:
    assert create(api)["token"] != create(api)["token"]


def test_an_app_may_bring_the_token_that_it_verifies_by(
    api: Client, desk: SubscriptionDesk
) -> None:
    made = create(api, token="fbc7f83524f14e358a325a5066acd741")
    assert made["token"] == "fbc7f83524f14e358a325a5066acd741"
    assert tokens(desk, made) == (made["token"],)


def test_addresses_may_be_plain_http_as_the_vendor_s_own_are(api: Client) -> None:
    assert create(api, address="http://erp.example.com/")["address"] == "http://erp.example.com/"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"address": None}, ["address不能为空"]),
        ({"address": ""}, ["address不能为空"]),
        ({"address": "x" * 2001}, ["address过长"]),
        ({"address": "orders"}, ["address不允许使用"]),
        ({"address": "ftp://erp.example.com/"}, ["address不允许使用"]),
        ({"address": "http://127.0.0.1/"}, ["address不允许使用"]),
        ({"address": "https://127.0.0.1/"}, ["address不允许使用"]),
        ({"address": "https://169.254.169.254/latest/meta-data/"}, ["address不允许使用"]),
        ({"address": "https://inside.example.com/"}, ["address不允许使用"]),
        ({"address": "https://nowhere.example.com/"}, ["address不允许使用"]),
        ({"topic": None}, ["topic不能为空"]),
        ({"topic": " , "}, ["topic不能为空"]),
        ({"topic": "products/create"}, ["topic不存在"]),
        ({"topic": ["orders/paid"]}, ["topic格式不正确"]),
        ({"token": "short"}, ["token过短"]),
        ({"token": "x" * 257}, ["token过长"]),
        ({"token": "with blanks in it"}, ["token格式不正确"]),
        ({"token": "密密密密密密密密"}, ["token格式不正确"]),
        ({"address": None, "topic": None}, ["address不能为空", "topic不能为空"]),
    ],
)
def test_what_can_not_be_taken_is_named_and_makes_nothing(
    api: Client, changes: dict[str, object], told: list[str]
) -> None:
    webhook = {"address": ADDRESS, "topic": "orders/paid", **changes}
    assert errors(api.call("create_webhook", body={"webhook": webhook})) == told
    assert listed(api) == []


@pytest.mark.parametrize("body", [None, {}, [], {"address": ADDRESS}, {"webhook": []}])
def test_a_body_that_is_no_webhook_is_refused(api: Client, body: object) -> None:
    assert errors(api.call("create_webhook", body=body))


def test_a_shop_has_only_so_many(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "MAX_SUBSCRIPTIONS", 2)
    create(api), create(api)
    body = {"webhook": {"address": ADDRESS, "topic": "orders/paid"}}
    assert errors(api.call("create_webhook", body=body)) == ["Webhook数量过多"]


# -- looking ---------------------------------------------------------------------------------------


def test_webhooks_are_listed_page_by_page_in_the_order_of_their_ids(api: Client) -> None:
    made = sorted((create(api) for _ in range(3)), key=lambda each: int(each["id"]))
    ids = [each["id"] for each in made]
    assert [each["id"] for each in listed(api)] == ids
    assert [each["id"] for each in listed(api, limit=2)] == ids[:2]
    assert [each["id"] for each in listed(api, limit=2, page=2)] == ids[2:]
    assert [each["id"] for each in listed(api, since_id=ids[0])] == ids[1:]
    assert [each["id"] for each in listed(api, ids=f"{ids[0]},{ids[2]}")] == [ids[0], ids[2]]
    assert listed(api, fields="id,topic", limit=1) == [{"id": ids[0], "topic": "orders/paid"}]


@pytest.mark.parametrize("operation", ["list_webhooks", "count_webhooks"])
@pytest.mark.parametrize("name", ["limit", "page"])
def test_a_page_that_can_not_be_read_is_refused_by_lists_and_counts(
    api: Client, operation: str, name: str
) -> None:
    assert len(errors(api.call(operation, query={name: "many"}))) == 1


def test_filters_combine(api: Client) -> None:
    paid, created = create(api), create(api, topic="orders/create")
    elsewhere = create(api, address="https://erp.example.com/other")
    assert {each["id"] for each in listed(api, topic="orders/paid")} == {
        paid["id"],
        elsewhere["id"],
    }
    assert [each["id"] for each in listed(api, topic="orders/paid", address=ADDRESS)] == [
        paid["id"]
    ]
    assert [each["id"] for each in listed(api, topic="orders/create")] == [created["id"]]
    assert listed(api, created_at_max="2014-09-01T01:00:01") == []
    assert len(listed(api, updated_at_min="2014-09-01T01:00:01")) == 3
    assert listed(api, updated_at_max="2014-09-01T01:00:01", created_at_min="2014-09-01") == []


def test_one_webhook_shows_the_fields_that_are_asked_for(api: Client) -> None:
    made = create(api)
    shown = done(api.call("get_webhook", path=at(made), query={"fields": "address,none"}))
    assert shown == {"webhook": {"address": ADDRESS}}


@pytest.mark.parametrize("operation", ["get_webhook", "update_webhook", "delete_webhook"])
@pytest.mark.parametrize("webhook_id", ["1", "x", "9" * 40, "１"])
def test_what_does_not_exist_is_not_found(api: Client, operation: str, webhook_id: str) -> None:
    body = {"webhook": {"topic": "orders/paid"}}
    answer = api.call(operation, path={"id": webhook_id}, body=body)
    assert errors(answer, 404) == ["未找到Webhook"]


def test_a_shop_sees_its_own_alone(api: Client, application: Application) -> None:
    made, other = create(api), client(application, "other")
    assert listed(other) == []
    for operation in ("get_webhook", "update_webhook", "delete_webhook"):
        answer = other.call(operation, path=at(made), body={"webhook": {"topic": "orders/create"}})
        assert errors(answer, 404) == ["未找到Webhook"]
    assert get(api, made)["topic"] == "orders/paid"


def test_subscriptions_of_other_kinds_are_no_webhooks_here(
    api: Client, desk: SubscriptionDesk
) -> None:
    standard = by_the_operator(desk, SubscriptionKind.STANDARD, ("order.paid",))
    assert listed(api) == []
    for operation in ("get_webhook", "update_webhook", "delete_webhook"):
        body = {"webhook": {"topic": "orders/create", "token": "another-token"}}
        answer = api.call(operation, path={"id": str(standard.id)}, body=body)
        assert errors(answer, 404) == ["未找到Webhook"]
    assert desk.subscriptions.of_shop("demo") == [standard]


def test_several_topics_stand_between_commas_and_can_be_sent_back(
    api: Client, desk: SubscriptionDesk
) -> None:
    by_the_operator(desk)
    (shown,) = listed(api)
    assert shown["topic"] == "orders/create,orders/paid"
    assert done(put(api, shown, **shown))["webhook"] == shown
    (found,) = desk.subscriptions.of_shop("demo")
    assert found.topics == ("orders/create", "orders/paid")


def test_a_webhook_may_be_for_all_topics(api: Client, desk: SubscriptionDesk) -> None:
    assert create(api, topic="orders/paid, *")["topic"] == "*"
    (found,) = desk.subscriptions.of_shop("demo")
    assert found.topics == ("*",)


# -- changing --------------------------------------------------------------------------------------


def test_what_is_named_changes_and_the_rest_stays(
    api: Client, desk: SubscriptionDesk, later: Callable[[float], None]
) -> None:
    made = create(api)
    later(1)
    moved = done(put(api, made, address="https://erp.example.com/other"))["webhook"]
    assert moved == get(api, made)
    assert (moved["address"], moved["topic"]) == ("https://erp.example.com/other", "orders/paid")
    assert moved["updated_at"] > moved["created_at"] == made["created_at"]
    assert done(put(api, made, topic="orders/create"))["webhook"]["topic"] == "orders/create"
    assert tokens(desk, made) == (made["token"],)


def test_another_token_signs_from_now_on(api: Client, desk: SubscriptionDesk) -> None:
    made = create(api)
    done(put(api, made, token="another-token"))
    assert tokens(desk, made)[0] == "another-token"


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "https://127.0.0.1/", "token": "another-token"},
        {"topic": "products/create", "token": "another-token"},
        {"address": "https://erp.example.com/other", "token": "short"},
        {"address": "https://erp.example.com/other", "topic": ""},
    ],
)
def test_a_change_that_is_refused_changes_nothing(
    api: Client, desk: SubscriptionDesk, changes: dict[str, object]
) -> None:
    made = create(api)
    assert errors(put(api, made, **changes))
    assert get(api, made) == {name: made[name] for name in ATTRIBUTES}
    assert tokens(desk, made) == (made["token"],)


def test_what_was_switched_off_for_its_failures_is_switched_on_by_a_change(
    api: Client, desk: SubscriptionDesk
) -> None:
    made = create(api)
    (before,) = desk.subscriptions.of_shop("demo")
    off = replace(
        before, is_enabled=False, disabled_because="failing", failing_since=before.created_at
    )
    desk.subscriptions.replace(before, replace(off, version=2))
    done(put(api, made, address=ADDRESS))
    (after,) = desk.subscriptions.of_shop("demo")
    assert (after.is_enabled, after.disabled_because, after.failing_since) == (True, "", None)


def test_what_the_operator_switched_off_stays_off(api: Client, desk: SubscriptionDesk) -> None:
    made = create(api)
    disable_subscription(desk, "demo", made["id"])
    done(put(api, made, address="https://erp.example.com/other"))
    (after,) = desk.subscriptions.of_shop("demo")
    assert not after.is_enabled


def test_a_webhook_that_was_removed_is_answered_once_more_and_gone(api: Client) -> None:
    made = create(api)
    removed = done(api.call("delete_webhook", path=at(made)))["webhook"]
    assert removed == {name: made[name] for name in ATTRIBUTES}
    assert errors(api.call("get_webhook", path=at(made)), 404)
    assert listed(api) == []


# -- who may ---------------------------------------------------------------------------------------


def test_reading_needs_less_than_changing(api: Client, application: Application) -> None:
    made, reader = create(api), client(application, "demo", Scope.READ_ORDERS)
    assert get(reader, made)
    assert listed(reader)
    for operation in ("create_webhook", "update_webhook", "delete_webhook"):
        answer = reader.call(operation, path=at(made), body={"webhook": {"topic": "orders/create"}})
        assert (answer.status, answer.body["code"]) == (403, 403)
    assert get(api, made)["topic"] == "orders/paid"
