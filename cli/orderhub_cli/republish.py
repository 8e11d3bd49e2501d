"""``orderhub republish``: tell all of a shop's events again."""

from typing import Annotated

import typer

from orderhub.services import resend as sending
from orderhub.services.manage_shops import require_shop
from orderhub_cli.arguments import AsJson, ShopId
from orderhub_cli.connection import connected_for_events
from orderhub_cli.console import counted, print_done, print_json
from orderhub_cli.help import examples
from orderhub_cli.moments import Until, bounds
from orderhub_cli.progress import progress

app = typer.Typer()


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub republish demo --since 2026-11-21T09:00:00Z --until 2026-11-21T10:00:00Z",
        "orderhub republish demo --since 2h",
    ),
)
def republish(
    context: typer.Context,
    shop_id: ShopId,
    since: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="From this moment on: 2026-11-21T09:00:00Z, or 2h for ago."
        ),
    ],
    until: Until = None,
    as_json: AsJson = False,
) -> None:
    """Tell all of a shop's events of a time again, with the ids that they had.

    Its webhooks hear of them, and what listens to the event bus, where there is one.
    """
    first, last = bounds(since, until)
    at = connected_for_events(context)
    require_shop(at.shops, shop_id)
    with progress("Publishing", "event") as step:
        count = sending.republish(at.desk.orders, at.publisher, shop_id, first, last, step.advance)
    if as_json:
        print_json({"published": count})
    else:
        print_done(f"Published {counted(count, 'event')} again.")
