"""``orderhub user``: the people who sell and buy."""

from typing import Annotated

import typer

from orderhub.domain.details import Address
from orderhub.domain.people import TITLES, User
from orderhub.ports import ListKind
from orderhub.services import manage_people, manage_shops
from orderhub_cli import arguments, listings
from orderhub_cli.arguments import AsJson, ShopId, UserId
from orderhub_cli.connection import connected
from orderhub_cli.console import print_done, print_facts, print_json, print_note
from orderhub_cli.help import examples

app = typer.Typer(help="Put, list and show the people who sell and buy.", no_args_is_help=True)


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub user put demo 11 --given-name QQ --family-name Wang --email qq@shop.example",
        "orderhub user put demo 12 --given-name CC --family-name Lee --email cc@mail.example "
        "--title 1 --phone 0912345678 --street 'ABC st.' --city Taichung --province Taiwan "
        "--postal-code 30123 --country R.O.C.",
    ),
)
def put(
    context: typer.Context,
    shop_id: ShopId,
    user_id: UserId,
    given_name: Annotated[str, typer.Option(help="Shown in orders' histories.")],
    family_name: Annotated[str, typer.Option(help="Shown in orders' histories.")],
    email: Annotated[str, typer.Option(help="Where mail to them goes.")],
    title: Annotated[
        int | None,
        typer.Option(help=", ".join(f"{number} {title}" for number, title in TITLES.items())),
    ] = None,
    phone: Annotated[str, typer.Option(help="As they give it.")] = "",
    street: arguments.Street = "",
    city: arguments.City = "",
    province: arguments.Province = "",
    postal_code: arguments.PostalCode = "",
    country: arguments.Country = "",
    as_json: AsJson = False,
) -> None:
    """Put a user. It replaces what had its id, but for the company that they have chosen.

    A credential of theirs lets them in: 'orderhub credential issue … --user USER_ID'.
    """
    at = connected(context)
    user = manage_people.put_user(
        at.shops,
        at.people,
        shop_id,
        user_id=user_id,
        given_name=given_name,
        family_name=family_name,
        email=email,
        title=title,
        phone=phone,
        default_address=Address(
            line1=street,
            city=city,
            province=province,
            postal_code=postal_code,
            country=country,
        ),
    )
    if as_json:
        print_json(user)
        return
    print_done(f"Put user {user.id} ({user.full_name}) into shop {shop_id}.")
    if user.current_company_id is None:
        joining = f"orderhub company add-member {shop_id} COMPANY_ID {user_id}"
        print_note(f"To sell they need a company: {joining}")


@app.command(
    "list",
    no_args_is_help=True,
    epilog=examples("orderhub user list demo", "orderhub user list demo --search wang"),
)
def list_(
    context: typer.Context,
    shop_id: ShopId,
    search: listings.Search = "",
    limit: listings.Limit = 1000,
    after: listings.AfterNumber = None,
    as_json: AsJson = False,
) -> None:
    """List a shop's users by id. Those last put before there was a list are listed once they are
    put again."""
    listings.print_listed(
        context,
        shop_id,
        ListKind.USERS,
        (("Id", "id"), ("Name", "name"), ("E-mail", "email"), ("Company", "company_id")),
        search=search,
        limit=limit,
        after=str(after or ""),
        as_json=as_json,
    )


@app.command(no_args_is_help=True, epilog=examples("orderhub user show demo 11"))
def show(context: typer.Context, shop_id: ShopId, user_id: UserId, as_json: AsJson = False) -> None:
    """Show a user."""
    at = connected(context)
    manage_shops.require_shop(at.shops, shop_id)
    user = manage_people.require_user(at.people, shop_id, user_id)
    if as_json:
        print_json(user)
    else:
        _print(user)


def _print(user: User) -> None:
    print_facts(
        f"User {user.id}",
        [
            ("Title", None if user.title is None else TITLES[user.title]),
            ("Given name", user.given_name),
            ("Family name", user.family_name),
            ("E-mail", user.email),
            ("Phone", user.phone),
            *arguments.address_facts(user.default_address),
            ("Sells for company", user.current_company_id),
        ],
    )
