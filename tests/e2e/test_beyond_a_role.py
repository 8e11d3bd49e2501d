"""What a function's role doesn't grant is denied: its own credentials, used for everything that an
attacker who runs code in the function would try."""

import fnmatch
import json
import os
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.e2e.conftest import ON_THE_CLOUD, Deployment
from tests.support.figures import tried
from tests.support.table import template

pytestmark = ON_THE_CLOUD


def _functions() -> list[str]:
    """One function for each set of policies; every one in the long form."""
    found: dict[str, str] = {}
    for name, resource in sorted(template()["Resources"].items()):
        if resource["Type"] == "AWS::Serverless::Function":
            policies = json.dumps(resource["Properties"]["Policies"], sort_keys=True)
            found.setdefault(name if os.environ.get("ORDERHUB_TORTURE") else policies, name)
    return sorted(found.values())


DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
FOREIGN = "SHOP#another"
KEY = {"pk": {"S": FOREIGN}, "sk": {"S": "PROFILE"}}
PARTITION: dict[str, Any] = {
    "KeyConditionExpression": "pk = :pk",
    "ExpressionAttributeValues": {":pk": {"S": FOREIGN}},
}


@cache
def _session() -> Any:
    return boto3.Session("key", "secret", "token", region_name="us-east-1")


@cache
def _client(service: str, endpoint_url: str) -> Any:
    config = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False)
    return _session().client(service, endpoint_url=endpoint_url, config=config)


class Intruder:
    """Somebody with the credentials of a function."""

    def __init__(self, deployment: Deployment, function: str) -> None:
        self._deployment = deployment
        self._role = deployment.stack.resources[f"{function}Role"]
        self.statements = list(self._granted())
        arn = deployment.aws("iam").get_role(RoleName=self._role)["Role"]["Arn"]
        given = deployment.aws("sts").assume_role(RoleArn=arn, RoleSessionName="intruder")
        # Clients take long to make: all intruders have the same ones, one after the other.
        credentials = _session().get_credentials()
        credentials.access_key = given["Credentials"]["AccessKeyId"]
        credentials.secret_key = given["Credentials"]["SecretAccessKey"]
        credentials.token = given["Credentials"]["SessionToken"]

    def client(self, service: str) -> Any:
        return _client(service, self._deployment.cloud.endpoint_url)

    def _granted(self) -> Iterator[dict[str, Any]]:
        iam = self._deployment.aws("iam")
        for name in iam.list_role_policies(RoleName=self._role)["PolicyNames"]:
            policy = iam.get_role_policy(RoleName=self._role, PolicyName=name)
            statements = policy["PolicyDocument"]["Statement"]
            yield from statements if isinstance(statements, list) else [statements]

    def may(self, action: str, resource: str) -> bool:
        """Whether a statement grants it on this, of our own account of what statements say. What
        they demand beside (whose partitions, which purpose) is not what these calls have."""
        if any(
            action in _listed(each["Action"]) and resource in _listed(each["NotResource"])
            for each in self.statements
            if each["Effect"] == "Deny"
        ):
            return True  # SAM grants it on all that there is; it is denied on all but this
        return any(
            each["Effect"] == "Allow"
            and action in _listed(each["Action"])
            and any(fnmatch.fnmatchcase(resource, one) for one in _listed(each["Resource"]))
            and "Condition" not in each
            for each in self.statements
        )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def is_denied(call: Callable[[], object]) -> bool:
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"] in DENIED
    return False


Attempt = tuple[str, str, Callable[[], object]]
"""The action, what it is done to, and how."""


