"""``orderhub credential``: let external systems in, and shut them out."""

from collections.abc import Sequence
from typing import Annotated

import typer

from orderhub.domain.shop import Credential, Scope
from orderhub.services import manage_people, manage_shops
from orderhub.services.manage_people import LARGEST_ID
from orderhub_cli import arguments
from orderhub_cli.arguments import AsJson, ShopId
from orderhub_cli.connection import connected
from orderhub_cli.console import output, print_done, print_json, print_note, print_table
from orderhub_cli.help import examples
from orderhub_cli.plain import plain

app = typer.Typer(help="Let external systems in, and shut them out.", no_args_is_help=True)


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub credential issue demo --wire marketplace --label Taobao",
        "orderhub credential issue demo --wire brandcloud --label Reports --scope read_orders",
        "orderhub credential issue demo --wire marketplace --label ERP --json | jq -r .token",
        "orderhub credential issue demo --wire brandcloud --label 'QQ Wang' --user 11",
    ),
)
def issue(
    context: typer.Context,
    shop_id: ShopId,
    wire: arguments.Wire,
    label: Annotated[str, typer.Option(help="Who gets it; shown in orders' histories.")],
    scope: Annotated[
        list[Scope] | None,
        typer.Option(help="What it may do; may be repeated.", show_default="both"),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            help="For a system that moves here with a token of its own: "
            f"{manage_shops.SHORTEST_TOKEN} characters or more.",
            show_default="a random one",
        ),
    ] = None,
    user: Annotated[
        int | None,
        typer.Option(
            metavar="USER_ID",
            help="Whose it is, on wires where requests come from a person (brandcloud).",
            min=1,
            max=LARGEST_ID,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Issue a credential, and print its token: this once, since only its SHA-256 is stored."""
    at = connected(context)
    manage_shops.require_shop(at.shops, shop_id)
    issued = manage_shops.issue_credential(
        at.shops,
        at.desk.clock,
        shop_id,
        wire=wire,
        label=label,
        scopes=scope or manage_shops.ALL_SCOPES,
        token=token,
        user=manage_people.require_user(at.people, shop_id, user) if user else None,
    )
    credential = issued.credential
    if as_json:
        print_json({**plain(credential), "token": issued.token})
        return
    print_done(f"Issued {credential.id}: {credential.label}, {wire} of shop {shop_id}.")
    output().print("Token: ", end="")
    output().print(issued.token, style="bold", soft_wrap=True)
    print_note("Keep it now. It is not stored and can't be shown again.")


@app.command(
    "list",
    no_args_is_help=True,
    epilog=examples("orderhub credential list demo", "orderhub credential list demo --json"),
)
def list_(context: typer.Context, shop_id: ShopId, as_json: AsJson = False) -> None:
    """List a shop's credentials, oldest first, revoked ones included."""
    issued = manage_shops.list_credentials(connected(context).shops, shop_id)
    if as_json:
        print_json({"credentials": issued})
    else:
        print_credentials(issued)


@app.command(
    no_args_is_help=True, epilog=examples("orderhub credential revoke demo cred_0123456789ab")
)
def revoke(
    context: typer.Context,
    shop_id: ShopId,
    credential_id: Annotated[str, typer.Argument(help="As 'credential list' shows it.")],
    as_json: AsJson = False,
) -> None:
    """Revoke a credential. Its token stops working within a minute, for good."""
    at = connected(context)
    revoked = manage_shops.revoke_credential(at.shops, at.desk.clock, shop_id, credential_id)
    if as_json:
        print_json(revoked)
    else:
        print_done(f"Revoked {revoked.id} ({revoked.label}). It stops working within a minute.")


def print_credentials(issued: Sequence[Credential]) -> None:
    """Write a table of them, for people."""
    if not issued:
        print_note("No credentials.")
        return
    rows = [
        (
            credential.id,
            credential.wire,
            credential.label,
            credential.user_id,
            credential.scopes,
            credential.created_at,
            credential.revoked_at,
        )
        for credential in issued
    ]
    print_table(
        "Credentials", ("Id", "Wire", "Label", "User", "Scopes", "Created", "Revoked"), rows
    )
