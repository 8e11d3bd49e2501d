"""The Youhaosuda operations in process: handler, domain and an emulated table.

``tests/documents/youhaosuda`` holds the examples of the document.
What comes back is checked whole, keys and types, against them, whatever API an order came by.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain import commands
from orderhub.domain.commands import Change, Placement
from orderhub.domain.details import Actor, Address, Contact, Details
from orderhub.domain.events import Terms
from orderhub.domain.identity import MAX_ORDER_ID
from orderhub.domain.invoice import Invoicing, Seller
from orderhub.domain.lines import Charge, ChargeKind, Discount, LineRequest
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState
from orderhub.domain.shipment import ShippedLine
from orderhub.domain.shop import Scope
from orderhub.services import manage_shops
from orderhub.services.issue_app import IssuedApp, issue_app
from orderhub.services.place_order import place_order
from orderhub.services.replay_order import replay_order
from tests.support.api import Answer, Client, invoke, payload
from tests.support.fakes import NOON

DAY = 24 * 60 * 60
DOCUMENT = Path(__file__).parents[1] / "documents" / "youhaosuda"
WIRE = "youhaosuda"
CLERK = Actor(WIRE, "cred_1", "lavandachen1")
LIMIT_HEADER = "x-yhsd-shop-api-call-limit"
CALL_LIMIT = re.compile(r"[1-9][0-9]?/100")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d")
NOT_EDITABLE = {"code": 422, "errors": ["订单状态不支持编辑"]}
OPERATIONS = sorted(
    path.stem for path in (Path(__file__).parents[2] / "events" / WIRE).glob("*.json")
)


def document(name: str) -> Any:
    return json.loads((DOCUMENT / f"{name}.json").read_text(encoding="utf-8"))


# -- the document's shapes -------------------------------------------------------------------------

Shape = dict[str, set[str]]
"""Path → the types seen there, and for objects the keys that are always there."""


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "time" if TIME.fullmatch(value) else "text"
    return "array" if isinstance(value, list) else "object"


def walk(value: Any, at: str = "") -> Iterable[tuple[str, Any]]:
    """Every value with its path, list positions left out."""
    yield at, value
    if isinstance(value, dict):
        for key, part in value.items():
            yield from walk(part, f"{at}.{key}")
    elif isinstance(value, list):
        for part in value:
            yield from walk(part, f"{at}[]")


def shape_of(*examples: Any) -> Shape:
    shape: Shape = {}
    for example in examples:
        for at, value in walk(example):
            shape.setdefault(at, set()).add(_kind(value))
    return shape


ORDER_SHAPE = shape_of(
    *document("orders")["orders"], document("order")["order"], document("attributes")
)

ADDED = {
    # The attribute's own example has them, the examples inside of orders don't.
    ".shipments[].items[].product_id",
    ".shipments[].items[].variant_id",
}
MAY_BE_NULL = {
    # What nobody has told, for orders that came by other APIs; docs/apis/youhaosuda.md says why.
    ".customer",
    ".customer.id",
    ".invoice",
    ".invoice.tax_number",
    ".payments[].exipired_at",
    ".shipments[].auto_received_at",
    ".items[].product_id",
    ".items[].variant_id",
    ".items[].image.product_id",
    ".shipments[].items[].product_id",
    ".shipments[].items[].variant_id",
    ".shipments[].items[].image.product_id",
}
MAY_BE_TEXT = {
    # Numbers with letters in them.
    ".invoice.tax_number",
    # The document's examples have none.
    ".address.zipcode",
    ".customer.addresses[].zipcode",
    ".refunds[].fail_reason",
}


def has_the_documents_shape(order: Any) -> None:
    """Exactly the document's keys, each with a type that the document shows there."""
    for at, value in walk(order):
        expected = set(ORDER_SHAPE.get(at, ()))
        if at in ADDED:
            expected.add("number")
        assert expected, f"{at} is not the document's"
        if at in MAY_BE_NULL:
            expected.add("null")
        if at in MAY_BE_TEXT:
            expected.add("text")
        assert _kind(value) in expected, f"{at}: {value!r} is none of {expected}"
        if isinstance(value, dict):
            prefix = re.escape(at)
            keys = {p for p in ORDER_SHAPE if re.fullmatch(rf"{prefix}\.[a-z_]+", p)}
            missing = {key.rpartition(".")[2] for key in keys} - set(value)
            assert not missing, f"{at} lacks {missing}"


def is_answered(answer: Answer, status: int = 200) -> Any:
    """What every answer has, errors included."""
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert CALL_LIMIT.fullmatch(answer.headers[LIMIT_HEADER])
    return answer.body


def errors(answer: Answer, code: int = 422, status: int = 200) -> list[str]:
    body = is_answered(answer, status)
    assert set(body) == {"code", "errors"}
    assert body["code"] == code, body
    told: list[str] = body["errors"]
    assert told
    assert all(isinstance(text, str) for text in told)
    return told


# -- the shop and its orders -----------------------------------------------------------------------


@pytest.fixture
def app(application: Application) -> IssuedApp:
    return issue_app(
        application.shops, application.desk.clock, "demo", wire=WIRE, label="Warehouse"
    )


@pytest.fixture
def api(app: IssuedApp) -> Client:
    return Client(WIRE, {"x-api-access-token": app.token})


@pytest.fixture
def other_api(application: Application) -> Client:
    """The same API with an app of another shop."""
    app = issue_app(application.shops, application.desk.clock, "other", wire=WIRE, label="Other")
    return Client(WIRE, {"x-api-access-token": app.token})


@pytest.fixture
def reader(application: Application) -> Client:
    """An app that may read and nothing else."""
    app = issue_app(
        application.shops,
        application.desk.clock,
        "demo",
        wire=WIRE,
        label="Reports",
        scopes=[Scope.READ_ORDERS],
    )
    return Client(WIRE, {"x-api-access-token": app.token})


DETAIL = "科技园新西路7号兰光科技园B801"
ADDRESS = Address(
    full_name="友好速搭",
    phone="0755-83051027",
    line1=DETAIL,
    city="深圳市",
    city_code="440300",
    district="南山区",
    district_code="440305",
    province="广东省",
    province_code="440000",
    country="中国",
    country_code="CN",
)
CUSTOMER = Contact(id="4028", name="test", email="test@yeezon.com")
IMAGE = "https://asset.ibanquan.com/image/552a256b8757db62920001ed/80.jpeg?v=1428825451"
TERMS = Terms(payment_timeout=2 * DAY, refund_window=30 * DAY, auto_receive=14 * DAY)


def line(sku: str, size: str, price: str, quantity: int = 1) -> LineRequest:
    return LineRequest(
        product_id="3531",
        variant_id="12177",
        name="梵·SCP200",
        sku=sku,
        options=f"尺码:白色,颜色:{size}",
        unit_price=UnitPrice.of(price, "CNY"),
        quantity=quantity,
        image_url=IMAGE,
        weight_grams=200,
    )


def placement(number: str = "2015042948782651", **changes: Any) -> Placement:
    """The document's first order, before it is paid."""
    given = Placement(
        number=number,
        wire=WIRE,
        currency="CNY",
        terms=TERMS,
        details=Details(
            customer=CUSTOMER,
            shipping_address=ADDRESS,
            payment_method="alipay",
            extensions={WIRE: {"purchase_ip": "113.88.197.83"}},
        ),
        lines=[line("SPC00001", "M", "0.01"), line("SPC00002", "L", "0.02")],
    )
    return replace(given, **changes)


Do = Callable[[Change], object]


def make(application: Application, *steps: Do, **changes: Any) -> Order:
    """An order of the shop ``demo``, ``steps`` done to it."""

    def follow_up(change: Change) -> None:
        for step in steps:
            step(change)

    wanted = placement(**changes)
    return place_order(
        application.desk,
        changes.get("shop_id", "demo"),
        wanted,
        CLERK,
        lambda _: wanted.number,
        follow_up=follow_up,
    ).order


def paid(amount: str = "0.03", transaction_id: str = "2015042900001000020050455019") -> Do:
    def step(change: Change) -> None:
        commands.capture_payment(
            change,
            Payment(
                id=0,
                provider="alipay",
                transaction_id=transaction_id,
                amount=Money.of(amount, change.order.currency),
                state=PaymentState.CAPTURED,
                created_at=change.now,
                updated_at=change.now,
                method="alipay",
            ),
        )

    return step


def pending(amount: str = "0.03", transaction_id: str = "P1") -> Do:
    def step(change: Change) -> None:
        payment = Payment(
            id=0,
            provider="alipay",
            transaction_id=transaction_id,
            amount=Money.of(amount, "CNY"),
            state=PaymentState.PENDING,
            created_at=change.now,
            updated_at=change.now,
        )
        commands.start_payment(change, payment, None)

    return step


def moved_on(seconds: float) -> Do:
    def step(change: Change) -> None:
        change.now = change.now + timedelta(seconds=seconds)

    return step


def refunded(amount: str, *, settled: bool = True, failure: str | None = None) -> Do:
    def step(change: Change) -> None:
        refund = commands.request_refund(
            change, Money.of(amount, "CNY"), provider="alipay", reason="1111", payment_id=1
        )
        if settled or failure:
            commands.settle_refund(change, refund.id, failure=failure)

    return step


def sent(*lines: ShippedLine, number: str = "204997145429") -> Do:
    return lambda change: commands.ship(
        change, lines or None, carrier="shunfeng", tracking_number=number
    )


def get(api: Client, order: Order, fields: str | None = None) -> Any:
    query = {"fields": fields} if fields else None
    return is_answered(api.call("get_order", path=path(order), query=query))["order"]


def path(order: Order) -> dict[str, str]:
    return {"id": str(order.id)}


def put(api: Client, order: Order, **fields: Any) -> Answer:
    return api.call("update_order", path=path(order), body={"order": fields})


