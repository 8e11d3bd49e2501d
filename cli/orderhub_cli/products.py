"""``orderhub product``: what a shop sells."""

from pathlib import Path
from typing import Annotated

import typer

from orderhub.domain.lines import MAX_QUANTITY
from orderhub.domain.shop import Price, Product, Variant
from orderhub.ports import ListKind
from orderhub.services import manage_shops
from orderhub_cli import arguments, listings
from orderhub_cli.arguments import AsJson, ProductId, ShopId
from orderhub_cli.connection import connected
from orderhub_cli.console import (
    print_done,
    print_facts,
    print_json,
    print_note,
    print_table,
)
from orderhub_cli.help import examples
from orderhub_cli.plain import plain
from orderhub_cli.progress import progress

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
    tracks_stock: Annotated[
        bool,
        typer.Option(
            "--tracks-stock", help="Sell only pieces that are there.", rich_help_panel=_ONE
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a product with one variant, or all products of a file.

    A product replaces what had its id, all variants and prices with it; how many pieces are there
    stays. Of a file nothing is written unless all of it is good.
    """
    if file is not None:
        given = (product_id, name, price, discount_price, variant, sku, image_url, currency)
        if any(given) or tracks_stock:
            raise typer.BadParameter("the file says it all: give it alone", param_hint="'--file'")
        from orderhub_cli import product_file  # noqa: PLC0415 - others need not wait for it

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
            tracks_stock=tracks_stock,
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
    stock = manage_shops.count_stock(at.desk.catalog, shop_id, product)
    if as_json:
        print_json({**plain(product), "stock": stock})
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
            str(stock.get(variant.id, "")),
        )
        for variant in product.variants
        for currency, price in variant.prices.items()
    ]
    if rows:
        columns = ("Variant", "Name", "SKU", "Price", "Discounted", "Stock")
        print_table("Variants", columns, rows, numeric="Price Discounted Stock")
    else:
        print_note("No variants.")


@app.command(
    "list",
    no_args_is_help=True,
    epilog=examples(
        "orderhub product list demo",
        "orderhub product list demo --search tea --json",
    ),
)
def list_(
    context: typer.Context,
    shop_id: ShopId,
    search: listings.Search = "",
    limit: listings.Limit = 1000,
    after: listings.After = "",
    as_json: AsJson = False,
) -> None:
    """List a shop's products by id. Those last put before there was a list are listed once they are
    put again."""
    listings.print_listed(
        context,
        shop_id,
        ListKind.PRODUCTS,
        (("Id", "id"), ("Name", "name"), ("Number", "number"), ("Variants", "variants")),
        search=search,
        limit=limit,
        after=after,
        as_json=as_json,
        numeric="Variants",
    )


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub product stock demo 8802 8802 10",
        "orderhub product stock demo 8810 white",
    ),
)
def stock(
    context: typer.Context,
    shop_id: ShopId,
    product_id: ProductId,
    variant: Annotated[
        str,
        typer.Argument(metavar="VARIANT", help="The variant's id.", callback=arguments.identifier),
    ],
    quantity: Annotated[
        int | None,
        typer.Argument(
            metavar="[QUANTITY]", help="How many pieces there are.", min=0, max=MAX_QUANTITY
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say how many pieces of a variant are there; with QUANTITY, set that.

    Setting it makes the variant track stock: from then on no more are sold than there are. Orders
    take their pieces as they are placed and give back what was not sent when they are cancelled or
    expire.
    """
    at = connected(context)
    if quantity is not None:
        manage_shops.set_stock(
            at.shops,
            at.desk.catalog,
            shop_id,
            product_id=product_id,
            variant_id=variant,
            quantity=quantity,
        )
    product = manage_shops.require_product(at.shops, at.desk.catalog, shop_id, product_id)
    manage_shops.require_variant(product, variant)
    pieces = manage_shops.count_stock(at.desk.catalog, shop_id, product).get(variant)
    if as_json:
        print_json({"product_id": product_id, "variant_id": variant, "stock": pieces})
    elif pieces is None:
        print_note(f"Variant {variant} of product {product_id} doesn't track stock.")
    else:
        print_done(f"{pieces} of variant {variant} of product {product_id} are there.")


def _put(context: typer.Context, shop_id: str, products: list[Product], *, as_json: bool) -> None:
    at = connected(context)
    with progress("Writing", "product", total=len(products)) as step:
        manage_shops.put_products(
            at.shops, at.desk.catalog, shop_id, products, lambda _: step.advance()
        )
    if as_json:
        print_json({"product_ids": [product.id for product in products]})
    else:
        what = f"product {products[0].id}" if len(products) == 1 else f"{len(products)} products"
        print_done(f"Put {what} into shop {shop_id}.")
