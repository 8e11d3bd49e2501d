"""What subscribers are sent: the document's ``webhooks``. At length: ``docs/WEBHOOKS.md``.

The standard kind's bodies follow from the domain's events as the table stores them, so msgspec,
which reads them back from there, also makes their schemas. The other kinds show orders in the
shapes of their wires' answers.
"""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any, Final, get_args, get_type_hints

import msgspec
from typing_extensions import TypedDict

from orderhub.domain.events import EVENT_TYPES
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.subscription import DISABLED_EVENT
from orderhub.webhooks import showing
from orderhub.wire.shoplazza import webhooks as shoplazza_webhooks
from orderhub.wire.shoplazza.webhooks import SHOPLAZZA
from orderhub.wire.youhaosuda import answers as youhaosuda
from orderhub.wire.youhaosuda import webhooks as youhaosuda_webhooks
from orderhub.wire.youhaosuda.webhooks import YOUHAOSUDA

from .recorded import recorded
from .schemas import ANSWER, Schemas, field_texts, markdown
from .vocabulary import JSON

Json = dict[str, Any]

TITLE: Final = "Webhooks to subscribers"
DOCUMENT: Final = "WEBHOOKS.md"
DESCRIPTION: Final = (
    "Whoever subscribed is sent a `POST` for each event of a shop, seconds after it, in the form "
    "of the subscription's kind. Any 2xx within ten seconds is success; everything else is tried "
    "again for a day. A message may come twice and in any order: remember its id, and go by the "
    "sequence, which counts an order's events from 1 without gaps."
)

_PREFIX: Final = "events"
_REFERENCE: Final = f"#/components/schemas/{_PREFIX}."
_MONEY: Final[Mapping[type, tuple[str, str]]] = {
    Money: ("Money", "Minor units, and the currency."),
    UnitPrice: ("UnitPrice", "Ten-thousandths of the currency's major unit, and the currency."),
}


class OtherPart(TypedDict):
    """What a payment or a shipment doesn't tell by itself."""

    order_id: int
    """The order that it is of."""
    order_no: str


class PaymentShown(youhaosuda.Payment, OtherPart):
    """A payment as it stands when the message is sent, and whose it is."""


class ShipmentShown(youhaosuda.Shipment, OtherPart):
    """A parcel, or what is left to send, as it stands when the message is sent, and whose it
    is."""


# -- the kinds -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """One entry of ``webhooks``."""

    name: str
    kind: str
    summary: str
    description: str
    headers: Mapping[str, str]
    """Name → what it says."""


_SEQUENCE: Final = "The event's place in its order's history, from 1."
_STANDARD: Final = _Told(
    name="event",
    kind="standard",
    summary="An event, by Standard Webhooks",
    description="The event itself, without who did it. A topic is a type of event, or `*` for all "
    "of them, those that are yet to come included. Verify the signature over the raw body with a "
    "library of Standard Webhooks and the subscription's secret (`whsec_…`).",
    headers={
        "webhook-id": "The same for each attempt.",
        "webhook-timestamp": "When this attempt was made: seconds since 1970.",
        "webhook-signature": "Signatures between blanks: `v1,` and an HMAC-SHA256 in base64, over "
        "id, timestamp and body. Two while a secret is being rotated.",
    },
)


def _youhaosuda(name: str, summary: str) -> _Told:
    topics = [topic for topic in YOUHAOSUDA.topics if topic.startswith(f"{name}/")]
    return _Told(
        name=f"youhaosuda.{name}",
        kind="youhaosuda",
        summary=summary,
        description="The object by itself, as it stands when the message is sent, for the topics "
        + ", ".join(f"`{topic}`" for topic in topics)
        + ".",
        headers={
            youhaosuda_webhooks.HMAC_HEADER: "HMAC-SHA256 of the raw body by the webhook's token, "
            "in base64.",
            youhaosuda_webhooks.ID_HEADER: "The same for each attempt.",
            youhaosuda_webhooks.TOPIC_HEADER: "What happened.",
            youhaosuda_webhooks.SHOP_HEADER: "The shop.",
            showing.SEQUENCE_HEADER: _SEQUENCE,
        },
    )