def listed(api: Client, **query: object) -> list[Any]:
    answer = api.call("list_orders", query={name: str(value) for name, value in query.items()})
    found: list[Any] = is_answered(answer)["orders"]
    return found


def ids(api: Client, **query: object) -> list[int]:
    return [order["id"] for order in listed(api, **query)]


def counted(api: Client, **query: object) -> int:
    asked = {name: str(value) for name, value in query.items()}
    body = is_answered(api.call("count_orders", query=asked))
    assert set(body) == {"count"}
    count: int = body["count"]
    return count


# -- an order, attribute by attribute --------------------------------------------------------------


def test_the_documents_first_order_reads_as_in_the_document(
    application: Application, api: Client
) -> None:
    """What our order can't know as the document's does: its ids, and when third things were
    made."""
    made_at = datetime(2015, 4, 29, 15, 9, 51, 200_000, tzinfo=UTC)
    order = make(application, moved_on(43.541), paid(), created_at=made_at)
    shown = get(api, order)
    has_the_documents_shape(shown)

    expected = document("orders")["orders"][0]
    for name in (
        "address",
        "auto_total_amount",
        "closed_at",
        "created_at",
        "customer_remarks",
        "discount_amount",
        "item_amount",
        "notes",
        "order_no",
        "payment_method_type",
        "payment_status",
        "processed_at",
        "processing_method",
        "purchase_ip",
        "shipment_amount",
        "shipment_status",
        "status",
        "total_amount",
    ):
        assert shown[name] == expected[name], name
    for ours, theirs in zip(shown["items"], expected["items"], strict=True):
        for name in ("barcode", "created_at", "name", "options_desc", "price", "quantity"):
            assert ours[name] == theirs[name]
        for name in ("updated_at", "volume", "weight"):
            assert ours[name] == theirs[name]
        for name in ("alt", "file_name", "position", "product_id", "variant_ids"):
            assert ours["image"][name] == theirs["image"][name]
        assert ours["image"]["src"] == IMAGE
        assert (ours["product_id"], ours["variant_id"]) == (3531, 12177)
    (payment,), (theirs,) = shown["payments"], expected["payments"]
    for name in ("amount", "bank_code", "created_at", "gateway_payment_no", "mode", "status"):
        assert payment[name] == theirs[name] or name == "created_at"
    assert payment["updated_at"] == theirs["updated_at"]
    assert payment["exipired_at"] == "2015-05-01T23:09:51.200+08:00"
    for method in (shown["payment_method"], payment["payment_method"]):
        assert method["gateway"] == method["pay_type"] == "alipay"
        assert method["name"] == "支付宝"
    (shipment,), (theirs,) = shown["shipments"], expected["shipments"]
    for name in (
        "amount",
        "created_at",
        "serial_number",
        "ship_no",
        "ship_type",
        "shipment_supplier",
        "status",
        "updated_at",
    ):
        assert shipment[name] == theirs[name], name
    assert shipment["auto_received_at"] == "2015-05-13T23:09:51.200+08:00"
    assert shipment["items"] == shown["items"]
    customer = shown["customer"]
    for name in ("avatar", "id", "name", "notify_email", "notify_phone", "reg_identity"):
        assert customer[name] == expected["customer"][name]
    assert customer["reg_type"] == "email"
    (known,), (theirs,) = customer["addresses"], expected["customer"]["addresses"]
    for name in set(theirs) - {"id", "created_at", "updated_at"}:
        assert known[name] == theirs[name], name
    assert shown["updated_at"] == "2015-04-29T23:10:34.741+08:00"
    assert shown["refunds"] == shown["preferential_records"] == []
    assert shown["invoice"] is None


def test_the_documents_second_order_is_achieved_with_a_refund(
    application: Application, api: Client
) -> None:
    order = make(
        application,
        moved_on(5),
        paid("0.06", "1001760211201504290098766161"),
        refunded("0.01"),
        moved_on(60),
        sent(),
        moved_on(60),
        commands.complete,
        number="2015042948963282",
        lines=[line("SPC00001", "L", "0.02", 3)],
        created_at=datetime(2018, 5, 3, 3, 22, 41, 996_000, tzinfo=UTC),
    )
    shown = get(api, order)
    has_the_documents_shape(shown)
    assert (shown["status"], shown["payment_status"]) == ("achieved", "paid")
    assert shown["shipment_status"] == "recieved"
    assert shown["closed_at"] == "2018-05-03T11:24:46.996+08:00"
    (shipment,) = shown["shipments"]
    assert shipment["status"] == "recieve"
    assert shipment["ship_no"] == "204997145429"
    assert shipment["shipment_supplier"] == {"id": 2, "code": "shunfeng", "name": "顺丰速递"}
    (refund,) = shown["refunds"]
    assert refund["amount"] == 1  # fen, where all else is in yuan
    assert refund["status"] == "success"
    assert refund["is_dealing"] is False
    assert refund["fail_reason"] is None
    assert refund["reason"] == "1111"
    assert refund["created_at"] == "2018-05-03T11:22:46.996+08:00"
    assert refund["batch_no"] == "20180503112246996000001"
    assert refund["gateway_trade_no"] == "1001760211201504290098766161"
    assert refund["trade_no"] == refund["payment_no"] == "2015042948963282"
    (payment,) = shown["payments"]
    assert refund["payment_id"] == payment["id"]
    assert refund["payment_method_id"] == payment["payment_method"]["id"]
    assert refund["pay_type"] == "alipay"


def test_the_documents_third_order_waits_for_a_payment_that_is_not_there_yet(
    application: Application, api: Client
) -> None:
    shown = get(api, make(application, lines=[line("SPC00001", "M", "0.01")]))
    has_the_documents_shape(shown)
    assert (shown["status"], shown["payment_status"]) == ("processing", "pending")
    (payment,) = shown["payments"]
    assert payment["amount"] == 0.01
    assert payment["status"] == "pending"
    assert payment["gateway_payment_no"] is None
    assert payment["created_at"] == shown["created_at"]
    (shipment,) = shown["shipments"]
    assert (shipment["serial_number"], shipment["status"]) == ("01", "pending")
    assert shipment["shipment_supplier"] is None


def test_a_payment_keeps_its_id_when_it_becomes_real(application: Application, api: Client) -> None:
    order = make(application)
    (awaited,) = get(api, order)["payments"]
    change(application, order, pending())
    (started,) = get(api, order)["payments"]
    assert (started["id"], started["status"]) == (awaited["id"], "pending")
    change(application, order, paid(transaction_id="P1"))
    (captured,) = get(api, order)["payments"]
    assert (captured["id"], captured["status"]) == (awaited["id"], "paid")
    assert captured["gateway_payment_no"] == "P1"


def change(application: Application, order: Order, *steps: Do) -> Order:
    def decide(change: Change) -> None:
        for step in steps:
            step(change)

    return application.desk.change("demo", order.id, CLERK, decide).order


def test_what_is_left_to_pay_shows_beside_what_came_in(
    application: Application, api: Client
) -> None:
    order = make(application, paid("0.01", "T1"))
    assert [(p["amount"], p["status"]) for p in get(api, order)["payments"]] == [
        (0.01, "paid"),
        (0.02, "pending"),
    ]
    assert get(api, order)["payment_status"] == "pending"


def test_what_is_left_to_send_shows_beside_what_went_out(
    application: Application, api: Client
) -> None:
    order = make(application, paid(), sent(ShippedLine(2, 1)))
    shown = get(api, order)
    has_the_documents_shape(shown)
    assert shown["shipment_status"] == "partial"
    first, second = shown["shipments"]
    assert (first["serial_number"], first["status"]) == ("01", "sending")
    assert [item["barcode"] for item in first["items"]] == ["SPC00002"]
    assert first["auto_received_at"] == plus(order.shipments[0].sent_at, 14 * DAY)
    assert (second["serial_number"], second["status"]) == ("02", "pending")
    assert [item["barcode"] for item in second["items"]] == ["SPC00001"]
    change(application, order, sent(number="2"))
    assert [s["id"] for s in get(api, order)["shipments"]] == [first["id"], second["id"]]
    assert get(api, order)["shipment_status"] == "sending"
    change(application, order, commands.receive)
    shown = get(api, order)
    assert shown["shipment_status"] == "recieved"
    assert {s["status"] for s in shown["shipments"]} == {"recieve"}


def plus(at: datetime, seconds: float) -> str:
    china = (at + timedelta(seconds=seconds, hours=8)).replace(tzinfo=None)
    return f"{china.isoformat(timespec='milliseconds')}+08:00"


def test_what_goes_out_unpaid_has_no_deadline(application: Application, api: Client) -> None:
    order = make(application, sent(), details=Details(payment_method="cod"))
    shown = get(api, order)
    has_the_documents_shape(shown)
    (payment,) = shown["payments"]
    assert (payment["status"], payment["mode"]) == ("pending", "offline")
    assert payment["exipired_at"] is None
    assert shown["shipment_status"] == "sending"


def test_an_order_that_was_closed_well_has_nothing_left_to_send(
    application: Application, api: Client
) -> None:
    shown = get(api, make(application, paid(), commands.complete))
    assert shown["shipments"] == []
    assert shown["shipment_status"] == "recieved"


