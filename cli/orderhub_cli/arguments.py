"""Arguments and options that several commands have, and how their values are read.

Only what can be judged by looking at the value alone is judged here, and is then a mistake in the
command (exit code 2). What depends on what is stored, the services refuse (exit code 1).
"""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, TypeVar

import typer

from orderhub.domain.details import Address
from orderhub.domain.errors import InvalidField
from orderhub.domain.money import UnitPrice, require_currency
from orderhub.domain.order import LONGEST_NOTE
from orderhub.domain.payment_account import PROVIDERS
from orderhub.domain.shipment import (
    LONGEST_CARRIER,
    LONGEST_TRACKING_NUMBER,
    LONGEST_TRACKING_URL,
)
from orderhub.domain.shop import WIRES, CartLine, require_identifier
from orderhub.domain.text import readable, web_address
from orderhub.services.manage_payment_accounts import require_provider
from orderhub.services.manage_people import LARGEST_ID, require_cover_image
from orderhub.services.manage_shops import require_domain, require_timezone, require_wire
from orderhub_cli import durations
from orderhub_cli.failures import reason_in_words

_T = TypeVar("_T")

_AMOUNT: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")
_SHIPPED_LINE: Final = re.compile("([0-9]{1,9})=([0-9]{1,9})")


def understood(option: str, read: Callable[[], _T]) -> _T:
    """What ``read`` returns; what it can't take becomes a mistake in ``option``."""
    try:
        return read()
    except InvalidField as error:
        raise typer.BadParameter(reason_in_words(error), param_hint=f"'{option}'") from None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=f"'{option}'") from None


def _checked(check: Callable[[str], object]) -> Callable[[str | None], str | None]:
    """A callback for parameters whose text stays as it is, once ``check`` found it good."""

    def callback(text: str | None) -> str | None:
        if text is not None:
            try:
                check(text)
            except InvalidField as error:
                raise typer.BadParameter(reason_in_words(error)) from None
            except ValueError as error:
                raise typer.BadParameter(str(error)) from None
        return text

    return callback


identifier = _checked(lambda text: require_identifier("id", text))
"""A callback for parameters that are ids."""
domain = _checked(require_domain)
"""A callback for parameters that are host names, or empty."""
_currency = _checked(require_currency)
_duration = _checked(durations.seconds_in)

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
ShopId = Annotated[str, typer.Argument(metavar="SHOP", help="The shop's id.", callback=identifier)]
ProductId = Annotated[
    str, typer.Argument(metavar="PRODUCT_ID", help="The product's id.", callback=identifier)
]
CartId = Annotated[
    str, typer.Argument(metavar="CART_ID", help="The cart's id.", callback=identifier)
]
UserId = Annotated[
    int, typer.Argument(metavar="USER_ID", help="The user's id, a number.", min=1, max=LARGEST_ID)
]
CompanyId = Annotated[
    int,
    typer.Argument(metavar="COMPANY_ID", help="The company's id, a number.", min=1, max=LARGEST_ID),
]
_ADDRESS = "Address"
Street = Annotated[
    str, typer.Option("--street", help="Street and house number.", rich_help_panel=_ADDRESS)
]
City = Annotated[str, typer.Option("--city", rich_help_panel=_ADDRESS)]
Province = Annotated[str, typer.Option("--province", help="Or state.", rich_help_panel=_ADDRESS)]
PostalCode = Annotated[str, typer.Option("--postal-code", rich_help_panel=_ADDRESS)]
Country = Annotated[
    str, typer.Option("--country", help="As it is to be shown.", rich_help_panel=_ADDRESS)
]
OrderName = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="The order's id, its number, or another system's name for it."
    ),
]
ShipmentId = Annotated[
    int | None,
    typer.Option(
        "--shipment",
        metavar="NUMBER",
        help="One shipment, as 'order show' counts them.",
        show_default="all",
        min=1,
    ),
]
Carrier = Annotated[
    str,
    typer.Option(
        help="Who carries it.",
        callback=_checked(lambda text: readable("carrier", text, LONGEST_CARRIER)),
    ),
]
TrackingNumber = Annotated[
    str,
    typer.Option(
        "--tracking",
        metavar="NUMBER",
        help="The carrier's tracking number. The same again sends nothing again.",
        callback=_checked(lambda text: readable("tracking", text, LONGEST_TRACKING_NUMBER)),
    ),
]
TrackingUrl = Annotated[
    str,
    typer.Option(
        "--url",
        help="Where it can be tracked, http or https.",
        callback=_checked(lambda text: web_address("url", text, LONGEST_TRACKING_URL)),
    ),
]
Wire = Annotated[
    str,
    typer.Option(
        "--wire",
        metavar="WIRE",
        help=f"The order API: {', '.join(WIRES)}.",
        callback=_checked(require_wire),
        autocompletion=lambda: list(WIRES),
    ),
]
Provider = Annotated[
    str,
    typer.Argument(
        metavar="PROVIDER",
        help=f"The payment provider: {', '.join(PROVIDERS)}.",
        callback=_checked(require_provider),
        autocompletion=lambda: list(PROVIDERS),
    ),
]
Currency = Annotated[
    str, typer.Option("--currency", help="ISO 4217, like CNY.", callback=_currency)
]
CurrencyOrShops = Annotated[
    str | None,
    typer.Option(
        "--currency",
        help="ISO 4217, like CNY.",
        callback=_currency,
        show_default="the shop's currency",
    ),
]
Timezone = Annotated[
    str,
    typer.Option(
        "--timezone", help="IANA name, like Asia/Shanghai.", callback=_checked(require_timezone)
    ),
]


