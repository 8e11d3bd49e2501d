"""``orderhub credential``: let external systems in, and shut them out."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import typer

from orderhub.domain.shop import Credential, Scope
from orderhub.ports import Clock
from orderhub.services import manage_people, manage_shops
from orderhub.services.issue_app import issue_app
from orderhub.services.issue_signer import SignerValues, issue_signer
from orderhub.services.manage_people import LARGEST_ID
from orderhub_cli import arguments, durations
from orderhub_cli.arguments import AsJson, ShopId, moment, understood
from orderhub_cli.connection import connected, connected_for_secrets
from orderhub_cli.console import output, print_done, print_json, print_note, print_table, shown
from orderhub_cli.help import examples
from orderhub_cli.plain import plain

app = typer.Typer(help="Let external systems in, and shut them out.", no_args_is_help=True)

_APPS: Final = ("youhaosuda",)
"""Wires whose systems have a key and a secret, which they trade for their token."""
_SIGNERS: Final = ("bricklink",)
"""Wires whose systems sign each request."""
_FOUR: Final = "--consumer-key, --consumer-secret, --token-value and --token-secret"


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub credential issue demo --wire marketplace --label Taobao",
        "orderhub credential issue demo --wire brandcloud --label Reports --scope read_orders",
        "orderhub credential issue demo --wire marketplace --label ERP --json | jq -r .token",
        "orderhub credential issue demo --wire marketplace --label Agency --expires-in 90d",
        "orderhub credential issue demo --wire brandcloud --label 'QQ Wang' --user 11",
        "orderhub credential issue demo --wire youhaosuda --label Warehouse",
        "orderhub credential issue demo --wire bricklink --label 'Brick store'",
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
    app_key: Annotated[
        str | None,
        typer.Option(
            help="For an app that moves here with its key and secret, on wires whose systems have "
            "them (youhaosuda).",
            show_default="a random one",
        ),
    ] = None,
    app_secret: Annotated[
        str | None,
        typer.Option(
            help=f"The same app's secret: {manage_shops.SHORTEST_TOKEN} characters or more.",
            show_default="a random one",
        ),
    ] = None,
    consumer_key: Annotated[
        str | None,
        typer.Option(
            help="For a system that moves here with its four values, on wires whose systems sign "
            "their requests (bricklink).",
            show_default="a random one",
        ),
    ] = None,
    consumer_secret: Annotated[
        str | None,
        typer.Option(
            help=f"The same system's: {manage_shops.SHORTEST_TOKEN} characters or more.",
            show_default="a random one",
        ),
    ] = None,
    token_value: Annotated[
        str | None, typer.Option(help="The same system's.", show_default="a random one")
    ] = None,
    token_secret: Annotated[
        str | None,
        typer.Option(
            help=f"The same system's: {manage_shops.SHORTEST_TOKEN} characters or more.",
            show_default="a random one",
        ),
    ] = None,
    expires_in: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION", help="For how long it lets in, like 90d.", show_default="for ever"
        ),
    ] = None,
    expires_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Until when it lets in, like 2027-01-31T00:00:00Z.",
            show_default="for ever",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Issue a credential, and print its token: this once, since only its SHA-256 is stored.

    On youhaosuda an app gets a key and a secret as well, which it trades for that token; with
    --token it gets none. On bricklink a system gets a consumer key, a token value and a secret for
    each, and signs its requests with them; the secrets are stored encrypted.
    """
    is_signer = wire in _SIGNERS
    values = _values(context, (consumer_key, consumer_secret, token_value, token_secret))
    if values and not is_signer:
        message = f"{_FOUR} are for {', '.join(_SIGNERS)}"
        raise typer.BadParameter(message, ctx=context)
    if is_signer and (token or user or app_key or app_secret):
        message = f"--token, --user, --app-key and --app-secret are not for {wire}"
        raise typer.BadParameter(message, ctx=context)
    is_app = wire in _APPS and token is None
    if not is_app and (app_key or app_secret):
        message = f"--app-key and --app-secret are for {', '.join(_APPS)}, without --token"
        raise typer.BadParameter(message, ctx=context)
    if is_app and user:
        raise typer.BadParameter(f"--user is not for apps of {wire}", ctx=context)
    read_expiry = _expiry(context, expires_in, expires_at)
    at = connected_for_secrets(context) if is_signer else connected(context)
    manage_shops.require_shop(at.shops, shop_id)
    expiry = read_expiry(at.desk.clock)
    if is_signer:
        signer = issue_signer(
            at.shops,
            at.vault,
            at.desk.clock,
            shop_id,
            wire=wire,
            label=label,
            scopes=scope or manage_shops.ALL_SCOPES,
            values=values,
            expires_at=expiry,
        )
        _tell(signer.credential, dataclasses.asdict(signer.values), as_json=as_json)
        return
    if is_app:
        made = issue_app(
            at.shops,
            at.desk.clock,
            shop_id,
            wire=wire,
            label=label,
            scopes=scope or manage_shops.ALL_SCOPES,
            key=app_key,
            secret=app_secret,
            expires_at=expiry,
        )
        secrets = {"app_key": made.key, "app_secret": made.secret, "access_token": made.token}
        _tell(made.credential, secrets, as_json=as_json)
        return
    issued = manage_shops.issue_credential(
        at.shops,
        at.desk.clock,
        shop_id,
        wire=wire,
        label=label,
        scopes=scope or manage_shops.ALL_SCOPES,
        token=token,
        user=manage_people.require_user(at.people, shop_id, user) if user else None,
        expires_at=expiry,
    )
    _tell(issued.credential, {"token": issued.token}, as_json=as_json)


