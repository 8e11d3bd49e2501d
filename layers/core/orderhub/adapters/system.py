"""The real clock and real chance."""

import secrets
import time
from datetime import UTC, datetime

from orderhub.domain.identity import TAIL_BITS, milliseconds_precise


class SystemClock:
    def now(self) -> datetime:
        return milliseconds_precise(datetime.now(UTC))

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class SystemEntropy:
    def order_id_tail(self) -> int:
        return secrets.randbits(TAIL_BITS)

    def digits(self, count: int) -> str:
        return f"{secrets.randbelow(10**count):0{count}d}"

    def jitter(self, at_most: float) -> float:
        return secrets.SystemRandom().uniform(0, at_most)
