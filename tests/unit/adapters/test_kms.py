"""What is asked of KMS, and what its refusals mean."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from orderhub.adapters import kms
from orderhub.adapters.dynamodb import client as dynamodb
from orderhub.adapters.kms import KmsVault
from orderhub.domain.errors import Busy, Unavailable
from orderhub.ports import Unreadable
from tests.support.table import template

CONTEXT = {"purpose": "testing", "shop": "demo"}


class Recorder:
    """A client that keeps what it is asked, and answers it or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self._error = error

    def encrypt(self, **asked: Any) -> dict[str, bytes]:
        return self._answer(asked)

    def decrypt(self, **asked: Any) -> dict[str, bytes]:
        return self._answer(asked)

    def _answer(self, asked: dict[str, Any]) -> dict[str, bytes]:
        if self._error:
            raise self._error
        self.asked.append(asked)
        return {"Plaintext": b"plain", "CiphertextBlob": b"sealed"}


def refusal(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Decrypt")


def vault(client: Any) -> KmsVault:
    return KmsVault(client, "arn:key")


def test_both_name_the_key_and_the_context() -> None:
    client = Recorder()
    assert vault(client).encrypt(b"plain", CONTEXT) == b"sealed"
    assert vault(client).decrypt(b"sealed", CONTEXT) == b"plain"
    assert client.asked == [
        {"KeyId": "arn:key", "Plaintext": b"plain", "EncryptionContext": CONTEXT},
        {"KeyId": "arn:key", "CiphertextBlob": b"sealed", "EncryptionContext": CONTEXT},
    ]


def test_what_was_opened_is_remembered_for_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    client = Recorder()
    opening = vault(client)
    for _ in range(3):
        assert opening.decrypt(b"sealed", CONTEXT) == b"plain"
    assert len(client.asked) == 1
    now += kms.KEPT_SECONDS
    opening.decrypt(b"sealed", CONTEXT)
    assert len(client.asked) == 2


def test_another_secret_and_another_context_are_opened_by_themselves() -> None:
    client = Recorder()
    opening = vault(client)
    opening.decrypt(b"sealed", CONTEXT)
    opening.decrypt(b"other", CONTEXT)
    opening.decrypt(b"sealed", {**CONTEXT, "shop": "other"})
    assert len(client.asked) == 3


def test_no_more_than_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kms, "_MOST_KEPT", 2)
    client = Recorder()
    opening = vault(client)
    for sealed in (b"1", b"2", b"3", b"3"):
        opening.decrypt(sealed, CONTEXT)
    assert len(client.asked) == 3
    assert len(opening._opened) == 1


def test_a_refusal_is_not_remembered() -> None:
    opening = vault(Recorder(refusal("ThrottlingException")))
    for _ in range(2):
        with pytest.raises(Busy):
            opening.decrypt(b"sealed", CONTEXT)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (refusal("InvalidCiphertextException"), Unreadable),
        (refusal("IncorrectKeyException"), Unreadable),
        (refusal("ThrottlingException"), Busy),
        (refusal("LimitExceededException"), Busy),
        (refusal("DependencyTimeoutException", 503), Unavailable),
        (refusal("KeyUnavailableException", 500), Unavailable),
        (refusal("KMSInternalException", 500), Unavailable),
        (EndpointConnectionError(endpoint_url="x"), Unavailable),
    ],
)
def test_what_may_be_tried_again_is_told(error: Exception, meaning: type[Exception]) -> None:
    with pytest.raises(meaning):
        vault(Recorder(error)).decrypt(b"sealed", CONTEXT)
    with pytest.raises(meaning):
        vault(Recorder(error)).encrypt(b"plain", CONTEXT)


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "DisabledException", "KMSInvalidStateException"]
)
def test_what_is_ours_to_mend_stays_as_it_is(code: str) -> None:
    with pytest.raises(ClientError):
        vault(Recorder(refusal(code))).decrypt(b"sealed", CONTEXT)


def test_a_key_service_that_does_not_answer_leaves_time_to_say_so() -> None:
    """Beside a table that doesn't either."""
    config: Any = [client.connect().meta.config for client in (kms, dynamodb)]
    longest = sum(
        each.retries["total_max_attempts"] * (each.connect_timeout + each.read_timeout)
        for each in config
    )
    assert longest < template()["Globals"]["Function"]["Timeout"]
