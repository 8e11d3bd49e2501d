"""Requests that are signed by OAuth 1.0, from a client library to an operation and back.

The operation only tells what it was asked; between it and the client all is as on AWS, but for the
network.
"""

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx
import pytest
import requests
from authlib.integrations.requests_client import OAuth1Session as AuthlibSession
from requests.adapters import BaseAdapter
from requests_oauthlib import OAuth1Session

from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain.errors import Forbidden, Unauthenticated
from orderhub.http import answering as http
from orderhub.http.endpoint import signed_endpoint
from orderhub.services import manage_shops
from orderhub.services.desk import Desk
from orderhub.services.issue_signer import SignerValues, issue_signer
from orderhub.wire.contract import Request, RequestError, Response
from tests.support import oauth
from tests.support.gateway import Gateway
from tests.support.oauth import FORM, OAuth1, SignedClient

WIRE: Final = "bricklink"
HOST: Final = "https://api.example.com"
BASE_URL: Final = f"{HOST}/store/v1"


class Api:
    """The smallest API whose clients sign."""

    name: Final = WIRE
    takes_forms: Final = True
    max_body_bytes: Final = 10_000

    def error(self, error: Exception) -> Response:
        match error:
            case Unauthenticated():
                return Response(401, {"error": str(error)})
            case Forbidden():
                return Response(403, {"error": "forbidden"})
            case RequestError():
                return Response(400, {"error": str(error)})
            case _:
                return Response(500, {"error": "ours"})


@signed_endpoint(Api(), scope="write_orders")
def tell(request: Request, _desk: Desk) -> Response:
    """What was asked, and for whom."""
    body = {
        "shop": request.shop.id,
        "actor": request.actor.name,
        "path": dict(request.path),
        "query": dict(request.query),
        "body": request.body,
    }
    return Response(200, body)


ROUTES: Final = {
    "GET /store/v1/orders": tell,
    "GET /store/v1/orders/{order_id}": tell,
    "PUT /store/v1/orders/{order_id}/status": tell,
    "POST /store/v1/orders/{order_id}/drive_thru": tell,
}


@pytest.fixture
def issue(application: Application) -> Callable[..., SignerValues]:
    """Issues a signer of the shop ``demo``."""

    def issue(**options: Any) -> SignerValues:
        issued = issue_signer(
            application.shops,
            application.vault,
            SystemClock(),
            options.pop("shop_id", "demo"),
            **{"wire": WIRE, "label": "Store", **options},
        )
        return issued.values

    return issue


@pytest.fixture
def values(issue: Callable[..., SignerValues]) -> SignerValues:
    return issue()


@pytest.fixture
def client(values: SignerValues) -> SignedClient:
    return SignedClient(values, base_url=BASE_URL, transport=Gateway(ROUTES))


@pytest.fixture
def plain(application: Application) -> httpx.Client:
    """A client that signs nothing by itself."""
    return httpx.Client(base_url=BASE_URL, transport=Gateway(ROUTES))


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, Any]]:
    """The log line of the last request."""
    out = io.StringIO()
    handler = http.logger.handlers[0]
    monkeypatch.setattr(handler, "stream", out)

    def last() -> dict[str, Any]:
        *_, line = out.getvalue().splitlines()
        loaded: dict[str, Any] = json.loads(line)
        return loaded

    return last


# -- how people sign -------------------------------------------------------------------------------


def test_a_signed_request_reaches_the_operation(client: SignedClient) -> None:
    answer = client.get("/orders/1234", params={"direction": "in"})
    assert answer.status_code == 200
    assert answer.json() == {
        "shop": "demo",
        "actor": "Store",
        "path": {"order_id": "1234"},
        "query": {"direction": "in"},
        "body": None,
    }


class _ByGateway(BaseAdapter):
    """Lets ``requests`` send through the gateway."""

    def __init__(self) -> None:
        super().__init__()
        self._gateway = Gateway(ROUTES)

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        headers = {name: _text(value) for name, value in request.headers.items()}
        body: Any = request.body or b""
        sent = httpx.Request(request.method or "", request.url or "", headers=headers, content=body)
        got = self._gateway.handle_request(sent)
        answer = requests.Response()
        answer.status_code = got.status_code
        answer._content = got.content
        answer.request, answer.url = request, request.url or ""
        return answer

    def close(self) -> None:
        pass


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()


