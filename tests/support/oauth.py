"""Outside systems that sign their requests by OAuth 1.0.

:class:`SignedClient` is what tests of a wire need. Beside it stands a signer written by the letter
of RFC 5849, with no library, so that ours is not tried by itself alone.
"""

import base64
import hashlib
import hmac
from collections.abc import Generator, Iterable
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit
from uuid import uuid4

import httpx
from oauthlib import oauth1

from orderhub.adapters.system import SystemClock
from orderhub.services.issue_signer import SignerValues

FORM = "application/x-www-form-urlencoded"


class OAuth1(httpx.Auth):
    """Signs every request of an ``httpx`` client anew, as oauthlib does it.

    ``options`` are those of :class:`oauthlib.oauth1.Client`: ``realm``, ``nonce``, ``timestamp``,
    ``signature_type``, …
    """

    requires_request_body = True

    def __init__(self, values: SignerValues, **options: Any) -> None:
        self._client = oauth1.Client(
            values.consumer_key,
            client_secret=values.consumer_secret,
            resource_owner_key=values.token_value,
            resource_owner_secret=values.token_secret,
            **options,
        )

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        is_form = request.headers.get("content-type", "").startswith(FORM)
        url, headers, body = self._client.sign(
            str(request.url),
            request.method,
            body=request.content.decode() if is_form else None,
            headers={"Content-Type": FORM} if is_form else {},
        )
        sent = httpx.Request(
            request.method,
            url,
            headers=[pair for pair in request.headers.multi_items() if pair[0] != "content-length"],
            content=body.encode() if is_form and body else request.content,
            extensions=request.extensions,
        )
        if "Authorization" in headers:
            sent.headers["Authorization"] = headers["Authorization"]
        yield sent


class SignedClient(httpx.Client):
    """A system that signs, with the four values that it was issued.

    Over the network it takes a ``base_url``; in process also a ``transport``, such as
    :meth:`tests.support.gateway.Gateway.of_wire`.
    """

    def __init__(self, values: SignerValues, *, base_url: str, **options: Any) -> None:
        super().__init__(auth=OAuth1(values), base_url=base_url, timeout=60, **options)


# -- by the letter of the RFC ----------------------------------------------------------------------


def encode(text: str) -> str:
    """Section 3.6."""
    return quote(text, safe="-._~")


def base_string(method: str, url: str, oauth: Iterable[tuple[str, str]], form: str = "") -> str:
    """Section 3.4.1, for a URL with its query and a form in the body. ``oauth`` are OAuth's own
    parameters, without the signature."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.port and (parts.scheme.lower(), parts.port) not in {("http", 80), ("https", 443)}:
        host += f":{parts.port}"
    pairs = [
        (encode(name), encode(value))
        for source in (parts.query, form)
        for name, value in parse_qsl(source, keep_blank_values=True)
    ]
    pairs += [(encode(name), encode(value)) for name, value in oauth]
    parameters = "&".join(f"{name}={value}" for name, value in sorted(pairs))
    uri = f"{parts.scheme.lower()}://{host}{parts.path or '/'}"
    return "&".join([method.upper(), encode(uri), encode(parameters)])


def hmac_sha1(text: str, consumer_secret: str, token_secret: str) -> str:
    """Section 3.4.2."""
    key = f"{encode(consumer_secret)}&{encode(token_secret)}".encode()
    return base64.b64encode(hmac.new(key, text.encode(), hashlib.sha1).digest()).decode()


def parameters_of(values: SignerValues, **changed: str) -> dict[str, str]:
    """OAuth's own parameters of a request, now; ``changed`` replaces some, and ``""`` removes."""
    parameters = {
        "oauth_consumer_key": values.consumer_key,
        "oauth_token": values.token_value,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(int(SystemClock().now().timestamp())),
        "oauth_nonce": uuid4().hex,
        "oauth_version": "1.0",
        **changed,
    }
    return {name: value for name, value in parameters.items() if value}


def signed(
    values: SignerValues, method: str, url: str, *, form: str = "", **changed: str
) -> dict[str, str]:
    """OAuth's own parameters of a request with their signature."""
    parameters = parameters_of(values, **changed)
    text = base_string(method, url, parameters.items(), form)
    signature = hmac_sha1(text, values.consumer_secret, values.token_secret)
    return {**parameters, "oauth_signature": signature}


def header(parameters: dict[str, str], realm: str | None = "") -> str:
    """An ``Authorization`` header, section 3.5.1."""
    named = {} if realm is None else {"realm": realm}
    named |= {name: encode(value) for name, value in parameters.items()}
    return "OAuth " + ", ".join(f'{name}="{value}"' for name, value in named.items())
