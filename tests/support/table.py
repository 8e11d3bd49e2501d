"""The table as the template describes it, so that no test has a schema of its own."""

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, which tests may ignore."""


def _untagged(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        arguments = loader.construct_sequence(node, deep=True)
        return arguments[1] if suffix == "If" else arguments
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _untagged)


@cache
def template() -> dict[str, Any]:
    """``template.yaml``, short tags reduced to their arguments, every condition true."""
    loaded: dict[str, Any] = yaml.load(
        (ROOT / "template.yaml").read_text(encoding="utf-8"),
        Loader=_Loader,  # noqa: S506 - a safe loader with tags added
    )
    return loaded


@cache
def routes() -> dict[str, str]:
    """Every route of the API → the folder of its function, such as ``marketplace/pay_order``."""
    found = {}
    for resource in template()["Resources"].values():
        properties = resource.get("Properties", {})
        for event in properties.get("Events", {}).values():
            if event["Type"] == "HttpApi":
                route = f"{event['Properties']['Method']} {event['Properties']['Path']}"
                found[route] = properties["CodeUri"].removeprefix("functions/")
    return found


def streamed(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as Lambda hands it over from the table's stream: binary attributes as base64 text."""
    return {
        name: {"B": b64encode(value["B"]).decode()} if isinstance(value.get("B"), bytes) else value
        for name, value in item.items()
    }


def create_table(client: Any, name: str) -> None:
    """Create the template's table, without what an emulated table can't have."""
    described = template()["Resources"]["Table"]["Properties"]
    client.create_table(
        TableName=name,
        BillingMode=described["BillingMode"],
        AttributeDefinitions=described["AttributeDefinitions"],
        KeySchema=described["KeySchema"],
        GlobalSecondaryIndexes=described["GlobalSecondaryIndexes"],
        StreamSpecification={"StreamEnabled": True, **described["StreamSpecification"]},
    )
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
