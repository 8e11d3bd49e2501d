"""``orderhub webhook``: whom a shop tells of its events, and how that goes."""

import dataclasses
import re
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from orderhub.domain.delivery import Delivery, DeliveryState
from orderhub.domain.subscription import Subscription, SubscriptionKind
from orderhub.ports import DeliveryPage, QueuedDelivery
from orderhub.services import resend as sending
from orderhub.services import subscriptions as subscribing
from orderhub.services.find_deliveries import WantedDeliveries, find_deliveries
from orderhub.services.manage_shops import require_shop
from orderhub.services.subscriptions import (
    FEWEST_BYTES,
    LONGEST_SECRET,
    MOST_BYTES,
    OVERLAP,
    SHORTEST_SECRET,
    STANDARD_PREFIX,
)
from orderhub.services.trace_deliveries import deliveries_of_order
from orderhub_cli import durations
from orderhub_cli.arguments import AsJson, ShopId, identifier, understood
from orderhub_cli.connection import connected, connected_for_events, connected_for_secrets
from orderhub_cli.console import (
    counted,
    output,
    print_done,
    print_facts,
    print_json,
    print_note,
    print_table,
)
from orderhub_cli.failures import REFUSED, complain
from orderhub_cli.help import examples
from orderhub_cli.key_files import read_secret
from orderhub_cli.moments import Since, Until, bounds
from orderhub_cli.orders import find
from orderhub_cli.plain import plain
from orderhub_cli.progress import progress

if TYPE_CHECKING:
    from orderhub.bootstrap import Application

_BETWEEN_LOOKS: Final = 0.5
"""Seconds."""
_ANSWER_SHOWN: Final = 60
"""Characters of a subscriber's answer; --json shows all that is kept."""

app = typer.Typer(
    help="Tell subscribers of a shop's events, and see how that goes.", no_args_is_help=True
)

_LARGEST_ID: Final = 2**53 - 1
_EVENT: Final = re.compile("([0-9]{1,16})/([0-9]{1,6})")

WebhookId = Annotated[
    int,
    typer.Argument(metavar="WEBHOOK", help="As 'webhook list' shows it.", min=1, max=_LARGEST_ID),
]
Topics = Annotated[
    list[str],
    typer.Option(
        "--topic",
        help="What to tell of, such as order.paid; '*' for everything. May be repeated.",
    ),
]
Label = Annotated[str | None, typer.Option(help="Who gets it.")]
SecretFile = Annotated[
    str | None,
    typer.Option(
        "--secret-file",
        metavar="FILE",
        help="A file with the secret to sign with, for a subscriber that has one already; '-' is "
        f"stdin. For the kind standard: {STANDARD_PREFIX} and {FEWEST_BYTES} to {MOST_BYTES} bytes "
        f"in base64. For others: {SHORTEST_SECRET} to {LONGEST_SECRET} characters.",
        show_default="a random secret",
    ),
]


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub webhook add demo https://erp.example/orders --topic order.paid",
        "orderhub webhook add demo https://erp.example/all --topic '*' --label ERP --json",
        "orderhub webhook add demo https://shop.example/y --kind youhaosuda --topic orders/paid",
    ),
)
def add(
    context: typer.Context,
    shop_id: ShopId,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where to tell it: https.")],
    topic: Topics,
    kind: Annotated[
        SubscriptionKind, typer.Option(help="Whose webhooks the subscriber understands.")
    ] = SubscriptionKind.STANDARD,
    label: Label = None,
    secret_file: SecretFile = None,
    as_json: AsJson = False,
) -> None:
    """Subscribe a URL to a shop's events, and print the secret that messages are signed with.

    The secret is shown this once; it is stored encrypted.
    """
    wanted = subscribing.NewSubscription(
        kind=kind,
        url=url,
        topics=topic,
        label=label or "",
        secret=_secret_in(secret_file),
    )
    made = subscribing.subscribe(connected_for_secrets(context).subscription_desk, shop_id, wanted)
    done = f"{made.subscription.url} is told of {', '.join(made.subscription.topics)} from now on."
    _tell_secret(made, f"Webhook {made.subscription.id}: {done}", as_json=as_json)
    if not as_json and kind is SubscriptionKind.STANDARD:
        print_note(f"See that it arrives: orderhub webhook test {shop_id} {made.subscription.id}")


