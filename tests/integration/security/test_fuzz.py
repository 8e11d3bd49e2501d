"""Requests made up from the API's own description, sent to all of it in process."""

import os

import pytest

from orderhub import bootstrap
from orderhub.bootstrap import Application
from tests.integration.security.houses import House
from tests.support.figures import tried
from tests.support.fuzz import ALL_PHASES, Target, fuzz
from tests.support.gateway import Gateway
from tests.support.served import served
from tools.openapi.document import APIS
from tools.openapi.vocabulary import Api

TORTURE = bool(os.environ.get("ORDERHUB_TORTURE"))
EXAMPLES = 50 if TORTURE else 8
PHASES = ALL_PHASES if TORTURE else ("examples", "fuzzing")


def target(house: House, api_url: str) -> Target:
    """The shop as its own systems see it."""
    signer = house.keys["bricklink"].signer
    assert signer
    ids = house.ids
    orders = [*ids["order"], *ids["number"], *ids["merchant_order_no"]]
    return Target(
        api_url=api_url,
        marketplace=house.keys["marketplace"].token,
        brandcloud=house.keys["brandcloud"].token,
        shoplazza=house.keys["shoplazza"].token,
        youhaosuda=house.keys["youhaosuda"].token,
        youhaosuda_app=house.keys["youhaosuda"].app,
        bricklink=(
            signer.consumer_key,
            signer.consumer_secret,
            signer.token_value,
            signer.token_secret,
        ),
        ids={
            "id": orders,
            "order_id": orders,
            "order_number": ids["number"],
            "cart_id": ids["cart"],
            "product_id": ids["product"],
            "variant_id": ids["variant"],
            "transaction_id": ids["trade_no"],
            "merchant_trade_no": ids["trade_no"],
            "owner_id": [int(order) for order in ids["order"]],
            "shop_id": [house.id],
            "token": ids["link_token"],
            **dict.fromkeys(("/v1/metas/{id} id", "/v1/metas/{id}/fields id"), ids["metafield"]),
            "/v1/webhooks/{id} id": ids["webhook"],
        },
    )


@pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)
def test_what_the_description_allows_is_taken_and_every_answer_is_described(
    api: Api, ours: House, orderhub: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(Gateway.of_template()) as url:
        # What is signed begins with it.
        monkeypatch.setenv("PUBLIC_URL", url)
        bootstrap.application.cache_clear()
        outcome = fuzz(target(ours, url), api.title, examples=EXAMPLES, phases=PHASES)
    assert not outcome.failures, outcome.told
    assert outcome.operations
    tried(f"requests made from the OpenAPI document, {api.name}", outcome.requests)
