"""Clients that may be killed at any moment: processes that run functions in a loop and tell through
a pipe what was answered to them."""

import json
import multiprocessing
import os
import select
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Final

from orderhub import bootstrap
from orderhub.domain.money import Money
from tests.support.api import Answer, Client

NOTIFICATION = {
    "kind": "taobao",
    "address_fullname": "韩梅梅",
    "address_phone": "13900000002",
    "address_province_id": 440000,
    "address_city_id": 440300,
    "address_post_code": "518057",
    "address_address": "科技园新西路7号",
}
LINES: Final = 3
PRICE: Final = Money.of(60, "CNY")
"""Of all three lines: one piece, two and three at 10.00."""


@dataclass
class Sale:
    """An order with three lines, paid and completed; ``answers`` are those that were given, by
    step."""

    number: str
    answers: dict[str, Any] = field(default_factory=dict)

    def proceed(self, client: Client) -> Iterator[tuple[str, Any]]:
        """Do it all, or what is left of it, and tell each step's answer as it comes."""
        body = {**NOTIFICATION, "merchant_order_no": self.number}
        created = _good(client.call("create_order", body=body))
        yield "created", created.body["id"]
        path = {"id": str(created.body["id"])}
        for number in range(len(created.body["line_items"]), LINES):
            line = {"product_id": "1", "price": "10.00", "quantity": number + 1}
            _good(client.call("create_line_item", path=path, body=line))
            yield f"line {number}", True
        trade = {"merchant_trade_no": f"T{self.number}", "payment": "60.00"}
        paid = _good(client.call("pay_order", path=path, body=trade))
        yield "paid", paid.body["payment_total"]
        _good(client.call("complete_order", path=path))
        yield "completed", True


def _good(answer: Answer) -> Answer:
    assert answer.status in (200, 201), answer
    return answer


def marketplace(token: str) -> Client:
    """A sender of orders, whose requests this process answers itself."""
    return Client("marketplace", {"authorization": f"Bearer {token}"})


def sell(environment: Mapping[str, str], token: str, name: str, told: Connection) -> None:
    """What such a process does until it is killed."""
    os.environ.update(environment)
    # What functions log is no output of the tests.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    bootstrap.application.cache_clear()
    client = marketplace(token)
    count = 0
    while True:
        sale = Sale(f"{name}-{count}")
        told.send_bytes(json.dumps([sale.number, "begun", True]).encode())
        for step, answer in sale.proceed(client):
            told.send_bytes(json.dumps([sale.number, step, answer]).encode())
        count += 1


class Seller:
    """A process that sells, seen from outside."""

    def __init__(self, process: Any, told: Connection) -> None:
        self._process, self._told = process, told
        self.sales: dict[str, Sale] = {}

    def live(self, seconds: float) -> None:
        """Let it sell for so long after its first sale has begun, then kill it."""
        assert self._told.poll(60), "it never began"
        self._process.join(seconds)
        assert self._process.is_alive(), "it ended by itself"
        self._process.kill()
        self._process.join()
        assert self._process.exitcode == -signal.SIGKILL
        # A message that was cut off by the end was the answer of nobody.
        while select.select([self._told], [], [], 0)[0]:
            try:
                number, step, answer = json.loads(self._told.recv_bytes())
            except (EOFError, OSError):
                break
            self.sales.setdefault(number, Sale(number)).answers[step] = answer


@contextmanager
def seller(environment: Mapping[str, str], token: str, name: str) -> Iterator[Seller]:
    """A new one, from a process that has all imported already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, *_FUNCTIONS])
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=sell, args=(environment, token, name, there), daemon=True)
    process.start()
    there.close()
    try:
        yield Seller(process, here)
    finally:
        process.kill()
        process.join()
        process.close()
        here.close()


_FUNCTIONS = tuple(
    f"functions.marketplace.{name}.app"
    for name in ("create_order", "create_line_item", "pay_order", "complete_order")
)
