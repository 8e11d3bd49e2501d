"""No operation is done for anybody without a credential that is good for it.

Each operation of the template is tried with everything that may be wrong with a credential. It must
answer with its API's own refusal, change nothing and tell nothing of any shop.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import httpx
import pytest

from orderhub.adapters.dynamodb import keys
from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain.shop import Scope, Shop
from orderhub.services.issue_signer import SignerValues
from orderhub.services.manage_shops import revoke_credential
from tests.integration.security.houses import (
    URL,
    WIRES,
    Answer,
    Callers,
    House,
    Key,
    Sent,
    changes,
    issue_key,
    signature,
    signed_with,
    stored,
)
from tests.integration.security.operations import (
    FUNCTION_OF,
    PUBLIC,
    SAME,
    Operation,
    operations,
    source_of,
)
from tests.support.fakes import NOON, FakeMailer
from tests.support.figures import tried
from tests.support.gateway import Gateway
from tests.support.oauth import header, signed
from tests.support.providers import SignedRequest

pytestmark = pytest.mark.xdist_group("two shops")

Try = Callable[[Operation, Sent], Answer]

LIFE: Final = timedelta(minutes=10)


def test_every_route_asks_for_a_credential_or_says_what_else_it_asks_for(ours: House) -> None:
    known = {operation.route for operation in operations(ours)}
    assert known | set(PUBLIC) | set(SAME) == set(FUNCTION_OF)
    assert not known & set(PUBLIC)
    for route in known | set(SAME):
        assert re.search(r"^@(signed_)?endpoint\(", source_of(route), re.MULTILINE), route


def test_every_operation_has_the_scope_that_its_handler_asks_for(ours: House) -> None:
    for operation in operations(ours):
        assert f'scope="{operation.scope}"' in source_of(operation.route), operation.route


# -- what is wrong with credentials ----------------------------------------------------------------


class Attacks:
    """Everything that may be wrong with the credentials of one wire, by name."""

    def __init__(self, orderhub: Application, callers: Callers, house: House, wire: str) -> None:
        self.orderhub = orderhub
        self.callers = callers
        self.house = house
        self.wire = wire
        self.seller = orderhub.people.user(house.id, 100_010)
        shops, clock = orderhub.shops, orderhub.desk.clock
        self.revoked = self.key(house.id)
        revoke_credential(shops, clock, house.id, self.revoked.credential_id)
        self.expiring = self.key(house.id, expires_in=LIFE)
        self.expiring_warm = self.key(house.id, expires_in=LIFE)
        shops.put(Shop(id="gone", name="Gone", currency="CNY", created_at=NOON))
        self.orphan = self.key("gone")
        orderhub._dynamodb.delete_item(
            TableName=orderhub.settings.table_name,
            Key={"pk": {"S": keys.shop("gone")}, "sk": {"S": keys.SHOP_PROFILE}},
        )

    def key(self, shop_id: str, **more: Any) -> Key:
        user = self.seller if self.wire == "brandcloud" else None
        return issue_key(self.orderhub, shop_id, self.wire, user=user, **more)

    def by(self, key: Key) -> Try:
        return lambda operation, sent: self.callers.ask(
            self.wire, key, sent, in_header=operation.in_header
        )

    def unproven(self) -> Iterator[tuple[str, Try]]:
        """Those that prove nothing at all."""
        yield "none", lambda _operation, sent: self.callers.send(sent)
        yield "of another shape", self._other_shape
        if self.wire != "bricklink":
            for name, token in (("empty", ""), ("blank", " ")):
                yield name, self.by(Key(token))

    def wrong(self) -> Iterator[tuple[str, Try]]:
        """Those that let nobody in any more, or never did."""
        yield "revoked", self.by(self.revoked)
        yield "expired", self.by(self.expiring)
        yield "expired while warm", self.by(self.expiring_warm)
        own = self.house.keys[self.wire]
        if self.wire == "bricklink":
            assert own.signer
            for name, text in (("unknown", "ABCDEF"), ("empty", "")):
                for part in ("consumer_key", "token_value"):
                    if text or part == "token_value":
                        forged = replace(own.signer, **{part: text})
                        yield f"{name} {part}", self.by(Key(signer=forged))
            yield from self._forged(own.signer)
            return
        yield "wrong", self.by(Key(own.token[:-1] + ("0" if own.token[-1] != "0" else "1")))
        yield "cut short", self.by(Key(own.token[:-1]))
        yield "in capitals", self.by(Key(own.token.upper()))
        yield "too long", self.by(Key("x" * 513))
        yield "its hash", self.by(Key("0" * 64))
        yield "not of this alphabet", self.by(Key("'\"<>;"))
        for wire in WIRES:
            if wire not in (self.wire, "bricklink"):
                yield f"of {wire}", self.by(self.house.keys[wire])

    def _other_shape(self, _operation: Operation, sent: Sent) -> Answer:
        """Where every other API has its credential, and this one has none."""
        token = self.house.keys[self.wire].token or "token"
        for wire in WIRES:
            if wire not in (self.wire, "bricklink", "brandcloud"):
                sent = signed_with(wire, token, sent, in_header=True)
        if self.wire == "marketplace":
            sent = replace(sent, headers={**sent.headers, "authorization": f"Basic {token}"})
        sent = replace(sent, headers={**sent.headers, "cookie": f"session={token}"})
        if self.wire == "brandcloud":
            sent = replace(sent, headers={**sent.headers, "x-api-key": token})
            sent.headers.pop("authorization", None)  # type: ignore[attr-defined]
        return self.callers.send(replace(sent, query={**sent.query, "access_token": token}))

    def _forged(self, own: SignerValues) -> Iterator[tuple[str, Try]]:
        """Signatures that don't fit their request."""
        wrong = replace(own, token_secret="0" * 32)
        yield "wrong secret", self.by(Key(signer=wrong))
        for name, seconds in (("old", -301), ("of tomorrow", 86400)):
            yield name, self._at(own, seconds)
        yield "plain text", self._by_header(own, oauth_signature_method="PLAINTEXT")
        yield "of another path", self._by_header(own, path="/api/store/v1/orders/1/nothing")
        yield "empty signature", self._by_header(own, oauth_signature="")

    def _at(self, own: SignerValues, seconds: float) -> Try:
        return lambda _operation, sent: self.callers.send(sent, signature(own, seconds))

    def _by_header(self, own: SignerValues, path: str = "", **changed: str) -> Try:
        def attempt(_operation: Operation, sent: Sent) -> Answer:
            parameters = signed(own, sent.method, f"{URL}{path or sent.path}")
            parameters |= changed
            if changed.get("oauth_signature_method"):
                parameters["oauth_signature"] = f"{own.consumer_secret}&{own.token_secret}"
            headers = {**sent.headers, "authorization": header(parameters)}
            return self.callers.send(replace(sent, headers=headers))

        return attempt