def test_every_part_that_an_order_can_have_reads_as_the_document_says(
    application: Application, api: Client
) -> None:
    order = make(
        application,
        lambda c: commands.add_note(c, "测试笔记。"),
        paid("107.99", "T1"),
        refunded("7.00", settled=False),
        refunded("1.00", failure="余额不足"),
        details=Details(
            customer=CUSTOMER,
            shipping_address=replace(ADDRESS, postal_code="518057", email="a@example.com"),
            customer_note="请尽快发货",
            payment_method="wechat",
            extensions={
                WIRE: {
                    "invoice_type": 2,
                    "invoice_title": "公司名称",
                    "invoice_tax_number": 12345566778,
                    "invoice_style": 1,
                    "invoice_content": 0,
                    "e_invoice_mobile": "13888888888",
                    "e_invoice_email": "example@xx.com",
                    "bank_code": "中国建设银行",
                }
            },
        ),
        lines=[line("SPC00001", "M", "100.99")],
        charges=(
            Charge(kind=ChargeKind.SHIPPING, amount=Money(800, "CNY")),
            Charge(kind=ChargeKind.SHIPPING, amount=Money(100, "CNY"), included=True),
        ),
        discounts=(Discount(amount=Money(100, "CNY"), code="9ICNG2"),),
    )
    shown = get(api, order)
    has_the_documents_shape(shown)
    assert shown["item_amount"] == 100.99
    assert shown["shipment_amount"] == 8
    assert shown["discount_amount"] == 1
    assert shown["auto_total_amount"] == shown["total_amount"] == 107.99
    assert shown["customer_remarks"] == "请尽快发货"
    assert shown["address"]["zipcode"] == "518057"
    assert shown["address"]["email"] == "a@example.com"
    assert (shown["status"], shown["payment_status"]) == ("refunding", "paid")
    (note,) = shown["notes"]
    assert (note["account"], note["note"]) == ("lavandachen1", "测试笔记。")
    assert shown["invoice"] == document("attributes")["invoice"] | {"type": 2}
    (record,) = shown["preferential_records"]
    theirs = document("attributes")["preferential_records"][0]
    for name in set(theirs) - {"id", "created_at", "updated_at"}:
        assert record[name] == theirs[name], name
    dealing, failed = shown["refunds"]
    assert (dealing["amount"], dealing["status"], dealing["is_dealing"]) == (700, "dealing", True)
    assert (failed["status"], failed["fail_reason"]) == ("fail", "余额不足")
    assert failed["is_dealing"] is False
    assert shown["shipments"][0]["amount"] == 8
    numbers = [
        value
        for at, value in walk(shown)
        if at.endswith(".id") and not at.startswith((".shipments[].items", ".payment_method"))
    ]
    shared = {shown["payments"][0]["payment_method"]["id"]}
    assert len(numbers) == len(set(numbers) | shared)
    assert all(isinstance(number, int) and 0 < number < 2**53 for number in numbers)


def test_ids_of_parts_stay_the_same(application: Application, api: Client) -> None:
    order = make(application, paid(), sent(ShippedLine(1, 1)), refunded("0.01"))

    def part_ids() -> dict[str, list[int]]:
        shown = get(api, order)
        return {
            name: [part["id"] for part in shown[name]]
            for name in ("items", "payments", "shipments", "refunds")
        }

    before = part_ids()
    change(application, order, sent(number="2"), lambda c: commands.add_note(c, "x"))
    assert part_ids() == before
    # Other orders' parts have other ids.
    assert part_ids()["items"] != [
        i["id"] for i in get(api, make(application, number="2"))["items"]
    ]


DISCOUNTS = [
    (Discount(amount=Money(100, "CNY"), kind="promotion", name="满减"), "promotion", "满减"),
    (Discount(amount=Money(100, "CNY"), kind="customer_level", name="金卡"), "customer_level", ""),
    (Discount(amount=Money(100, "CNY"), kind="reward_point"), "reward_point", ""),
    (Discount(amount=Money(100, "CNY"), kind="coupon", code="C"), "coupon", ""),
    (Discount(amount=Money(100, "CNY"), kind="voucher", code="C"), "coupon", ""),
    (Discount(amount=Money(100, "CNY"), kind="automatic", name="BOGO"), "promotion", "BOGO"),
]


@pytest.mark.parametrize(("discount", "kind", "promotion"), DISCOUNTS)
def test_discounts_of_every_kind_have_one_of_the_documents_types(
    application: Application, api: Client, discount: Discount, kind: str, promotion: str
) -> None:
    order = make(application, discounts=(discount,), lines=[line("S", "M", "5")])
    shown = get(api, order, "preferential_records,discount_amount")
    (record,) = shown["preferential_records"]
    assert (record["type"], record["promotion_name"]) == (kind, promotion)
    assert record["customer_level_name"] == ("金卡" if kind == "customer_level" else "")
    assert shown["discount_amount"] == record["amount"] == 1


METHODS = [
    ("alipay", "alipay", "online"),
    ("wechat", "wppay", "online"),
    ("paypal", "paypal", "online"),
    ("cash", "cash", "offline"),
    ("COD", "cod", "offline"),
    ("Klarna", "Klarna", "online"),
]


@pytest.mark.parametrize(("method", "gateway", "kind"), METHODS)
def test_payment_methods_are_paid_online_or_offline(
    application: Application, api: Client, method: str, gateway: str, kind: str
) -> None:
    order = make(application, details=Details(payment_method=method))
    shown = get(api, order)
    has_the_documents_shape(shown)
    assert shown["payment_method"]["gateway"] == gateway
    assert shown["payment_method_type"] == kind
    assert shown["payments"][0]["mode"] == kind
    assert shown["payments"][0]["payment_method"] == shown["payment_method"]


@pytest.mark.parametrize(
    ("price", "written"), [("63.80", "63.8"), ("8", "8"), ("0.0375", "0.0375"), ("0", "0")]
)
def test_amounts_are_json_numbers_as_short_as_they_go(
    application: Application, app: IssuedApp, price: str, written: str
) -> None:
    order = make(application, lines=[line("S", "M", price, 16)])
    event = payload(f"{WIRE}/get_order")
    event["headers"]["x-api-access-token"] = app.token
    event |= {"pathParameters": path(order), "queryStringParameters": {"fields": "items"}}
    assert f'"price":{written},' in invoke(f"{WIRE}/get_order", event)["body"]


def test_the_largest_amounts_are_exact(application: Application, app: IssuedApp) -> None:
    order = make(application, lines=[line("S", "M", "900719925474.0991", 100)])
    event = payload(f"{WIRE}/get_order")
    event["headers"]["x-api-access-token"] = app.token
    event |= {"pathParameters": path(order), "queryStringParameters": {"fields": "total_amount"}}
    assert invoke(f"{WIRE}/get_order", event)["body"] == (
        '{"order":{"total_amount":90071992547409.91}}'
    )


def in_zone(application: Application, timezone: str) -> None:
    shop = application.shops.get("demo")
    assert shop
    application.shops.put(replace(shop, timezone=timezone))
    # Shops are remembered for a minute.
    application.__dict__.pop("authenticator", None)


@pytest.mark.parametrize(
    ("timezone", "written"),
    [
        ("UTC", "2026-11-21T20:00:00.007+08:00"),
        ("Asia/Shanghai", "2026-11-21T20:00:00.007+08:00"),
        ("America/New_York", "2026-11-21T07:00:00.007-05:00"),
        ("Asia/Kolkata", "2026-11-21T17:30:00.007+05:30"),
    ],
)
def test_times_are_in_the_shops_zone_or_chinas(
    application: Application, api: Client, timezone: str, written: str
) -> None:
    in_zone(application, timezone)
    order = make(application, created_at=NOON + timedelta(milliseconds=7))
    shown = get(api, order)
    assert shown["created_at"] == shown["processed_at"] == written
    # A bound without an offset is meant as the same clock shows it.
    told = written[: len("2026-11-21T20:00:00")]
    assert ids(api, created_at_min=told, created_at_max=f"{told}.007") == [order.id]
    assert ids(api, created_at_max=told) == []


# -- orders that came by other APIs ----------------------------------------------------------------


def test_an_order_that_a_marketplace_notified_of_reads_sensibly(
    marketplace: Client, api: Client
) -> None:
    sent_order = json.loads(payload("marketplace/create_order")["body"])
    made = marketplace.call("create_order", body=sent_order).body
    at = {"id": str(made["id"])}
    shown = is_answered(api.call("get_order", path=at))["order"]
    has_the_documents_shape(shown)
    assert shown["items"] == shown["shipments"] == []
    assert shown["total_amount"] == 0

    body = {"product_id": "3531", "price": "64.00", "quantity": 2}
    marketplace.call("create_line_item", path=at, body=body)
    body = {"merchant_trade_no": "T1", "payment": "128.00"}
    marketplace.call("pay_order", path=at, body=body)
    shown = is_answered(api.call("get_order", path=at))["order"]
    has_the_documents_shape(shown)
    assert shown["order_no"] == made["number"]
    assert shown["payment_status"] == "paid"
    assert shown["payment_method"]["gateway"] == "marketplace"
    assert shown["processing_method"] == "manual"
    assert shown["address"]["name"] == sent_order["address_fullname"]
    assert shown["address"]["city_code"] == "440300"
    assert shown["address"]["complete_address"] == sent_order["address_address"]
    assert shown["customer"]["name"] == sent_order["sender_name"]
    assert shown["customer"]["notify_phone"] == sent_order["sender_phone"]
    assert shown["items"][0]["image"]["src"] == ""
    assert shown["payments"][0]["gateway_payment_no"] == "T1"


def test_a_sale_at_a_till_reads_sensibly(application: Application, api: Client) -> None:
    order = make(
        application,
        paid("0.03", "UXI2KS784JOC9A0"),
        wire="brandcloud",
        number="AAAA160401000002OD",
        terms=Terms(payment_timeout=900),
        details=Details(payment_method="cash"),
        invoicing=Invoicing(seller=Seller(id="1", name="Company A")),
    )
    shown = get(api, order)
    has_the_documents_shape(shown)
    assert shown["customer"] is None
    assert shown["invoice"] is None
    assert shown["address"]["complete_address"] == shown["address"]["name"] == ""
    assert shown["payment_method_type"] == "offline"
    assert shown["processing_method"] == "manual"
    assert shown["shipments"][0]["auto_received_at"] is None


