"""Payment methods as this API names them."""

from typing import TYPE_CHECKING, Final

from orderhub.domain.dataclass import dataclass
from orderhub.domain.numbers import derived_number
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState

if TYPE_CHECKING:
    from . import answers

ONLINE: Final = "online"
OFFLINE: Final = "offline"


@dataclass(frozen=True, slots=True)
class Method:
    gateway: str
    name: str
    pay_type: str
    type: "answers.Mode" = ONLINE
    """Also called ``mode``."""

    def resource(self) -> "answers.PaymentMethod":
        return {
            "gateway": self.gateway,
            "id": self.number,
            "name": self.name,
            "pay_type": self.pay_type,
        }

    @property
    def number(self) -> int:
        return derived_number(f"payment_method/{self.gateway}/{self.pay_type}")


_ALIPAY: Final = Method("alipay", "支付宝", "alipay")
_WECHAT: Final = Method("wppay", "微信支付", "wppay")
_ON_DELIVERY: Final = Method("cod", "货到付款", "cod", OFFLINE)
_BANK: Final = Method("bank_transfer", "银行转账", "bank_transfer", OFFLINE)

_METHODS: Final = {
    "alipay": _ALIPAY,
    "wechat": _WECHAT,
    "wechat_pay": _WECHAT,
    "wppay": _WECHAT,
    "paypal": Method("paypal", "PayPal", "paypal"),
    "credit_card": Method("credit_card", "信用卡", "credit_card"),
    "cash": Method("cash", "现金", "cash", OFFLINE),
    "till": Method("cash", "现金", "cash", OFFLINE),
    "cod": _ON_DELIVERY,
    "cash_on_delivery": _ON_DELIVERY,
    "bank_transfer": _BANK,
    "bank_deposit": _BANK,
}
"""What others call a method, in lower case → how it reads here. The first two gateways are the
document's."""


def of_order(order: Order) -> Method:
    """How the order is to be paid, or was. Where nobody said, the channel it came by has the
    money."""
    if order.details.payment_method:
        return _named(order.details.payment_method)
    for state in (PaymentState.CAPTURED, PaymentState.PENDING):
        for payment in order.payments:
            if payment.state is state:
                return of_payment(payment, order)
    return _named(order.wire)


def of_payment(payment: Payment, order: Order) -> Method:
    """The method of one payment: its own, or the order's, or whoever took the money."""
    return _named(payment.method or order.details.payment_method or payment.provider or order.wire)


def _named(word: str) -> Method:
    return _METHODS.get(word.strip().lower()) or Method(word, word, word)
