"""The order repository's promises on the deployed table, which validates as AWS does."""

from typing import Any

import pytest

from tests.e2e.conftest import ON_THE_CLOUD, Deployment
from tests.support.storage import OrderRepositoryContract, shop

pytestmark = ON_THE_CLOUD

__all__ = ["shop"]


class TestOnTheLocalCloud(OrderRepositoryContract):
    @pytest.fixture
    def client(self, deployment: Deployment) -> Any:
        return deployment.table

    @pytest.fixture
    def table_name(self, deployment: Deployment) -> str:
        return deployment.outputs["TableName"]
