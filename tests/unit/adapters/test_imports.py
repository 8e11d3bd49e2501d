"""What a cold start must not pay for."""

import subprocess
import sys

import pytest

HEAVY = (
    "segno",
    "reportlab",
    "PIL",
    "oauthlib",
    "orderhub.adapters.ses",
    "orderhub.adapters.eventbridge",
    "orderhub.adapters.kms",
    "orderhub.adapters.dynamodb.deliveries",
    "orderhub.adapters.dynamodb.payment_accounts",
    "orderhub.adapters.dynamodb.subscriptions",
    "orderhub.adapters.webhook_client",
    "orderhub.services.deliver",
    "orderhub.services.manage_payment_accounts",
    "orderhub.services.manage_shops",
    "orderhub.services.resend",
    "orderhub.services.subscriptions",
    "orderhub.webhooks.kinds",
    "zoneinfo",
    "standardwebhooks",
    "stripe",
)


def imported(statement: str) -> set[str]:
    """Which of ``HEAVY`` a fresh process has imported after ``statement``."""
    program = f"import sys; {statement}; print(*(set({HEAVY}) & set(sys.modules)))"
    command = [sys.executable, "-c", program]
    environment = {"PYTHONPATH": ":".join(path for path in sys.path if path), "TABLE_NAME": "t"}
    done = subprocess.run(  # noqa: S603 - our own interpreter and text
        command, capture_output=True, text=True, check=True, env=environment
    )
    return set(done.stdout.split())


def test_functions_that_need_no_pictures_documents_mail_or_signatures_import_none() -> None:
    assert imported("import orderhub.http.endpoint, orderhub.http.notification") == set()


@pytest.mark.parametrize(
    ("module", "brings"),
    [
        ("orderhub.adapters.qr", {"segno"}),
        ("orderhub.adapters.invoice_pdf", {"reportlab", "PIL", "zoneinfo"}),
        ("orderhub.http.oauth1", {"oauthlib"}),
        ("orderhub.payments.stripe", {"stripe"}),
    ],
)
def test_each_is_imported_by_its_own_module(module: str, brings: set[str]) -> None:
    assert imported(f"import {module}") == brings
