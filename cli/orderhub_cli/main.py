"""``orderhub``: the commands of all groups, and the options that say which table they work on."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from orderhub_cli.connection import Connection, Options
from orderhub_cli.failures import Commands
from orderhub_cli.help import examples
from orderhub_cli.lazy import Later

_SHOPS, _ORDERS, _WEBHOOKS, _CARE = "Shops", "Orders", "Webhooks", "Looking after them"

COMMANDS: Final = (
    Later("shop", "orderhub_cli.shops", "Shops, their windows and settings.", _SHOPS),
    Later(
        "credential",
        "orderhub_cli.credentials",
        "Let external systems in, or keep them out.",
        _SHOPS,
    ),
    Later("provider", "orderhub_cli.providers", "Shops' accounts with payment providers.", _SHOPS),
    Later("user", "orderhub_cli.users", "The people who sell and buy.", _SHOPS),
    Later("company", "orderhub_cli.companies", "Companies, and who sells for them.", _SHOPS),
    Later("product", "orderhub_cli.products", "What a shop sells.", _SHOPS),
    Later("cart", "orderhub_cli.carts", "What somebody gathered to order.", _SHOPS),
    Later(
        "order", "orderhub_cli.order_commands", "Find orders, look at them, work on them.", _ORDERS
    ),
    Later("import", "orderhub_cli.import_orders", "Bring in orders from a file.", _ORDERS),
    Later("export", "orderhub_cli.export_orders", "Write a shop's orders to a file.", _ORDERS),
    Later("stray", "orderhub_cli.strays", "Reports of payments that found no order.", _ORDERS),
    Later("webhook", "orderhub_cli.webhooks", "Tell subscribers of a shop's events.", _WEBHOOKS),
    Later("republish", "orderhub_cli.republish", "Tell all of a shop's events again.", _WEBHOOKS),
    Later("due", "orderhub_cli.due", "Show what the clock has to close, and what is next.", _CARE),
    Later(
        "reconcile",
        "orderhub_cli.reconcile",
        "Hold orders against their events, and mend them.",
        _CARE,
    ),
    Later("restore", "orderhub_cli.restore", "Bring back what orders lost, from a backup.", _CARE),
)
"""One line each, in the order in which help lists them."""


class _Root(Commands):
    def __init__(self, *, commands: dict[str, Any], **extra: Any) -> None:
        later = {each.name or "": each for each in COMMANDS}
        super().__init__(commands={**later, **commands}, **extra)


app = typer.Typer(
    name="orderhub",
    cls=_Root,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,  # they may hold tokens
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "orderhub shop create demo --name 'Demo shop' --currency CNY",
        "orderhub credential issue demo --wire marketplace --label Taobao",
        "orderhub order list demo --newest",
        "orderhub order show demo R4273491837312",
        "orderhub order ship demo R4273491837312 --carrier SF --tracking SF1002003004",
        "orderhub --table orderhub-prod-Table-1A2B3C --profile prod order list demo",
    ),
)


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

    Exit codes: 0 done, 1 not there or refused, 2 wrongly asked, 130 interrupted.
    """
    context.obj = Connection(Options(table=table, stack=stack, region=region, profile=profile))