# -- what is answered ------------------------------------------------------------------------------


def _said(status: int, **body: Any) -> tuple[int, Any]:
    return status, body


_MARKETPLACE = _said(401, error="You are not authorized to perform that action.")
_SHOPLAZZA = _said(401, errors=["The access-token is missing or not valid"])
_YOUHAOSUDA = _said(401, code=401, errors=["token无效"])
_NOT_SIGNED_IN = _said(403, error_name="does not signin")
_BRICKLINK: Final = [
    _said(200, meta={"description": text, "message": message, "code": code}, data={})
    for text, message, code in (
        ("the request's signature is not valid", "BAD_OAUTH_REQUEST", 401),
        ("the credential lacks the scope {scope}", "PERMISSION_DENIED", 403),
    )
]
REFUSALS: Final[Mapping[str, Mapping[str, tuple[int, Any]]]] = {
    "marketplace": {
        "missing": _MARKETPLACE,
        "wrong": _MARKETPLACE,
        "gone": _MARKETPLACE,
        "scope": _said(403, error="You are not authorized to perform that action."),
    },
    "brandcloud": {
        "missing": _said(403, error_name="lack of parameters"),
        "wrong": _NOT_SIGNED_IN,
        "gone": _NOT_SIGNED_IN,
        "scope": _NOT_SIGNED_IN,
    },
    "shoplazza": {
        "missing": _SHOPLAZZA,
        "wrong": _SHOPLAZZA,
        "gone": _said(401, error="store is not active"),
        "scope": _said(403, errors=["The access-token lacks the scope write_order"]),
    },
    "youhaosuda": {
        "missing": _YOUHAOSUDA,
        "wrong": _YOUHAOSUDA,
        "gone": _YOUHAOSUDA,
        "scope": _said(403, code=403, errors=["token没有该权限"]),
    },
    "bricklink": {
        "missing": _BRICKLINK[0],
        "wrong": _BRICKLINK[0],
        "gone": _BRICKLINK[0],
        "scope": _BRICKLINK[1],
    },
}
"""Word for word, since any word more could tell something."""

