"""Metafields on an emulated table."""

from typing import Any

import pytest

from orderhub.bootstrap import Application
from tests.support.metafields import MetafieldsContract


class TestOnMoto(MetafieldsContract):
    @pytest.fixture
    def client(self, table: Any, application: Application) -> Any:
        return table

    @pytest.fixture
    def table_name(self, application: Application) -> str:
        return application.settings.table_name
