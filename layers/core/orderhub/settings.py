"""What the template tells the functions, read once from the environment."""

import os
from dataclasses import dataclass
from typing import Final

DEFAULT_PUBLIC_URL: Final = "https://{domain_name}"
DEFAULT_SIGNATURE_WINDOW: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """``due_shards`` may grow with the traffic, never shrink: sweeps read the shards from 0 on.

    ``public_url`` is where callers reach the API: a URL, in which ``{domain_name}`` and
    ``{api_id}`` stand for those of the request that is answered. ``mail_sender`` is the
    address that mail comes from. ``secrets_key`` is the id or ARN of the KMS key for secrets that
    must be readable. ``signature_window`` is how many seconds a signed request's timestamp may be
    from our clock, either way.
    """

    table_name: str
    event_bus_name: str
    due_shards: int
    public_url: str = DEFAULT_PUBLIC_URL
    mail_sender: str = ""
    secrets_key: str = ""
    signature_window: int = DEFAULT_SIGNATURE_WINDOW

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
    )
