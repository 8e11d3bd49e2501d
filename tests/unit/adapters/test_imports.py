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
    assert imported("import orderhub.bootstrap, orderhub.http.endpoint") == set()


@pytest.mark.parametrize(
    ("module", "brings"),
    [
        ("orderhub.adapters.qr", {"segno"}),
        ("orderhub.adapters.invoice_pdf", {"reportlab", "PIL"}),
        ("orderhub.http.oauth1", {"oauthlib"}),
    ],
)
def test_each_is_imported_by_its_own_module(module: str, brings: set[str]) -> None:
    assert imported(f"import {module}") == brings
