"""What must hold after a crash and its retries: the shop is whole, and the same as without."""

import base64
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orderhub.adapters.dynamodb import items as stored
from orderhub.adapters.dynamodb import keys
from orderhub.domain import ledger
from orderhub.domain.delivery import DeliveryState
from orderhub.domain.events import claims
from orderhub.domain.order import Order
from orderhub.ports import OutgoingEvent, Published
from orderhub.services.reconcile import Auditor, reconcile_shop
from tests.support.wiretap import Call

from .stage import SENDS, Stage

_ID: Final = re.compile(r"(?<!\d)\d{14,16}(?!\d)")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?")
_EPOCH: Final = re.compile(r"(?<!\d)1[789]\d{8}(\d{3})?(?!\d)")
_TOKEN: Final = re.compile(
    r"[\w-]{40,}|(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Za-z])[\w+/=-]{30,}", re.ASCII
)

_BY_CHANCE: Final = ("body", "packed", keys.MILESTONE_HINT, "change_pk", "change_sk")
"""Attributes of items that are read otherwise, that some ids bring with them, or that a change has
which comes no sooner than a millisecond after its order: reconciliation looks after those."""
_DELIVERIES = "#DELIVERIES#"


@dataclass(frozen=True)
class Fingerprint:
    """Everything that is there and was told, without what chance and the clock decide.

    ``items`` is what the table has, each so often; ``told`` what others were told, who must live
    with hearing it twice: the bus, queues, subscribers; ``mails`` how often each went out.
    """

    items: Counter[str]
    told: frozenset[tuple[str, str]]
    mails: Counter[str]


