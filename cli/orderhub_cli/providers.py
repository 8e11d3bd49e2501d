"""``orderhub provider``: a shop's accounts with payment providers, as far as their notifications
need them."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from orderhub.domain.payment_account import (
    ALIPAY,
    PAYPAL,
    STRIPE,
    WECHATPAY,
    PaymentAccount,
)
from orderhub.ports import SealedAccount
from orderhub.services import manage_payment_accounts as accounts
from orderhub.services.manage_payment_accounts import NEEDS
from orderhub.services.payment_accounts import ALIPAY_KEY
from orderhub_cli import arguments, key_files
from orderhub_cli.arguments import AsJson, Provider, ShopId
from orderhub_cli.connection import api_url, connected, connected_for_secrets
from orderhub_cli.console import print_done, print_facts, print_json, print_note, print_table
from orderhub_cli.help import examples
from orderhub_cli.plain import attributes, plain

app = typer.Typer(help="Take payment providers' notifications, or no more.", no_args_is_help=True)

_STRIPE, _PAYPAL, _ALIPAY, _WECHATPAY = "Stripe", "PayPal", "Alipay", "WeChat Pay"
_NAMES: Final = {STRIPE: _STRIPE, PAYPAL: _PAYPAL, ALIPAY: _ALIPAY, WECHATPAY: _WECHATPAY}
_OPTIONS: Final = {
    STRIPE: ("--secret", "--secret-file"),
    PAYPAL: ("--webhook-id", "--client-id", "--certificate", "--remove-key"),
    ALIPAY: ("--app-id", "--seller-id", "--public-key"),
    WECHATPAY: ("--mchid", "--appid", "--api-v3-key-file", "--public-key", "--remove-key"),
}
_Secret = Annotated[
    str | None,
    typer.Option(
        "--secret", help="The secret. It stays in the shell's history: prefer --secret-file."
    ),
]
_SecretFile = Annotated[
    str | None,
    typer.Option(
        "--secret-file", metavar="FILE", help="A file with the secret in it; '-' is stdin."
    ),
]


@app.command(
    "set",
    no_args_is_help=True,
    epilog=examples(
        "orderhub provider set demo stripe --secret-file - < signing-secret.txt",
        "orderhub provider set demo paypal --webhook-id 1JE4291016473214C",
        "orderhub provider set demo alipay --app-id 2021000000000001 --public-key alipay.pem",
        "orderhub provider set demo wechatpay --mchid 1900000001 --api-v3-key-file api-v3-key.txt "
        "--public-key PUB_KEY_ID_0119000000012024=wechatpay.pem",
    ),
)
def set_(
    context: typer.Context,
    shop_id: ShopId,
    provider: Provider,
    secret: Annotated[
        list[str] | None,
        typer.Option(
            help="The endpoint's signing secret, whsec_…; repeatable. It stays in the shell's "
            "history: prefer --secret-file.",
            rich_help_panel=_STRIPE,
        ),
    ] = None,
    secret_file: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="A file with the signing secret in it; '-' is stdin; repeatable.",
            rich_help_panel=_STRIPE,
        ),
    ] = None,
    webhook_id: Annotated[
        str | None, typer.Option(help="The webhook's id.", rich_help_panel=_PAYPAL)
    ] = None,
    client_id: Annotated[
        str | None, typer.Option(help="The app's client id; '' for none.", rich_help_panel=_PAYPAL)
    ] = None,
    certificate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL=FILE",
            help="A certificate of PayPal's to use instead of fetching it; repeatable.",
            rich_help_panel=_PAYPAL,
        ),
    ] = None,
    app_id: Annotated[
        str | None, typer.Option(help="The app's id.", rich_help_panel=_ALIPAY)
    ] = None,
    seller_id: Annotated[
        str | None,
        typer.Option(
            help="The seller's id (PID), if others' payments are to be refused; '' for any.",
            rich_help_panel=_ALIPAY,
        ),
    ] = None,
    mchid: Annotated[
        str | None, typer.Option(help="The merchant's number.", rich_help_panel=_WECHATPAY)
    ] = None,
    appid: Annotated[
        str | None,
        typer.Option(
            help="The app's id, if payments in other apps are to be refused; '' for any.",
            rich_help_panel=_WECHATPAY,
        ),
    ] = None,
    api_v3_key_file: Annotated[
        str | None,
        typer.Option(
            "--api-v3-key-file",
            metavar="FILE",
            help="A file with the APIv3 key in it; '-' is stdin.",
            rich_help_panel=_WECHATPAY,
        ),
    ] = None,
    public_key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[SERIAL=]FILE",
            help="The provider's public key or certificate. Of WeChat Pay with its serial number "
            "or PUB_KEY_ID_…, and repeatable.",
            rich_help_panel=f"{_ALIPAY}, {_WECHATPAY}",
        ),
    ] = None,
    remove_key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Forget a key or certificate, as 'provider show' calls it; repeatable.",
            rich_help_panel=f"{_PAYPAL}, {_WECHATPAY}",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set up a shop's account with a payment provider, or change it.

    What is not given stays as it is. Public keys are added to those that are there; secrets take
    their place ('provider add-secret' adds one). A change takes effect within a minute.
    """
    settings = {
        "--webhook-id": webhook_id,
        "--client-id": client_id,
        "--app-id": app_id,
        "--seller-id": seller_id,
        "--mchid": mchid,
        "--appid": appid,
    }
    given: dict[str, object] = {
        **settings,
        "--secret": secret,
        "--secret-file": secret_file,
        "--certificate": certificate,
        "--public-key": public_key,
        "--api-v3-key-file": api_v3_key_file,
        "--remove-key": remove_key,
    }
    _require_own_options(context, provider, given)
    keys = {
        **dict.fromkeys(remove_key or (), ""),
        **dict(_certificate(text) for text in certificate or ()),
        **dict(_public_key(provider, text) for text in public_key or ()),
    }
    secrets = [
        *(secret or ()),
        *(key_files.read_secret(file, "--secret-file") for file in secret_file or ()),
    ]
    if api_v3_key_file:
        secrets.append(key_files.read_secret(api_v3_key_file, "--api-v3-key-file"))
    option = "--api-v3-key-file" if provider == WECHATPAY else "--secret"
    for text in secrets:
        _require_secret(provider, text, option)
    at = connected_for_secrets(context) if secrets else connected(context)
    account = accounts.set_account(
        at.shops,
        at.payment_account_store,
        lambda: at.vault,
        at.desk.clock,
        shop_id,
        provider,
        settings={
            name.removeprefix("--").replace("-", "_"): text
            for name, text in settings.items()
            if text is not None
        },
        public_keys=keys,
        secrets=secrets,
    )
    _tell(context, account, f"Set up shop {shop_id}'s account with {provider}.", as_json=as_json)


