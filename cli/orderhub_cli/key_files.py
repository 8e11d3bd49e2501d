"""Files with what ``orderhub provider`` keeps: providers' public keys and certificates, secrets.

A key is read as the functions will read it, so that what they could not use is told at once.
"""

import sys
from pathlib import Path
from typing import Final

import typer

from orderhub.domain.errors import Unavailable

STDIN: Final = "-"
_FEWEST_BITS: Final = 2048
_CERTIFICATE: Final = "-----BEGIN CERTIFICATE-----"


def read_secret(file: str, option: str) -> str:
    """The only line of a file. A mistake in it is told without repeating it."""
    lines = _read(file, option).splitlines()
    if len(lines) != 1 or not lines[0].strip():
        raise _mistake(option, f"{file} must hold one line: the secret")
    return lines[0].strip()


def read_public_key(file: str, option: str) -> str:
    """An RSA public key: a PEM key or certificate as it stands there, the base64 that some
    providers' consoles show as PEM."""
    # It brings cryptography, which --help and other commands need not wait for.
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        PublicFormat,
    )

    from orderhub.payments import rsa  # noqa: PLC0415

    text = _read(file, option).strip()
    try:
        key = rsa.public_key(text)
    except Unavailable:
        message = f"{file} holds neither an RSA public key nor a certificate with one"
        raise _mistake(option, message) from None
    if key.key_size < _FEWEST_BITS:
        message = f"the key in {file} has {key.key_size} bits: {_FEWEST_BITS} are needed"
        raise _mistake(option, message)
    if is_certificate(text):
        return text
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode().strip()


def read_certificate(file: str, option: str) -> str:
    """:func:`read_public_key` where only a certificate will do."""
    text = read_public_key(file, option)
    if not is_certificate(text):
        raise _mistake(option, f"{file} holds a key without its certificate")
    return text


def is_certificate(pem: str) -> bool:
    return pem.startswith(_CERTIFICATE)


def serial_number(certificate: str) -> str:
    """Of a PEM certificate: hex in capitals, without zeros in front."""
    from cryptography import x509  # noqa: PLC0415

    return f"{x509.load_pem_x509_certificate(certificate.encode()).serial_number:X}"


def _read(file: str, option: str) -> str:
    try:
        return sys.stdin.read() if file == STDIN else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise _mistake(option, f"can't read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _mistake(option, f"{file} is not text") from None


def _mistake(option: str, message: str) -> typer.BadParameter:
    return typer.BadParameter(message, param_hint=f"'{option}'")