class Reader:
    """Writes down what a stage has become since ``before``, whose ids are left as they are."""

    def __init__(self, before: Sequence[Mapping[str, Any]], asked: object) -> None:
        """``asked`` is what the function is called with, as often as it is."""
        known = json.dumps([*(_readable(item) for item in before), asked], default=str)
        self._known = set(_ID.findall(known))
        self._there = {_key(item) for item in before}
        self._reconciled: list[Counter[str]] = []

    def fingerprint(self, stage: Stage, happened: Sequence[Call]) -> Fingerprint:
        found = stage.items()
        numbers = list(self._new_numbers(found))
        written = Counter(
            self.plain(_readable(item), numbers)
            for item in found
            if not item["pk"]["S"].startswith("NONCE#")
            # Written anew after a crash, under other names; reconciling judges it.
            and not item["pk"]["S"].endswith("#NUMBERS")
            and _DELIVERIES not in item["pk"]["S"]
        )
        written.update(self.plain(row, numbers) for row in _logged(stage, found))
        told = frozenset((to, self.plain(what, numbers)) for to, what in _told(happened))
        mails = Counter(self.plain(mail, numbers) for mail in _mails(happened))
        return Fingerprint(written, told, mails)

    def plain(self, value: object, numbers: Iterable[str] = ()) -> str:
        """As text, with ids and numbers that are new, times and tokens made alike."""
        text = json.dumps(value, sort_keys=True, ensure_ascii=False)
        for number in numbers:
            text = text.replace(number, "<number>")
        text = _TOKEN.sub("<token>", text)
        text = _ID.sub(lambda found: found[0] if found[0] in self._known else "<id>", text)
        return _EPOCH.sub("<time>", _TIME.sub("<time>", text))

    def answer(self, stage: Stage, content: object) -> str:
        return self.plain(content, list(self._new_numbers(stage.items())))

    def _new_numbers(self, found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        """Those of new orders and of their invoices, longest first."""
        numbers = set()
        for item in found:
            if item["sk"]["S"] == keys.ORDER_HEADER and _key(item) not in self._there:
                body = _readable(item)["body"]
                numbers |= {body["number"], *(made["number"] for made in body.get("invoices", []))}
                numbers |= {
                    number for number in [body.get("invoicing", {}).get("number")] if number
                }
        yield from sorted(numbers, key=lambda number: (-len(number), number))

    def flaws(self, stage: Stage) -> list[str]:
        """What is wrong with the orders, whatever they should be."""
        found = [*_orders_apart(stage), *_names_astray(stage), *self._unpublished(stage)]
        state = self.fingerprint(stage, ()).items
        if state not in self._reconciled:
            found += _reconciled(stage)
            self._reconciled.append(state)
        return found

    def _unpublished(self, stage: Stage) -> Iterator[str]:
        """Events that the stream doesn't tell, or that don't get to the bus from there."""
        inserted = [
            record
            for record in stage.stream()
            if record["eventName"] == "INSERT"
            and record["dynamodb"]["Keys"]["sk"]["S"].startswith(keys.EVENT_PREFIX)
        ]
        wanted = {
            _key(item)
            for item in stage.items()
            if item["sk"]["S"].startswith(keys.EVENT_PREFIX) and _key(item) not in self._there
        }
        streamed = {_key(record["dynamodb"]["Keys"]) for record in inserted}
        if wanted != streamed:
            yield f"stored and streamed events differ: {wanted ^ streamed}"
        bus = _Bus()
        stage.new_process()
        stage.application.__dict__["bus"] = bus
        result = stage.invoke("streams/publish_events", {"Records": inserted})
        stage.new_process()
        told = {
            (record["dynamodb"]["Keys"]["pk"]["S"], keys.event(entry.sequence))
            for record in inserted
            for entry in stored.recorded(_unpacked(record["dynamodb"]["NewImage"]))
        }
        if result["batchItemFailures"] or bus.keys != told:
            yield f"streamed and published events differ: {bus.keys ^ told}"


def _reconciled(stage: Stage) -> Iterator[str]:
    with stage.wiretap.unwatched():
        application = stage.application
        auditor = Auditor(application.desk, application.audit)
        shops = {keys.order_key(pk).shop_id for pk in _order_keys(stage.items())}
        for shop_id in sorted(shops):
            for outcome in reconcile_shop(auditor, shop_id):
                for finding in outcome.left:
                    if not finding.flaw.is_to_do:
                        yield f"{finding.flaw.value}: {finding.told}"


class _Bus:
    """Takes all, and knows which event items they come from."""

    def __init__(self) -> None:
        self.keys: set[tuple[str, str]] = set()

    def publish(self, events: Sequence[OutgoingEvent]) -> Published:
        for event in events:
            told = json.loads(event.detail)
            pk = keys.order(told["shop_id"], told["order_id"])
            self.keys.add((pk, keys.event(told["sequence"])))
        return Published(len(events))


def _orders_apart(stage: Stage) -> Iterator[str]:
    """Orders whose events don't replay to their snapshot, or tell of other money."""
    partitions: dict[str, list[dict[str, Any]]] = {}
    for item in stage.items():
        partitions.setdefault(item["pk"]["S"], []).append(_unpacked(item))
    for pk in _order_keys(stage.items()):
        key = keys.order_key(pk)
        within = sorted(partitions[pk], key=lambda item: item["sk"]["S"])
        snapshot = stored.order(
            [item for item in within if item["sk"]["S"].startswith(keys.ORDER_HEADER)]
        )
        history = [
            entry
            for item in within
            if item["sk"]["S"].startswith(keys.EVENT_PREFIX)
            for entry in stored.recorded(item)
        ]
        if snapshot != Order.replay(key.shop_id, key.order_id, history):
            yield f"order {key.order_id} is not what its events yield"
        elif ledger.of_order(snapshot) != ledger.of_events(history).balances:
            yield f"order {key.order_id} has other money than its events"


def _names_astray(stage: Stage) -> Iterator[str]:
    """Names that lead to an order which never claimed them, and claimed ones that lead nowhere."""
    led: set[tuple[str, int]] = set()
    claimed: set[tuple[str, int]] = set()
    for item in stage.items():
        pk, sk = _key(item)
        if "#REF#" in pk:
            led.add((f"{pk} {sk}", stored.leads_to(item) or 0))
        elif sk.startswith(keys.EVENT_PREFIX):
            key = keys.order_key(pk)
            for entry in stored.recorded(_unpacked(item)):
                for name in claims(entry.event):
                    reference = keys.reference(key.shop_id, name.kind, name.value)
                    claimed.add((f"{reference} {keys.scope(name.scope)}", key.order_id))
    if led != claimed:
        yield f"names lead elsewhere than where they are claimed: {led ^ claimed}"


def _order_keys(found: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted(item["pk"]["S"] for item in found if item["sk"]["S"] == keys.ORDER_HEADER)


def _key(item: Mapping[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _unpacked(item: Mapping[str, Any]) -> dict[str, Any]:
    if "packed" not in item:
        return dict(item)
    return {**item, "packed": {"B": base64.b64decode(item["packed"]["B"])}}


def _readable(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item with its body as what it says; what is encrypted reads alike."""
    shown = {name: value for name, value in item.items() if name not in _BY_CHANCE}
    if "due_pk" in shown:
        shown["due_pk"] = shown["due_pk"]["S"].rpartition("#")[0]
    if "body" in item or "packed" in item:
        shown["body"] = json.loads(stored.body_of(_unpacked(item)))
    if "sealed" in item:
        shown["sealed"] = "<sealed>"
    if item["pk"]["S"].endswith("#SUBSCRIPTIONS"):
        shown.pop("version")
        shown["body"].pop("version", None)
    return shown


def _logged(stage: Stage, found: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """What the log of deliveries shows. How often each was tried until then, how each try failed,
    and with which others it was written down is what a cut changes."""
    with stage.wiretap.unwatched():
        for pk in sorted({pk for item in found if _DELIVERIES in (pk := item["pk"]["S"])}):
            shop, _, subscription_id = pk.removeprefix("SHOP#").partition(_DELIVERIES)
            page = stage.application.delivery_log.page(shop, int(subscription_id), limit=1000)
            for row in page.deliveries:
                is_delivered = row.state is DeliveryState.DELIVERED
                key = {"event": row.event_id, "topic": row.topic}
                yield {"pk": pk, **key, "delivered": is_delivered}


def _told(happened: Iterable[Call]) -> Iterator[tuple[str, Any]]:
    for call in happened:
        match call.name:
            case "events:PutEvents":
                for entry in call.body["Entries"]:
                    yield "bus", json.loads(entry["Detail"])
            case "sqs:SendMessageBatch":
                for entry in call.body["Entries"]:
                    yield "queue", json.loads(entry["MessageBody"])
            case "sqs:SendMessage":
                yield "queue", json.loads(call.body["MessageBody"])
            case name if name == SENDS:
                told = {name.lower(): value for name, value in call.body["headers"].items()}
                yield "subscriber", [call.body["url"], told.get("webhook-id"), call.body["body"]]


def _mails(happened: Iterable[Call]) -> Iterator[Any]:
    for call in happened:
        if call.name.endswith("outbound-emails"):
            yield call.body
