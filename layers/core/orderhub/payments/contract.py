"""What every payment provider's notifications have in common."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from orderhub.domain.dataclass import dataclass
from orderhub.domain.payment_account import OpenedAccount
from orderhub.domain.report import PaymentReport
from orderhub.wire.contract import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A provider's request as it came. ``body`` is raw: signatures are of its very bytes.

    Header names are in lower case. ``now`` is when it came in.
    """

    body: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str]
    now: datetime


class Provider(Protocol):
    """A payment provider, as the HTTP layer must know it."""

    @property
    def name(self) -> str: ...

    @property
    def max_body_bytes(self) -> int: ...

    def reports(
        self, notification: Notification, account: OpenedAccount
    ) -> Sequence[PaymentReport]:
        """Verify a notification by the provider's own scheme, and say what it reports: nothing
        for kinds that we don't need.

        Raises :class:`~orderhub.domain.errors.SignatureRefused` for what the provider did not
        sign for this account, or not now; :class:`~orderhub.wire.contract.RequestError` or
        :class:`~orderhub.domain.errors.InvalidField` for what it signed and nobody can read;
        :class:`~orderhub.domain.errors.Unavailable` when it can't be verified right now.
        """
        ...

    def accepted(self) -> Response:
        """The answer after which the provider stops sending this notification."""
        ...

    def refused(self, error: Exception) -> Response:
        """The answer after which the provider tries again. Says nothing of why a signature is
        wrong."""
        ...
