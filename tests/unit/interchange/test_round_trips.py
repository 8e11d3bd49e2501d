"""Whatever state an order is in, its line makes the same order elsewhere."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orderhub.domain.errors import InvalidField, Refused
from orderhub.domain.report import DisputeState, ReportKind
from orderhub.domain.reported import apply_report
from tests.support.interchange import require_same_elsewhere
from tests.support.properties import examples
from tests.unit.domain import test_order_machine as machine
from tests.unit.domain import test_reports_in_any_order as reports


class ExportedOrders(machine.OrderMachine):
    """Any commands in any order, and then over to another table."""

    def teardown(self) -> None:
        if hasattr(self, "story"):
            require_same_elsewhere(self.story.order, self.story.history, self.story.now)


TestExportedOrders = ExportedOrders.TestCase
TestExportedOrders.settings = examples(20, steps=30)


@given(truth=reports.truths, data=st.data())
@examples(40)
def test_orders_of_which_providers_reported_anything_are_the_same_elsewhere(
    truth: tuple[reports.TruePayment, ...], data: st.DataObject
) -> None:
    told: list[Any] = [report for payment in truth for report in payment.reports()]
    told += [
        payment.report(ReportKind.DISPUTED, 300, dispute_id=f"dp_{payment.id}", dispute_state=state)
        for payment in truth
        for state in (DisputeState.OPEN, DisputeState.LOST)
    ]
    arrivals = reports.Arrivals()
    for report in data.draw(st.permutations(told)):
        try:
            arrivals.do(apply_report, report)
        except (InvalidField, Refused):
            continue
    require_same_elsewhere(arrivals.order, arrivals.history, arrivals.now)
