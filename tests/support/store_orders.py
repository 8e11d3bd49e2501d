"""Orders as Shoplazza's clients ask for them."""

from typing import Any, Final

ADDRESS: Final[dict[str, Any]] = {
    "last_name": "Han",
    "email": "mei.han@example.com",
    "country": "United States",
    "country_code": "US",
    "province_code": "NM",
    "city": "San Jose",
    "address": "1 Rue des Carrieres",
}
LAMP: Final = {"product_id": "lamp", "variant_id": "lamp-1"}


def store_order(pieces: int = 1, **fields: Any) -> dict[str, Any]:
    """A request for lamps with what the document requires."""
    return {
        "line_items": [{**LAMP, "quantity": pieces}],
        "shipping_address": dict(ADDRESS),
        "tax_total": "0.00",
        "currency_code": "CNY",
        **fields,
    }
