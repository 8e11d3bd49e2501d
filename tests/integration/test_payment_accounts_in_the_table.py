"""Payment accounts on an emulated table."""

from typing import Any

import pytest

from orderhub.bootstrap import Application
from tests.support.payment_accounts import PaymentAccountsContract


class TestOnMoto(PaymentAccountsContract):
    @pytest.fixture
    def client(self, table: Any) -> Any:
        return table

    @pytest.fixture
    def table_name(self, application: Application) -> str:
        return application.settings.table_name