def on_the_table(intruder: Intruder, name: str, arn: str) -> Iterator[Attempt]:
    table = intruder.client("dynamodb")
    item = {**KEY, "name": {"S": "x"}}

    def data(action: str, call: Callable[[], object]) -> Attempt:
        return (f"dynamodb:{action}", arn, call)

    yield data("GetItem", lambda: table.get_item(TableName=name, Key=KEY))
    yield data("BatchGetItem", lambda: table.batch_get_item(RequestItems={name: {"Keys": [KEY]}}))
    yield data("PutItem", lambda: table.put_item(TableName=name, Item=item))
    yield data("DeleteItem", lambda: table.delete_item(TableName=name, Key=KEY))
    change = {"UpdateExpression": "SET x = :x", "ExpressionAttributeValues": {":x": {"S": "x"}}}
    yield data("UpdateItem", lambda: table.update_item(TableName=name, Key=KEY, **change))
    yield data("Query", lambda: table.query(TableName=name, **PARTITION))
    yield data("Scan", lambda: table.scan(TableName=name))
    requests = {name: [{"PutRequest": {"Item": item}}]}
    yield data("BatchWriteItem", lambda: table.batch_write_item(RequestItems=requests))
    statement = f'SELECT * FROM "{name}"'  # noqa: S608 - it is to be refused
    yield data("PartiQLSelect", lambda: table.execute_statement(Statement=statement))
    yield data("DeleteTable", lambda: table.delete_table(TableName=name))
    yield data("DescribeTable", lambda: table.describe_table(TableName=name))
    yield data(
        "UpdateTable",
        lambda: table.update_table(TableName=name, DeletionProtectionEnabled=False),
    )
    yield data(
        "UpdateContinuousBackups",
        lambda: table.update_continuous_backups(
            TableName=name,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
        ),
    )
    yield data("CreateBackup", lambda: table.create_backup(TableName=name, BackupName="mine"))
    for index in template()["Resources"]["Table"]["Properties"]["GlobalSecondaryIndexes"]:
        partition = index["KeySchema"][0]["AttributeName"]
        asked = {
            **PARTITION,
            "KeyConditionExpression": f"{partition} = :pk",
            "IndexName": index["IndexName"],
        }
        yield (
            "dynamodb:Query",
            f"{arn}/index/{index['IndexName']}",
            lambda asked=asked: table.query(TableName=name, **asked),  # type: ignore[misc]
        )


def on_secrets(intruder: Intruder, arn: str, sealed: bytes) -> Iterator[Attempt]:
    keys = intruder.client("kms")
    purpose = {"purpose": "no-purpose-of-ours"}
    yield (
        "kms:Decrypt",
        arn,
        lambda: keys.decrypt(KeyId=arn, CiphertextBlob=sealed, EncryptionContext=purpose),
    )
    yield "kms:Decrypt", arn, lambda: keys.decrypt(KeyId=arn, CiphertextBlob=sealed)
    yield (
        "kms:Encrypt",
        arn,
        lambda: keys.encrypt(KeyId=arn, Plaintext=b"x", EncryptionContext=purpose),
    )
    yield (
        "kms:GenerateDataKey",
        arn,
        lambda: keys.generate_data_key(KeyId=arn, KeySpec="AES_256"),
    )
    yield "kms:ScheduleKeyDeletion", arn, lambda: keys.schedule_key_deletion(KeyId=arn)
    yield "kms:DisableKey", arn, lambda: keys.disable_key(KeyId=arn)


def on_what_tells(intruder: Intruder, deployment: Deployment) -> Iterator[Attempt]:
    region, account = "us-east-1", "000000000000"
    bus = deployment.outputs["EventBusName"]
    entry = {"Source": "x", "DetailType": "x", "Detail": "{}", "EventBusName": bus}
    yield (
        "events:PutEvents",
        f"arn:aws:events:{region}:{account}:event-bus/{bus}",
        lambda: intruder.client("events").put_events(Entries=[entry]),
    )
    queues = intruder.client("sqs")
    for output in ("UnpublishedEventsUrl", "DeliveriesUrl", "DeadDeliveriesUrl"):
        url = deployment.outputs[output]
        arn = f"arn:aws:sqs:{region}:{account}:{url.rpartition('/')[2]}"

        def on(
            action: str, call: Callable[..., object], url: str = url, arn: str = arn, **more: Any
        ) -> Attempt:
            return (f"sqs:{action}", arn, lambda: call(QueueUrl=url, **more))

        yield on("SendMessage", queues.send_message, MessageBody="x")
        yield on("ReceiveMessage", queues.receive_message)
        yield on("DeleteMessage", queues.delete_message, ReceiptHandle="none")
        yield on("PurgeQueue", queues.purge_queue)
        yield on("DeleteQueue", queues.delete_queue)


