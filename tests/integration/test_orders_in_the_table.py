"""What the order repository promises, on every table at hand.

``tests/e2e/test_storage_on_the_local_cloud.py`` runs the same promises on the local cloud.
"""

from typing import Any

import pytest

from orderhub.bootstrap import Application
from tests.support.storage import OrderRepositoryContract, shop

__all__ = ["shop"]


class TestOnMoto(OrderRepositoryContract):
    @pytest.fixture
    def client(self, table: Any, application: Application) -> Any:
        return table

    @pytest.fixture
    def table_name(self, application: Application) -> str:
        return application.settings.table_name
