"""Secrets encrypted by AWS KMS, under a key that never leaves it."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeAlias, cast

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


KEPT_SECONDS: Final = 3600.0
_MOST_KEPT: Final = 4096

_Sealed: TypeAlias = tuple[bytes, frozenset[tuple[str, str]]]
"""A sealed secret and what it was sealed for."""


def connect() -> "KMSClient":
    return cast("KMSClient", aws.session().create_client("kms", config=_CONFIG))


class KmsVault:
    """:class:`orderhub.ports.Vault`. ``key`` is the id or ARN of a symmetric KMS key; the context
    is KMS's encryption context, which policies can ask for and CloudTrail shows.

    What was opened is remembered for :data:`KEPT_SECONDS`, in this process: a thousand shops whose
    orders come one a minute would pay more for opening their secrets than for all else. Whoever
    asks has just read the sealed secret, so one that was replaced or taken away is not opened.
    """

    def __init__(self, client: "KMSClient", key: str) -> None:
        self._client = client
        self._key = key
        self._opened: dict[_Sealed, tuple[float, bytes]] = {}

    def encrypt(self, plain: bytes, context: Mapping[str, str]) -> bytes:
        with _translated():
            answer = self._client.encrypt(
                KeyId=self._key, Plaintext=plain, EncryptionContext=context
            )
        return answer["CiphertextBlob"]

    def decrypt(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        asked, now = (sealed, frozenset(context.items())), time.monotonic()
        until, plain = self._opened.get(asked, (now, b""))
        if until > now:
            return plain
        plain = self._decrypt(sealed, context)
        if len(self._opened) >= _MOST_KEPT:
            self._opened.clear()
        self._opened[asked] = (now + KEPT_SECONDS, plain)
        return plain

    def _decrypt(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
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
