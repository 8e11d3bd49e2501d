"""What AWS has against a command, in words that say what to do."""

from types import SimpleNamespace

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
    ReadTimeoutError,
    UnauthorizedSSOTokenError,
)

from orderhub.domain.errors import NotFound, Unavailable
from orderhub_cli.aws_failures import explained

WHERE = SimpleNamespace(table_name="orderhub-prod", region="eu-central-1")
ARN = "arn:aws:dynamodb:eu-central-1:1:table/orderhub-prod"


def refusal(code: str, message: str = "", status: int = 400) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},  # type: ignore[typeddict-item]
        },
        "GetItem",
    )


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            refusal("ResourceNotFoundException", "Requested resource not found"),
            ["no table orderhub-prod in eu-central-1", "--table"],
        ),
        (
            refusal(
                "AccessDeniedException",
                f"User: x is not authorized to perform: dynamodb:GetItem on resource: {ARN} because"
                " no identity-based policy allows the dynamodb:GetItem action",
            ),
            ["permission dynamodb:GetItem", ARN],
        ),
        (refusal("AccessDeniedException", "explicit deny"), ["may not", "GetItem"]),
        (refusal("ExpiredTokenException", "The security token is expired"), ["expired", "sign in"]),
        (refusal("UnrecognizedClientException", "invalid token"), ["doesn't know", "--profile"]),
        (refusal("InvalidSignatureException", "Signature expired: 2026"), ["clock"]),
        (refusal("ThrottlingException", "Rate exceeded"), ["throttling", "try again"]),
        (refusal("InternalServerError", "", 500), ["try again"]),
        (refusal("AWS.SimpleQueueService.NonExistentQueue"), ["queue", "deploy"]),
        (refusal("ValidationException", "One or\nmore"), ["ValidationException: One or more"]),
        (NoCredentialsError(), ["no AWS credentials", "--profile"]),
        (NoRegionError(), ["no AWS region", "--region"]),
        (ProfileNotFound(profile="prd"), ["prd", "--profile"]),
        (UnauthorizedSSOTokenError(), ["aws sso login"]),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:4566/"), ["4566", "make run"]),
        (
            EndpointConnectionError(endpoint_url="https://dynamodb.eu-west-9.amazonaws.com/"),
            ["can't reach AWS", "dynamodb.eu-west-9.amazonaws.com", "--region"],
        ),
        (ConnectTimeoutError(endpoint_url="https://dynamodb.x.amazonaws.com"), ["network"]),
        (ReadTimeoutError(endpoint_url="https://dynamodb.x.amazonaws.com"), ["too long"]),
        (BotoCoreError(), ["AWS: "]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_a_failure_is_one_line_that_says_what_to_do(error: Exception, said: list[str]) -> None:
    line = explained(error, WHERE)

    assert line
    assert "\n" not in line
    for words in said:
        assert words in line


def test_what_is_wrapped_is_found() -> None:
    wrapped = Unavailable("the table did not answer; try again")
    wrapped.__cause__ = NoCredentialsError()

    assert "no AWS credentials" in (explained(wrapped, None) or "")


def test_what_is_not_of_aws_is_left_to_others() -> None:
    assert explained(NotFound("shop", "demo"), WHERE) is None
    assert explained(Unavailable("others are at it"), WHERE) is None
    assert explained(ValueError("no"), None) is None