def by_requests_oauthlib(values: SignerValues, method: str, url: str, **body: Any) -> int:
    with OAuth1Session(
        values.consumer_key,
        client_secret=values.consumer_secret,
        resource_owner_key=values.token_value,
        resource_owner_secret=values.token_secret,
        realm="",
    ) as session:
        session.mount(HOST, _ByGateway())
        return int(session.request(method, url, **body).status_code)


def by_authlib(values: SignerValues, method: str, url: str, **body: Any) -> int:
    with AuthlibSession(
        values.consumer_key,
        client_secret=values.consumer_secret,
        token=values.token_value,
        token_secret=values.token_secret,
    ) as session:
        session.mount(HOST, _ByGateway())
        return int(session.request(method, url, **body).status_code)


def by_oauthlib(values: SignerValues, method: str, url: str, **body: Any) -> int:
    with SignedClient(values, base_url=HOST, transport=Gateway(ROUTES)) as client:
        return client.request(method, url, **body).status_code


def by_hand(values: SignerValues, method: str, url: str, **body: Any) -> int:
    form = urlencode(body["data"]) if "data" in body else ""
    header = oauth.header(oauth.signed(values, method, url, form=form))
    with httpx.Client(transport=Gateway(ROUTES)) as client:
        return client.request(method, url, headers={"Authorization": header}, **body).status_code


SIGNERS = [by_requests_oauthlib, by_authlib, by_oauthlib, by_hand]


@pytest.mark.parametrize("sign", SIGNERS)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/orders", {}),
        ("GET", "/orders?direction=out&filed=true", {}),
        ("GET", "/orders?status=pending,completed", {}),
        ("GET", "/orders?status=pending%2Ccompleted", {}),
        ("GET", "/orders?status=-purged&filed=", {}),
        ("GET", "/orders?q=a%20b%2Bc&q=%E9%92%A5&q=~!", {}),
        ("GET", "/orders/1234", {}),
        ("PUT", "/orders/1234/status", {"json": {"field": "status", "value": "PAID"}}),
        ("PUT", "/orders/1234/status", {"data": {"field": "status", "value": "A b+ü,&="}}),
        ("POST", "/orders/1234/drive_thru?mail_me=true", {}),
    ],
)
def test_a_signature_is_good_whoever_makes_it(
    values: SignerValues, sign: Callable[..., int], method: str, path: str, body: dict[str, Any]
) -> None:
    assert sign(values, method, BASE_URL + path, **body) == 200


@pytest.mark.parametrize("sign", SIGNERS)
@pytest.mark.parametrize("secret", ["consumer_secret", "token_secret"])
def test_a_signature_with_a_wrong_secret_is_not(
    values: SignerValues, sign: Callable[..., int], secret: str
) -> None:
    assert sign(replace(values, **{secret: "x" * 32}), "GET", f"{BASE_URL}/orders") == 401


@pytest.mark.parametrize("signature_type", ["QUERY", "BODY"])
def test_oauth_s_parameters_may_stand_elsewhere(
    values: SignerValues, plain: httpx.Client, signature_type: str
) -> None:
    auth = OAuth1(values, signature_type=signature_type)
    body = {"field": "status"}
    answer = plain.put("/orders/1234/status?a=1", data=body, auth=auth)
    assert answer.status_code == 200


def test_oauth_s_parameters_may_stand_in_the_query_as_json(
    values: SignerValues, plain: httpx.Client
) -> None:
    """As this vendor's document shows it: values percent-encoded before they are put into JSON."""
    parameters = oauth.signed(values, "GET", f"{BASE_URL}/orders?direction=in")
    told = json.dumps({name: quote(value, safe="=") for name, value in parameters.items()})
    answer = plain.get("/orders?direction=in&" + urlencode({"Authorization": told}))
    assert answer.status_code == 200
    again = plain.get("/orders?direction=out&" + urlencode({"Authorization": told}))
    assert again.status_code == 401


def test_a_client_may_bring_its_own_values(issue: Callable[..., SignerValues]) -> None:
    """With all that percent-encoding can get wrong."""
    own = SignerValues("ck+/=&%,~", "secret+/=&%, ~!"[:11] + "12345", "tk:@*'()", "s3cr3t-" * 4)
    own = replace(own, consumer_secret=own.consumer_secret.replace(" ", "_"))
    issue(values=own)
    for sign in SIGNERS:
        assert sign(own, "GET", f"{BASE_URL}/orders?status=a,b") == 200


# -- where the API is ------------------------------------------------------------------------------


