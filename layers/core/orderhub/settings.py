"""What the template tells the functions, read once from the environment."""

import os
from typing import Final

from .domain.dataclass import dataclass

DEFAULT_PUBLIC_URL: Final = "https://{domain_name}"
DEFAULT_SIGNATURE_WINDOW: Final = 300
DEFAULT_WEBHOOK_PATIENCE: Final = 3 * 24 * 60 * 60
NO_NETWORKS: Final = "none"
"""What a list of networks says in words that may not be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """``due_shards`` may grow with the traffic, never shrink: sweeps read the shards from 0 on.

    ``public_url`` is where callers reach the API: a URL, in which ``{domain_name}`` and
    ``{api_id}`` stand for those of the request that is answered. ``mail_sender`` is the
    address that mail comes from. ``secrets_key`` is the id or ARN of the KMS key for secrets that
    must be readable. ``signature_window`` is how many seconds a signed request's timestamp may be
    from our clock, either way. ``webhook_networks`` (CIDR) are those that webhooks may go to
    although they are not public. ``webhook_patience`` is for how many seconds an endpoint may fail
    before nothing is sent there any more, ``webhook_retry_scale`` what the waits between attempts
    are multiplied by; ``deliveries_queue``, ``dead_deliveries_queue`` and ``unpublished_queue``
    are queues' URLs.
    ``api_domain`` and ``api_id`` stand for those of a request where there is none.
    """

    table_name: str
    event_bus_name: str
    due_shards: int
    public_url: str = DEFAULT_PUBLIC_URL
    mail_sender: str = ""
    secrets_key: str = ""
    signature_window: int = DEFAULT_SIGNATURE_WINDOW
    webhook_networks: tuple[str, ...] = ()
    webhook_patience: int = DEFAULT_WEBHOOK_PATIENCE
    webhook_retry_scale: float = 1.0
    deliveries_queue: str = ""
    dead_deliveries_queue: str = ""
    unpublished_queue: str = ""
    api_domain: str = ""
    api_id: str = ""

    def base_url(self, *, domain_name: str, api_id: str) -> str:
        """``public_url`` for a request, without a slash at its end."""
        url = self.public_url.replace("{domain_name}", domain_name).replace("{api_id}", api_id)
        return url.rstrip("/")


def from_environment() -> Settings:
    """Raises ``KeyError`` when the table's name is missing: nothing works without it."""
    return Settings(
        table_name=os.environ["TABLE_NAME"],
        event_bus_name=os.environ.get("EVENT_BUS_NAME", ""),
        due_shards=int(os.environ.get("DUE_SHARDS", "4")),
        public_url=os.environ.get("PUBLIC_URL") or DEFAULT_PUBLIC_URL,
        mail_sender=os.environ.get("MAIL_SENDER", ""),
        secrets_key=os.environ.get("SECRETS_KEY", ""),
        signature_window=int(os.environ.get("SIGNATURE_WINDOW") or DEFAULT_SIGNATURE_WINDOW),
        webhook_networks=networks_in(os.environ.get("WEBHOOK_PRIVATE_NETWORKS", "")),
        webhook_patience=int(os.environ.get("WEBHOOK_PATIENCE") or DEFAULT_WEBHOOK_PATIENCE),
        webhook_retry_scale=float(os.environ.get("WEBHOOK_RETRY_SCALE") or 1),
        deliveries_queue=os.environ.get("DELIVERIES_QUEUE", ""),
        unpublished_queue=os.environ.get("UNPUBLISHED_QUEUE", ""),
        api_domain=os.environ.get("API_DOMAIN", ""),
        api_id=os.environ.get("API_ID", ""),
    )


def networks_in(text: str) -> tuple[str, ...]:
    """The networks that ``text`` lists, between spaces or commas; they are not checked."""
    return () if text == NO_NETWORKS else tuple(text.replace(",", " ").split())
