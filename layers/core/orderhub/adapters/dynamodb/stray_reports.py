"""Reports without an order in the single table: one partition a shop, by payment."""

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from orderhub.domain.report import PaymentReport
from orderhub.ports import DAMAGE, StrayReport

from . import items, keys
from .client import DynamoDBClient, query, translated
from .codec import decode


class DynamoStrayReports:
    """:class:`orderhub.ports.StrayReports` over one table, which forgets them by itself some time
    after their ``kept_until``."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def keep(self, shop_id: str, stray: StrayReport) -> None:
        item: dict[str, Any] = {
            **items.document(keys.stray_reports(shop_id), _sort_key(stray.report), stray),
            keys.EXPIRES_AT: {"N": str(math.ceil(stray.kept_until.timestamp()))},
        }
        with translated():
            self._client.put_item(TableName=self._table, Item=item)

    def of_transaction(
        self, shop_id: str, provider: str, transaction_id: str
    ) -> Sequence[StrayReport]:
        prefix = keys.stray_report(_digest(provider, transaction_id), "")
        return list(self._found(shop_id, prefix))

    def of_shop(self, shop_id: str) -> Iterator[StrayReport]:
        return self._found(shop_id, "")

    def unreadable(self, shop_id: str) -> Sequence[str]:
        found = query(self._client, self._table, keys.stray_reports(shop_id))
        return [item["sk"]["S"] for item in found if _stray(item) is None]

    def remove(self, shop_id: str, report: PaymentReport) -> None:
        key = {"pk": {"S": keys.stray_reports(shop_id)}, "sk": {"S": _sort_key(report)}}
        with translated():
            self._client.delete_item(TableName=self._table, Key=key)

    def _found(self, shop_id: str, prefix: str) -> Iterator[StrayReport]:
        for item in query(self._client, self._table, keys.stray_reports(shop_id), prefix):
            # A damaged one must not stand in the way of the others.
            if stray := _stray(item):
                yield stray


def _stray(item: dict[str, Any]) -> StrayReport | None:
    try:
        return decode(items.body_of(item), StrayReport)
    except DAMAGE:
        return None


def _sort_key(report: PaymentReport) -> str:
    """One event of a provider may be several reports."""
    told = (report.event_id, report.kind.value, report.refund_id, report.dispute_id)
    return keys.stray_report(_digest(report.provider, report.transaction_id), _digest(*told))


def _digest(*names: str) -> str:
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()[:32]
