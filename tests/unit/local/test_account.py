"""What `make deploy` says of an account before it changes anything there."""

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from local import account
from local.account import Finding
from local.environments import Environment
from local.errors import LocalError

REGION = "eu-central-1"
TOPIC = f"arn:aws:sns:{REGION}:123456789012:alarms"
DEFAULTS = {"PythonRuntime": "python3.13", "Architecture": "arm64"}


class _Lambda:
    """Lambda, of an account that may run as many functions as told."""

    def __init__(self, limit: int = 1000) -> None:
        self._limit = limit

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": {"ConcurrentExecutions": self._limit}}


class _Mail:
    """SES with one verified domain."""

    class exceptions:  # noqa: N801 - the SDK's own name
        class NotFoundException(Exception):
            pass

    def __init__(self, *, is_in_sandbox: bool = False) -> None:
        self._is_in_sandbox = is_in_sandbox

    def get_account(self) -> dict[str, Any]:
        return {"ProductionAccessEnabled": not self._is_in_sandbox}

    def get_email_identity(self, *, EmailIdentity: str) -> dict[str, Any]:  # noqa: N803
        if EmailIdentity == "shop.example":
            return {"VerifiedForSendingStatus": True}
        if EmailIdentity == "asked@mall.example":
            return {"VerifiedForSendingStatus": False}
        raise self.exceptions.NotFoundException


class _NoStack:
    """CloudFormation without any."""

    def describe_stacks(self, *, StackName: str) -> None:  # noqa: N803 - the SDK's own name
        said = f"Stack with id {StackName} does not exist"
        answer = {"Error": {"Code": "ValidationError", "Message": said}}
        raise ClientError(answer, "DescribeStacks")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def clients() -> Iterator[account.Clients]:
    """Clients of an account with a verified sender, a domain's zone and certificate, and a topic
    that somebody listens to."""
    # moto's own of these want more than is installed, or don't know the calls.
    made: dict[str, Any] = {
        "lambda": _Lambda(),
        "cloudformation": _NoStack(),
        "sesv2": _Mail(),
    }

    def client(service: str) -> Any:
        if service not in made:
            made[service] = boto3.client(service, region_name=REGION)  # type: ignore[call-overload]
        return made[service]

    with mock_aws():
        yield client


def environment(name: str = "prod", **given: str) -> Environment:
    return Environment(name, f"orderhub-{name}", None, None, {**DEFAULTS, **given})


def found(clients: account.Clients, checked: Environment) -> list[Finding]:
    return list(account.findings(checked, REGION, clients))


def said(findings: list[Finding], words: str) -> list[bool]:
    """How grave each finding is that says so."""
    return [each.is_grave for each in findings if words in each.text]


def test_what_production_should_have_and_has_not_is_said_and_no_obstacle(
    clients: account.Clients,
) -> None:
    findings = found(clients, environment())
    for parameter in ("DeletionProtection", "AlarmTopicArn", "MailSender"):
        assert said(findings, f"{parameter} is") == [False]
    assert not [each for each in findings if each.is_grave]


def test_nobody_is_bothered_with_that_where_things_are_only_tried(
    clients: account.Clients,
) -> None:
    assert not said(found(clients, environment("dev")), "DeletionProtection")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"Tracing": "active"}, "it may be Active, PassThrough"),
        ({"LogRetentionDays": "a month"}, "it must be a number"),
        ({"DueShards": "0"}, "it must be 1 at least"),
        ({"WebhookRetryScale": "1.5"}, "it must be 1 at most"),
        ({"MailSender": "nobody"}, "it must look like"),
        ({"DeletionProtektion": "true"}, "no parameter that may be set"),
        ({"Release": "mine"}, "no parameter that may be set"),
        ({"HostedZoneId": "Z1"}, "need DomainName"),
        ({"DefaultEndpoint": "false"}, "need DomainName"),
        ({"DomainName": "orders.shop.example"}, "needs CertificateArn"),
        ({"AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:a"}, "in another region"),
        ({"AlarmTopicArn": f"{TOPIC}-of-nobody"}, "There is no topic"),
        (
            {"TableKeyArn": f"arn:aws:kms:{REGION}:123456789012:key/1"},
            "There is no key",
        ),
        (
            {
                "DomainName": "orders.shop.example",
                "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1",
            },
            "in another region",
        ),
        (
            {
                "DomainName": "orders.shop.example",
                "CertificateArn": f"arn:aws:acm:{REGION}:123456789012:certificate/1",
            },
            "There is no certificate",
        ),
    ],
)
def test_what_can_not_work_is_grave(
    clients: account.Clients, given: Mapping[str, str], words: str
) -> None:
    assert said(found(clients, environment(**given)), words) == [True]


@pytest.mark.parametrize("sender", ["orders@unknown.example", "asked@mall.example"])
def test_mail_from_an_address_that_nobody_verified_is_said(
    clients: account.Clients, sender: str
) -> None:
    checked = environment(MailSender=sender)
    assert said(found(clients, checked), f"verified neither {sender}") == [False]


