"""Mail on the local cloud: its SES sends nothing and keeps everything, for as long as it runs."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.cloud import LocalCloud

_INBOX = "/_ministack/ses/messages"


@dataclass(frozen=True)
class Message:
    """A message as it was handed to SES."""

    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    copy_to: tuple[str, ...] = ()


def allow_sender(cloud: LocalCloud, address: str) -> None:
    """Make ``address`` one that mail may come from. Doing it again changes nothing."""
    ses = cloud.client("sesv2")
    with contextlib.suppress(ses.exceptions.AlreadyExistsException):
        ses.create_email_identity(EmailIdentity=address)


def messages(cloud: LocalCloud, to: str) -> list[Message]:
    """What was sent to ``to``, as a copy too, oldest first."""
    # No credentials: whoever may reach the loopback address may read.
    with urllib.request.urlopen(f"{cloud.endpoint_url}{_INBOX}", timeout=10) as answer:  # noqa: S310
        accounts: dict[str, list[dict[str, Any]]] = json.load(answer)["messages"]
    return [
        Message(
            sender=message["Source"],
            to=tuple(message["To"]),
            subject=message["Subject"],
            text=message["BodyText"],
            copy_to=tuple(message["CC"]),
        )
        for kept in accounts.values()
        for message in kept
        if to in (*message["To"], *message["CC"])
    ]
