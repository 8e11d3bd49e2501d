"""Requests that are signed by OAuth 1.0, over HTTP to the deployed functions: what the network,
API Gateway and IAM do to them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from orderhub.services.issue_signer import SignerValues
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop, new_signer
from tests.support import oauth
from tests.support.oauth import SignedClient

pytestmark = ON_THE_CLOUD


@pytest.fixture
def values(deployment: Deployment, make_shop: Callable[..., Shop]) -> SignerValues:
    return new_signer(deployment, make_shop())


@pytest.fixture
def base_url(deployment: Deployment) -> str:
    return f"{deployment.api_url}/api/store/v1"


@pytest.fixture
def client(values: SignerValues, base_url: str) -> Iterator[SignedClient]:
    with SignedClient(values, base_url=base_url) as client:
        yield client


def code(answer: httpx.Response) -> int:
    """What this API says in its envelope; its HTTP status is always 200."""
    found: int = answer.json()["meta"]["code"]
    return found


@pytest.mark.parametrize(
    "path",
    [
        "/orders",
        "/orders?direction=in&filed=false",
        "/orders?status=pending,completed",
        "/orders?status=pending%2Ccompleted",
        "/orders?status=-purged&x=a%20b%2B~",
    ],
)
def test_a_signed_request_is_let_in(client: SignedClient, path: str) -> None:
    assert code(client.get(path)) == 200


def test_who_signs_with_another_secret_is_not(values: SignerValues, base_url: str) -> None:
    for wrong in (
        replace(values, consumer_secret="x" * 32),
        replace(values, token_secret="x" * 32),
        replace(values, token_value="x" * 32),
    ):
        with SignedClient(wrong, base_url=base_url) as client:
            assert code(client.get("/orders")) == 401


def test_of_the_same_request_many_times_at_once_one_counts(
    values: SignerValues, base_url: str
) -> None:
    header = oauth.header(oauth.signed(values, "GET", f"{base_url}/orders"))

    def send(_: int) -> int:
        headers = {"Authorization": header}
        return code(httpx.get(f"{base_url}/orders", headers=headers, timeout=60))

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(send, range(16)))
    assert sorted(codes) == [200] + [401] * 15


def test_no_function_writes_a_secret_into_its_log(
    deployment: Deployment, client: SignedClient, values: SignerValues
) -> None:
    assert code(client.get("/orders")) == 200
    written = _all_logs(deployment)
    assert '"wire":"bricklink"' in written
    for secret in (values.consumer_secret, values.token_secret, values.token_value):
        assert secret not in written


def _all_logs(deployment: Deployment) -> str:
    client = deployment.aws("logs")
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName=deployment.outputs["FunctionLogGroup"]
    )
    return "\n".join(event["message"] for page in pages for event in page["events"])