def test_an_invoice_that_was_issued_says_to_whom(application: Application, api: Client) -> None:
    billing = Address(given_name="Mei", family_name="Han", phone="139", email="mei@example.com")
    order = make(
        application,
        paid(),
        wire="brandcloud",
        details=Details(billing_address=billing),
        invoicing=Invoicing(seller=Seller(id="1", name="Company A")),
    )
    assert get(api, order, "invoice")["invoice"] == {
        "type": 1,
        "title": "Mei Han",
        "tax_number": None,
        "invoice_style": 0,
        "invoice_content": 0,
        "e_invoice_mobile": "139",
        "e_invoice_email": "mei@example.com",
    }


def test_ids_that_are_no_numbers_get_numbers_of_their_own(
    application: Application, api: Client
) -> None:
    def order(number: str, customer_id: str, product_id: str) -> Any:
        wanted = replace(line("S", "M", "1"), product_id=product_id, variant_id="white")
        customer = Contact(id=customer_id, name="Kim")
        return get(
            api,
            make(application, number=number, details=Details(customer=customer), lines=[wanted]),
        )

    first = order("1", "kim", "tea-pot")
    again = order("2", "kim", "tea-pot")
    other = order("3", "kimberley", "tea-cup")
    for shown in (first, again, other):
        has_the_documents_shape(shown)
    assert first["customer"]["id"] == again["customer"]["id"] != other["customer"]["id"]
    assert first["items"][0]["product_id"] == again["items"][0]["product_id"]
    assert first["items"][0]["product_id"] != other["items"][0]["product_id"]
    assert first["items"][0]["variant_id"] == other["items"][0]["variant_id"]


def test_orders_in_other_currencies_are_in_their_major_units(
    application: Application, api: Client
) -> None:
    yen = LineRequest(product_id="1", quantity=2, unit_price=UnitPrice.of("640", "JPY"))
    order = make(
        application,
        paid("1280"),
        lambda c: commands.request_refund(c, Money(80, "JPY")),
        currency="JPY",
        lines=[yen],
    )
    shown = get(api, order)
    assert shown["total_amount"] == 1280
    assert shown["refunds"][0]["amount"] == 80


def test_names_that_no_url_can_have_do_no_harm(application: Application, api: Client) -> None:
    urls = ["http://[", "data:,", "//", "https://x/%E6%A2%B5.png#a", "?", "a/b/c.png"]
    lines = [replace(line("S", "M", "1"), image_url=url) for url in urls]
    shown = get(api, make(application, lines=lines), "items")["items"]
    assert [item["image"]["file_name"] for item in shown] == ["", ",", "", "梵.png", "", "c.png"]


# -- time ------------------------------------------------------------------------------------------


def test_an_order_past_its_deadline_reads_as_expired_whether_a_job_wrote_it_or_not(
    application: Application, api: Client, later: Callable[[float], None]
) -> None:
    order = make(application)
    later(2 * DAY + 1)
    seen = get(api, order)
    has_the_documents_shape(seen)
    assert (seen["status"], seen["payment_status"]) == ("expired", "expired")
    assert (
        seen["closed_at"] == seen["payments"][0]["exipired_at"] == plus(order.created_at, 2 * DAY)
    )
    assert seen["payments"][0]["status"] == "expired"
    assert put(api, order, total_amount=63.8).body == NOT_EDITABLE
    (in_list,) = listed(api)
    assert in_list == seen
    change(application, order, commands.close_what_is_due)
    assert get(api, order) | {"updated_at": ""} == seen | {"updated_at": ""}


def test_a_parcel_counts_as_received_after_two_weeks(
    application: Application, api: Client, later: Callable[[float], None]
) -> None:
    order = make(application, paid(), sent())
    later(14 * DAY + 1)
    seen = get(api, order)
    assert seen["shipment_status"] == "recieved"
    (shipment,) = seen["shipments"]
    assert shipment["status"] == "recieve"
    assert shipment["updated_at"] == shipment["auto_received_at"]


# -- one order -------------------------------------------------------------------------------------


def test_only_the_attributes_asked_for_are_shown(application: Application, api: Client) -> None:
    order = make(application, paid(), number="2015042948963282")
    assert get(api, order, "id,order_no,payment_status") == {
        "id": order.id,
        "order_no": "2015042948963282",
        "payment_status": "paid",
    }
    assert get(api, order, " id , nonsense,,ID") == {"id": order.id}
    assert get(api, order, "nonsense") == {}
    assert get(api, order, ",") == {}
    everything = get(api, order)
    assert get(api, order, ",".join(everything)) == everything


@pytest.mark.parametrize(
    "identifier",
    ["1", "0", "-1", "abc", "2015042948782651", "9" * 40, "1e5", "%00", "count?", "٣", "١٢"],
)
def test_an_order_that_is_not_there_is_a_404_in_the_body(
    application: Application, api: Client, identifier: str
) -> None:
    make(application)
    at = {"id": identifier}
    assert errors(api.call("get_order", path=at), 404) == ["未找到订单"]
    body = {"order": {"total_amount": 1}}
    assert errors(api.call("update_order", path=at, body=body), 404) == ["未找到订单"]


def test_other_shops_orders_are_not_there(
    application: Application, api: Client, other_api: Client
) -> None:
    order = make(application)
    assert errors(other_api.call("get_order", path=path(order)), 404)
    assert errors(put(other_api, order, total_amount=1), 404)
    assert ids(other_api) == []
    assert ids(other_api, ids=order.id) == []
    assert counted(other_api, id=order.id) == 0
    assert get(api, order)["total_amount"] == 0.03


# -- lists -----------------------------------------------------------------------------------------


@pytest.fixture
def three(application: Application) -> tuple[Order, Order, Order]:
    """Orders like the document's three, a minute apart, the last changed a day later."""
    first = make(application, paid(), created_at=NOON)
    second = make(
        application,
        number="2015042948963282",
        created_at=NOON + timedelta(seconds=60),
        details=Details(customer=Contact(id="4029"), shipping_address=ADDRESS),
    )
    third = make(
        application,
        moved_on(DAY),
        lambda c: commands.tag(c, ["late"]),
        number="2015042948862351",
        created_at=NOON + timedelta(seconds=120),
        terms=Terms(),
    )
    return first, second, third


