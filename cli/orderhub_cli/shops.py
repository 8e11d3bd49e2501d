"""``orderhub shop``: make shops, set their windows and settings."""

from dataclasses import replace
from typing import Annotated, Any

import typer

from orderhub.domain.shop import LARGEST_NUMBER, SMALLEST_NUMBER, WIRES, Shop
from orderhub.services import manage_shops
from orderhub.services.directory import list_shops
from orderhub_cli import arguments, credentials, durations, listings
from orderhub_cli.arguments import AsJson, ShopId
from orderhub_cli.connection import connected
from orderhub_cli.console import print_done, print_facts, print_json, print_note, print_table
from orderhub_cli.help import examples
from orderhub_cli.plain import plain

app = typer.Typer(help="Make and list shops, set their windows and settings.", no_args_is_help=True)


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub shop create demo --name 'Demo shop' --currency CNY --timezone Asia/Shanghai"
    ),
)
def create(
    context: typer.Context,
    shop_id: ShopId,
    name: Annotated[str, typer.Option(help="What people call it.")],
    currency: arguments.Currency,
    timezone: arguments.Timezone = "UTC",
    as_json: AsJson = False,
) -> None:
    """Make a shop.

    The same again changes nothing. An existing shop with another name, currency or time zone is
    never overwritten.
    """
    at = connected(context)
    created = manage_shops.create_shop(
        at.shops, at.desk.clock, shop_id=shop_id, name=name, currency=currency, timezone=timezone
    )
    if as_json:
        print_json({**_as_json(created.shop), "is_new": created.is_new})
    elif created.is_new:
        print_done(f"Made shop {shop_id}.")
        print_note(f"Now let a system in: orderhub credential issue {shop_id} --wire … --label …")
    else:
        print_done(f"Shop {shop_id} exists already, just like that.")


