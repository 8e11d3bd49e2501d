"""The BrickLink API as sellers' systems meet it: real HTTP, gateway and functions."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import httpx
import pytest
from bricklink_py import Bricklink
from bricklink_py import utils as bricklink_client

from local import mail
from orderhub.adapters.system import SystemClock
from orderhub.domain.correspondence import Party, Rating
from orderhub.domain.details import Actor
from orderhub.domain.order import Order
from orderhub.domain.status import FulfilmentStatus, OrderStatus, PaymentStatus
from orderhub.services import manage_shops
from orderhub.services.add_lines import add_lines
from orderhub.services.bring_in_order import bring_in_order
from orderhub.services.correspond import Letter, Opinion, add_message, give_feedback
from orderhub.services.issue_signer import SignerValues
from orderhub.services.replay_order import replay_order
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop, make_order, new_shop, new_signer
from tests.e2e.test_races import MANY, at_once
from tests.support.bricklink import lot, placement
from tests.support.oauth import SignedClient, header, signed

pytestmark = ON_THE_CLOUD

OPERATOR = Actor("operator", "kim")
SENDER = "orders@example.com"


def said(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert set(body) == {"meta", "data"}
    return body


def done(answer: httpx.Response) -> Any:
    body = said(answer)
    assert body["meta"] == {"description": "OK", "message": "OK", "code": 200}, body
    return body["data"]


def failed(answer: httpx.Response, code: int, message: str) -> None:
    meta = said(answer)["meta"]
    assert (meta["code"], meta["message"]) == (code, message), meta


@pytest.fixture
def values(deployment: Deployment, shop: Shop) -> SignerValues:
    return new_signer(deployment, shop)


@pytest.fixture
def base_url(deployment: Deployment) -> str:
    return f"{deployment.api_url}/api/store/v1"


@pytest.fixture
def api(values: SignerValues, base_url: str) -> Iterator[SignedClient]:
    with SignedClient(values, base_url=base_url) as client:
        yield client


@pytest.fixture
def client(values: SignerValues, base_url: str, monkeypatch: pytest.MonkeyPatch) -> Bricklink:
    """A public client library, told nothing but where our API is."""
    monkeypatch.setattr(bricklink_client, "API_BASE_URL", f"{base_url}/")
    return Bricklink(
        values.consumer_key, values.consumer_secret, values.token_value, values.token_secret
    )


def brought_in(deployment: Deployment, shop: Shop, **changes: Any) -> Order:
    desk = deployment.application.desk
    return bring_in_order(desk, shop.id, placement(**changes), OPERATOR).order


def stored(deployment: Deployment, order: Order) -> Order:
    proof = replay_order(deployment.application.desk, order.shop_id, order.id)
    assert proof.agrees
    return proof.snapshot


def test_a_public_client_runs_all_nine_operations(
    deployment: Deployment, shop: Shop, client: Bricklink
) -> None:
    mail.allow_sender(deployment.cloud, SENDER)
    application, clock = deployment.application, SystemClock()
    manage_shops.change_settings(application.shops, shop.id, email=f"{shop.id}@example.com")
    order = brought_in(deployment, shop)
    letter = Letter(subject="Hi", body="When?", sender="brickfan", recipient="shop")
    order = add_message(application.desk, order, letter, OPERATOR).order
    opinion = Opinion(
        side=Party.SELLER, rating=Rating.PRAISE, sender="brickfan", recipient="shop", comment="+"
    )
    give_feedback(application.desk, order, opinion, OPERATOR)

    (summary,) = client.order.get_orders(status="pending,-purged")
    assert summary["order_id"] == order.id
    assert client.order.get_orders(direction="out", filed=True) == []
    shown = client.order.get_order(order.id)
    assert (shown["status"], shown["cost"]["grand_total"]) == ("PENDING", "12.0000")
    assert shown["shipping"]["address"]["country_code"] == "UK"
    ((first, second),) = client.order.get_order_items(order.id)
    assert (first["unit_price"], second["unit_price"]) == ("0.0375", "1.5000")
    (message,) = client.order.get_order_messages(order.id)
    assert (message["from"], message["body"]) == ("brickfan", "When?")
    (feedback,) = client.order.get_order_feedback(order.id)
    assert (feedback["rating"], feedback["rating_of_bs"]) == (0, "S")

    body = {
        "shipping": {"tracking_no": "RR1", "method_id": 7},
        "cost": {"shipping": "5.9000"},
        "is_filed": True,
        "remarks": "Größe",
    }
    changed = client.order.update_order(order.id, body)
    assert (changed["cost"]["grand_total"], changed["remarks"]) == ("13.0000", "Größe")
    assert client.order.get_orders() == []
    assert [each["order_id"] for each in client.order.get_orders(filed=True)] == [order.id]

    said_of_money = {"field": "payment_status", "value": "Received"}
    assert client.order.update_payment_status(order.id, said_of_money) == {}
    assert client.order.update_order_status(order.id, {"field": "status", "value": "SHIPPED"}) == {}
    assert client.order.send_drive_thru(order.id, mail_me=True) == {}

    shown = client.order.get_order(order.id)
    assert (shown["status"], shown["payment"]["status"]) == ("SHIPPED", "Received")
    assert shown["drive_thru_sent"] is True
    assert shown["shipping"]["tracking_no"] == "RR1"
    (thanks,) = mail.messages(deployment.cloud, f"{shop.id}@example.com")
    assert thanks.to == ("fan@example.com",)
    assert thanks.copy_to == (f"{shop.id}@example.com",)
    assert thanks.subject.startswith("Thank You, Drive Thru!")
    assert "RR1" in thanks.text
    kept = stored(deployment, order)
    assert kept.payment_status is PaymentStatus.PAID
    assert kept.fulfilment_status is FulfilmentStatus.SHIPPED
    assert kept.shipments[0].tracking_number == "RR1"
    assert kept.updated_at <= clock.now()


def test_a_public_client_understands_what_is_refused(
    deployment: Deployment, shop: Shop, client: Bricklink, base_url: str
) -> None:
    order = brought_in(deployment, shop)

    with pytest.raises(bricklink_client.ResourceNotFoundError):
        client.order.get_order(order.id + 1)
    with pytest.raises(bricklink_client.BricklinkError) as refused:
        client.order.update_order_status(order.id, {"field": "status", "value": "COMPLETED"})
    assert refused.value.status_code == 422
    assert "not paid" in refused.value.response_data["meta"]["description"]
    stranger = Bricklink("key", "secret", "token", "secret")
    with pytest.raises(bricklink_client.AuthenticationError):
        stranger.order.get_orders()


def test_an_order_of_2000_lots_in_5_batches_is_read_and_updated_whole(
    deployment: Deployment, shop: Shop, api: SignedClient
) -> None:
    lots = [lot(n, f"{(n % 97 + 1) / 10_000:.4f}", n % 13 + 1) for n in range(2000)]
    order = brought_in(deployment, shop, lines=lots[:400])
    for start in range(400, 2000, 400):
        desk = deployment.application.desk
        order = add_lines(desk, order, lots[start : start + 400], OPERATOR).order

    batches = done(api.get(f"/orders/{order.id}/items"))
    assert [len(batch) for batch in batches] == [400] * 5
    read = [item for batch in batches for item in batch]
    assert [item["unit_price"] for item in read] == [each.unit_price.four_decimals for each in lots]
    body = {"cost": {"shipping": "7.5000", "etc1": "0.2500"}, "remarks": "five boxes"}
    shown = done(api.put(f"/orders/{order.id}", json=body))

    cost = {name: Decimal(text) for name, text in shown["cost"].items() if name != "currency_code"}
    charged = sum(Decimal(line.total.decimal_text) for line in order.lines)
    assert cost["subtotal"] == charged
    assert cost["grand_total"] == charged + Decimal("7.5") + Decimal("0.25") + 1 - Decimal("0.65")
    assert (shown["unique_count"], shown["remarks"]) == (2000, "five boxes")
    assert done(api.get(f"/orders/{order.id}")) == shown
    assert done(api.get(f"/orders/{order.id}/items")) == batches
    body = {"field": "status", "value": "SHIPPED"}
    assert done(api.put(f"/orders/{order.id}/status", json=body)) == {}
    assert not any(stored(deployment, order).unshipped().values())


def test_a_marketplaces_order_is_paid_and_sent_by_a_sellers_words(
    deployment: Deployment, shop: Shop, api: SignedClient
) -> None:
    with shop.client() as marketplace:
        order = make_order(marketplace)
        path = f"/orders/{order['id']}"
        assert done(api.get(path))["cost"]["final_total"] == "50.0000"
        for word in ("PAID", "PACKED", "SHIPPED", "NSS"):
            body = {"field": "status", "value": word}
            assert done(api.put(f"{path}/status", json=body)) == {}
            assert done(api.get(path))["status"] == word

        seen = marketplace.get(path).json()

    words = (seen["state"], seen["payment_state"], seen["shipment_state"])
    assert words == ("open", "paid", "shipped")


def test_a_shop_buys_at_another_and_sees_it(
    deployment: Deployment, shop: Shop, api: SignedClient
) -> None:
    at = new_shop(deployment)
    details = placement().details
    assert details.customer
    buyer = replace(details.customer, attributes={"shop_id": shop.id})
    order = brought_in(deployment, at, details=replace(details, customer=buyer))

    (summary,) = done(api.get("/orders", params={"direction": "out"}))
    assert (summary["order_id"], summary["seller_name"]) == (order.id, at.id)
    assert done(api.get("/orders")) == []
    assert done(api.get(f"/orders/{order.id}"))["status"] == "PENDING"
    failed(api.put(f"/orders/{order.id}", json={}), 404, "RESOURCE_NOT_FOUND")


def test_filters_go_by_the_query(deployment: Deployment, shop: Shop, api: SignedClient) -> None:
    pending, ready = brought_in(deployment, shop), brought_in(deployment, shop)
    body = {"field": "status", "value": "READY"}
    done(api.put(f"/orders/{ready.id}/status", json=body))

    def found(query: str) -> list[int]:
        return [each["order_id"] for each in done(api.get(f"/orders?{query}"))]

    assert found("status=pending,ready") == [ready.id, pending.id]
    assert found("status=pending%2Cready") == [ready.id, pending.id]
    assert found("status=-ready") == [pending.id]
    assert found("status=READY&filed=False") == [ready.id]
    assert found("filed=True") == []
    failed(api.get("/orders?direction=up"), 400, "PARAMETER_MISSING_OR_INVALID")


@pytest.mark.parametrize(
    ("method", "path", "code", "message"),
    [
        ("GET", "/coupons", 400, "INVALID_URI"),
        ("GET", "/orders/1/items/2", 400, "INVALID_URI"),
        ("POST", "/orders", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/orders/1", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/orders/1/status", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/orders/1/drive_thru", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/orders/1", 404, "RESOURCE_NOT_FOUND"),
        ("GET", "/orders/x", 400, "PARAMETER_MISSING_OR_INVALID"),
    ],
)
def test_what_can_not_be_is_said_in_the_envelope(
    api: SignedClient, method: str, path: str, code: int, message: str
) -> None:
    failed(api.request(method, path), code, message)


def test_bodies_that_can_not_be_are_said_in_the_envelope(
    deployment: Deployment, shop: Shop, api: SignedClient
) -> None:
    path = f"/orders/{brought_in(deployment, shop).id}"
    failed(api.put(path, content="{"), 400, "INVALID_REQUEST_BODY")
    failed(api.put(path, data={"a": "b"}), 415, "UNSUPPORTED_MEDIA_TYPE")
    wrong = {"field": "payment_status", "value": "PAID"}
    failed(api.put(f"{path}/status", json=wrong), 400, "PARAMETER_MISSING_OR_INVALID")
    body: dict[str, Any] = {"cost": {"shipping": []}}
    answer = api.put(path, json=body)
    failed(answer, 400, "PARAMETER_MISSING_OR_INVALID")
    assert "cost.shipping" in said(answer)["meta"]["description"]


def test_a_signature_counts_once(
    deployment: Deployment, shop: Shop, values: SignerValues, base_url: str
) -> None:
    url = f"{base_url}/orders/{brought_in(deployment, shop).id}"
    authorization = header(signed(values, "GET", url))
    get = partial(httpx.get, url, timeout=60)

    done(get(headers={"Authorization": authorization}))

    failed(get(headers={"Authorization": authorization}), 401, "BAD_OAUTH_REQUEST")
    failed(get(headers={}), 401, "BAD_OAUTH_REQUEST")
    # As the vendor's own console has it: the parameters as JSON in the query.
    query = {"Authorization": json.dumps(signed(values, "GET", url))}
    done(get(params=query))


def test_of_many_who_say_that_an_order_was_paid_one_records_it(
    deployment: Deployment, shop: Shop, api: SignedClient
) -> None:
    order = brought_in(deployment, shop)
    body = {"field": "status", "value": "PAID"}

    answers = at_once([lambda: api.put(f"/orders/{order.id}/status", json=body)] * MANY)

    assert [done(answer) for answer in answers] == [{}] * MANY
    kept = stored(deployment, order)
    assert len(kept.payments) == 1
    assert kept.status is OrderStatus.OPEN
