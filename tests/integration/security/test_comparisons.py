"""No secret is compared by a comparison that stops at the first difference.

The code is read, not run: every ``==``, ``!=`` and ``in`` of something that is named like a secret
must stand in the list of those that compare none.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.table import ROOT

SOURCES: Final = sorted((ROOT / "layers/core/orderhub").rglob("*.py"))
SECRET: Final = re.compile(
    r"(?<![a-z])(signature|signatures|sign|token|tokens|secret|secrets|digest|hash|hashed|hmac|mac"
    r"|password|api.key|nonce)(?![a-z])"
)

HARMLESS: Final = {
    ("wire/shoplazza/inbound.py", "facts.get(BODY_HASH) != body_hash(_order_in(request.body))"): (
        "of a body that the caller sent, to tell a repeat"
    ),
    ("wire/shoplazza/outbound.py", "CHECKOUT_TOKEN not in facts"): "the name of a fact",
    ("http/oauth1.py", "given['oauth_signature_method'] != _METHOD"): "the name of a method",
    ("payments/alipay.py", "form.fields.get(b'sign_type') != _ALGORITHM.encode()"): (
        "the name of a method"
    ),
    ("payments/wechatpay.py", "headers.get('wechatpay-signature-type', _SCHEME) != _SCHEME"): (
        "the name of a method"
    ),
}
"""Comparisons of what is named like a secret and is none, and what they are."""


def suspicious(text: str) -> Iterator[str]:
    """The comparisons in ``text`` that could be of secrets."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Compare):
            continue
        if not any(isinstance(each, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for each in node.ops):
            continue
        sides = [node.left, *node.comparators]
        # What stands in our code is no secret, nor is how long one is.
        if any(isinstance(side, ast.Constant) or _is_length(side) for side in sides):
            continue
        if any(SECRET.search(name.lower()) for side in sides for name in _names(side)):
            yield ast.unparse(node)


def _is_length(side: ast.expr) -> bool:
    return isinstance(side, ast.Call) and ast.unparse(side.func) == "len"


def _names(side: ast.expr) -> Iterator[str]:
    """What a value is called: words in names count, so ``token_hash`` is both."""
    for node in ast.walk(side):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield name.replace("_", " ")
            case ast.Constant(value=str(name) | bytes(name)):
                text = name.decode(errors="replace") if isinstance(name, bytes) else name
                yield re.sub(r"[_-]", " ", text)


def test_no_secret_is_compared_but_in_constant_time() -> None:
    found = {
        (str(source.relative_to(ROOT / "layers/core/orderhub")), text)
        for source in SOURCES
        for text in suspicious(source.read_text(encoding="utf-8"))
    }
    assert found == set(HARMLESS)


@pytest.mark.parametrize(
    "text",
    [
        "given == token",
        "if request.signature != expected: pass",
        "digest(body) == given",
        "own in tokens",
        "headers['x-token'] == own",
        "known.token_hash == hashed",
        "a == b.api_key",
    ],
)
def test_a_comparison_of_secrets_would_be_found(text: str) -> None:
    assert list(suspicious(text))


@pytest.mark.parametrize(
    "text",
    ["len(token) == 3", "scheme == 'bearer'", "status == other.status", "design == assigned"],
)
def test_other_comparisons_are_not_taken_for_one(text: str) -> None:
    assert not list(suspicious(text))


USES: Final = {
    "services/visit_checkout.py": "hmac.compare_digest(",
    "http/oauth1.py": "compare_digest(",
    "payments/rsa.py": "key.verify(signature",
    "payments/stripe.py": "verify_header(",
    "services/authenticate.py": "self._shops.credential(hashed)",
    "services/authenticate_signed.py": "self._shops.sealed_credential(hashed)",
    "services/issue_app.py": "shops.credential(token_hash(token))",
    "services/payment_link.py": "token_hash(",
}
"""Where secrets are checked: in constant time, by a library, or by looking up their hash."""


@pytest.mark.parametrize("source", USES)
def test_secrets_are_checked_in_constant_time_or_by_their_hash(source: str) -> None:
    text = Path(ROOT, "layers/core/orderhub", source).read_text(encoding="utf-8")
    assert USES[source] in text
