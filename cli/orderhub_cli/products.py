"""``orderhub product``: what a shop sells."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from orderhub.domain.shop import Price, Product, Variant
from orderhub.services import manage_shops
from orderhub_cli import arguments, product_file
from orderhub_cli.arguments import AsJson, ProductId, ShopId
from orderhub_cli.connection import connected
from orderhub_cli.console import (
    errors,
    print_done,
    print_facts,
    print_json,
    print_note,
    print_table,
)
from orderhub_cli.help import examples

app = typer.Typer(help="Put and show what a shop sells.", no_args_is_help=True)

_ONE = "One product"


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub product put demo 8802 --name 'Tea pot' --price 64.00",
        "orderhub product put demo 8802 --name 'Tea pot' --price 64 --discount-price 49.90",
        "orderhub product put demo --file products.json",
    ),
)
def put(
    context: typer.Context,
    shop_id: ShopId,
    product_id: Annotated[
        str | None,
        typer.Argument(
            metavar="[PRODUCT_ID]",
            help="The product's id; not with --file.",
            callback=arguments.identifier,
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="A JSON list of products, see docs/OPERATING.md; '-' reads stdin."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What it is.", rich_help_panel=_ONE)] = None,
    price: Annotated[
        str | None, typer.Option(help="Per piece, like 64.00.", rich_help_panel=_ONE)
    ] = None,
    currency: arguments.CurrencyOrShops = None,
    discount_price: Annotated[
        str | None,
        typer.Option(help="What it costs after its own discount.", rich_help_panel=_ONE),
    ] = None,
    variant: Annotated[
        str | None,
        typer.Option(
            help="The variant's id.",
            show_default="the product's id",
            callback=arguments.identifier,
            rich_help_panel=_ONE,
        ),
    ] = None,
    sku: Annotated[str, typer.Option(help="Stock keeping unit.", rich_help_panel=_ONE)] = "",
    image_url: Annotated[str, typer.Option(help="Its picture.", rich_help_panel=_ONE)] = "",
    as_json: AsJson = False,
) -> None:
    """Put a product with one variant, or all products of a file.

    A product replaces what had its id, all variants and prices with it. Of a file nothing is
    written unless all of it is good.
    """
    if file is not None:
        if product_id or name or price or discount_price or variant or sku or image_url or currency:
            raise typer.BadParameter("the file says it all: give it alone", param_hint="'--file'")
        products = product_file.read(file)
    else:
        if product_id is None or name is None or price is None:
            raise typer.BadParameter("give PRODUCT_ID, --name and --price, or --file", ctx=context)
        shop = manage_shops.require_shop(connected(context).shops, shop_id)
        paid_in = currency or shop.currency
        discounted = (
            arguments.unit_price(discount_price, paid_in, "--discount-price")
            if discount_price is not None
            else None
        )
        only = Variant(
            id=variant or product_id,
            sku=sku,
            prices={
                paid_in: Price(
                    price=arguments.unit_price(price, paid_in, "--price"),
                    discount_price=discounted,
                )
            },
        )
        products = [Product(id=product_id, name=name, image_url=image_url, variants=(only,))]
    _put(context, shop_id, products, as_json=as_json)


@app.command(no_args_is_help=True, epilog=examples("orderhub product show demo 8802"))
def show(
    context: typer.Context, shop_id: ShopId, product_id: ProductId, as_json: AsJson = False
) -> None:
    """Show a product with its variants and prices."""
    at = connected(context)
    product = manage_shops.require_product(at.shops, at.desk.catalog, shop_id, product_id)
    if as_json:
        print_json(product)
        return
    print_facts(
        f"Product {product.id}",
        [
            ("Name", product.name),
            ("Number", product.number),
            ("Image", product.image_url),
            *product.attributes.items(),
        ],
    )
    rows = [
        (
            variant.id,
            variant.name,
            variant.sku,
            f"{price.price.decimal_text} {currency}",
            f"{price.discount_price.decimal_text} {currency}" if price.discount_price else "",
        )
        for variant in product.variants
        for currency, price in variant.prices.items()
    ]
    if rows:
        columns = ("Variant", "Name", "SKU", "Price", "Discounted")
        print_table("Variants", columns, rows, numeric="Price Discounted")
    else:
        print_note("No variants.")


def _put(context: typer.Context, shop_id: str, products: list[Product], *, as_json: bool) -> None:
    at = connected(context)
    with Progress(console=errors(), transient=True, disable=not errors().is_terminal) as progress:
        task = progress.add_task("Writing products", total=len(products))
        manage_shops.put_products(
            at.shops, at.desk.catalog, shop_id, products, lambda _: progress.advance(task)
        )
    if as_json:
        print_json({"product_ids": [product.id for product in products]})
    else:
        what = f"product {products[0].id}" if len(products) == 1 else f"{len(products)} products"
        print_done(f"Put {what} into shop {shop_id}.")
