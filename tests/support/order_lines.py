"""Orders of another shop system as lines for ``orderhub import``: as many as are wanted, of every
kind, the same each time."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

BEGAN: Final = datetime(2024, 3, 1, tzinfo=UTC)
_PRICES: Final = ("0.99", "4.50", "12.00", "64.00", "128.00", "999.99")
_KINDS: Final = ("paid", "refunded", "part refunded", "sent", "received", "expired", "cancelled")


def order_lines(count: int, *, prefix: str = "OLD") -> Iterator[str]:
    """So many orders, made one after the other within 500 days. Their references are ``prefix`` and
    a number from 0 on."""
    step = timedelta(days=500) / max(count, 1)
    chance = random.Random(20240301)  # noqa: S311 - the same each time
    for number in range(count):
        yield json.dumps(_order(number, BEGAN + step * number, chance, prefix), ensure_ascii=False)


def write_lines(file: Path, count: int, **told: Any) -> None:
    """The same into a file."""
    with file.open("w", encoding="utf-8") as text:
        for line in order_lines(count, **told):
            text.write(line + "\n")


def _order(number: int, at: datetime, chance: random.Random, prefix: str) -> dict[str, Any]:
    kind = _KINDS[number % len(_KINDS)]
    many = 60 if number % 500 == 7 else chance.randint(1, 4)
    lines = [
        {
            "product_id": str(chance.randint(1, 900)),
            "name": chance.choice(("Tea pot", "茶壶", "Brick 2 x 4", "Кирпич")),
            "sku": f"S-{chance.randint(100, 999)}",
            "quantity": chance.randint(1, 3),
            "unit_price": chance.choice(_PRICES),
        }
        for _ in range(many)
    ]
    total = sum(int(line["quantity"]) * _cents(line["unit_price"]) for line in lines)
    told: dict[str, Any] = {
        "wire": "shoplazza",
        "reference": f"{prefix}-{number:06d}",
        "created_at": _text(at),
        "customer": {"id": f"c{number % 997}", "name": "韩梅梅", "email": f"c{number}@example.org"},
        "shipping_address": {"full_name": "Mei Han", "line1": "Road 7", "city": "Shenzhen"},
        "lines": lines,
        "tags": ["moved"],
    }
    if number % 11 == 0:
        told["notes"] = [{"text": "rang the bell twice", "at": _text(at + timedelta(days=9))}]
    if kind == "expired":
        return {**told, "status": "expired", "closed_at": _text(at + timedelta(hours=1))}
    if kind == "cancelled":
        closed = {"status": "cancelled", "closed_at": _text(at + timedelta(hours=2))}
        return {**told, **closed, "cancel_reason": "changed their mind"}
    paid_at = at + timedelta(minutes=chance.randint(1, 50))
    payment = {"provider": "oldpay", "transaction_id": f"{prefix}-T{number}", "at": _text(paid_at)}
    told["payments"] = [{**payment, "amount": _major(total)}]
    if kind in ("refunded", "part refunded"):
        share = total if kind == "refunded" else max(1, total // 3)
        at = paid_at + timedelta(days=2)
        told["refunds"] = [
            {"amount": _major(share), "transaction_id": f"{prefix}-R{number}", "at": _text(at)}
        ]
    if kind in ("sent", "received"):
        shipment = {"carrier": "SF", "tracking_number": f"SF{number:09d}"}
        shipment["sent_at"] = _text(paid_at + timedelta(days=1))
        if kind == "received":
            shipment["received_at"] = _text(paid_at + timedelta(days=4))
        told["shipments"] = [shipment]
    return told


def _cents(price: object) -> int:
    return int(str(price).replace(".", ""))


def _major(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