@app.command(
    "add-secret",
    no_args_is_help=True,
    epilog=examples(
        "orderhub provider add-secret demo stripe --secret-file - < new-secret.txt",
        "orderhub provider add-secret demo wechatpay --secret-file api-v3-key.txt",
    ),
)
def add_secret(
    context: typer.Context,
    shop_id: ShopId,
    provider: Provider,
    secret: _Secret = None,
    secret_file: _SecretFile = None,
    as_json: AsJson = False,
) -> None:
    """Add a secret beside those that are there: Stripe's signing secret, WeChat Pay's APIv3 key.

    For rotation: all of them hold until one is removed. It takes effect within a minute.
    """
    if (secret is None) == (secret_file is None):
        raise typer.BadParameter("give --secret or --secret-file", ctx=context)
    if secret_file is not None:
        secret = key_files.read_secret(secret_file, "--secret-file")
    text = secret or ""
    _require_secret(provider, text, "--secret" if secret_file is None else "--secret-file")
    at = connected_for_secrets(context)
    account = accounts.add_secret(
        at.shops,
        at.payment_account_store,
        lambda: at.vault,
        at.desk.clock,
        shop_id,
        provider,
        text,
    )
    added = account.secrets[-1].number
    _tell(context, account, f"Added secret {added}. The others still hold.", as_json=as_json)


@app.command(
    "remove-secret",
    no_args_is_help=True,
    epilog=examples("orderhub provider remove-secret demo stripe 1"),
)
def remove_secret(
    context: typer.Context,
    shop_id: ShopId,
    provider: Provider,
    number: Annotated[
        int, typer.Argument(metavar="NUMBER", help="As 'provider show' counts them.", min=1)
    ],
    as_json: AsJson = False,
) -> None:
    """Remove a secret. What is signed with it is refused within a minute."""
    at = connected(context)
    account = accounts.remove_secret(
        at.shops, at.payment_account_store, at.desk.clock, shop_id, provider, number
    )
    _tell(context, account, f"Removed secret {number}.", as_json=as_json)


@app.command(no_args_is_help=True, epilog=examples("orderhub provider show demo stripe"))
def show(
    context: typer.Context, shop_id: ShopId, provider: Provider, as_json: AsJson = False
) -> None:
    """Show an account, without its secrets, and where its notifications go."""
    at = connected(context)
    account = accounts.require_account(at.shops, at.payment_account_store, shop_id, provider)
    if as_json:
        print_json(_as_json(context, account))
    else:
        _print_account(context, account)


