"""POST /webhooks/payments/paypal/{shop_id}: what PayPal tells of a shop's payments."""

from orderhub.http.notification import Reports, notification_endpoint
from orderhub.payments.paypal import PAYPAL
from orderhub.services.apply_report import apply_report
from orderhub.services.desk import Desk


@notification_endpoint(PAYPAL)
def handler(reports: Reports, shop_id: str, desk: Desk) -> None:
    for report in reports:
        apply_report(desk, shop_id, report)