@app.command(
    "list",
    no_args_is_help=True,
    epilog=examples("orderhub webhook list demo", "orderhub webhook list demo --json"),
)
def list_(context: typer.Context, shop_id: ShopId, as_json: AsJson = False) -> None:
    """List a shop's webhooks, oldest first."""
    desk = connected(context).subscription_desk
    found = subscribing.list_subscriptions(desk, shop_id)
    if as_json:
        print_json({"webhooks": found})
        return
    if not found:
        print_note("No webhooks.")
        return
    rows = [
        (one.id, one.kind.value, one.url, one.topics, one.label, _state(one), one.failing_since)
        for one in found
    ]
    columns = ("Id", "Kind", "URL", "Topics", "Label", "State", "Failing since")
    print_table("Webhooks", columns, rows)


@app.command(no_args_is_help=True, epilog=examples("orderhub webhook show demo 3475921619881989"))
def show(
    context: typer.Context, shop_id: ShopId, webhook_id: WebhookId, as_json: AsJson = False
) -> None:
    """Show a webhook, without its secret."""
    desk = connected(context).subscription_desk
    _show(subscribing.find_subscription(desk, shop_id, webhook_id), as_json=as_json)


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub webhook change demo 3475921619881989 --url https://erp.example/v2",
        "orderhub webhook change demo 3475921619881989 --topic order.paid --topic order.expired",
    ),
)
def change(
    context: typer.Context,
    shop_id: ShopId,
    webhook_id: WebhookId,
    url: Annotated[str | None, typer.Option(help="Where to tell it from now on.")] = None,
    topic: Annotated[
        list[str] | None, typer.Option(help="What to tell of instead. May be repeated.")
    ] = None,
    label: Label = None,
    as_json: AsJson = False,
) -> None:
    """Change where a webhook goes, what it tells of, or its label."""
    if url is None and topic is None and label is None:
        raise typer.BadParameter("give --url, --topic or --label", ctx=context)

    def revise(one: Subscription) -> Subscription:
        return dataclasses.replace(
            one,
            url=one.url if url is None else url,
            topics=one.topics if topic is None else tuple(topic),
            label=one.label if label is None else label,
        )

    # The table says which private networks webhooks may go to.
    desk = connected_for_secrets(context).subscription_desk
    changed = subscribing.change_subscription(desk, shop_id, webhook_id, revise)
    _show(changed, as_json=as_json)


@app.command(no_args_is_help=True, epilog=examples("orderhub webhook enable demo 347592161988"))
def enable(
    context: typer.Context, shop_id: ShopId, webhook_id: WebhookId, as_json: AsJson = False
) -> None:
    """Switch a webhook on again. What happened meanwhile is told by 'webhook resend'."""
    desk = connected(context).subscription_desk
    _show(subscribing.enable_subscription(desk, shop_id, webhook_id), as_json=as_json)


@app.command(no_args_is_help=True, epilog=examples("orderhub webhook disable demo 347592161988"))
def disable(
    context: typer.Context, shop_id: ShopId, webhook_id: WebhookId, as_json: AsJson = False
) -> None:
    """Switch a webhook off. What waits for it is skipped."""
    desk = connected(context).subscription_desk
    _show(subscribing.disable_subscription(desk, shop_id, webhook_id), as_json=as_json)