@app.command("list", epilog=examples("orderhub shop list", "orderhub shop list --json"))
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the shops of the table by id.

    A shop from before there was a list gets into it when it is created again, or its windows or
    settings are set.
    """
    found = list_shops(connected(context).directory)
    if as_json:
        print_json({"shops": [listings.as_plain(each) for each in found]})
        return
    if not found:
        print_note("No shops. Make one: orderhub shop create SHOP --name … --currency …")
        return
    facts = ("currency", "timezone", "created_at")
    rows = [(each.id, each.name, *(each.facts.get(fact) for fact in facts)) for each in found]
    print_table("Shops", ("Id", "Name", "Currency", "Time zone", "Created"), rows)


@app.command(
    no_args_is_help=True,
    epilog=examples("orderhub shop show demo", "orderhub shop show demo --json"),
)
def show(context: typer.Context, shop_id: ShopId, as_json: AsJson = False) -> None:
    """Show a shop: its profile, the windows that hold per wire, its credentials."""
    at = connected(context)
    shop = manage_shops.require_shop(at.shops, shop_id)
    issued = manage_shops.list_credentials(at.shops, shop_id)
    now = at.desk.clock.now()
    if as_json:
        told = [credentials.described(each, now) for each in issued]
        print_json({**_as_json(shop), "credentials": told})
        return
    _print_profile(shop)
    _print_windows(shop)
    credentials.print_credentials(issued, now)


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub shop windows demo --wire brandcloud --payment-timeout 15m",
        "orderhub shop windows demo --wire bricklink --payment-timeout never --auto-receive 2w",
        "orderhub shop windows demo --wire marketplace --refund-window 30d --json",
    ),
)
def windows(
    context: typer.Context,
    shop_id: ShopId,
    wire: arguments.Wire,
    payment_timeout: Annotated[
        str | None,
        arguments.window("--payment-timeout", "Unpaid orders expire so long after being placed."),
    ] = None,
    refund_window: Annotated[
        str | None,
        arguments.window("--refund-window", "Refunds can be asked for so long after payment."),
    ] = None,
    auto_receive: Annotated[
        str | None,
        arguments.window("--auto-receive", "Shipments count as received so long after sending."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set a shop's windows for the orders of one wire.

    Durations: 90s, 15m, 36h, 2d, 1w, or never. Windows that are not given stay as they are.

    It takes effect within a minute, for new orders: orders keep the windows that they were
    placed under.
    """
    given = {
        "payment_timeout": payment_timeout,
        "refund_window": refund_window,
        "auto_receive": auto_receive,
    }
    changes = {name: durations.seconds_in(text) for name, text in given.items() if text is not None}
    if not changes:
        raise typer.BadParameter("give one window at least", ctx=context)
    at = connected(context)
    shop = manage_shops.change_windows(
        at.shops, shop_id, wire, lambda terms: replace(terms, **changes)
    )
    if as_json:
        print_json(_as_json(shop))
        return
    print_done(f"Set the windows of shop {shop_id} for new {wire} orders.")
    _print_windows(shop)


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub shop settings demo --domain shop.example.com --tax-included",
        "orderhub shop settings demo --cod --email shop@example.com",
    ),
)
def settings(
    context: typer.Context,
    shop_id: ShopId,
    domain: Annotated[
        str | None,
        typer.Option(
            metavar="HOST",
            help="Its storefront's host; '' for none.",
            callback=arguments.domain,
        ),
    ] = None,
    number: Annotated[
        int | None,
        typer.Option(
            help="For systems that know shops by number.",
            min=SMALLEST_NUMBER,
            max=LARGEST_NUMBER,
        ),
    ] = None,
    cod: Annotated[
        bool | None, typer.Option("--cod/--no-cod", help="Whether buyers may pay on delivery.")
    ] = None,
    tax_included: Annotated[
        bool | None,
        typer.Option(
            "--tax-included/--no-tax-included", help="Whether its prices contain the tax."
        ),
    ] = None,
    trusts_terminal: Annotated[
        bool | None,
        typer.Option(
            "--trust-terminal/--no-trust-terminal",
            help="Whether its card terminals name refunds by transactions of their own.",
        ),
    ] = None,
    email: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Where mail to the seller goes, copies of thanks; '' for none."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set what order APIs need to know of a shop. What is not given stays as it is.

    It takes effect within a minute, for new orders. Without --number a shop has one that follows
    from its id.
    """
    settings = (domain, number, cod, tax_included, trusts_terminal, email)
    if all(given is None for given in settings):
        raise typer.BadParameter("give one setting at least", ctx=context)
    shop = manage_shops.change_settings(
        connected(context).shops,
        shop_id,
        domain=domain,
        number=number,
        cod_enabled=cod,
        tax_included=tax_included,
        trusts_terminal=trusts_terminal,
        email=email,
    )
    if as_json:
        print_json(_as_json(shop))
        return
    print_done(f"Set the settings of shop {shop_id}.")
    _print_profile(shop)


def _as_json(shop: Shop) -> dict[str, Any]:
    """``windows`` are in seconds, the defaults included; ``null`` means never."""
    shown: dict[str, Any] = {**plain(shop), "number": shop.number}
    del shown["terms"], shown["given_number"]
    shown["windows"] = {
        wire: {**plain(shop.terms_for(wire)), "is_default": wire not in shop.terms}
        for wire in WIRES
    }
    return shown


def _print_profile(shop: Shop) -> None:
    print_facts(
        f"Shop {shop.id}",
        [
            ("Name", shop.name),
            ("Number", shop.number),
            ("Currency", shop.currency),
            ("Time zone", shop.timezone),
            ("Domain", shop.domain),
            ("Email", shop.email),
            ("Cash on delivery", "yes" if shop.cod_enabled else "no"),
            ("Prices with tax", "yes" if shop.tax_included else "no"),
            ("Terminal trusted", "yes" if shop.trusts_terminal else "no"),
            ("Created", shop.created_at),
        ],
    )


def _print_windows(shop: Shop) -> None:
    rows = []
    for wire in WIRES:
        terms = shop.terms_for(wire)
        rows.append(
            (
                wire,
                durations.written(terms.payment_timeout),
                durations.written(terms.refund_window),
                durations.written(terms.auto_receive),
                "set" if wire in shop.terms else "default",
            )
        )
    columns = ("Wire", "Payment timeout", "Refund window", "Auto-receive", "")
    print_table("Windows of new orders", columns, rows)