@app.command("list", no_args_is_help=True, epilog=examples("orderhub provider list demo"))
def list_(context: typer.Context, shop_id: ShopId, as_json: AsJson = False) -> None:
    """List a shop's accounts with payment providers."""
    at = connected(context)
    found = accounts.list_accounts(at.shops, at.payment_account_store, shop_id)
    if as_json:
        print_json({"accounts": [_as_json(context, account) for account in found]})
        return
    if not found:
        print_note("No accounts.")
        return
    rows = [
        (
            each.account.provider,
            _in_words(each.account.settings),
            len(each.account.public_keys),
            len(each.secrets),
            each.account.updated_at,
        )
        for each in found
    ]
    columns = ("Provider", "Settings", "Keys", "Secrets", "Changed")
    print_table("Payment providers", columns, rows, numeric="Keys Secrets")


@app.command(no_args_is_help=True, epilog=examples("orderhub provider remove demo stripe"))
def remove(
    context: typer.Context, shop_id: ShopId, provider: Provider, as_json: AsJson = False
) -> None:
    """Remove an account with its secrets. Its notifications are refused within a minute."""
    at = connected(context)
    account = accounts.remove_account(at.shops, at.payment_account_store, shop_id, provider)
    if as_json:
        print_json(account)
    else:
        print_done(f"Removed shop {shop_id}'s account with {provider}, and its secrets.")


def _require_own_options(
    context: typer.Context, provider: str, given: Mapping[str, object]
) -> None:
    named = [name for name, value in given.items() if value is not None]
    foreign = [name for name in named if name not in _OPTIONS[provider]]
    if foreign:
        message = f"{', '.join(foreign)}: not for {provider}, which takes "
        raise typer.BadParameter(message + ", ".join(_OPTIONS[provider]), ctx=context)
    if not named:
        message = f"give one of {', '.join(_OPTIONS[provider])} at least"
        raise typer.BadParameter(message, ctx=context)


def _certificate(text: str) -> tuple[str, str]:
    """``URL=FILE``."""
    url, _, file = text.partition("=")
    arguments.understood("--certificate", lambda: accounts.require_certificate_url(url))
    return url, key_files.read_certificate(file, "--certificate")


def _public_key(provider: str, text: str) -> tuple[str, str]:
    """``FILE`` of Alipay, ``SERIAL=FILE`` of WeChat Pay."""
    option = "--public-key"
    if provider == ALIPAY:
        return ALIPAY_KEY, key_files.read_public_key(text, option)
    name, equals, file = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} is not like SERIAL=FILE", param_hint=f"'{option}'")
    key = key_files.read_public_key(file, option)
    if key_files.is_certificate(key):
        name, serial = name.upper(), key_files.serial_number(key)
        if name.lstrip("0") != serial:
            message = f"the certificate in {file} has the serial number {serial}, not {name}"
            raise typer.BadParameter(message, param_hint=f"'{option}'")
    return name, key


def _require_secret(provider: str, text: str, option: str) -> None:
    arguments.understood(option, lambda: accounts.require_secret(provider, text))


# -- what is shown ---------------------------------------------------------------------------------


def _as_json(context: typer.Context, sealed: SealedAccount) -> dict[str, Any]:
    account = sealed.account
    path = accounts.webhook_path(account.shop_id, account.provider)
    base = api_url(context)
    return {
        **attributes(account),
        "secrets": [
            {"number": each.number, "added_at": plain(each.added_at)} for each in sealed.secrets
        ],
        "webhook_path": path,
        "webhook_url": f"{base}{path}" if base else None,
    }


def _tell(context: typer.Context, account: SealedAccount, message: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(context, account))
        return
    print_done(message)
    _print_account(context, account)


def _print_account(context: typer.Context, sealed: SealedAccount) -> None:
    account = sealed.account
    print_facts(
        f"{_NAMES[account.provider]}, shop {account.shop_id}",
        [
            *account.settings.items(),
            *(("Public key", name) for name in account.public_keys),
            ("Notifications to", _address(context, account)),
            ("Created", account.created_at),
            ("Changed", account.updated_at),
        ],
    )
    if NEEDS[account.provider].has_secrets:
        rows = [(each.number, each.added_at) for each in sealed.secrets]
        print_table("Secrets that hold", ("Number", "Added"), rows)


def _address(context: typer.Context, account: PaymentAccount) -> str:
    path = accounts.webhook_path(account.shop_id, account.provider)
    base = api_url(context)
    return f"{base}{path}" if base else f"{path} below the API's address (the stack's ApiUrl)"


def _in_words(settings: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {text}" for name, text in settings.items())
