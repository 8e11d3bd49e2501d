"""What payment providers notify us of. Each has its own signature, body and answers."""

from typing import Any, Final

from orderhub.payments import shapes

from .vocabulary import FORM, JSON, TEXT, Answer, Api, Operation, Parameter, Segment

_SHOP: Final = {
    "shop_id": Parameter(
        description="The shop whose account it is.", shape=Segment, example="demo"
    ),
}
_STATUSES: Final = {
    400: "The notification can't be read.",
    401: "The provider did not sign it for this account, or not now.",
    404: "The shop has no account with this provider.",
    413: "The notification is larger than 256 KB.",
    500: "A fault of ours; the provider tries again.",
    503: "Busy, or it can't be verified right now; the provider tries again.",
}


def _refusals(
    shape: object, media: str = JSON, told: dict[int, str] = _STATUSES
) -> dict[int, Answer]:
    return {
        status: Answer(description=description, shape=shape, media=media)
        for status, description in told.items()
    }


def _signed(**fields: str) -> dict[str, Parameter]:
    """Header fields that a signature stands in or is over."""
    return {
        name.replace("_", "-"): Parameter(description=description, required=True)
        for name, description in fields.items()
    }


def _taken(shape: object, media: str = JSON) -> Answer:
    return Answer(
        description="Taken, or known already, or of no interest: it won't be sent again.",
        shape=shape,
        media=media,
    )


API: Final = Api(
    name="payment_webhooks",
    title="payment webhooks",
    description=(
        "Where payment providers report payments, refunds and disputes. Nobody presents a "
        "credential: a notification is proved by its provider's signature, in header fields or in "
        "the body, and may come several times. Any answer but 200 makes the provider try again. "
        "Bodies are the providers' own, of at most 256 KB; their documents describe them."
    ),
    operations={
        "stripe": Operation(
            summary="Stripe tells of payments, refunds and disputes",
            path=_SHOP,
            headers=_signed(Stripe_Signature="The time, and signatures by the webhook's secret."),
            body=dict[str, Any],
            answers={
                200: _taken(shapes.StripeTaken),
                **_refusals(
                    shapes.StripeRefused,
                    told={
                        400: "No webhook secret of this shop fits the signature, the shop has no "
                        "account, or the event can't be read.",
                        **{status: _STATUSES[status] for status in (413, 500, 503)},
                    },
                ),
            },
        ),
        "paypal": Operation(
            summary="PayPal tells of payments, refunds and disputes",
            path=_SHOP,
            headers=_signed(
                PayPal_Transmission_Id="The notification's id.",
                PayPal_Transmission_Time="When it was sent.",
                PayPal_Transmission_Sig="The signature.",
                PayPal_Auth_Algo="`SHA256withRSA`.",
                PayPal_Cert_Url="Where the certificate is that it was signed by.",
            ),
            body=dict[str, Any],
            answers={200: _taken(shapes.PayPalTaken), **_refusals(shapes.PayPalRefused)},
        ),
        "alipay": Operation(
            summary="Alipay tells of payments and refunds",
            description="The signature stands in the form's field `sign`.",
            path=_SHOP,
            body=dict[str, str],
            media=(FORM,),
            answers={
                200: _taken(shapes.AlipayTaken, TEXT),
                **_refusals(shapes.AlipayRefused, TEXT),
            },
        ),
        "wechatpay": Operation(
            summary="WeChat Pay tells of payments and refunds",
            path=_SHOP,
            headers=_signed(
                WeChatPay_Timestamp="When it was sent, in seconds since 1970.",
                WeChatPay_Nonce="A random text.",
                WeChatPay_Signature="The signature.",
                WeChatPay_Serial="Which certificate it was signed by.",
            ),
            body=dict[str, Any],
            answers={200: _taken(shapes.WeChatPayTaken), **_refusals(shapes.WeChatPayRefused)},
        ),
    },
)
