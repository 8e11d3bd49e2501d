"""RSA signatures with SHA-256 (PKCS #1 v1.5), which several providers sign by."""

import base64
import binascii
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from orderhub.domain.errors import SignatureRefused, Unavailable

_CERTIFICATE: Final = b"-----BEGIN CERTIFICATE-----"
_PEM: Final = b"-----BEGIN "


def public_key(kept: str) -> RSAPublicKey:
    """The key that an account keeps: a PEM certificate's, a PEM public key, or the base64 of a
    public key without PEM's lines.

    Raises :class:`Unavailable` for anything else: notifications can't be verified until an
    operator keeps another one.
    """
    try:
        key = _key(kept.strip().encode())
    except (UnsupportedAlgorithm, ValueError):  # ValueError: also binascii.Error
        key = None
    if isinstance(key, RSAPublicKey):
        return key
    raise Unavailable("a public key of the payment account is not an RSA key")


def _key(given: bytes) -> object:
    if given.startswith(_CERTIFICATE):
        return x509.load_pem_x509_certificate(given).public_key()
    if given.startswith(_PEM):
        return load_pem_public_key(given)
    return load_der_public_key(base64.b64decode(given))


def signature(text: str) -> bytes:
    """A signature that is written in base64.

    Raises :class:`SignatureRefused` unless it is written the one way that base64 has for it: its
    last character may hold bits that mean nothing.
    """
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SignatureRefused(SignatureRefused.MALFORMED) from None
    if base64.b64encode(decoded).decode() != text:
        raise SignatureRefused(SignatureRefused.MALFORMED)
    return decoded


def has_signed(key: RSAPublicKey, signature: bytes, message: bytes) -> bool:
    """Whether ``signature`` is of ``message`` by the owner of ``key``."""
    try:
        key.verify(signature, message, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
