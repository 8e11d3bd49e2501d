"""POST /webhooks/payments/stripe/{shop_id}: what Stripe tells of a shop's payments."""

from orderhub.http.notification import Reports, notification_endpoint
from orderhub.payments.stripe import STRIPE
from orderhub.services.apply_report import apply_report
from orderhub.services.desk import Desk


@notification_endpoint(STRIPE)
def handler(reports: Reports, shop_id: str, desk: Desk) -> None:
    for report in reports:
        apply_report(desk, shop_id, report)
