"""``orderhub company``: who sells, and for whom."""

from typing import Annotated, Any

import typer

from orderhub.domain.details import Address
from orderhub.domain.people import COVER_IMAGE_SIZES
from orderhub.ports import ListKind
from orderhub.services import manage_people
from orderhub_cli import arguments, listings
from orderhub_cli.arguments import AsJson, CompanyId, ShopId, UserId
from orderhub_cli.connection import connected
from orderhub_cli.console import print_done, print_facts, print_json, print_note, print_table
from orderhub_cli.help import examples
from orderhub_cli.plain import plain

app = typer.Typer(
    help="Put, list and show companies, and who sells for them.", no_args_is_help=True
)


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub company put demo 1 --code AAAA --name 'Company A'",
        "orderhub company put demo 1 --code AAAA --name 'Company A' --city 'San Jose' "
        "--cover-image px240=https://shop.example/a_240p.jpeg",
    ),
)
def put(
    context: typer.Context,
    shop_id: ShopId,
    company_id: CompanyId,
    code: Annotated[
        str, typer.Option(help="Four capitals or digits that its orders' numbers begin with.")
    ],
    name: Annotated[str, typer.Option(help="What people call it.")],
    cover_image: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SIZE=URL",
            help=f"Its picture; sizes are {', '.join(COVER_IMAGE_SIZES)}; repeatable.",
        ),
    ] = None,
    street: arguments.Street = "",
    city: arguments.City = "",
    province: arguments.Province = "",
    postal_code: arguments.PostalCode = "",
    country: arguments.Country = "",
    as_json: AsJson = False,
) -> None:
    """Put a company. It replaces what had its id; its members stay."""
    arguments.understood("--code", lambda: manage_people.require_code(code))
    images = arguments.understood(
        "--cover-image", lambda: dict(arguments.cover_image(text) for text in cover_image or ())
    )
    at = connected(context)
    company = manage_people.put_company(
        at.shops,
        at.people,
        shop_id,
        company_id=company_id,
        code=code,
        name=name,
        cover_images=images,
        address=Address(
            line1=street,
            city=city,
            province=province,
            postal_code=postal_code,
            country=country,
        ),
    )
    if as_json:
        print_json(company)
    else:
        print_done(f"Put company {company.id} ({company.name}) into shop {shop_id}.")


@app.command(
    "list",
    no_args_is_help=True,
    epilog=examples("orderhub company list demo", "orderhub company list demo --json"),
)
def list_(
    context: typer.Context,
    shop_id: ShopId,
    search: listings.Search = "",
    limit: listings.Limit = 1000,
    after: listings.AfterNumber = None,
    as_json: AsJson = False,
) -> None:
    """List a shop's companies by id. Those last put before there was a list are listed once they
    are put again."""
    listings.print_listed(
        context,
        shop_id,
        ListKind.COMPANIES,
        (("Id", "id"), ("Code", "code"), ("Name", "name")),
        search=search,
        limit=limit,
        after=str(after or ""),
        as_json=as_json,
    )


@app.command(no_args_is_help=True, epilog=examples("orderhub company show demo 1"))
def show(
    context: typer.Context, shop_id: ShopId, company_id: CompanyId, as_json: AsJson = False
) -> None:
    """Show a company and its members."""
    at = connected(context)
    members = manage_people.list_members(at.shops, at.people, shop_id, company_id)
    company = manage_people.require_company(at.people, shop_id, company_id)
    if as_json:
        answer: dict[str, Any] = {**plain(company), "members": plain(members)}
        print_json(answer)
        return
    print_facts(
        f"Company {company.id}",
        [
            ("Name", company.name),
            ("Code", company.code),
            *arguments.address_facts(company.address),
            *((f"Image {size}", url) for size, url in company.cover_images.items()),
        ],
    )
    if members:
        rows = [(member.user_id, "yes" if member.may_sell else "no") for member in members]
        print_table("Members", ("User", "May sell"), rows)
    else:
        print_note("No members.")


@app.command(no_args_is_help=True, epilog=examples("orderhub company remove demo 1"))
def remove(
    context: typer.Context, shop_id: ShopId, company_id: CompanyId, as_json: AsJson = False
) -> None:
    """Close a company down. Its orders stay, and nobody can sell for it."""
    at = connected(context)
    company = manage_people.remove_company(at.shops, at.people, shop_id, company_id)
    if as_json:
        print_json(company)
    else:
        print_done(f"Removed company {company.id} ({company.name}) from shop {shop_id}.")


@app.command(
    "add-member",
    no_args_is_help=True,
    epilog=examples(
        "orderhub company add-member demo 1 11",
        "orderhub company add-member demo 1 12 --may-not-sell",
    ),
)
def add_member(
    context: typer.Context,
    shop_id: ShopId,
    company_id: CompanyId,
    user_id: UserId,
    may_sell: Annotated[
        bool, typer.Option("--may-sell/--may-not-sell", help="Whether they may sell there.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Make a user a member of a company, or change whether they may sell there."""
    at = connected(context)
    member = manage_people.add_member(
        at.shops,
        at.people,
        shop_id,
        company_id=company_id,
        user_id=user_id,
        may_sell=may_sell,
    )
    if as_json:
        print_json(member)
        return
    print_done(f"User {user_id} is a member of company {company_id}.")
    choosing = f"orderhub company select {shop_id} {company_id} {user_id}"
    print_note(f"They act for it once it is chosen: {choosing}")


@app.command(
    "remove-member",
    no_args_is_help=True,
    epilog=examples("orderhub company remove-member demo 1 11"),
)
def remove_member(
    context: typer.Context,
    shop_id: ShopId,
    company_id: CompanyId,
    user_id: UserId,
    as_json: AsJson = False,
) -> None:
    """End a user's membership. It holds at once."""
    at = connected(context)
    member = manage_people.remove_member(
        at.shops, at.people, shop_id, company_id=company_id, user_id=user_id
    )
    if as_json:
        print_json(member)
    else:
        print_done(f"User {user_id} is no longer a member of company {company_id}.")


@app.command(no_args_is_help=True, epilog=examples("orderhub company select demo 1 11"))
def select(
    context: typer.Context,
    shop_id: ShopId,
    company_id: CompanyId,
    user_id: UserId,
    as_json: AsJson = False,
) -> None:
    """Make a company the one that a user, its member, acts for."""
    at = connected(context)
    user = manage_people.select_company(
        at.shops, at.people, shop_id, company_id=company_id, user_id=user_id
    )
    if as_json:
        print_json(user)
    else:
        print_done(f"User {user_id} ({user.full_name}) now acts for company {company_id}.")