@pytest.fixture(autouse=True)
def _later_than_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands after all that the tests let happen."""
    ahead = max(timedelta(0), NOON + timedelta(days=2) - datetime.now(UTC))
    real = SystemClock.now
    monkeypatch.setattr(SystemClock, "now", lambda self: real(self) + ahead)


Three = tuple[Order, Order, Order]


def test_orders_are_listed_by_id_with_all_their_attributes(api: Client, three: Three) -> None:
    found = listed(api)
    assert [order["id"] for order in found] == [order.id for order in three]
    for shown, order in zip(found, three, strict=True):
        has_the_documents_shape(shown)
        assert shown == get(api, order)


def test_a_shop_without_orders_has_an_empty_list(api: Client) -> None:
    assert listed(api) == []
    assert counted(api) == 0


FILTERS: list[tuple[dict[str, str], set[int]]] = [
    ({}, {0, 1, 2}),
    ({"customer_id": "4028"}, {0, 2}),
    ({"customer_id": "4029"}, {1}),
    ({"customer_id": "1"}, set()),
    ({"customer_id": "040"}, set()),
    ({"order_no": "9488"}, {2}),
    ({"order_no": "948"}, {0, 1, 2}),
    ({"order_no": "2015042948963282"}, {1}),
    ({"order_no": "x"}, set()),
    ({"created_at_min": "2026-11-21T20:01:00"}, {1, 2}),
    ({"created_at_min": "2026-11-21T20:01:00.001"}, {2}),
    ({"created_at_max": "2026-11-21T20:01:00"}, {0, 1}),
    ({"created_at_max": "2026-11-21T20:00:59.999"}, {0}),
    ({"created_at_min": "2026-11-21T12:01:00Z"}, {1, 2}),
    ({"created_at_min": "2026-11-21T12:01:00+00:00"}, {1, 2}),
    ({"created_at_min": "2026-11-21T20:01:00 08:00"}, {1, 2}),
    ({"created_at_min": "2026-11-21 20:01:00"}, {1, 2}),
    ({"created_at_min": "2026-11-22"}, set()),
    ({"created_at_max": "2026-11-22"}, {0, 1, 2}),
    ({"updated_at_min": "2026-11-22T00:00:00"}, {2}),
    ({"updated_at_max": "2026-11-22T00:00:00"}, {0, 1}),
    ({"created_at_min": "0001-01-01T00:00:00"}, {0, 1, 2}),
    ({"created_at_max": "9999-12-31T23:59:59"}, {0, 1, 2}),
    ({"created_at_max": "9999-12-31T23:59:59-12:00"}, {0, 1, 2}),
    ({"created_at_max": "0001-01-01T00:00:00"}, set()),
    ({"updated_at_min": "0001-01-01T00:00:00"}, {0, 1, 2}),
    ({"updated_at_max": "1999-01-01T00:00:00"}, set()),
    ({"created_at_min": "9999-12-31T23:59:59"}, set()),
    # Blank parameters are none.
    (
        {"customer_id": "", "order_no": " ", "created_at_min": "", "ids": "", "since_id": ""},
        {0, 1, 2},
    ),
    # All that are given must hold.
    ({"customer_id": "4028", "order_no": "48862"}, {2}),
    ({"customer_id": "4029", "order_no": "48862"}, set()),
    ({"customer_id": "4028", "created_at_max": "2026-11-21T20:01:00"}, {0}),
    ({"order_no": "948", "updated_at_min": "2026-11-22", "created_at_min": "2026-11-21"}, {2}),
    ({"created_at_min": "2026-11-21T20:00:30", "created_at_max": "2026-11-21T20:01:30"}, {1}),
]


@pytest.mark.parametrize(("query", "expected"), FILTERS)
def test_filters_choose_alike_in_lists_and_counts(
    api: Client, three: Three, query: dict[str, str], expected: set[int]
) -> None:
    assert ids(api, **query) == [three[index].id for index in sorted(expected)]
    assert counted(api, **query) == len(expected)


def test_orders_can_be_named_by_their_ids(api: Client, three: Three) -> None:
    first, second, third = (order.id for order in three)
    assert ids(api, id=second) == [second]
    assert ids(api, ids=f"{third},{first}") == [first, third]
    assert ids(api, ids=f" {third} ,,{third},1,-5,{2**63 - 1}") == [third]
    assert ids(api, id=first, ids=f"{first},{second}") == [first]
    assert ids(api, id=first, ids=second) == []
    assert ids(api, ids=f"{first},{second}", since_id=first) == [second]
    assert ids(api, ids=f"{first},{second}", order_no="963282") == [second]
    assert ids(api, ids=f"{first},{second},{third}", limit=1, page=2) == [second]
    assert counted(api, ids=f"{first},{third}") == 2
    assert counted(api, id=first) == 1


@pytest.mark.parametrize(
    "customer",
    [
        Contact(id="kim", name="Kim"),
        Contact(email="kim@example.com", name="Kim"),
        Contact(phone="13800000001"),
        Contact(id="777"),
    ],
)
def test_orders_are_found_by_the_customer_that_they_show(
    application: Application, api: Client, customer: Contact
) -> None:
    theirs = make(application, number="1", details=Details(customer=customer))
    sent = make(application, number="2", details=Details(sender=customer))
    make(application, number="3", details=Details(customer=Contact(id="lee")))
    make(application, number="4")
    shown = get(api, theirs)["customer"]["id"]
    assert ids(api, customer_id=shown) == sorted([theirs.id, sent.id])
    assert counted(api, customer_id=shown) == 2


def test_orders_after_an_id_exclude_it(api: Client, three: Three) -> None:
    first, second, third = (order.id for order in three)
    assert ids(api, since_id=first) == [second, third]
    assert ids(api, since_id=third) == []
    assert ids(api, since_id=0) == ids(api, since_id=-7) == [first, second, third]
    assert ids(api, since_id=10**18) == []
    assert counted(api, since_id=first) == 2


def test_pages_follow_each_other(api: Client, three: Three) -> None:
    first, second, third = (order.id for order in three)
    assert ids(api, limit=2) == [first, second]
    assert ids(api, limit=2, page=2) == [third]
    assert ids(api, limit=2, page=3) == []
    assert ids(api, page=10**9) == []
    assert ids(api, limit=1, page=2, customer_id="4028") == [third]


def test_ten_orders_are_shown_unless_told_and_fifty_at_most(
    application: Application, api: Client
) -> None:
    made = [
        make(application, number=str(n), created_at=NOON + timedelta(seconds=n)).id
        for n in range(53)
    ]
    assert ids(api, fields="id") == made[:10]
    assert ids(api, fields="id", page=2) == made[10:20]
    assert ids(api, fields="id", limit=50) == made[:50]
    assert ids(api, fields="id", limit=51) == ids(api, fields="id", limit=10**6) == made[:50]
    assert ids(api, fields="id", limit=50, page=2) == made[50:]
    assert counted(api) == 53


def test_lists_show_only_the_attributes_asked_for(api: Client, three: Three) -> None:
    assert listed(api, fields="id,order_no,payment_status") == [
        {"id": three[0].id, "order_no": "2015042948782651", "payment_status": "paid"},
        {"id": three[1].id, "order_no": "2015042948963282", "payment_status": "pending"},
        {"id": three[2].id, "order_no": "2015042948862351", "payment_status": "pending"},
    ]


MALFORMED: list[tuple[str, str, str]] = [
    ("limit", "0", "limit过小"),
    ("limit", "-1", "limit过小"),
    ("limit", "ten", "limit必须是整数"),
    ("limit", "1.5", "limit必须是整数"),
    ("limit", "1,2", "limit必须是整数"),
    ("limit", "9" * 30, "limit必须是整数"),
    ("page", "0", "page过小"),
    ("page", "NaN", "page必须是整数"),
    ("page", str(10**15), "page超出范围"),
    ("since_id", "abc", "since_id必须是整数"),
    ("id", "R1", "id必须是整数"),
    ("ids", "1,two", "ids必须是整数"),
    ("ids", "1;2", "ids必须是整数"),
    ("ids", "1," * 10_000, "ids过长"),
    ("created_at_min", "yesterday", "created_at_min不是有效的时间(格式2014-09-01T01:00:01)"),
    ("created_at_max", "2014-13-01", "created_at_max不是有效的时间(格式2014-09-01T01:00:01)"),
    ("updated_at_min", "1417392000", "updated_at_min不是有效的时间(格式2014-09-01T01:00:01)"),
    (
        "updated_at_max",
        "2014-09-01T01:00:01+25:00",
        "updated_at_max不是有效的时间(格式2014-09-01T01:00:01)",
    ),
    ("customer_id", "x" * 300, "customer_id过长"),
    ("order_no", "\x00", "order_no格式不正确"),
]


@pytest.mark.parametrize(("name", "value", "told"), MALFORMED)
def test_malformed_parameters_are_named(api: Client, name: str, value: str, told: str) -> None:
    assert errors(api.call("list_orders", query={name: value})) == [told]
    if name not in ("limit", "page"):
        assert errors(api.call("count_orders", query={name: value})) == [told]


def test_every_malformed_parameter_is_named_at_once(api: Client) -> None:
    answer = api.call("list_orders", query={"since_id": "x", "updated_at_min": "y", "z": "?"})
    assert len(errors(answer)) == 2


def test_more_than_an_answer_can_hold_is_refused_until_less_is_asked_for(
    application: Application, api: Client
) -> None:
    many = [line(f"S{n}", "M", "0.01") for n in range(4000)]
    order = make(application, lines=many)
    for answer in (api.call("get_order", path=path(order)), api.call("list_orders")):
        assert errors(answer) == ["fields过大,请用fields或limit减少返回内容"]
    assert len(get(api, order, "items")["items"]) == 4000
    assert get(api, order, "total_amount") == {"total_amount": 40}
    # A price that was changed must not look as if it wasn't.
    assert put(api, order, total_amount=39).body["order"]["total_amount"] == 39
    assert get(api, order, "total_amount") == {"total_amount": 39}


# -- another price ---------------------------------------------------------------------------------


def test_a_new_price_is_what_payment_needs_from_then_on(
    application: Application, api: Client
) -> None:
    order = make(application, lines=[line("S", "M", "64.00")])
    answer = put(api, order, total_amount=63.8)
    shown = is_answered(answer)["order"]
    has_the_documents_shape(shown)
    assert shown == get(api, order)
    assert shown["total_amount"] == shown["payments"][0]["amount"] == 63.8
    assert shown["auto_total_amount"] == shown["item_amount"] == 64
    change(application, order, paid("63.80"))
    assert get(api, order)["payment_status"] == "paid"
    proof = replay_order(application.desk, "demo", order.id)
    assert proof.agrees
    assert [entry.event.TYPE for entry in proof.events] == [
        "order.placed",
        "order.price_adjusted",
        "payment.captured",
        "order.paid",
    ]


@pytest.mark.parametrize("price", ["63.80", 63, "0.01", 90071992547409.9])
def test_prices_may_be_quoted_and_go_up_as_well(
    application: Application, api: Client, price: object
) -> None:
    order = make(application)
    assert put(api, order, total_amount=price).body["order"]["total_amount"] == float(str(price))


def test_a_price_can_be_changed_again_and_the_same_changes_nothing(
    application: Application, api: Client
) -> None:
    order = make(application)
    for price in (5, 4.5, 4.5):
        assert put(api, order, total_amount=price).body["order"]["total_amount"] == price
    history = list(application.desk.orders.history("demo", order.id))
    assert len(history) == 3
    assert history[1].actor.kind == WIRE


def test_all_but_the_price_is_ignored(application: Application, api: Client) -> None:
    order = make(application)
    before = get(api, order)
    answer = put(api, order, total_amount=0.03, status="cancel", id=1, items=[], order_no="x")
    assert is_answered(answer)["order"] == before


def test_an_order_that_is_paid_or_dead_can_not_be_edited(
    application: Application, api: Client
) -> None:
    steps: list[tuple[Do, ...]] = [
        (paid(),),
        (paid(), commands.complete),
        (paid(), refunded("0.03")),
        (commands.cancel,),
    ]
    for number, done in enumerate(steps):
        order = make(application, *done, number=str(number))
        assert get(api, order)["payment_status"] != "pending"
        for price in (63.8, 0.03, 0):
            assert is_answered(put(api, order, total_amount=price)) == NOT_EDITABLE


def test_a_payment_under_way_does_not_keep_the_price_from_changing(
    application: Application, api: Client
) -> None:
    order = make(application, pending())
    assert put(api, order, total_amount=0.02).body["order"]["payment_status"] == "pending"
    change(application, order, paid("0.03", "P1"))
    assert get(api, order)["payment_status"] == "paid"
    stored = application.desk.orders.get("demo", order.id)
    assert stored
    assert stored.refund_due == Money(1, "CNY")


def test_a_price_that_came_in_already_pays_the_order(application: Application, api: Client) -> None:
    order = make(application, paid("0.02", "T1"))
    assert put(api, order, total_amount=0.02).body["order"]["payment_status"] == "paid"


def test_a_price_below_what_came_in_pays_the_order_and_flags_the_rest(
    application: Application, api: Client
) -> None:
    order = make(application, paid("0.02", "T1"))
    shown = put(api, order, total_amount=0.01).body["order"]
    assert (shown["payment_status"], shown["total_amount"]) == ("paid", 0.01)
    stored = application.desk.orders.get("demo", order.id)
    assert stored
    assert stored.refund_due == Money(1, "CNY")


def test_an_order_for_nothing_is_paid(application: Application, api: Client) -> None:
    shown = put(api, make(application), total_amount=0).body["order"]
    has_the_documents_shape(shown)
    assert (shown["payment_status"], shown["total_amount"]) == ("paid", 0)
    assert [(p["amount"], p["status"]) for p in shown["payments"]] == [(0, "paid")]


BAD_PRICES: list[tuple[str, str]] = [
    ("{}", "order不能为空"),
    ("[]", "order不能为空"),
    ("1", "order不能为空"),
    ("", "order不能为空"),
    ('{"order": null}', "order不能为空"),
    ('{"order": []}', "order必须是对象"),
    ('{"order": "total_amount"}', "order必须是对象"),
    ('{"order": {}}', "total_amount不能为空"),
    ('{"order": {"total_amount": null}}', "total_amount不能为空"),
    ('{"order": {"total_amount": ""}}', "total_amount不能为空"),
    ('{"order": {"total_amount": "x"}}', "total_amount必须是数字"),
    ('{"order": {"total_amount": "NaN"}}', "total_amount必须是数字"),
    ('{"order": {"total_amount": "1e3"}}', "total_amount必须是数字"),
    ('{"order": {"total_amount": true}}', "total_amount必须是数字"),
    ('{"order": {"total_amount": [1]}}', "total_amount必须是数字"),
    ('{"order": {"total_amount": {"a": 1}}}', "total_amount必须是数字"),
    ('{"order": {"total_amount": -0.01}}', "total_amount过小"),
    ('{"order": {"total_amount": 1.005}}', "total_amount小数位数过多"),
    ('{"order": {"total_amount": 1e400}}', "total_amount超出范围"),
    ('{"order": {"total_amount": 1e-400}}', "total_amount小数位数过多"),
    ('{"order": {"total_amount": 99999999999999999999}}', "total_amount超出范围"),
    ('{"order": {"total_amount": NaN}}', "请求内容无法解析"),
    ('{"order": {"total_amount": Infinity}}', "请求内容无法解析"),
    ('{"order": {"total_amount": 1, "total_amount": 2}}', "请求内容无法解析"),
    ('{"order": {"total_amount": 1}', "请求内容无法解析"),
    ("[" * 100 + "]" * 100, "请求内容无法解析"),
    ('{"order": {"total_amount": ' + "9" * 5000 + "}}", "请求内容无法解析"),
    ('{"order": {"note": "\\ud800"}}', "请求内容无法解析"),
    (" " * 70_000 + "{}", "请求内容无法解析"),
]


@pytest.mark.parametrize(("raw", "told"), BAD_PRICES)
def test_a_price_that_can_not_be_taken_is_refused_and_named(
    application: Application, api: Client, raw: str, told: str
) -> None:
    order = make(application)
    answer = api.call("update_order", path=path(order), raw=raw)
    assert errors(answer) == [told]
    assert get(api, order)["total_amount"] == 0.03


def test_bodies_must_be_json(application: Application, api: Client) -> None:
    order = make(application)
    answer = api.call(
        "update_order",
        path=path(order),
        raw="order[total_amount]=1",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert errors(answer) == ["请求内容无法解析"]


# -- who may come in -------------------------------------------------------------------------------

WITH_TOKEN = [name for name in OPERATIONS if name != "issue_token"]


@pytest.mark.parametrize("operation", WITH_TOKEN)
def test_without_a_good_token_nobody_comes_in(application: Application, operation: str) -> None:
    for headers in (
        {},
        {"x-api-access-token": ""},
        {"x-api-access-token": "wrong"},
        {"x-api-access-token": "x" * 10_000},
        {"authorization": "Bearer demo-marketplace-token-0001"},
    ):
        answer = Client(WIRE, headers).call(operation, raw="{")
        assert errors(answer, 401, status=401) == ["token无效"]


def test_tokens_of_other_apis_are_no_tokens_here(application: Application, api: Client) -> None:
    issued = manage_shops.issue_credential(
        application.shops, application.desk.clock, "demo", wire="marketplace", label="x"
    )
    stranger = Client(WIRE, {"x-api-access-token": issued.token})
    assert errors(stranger.call("list_orders"), 401, status=401)


WRITING = {
    "update_order",
    "create_metafield",
    "update_metafield",
    "delete_metafield",
    "set_fields",
    "delete_fields",
    "create_webhook",
    "update_webhook",
    "delete_webhook",
}


@pytest.mark.parametrize("operation", WITH_TOKEN)
def test_reading_takes_one_scope_and_changing_another(
    application: Application, reader: Client, operation: str
) -> None:
    answer = reader.call(operation)
    if operation in WRITING:
        assert errors(answer, 403, status=403) == ["token没有该权限"]
    else:
        assert answer.status == 200


@pytest.mark.parametrize("operation", OPERATIONS)
def test_our_own_faults_are_told_by_the_http_status_and_say_nothing_else(
    application: Application, api: Client, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr(type(application.shops), "credential", broken)
    headers = {"authorization": basic("a", "b")}
    body = {"grant_type": "client_credentials"}
    answer = api.call(operation, body=body, headers=headers)
    assert errors(answer, 500, status=500) == ["服务器内部错误"]


def test_the_header_counts_the_calls_of_the_last_second(
    application: Application, api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orderhub.wire.youhaosuda import usage

    now = [1000.0]
    meter = usage.CallMeter(lambda: now[0])
    monkeypatch.setattr(usage.METER, "_calls", meter._calls)
    monkeypatch.setattr(usage.METER, "_clock", meter._clock)
    used = [api.call("count_orders").headers[LIMIT_HEADER] for _ in range(3)]
    assert used == ["1/100", "2/100", "3/100"]
    now[0] += 1
    assert api.call("count_orders").headers[LIMIT_HEADER] == "1/100"


# -- tokens ----------------------------------------------------------------------------------------


def basic(key: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()


FORM = {"content-type": "application/x-www-form-urlencoded"}


def ask_for_token(authorization: str | None, **options: Any) -> Answer:
    headers = {"authorization": authorization} if authorization is not None else {}
    headers |= options.pop("headers", {})
    if not options:
        options, headers = {"raw": "grant_type=client_credentials"}, headers | FORM
    answer = Client(WIRE, {}).call("issue_token", headers=headers, **options)
    assert CALL_LIMIT.fullmatch(answer.headers[LIMIT_HEADER])
    return answer


def test_an_app_trades_its_key_and_secret_for_its_token_which_is_always_the_same(
    application: Application, app: IssuedApp, api: Client
) -> None:
    for _ in range(2):
        answer = ask_for_token(basic(app.key, app.secret))
        assert is_answered(answer) == {"token": app.token}
    answer = ask_for_token(basic(app.key, app.secret), body={"grant_type": "client_credentials"})
    assert is_answered(answer) == {"token": app.token}
    trading = Client(WIRE, {"x-api-access-token": answer.body["token"]})
    assert listed(trading) == []


def test_credentials_may_be_in_the_urls_alphabet_and_unpadded(
    application: Application,
) -> None:
    """As one of the vendor's own libraries writes them."""
    app = issue_app(
        application.shops,
        application.desk.clock,
        "demo",
        wire=WIRE,
        label="PHP",
        key="key?>",
        secret="secret~~~???>>>>",
    )
    encoded = base64.urlsafe_b64encode(f"{app.key}:{app.secret}".encode()).decode().rstrip("=")
    assert {"-", "_"} & set(encoded)
    assert is_answered(ask_for_token(f"basic {encoded}")) == {"token": app.token}


