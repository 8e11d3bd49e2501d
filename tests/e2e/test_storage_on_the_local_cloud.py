"""The order repository's promises on the deployed table, which validates as AWS does."""

from typing import Any

import pytest

from orderhub.adapters.kms import KmsVault
from orderhub.services.desk import Desk
from tests.e2e.conftest import ON_THE_CLOUD, Deployment
from tests.support.metafields import MetafieldsContract
from tests.support.numbers import NumberIndexContract
from tests.support.payment_accounts import PaymentAccountsContract
from tests.support.secrets import SecretsContract
from tests.support.storage import (
    OrderRanksContract,
    OrderRepositoryContract,
    PlacingContract,
    StockContract,
    shop,
)

pytestmark = ON_THE_CLOUD

__all__ = ["shop"]


@pytest.fixture
def client(deployment: Deployment) -> Any:
    return deployment.table


@pytest.fixture
def table_name(deployment: Deployment) -> str:
    return deployment.outputs["TableName"]


class TestOnTheLocalCloud(OrderRepositoryContract):
    pass


class TestRanksOnTheLocalCloud(OrderRanksContract):
    pass


class TestNumbersOnTheLocalCloud(NumberIndexContract):
    pass


class TestPlacingOnTheLocalCloud(PlacingContract):
    pass


class TestStockOnTheLocalCloud(StockContract):
    @pytest.fixture
    def desk(self, deployment: Deployment) -> Desk:
        return deployment.application.desk


class TestSecretsOnTheLocalCloud(SecretsContract):
    @pytest.fixture
    def vault(self, deployment: Deployment) -> KmsVault:
        return KmsVault(deployment.aws("kms"), deployment.outputs["SecretsKeyArn"])


class TestMetafieldsOnTheLocalCloud(MetafieldsContract):
    pass


class TestPaymentAccountsOnTheLocalCloud(PaymentAccountsContract):
    pass