_NO_CONSUMER: Final = _said(403, error_name="not_sign_in")
_OF_CONSUMERS: Final = (
    "POST /order/confirmpurchase",
    "POST /order/edit",
    "GET /order/{order_number}/detail",
)
"""Sections of BrandCloud's document with words of their own."""


def refusal(operation: Operation, kind: str) -> tuple[int, Any]:
    if operation.route in _OF_CONSUMERS and (
        kind != "missing" or operation.route == "POST /order/edit"
    ):
        return _NO_CONSUMER
    status, body = REFUSALS[operation.wire][kind]
    text = json.dumps(body).replace("{scope}", operation.scope)
    return status, json.loads(text)


def is_refused(answer: Answer, operation: Operation, kind: str, attack: str) -> None:
    told = (answer.status, answer.body)
    assert told == refusal(operation, kind), (operation.route, attack)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.headers) <= {
        "cache-control",
        "content-length",
        "content-type",
        "x-request-id",
        "x-yhsd-shop-api-call-limit",
    }


# -- the attacks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", WIRES)
def test_no_operation_is_done_without_a_credential_that_is_good_for_it(
    wire: str,
    orderhub: Application,
    callers: Callers,
    ours: House,
    outbox: FakeMailer,
    later: Callable[[float], None],
) -> None:
    attacks = Attacks(orderhub, callers, ours, wire)
    asked = [operation for operation in operations(ours) if operation.wire == wire]
    reading = next((each for each in asked if each.scope == Scope.READ_ORDERS), asked[0])
    warmed = attacks.by(attacks.expiring_warm)(reading, reading.sent(ours))
    assert (warmed.status, warmed.body) != refusal(reading, "wrong")
    later(LIFE.total_seconds())
    before = stored(orderhub)
    for operation in asked:
        lacking = ours.writers if operation.scope == Scope.READ_ORDERS else ours.readers
        kinds: list[tuple[str, str, Try]] = [
            *(("missing", name, attempt) for name, attempt in attacks.unproven()),
            *(("wrong", name, attempt) for name, attempt in attacks.wrong()),
            ("gone", "of a shop that is gone", attacks.by(attacks.orphan)),
            ("scope", "without the scope", attacks.by(lacking[wire])),
        ]
        for kind, name, attempt in kinds:
            is_refused(attempt(operation, operation.sent(ours)), operation, kind, name)
        assert changes(before, stored(orderhub)) == [], operation.route
        tried("credential attacks, operations × attacks", len(kinds))
    assert outbox.sent == []


def test_what_was_signed_once_is_done_once(
    orderhub: Application, callers: Callers, ours: House
) -> None:
    signer = ours.keys["bricklink"].signer
    assert signer
    for operation in operations(ours):
        if operation.wire != "bricklink":
            continue
        sent = operation.sent(ours)
        authorization = header(signed(signer, sent.method, f"{URL}{sent.path}"))
        again = replace(sent, headers={"authorization": authorization})
        assert callers.send(again).body["meta"]["code"] in (200, 201, 204), operation.route
        before = stored(orderhub)
        is_refused(callers.send(again), operation, "wrong", "replayed")
        assert changes(before, stored(orderhub)) == []
        tried("credential attacks, operations × attacks")


