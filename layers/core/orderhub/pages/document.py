"""An HTML document that can do nothing but be read, unless its header fields say otherwise."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from typing import Final

from orderhub.wire.contract import Response

__all__ = ["STYLE_SOURCE", "escape", "page"]

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;color:#222;background:#f6f6f4;margin:0;"
    "padding:2rem 1rem}"
    "main{max-width:40rem;margin:auto;background:#fff;padding:2rem;border:1px solid #ddd;"
    "border-radius:.5rem}"
    "h1{font-size:1.25rem;margin:0 0 .25rem}"
    "table{border-collapse:collapse;width:100%;margin:1.5rem 0}"
    "th,td{text-align:left;padding:.4rem .5rem .4rem 0;border-bottom:1px solid #eee;"
    "vertical-align:top;overflow-wrap:anywhere}"
    ".n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}"
    ".due{font-weight:600}"
    "p{margin:.25rem 0}"
)
STYLE_SOURCE: Final = f"'sha256-{b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
"""Our style, as a content security policy names it."""

_HEADERS: Final = {
    "content-type": "text/html; charset=utf-8",
    # Our style alone; no scripts, no pictures, nothing sent anywhere, no frames around it.
    "content-security-policy": (
        f"default-src 'none'; style-src {STYLE_SOURCE}; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    # The address is the key: it goes to no other site and into no search engine.
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow",
    "x-content-type-options": "nosniff",
}


def page(
    status: int, title: str, body: str, headers: Mapping[str, str] | None = None, **about: object
) -> Response:
    """A whole document around ``body``, which is HTML already; ``title`` is text.

    ``headers`` are header fields instead of the usual ones, or beside them. ``about`` goes into the
    log line. Never put anything into it that opens a page.
    """
    document = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>"
    )
    return Response(status, document.encode(), headers={**_HEADERS, **(headers or {})}, about=about)
