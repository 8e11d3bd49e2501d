"""POST /webhooks/payments/wechatpay/{shop_id}: what WeChat Pay tells of a shop's payments."""

from orderhub.http.notification import Reports, notification_endpoint
from orderhub.payments.wechatpay import WECHATPAY
from orderhub.services.apply_report import apply_report
from orderhub.services.desk import Desk


@notification_endpoint(WECHATPAY)
def handler(reports: Reports, shop_id: str, desk: Desk) -> None:
    for report in reports:
        apply_report(desk, shop_id, report)