_SHOPLAZZA: Final = _Told(
    name="shoplazza.orders",
    kind="shoplazza",
    summary="An order, as Shoplazza's API shows it",
    description="The order as it stands when the message is sent, for the topics "
    + ", ".join(f"`{topic}`" for topic in SHOPLAZZA.topics)
    + ".",
    headers={
        shoplazza_webhooks.HMAC_HEADER: "HMAC-SHA256 of the raw body by the app's client secret, "
        "in base64.",
        shoplazza_webhooks.TOPIC_HEADER: "What happened.",
        shoplazza_webhooks.DOMAIN_HEADER: "The shop's domain, else its id.",
        shoplazza_webhooks.VERSION_HEADER: "Of the API whose order it is.",
        shoplazza_webhooks.ID_HEADER: "The same for each attempt.",
        showing.SEQUENCE_HEADER: _SEQUENCE,
    },
)

KINDS: Final[tuple[tuple[_Told, object], ...]] = (
    (_STANDARD, None),
    (_youhaosuda("orders", "An order, as Youhaosuda's API shows it"), None),
    (
        _youhaosuda("payments", "A payment of an order"),
        PaymentShown,
    ),
    (
        _youhaosuda("shipments", "A parcel of an order"),
        ShipmentShown,
    ),
    (_SHOPLAZZA, None),
)


def webhooks() -> tuple[Json, Json]:
    """The document's ``webhooks``, and the schemas that they refer to."""
    wanted = Schemas("subscribers")
    numbers = {told.name: wanted.want(shape, ANSWER) for told, shape in KINDS if shape}
    schemas = {**_events(), **wanted.make()}
    bodies: Json = {
        "event": {
            "oneOf": [{"$ref": _REFERENCE + kind} for kind in (*EVENT_TYPES, DISABLED_EVENT)],
            "discriminator": {
                "propertyName": "type",
                "mapping": {kind: _REFERENCE + kind for kind in (*EVENT_TYPES, DISABLED_EVENT)},
            },
        },
        "youhaosuda.orders": {"$ref": "#/components/schemas/youhaosuda.Order"},
        "shoplazza.orders": {"$ref": "#/components/schemas/shoplazza.OrderAnswer"},
        **{name: wanted.of(number) for name, number in numbers.items()},
    }
    made = {told.name: {"post": _operation(told, bodies[told.name])} for told, _ in KINDS}
    return made, schemas


def _operation(told: _Told, body: Json) -> Json:
    sent = recorded(f"webhook.{told.name}")["sent"]
    headers = next(iter(sent.values()))["headers"]
    return {
        "operationId": f"webhook.{told.name}",
        "tags": [TITLE],
        "summary": told.summary,
        "description": f"For subscriptions of the kind `{told.kind}`. {told.description}",
        "security": [],
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": said,
                "schema": {"type": "string"},
                "example": headers[name],
            }
            for name, said in told.headers.items()
        ],
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": body,
                    "examples": {topic: {"value": each["body"]} for topic, each in sent.items()},
                }
            },
        },
        "responses": {
            "2XX": {"description": "Received. The answer's body is not looked at."},
            "410": {"description": "Nothing more is wanted: the subscription is switched off."},
        },
    }


# -- the standard kind's bodies --------------------------------------------------------------------


def _events() -> Json:
    """The schema of each event's message, under its type, and of all that the events consist of,
    under the names of their classes."""
    _, parts = msgspec.json.schema_components(
        EVENT_TYPES.values(), schema_hook=_money, ref_template=_REFERENCE + "{name}"
    )
    classes = {cls.__name__: cls for cls in _dataclasses(*EVENT_TYPES.values())}
    made = {name: _described(part, classes.get(name)) for name, part in parts.items()}
    made |= {
        name: {
            "type": "array",
            "description": said,
            "prefixItems": [{"type": "integer"}, {"type": "string"}],
            "minItems": 2,
            "maxItems": 2,
            "examples": [[12800, "CNY"]],
        }
        for name, said in _MONEY.values()
    }
    messages = {}
    for kind, cls in EVENT_TYPES.items():
        # Where data was too large to be sent, it is empty.
        said = made[cls.__name__]
        said.pop("required", None)
        messages[kind] = _message(kind, {"$ref": _REFERENCE + cls.__name__}, is_of_order=True)
        messages[kind]["description"] = said.get("description", "")
    disabled = _message(DISABLED_EVENT, _DISABLED, is_of_order=False)
    disabled["description"] = "A subscription was switched off."
    schemas = {**made, **messages, DISABLED_EVENT: disabled}
    return {f"{_PREFIX}.{name}": _without_nothing(schema) for name, schema in schemas.items()}


