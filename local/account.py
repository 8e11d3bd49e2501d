"""Looks at an AWS account before a stack is deployed to it: what would fail, or be missed later.

Every look asks AWS itself and changes nothing. What the caller may not see is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ProfileNotFound

from local.environments import Environment
from local.errors import LocalError

if TYPE_CHECKING:
    from boto3.session import Session

Clients = Callable[[str], Any]
"""A boto3 client by the name of its service."""

FEW_EXECUTIONS = 500
"""Concurrent executions of an account below which a busy shop is throttled; new ones have 10."""
_EXAMPLE = "@example.com"
_FORBIDDEN = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
)


@dataclass(frozen=True)
class Caller:
    """Who deploys, and where to."""

    account: str
    region: str
    arn: str


@dataclass(frozen=True)
class Finding:
    """Something that whoever deploys should know before."""

    text: str
    """What is wrong and what to do about it, in sentences."""
    is_grave: bool = False
    """Whether it can't work so, rather than being unwise."""


def caller_of(session: Session) -> Caller:
    """Whose credentials these are.

    Raises:
        LocalError: there are none, they are no longer good, or no region is named.
    """
    if not session.region_name:
        raise LocalError(
            "No AWS region is named.",
            hint='Set AWS_DEFAULT_REGION, or region = "…" for the environment in samconfig.toml.',
        )
    try:
        found = session.client("sts").get_caller_identity()
    except (NoCredentialsError, ProfileNotFound) as error:
        raise LocalError(
            "There are no AWS credentials here.",
            hint="`aws configure sso` or AWS_PROFILE, AWS_ACCESS_KEY_ID and so on;"
            " `aws sts get-caller-identity` shows when it works.",
        ) from error
    except (ClientError, BotoCoreError) as error:
        raise LocalError(
            f"AWS does not take these credentials: {error}",
            hint="They may have run out: `aws sso login`, or new ones.",
        ) from error
    return Caller(found["Account"], session.region_name, found["Arn"])


def findings(environment: Environment, region: str, clients: Clients) -> Iterator[Finding]:
    """All that is to be said against deploying the environment as it is.

    Args:
        environment: what is to be deployed.
        region: where to.
        clients: clients of the account.
    """
    parameters = environment.parameters
    problems = [Finding(problem, is_grave=True) for problem in environment.problems()]
    if problems:
        yield from problems
        return
    if not environment.is_for_trying:
        yield from _unprotected(parameters)
    looks: list[Callable[[], Iterator[Finding]]] = [
        partial(_of_the_stack, environment, clients),
        partial(_of_mail, parameters, clients),
        partial(_of_alarms, parameters, region, clients),
        partial(_of_the_domain, parameters, region, clients),
        partial(_of_the_key, parameters, clients),
        partial(_of_quotas, clients),
    ]
    for look in looks:
        try:
            yield from look()
        except ClientError as error:
            if error.response["Error"]["Code"] not in _FORBIDDEN:
                raise


def _unprotected(parameters: Mapping[str, str]) -> Iterator[Finding]:
    if parameters["DeletionProtection"] != "true":
        yield Finding("DeletionProtection is not set: the table can be deleted by one command.")
    if not parameters["AlarmTopicArn"]:
        yield Finding("AlarmTopicArn is not set: alarms wake nobody.")
    if parameters["MailSender"].endswith(_EXAMPLE):
        yield Finding(
            f"MailSender is {parameters['MailSender']}: no mail with links to pay by, and none that"
            " thanks buyers, will leave. Those operations answer with an error."
        )


def _of_the_stack(environment: Environment, clients: Clients) -> Iterator[Finding]:
    stack = find_stack(environment.stack_name, clients)
    if stack is None:
        return
    status, name = stack["StackStatus"], environment.stack_name
    if status in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}:
        yield Finding(
            f"The stack {name} is in the state {status}: it was never complete, and can only be"
            f" removed (aws cloudformation delete-stack --stack-name {name}).",
            is_grave=True,
        )
    elif status == "UPDATE_ROLLBACK_FAILED":
        yield Finding(
            f"The stack {name} could not go back to what it was; first"
            f" aws cloudformation continue-update-rollback --stack-name {name}.",
            is_grave=True,
        )
    elif status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        yield Finding(
            f"Something is under way on the stack {name} ({status}): another deployment, or one"
            " that goes out gradually. Wait for its end.",
            is_grave=True,
        )
    yield from _of_changed_parameters(environment, stack)


def _of_changed_parameters(environment: Environment, stack: Mapping[str, Any]) -> Iterator[Finding]:
    before = {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}
    now = environment.parameters
    if int(before.get("DueShards", "0")) > int(now["DueShards"]):
        yield Finding(
            f"DueShards would shrink from {before['DueShards']} to {now['DueShards']}: deadlines in"
            " the shards beyond would never be looked at.",
            is_grave=True,
        )
    if before.get("DeletionProtection") == "true" and now["DeletionProtection"] != "true":
        yield Finding("DeletionProtection would be taken away.")
    if before.get("DomainName") and before["DomainName"] != now["DomainName"]:
        yield Finding(f"The API would no longer answer under {before['DomainName']}.")


