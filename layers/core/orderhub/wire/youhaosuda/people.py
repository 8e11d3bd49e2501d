"""Customers and their addresses."""

from typing import TYPE_CHECKING

from orderhub.domain.details import Address
from orderhub.domain.order import Order

from .values import part_number

if TYPE_CHECKING:
    from . import answers


def customer(order: Order, created_at: str) -> "answers.Customer | None":
    """``null`` for orders of nobody in particular. ``created_at`` is the order's: older is not
    known."""
    contact = order.details.buyer
    if contact is None:
        return None
    return {
        "addresses": _addresses(order, created_at),
        "avatar": None,
        "created_at": created_at,
        "id": order.customer_number,
        "name": contact.name,
        "notify_email": contact.email,
        "notify_phone": contact.phone,
        "reg_identity": contact.email or contact.phone,
        "reg_type": "mobile" if contact.phone and not contact.email else "email",
        "updated_at": created_at,
    }


def address(known: Address) -> "answers.Address":
    """Where an order goes. Text that isn't known is empty, a missing postcode is ``null``."""
    return {
        "city": known.city,
        "city_code": known.city_code,
        "complete_address": _complete(known),
        **_common(known),
    }


def _addresses(order: Order, created_at: str) -> "list[answers.CustomerAddress]":
    """Those that the order has: where it goes, and where the invoice goes if that is elsewhere."""
    details = order.details
    known = [a for a in (details.shipping_address, details.billing_address) if a]
    different = [a for index, a in enumerate(known) if a not in known[:index]]
    return [
        {
            "city": each.city,
            "city_code": each.city_code,
            "completed_address": _complete(each),
            "created_at": created_at,
            "detail": _detail(each),
            "id": part_number(order.id, "address", position),
            "is_default": position == 1,
            "updated_at": created_at,
            **_common(each),
        }
        for position, each in enumerate(different, start=1)
    ]


def _common(known: Address) -> "answers.Place":
    telephone = known.attributes.get("telephone")
    return {
        "country": known.country,
        "country_code": known.country_code,
        "district": known.district,
        "district_code": known.district_code,
        "email": known.email,
        "mobile": known.phone,
        "name": name_of(known),
        "province": known.province,
        "province_code": known.province_code,
        "telephone": telephone if isinstance(telephone, str) else "",
        "zipcode": known.postal_code or None,
    }


def name_of(known: Address) -> str:
    return known.full_name or f"{known.given_name} {known.family_name}".strip()


def _detail(known: Address) -> str:
    return f"{known.line1} {known.line2}".strip()


def _complete(known: Address) -> str:
    parts = (known.country, known.province, known.city, known.district, _detail(known))
    return ",".join(part for part in parts if part)