@app.command(
    "list",
    no_args_is_help=True,
    epilog=examples("orderhub credential list demo", "orderhub credential list demo --json"),
)
def list_(context: typer.Context, shop_id: ShopId, as_json: AsJson = False) -> None:
    """List a shop's credentials, oldest first, expired and revoked ones included."""
    at = connected(context)
    issued = manage_shops.list_credentials(at.shops, shop_id)
    if as_json:
        now = at.desk.clock.now()
        print_json({"credentials": [described(each, now) for each in issued]})
    else:
        print_credentials(issued, at.desk.clock.now())


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


def _expiry(
    context: typer.Context, duration: str | None, time: str | None
) -> Callable[[Clock], datetime | None]:
    """What gives the end of a credential's life that is issued by this clock."""
    if duration is not None and time is not None:
        message = "--expires-in and --expires-at don't go together"
        raise typer.BadParameter(message, ctx=context)
    if time is not None:
        at = understood("--expires-at", lambda: moment(time))
        return lambda _clock: at
    if duration is None:
        return lambda _clock: None
    seconds = understood("--expires-in", lambda: _life(duration))
    return lambda clock: None if seconds is None else clock.now() + timedelta(seconds=seconds)


def _life(text: str) -> int | None:
    """Seconds, ``None`` for ever. Raises ``ValueError``."""
    seconds = durations.seconds_in(text)
    if seconds is not None and seconds > manage_shops.LONGEST_LIFE:
        longest = durations.written(manage_shops.LONGEST_LIFE)
        raise ValueError(f"{text!r} is more than {longest}")
    return seconds


def _values(context: typer.Context, brought: Sequence[str | None]) -> SignerValues | None:
    """All four, or none."""
    given = [text for text in brought if text is not None]
    if not given:
        return None
    if len(given) < len(brought):
        raise typer.BadParameter(f"{_FOUR} go together", ctx=context)
    return SignerValues(*given)


def _tell(credential: Credential, secrets: Mapping[str, str], *, as_json: bool) -> None:
    if as_json:
        print_json({**plain(credential), **secrets})
        return
    print_done(
        f"Issued {credential.id}: {credential.label}, {credential.wire} of shop "
        f"{credential.shop_id}."
    )
    if credential.expires_at:
        print_note(f"It expires at {shown(credential.expires_at)}.")
    for name, secret in secrets.items():
        output().print(f"{name.replace('_', ' ').capitalize()}: ", end="")
        output().print(secret, style="bold", soft_wrap=True)
    if len(secrets) == 1:
        print_note("Keep it now. It is not stored and can't be shown again.")
    else:
        print_note("Keep them now. They can't be shown again.")


def _state(credential: Credential, now: datetime) -> str:
    if credential.revoked_at is not None:
        return "revoked"
    if credential.expires_at is not None and credential.expires_at <= now:
        return "expired"
    return "active"


def described(credential: Credential, now: datetime) -> dict[str, Any]:
    """A credential for programs, with what it is good for at ``now``."""
    return {**plain(credential), "state": _state(credential, now)}


def print_credentials(issued: Sequence[Credential], now: datetime) -> None:
    """Write a table of them, for people, with what they are good for at ``now``."""
    if not issued:
        print_note("No credentials.")
        return
    rows = [
        (
            credential.id,
            _state(credential, now),
            credential.wire,
            credential.label,
            credential.user_id,
            credential.scopes,
            credential.created_at,
            credential.expires_at,
            credential.revoked_at,
        )
        for credential in issued
    ]
    titles = ("Id", "State", "Wire", "Label", "User", "Scopes", "Created", "Expires", "Revoked")
    print_table("Credentials", titles, rows)
