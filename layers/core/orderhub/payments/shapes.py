"""The shapes of the answers that providers get, for the type checker and the OpenAPI document."""

from typing import Literal

from typing_extensions import TypedDict


class StripeTaken(TypedDict):
    """Stripe reads the status alone."""

    received: Literal[True]


class StripeProblem(TypedDict):
    type: Literal["invalid_request_error", "api_error"]
    message: str


class StripeRefused(TypedDict):
    """In the shape of Stripe's own errors."""

    error: StripeProblem


class PayPalTaken(TypedDict):
    """PayPal reads the status alone."""


class PayPalRefused(TypedDict):
    """In the shape of PayPal's own errors."""

    name: Literal["INVALID_REQUEST", "INTERNAL_SERVER_ERROR"]
    message: str


class WeChatPayTaken(TypedDict):
    code: Literal["SUCCESS"]
    message: str


class WeChatPayRefused(TypedDict):
    code: Literal["FAIL"]
    message: str


AlipayTaken = Literal["success"]
"""Alipay takes nothing but these seven characters for an answer."""

AlipayRefused = Literal["failure"]