def test_a_credential_works_until_its_last_millisecond_in_every_api(
    orderhub: Application,
    callers: Callers,
    ours: House,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = SystemClock().now()
    monkeypatch.setattr(SystemClock, "now", lambda self: now)
    asked: dict[str, Operation] = {}
    for each in sorted(operations(ours), key=lambda each: each.scope):
        asked.setdefault(each.wire, each)
    held = {wire: Attacks(orderhub, callers, ours, wire).expiring for wire in asked}
    for moment, is_in in ((now + LIFE - timedelta(milliseconds=1), True), (now + LIFE, False)):
        monkeypatch.setattr(SystemClock, "now", lambda self, moment=moment: moment)
        for wire, operation in asked.items():
            answer = callers.ask(
                wire, held[wire], operation.sent(ours), in_header=operation.in_header
            )
            told = (answer.status, answer.body)
            assert (told != refusal(operation, "wrong")) == is_in, wire


# -- routes without a credential -------------------------------------------------------------------


def test_an_app_s_key_and_secret_are_refused_alike_whatever_is_wrong_with_them(
    orderhub: Application, callers: Callers, ours: House, theirs: House
) -> None:
    key, secret = ours.keys["youhaosuda"].app
    attacks = Attacks(orderhub, callers, ours, "youhaosuda")
    wrong = [
        ("", ""),
        (key, ""),
        ("", secret),
        (key, secret[:-1]),
        (key, secret.upper()),
        (secret, key),
        (key, theirs.keys["youhaosuda"].app[1]),
        (theirs.keys["youhaosuda"].app[0], secret),
        (key, "x" * 10_000),
        attacks.revoked.app,
    ]
    before = stored(orderhub)
    answers = [_trade(callers, basic(*pair)) for pair in wrong]
    answers += [_trade(callers, text) for text in ("", "Basic", "Basic ?", f"Bearer {secret}")]
    assert {(answer.status, answer.text) for answer in answers} == {
        (answers[0].status, answers[0].text)
    }
    assert answers[0].status == 401
    assert answers[0].body["error"] == "invalid_client"
    assert _trade(callers, basic(key, secret)).body == {"token": ours.keys["youhaosuda"].token}
    assert changes(before, stored(orderhub)) == []
    tried("credential attacks, operations × attacks", len(answers))


def basic(key: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()


def _trade(callers: Callers, authorization: str) -> Answer:
    body = {"grant_type": "client_credentials"}
    headers = {"authorization": authorization} if authorization else {}
    return callers.send(Sent("POST", "/oauth2/token", body=body, headers=headers))


@pytest.mark.parametrize("provider", ["stripe", "paypal", "alipay", "wechatpay"])
def test_a_notification_counts_for_the_shop_whose_secret_signed_it(
    provider: str, orderhub: Application, callers: Callers, ours: House, theirs: House
) -> None:
    """Unsigned, signed for another shop, by another provider, or another body than was signed."""
    order = ours.own["id"]
    path = f"/webhooks/payments/{provider}/{ours.id}"
    good = ours.notify[provider](order)
    forged = [
        unsigned(good),
        replace(good, body=good.body.replace(b"6", b"9")),
        theirs.notify[provider](order),
        *(other(order) for name, other in ours.notify.items() if name != provider),
        *(other(order) for name, other in theirs.notify.items() if name != provider),
    ]
    before = stored(orderhub)
    answers = [notified(path, each) for each in forged]
    assert {answer.status_code for answer in answers} <= {400, 401}
    for answer in answers:
        told = answer.text + str(answer.headers)
        assert not [each for each in ours.everything() | theirs.everything() if each in told]
    assert 400 <= notified(f"/webhooks/payments/{provider}/nowhere", good).status_code < 500
    assert changes(before, stored(orderhub)) == []
    assert notified(path, good).status_code == 200
    assert changes(before, stored(orderhub)) != []
    tried("credential attacks, operations × attacks", len(answers))


def unsigned(request: SignedRequest) -> SignedRequest:
    """Without its signature, which stands in a header field or in the form."""
    body = re.sub(rb"&sign=[^&]*", b"", request.body)
    return SignedRequest({"content-type": request.headers["content-type"]}, body)


def notified(path: str, request: SignedRequest) -> httpx.Response:
    """What the API answers to a provider."""
    with httpx.Client(transport=Gateway.of_template(), base_url=URL) as client:
        return client.post(path, content=request.body, headers=dict(request.headers))