def test_the_url_is_the_public_one_behind_a_prefix(
    values: SignerValues, monkeypatch: pytest.MonkeyPatch, application: Application
) -> None:
    """Of a custom domain's mapping, which API Gateway leaves in the path."""
    public = replace(application.settings, public_url="https://shop.example.com/oh/")
    monkeypatch.setattr(application, "settings", public)
    gateway = Gateway(ROUTES, base_path="/oh")
    with SignedClient(
        values, base_url="https://shop.example.com/oh/store/v1", transport=gateway
    ) as client:
        assert client.get("/orders?a=1").status_code == 200
        assert client.get("/orders/12").status_code == 200
    with SignedClient(
        values, base_url="https://other.example.com/oh/store/v1", transport=gateway
    ) as client:
        assert client.get("/orders").status_code == 401


@pytest.mark.parametrize("origin", ["https://API.example.COM", "https://api.example.com:443"])
def test_host_names_and_ports_may_be_written_otherwise(
    values: SignerValues, plain: httpx.Client, origin: str
) -> None:
    header = oauth.header(oauth.signed(values, "GET", f"{origin}/store/v1/orders"))
    answer = plain.get("/orders", headers={"Authorization": header})
    assert answer.status_code == 200


def test_a_slash_at_the_end_is_part_of_what_was_signed(client: SignedClient) -> None:
    assert client.get("/orders/").status_code == 200


# -- what is refused -------------------------------------------------------------------------------


def test_a_request_counts_once(values: SignerValues, plain: httpx.Client) -> None:
    header = oauth.header(oauth.signed(values, "GET", f"{BASE_URL}/orders"))
    statuses = [
        plain.get("/orders", headers={"Authorization": header}).status_code for _ in range(3)
    ]
    assert statuses == [200, 401, 401]


@pytest.mark.parametrize(("at", "status"), [(-310, 401), (-290, 200), (290, 200), (310, 401)])
def test_a_timestamp_may_be_five_minutes_off(
    values: SignerValues, plain: httpx.Client, at: int, status: int
) -> None:
    timestamp = int((SystemClock().now() + timedelta(seconds=at)).timestamp())
    signed = oauth.signed(values, "GET", f"{BASE_URL}/orders", oauth_timestamp=str(timestamp))
    answer = plain.get("/orders", headers={"Authorization": oauth.header(signed)})
    assert answer.status_code == status


def test_the_window_is_a_setting(
    values: SignerValues, plain: httpx.Client, application: Application
) -> None:
    object.__setattr__(application.settings, "signature_window", 30)
    timestamp = int((SystemClock().now() - timedelta(seconds=60)).timestamp())
    signed = oauth.signed(values, "GET", f"{BASE_URL}/orders", oauth_timestamp=str(timestamp))
    answer = plain.get("/orders", headers={"Authorization": oauth.header(signed)})
    assert answer.status_code == 401


def test_what_was_signed_for_one_request_is_no_good_for_another(
    values: SignerValues, plain: httpx.Client
) -> None:
    header = oauth.header(oauth.signed(values, "PUT", f"{BASE_URL}/orders/1/status", form="a=1"))
    headers = {"Authorization": header, "Content-Type": FORM}
    for method, url, body in (
        ("PUT", "/orders/2/status", "a=1"),
        ("PUT", "/orders/1/status?b=2", "a=1"),
        ("PUT", "/orders/1/status", "a=2"),
        ("PUT", "/orders/1/status", "a=1&b=2"),
        ("PUT", "/orders/1/status", ""),
        ("POST", "/orders/1/drive_thru", "a=1"),
    ):
        answer = plain.request(method, url, headers=headers, content=body)
        assert answer.status_code == 401, (method, url, body)
    answer = plain.put("/orders/1/status", headers=headers, content="a=1")
    assert answer.status_code == 200


def test_a_body_that_nobody_can_read_is_told_only_to_those_who_signed_it(
    client: SignedClient, plain: httpx.Client
) -> None:
    broken = {"content": "{", "headers": {"Content-Type": "application/json"}}
    assert client.put("/orders/1/status", **broken).status_code == 400  # type: ignore[arg-type]
    assert plain.put("/orders/1/status", **broken).status_code == 401  # type: ignore[arg-type]


def test_a_revoked_signer_is_shut_out(client: SignedClient, application: Application) -> None:
    [credential] = (c for c in application.shops.credentials("demo") if c.wire == WIRE)
    manage_shops.revoke_credential(application.shops, SystemClock(), "demo", credential.id)
    assert client.get("/orders").status_code == 401


