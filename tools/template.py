"""``template.yaml``, for tools that tell what it says."""

from functools import cache
from typing import Any, Final

import yaml

from tools.docs import ROOT

TEMPLATE: Final = ROOT / "template.yaml"


@cache
def template() -> dict[str, Any]:
    """The whole template. CloudFormation's short tags are read as their arguments: ``!Ref Table``
    is ``"Table"``."""
    loaded: dict[str, Any] = yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader with tags added
    return loaded


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, each read as its argument."""


def _untagged(loader: _Loader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)  # noqa: S101 - there are no other nodes
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _untagged)
