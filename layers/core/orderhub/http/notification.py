"""The decorator around what takes payment providers' notifications.

An operation gets what a verified notification reports, and does something about it; whatever it
raises makes the provider try again. The raw body is verified, so nothing is decoded before that.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from orderhub import bootstrap
from orderhub.domain.report import PaymentReport
from orderhub.payments.contract import Notification, Provider
from orderhub.services.desk import Desk
from orderhub.wire.contract import Response

from .answering import Handler, answering, header_fields, in_lambda
from .body import raw_body

WIRE: Final = "payments"
"""What log lines of all providers have in common."""

Reports = Sequence[PaymentReport]
ReportOperation = Callable[[Reports, str, Desk], None]


def notification_endpoint(provider: Provider) -> Callable[[ReportOperation], Handler]:
    """Make an operation on reports, the shop's id and the use cases' desk a Lambda handler for
    API Gateway's HTTP API (payload 2.0), on a route with the variable ``{shop_id}``.

    Every notification leaves exactly one structured log line, with what kinds of reports it holds
    and the provider's names for them, without signatures, amounts or personal data. The function
    may read the shop's account, and decrypt its secrets where the provider has any.
    """

    def decorate(operation: ReportOperation) -> Handler:
        def answer(event: dict[str, Any], line: dict[str, object]) -> Response:
            line["provider"] = provider.name
            body = raw_body(event, provider.max_body_bytes)
            application = bootstrap.application()
            shop_id = _shop_id(event)
            account = application.payment_accounts.open(shop_id, provider.name)
            line["shop_id"] = shop_id
            notification = Notification(
                body=body,
                headers=header_fields(event),
                query=event.get("queryStringParameters") or {},
                now=application.desk.clock.now(),
            )
            reports = provider.reports(notification, account)
            line["kinds"] = [report.kind.value for report in reports]
            line["event_ids"] = sorted({report.event_id for report in reports})
            operation(reports, shop_id, application.desk)
            return provider.accepted()

        if in_lambda():
            _warm_up(bootstrap.application())
        return answering(WIRE, operation, answer, provider.refused)

    return decorate


def _shop_id(event: Mapping[str, Any]) -> str:
    path: Mapping[str, str] = event.get("pathParameters") or {}
    return path.get("shop_id", "")


def _warm_up(application: bootstrap.Application) -> None:
    _ = application.desk, application.payment_accounts
