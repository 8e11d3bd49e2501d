"""What this API alone knows of an order, kept in its details; and how it is spelled there.

``docs/apis/bricklink.md`` lists the facts that operators may give with an order.
"""

from collections.abc import Mapping
from typing import Final

from orderhub.domain.order import Order
from orderhub.services.change_costs import SALES_TAX_RATE

WIRE: Final = "bricklink"

PAYMENT_SAID: Final = "payment_said"
"""The seller's last word on the payment that says more than the core keeps."""

# What was told of a parcel before there was one.
TRACKING_NUMBER: Final = "tracking_no"
TRACKING_LINK: Final = "tracking_link"
DATE_SHIPPED: Final = "date_shipped"

METHOD: Final = "shipping_method"
METHOD_ID: Final = "shipping_method_id"
REQUIRE_INSURANCE: Final = "require_insurance"
VAT_RATE: Final = "vat_rate"
TAX_RATE: Final = SALES_TAX_RATE[1]


def of(order: Order) -> Mapping[str, str | int | bool | None]:
    return order.details.extensions.get(WIRE, {})
