"""Buyers and where their goods go."""

from typing import TYPE_CHECKING

from orderhub.domain.details import Address
from orderhub.domain.order import Order

from .values import country, present

if TYPE_CHECKING:
    from . import answers


def buyer_name(order: Order) -> str:
    """Under which the buyer is known here; else the name on the parcel."""
    customer, where = order.details.customer, order.details.shipping_address
    known = (customer.name or customer.id) if customer else ""
    return known or (_full_name(where) if where else "")


def buyer_email(order: Order) -> str:
    details = order.details
    for person in (details.customer, details.shipping_address, details.billing_address):
        if person and person.email:
            return person.email
    return ""


def address(where: Address) -> "answers.Address":
    shown: answers.Address = {
        "full": _in_full(where),
        "address1": where.line1,
        "address2": where.line2,
        "country_code": country(where.country_code),
        "city": where.city,
        "state": where.province or where.province_code,
        "postal_code": where.postal_code,
        "phone_number": where.phone,
    }
    name: answers.Name = {
        "full": _full_name(where),
        "first": where.given_name,
        "last": where.family_name,
    }
    if known := present(name):
        shown["name"] = known
    return present(shown)


def _full_name(where: Address) -> str:
    return where.full_name or f"{where.given_name} {where.family_name}".strip()


def _in_full(where: Address) -> str:
    """As one writes it on a parcel, below the name."""
    town = " ".join(filter(None, (where.postal_code, where.city)))
    state = where.province or where.province_code
    lines = (where.line1, where.line2, where.district, town, state, where.country)
    return "\n".join(line for line in lines if line)
