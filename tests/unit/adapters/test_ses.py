"""What is handed to SES, and what its refusals mean."""

import traceback
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from orderhub.adapters.ses import SesMailer
from orderhub.domain.errors import Busy, InvalidField, OrderHubError, Unavailable
from orderhub.ports import Mail

SENDER = "orders@example.com"
MAIL = Mail(to="lee@example.com", subject="订单 Größe", text="请付款: https://example.com/t/ü\n")


class Broken:
    """A client whose only answer is an error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def send_email(self, **_: Any) -> None:
        raise self._error


def refusal(code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "SendEmail")


def postbox() -> Any:
    """A client of an empty one: other tests of this process may have theirs open still."""
    ses_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].reset()
    client = boto3.client("sesv2", region_name="eu-central-1")
    client.create_email_identity(EmailIdentity=SENDER)
    return client


def test_a_message_arrives_as_it_was_written() -> None:
    with mock_aws():
        client = postbox()
        SesMailer(client, SENDER).send(MAIL)
        (sent,) = ses_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].sent_messages
    assert sent.source == SENDER
    assert sent.destinations["ToAddresses"] == [MAIL.to]
    assert (sent.subject, sent.body) == (MAIL.subject, MAIL.text)


def test_a_copy_goes_with_it_where_one_is_asked_for() -> None:
    with mock_aws():
        client = postbox()
        for mail in (MAIL, replace(MAIL, copy_to="me@example.com")):
            SesMailer(client, SENDER).send(mail)
        sent = ses_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].sent_messages
    assert [message.destinations.get("CcAddresses", []) for message in sent] == [
        [],
        ["me@example.com"],
    ]


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (refusal("BadRequestException", 400), InvalidField),
        (refusal("TooManyRequestsException", 429), Busy),
        (refusal("LimitExceededException", 400), Busy),
        (refusal("InternalFailure", 500), Unavailable),
        (EndpointConnectionError(endpoint_url="x"), Unavailable),
    ],
)
def test_what_the_caller_can_mend_or_repeat_is_told(
    error: Exception, meaning: type[OrderHubError]
) -> None:
    with pytest.raises(meaning):
        SesMailer(Broken(error), SENDER).send(MAIL)  # type: ignore[arg-type]


@pytest.mark.parametrize("code", ["MessageRejected", "MailFromDomainNotVerifiedException"])
def test_what_only_we_can_mend_is_no_refusal_of_the_request_and_names_nobody(code: str) -> None:
    error = refusal(code, 400)
    error.args = (f"Email address is not verified: {MAIL.to}",)
    with pytest.raises(RuntimeError, match=code) as raised:
        SesMailer(Broken(error), SENDER).send(MAIL)  # type: ignore[arg-type]
    assert MAIL.to not in "".join(traceback.format_exception(raised.value))