def _of_mail(parameters: Mapping[str, str], clients: Clients) -> Iterator[Finding]:
    sender = parameters["MailSender"]
    if sender.endswith(_EXAMPLE):
        return
    mail = clients("sesv2")
    if not any(_is_verified(mail, identity) for identity in (sender, sender.partition("@")[2])):
        yield Finding(
            f"SES has verified neither {sender} nor its domain in this region: no mail will leave."
        )
    if not mail.get_account().get("ProductionAccessEnabled", False):
        yield Finding(
            "SES is still in its sandbox here: mail reaches verified addresses alone. Ask for"
            " production access in the SES console."
        )


def _is_verified(mail: Any, identity: str) -> bool:
    try:
        found = mail.get_email_identity(EmailIdentity=identity)
    except mail.exceptions.NotFoundException:
        return False
    return bool(found.get("VerifiedForSendingStatus", False))


def _of_alarms(parameters: Mapping[str, str], region: str, clients: Clients) -> Iterator[Finding]:
    topic = parameters["AlarmTopicArn"]
    if not topic:
        return
    if topic.split(":")[3] != region:
        yield Finding(f"AlarmTopicArn is in another region than {region}.", is_grave=True)
        return
    notifications = clients("sns")
    try:
        found = notifications.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    except notifications.exceptions.NotFoundException:
        yield Finding(f"There is no topic {topic}.", is_grave=True)
        return
    if all(each["SubscriptionArn"] == "PendingConfirmation" for each in found):
        yield Finding(
            "Nobody has confirmed a subscription to the alarms' topic: alarms wake nobody."
        )


def _of_the_domain(
    parameters: Mapping[str, str], region: str, clients: Clients
) -> Iterator[Finding]:
    domain, arn = parameters["DomainName"], parameters["CertificateArn"]
    if not domain:
        if arn or parameters["HostedZoneId"] or parameters["DefaultEndpoint"] != "true":
            yield Finding(
                "CertificateArn, HostedZoneId and DefaultEndpoint=false need DomainName.",
                is_grave=True,
            )
        return
    if not arn:
        yield Finding("DomainName needs CertificateArn.", is_grave=True)
        return
    if arn.split(":")[3] != region:
        yield Finding(f"CertificateArn is in another region than {region}.", is_grave=True)
        return
    yield from _of_the_certificate(domain, arn, clients("acm"))
    if zone := parameters["HostedZoneId"]:
        yield from _of_the_zone(domain, zone, clients("route53"))


def _of_the_certificate(domain: str, arn: str, certificates: Any) -> Iterator[Finding]:
    try:
        found = certificates.describe_certificate(CertificateArn=arn)["Certificate"]
    except certificates.exceptions.ResourceNotFoundException:
        yield Finding(f"There is no certificate {arn}.", is_grave=True)
        return
    if found["Status"] != "ISSUED":
        yield Finding(
            f"The certificate of {domain} is in the state {found['Status']}; API Gateway takes"
            " ISSUED alone.",
            is_grave=True,
        )
    covered = {found["DomainName"], *found.get("SubjectAlternativeNames", [])}
    if not covered & {domain, f"*.{domain.partition('.')[2]}"}:
        yield Finding(
            f"The certificate is for {', '.join(sorted(covered))}, not for {domain}.",
            is_grave=True,
        )


def _of_the_zone(domain: str, zone: str, names: Any) -> Iterator[Finding]:
    try:
        found = names.get_hosted_zone(Id=zone)["HostedZone"]
    except names.exceptions.NoSuchHostedZone:
        yield Finding(f"There is no hosted zone {zone}.", is_grave=True)
        return
    if not f".{domain}".endswith(f".{found['Name'].rstrip('.')}"):
        yield Finding(
            f"The hosted zone {zone} is that of {found['Name'].rstrip('.')}, which {domain} is not"
            " in.",
            is_grave=True,
        )


def _of_the_key(parameters: Mapping[str, str], clients: Clients) -> Iterator[Finding]:
    arn = parameters["TableKeyArn"]
    if not arn:
        return
    keys = clients("kms")
    try:
        found = keys.describe_key(KeyId=arn)["KeyMetadata"]
    except keys.exceptions.NotFoundException:
        yield Finding(f"There is no key {arn}.", is_grave=True)
        return
    if not found["Enabled"] or found.get("KeySpec", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT":
        yield Finding("TableKeyArn is no symmetric key that is enabled.", is_grave=True)


def _of_quotas(clients: Clients) -> Iterator[Finding]:
    limit = clients("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    if limit < FEW_EXECUTIONS:
        yield Finding(
            f"This account may run {limit} functions at once in this region; above that, callers"
            " get 503. Have the quota raised (Service Quotas, Lambda, Concurrent executions)."
        )


def find_stack(name: str, clients: Clients) -> Mapping[str, Any] | None:
    """What CloudFormation says of a stack; ``None`` when there is none."""
    try:
        stacks = clients("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    found: Mapping[str, Any] = stacks[0]
    return found
