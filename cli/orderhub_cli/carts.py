"""``orderhub cart``: what somebody gathered to order."""

from typing import Annotated

import typer

from orderhub.ports import ListKind
from orderhub.services import manage_shops
from orderhub_cli import arguments, listings
from orderhub_cli.arguments import AsJson, CartId, ShopId
from orderhub_cli.connection import connected
from orderhub_cli.console import print_done, print_facts, print_json, print_table
from orderhub_cli.help import examples

app = typer.Typer(help="Put, list and show carts.", no_args_is_help=True)


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub cart put demo cart-1 --line 8802:8802:2",
        "orderhub cart put demo cart-2 --line 8802:white:1 --line 8803:large:3 --currency JPY",
    ),
)
def put(
    context: typer.Context,
    shop_id: ShopId,
    cart_id: CartId,
    line: Annotated[
        list[str],
        typer.Option(
            metavar="PRODUCT:VARIANT:QTY", help="A product's variant, and how many; repeatable."
        ),
    ],
    currency: arguments.CurrencyOrShops = None,
    as_json: AsJson = False,
) -> None:
    """Put a cart. It replaces what had its id.

    The shop must have the products and variants, with prices in the cart's currency.
    """
    lines = arguments.understood("--line", lambda: [arguments.cart_line(each) for each in line])
    at = connected(context)
    cart = manage_shops.put_cart(
        at.shops,
        at.desk.catalog,
        at.desk.clock,
        shop_id,
        cart_id=cart_id,
        lines=lines,
        currency=currency,
    )
    if as_json:
        print_json(cart)
    else:
        count = "1 line" if len(cart.lines) == 1 else f"{len(cart.lines)} lines"
        print_done(f"Put cart {cart.id} into shop {shop_id}: {count}, in {cart.currency}.")


@app.command(
    "list",
    no_args_is_help=True,
    epilog=examples("orderhub cart list demo", "orderhub cart list demo --json"),
)
def list_(
    context: typer.Context,
    shop_id: ShopId,
    search: listings.Search = "",
    limit: listings.Limit = 1000,
    after: listings.After = "",
    as_json: AsJson = False,
) -> None:
    """List a shop's carts by id, those that were ordered included: nothing removes a cart. Those
    last put before there was a list are listed once they are put again."""
    listings.print_listed(
        context,
        shop_id,
        ListKind.CARTS,
        (("Id", "id"), ("Lines", "lines"), ("Currency", "currency"), ("Created", "created_at")),
        search=search,
        limit=limit,
        after=after,
        as_json=as_json,
        numeric="Lines",
    )


@app.command(no_args_is_help=True, epilog=examples("orderhub cart show demo cart-1"))
def show(context: typer.Context, shop_id: ShopId, cart_id: CartId, as_json: AsJson = False) -> None:
    """Show a cart."""
    at = connected(context)
    cart = manage_shops.require_cart(at.shops, at.desk.catalog, shop_id, cart_id)
    if as_json:
        print_json(cart)
        return
    print_facts(f"Cart {cart.id}", [("Currency", cart.currency), ("Created", cart.created_at)])
    rows = [(line.product_id, line.variant_id, line.quantity) for line in cart.lines]
    print_table("Lines", ("Product", "Variant", "Quantity"), rows, numeric="Quantity")
