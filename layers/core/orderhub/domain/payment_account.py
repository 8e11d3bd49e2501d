"""A shop's account with a payment provider, as far as its notifications need it."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Final

from .dataclass import dataclass

STRIPE: Final = "stripe"
PAYPAL: Final = "paypal"
ALIPAY: Final = "alipay"
WECHATPAY: Final = "wechatpay"

PROVIDERS: Final = (STRIPE, PAYPAL, ALIPAY, WECHATPAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAccount:
    """What is no secret of it.

    ``settings`` are the provider's own names for what the notifications must be for: PayPal's
    ``webhook_id`` (and ``client_id``, which the pay button shows), Alipay's ``app_id`` (and
    ``seller_id``), WeChat Pay's ``mchid`` (and ``appid``).

    ``public_keys`` are the keys or certificates (PEM) that notifications are verified with, by
    name: for WeChat Pay the serial number or public key id that its header names; for Alipay
    ``alipay``; for PayPal the URL of a certificate that is kept here instead of being fetched.
    """

    shop_id: str
    provider: str
    created_at: datetime
    updated_at: datetime
    settings: Mapping[str, str] = field(default_factory=dict)
    public_keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenedAccount:
    """An account with its secrets: Stripe's signing secrets, all that hold while they are being
    rotated; WeChat Pay's APIv3 keys, likewise. The other two have none."""

    account: PaymentAccount
    secrets: tuple[str, ...] = field(default=(), repr=False)
