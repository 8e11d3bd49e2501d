"""``.local/env.sh``: the stack's address and the demo shop's credentials, as variables for a shell.

Documents begin with ``. .local/env.sh``, so that what they show can be copied as it stands.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Any, Final

NAME: Final = "env.sh"

VARIABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "API": ("api_url",),
    "TOKEN": ("credentials", "marketplace", "token"),
    "API_KEY": ("credentials", "brandcloud", "api_key"),
    "CONSUMER_API_KEY": ("credentials", "brandcloud", "consumer_api_key"),
    "ACCESS_TOKEN": ("credentials", "shoplazza", "access_token"),
    "APP_KEY": ("credentials", "youhaosuda", "app_key"),
    "APP_SECRET": ("credentials", "youhaosuda", "app_secret"),
    "APP": ("credentials", "youhaosuda", "access_token"),
    "CONSUMER_KEY": ("credentials", "bricklink", "consumer_key"),
    "CONSUMER_SECRET": ("credentials", "bricklink", "consumer_secret"),
    "TOKEN_VALUE": ("credentials", "bricklink", "token_value"),
    "TOKEN_SECRET": ("credentials", "bricklink", "token_secret"),
    "STRIPE_SECRET": ("webhook_secrets", "stripe"),
}
"""Variable → the keys that lead to its value in ``.local/stack.json``."""


def write(home: Path, stack: Mapping[str, Any]) -> None:
    """Write the file, beside ``stack.json`` and as private, from what that says."""
    lines = (f"export {name}={quote(_find(stack, keys))}\n" for name, keys in VARIABLES.items())
    path = home / NAME
    new = path.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(lines)
    new.replace(path)


def _find(stack: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return str(functools.reduce(lambda value, key: value[key], keys, stack))
