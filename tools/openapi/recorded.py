"""What handlers answered to the requests of ``events/``, and what subscribers were sent.

The files of ``answers/`` are written by ``tests/integration/answers``, where a test holds them
against the handlers.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

Examples = Mapping[str, Mapping[str, Any]]
"""Status → name → body."""


def folder() -> Path:
    return Path(__file__).with_name("answers")


@cache
def recorded(name: str) -> Examples:
    """Of the operation with this id, or what the operations of the API with this name share;
    ``webhook.…`` are messages to subscribers."""
    for file in sorted(folder().glob("*.json")):
        told: dict[str, Examples] = json.loads(file.read_text(encoding="utf-8"))
        if name in told:
            return told[name]
    return {}
