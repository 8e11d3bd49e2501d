"""The lean session's clients are those that botocore makes with everything it has."""

import json
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import UnknownServiceError

from orderhub.adapters import aws

REGIONS = ("us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1")
NEW_REGION = "eu-nowhere-9"
SERVICES = ("dynamodb", "events", "kms", "sesv2", "sqs", "sts")


@pytest.fixture(autouse=True)
def _without_an_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def described(client: Any) -> dict[str, Any]:
    return {
        "url": client.meta.endpoint_url,
        "partition": client.meta.partition,
        "operations": client.meta.method_to_api_mapping,
        "shapes": client.meta.service_model.shape_names,
        "signed as": client._request_signer.signing_name,
        "signed for": client._request_signer.region_name,
        "signed by": client._request_signer.signature_version,
    }


@pytest.mark.parametrize("service", SERVICES)
def test_clients_are_as_botocore_makes_them(service: str) -> None:
    whole = botocore.session.get_session()
    for region in (*REGIONS, NEW_REGION):
        lean = aws.session().create_client(service, region_name=region)
        known = whole.create_client(service, region_name=region)
        assert described(lean) == described(known), region


@pytest.mark.parametrize("variable", ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
def test_endpoints_of_other_kinds_are_those_of_botocore(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "true")
    calls: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("dynamodb", "list_tables", {}),
        ("events", "list_event_buses", {}),
        ("kms", "list_keys", {}),
        ("sts", "get_caller_identity", {}),
    )

    def url(session: Any, service: str, method: str, parameters: dict[str, Any]) -> str:
        client = session.create_client(service, region_name="us-east-1")
        client.meta.events.register_first("before-send", _keep)
        with pytest.raises(_Kept) as kept:
            getattr(client, method)(**parameters)
        return str(kept.value.args[0].url)

    whole, lean = botocore.session.get_session(), aws.session.__wrapped__()
    for call in calls:
        assert url(lean, *call) == url(whole, *call)


def test_models_are_read_as_botocore_reads_them() -> None:
    whole = botocore.session.get_session()
    for service in SERVICES:
        for kind in ("service-2", "paginators-1", "endpoint-rule-set-1"):
            lean = aws.session().get_component("data_loader").load_service_model(service, kind)
            known = whole.get_component("data_loader").load_service_model(service, kind)
            for operation in known.get("operations", {}).values():
                # Where ARNs may stand. Nobody here names anything by one.
                operation.pop("operationContextParams", None)
            assert lean == known


def test_a_service_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UnknownServiceError):
        aws.session().create_client("no-such-service")


class _Kept(Exception):
    """The request that would have been sent."""


def _keep(request: Any, **_: Any) -> None:
    raise _Kept(request)


def test_requests_are_sent_with_what_botocore_adds_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793")

    def sent(session: Any) -> Any:
        client = session.create_client("dynamodb", region_name="eu-central-1")
        client.meta.events.register("before-send", _keep)
        item = {"Put": {"TableName": "t", "Item": {"pk": {"S": "a"}}}}
        with pytest.raises(_Kept) as kept:
            client.transact_write_items(TransactItems=[item])
        return kept.value.args[0]

    lean, whole = sent(aws.session()), sent(botocore.session.get_session())
    assert set(lean.headers) == set(whole.headers)
    assert lean.headers["X-Amzn-Trace-Id"] == whole.headers["X-Amzn-Trace-Id"]
    assert "ClientRequestToken" in json.loads(lean.body)
    assert lean.url == whole.url
