"""``orderhub order``: all of its commands, in the order in which help lists them."""

from typing import Final

import typer

from orderhub_cli import (
    order_changes,
    order_desk,
    order_ends,
    order_facts,
    order_intake,
    order_invoice,
    order_list,
    order_money,
    order_timeline,
    orders,
)

app = typer.Typer(
    help="Find orders, look at them and their histories, prove them, work on them.",
    no_args_is_help=True,
)

_PANELS: Final = (
    ("Find and look", (order_list, orders, order_timeline)),
    ("Bring in and correct", (order_intake, order_facts)),
    ("Goods and notes", (order_changes,)),
    ("Money", (order_money, order_invoice)),
    ("The end of it", (order_ends,)),
    ("Between buyer and seller", (order_desk,)),
)

for _panel, _modules in _PANELS:
    for _module in _modules:
        for _command in _module.app.registered_commands:
            _command.rich_help_panel = _panel
        for _group in _module.app.registered_groups:
            _group.rich_help_panel = _panel
        app.add_typer(_module.app)