@app.command(
    "rotate-secret",
    no_args_is_help=True,
    epilog=examples(
        "orderhub webhook rotate-secret demo 3475921619881989",
        "orderhub webhook rotate-secret demo 3475921619881989 --at-once",
    ),
)
def rotate_secret(
    context: typer.Context,
    shop_id: ShopId,
    webhook_id: WebhookId,
    secret_file: SecretFile = None,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="The old secret is known to others: drop it now.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Give a webhook a new secret, and print it: this once.

    For 24 hours messages of the kind standard are signed with the old one as well.
    """
    made = subscribing.rotate_secret(
        connected_for_secrets(context).subscription_desk,
        shop_id,
        webhook_id,
        secret=_secret_in(secret_file),
        overlap=OVERLAP * (not at_once),
    )
    _tell_secret(made, f"Webhook {webhook_id} has a new secret.", as_json=as_json)


@app.command(no_args_is_help=True, epilog=examples("orderhub webhook remove demo 347592161988"))
def remove(
    context: typer.Context, shop_id: ShopId, webhook_id: WebhookId, as_json: AsJson = False
) -> None:
    """Remove a webhook for good. What waits for it is dropped."""
    desk = connected(context).subscription_desk
    removed = subscribing.remove_subscription(desk, shop_id, webhook_id)
    if as_json:
        print_json(removed)
    else:
        print_done(f"Removed webhook {removed.id}. {removed.url} is told nothing any more.")


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub webhook deliveries demo 3475921619881989",
        "orderhub webhook deliveries demo 3475921619881989 --state dead --since 1d",
        "orderhub webhook deliveries demo 3475921619881989 --order R4273491837312",
        "orderhub webhook deliveries demo 3475921619881989 --limit 500 --json",
    ),
)
def deliveries(
    context: typer.Context,
    shop_id: ShopId,
    webhook_id: WebhookId,
    state: Annotated[
        DeliveryState | None, typer.Option(help="Those that stand so.", show_default="all")
    ] = None,
    order: Annotated[
        str, typer.Option(metavar="NAME", help="Those of one order's events.", show_default="all")
    ] = "",
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(help="So many at most.", min=1, max=1000)] = 50,
    before: Annotated[
        str | None, typer.Option(metavar="CURSOR", help="Where the page before ended ('next').")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show how the deliveries of the last 30 days went, the newest event first.

    --since and --until go by when events happened.
    """
    first, last = bounds(since, until)
    if order and (first or last or before):
        message = "an order's are all shown: leave out --since, --until and --before"
        raise typer.BadParameter(message, param_hint="'--order'")
    at = connected(context)
    subscribing.find_subscription(at.subscription_desk, shop_id, webhook_id)
    if order:
        found = find(at, shop_id, order)
        told = deliveries_of_order(at.desk.orders, at.delivery_log, shop_id, found.id, [webhook_id])
        rows = [row for _, rows in sorted(told.items(), reverse=True) for row in rows]
        page = DeliveryPage(tuple(r for r in rows if state in (None, r.state))[:limit], None)
    else:
        wanted = WantedDeliveries(state=state, since=first, until=last)
        with progress("Looking", "delivery") as step:
            page = understood(
                "--before",
                lambda: find_deliveries(
                    at.delivery_log,
                    shop_id,
                    webhook_id,
                    wanted,
                    limit=limit,
                    cursor=before,
                    on_read=step.advance,
                ),
            )
    if as_json:
        print_json({"deliveries": page.deliveries, "next": page.cursor})
        return
    _print_deliveries(page.deliveries)
    if page.cursor:
        print_note(f"There are more: --before '{page.cursor}'")


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub webhook resend demo 3475921619881989 --event 3475921619899999/4",
        "orderhub webhook resend demo 3475921619881989 --order R4273491837312",
        "orderhub webhook resend demo 3475921619881989 --since 2026-11-21T09:00:00Z",
    ),
)
def resend(
    context: typer.Context,
    shop_id: ShopId,
    webhook_id: WebhookId,
    event: Annotated[
        str | None,
        typer.Option(metavar="ORDER/SEQUENCE", help="One event: the order's id and its sequence."),
    ] = None,
    order: Annotated[
        str, typer.Option(metavar="NAME", help="All that happened to one order.")
    ] = "",
    since: Since = None,
    until: Until = None,
    as_json: AsJson = False,
) -> None:
    """Tell a subscriber again of an event, of an order's, or of all between two moments.

    Only of what the webhook subscribes to. Messages keep their ids, by which a subscriber knows
    what it has seen.
    """
    asked = sum((event is not None, bool(order), since is not None))
    if asked != 1 or (until is not None and since is None):
        raise typer.BadParameter("give --event, --order, or --since and maybe --until", ctx=context)
    first, last = bounds(since, until)
    order_id, sequence = understood("--event", lambda: _event(event)) if event else (0, 0)
    at = connected_for_events(context)
    subscription = subscribing.find_subscription(at.subscription_desk, shop_id, webhook_id)
    if first is not None:
        with progress("Queueing", "message") as step:
            count = at.resender.between(subscription, first, last, step.advance)
    elif order:
        count = at.resender.order(subscription, find(at, shop_id, order).id)
    else:
        count = at.resender.one(subscription, order_id, sequence)
    if as_json:
        print_json({"queued": count})
    else:
        print_done(f"Queued {counted(count, 'message')} for {subscription.url}.")
        if count:
            print_note(f"How it goes: orderhub webhook deliveries {shop_id} {webhook_id}")


@app.command(
    "test",
    no_args_is_help=True,
    epilog=examples(
        "orderhub webhook test demo 3475921619881989",
        "orderhub webhook test demo 3475921619881989 --wait 1m --json",
    ),
)
def send_test(
    context: typer.Context,
    shop_id: ShopId,
    webhook_id: WebhookId,
    wait: Annotated[
        str, typer.Option(metavar="DURATION", help="How long to wait for what comes of it.")
    ] = "30s",
    as_json: AsJson = False,
) -> None:
    """Send a subscriber a message that tells of nothing, and say how it went.

    It goes the way of all messages: queued, signed and sent by the stack, from there, but tried
    only once. Its type is webhook.test. For the kind standard; others show an order: resend one.
    """
    seconds = understood("--wait", lambda: durations.seconds_in(wait))
    at = connected_for_events(context)
    subscription = subscribing.find_subscription(at.subscription_desk, shop_id, webhook_id)
    queued = at.resender.test(subscription, secrets.token_hex(4))
    outcome = _outcome(at, queued, seconds)
    if as_json:
        print_json({"event_id": queued.event["id"], "delivery": outcome})
    elif outcome is None:
        complain(f"nothing came of it within {wait}: is the stack running, and its queue empty?")
    elif outcome.state is DeliveryState.DELIVERED:
        took = f" in {outcome.seconds:.2f} s" if outcome.seconds is not None else ""
        print_done(f"{subscription.url} answered {outcome.status}{took}.")
    else:
        why = ": ".join(filter(None, [outcome.reason, outcome.answer[:_ANSWER_SHOWN]]))
        complain(f"{subscription.url} did not take it: {why}")
    if outcome is None or outcome.state is not DeliveryState.DELIVERED:
        raise typer.Exit(REFUSED)


