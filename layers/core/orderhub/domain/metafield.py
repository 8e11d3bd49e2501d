"""Fields that other systems keep beside a shop's things. The core stores them and never looks
inside."""

import json
import re
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Final

from .dataclass import dataclass
from .errors import InvalidField
from .text import readable

LONGEST_NAME: Final = 200
LONGEST_DESCRIPTION: Final = 2000
LONGEST_KEY: Final = 200
MAX_FIELDS: Final = 200
LARGEST_FIELDS: Final = 48 * 1024
"""In bytes, as JSON: fifty metafields of that size still fit into one answer."""
ORDER: Final = "order"
"""The one kind of thing that can have metafields."""

LARGEST_NUMBER: Final = 2**53 - 1
"""Of a field, of either sign."""

_NAME: Final = re.compile(r"[a-z0-9_-]+")

FieldValue = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metafield:
    """A set of fields that belongs to one thing of the shop: to the order with the id
    ``owner_id``, as long as ``owner_resource`` is ``order``.

    ``name`` is unique for its owner. ``id`` is ordered by ``created_at``, as orders' ids are.
    ``version`` counts the changes.
    """

    shop_id: str
    id: int
    name: str
    owner_resource: str
    owner_id: int
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    description: str = ""
    created_at: datetime
    updated_at: datetime
    version: int = 1


def require_sane(metafield: Metafield) -> Metafield:
    """Return it, or raise :class:`InvalidField` naming what can't be taken."""
    if not metafield.name:
        raise InvalidField("name", "blank")
    if len(metafield.name) > LONGEST_NAME:
        raise InvalidField("name", "too_long")
    if not _NAME.fullmatch(metafield.name):
        raise InvalidField("name", "invalid", "use a to z, digits, '-' and '_'")
    if metafield.owner_resource != ORDER:
        raise InvalidField("owner_resource", "not_listed")
    readable("description", metafield.description, LONGEST_DESCRIPTION, multiline=True)
    require_sane_fields(metafield.fields)
    return metafield


def require_sane_fields(fields: Mapping[str, FieldValue]) -> None:
    """Raise :class:`InvalidField` (``fields``) for what can't be stored or shown again."""
    if len(fields) > MAX_FIELDS:
        raise InvalidField("fields", "too_long", f"at most {MAX_FIELDS} fields")
    for key, value in fields.items():
        if not 0 < len(key) <= LONGEST_KEY:
            raise InvalidField("fields", "invalid", f"keys have 1 to {LONGEST_KEY} characters")
        if isinstance(value, int | float) and not abs(value) <= LARGEST_NUMBER:
            raise InvalidField("fields", "out_of_range")
    if len(json.dumps(dict(fields), ensure_ascii=False).encode()) > LARGEST_FIELDS:
        raise InvalidField("fields", "too_long", f"at most {LARGEST_FIELDS} bytes")
