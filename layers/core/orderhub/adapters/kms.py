"""Secrets encrypted by AWS KMS, under a key that never leaves it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from orderhub.domain.errors import Busy, Unavailable
from orderhub.ports import Unreadable

from . import aws

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

_CONFIG: Final = Config(
    retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=1, read_timeout=2
)
_BUSY: Final = frozenset({"ThrottlingException", "LimitExceededException"})
_UNREADABLE: Final = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
_SILENT: Final = frozenset({"DependencyTimeoutException", "KeyUnavailableException"})


def connect() -> "KMSClient":
    return cast("KMSClient", aws.session().create_client("kms", config=_CONFIG))


class KmsVault:
    """:class:`orderhub.ports.Vault`. ``key`` is the id or ARN of a symmetric KMS key; the context
    is KMS's encryption context, which policies can ask for and CloudTrail shows."""

    def __init__(self, client: "KMSClient", key: str) -> None:
        self._client = client
        self._key = key

    def encrypt(self, plain: bytes, context: Mapping[str, str]) -> bytes:
        with _translated():
            answer = self._client.encrypt(
                KeyId=self._key, Plaintext=plain, EncryptionContext=context
            )
        return answer["CiphertextBlob"]

    def decrypt(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        with _translated():
            answer = self._client.decrypt(
                # KMS finds the key by itself; named, it can be no other than ours.
                KeyId=self._key,
                CiphertextBlob=sealed,
                EncryptionContext=context,
            )
        return answer["Plaintext"]


@contextmanager
def _translated() -> Iterator[None]:
    """What remains (a missing permission, a disabled key) is ours to mend and stays as it is."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _UNREADABLE:
            raise Unreadable(f"a stored secret can't be decrypted: {code}") from error
        if code in _BUSY:
            raise Busy("the key service is busy; try again") from error
        if code in _SILENT or status >= 500:
            raise Unavailable("the key service did not answer; try again") from error
        raise
    except BotoCoreError as error:
        raise Unavailable("the key service did not answer; try again") from error