def window(option: str, help_text: str) -> typer.models.OptionInfo:
    """An option for a duration, which :func:`orderhub_cli.durations.seconds_in` then reads."""
    made: typer.models.OptionInfo = typer.Option(
        option, metavar="DURATION", help=help_text, callback=_duration
    )
    return made


def unit_price(text: str, currency: str, option: str) -> UnitPrice:
    """A price per piece in major units: ``64.00``."""
    return understood(option, lambda: UnitPrice.of(text, currency, "price"))


def amount(text: str) -> Decimal:
    """An amount in major units, like ``12.50``. Raises ``ValueError``."""
    if not _AMOUNT.fullmatch(text):
        raise ValueError(f"{text!r} is not an amount like 12.50")
    return Decimal(text)


def cart_line(text: str) -> CartLine:
    """A line like ``PRODUCT:VARIANT:QUANTITY``. Raises ``ValueError`` or :class:`InvalidField`."""
    parts = text.split(":")
    if len(parts) != 3 or not (parts[2].isascii() and parts[2].isdecimal()):
        raise ValueError(f"{text!r} is not like PRODUCT:VARIANT:QUANTITY")
    product_id, variant_id, quantity = parts
    return CartLine(
        require_identifier("product", product_id),
        require_identifier("variant", variant_id),
        int(quantity),
    )


def shipped_line(text: str) -> tuple[int, int]:
    """A line's number and pieces of it, like ``1=2``. Raises ``ValueError``."""
    found = _SHIPPED_LINE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not like LINE=PIECES")
    return int(found[1]), int(found[2])


def _require_note(text: str) -> None:
    if not readable("text", text, LONGEST_NOTE, multiline=True):
        raise InvalidField("text", "blank", "there is nothing to note")


NoteText = Annotated[
    str,
    typer.Argument(
        metavar="TEXT",
        help=f"What to remember, in at most {LONGEST_NOTE} characters.",
        callback=_checked(_require_note),
    ),
]


def moment(text: str) -> datetime:
    """A time like ``2026-11-21T12:00:00Z``. Raises ``ValueError`` for one without a zone."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not like 2026-11-21T12:00:00Z") from None
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; Z at its end is UTC")
    return at


def cover_image(text: str) -> tuple[str, str]:
    """A picture like ``px240=https://…``. Raises ``ValueError`` or :class:`InvalidField`."""
    size, equals, url = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is not like px240=https://…")
    return size, require_cover_image(size, url)


def address_facts(address: Address | None) -> list[tuple[str, object]]:
    """An address's lines, for :func:`orderhub_cli.console.print_facts`."""
    if address is None:
        return []
    return [
        ("Street", address.line1),
        ("City", address.city),
        ("Province", address.province),
        ("Postal code", address.postal_code),
        ("Country", address.country),
    ]
