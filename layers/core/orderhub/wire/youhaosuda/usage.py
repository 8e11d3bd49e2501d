"""The header by which clients slow down: how much of the call limit is used.

Clients split it at the slash, or evaluate it as a fraction; so it is there on every answer, and is
never 1. We refuse nobody by it: the gateway throttles.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Final

HEADER: Final = "x-yhsd-shop-api-call-limit"
LIMIT: Final = 100
SECONDS: Final = 1.0
_CALLERS: Final = 1000


class CallMeter:
    """Counts each caller's calls of the last second, as far as this process saw them.

    Functions handle one request at a time: the headers are for the one counted last.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._calls: dict[str, deque[float]] = {}
        self._used = 1

    def count(self, caller: str) -> None:
        """Note a call."""
        now = self._clock()
        if caller not in self._calls and len(self._calls) >= _CALLERS:
            self._calls.clear()
        calls = self._calls.setdefault(caller, deque(maxlen=LIMIT - 1))
        calls.append(now)
        while now - calls[0] >= SECONDS:
            calls.popleft()
        self._used = len(calls)

    def headers(self) -> dict[str, str]:
        """Of the answer to the call that was counted last: ``1/100`` to ``99/100``."""
        return {HEADER: f"{self._used}/{LIMIT}"}


METER: Final = CallMeter()
