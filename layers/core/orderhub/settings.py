"""What the template tells the functions, read once from the environment."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """``due_shards`` may grow with the traffic, never shrink: sweeps read the shards from 0 on."""

    table_name: str
    event_bus_name: str
    due_shards: int


def from_environment() -> Settings:
    """Raises ``KeyError`` when the table's name is missing: nothing works without it."""
    return Settings(
        table_name=os.environ["TABLE_NAME"],
        event_bus_name=os.environ.get("EVENT_BUS_NAME", ""),
        due_shards=int(os.environ.get("DUE_SHARDS", "4")),
    )
