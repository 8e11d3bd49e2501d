"""What payment providers notify us of. Each has its own signature, body and answers."""

from typing import Any, Final

from orderhub.payments import shapes

from .vocabulary import FORM, JSON, TEXT, Answer, Api, Operation, Parameter, Segment

_SHOP: Final = {
    "shop_id": Parameter(
        description="The shop whose account it is.", shape=Segment, example="demo"
    ),
}
_AS_STRIPE: Final = """\
ID=3474213212160001    # of an order that awaits 128.00 CNY
NOW=$(date +%s)
BODY='{"id": "evt_1", "type": "payment_intent.succeeded", "created": '$NOW',
 "data": {"object": {"id": "pi_1", "object": "payment_intent", "status": "succeeded",
  "amount": 12800, "amount_received": 12800, "currency": "cny",
  "metadata": {"order_id": "'$ID'"}}}}'
SIGNATURE=$(printf '%s.%s' "$NOW" "$BODY" |
  openssl dgst -sha256 -hmac "$STRIPE_SECRET" | sed 's/.* //')
curl "$API/webhooks/payments/stripe/demo" \\
  -H "Stripe-Signature: t=$NOW,v1=$SIGNATURE" \\
  -d "$BODY\""""
_ONLY_THEY_SIGN: Final = "It signs with a key that nobody else has, so there is no line to copy."
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
    title="Payment providers",
    document="PAYMENTS.md",
    description=(
        "Where payment providers report payments, refunds and disputes. Nobody presents a "
        "credential: a notification is proved by its provider's signature, in header fields or in "
        "the body, and may come several times. Any answer but 200 makes the provider try again. "
        "Bodies are the providers' own, of at most 256 KB; their documents describe them."
    ),
    operations={
        "stripe": Operation(
            summary="Stripe tells of payments, refunds and disputes",
            description="Signed by the account's webhook secret.",
            sample=_AS_STRIPE,
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
            description=_ONLY_THEY_SIGN,
            is_called_by_hand=False,
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
            description=f"The signature stands in the form's field `sign`. {_ONLY_THEY_SIGN}",
            is_called_by_hand=False,
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
            description=_ONLY_THEY_SIGN,
            is_called_by_hand=False,
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
