"""``orderhub order address`` and ``correct-shipment``: what is known of an order, put right."""

from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from orderhub.domain.details import Address, Details
from orderhub.services.change_details import change_details
from orderhub.services.correct_shipment import ShipmentFacts, correct_shipment
from orderhub_cli.arguments import AsJson, OrderName, ShopId, understood
from orderhub_cli.connection import connected_for_writing
from orderhub_cli.console import print_done, print_facts
from orderhub_cli.help import examples
from orderhub_cli.moments import moment_or_ago
from orderhub_cli.order_changes import operator, print_change
from orderhub_cli.orders import find

app = typer.Typer()

_LONGEST_FACT: Final = 200


class _Which(StrEnum):
    SHIPPING = "shipping"
    BILLING = "billing"


def _fact(text: str | None) -> str | None:
    if text is not None and (len(text) > _LONGEST_FACT or not text.isprintable()):
        raise typer.BadParameter(f"at most {_LONGEST_FACT} characters, none of them control ones")
    return text


_Fact = Annotated[str | None, typer.Option(callback=_fact, show_default="as it is")]


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub order address demo R4273491837312 --phone 13912345678",
        "orderhub order address demo R4273491837312 --of billing --full-name 'Kim Doe' "
        "--line1 'Main Road 7' --city Ulm --postal-code 89073 --country-code DE",
        "orderhub order address demo R4273491837312 --line2 ''",
    ),
)
def address(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    which: Annotated[
        _Which, typer.Option("--of", help="Where it goes, or whom the invoice is for.")
    ] = _Which.SHIPPING,
    full_name: _Fact = None,
    given_name: _Fact = None,
    family_name: _Fact = None,
    phone: _Fact = None,
    email: _Fact = None,
    line1: _Fact = None,
    line2: _Fact = None,
    city: _Fact = None,
    district: _Fact = None,
    province: _Fact = None,
    province_code: _Fact = None,
    country: _Fact = None,
    country_code: _Fact = None,
    postal_code: _Fact = None,
    as_json: AsJson = False,
) -> None:
    """Correct the address of an order that is open. What is not given stays; '' removes it.

    Parcels that are out already went where they were sent.
    """
    given: dict[str, Any] = {
        "full_name": full_name,
        "given_name": given_name,
        "family_name": family_name,
        "phone": phone,
        "email": email,
        "line1": line1,
        "line2": line2,
        "city": city,
        "district": district,
        "province": province,
        "province_code": province_code,
        "country": country,
        "country_code": country_code,
        "postal_code": postal_code,
    }
    facts = {fact: text.strip() for fact, text in given.items() if text is not None}
    if not facts:
        raise typer.BadParameter("give one part of the address at least", ctx=context)
    kept_in = f"{which.value}_address"

    def revise(details: Details) -> Details:
        known = getattr(details, kept_in) or Address()
        changes: dict[str, Any] = {kept_in: replace(known, **facts)}
        return replace(details, **changes)

    at = connected_for_writing(context)
    change = change_details(at.desk, find(at, shop_id, name), revise, operator())
    if as_json:
        print_change(change)
        return
    number = change.order.number
    if change.recorded:
        print_done(f"Corrected the {which.value} address of order {number}.")
    else:
        print_done(f"The {which.value} address of order {number} was that already.")
    now = getattr(change.order.details, kept_in)
    shown = [(fact.replace("_", " ").capitalize(), getattr(now, fact)) for fact in given]
    print_facts(f"{which.value.capitalize()} address", shown)


@app.command(
    "correct-shipment",
    no_args_is_help=True,
    epilog=examples(
        "orderhub order correct-shipment demo R4273491837312 --shipment 1 --carrier SF "
        "--tracking SF1002003005",
        "orderhub order correct-shipment demo R4273491837312 --shipment 1 --url ''",
    ),
)
def correct(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    shipment_id: Annotated[
        int,
        typer.Option("--shipment", metavar="NUMBER", help="As 'order show' counts them.", min=1),
    ],
    carrier: Annotated[str | None, typer.Option(help="Who carries it.")] = None,
    tracking: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="The carrier's tracking number.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Where it can be tracked.")] = None,
    sent_at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When it went out: 2026-11-21T12:00:00Z, or 2h for ago."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Correct what is known of a shipment, in whatever state it is. '' removes a fact.

    The goods in it stay, and so does the moment from which they count as received.
    """
    if carrier is None and tracking is None and url is None and sent_at is None:
        raise typer.BadParameter("give --carrier, --tracking, --url or --sent-at", ctx=context)
    facts = ShipmentFacts(
        carrier=carrier,
        tracking_number=tracking,
        tracking_url=url,
        sent_at=understood("--sent-at", lambda: moment_or_ago(sent_at)) if sent_at else None,
    )
    at = connected_for_writing(context)
    order = find(at, shop_id, name)
    change = correct_shipment(at.desk, order, shipment_id, facts, operator())
    if as_json:
        print_change(change)
        return
    what = f"shipment {shipment_id} of order {change.order.number}"
    if change.recorded:
        print_done(f"Corrected {what}.")
    else:
        print_done(f"Nothing was changed on {what}.")
