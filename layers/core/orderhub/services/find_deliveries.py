"""Look through the log of deliveries."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from orderhub.domain.dataclass import dataclass
from orderhub.domain.delivery import Delivery, DeliveryState
from orderhub.ports import DeliveryLog, DeliveryPage

_PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedDeliveries:
    """What is not given doesn't matter. Times have a zone and are those of the events, both
    included."""

    state: DeliveryState | None = None
    since: datetime | None = None
    until: datetime | None = None


def find_deliveries(
    log: DeliveryLog,
    shop_id: str,
    subscription_id: int,
    wanted: WantedDeliveries,
    *,
    limit: int,
    cursor: str | None = None,
    on_read: Callable[[int], None] = lambda _: None,
) -> DeliveryPage:
    """The newest ``limit`` deliveries that are wanted, and where to read on. The log is read from
    ``cursor``, or its newest event, back to ``since``; ``on_read`` hears of how many were read.

    Raises ``ValueError`` for a cursor that no page ended with.
    """
    found: list[Delivery] = []
    takes_all = wanted.state is None and wanted.until is None
    while True:
        size = limit - len(found) if takes_all else _PAGE
        page = log.page(shop_id, subscription_id, limit=size, cursor=cursor)
        on_read(len(page.deliveries))
        for place, each in enumerate(page.deliveries, start=1):
            at = datetime.fromisoformat(each.occurred_at)
            if wanted.since is not None and at < wanted.since:
                return DeliveryPage(tuple(found), None)
            if wanted.state in (None, each.state) and (wanted.until is None or at <= wanted.until):
                found.append(each)
            if len(found) == limit and place < len(page.deliveries):
                # The page that ends here knows where the next one begins.
                ending = log.page(shop_id, subscription_id, limit=place, cursor=cursor)
                return DeliveryPage(tuple(found), ending.cursor)
        if page.cursor is None or len(found) == limit:
            return DeliveryPage(tuple(found), page.cursor)
        cursor = page.cursor
