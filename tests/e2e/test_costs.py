"""Access patterns cost on the local cloud what the documents say: the same calls and units."""

from benchmarks import access_patterns
from benchmarks.costs import differences
from tests.e2e.conftest import ON_THE_CLOUD, Deployment

pytestmark = ON_THE_CLOUD


def test_every_access_pattern_costs_what_is_documented(deployment: Deployment) -> None:
    bench = access_patterns.Bench(deployment.table, deployment.outputs["TableName"])
    assert not list(differences(bench.run(), access_patterns.recorded()))
