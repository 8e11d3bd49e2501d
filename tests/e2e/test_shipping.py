"""Goods on the running stack: shipped by the operator's command line, received by the clock."""

import json
import subprocess
import time
from datetime import datetime, timedelta
from typing import Any

from orderhub.adapters.system import SystemClock
from orderhub.domain.shipment import ShipmentState
from orderhub.services.replay_order import replay_order
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop, make_order
from tests.support.table import ROOT

pytestmark = ON_THE_CLOUD

WINDOW = 3
"""Seconds after which shipments receive themselves."""


def ask(deployment: Deployment, *arguments: str) -> Any:
    """What ``./orderhub`` answers about this stack, in JSON."""
    stack_file = deployment.cloud.home / "stack.json"
    command = [str(ROOT / "orderhub"), "--stack", str(stack_file), *arguments, "--json"]
    done = subprocess.run(  # noqa: S603 - our own command
        command, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_shipment_receives_itself_to_the_second_and_then_the_machine_writes_it_down(
    deployment: Deployment, shop: Shop
) -> None:
    windows = ("shop", "windows", shop.id, "--wire", "marketplace")
    ask(deployment, *windows, "--auto-receive", f"{WINDOW}s")
    with shop.client() as api:
        order = make_order(api)
        path = f"/orders/{order['id']}"
        paid = api.post(f"{path}/pay", json={"merchant_trade_no": "T1", "payment": "50"})
        assert paid.json()["payment_state"] == "paid"

        def on(verb: str, *more: str) -> Any:
            return ask(deployment, "order", verb, shop.id, str(order["id"]), *more)

        sent = on("ship", "--carrier", "SF", "--tracking", "SF1", "--line", "1=5")
        due = datetime.fromisoformat(sent["shipment"]["auto_receive_at"])
        assert due == datetime.fromisoformat(sent["shipment"]["sent_at"]) + timedelta(
            seconds=WINDOW
        )
        time.sleep(max(0.0, (due - SystemClock().now()).total_seconds()) + 0.01)

        assert on("show")["fulfilment_status"] == "received"
        [shipment] = api.get(path).json()["shipments"]
        assert (shipment["state"], shipment["tracking"]) == ("received", "SF1")
        assert on("ship", "--carrier", "SF", "--tracking", "SF1")["changed"] is False
        run = deployment.run_machine("AutoReceiveArn")
        assert run["status"] == "SUCCEEDED", run
        assert json.loads(run["output"])["batchesLeftDue"] == 0

    proof = replay_order(deployment.application.desk, shop.id, order["id"])
    assert proof.agrees
    assert [(entry.actor.kind, entry.event.TYPE) for entry in proof.events[-2:]] == [
        ("operator", "shipment.sent"),
        ("clock", "shipment.received"),
    ]
    [parcel] = proof.snapshot.shipments
    assert (parcel.state, parcel.updated_at) == (ShipmentState.RECEIVED, due)