def on_the_account(intruder: Intruder, deployment: Deployment) -> Iterator[Attempt]:
    other = deployment.stack.resources["CloseDue"]
    machine = deployment.outputs["PaymentTimeoutArn"]
    lambdas, iam = intruder.client("lambda"), intruder.client("iam")
    yield "lambda:InvokeFunction", other, lambda: lambdas.invoke(FunctionName=other)
    yield (
        "lambda:GetFunctionConfiguration",
        other,
        lambda: lambdas.get_function_configuration(FunctionName=other),
    )
    yield (
        "states:StartExecution",
        machine,
        lambda: intruder.client("stepfunctions").start_execution(stateMachineArn=machine),
    )
    yield "iam:CreateUser", "*", lambda: iam.create_user(UserName="intruder")
    yield (
        "iam:PutRolePolicy",
        "*",
        lambda: iam.put_role_policy(RoleName="x", PolicyName="x", PolicyDocument="{}"),
    )
    yield "s3:ListAllMyBuckets", "*", lambda: intruder.client("s3").list_buckets()
    yield (
        "ses:SendEmail",
        f"arn:aws:ses:us-east-1:000000000000:identity/{SENDER}",
        lambda: intruder.client("sesv2").send_email(
            FromEmailAddress=SENDER,
            Destination={"ToAddresses": ["a@example.com"]},
            Content={"Simple": {"Subject": {"Data": "x"}, "Body": {"Text": {"Data": "x"}}}},
        ),
    )


SENDER = "orders@example.com"


@pytest.mark.parametrize("function", _functions())
def test_a_role_does_nothing_that_its_function_is_not_for(
    deployment: Deployment, function: str
) -> None:
    intruder = Intruder(deployment, function)
    name, key = deployment.outputs["TableName"], deployment.outputs["SecretsKeyArn"]
    arn = deployment.table.describe_table(TableName=name)["Table"]["TableArn"]
    sealed = deployment.aws("kms").encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    attempts = [
        *on_the_table(intruder, name, arn),
        *on_secrets(intruder, key, sealed),
        *on_what_tells(intruder, deployment),
        *on_the_account(intruder, deployment),
    ]
    beyond = [each for each in attempts if not intruder.may(each[0], each[1])]
    assert len(beyond) > len(attempts) / 2
    for action, resource, call in beyond:
        assert is_denied(call), f"{function} may {action} on {resource}"
    tried("calls beyond a role, denied", len(beyond))
    narrow = narrowed(intruder, name)
    for place, call in narrow:
        assert not is_denied(call), f"{function} may not write to {place}, which it is for"
    tried("calls within a narrowed permission, allowed", len(narrow))


def narrowed(intruder: Intruder, name: str) -> list[tuple[str, Callable[[], object]]]:
    """Calls on partitions that a condition allows alone, so that the denials of others are the
    condition's doing."""
    table = intruder.client("dynamodb")
    found: list[tuple[str, Callable[[], object]]] = []
    for statement in intruder.statements:
        condition = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
        for pattern in _listed(condition.get("dynamodb:LeadingKeys", [])):
            key = {"pk": {"S": pattern.replace("*", "no-shop")}, "sk": {"S": "none"}}
            # What nothing fulfils: it is allowed, and writes nothing.
            never = {"TableName": name, "ConditionExpression": "attribute_exists(pk)"}
            asked = {**PARTITION, "ExpressionAttributeValues": {":pk": key["pk"]}}
            calls = {
                "dynamodb:PutItem": partial(table.put_item, Item=key, **never),
                "dynamodb:UpdateItem": partial(
                    table.update_item, Key=key, UpdateExpression="REMOVE x", **never
                ),
                "dynamodb:Query": partial(table.query, TableName=name, **asked),
            }
            granted = calls.keys() & {*_listed(statement["Action"])}
            found += [(pattern, calls[action]) for action in sorted(granted)]
    return found


def test_a_schedule_may_start_its_own_machine_and_nothing_else(deployment: Deployment) -> None:
    """SAM makes these roles; the emulator doesn't enforce them, AWS does."""
    iam = deployment.aws("iam")
    resources = deployment.stack.resources
    roles = [name for name in resources if name.endswith("ScheduleRole")]
    assert len(roles) == 3
    for name in roles:
        machine = resources[name.removesuffix("ScheduleRole")]
        role = resources[name]
        assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
        (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        (statement,) = document["Statement"]
        assert statement["Action"] in ("states:StartExecution", ["states:StartExecution"])
        assert statement["Resource"] in (machine, [machine])
