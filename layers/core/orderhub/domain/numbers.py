"""Numbers that stand for ids, for systems that know things by integers alone.

What has a number for its id keeps it; other ids get one that follows from what they are, so that
it never changes and nothing needs to be stored.
"""

import hashlib
from typing import Final

LARGEST: Final = 2**53 - 1
"""What every client can read as a JSON number."""
_BITS: Final = 52


def number_of(identifier: str) -> int | None:
    """The number that stands for an id: itself if it is one; ``None`` for no id.

    Numbers that stand for other ids are 2⁵² and above. Two ids share one with a chance of one in
    2⁵².
    """
    if not identifier:
        return None
    if identifier.isascii() and identifier.isdecimal() and len(identifier) <= len(str(LARGEST)):
        number = int(identifier)
        if str(number) == identifier and number <= LARGEST:
            return number
    return derived_number(identifier)


def derived_number(text: str) -> int:
    """From 2⁵² to 2⁵³ − 1, always the same for the same text."""
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).digest()
    return 1 << _BITS | int.from_bytes(digest[:8]) >> 64 - _BITS
