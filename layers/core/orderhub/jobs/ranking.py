"""Milestones and the index of numbers, kept when an order in many says that it is time again."""

from typing import Any

from aws_lambda_powertools.logging import Logger

from orderhub import bootstrap
from orderhub.services import index_numbers, rank_orders

from .invocation import names_itself

logger = Logger()


@names_itself(logger)
def lay_milestones(event: dict[str, Any], context: Any) -> None:
    """Lay what milestones there can be in each shop that the batch of stream records is about, and
    index the numbers of its orders.

    What fails is tried again by Lambda, and by the next batch.
    """
    shops = {bootstrap.order_of(record).shop_id for record in event["Records"]}
    desk = bootstrap.application().desk
    for shop_id in sorted(shops):
        laid = rank_orders.lay_milestones(desk, shop_id)
        indexed = index_numbers.index_numbers(desk, shop_id)
        logger.info("milestones", extra={"shop_id": shop_id, "laid": laid, "indexed": indexed})