def test_each_app_has_a_token_of_its_own(application: Application, app: IssuedApp) -> None:
    other = issue_app(
        application.shops, application.desk.clock, "demo", wire=WIRE, label="x", key=app.key
    )
    assert other.token != app.token
    assert ask_for_token(basic(app.key, other.secret)).body == {"token": other.token}


def test_unknown_keys_and_wrong_secrets_can_not_be_told_apart(
    application: Application, app: IssuedApp
) -> None:
    answers = [
        ask_for_token(given)
        for given in (
            None,
            "",
            "Basic",
            "Basic ####",
            f"Bearer {app.token}",
            "Basic " + base64.b64encode(b"\xff\xfe").decode(),
            "Basic " + base64.b64encode(app.key.encode()).decode(),
            basic(app.key, "wrong"),
            basic("unknown", app.secret),
            basic("", ""),
            basic(app.secret, app.key),
            basic("k" * 5000, "s" * 5000),
        )
    ]
    for answer in answers:
        assert answer.status == 401
        assert answer.body == {
            "error": "invalid_client",
            "code": 401,
            "errors": ["invalid_client"],
        }


@pytest.mark.parametrize(
    "options",
    [
        {"raw": "grant_type=password", "headers": FORM},
        {"raw": "scope=all", "headers": FORM},
        {"raw": "", "headers": FORM},
        {"body": {}},
        {"body": []},
        {"body": {"grant_type": ["client_credentials"]}},
        {"body": {"grant_type": None}},
        {"raw": "{"},
        {"raw": "grant_type=%ff", "headers": FORM},
    ],
)
def test_there_is_one_grant(app: IssuedApp, options: dict[str, Any]) -> None:
    answer = ask_for_token(basic(app.key, app.secret), **options)
    assert answer.status == 400
    assert answer.body == {"error": "invalid_grant", "code": 400, "errors": ["invalid_grant"]}