_DISABLED: Final[Json] = {
    "type": "object",
    "properties": {
        "subscription_id": {"type": "integer"},
        "url": {"type": "string", "description": "Without what follows `?`."},
        "failing_since": {"type": "string", "format": "date-time"},
        "reason": {"type": "string", "enum": ["failing", "gone"]},
    },
    "required": ["subscription_id", "url", "failing_since", "reason"],
}


def _message(kind: str, data: Json, *, is_of_order: bool) -> Json:
    properties: Json = {
        "type": {"type": "string", "const": kind},
        "timestamp": {
            "type": "string",
            "format": "date-time",
            "description": "When it happened, in UTC with milliseconds.",
        },
        "id": {
            "type": "string",
            "description": "The same in every message about this event.",
        },
        "shop_id": {"type": "string"},
    }
    if is_of_order:
        properties |= {
            "order_id": {"type": "integer"},
            "sequence": {
                "type": "integer",
                "minimum": 1,
                "description": "Counts the order's events, without gaps.",
            },
        }
    properties["data"] = data
    required = [*properties]
    if is_of_order:
        properties["truncated"] = {
            "type": "boolean",
            "const": True,
            "description": "Said where `data` is too large to be sent, and is empty for that: "
            "read the order instead.",
        }
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _money(kind: type) -> Json:
    name, _ = _MONEY[kind]
    return {"$ref": _REFERENCE + name}


def _described(schema: Json, cls: type | None) -> Json:
    """With what the class says of itself and of its fields. Times are told as such, which msgspec
    does for those alone that can't lack an offset."""
    told = {key: value for key, value in schema.items() if key not in ("title", "description")}
    if "enum" in told:
        told = {"type": "string" if isinstance(told["enum"][0], str) else "integer", **told}
    if cls is None:
        return told
    own = cls.__doc__ or ""
    if own and not own.startswith(f"{cls.__name__}("):
        told["description"] = markdown(inspect.cleandoc(own))
    hints, texts = get_type_hints(cls), field_texts(cls)
    for name, part in told.get("properties", {}).items():
        if datetime in (hints[name], *get_args(hints[name])):
            _string_in(part)["format"] = "date-time"
        if name in texts:
            part["description"] = texts[name]
    return told


def _string_in(schema: Json) -> Json:
    choices: list[Json] = schema.get("anyOf", [schema])
    return next(each for each in choices if each.get("type") == "string")


def _dataclasses(*kinds: Any) -> Iterator[type]:
    """These, and all that their fields consist of."""
    waiting, seen = [*kinds], set()
    while waiting:
        kind = waiting.pop()
        waiting += get_args(kind)
        if kind in seen or not isinstance(kind, type) or not is_dataclass(kind):
            continue
        seen.add(kind)
        yield kind
        hints = get_type_hints(kind)
        waiting += [hints[field.name] for field in fields(kind)]


def _without_nothing(schema: Any) -> Any:
    """Without defaults that say "none", and without ``null``: what equals its default is left
    out of what is sent."""
    if isinstance(schema, Mapping):
        told = {
            key: _without_nothing(value)
            for key, value in schema.items()
            if not (key == "default" and not value and value is not False)
        }
        choices = told.get("anyOf", [])
        left = [each for each in choices if each != {"type": "null"}]
        if "default" not in told and len(left) == 1 < len(choices):
            del told["anyOf"]
            told = {**left[0], **told}
        return told
    if isinstance(schema, list):
        return [_without_nothing(each) for each in schema]
    return schema
