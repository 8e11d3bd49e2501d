"""Requests cost what the documents say: the same calls, the same units, measured again."""

from benchmarks import access_patterns
from tests.e2e.conftest import ON_THE_CLOUD, Deployment

pytestmark = ON_THE_CLOUD


def test_every_access_pattern_costs_what_is_documented(deployment: Deployment) -> None:
    bench = access_patterns.Bench(deployment.table, deployment.outputs["TableName"])
    measured = {cost.pattern: cost for cost in bench.run()}
    documented = {cost.pattern: cost for cost in access_patterns.recorded()}
    assert measured.keys() == documented.keys()
    for pattern, cost in measured.items():
        shown = documented[pattern]
        assert cost.calls == shown.calls, pattern
        # Ids and times differ in length by a few bytes, which may tip a large item over a unit.
        leeway = 0 if shown.read_units < 2 else 1
        assert abs(cost.read_units - shown.read_units) <= leeway, pattern
        assert abs(cost.write_units - shown.write_units) <= 2, pattern