def test_revoking_stops_the_token_and_the_trade(
    application: Application, app: IssuedApp, api: Client
) -> None:
    shops, clock = application.shops, application.desk.clock
    manage_shops.revoke_credential(shops, clock, "demo", app.credential.id)
    assert ask_for_token(basic(app.key, app.secret)).body["error"] == "invalid_client"
    assert errors(api.call("list_orders"), 401, status=401)


def test_apps_of_other_apis_get_no_token_here(application: Application) -> None:
    app = issue_app(
        application.shops, application.desk.clock, "demo", wire="marketplace", label="x"
    )
    assert ask_for_token(basic(app.key, app.secret)).status == 401


def test_an_app_that_moves_here_keeps_its_key_and_secret(application: Application) -> None:
    app = issue_app(
        application.shops,
        application.desk.clock,
        "demo",
        wire=WIRE,
        label="Moved",
        key="0249cb63872d43a28c0d9bf0ddfd6a9c",
        secret="45ab37bed9334b86b4cb6be2b4459cdf",
    )
    assert app.credential.app_key == "0249cb63872d43a28c0d9bf0ddfd6a9c"
    answer = ask_for_token(basic(app.key, app.secret))
    assert answer.body == {"token": app.token}


# -- metafields ------------------------------------------------------------------------------------

META = {
    "created_at": "time",
    "description": "text",
    "fields": "object",
    "id": "number",
    "name": "text",
    "owner_id": "number",
    "owner_resource": "text",
    "updated_at": "time",
}


@pytest.fixture
def order(application: Application) -> Order:
    return make(application)


def meta(order: Order, **changes: Any) -> dict[str, Any]:
    return {
        "name": "inventory",
        "owner_id": order.id,
        "owner_resource": "order",
        "fields": {"key": "value"},
        "description": "用途说明",
        **changes,
    }


def create(api: Client, order: Order, **changes: Any) -> Any:
    made = is_answered(api.call("create_metafield", body={"meta": meta(order, **changes)}))["meta"]
    assert {name: _kind(value) for name, value in made.items()} == META
    return made


def metas(api: Client, **query: object) -> list[Any]:
    asked = {name: str(value) for name, value in query.items()}
    found: list[Any] = is_answered(api.call("list_metafields", query=asked))["metas"]
    body = is_answered(api.call("count_metafields", query=asked))
    if not {"limit", "page", "fields"} & set(asked):
        assert body == {"count": len(found)}
    return found


def at(made: Mapping[str, Any]) -> dict[str, str]:
    return {"id": str(made["id"])}


def test_a_metafield_is_kept_as_it_was_made(api: Client, order: Order) -> None:
    made = create(api, order)
    assert made | meta(order) == made
    assert made["created_at"] == made["updated_at"]
    assert 0 < made["id"] < 2**53
    assert is_answered(api.call("get_metafield", path=at(made))) == {"meta": made}
    assert metas(api) == [made]
    shown = api.call("get_metafield", path=at(made), query={"fields": "id,fields"})
    assert is_answered(shown) == {"meta": {"id": made["id"], "fields": {"key": "value"}}}
    assert metas(api, fields="name") == [{"name": "inventory"}]


def test_only_name_and_owner_are_needed_and_ids_may_be_quoted(api: Client, order: Order) -> None:
    body = {"meta": {"name": "a-b_9", "owner_id": str(order.id), "owner_resource": "order"}}
    made = is_answered(api.call("create_metafield", body=body))["meta"]
    assert (made["fields"], made["description"], made["owner_id"]) == ({}, "", order.id)


def test_fields_keep_their_values_types(api: Client, order: Order) -> None:
    values = {
        "text": '梵 "quoted"\nlines\t\u0001',
        "number": 2**53 - 1,
        "negative": -3,
        "fraction": 0.1,
        "yes": True,
        "no": False,
        "none": None,
        "": "",
    }
    del values[""]
    made = create(api, order, fields=values)
    assert made["fields"] == values
    again = is_answered(api.call("get_fields", path=at(made)))["fields"]
    assert again == values
    assert again["yes"] is True


def test_a_name_is_taken_once_per_order(
    application: Application, api: Client, order: Order
) -> None:
    first = create(api, order)
    answer = api.call("create_metafield", body={"meta": meta(order, fields={})})
    assert errors(answer) == ["name已存在"]
    other = make(application, number="2")
    second = create(api, other)
    assert [found["id"] for found in metas(api)] == [first["id"], second["id"]]
    third = create(api, order, name="other")
    edit = {"meta": {"name": "inventory"}}
    assert errors(api.call("update_metafield", path=at(third), body=edit)) == ["name已存在"]
    is_answered(api.call("delete_metafield", path=at(first)))
    is_answered(api.call("update_metafield", path=at(third), body=edit))
    assert [found["name"] for found in metas(api, owner_id=order.id)] == ["inventory"]


BAD_METAS: list[tuple[dict[str, Any], str]] = [
    ({"name": None}, "name不能为空"),
    ({"name": ""}, "name不能为空"),
    ({"name": "Inventory"}, "name格式不正确"),
    ({"name": "库存"}, "name格式不正确"),
    ({"name": "a b"}, "name格式不正确"),
    ({"name": "a/b"}, "name格式不正确"),
    ({"name": "a" * 201}, "name过长"),
    ({"name": "a" * 5000}, "name过长"),
    ({"name": ["a"]}, "name格式不正确"),
    ({"description": "说" * 2001}, "description过长"),
    ({"description": {}}, "description格式不正确"),
    ({"owner_resource": "shop"}, "owner_resource不在支持的范围内"),
    ({"owner_resource": "product"}, "owner_resource不在支持的范围内"),
    ({"owner_resource": ""}, "owner_resource不能为空"),
    ({"owner_resource": 1}, "owner_resource不在支持的范围内"),
    ({"owner_id": None}, "owner_id不能为空"),
    ({"owner_id": 0}, "owner_id不存在"),
    ({"owner_id": -1}, "owner_id不存在"),
    ({"owner_id": 12345}, "owner_id不存在"),
    ({"owner_id": MAX_ORDER_ID + 1}, "owner_id不存在"),
    ({"owner_id": 10**30}, "owner_id超出范围"),
    ({"owner_id": 1.5}, "owner_id必须是整数"),
    ({"owner_id": "x"}, "owner_id必须是整数"),
    ({"owner_id": True}, "owner_id必须是整数"),
    ({"fields": []}, "fields必须是对象"),
    ({"fields": "x"}, "fields必须是对象"),
    ({"fields": {"a": {}}}, "fields格式不正确"),
    ({"fields": {"a": [1]}}, "fields格式不正确"),
    ({"fields": {"": 1}}, "fields格式不正确"),
    ({"fields": {"k" * 201: 1}}, "fields格式不正确"),
    ({"fields": {"a": 2**53}}, "fields超出范围"),
    ({"fields": {"a": 1e300}}, "fields超出范围"),
    ({"fields": {str(n): n for n in range(201)}}, "fields过长"),
    ({"fields": {"a": "x" * 50_000}}, "fields过长"),
]


@pytest.mark.parametrize(("changes", "told"), BAD_METAS)
def test_a_metafield_that_can_not_be_is_refused_and_named(
    api: Client, order: Order, changes: dict[str, Any], told: str
) -> None:
    made = create(api, order, name="good")
    answer = api.call("create_metafield", body={"meta": meta(order, **changes)})
    assert errors(answer) == [told]
    answer = api.call("update_metafield", path=at(made), body={"meta": changes})
    assert errors(answer) == [told]
    assert metas(api) == [made]


@pytest.mark.parametrize("operation", ["create_metafield", "update_metafield"])
@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("{}", "meta不能为空"),
        ("[]", "meta不能为空"),
        ("", "meta不能为空"),
        ('{"meta": 1}', "meta必须是对象"),
        ('{"meta": {"fields": {"a": NaN}}}', "请求内容无法解析"),
        ("{" * 50, "请求内容无法解析"),
    ],
)
def test_a_metafield_comes_wrapped_in_meta(
    api: Client, order: Order, operation: str, raw: str, told: str
) -> None:
    made = create(api, order)
    assert errors(api.call(operation, path=at(made), raw=raw)) == [told]


def test_all_that_is_missing_is_named_at_once(api: Client, order: Order) -> None:
    answer = api.call("create_metafield", body={"meta": {}})
    assert errors(answer) == ["name不能为空", "owner_resource不能为空", "owner_id不能为空"]


def test_a_metafield_is_changed_where_the_request_says_so(
    application: Application, api: Client, order: Order, later: Callable[[float], None]
) -> None:
    made = create(api, order)
    later(5 * DAY)

    def edit(**changes: Any) -> Any:
        answer = api.call("update_metafield", path=at(made), body={"meta": changes})
        return is_answered(answer)["meta"]

    same = edit()
    assert same == made
    named = edit(name="stock")
    assert named == made | {"name": "stock", "updated_at": named["updated_at"]}
    assert named["updated_at"] > made["updated_at"]
    assert edit(fields={"other": 1})["fields"] == {"other": 1}
    assert edit(description=None)["description"] == ""
    assert edit(description="a\nb")["description"] == "a\nb"
    # As clients send it: all of it, whether it changes or not.
    whole = edit(**meta(order, name="stock", fields={"a": "b"}))
    assert whole["fields"] == {"a": "b"}
    other = make(application, number="2")
    assert edit(owner_id=other.id)["owner_id"] == other.id
    assert metas(api, owner_id=order.id) == []
    assert [found["id"] for found in metas(api, owner_id=other.id)] == [made["id"]]
    assert metas(api)[0]["created_at"] == made["created_at"]


