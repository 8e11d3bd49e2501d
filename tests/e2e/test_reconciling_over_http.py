"""What the APIs and the clock made of a shop's orders reconciles."""

from collections.abc import Callable

from orderhub.adapters.dynamodb import keys
from orderhub.services.reconcile import Auditor, Flaw, Reconciled, reconcile_shop
from tests.e2e.conftest import (
    ON_THE_CLOUD,
    Counter,
    Deployment,
    Shop,
    make_order,
    new_store,
)
from tests.support.store_orders import store_order

pytestmark = ON_THE_CLOUD


def reconciled(deployment: Deployment, shop: Shop, *, repair: bool = False) -> list[Reconciled]:
    application = deployment.application
    auditor = Auditor(application.desk, application.audit)
    return list(reconcile_shop(auditor, shop.id, repair=repair))


def test_a_shop_reconciles_after_all_that_happens_to_its_orders(
    deployment: Deployment, make_counter: Callable[..., Counter]
) -> None:
    counter = make_counter()
    shop = counter.shop
    store = new_store(deployment, shop=shop)
    with shop.client() as api, store.client() as shoplazza:
        paid, partly, unpaid = make_order(api), make_order(api), make_order(api)
        for order, amount in ((paid, "50"), (partly, "20")):
            body = {"merchant_trade_no": f"T{order['id']}", "payment": amount}
            assert api.post(f"/orders/{order['id']}/pay", json=body).status_code == 200
        assert api.post(f"/orders/{paid['id']}/complete").status_code == 200
        made = shoplazza.post("/openapi/2022-01/orders", json=store_order(2))
        assert made.status_code == 200, made.text
    sold = counter.sell("create", cart_id=counter.cart(pieces=3), type="credit_card_consumer_app")
    assert sold.status_code == 200, sold.text

    outcomes = reconciled(deployment, shop)
    assert [each.left for each in outcomes if each.left] == []
    assert len(outcomes) == 6, "five orders, and the shop itself"

    where = {
        "TableName": deployment.outputs["TableName"],
        "Key": {
            "pk": {"S": keys.order(shop.id, unpaid["id"])},
            "sk": {"S": keys.ORDER_HEADER},
        },
    }
    deployment.table.update_item(**where, UpdateExpression="REMOVE due_pk, listing_pk")
    (damaged,) = [each for each in reconciled(deployment, shop) if each.left]
    assert [finding.flaw for finding in damaged.left] == [Flaw.INDEX_DIFFERS]
    (mended,) = [each for each in reconciled(deployment, shop, repair=True) if each.mended]
    assert (mended.order_id, mended.left) == (unpaid["id"], ())
    assert all(each.is_clean for each in reconciled(deployment, shop))
