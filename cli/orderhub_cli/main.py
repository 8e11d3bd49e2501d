"""``orderhub``: the commands of all groups, and the options that say which table they work on."""

from pathlib import Path
from typing import Annotated

import typer

from orderhub_cli import (
    carts,
    companies,
    credentials,
    due,
    order_changes,
    order_desk,
    order_intake,
    order_money,
    orders,
    products,
    providers,
    reconcile,
    restore,
    shops,
    strays,
    users,
    webhooks,
)
from orderhub_cli.connection import Connection, Options
from orderhub_cli.failures import Commands
from orderhub_cli.help import examples

app = typer.Typer(
    name="orderhub",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,  # they may hold tokens
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "orderhub shop create demo --name 'Demo shop' --currency CNY",
        "orderhub credential issue demo --wire marketplace --label Taobao",
        "orderhub order show demo R4273491837312",
        "orderhub order ship demo R4273491837312 --carrier SF --tracking SF1002003004",
        "orderhub --table orderhub-prod --profile prod --region eu-central-1 order list demo",
    ),
)
app.add_typer(shops.app, name="shop")
app.add_typer(credentials.app, name="credential")
app.add_typer(providers.app, name="provider")
app.add_typer(strays.app, name="stray")
app.add_typer(webhooks.app, name="webhook")
app.command(no_args_is_help=True, epilog=webhooks.REPUBLISH_EXAMPLES)(webhooks.republish)
app.add_typer(users.app, name="user")
app.add_typer(companies.app, name="company")
app.add_typer(products.app, name="product")
app.add_typer(carts.app, name="cart")
orders.app.add_typer(order_intake.app)
orders.app.add_typer(order_changes.app)
orders.app.add_typer(order_desk.app)
orders.app.add_typer(order_money.app)
app.add_typer(orders.app, name="order")
app.command(epilog=due.EXAMPLES)(due.due)
app.command(no_args_is_help=True, epilog=reconcile.EXAMPLES)(reconcile.reconcile)
app.command(no_args_is_help=True, epilog=restore.EXAMPLES)(restore.restore)


@app.callback()
def orderhub(
    context: typer.Context,
    table: Annotated[
        str | None, typer.Option(help="The table's name. [env: ORDERHUB_TABLE]")
    ] = None,
    stack: Annotated[
        Path | None,
        typer.Option(
            help="The file that describes a running local stack.",
            show_default=".local/stack.json, here or further up",
        ),
    ] = None,
    region: Annotated[str | None, typer.Option(help="The table's AWS region.")] = None,
    profile: Annotated[str | None, typer.Option(help="The AWS profile to use.")] = None,
) -> None:
    """Look after OrderHub's shops and orders.

    Works on the table that --table or --stack names; else on the one in ORDERHUB_TABLE, with the
    usual AWS environment; else on the local stack that 'make run' started.

    Exit codes: 0 done, 1 not there or refused, 2 wrongly asked.
    """
    context.obj = Connection(Options(table=table, stack=stack, region=region, profile=profile))
