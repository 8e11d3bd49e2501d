"""How hypothesis runs here.

Derandomized: the same examples each time, so that a red gate is caused by the change at hand and
never by chance, on any machine, and no example database has to be kept. New ground is covered on
purpose instead: ``EXPLORE=20 python -m pytest tests/unit/domain`` draws anew, 20 times as much.
"""

import os
from typing import Final

from hypothesis import HealthCheck, settings

_EXPLORE: Final = int(os.environ.get("EXPLORE", "0"))


def examples(count: int, *, steps: int = 50) -> settings:
    """``count`` examples, of up to ``steps`` steps each where the test is a state machine."""
    return settings(
        max_examples=count * (_EXPLORE or 1),
        stateful_step_count=steps,
        derandomize=not _EXPLORE,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