def test_a_signer_without_leave_is_forbidden(issue: Callable[..., SignerValues]) -> None:
    reader = issue(scopes=["read_orders"])
    with SignedClient(reader, base_url=BASE_URL, transport=Gateway(ROUTES)) as client:
        assert client.get("/orders").status_code == 403


def test_a_signer_acts_for_its_own_shop(issue: Callable[..., SignerValues]) -> None:
    other = issue(shop_id="other")
    with SignedClient(other, base_url=BASE_URL, transport=Gateway(ROUTES)) as client:
        assert client.get("/orders").json()["shop"] == "other"


# -- what is said of it ----------------------------------------------------------------------------


def test_callers_can_not_tell_one_refusal_from_another_but_our_log_can(
    values: SignerValues,
    plain: httpx.Client,
    line: Callable[[], dict[str, Any]],
    application: Application,
    issue: Callable[..., SignerValues],
) -> None:
    url = f"{BASE_URL}/orders"
    revoked = issue(label="Gone")
    [gone] = (c for c in application.shops.credentials("demo") if c.label == "Gone")
    manage_shops.revoke_credential(application.shops, SystemClock(), "demo", gone.id)
    used = oauth.signed(values, "GET", url)
    plain.get("/orders", headers={"Authorization": oauth.header(used)})
    good = oauth.signed(values, "GET", url)
    requests_by_reason = {
        "unsigned": None,
        "malformed": {**good, "oauth_timestamp": "noon"},
        "unsupported": oauth.signed(values, "GET", url, oauth_signature_method="PLAINTEXT"),
        "out_of_time": oauth.signed(values, "GET", url, oauth_timestamp="137131202"),
        "unknown": {**good, "oauth_consumer_key": "stranger"},
        "revoked": oauth.signed(revoked, "GET", url),
        "wrong_signature": {**good, "oauth_signature": "MdpQcU8iPSUjWoN/UDMsK2sui9I="},
        "replayed": used,
    }
    answers = set()
    for reason, parameters in requests_by_reason.items():
        headers = {"Authorization": oauth.header(parameters)} if parameters else {}
        answer = plain.get("/orders", headers=headers)
        answers.add((answer.status_code, answer.text, tuple(answer.headers.items())))
        logged = line()
        assert (logged["error"], logged["reason"]) == ("unauthenticated", reason)
        assert logged["status"] == 401
    assert len(answers) == 1


def test_the_log_line_names_shop_and_credential_and_no_secret(
    values: SignerValues,
    client: SignedClient,
    line: Callable[[], dict[str, Any]],
    application: Application,
) -> None:
    client.get("/orders")
    logged = line()
    [credential] = (c for c in application.shops.credentials("demo") if c.wire == WIRE)
    assert (logged["shop_id"], logged["credential_id"]) == ("demo", credential.id)
    assert logged["wire"] == WIRE
    for secret in (values.consumer_secret, values.token_secret, values.token_value):
        assert secret not in json.dumps(logged)


# -- what it costs ---------------------------------------------------------------------------------


@contextmanager
def counted(*clients: Any) -> Iterator[Counter[str]]:
    """The calls that these clients make."""
    calls: Counter[str] = Counter()

    def count(model: Any, **_: Any) -> None:
        calls[model.name] += 1

    for client in clients:
        client.meta.events.register("before-call", count, unique_id="count")
    try:
        yield calls
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", unique_id="count")


def test_two_reads_and_a_decryption_then_one_write_a_request(
    client: SignedClient, table: Any, key_service: Any, application: Application
) -> None:
    with counted(table, key_service) as calls:
        client.get("/orders")
    assert calls == {"GetItem": 2, "Decrypt": 1, "PutItem": 1}
    with counted(table, key_service) as calls:
        for _ in range(3):
            assert client.get("/orders").status_code == 200
    assert calls == {"PutItem": 3}


def test_a_refused_request_writes_nothing(
    values: SignerValues, table: Any, key_service: Any, plain: httpx.Client
) -> None:
    forged = replace(values, token_secret="x" * 32)
    with (
        SignedClient(forged, base_url=BASE_URL, transport=Gateway(ROUTES)) as client,
        counted(table, key_service) as calls,
    ):
        assert client.get("/orders").status_code == 401
        assert client.get("/orders").status_code == 401
        assert plain.get("/orders").status_code == 401
    assert calls == {"GetItem": 2, "Decrypt": 1}
