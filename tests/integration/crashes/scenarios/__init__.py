"""What is tried, by the API or the source that calls."""

from . import (
    brandcloud,
    bricklink,
    marketplace,
    payments,
    shoplazza,
    streams,
    workflows,
    youhaosuda,
)

ALL = [
    scenario
    for part in (
        marketplace,
        brandcloud,
        shoplazza,
        youhaosuda,
        bricklink,
        payments,
        workflows,
        streams,
    )
    for scenario in part.SCENARIOS
]