def test_a_verified_domain_stands_for_its_addresses(clients: account.Clients) -> None:
    assert not said(found(clients, environment(MailSender="a@shop.example")), "verified neither")


def test_mail_that_stays_in_the_sandbox_is_said(clients: account.Clients) -> None:
    checked = environment(MailSender="a@shop.example")
    assert not said(found(clients, checked), "sandbox")
    boxed = _in_place_of(clients, "sesv2", _Mail(is_in_sandbox=True))
    assert said(found(boxed, checked), "sandbox") == [False]


def test_alarms_that_nobody_listens_to_are_said_until_somebody_does(
    clients: account.Clients,
) -> None:
    notifications = clients("sns")
    topic = notifications.create_topic(Name="alarms")["TopicArn"]
    checked = environment(AlarmTopicArn=topic)
    assert said(found(clients, checked), "Nobody has confirmed") == [False]
    notifications.subscribe(TopicArn=topic, Protocol="email", Endpoint="night@shop.example")
    assert not said(found(clients, checked), "Nobody has confirmed")


def test_a_certificate_and_a_zone_must_be_the_domain_s(clients: account.Clients) -> None:
    certificate = clients("acm").request_certificate(DomainName="*.shop.example")["CertificateArn"]
    zones = clients("route53")
    own = zones.create_hosted_zone(Name="shop.example.", CallerReference="1")["HostedZone"]["Id"]
    other = zones.create_hosted_zone(Name="mall.example.", CallerReference="2")["HostedZone"]["Id"]
    given = {"CertificateArn": certificate, "DomainName": "orders.shop.example"}

    right = found(clients, environment(**given, HostedZoneId=own.rpartition("/")[2]))
    assert not said(right, "certificate is for") + said(right, "hosted zone")

    elsewhere = environment(**given, HostedZoneId=other.rpartition("/")[2])
    assert said(found(clients, elsewhere), "is that of mall.example") == [True]
    wrong = environment(**{**given, "DomainName": "orders.mall.example"})
    assert said(found(clients, wrong), "not for orders.mall.example") == [True]
    # A wildcard is good for one level.
    deep = environment(**{**given, "DomainName": "a.b.shop.example"})
    assert said(found(clients, deep), "not for a.b.shop.example") == [True]


def test_a_quota_that_a_new_account_has_is_said(clients: account.Clients) -> None:
    new = _in_place_of(clients, "lambda", _Lambda(limit=10))
    assert said(found(new, environment()), "may run 10 functions at once") == [False]


def test_what_the_caller_may_not_see_is_passed_over(clients: account.Clients) -> None:
    class Closed:
        def get_account_settings(self) -> None:
            answer = {"Error": {"Code": "AccessDeniedException", "Message": "No."}}
            raise ClientError(answer, "GetAccountSettings")  # type: ignore[arg-type]

    closed = _in_place_of(clients, "lambda", Closed())
    assert not said(found(closed, environment()), "functions at once")


def _in_place_of(clients: account.Clients, service: str, client: object) -> account.Clients:
    return lambda name: client if name == service else clients(name)


class _Stack:
    """CloudFormation with one stack."""

    def __init__(self, status: str, **parameters: str) -> None:
        self._stack = {
            "StackStatus": status,
            "Parameters": [
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in parameters.items()
            ],
        }

    def describe_stacks(self, **_named: str) -> dict[str, Any]:
        return {"Stacks": [self._stack]}


def with_stack(clients: account.Clients, stack: _Stack) -> account.Clients:
    return _in_place_of(clients, "cloudformation", stack)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("ROLLBACK_COMPLETE", "can only be removed"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
        ("UPDATE_IN_PROGRESS", "Something is under way"),
    ],
)
def test_a_stack_that_takes_no_deployment_now_is_grave(
    clients: account.Clients, status: str, words: str
) -> None:
    findings = found(with_stack(clients, _Stack(status)), environment())
    assert said(findings, words) == [True]


def test_shards_never_shrink(clients: account.Clients) -> None:
    deployed = with_stack(clients, _Stack("UPDATE_COMPLETE", DueShards="8"))
    assert said(found(deployed, environment()), "would shrink from 8 to 4") == [True]
    assert not said(found(deployed, environment(DueShards="16")), "would shrink")


def test_what_a_deployment_would_take_away_is_said(clients: account.Clients) -> None:
    deployed = with_stack(
        clients,
        _Stack("CREATE_COMPLETE", DeletionProtection="true", DomainName="orders.shop.example"),
    )
    findings = found(deployed, environment())
    assert said(findings, "would be taken away") == [False]
    assert said(findings, "no longer answer under orders.shop.example") == [False]


def test_who_deploys_is_told_when_no_region_is_named() -> None:
    class Session:
        region_name = None

    with pytest.raises(LocalError, match="No AWS region"):
        account.caller_of(Session())  # type: ignore[arg-type]


def test_who_deploys_and_where_to_is_known(clients: account.Clients) -> None:
    caller = account.caller_of(boto3.Session(region_name=REGION))
    assert (caller.account, caller.region) == ("123456789012", REGION)