def _outcome(at: "Application", queued: QueuedDelivery, seconds: int | None) -> Delivery | None:
    """What came of a delivery; ``None`` if that is not known within these seconds."""
    clock, log = at.desk.clock, at.delivery_log
    named = (str(queued.event["occurred_at"]), str(queued.event["id"]))
    give_up_at = None if seconds is None else clock.monotonic() + seconds
    with progress("Waiting for what comes of it"):
        while not (found := log.of_event(queued.shop_id, queued.subscription_id, *named)):
            if give_up_at is not None and clock.monotonic() >= give_up_at:
                return None
            clock.sleep(_BETWEEN_LOOKS)
    return found[0]


@app.command(
    epilog=examples(
        "orderhub webhook redrive",
        "orderhub webhook redrive --shop demo",
        "orderhub webhook redrive --shop demo --webhook 3475921619881989",
    ),
)
def redrive(
    context: typer.Context,
    shop: Annotated[
        str | None,
        typer.Option(
            metavar="SHOP", help="Those of one shop.", callback=identifier, show_default="all"
        ),
    ] = None,
    webhook: Annotated[
        int | None,
        typer.Option(
            metavar="WEBHOOK", help="Those of one webhook of it.", min=1, show_default="all"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Try again what was given up after a day of attempts, from the first attempt on."""
    if webhook is not None and shop is None:
        raise typer.BadParameter("--webhook goes with --shop", ctx=context)
    at = connected_for_events(context)
    if shop is not None:
        require_shop(at.shops, shop)
    with progress("Queueing", "message") as step:
        count = sending.redrive(
            at.delivery_queue,
            at.desk.clock,
            shop_id=shop,
            subscription_id=webhook,
            on_sent=step.advance,
        )
    if as_json:
        print_json({"queued": count})
    else:
        print_done(f"Queued {counted(count, 'message')} again.")


def _event(text: str) -> tuple[int, int]:
    found = _EVENT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not like ORDER/SEQUENCE")
    return int(found[1]), int(found[2])


def _secret_in(file: str | None) -> str:
    return read_secret(file, "--secret-file") if file else ""


def _state(subscription: Subscription) -> str:
    if subscription.is_enabled:
        return "on"
    return f"off ({subscription.disabled_because})"


def _show(subscription: Subscription, *, as_json: bool) -> None:
    if as_json:
        print_json(subscription)
        return
    facts = [
        ("URL", subscription.url),
        ("Kind", subscription.kind.value),
        ("Topics", subscription.topics),
        ("Label", subscription.label),
        ("State", _state(subscription)),
        ("Failing since", subscription.failing_since),
        ("Created", subscription.created_at),
        ("Changed", subscription.updated_at),
    ]
    print_facts(f"Webhook {subscription.id}", facts)


def _tell_secret(made: subscribing.Subscribed, done: str, *, as_json: bool) -> None:
    if as_json:
        print_json({**plain(made.subscription), "secret": made.secret})
        return
    print_done(done)
    output().print("Secret: ", end="")
    output().print(made.secret, style="bold", soft_wrap=True)
    print_note("Keep it now. It can't be shown again.")


def _print_deliveries(found: Sequence[Delivery]) -> None:
    if not found:
        print_note("No deliveries.")
        return
    rows = [
        (
            one.event_id.partition("/")[2],
            one.topic,
            one.occurred_at,
            one.state.value,
            one.attempts,
            one.status or "",
            ": ".join(filter(None, [one.reason, one.answer[:_ANSWER_SHOWN]])),
            one.at,
            one.next_at if one.state is DeliveryState.RETRYING else None,
        )
        for one in found
    ]
    columns = ("Event", "Topic", "Happened", "State", "Tries", "HTTP", "Why", "Last", "Next")
    print_table("Deliveries", columns, rows, numeric="Tries HTTP")