def test_fields_are_added_replaced_and_taken_away_one_by_one(api: Client, order: Order) -> None:
    made = create(api, order, fields={"a": "1", "b": "2"})

    def fields(operation: str, **options: Any) -> Any:
        body = is_answered(api.call(operation, path=at(made), **options))
        assert set(body) == {"fields"}
        return body["fields"]

    assert fields("get_fields") == {"a": "1", "b": "2"}
    added = fields("set_fields", body={"fields": {"b": "3", "c": "4"}})
    assert added == fields("get_fields") == {"a": "1", "b": "3", "c": "4"}
    assert fields("set_fields", body={"fields": {}}) == added
    assert fields("delete_fields", query={"fields": "a,nonsense"}) == {"b": "3", "c": "4"}
    assert fields("delete_fields", body={"fields": ["b"]}) == {"c": "4"}
    fields("set_fields", body={"fields": {"d": "5", "e": "6", "f": "7"}})
    assert fields("delete_fields", body={"fields": "c,d"}) == {"e": "6", "f": "7"}
    assert fields("delete_fields", body={"fields": {"e": "6"}}) == {"f": "7"}
    assert fields("delete_fields") == fields("get_fields") == {}


@pytest.mark.parametrize(
    "options",
    [
        {"query": {"key": "a"}},
        {"query": {"fields": ""}},
        {"body": {"keys": ["a"]}},
        {"body": {"fields": []}},
        {"body": {"fields": 1.5}},
        {"body": {"fields": [["a"]]}},
        {"body": ["a"]},
    ],
)
def test_a_removal_that_names_no_fields_removes_none(
    api: Client, order: Order, options: dict[str, Any]
) -> None:
    made = create(api, order)
    errors(api.call("delete_fields", path=at(made), **options))
    assert metas(api) == [made]


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("{}", "fields不能为空"),
        ('{"fields": []}', "fields必须是对象"),
        ('{"fields": {"a": []}}', "fields格式不正确"),
        ("[]", "请求内容必须是对象"),
        ("", "请求内容必须是对象"),
    ],
)
def test_fields_that_can_not_be_set_are_refused(
    api: Client, order: Order, raw: str, told: str
) -> None:
    made = create(api, order)
    assert errors(api.call("set_fields", path=at(made), raw=raw)) == [told]


def test_fields_that_grow_step_by_step_have_a_bound_too(api: Client, order: Order) -> None:
    made = create(api, order)
    half = "x" * 30_000
    is_answered(api.call("set_fields", path=at(made), body={"fields": {"a": half}}))
    answer = api.call("set_fields", path=at(made), body={"fields": {"b": half}})
    assert errors(answer) == ["fields过长"]
    assert set(metas(api)[0]["fields"]) == {"key", "a"}


def test_a_metafield_that_was_removed_is_gone(api: Client, order: Order) -> None:
    made = create(api, order)
    assert is_answered(api.call("delete_metafield", path=at(made))) == {"meta": made}
    assert metas(api) == metas(api, owner_id=order.id) == []
    for operation in ("get_metafield", "delete_metafield", "get_fields", "delete_fields"):
        assert errors(api.call(operation, path=at(made)), 404) == ["未找到Metafield"]
    body = {"meta": {"name": "x"}, "fields": {"a": 1}}
    for operation in ("update_metafield", "set_fields"):
        assert errors(api.call(operation, path=at(made), body=body), 404)
    create(api, order)


@pytest.mark.parametrize("identifier", ["0", "x", "-1", "9" * 30, "1.0"])
def test_what_is_no_id_is_not_found(application: Application, api: Client, identifier: str) -> None:
    answer = api.call("get_metafield", path={"id": identifier})
    assert errors(answer, 404) == ["未找到Metafield"]


def test_other_shops_metafields_are_not_there(api: Client, other_api: Client, order: Order) -> None:
    made = create(api, order)
    assert metas(other_api) == metas(other_api, owner_id=order.id) == []
    assert metas(other_api, ids=made["id"]) == []
    body = {"meta": meta(order), "fields": {"a": 1}}
    for operation in (
        "get_metafield",
        "update_metafield",
        "delete_metafield",
        "get_fields",
        "set_fields",
        "delete_fields",
    ):
        assert errors(other_api.call(operation, path=at(made), body=body), 404)
    # Nor can they be put beside another shop's order.
    answer = other_api.call("create_metafield", body={"meta": meta(order)})
    assert errors(answer) == ["owner_id不存在"]
    assert metas(api) == [made]


def test_metafields_are_found_by_all_that_is_known_of_them(
    application: Application, api: Client, order: Order, later: Callable[[float], None]
) -> None:
    other = make(application, number="2")
    later(3 * DAY)
    first = create(api, order)
    second = create(api, other)
    later(4 * DAY)
    third = create(api, order, name="erp")
    later(5 * DAY)
    api.call("set_fields", path=at(first), body={"fields": {"a": 1}})

    def found(**query: object) -> list[int]:
        return [each["id"] for each in metas(api, **query)]

    one, two, three = (each["id"] for each in (first, second, third))
    assert found() == [one, two, three]
    assert found(name="inventory") == [one, two]
    assert found(name="inv") == []
    assert found(owner_id=order.id) == [one, three]
    assert found(owner_id=other.id, name="inventory") == [two]
    assert found(owner_id=other.id, name="erp") == []
    assert found(owner_id=1) == found(owner_id=-1) == found(owner_id=10**18) == []
    assert found(owner_resource="order", owner_id=order.id) == [one, three]
    assert found(owner_resource="order") == [one, two, three]
    assert found(owner_resource="product", owner_id=order.id) == []
    assert found(since_id=one) == [two, three]
    assert found(since_id=one, owner_id=order.id) == [three]
    assert found(ids=f"{three},{one},5") == [one, three]
    assert found(id=two) == [two]
    assert found(id=two, ids=one) == []
    assert found(ids=f"{one},{two}", owner_id=order.id) == [one]
    assert found(created_at_min=third["created_at"]) == [three]
    assert found(created_at_max=second["created_at"]) == [one, two]
    assert found(created_at_max="2000-01-01", owner_id=order.id) == []
    assert found(updated_at_min=third["created_at"]) == [one, three]
    assert found(updated_at_max=second["created_at"]) == [two]
    assert found(limit=2) == [one, two]
    assert found(limit=2, page=2) == [three]
    assert found(limit=1, page=2, owner_id=order.id) == [three]
    assert [sorted(each) for each in metas(api, fields="id,name", limit=1)] == [["id", "name"]]


def test_ten_metafields_are_shown_unless_told_and_fifty_at_most(api: Client, order: Order) -> None:
    made = [create(api, order, name=f"n{n}")["id"] for n in range(52)]
    for owner in ({}, {"owner_id": order.id}):
        assert [m["id"] for m in metas(api, fields="id", **owner)] == sorted(made)[:10]
        assert len(metas(api, fields="id", limit=99, **owner)) == 50
        assert len(metas(api, fields="id", limit=50, page=2, **owner)) == 2
    assert is_answered(api.call("count_metafields")) == {"count": 52}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"owner_id": "x"}, "owner_id必须是整数"),
        ({"limit": "0"}, "limit过小"),
        ({"updated_at_max": "x"}, "updated_at_max不是有效的时间(格式2014-09-01T01:00:01)"),
        ({"name": "\x00"}, "name格式不正确"),
    ],
)
def test_malformed_filters_of_metafields_are_named(
    api: Client, query: dict[str, str], told: str
) -> None:
    assert errors(api.call("list_metafields", query=query)) == [told]


# -- anything at all -------------------------------------------------------------------------------

HOSTILE = [
    "null",
    "[]",
    "[[]]",
    '"text"',
    "true",
    "-1",
    '{"order": {"total_amount": {"$gt": 0}}, "meta": {"name": {"$ne": 1}}, "fields": {"$set": 1}}',
    '{"meta": [null], "order": [null], "fields": [null]}',
    '{"meta": {"fields": {"a": ' + "[" * 40 + "]" * 40 + "}}}",
    '{"meta": {"name": 1e999, "owner_id": 1e999, "owner_resource": 1e999}}',
    '{"order": {"total_amount": 1E+999999999}}',
    '{"order": {"total_amount": 0E+999999999}}',
    '{"fields": {"a": 1e999, "b": -1e999, "c": 1e-999}}',
    '{"fields": {"\\u0000": "\\u0000"}}',
    '{"__proto__": {"a": 1}, "constructor": 1}',
    "\ufeff{}",
    "{\x00}",
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_body_makes_us_fail(api: Client, order: Order, operation: str) -> None:
    for raw in HOSTILE:
        made = create(api, order, name="x")
        owner = path(order) if "order" in operation else at(made)
        answer = api.call(operation, path=owner, raw=raw)
        is_no_fault_of_ours(answer)
        assert get(api, order)["total_amount"] in (0.03, 0), raw
        api.call("delete_metafield", path=at(made))


def is_no_fault_of_ours(answer: Answer) -> None:
    assert answer.status in (200, 400, 401), answer.body
    assert CALL_LIMIT.fullmatch(answer.headers[LIMIT_HEADER])
    if answer.status == 200:
        assert answer.body.get("code", 422) in (404, 422)


HOSTILE_QUERY = [
    {"limit": "１０", "page": "１"},
    {"fields": "\ud800"},
    {"fields": "," * 20_000},
    {"ids": "0x10", "since_id": "0x10"},
    {"created_at_min": "2014-09-01T01:00:01+08:00:61"},
    {"created_at_min": "10000-01-01", "created_at_max": "-1"},
    {"created_at_min": "2014-W36-1", "updated_at_max": "20140901T010001"},
    {"customer_id": "' OR 1=1 --", "order_no": "%' --", "owner_id": "1 OR 1=1"},
    {"customer_id": "\u0000", "name": "\u0000"},
    {"customer_id": "é" * 255},
    {"id[$gt]": "0", "__proto__": "1"},
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_query_makes_us_fail(api: Client, order: Order, operation: str) -> None:
    for query in HOSTILE_QUERY:
        is_no_fault_of_ours(api.call(operation, path=path(order), query=query))
