"""The functions of a deployed stack: which version of each is called, and which there are.

Everything that calls a function calls its alias, so moving the aliases takes a release back within
seconds, with its layers and parameters. CloudFormation doesn't know of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from local.account import Clients


@dataclass(frozen=True)
class Alias:
    """The alias of a function by which everything calls it."""

    function: str
    """The function's ARN."""
    name: str
    version: int
    """The version that it leads to; most requests, if it leads to two."""
    versions: tuple[int, ...]
    """All that there are, the oldest first."""
    is_split: bool
    """Whether some requests go to another version, as while a release goes out."""

    @property
    def is_moved_back(self) -> bool:
        """Whether it leads to an older version than there is, and no release is going out."""
        return not self.is_split and self.version != self.versions[-1]

    @property
    def before(self) -> int | None:
        """The version before the one that it leads to; ``None`` when that is the oldest."""
        return max((each for each in self.versions if each < self.version), default=None)


def aliases_of(stack_name: str, clients: Clients) -> Iterator[Alias]:
    """The aliases of all functions of a stack."""
    functions = clients("lambda")
    pages = clients("cloudformation").get_paginator("list_stack_resources")
    for page in pages.paginate(StackName=stack_name):
        for resource in page["StackResourceSummaries"]:
            arn = resource.get("PhysicalResourceId", "")
            if resource["ResourceType"] != "AWS::Lambda::Alias" or not arn:
                continue
            function, _, name = arn.rpartition(":")
            found = functions.get_alias(FunctionName=function, Name=name)
            numbers = (
                each["Version"]
                for versions in functions.get_paginator("list_versions_by_function").paginate(
                    FunctionName=function
                )
                for each in versions["Versions"]
            )
            yield Alias(
                function=function,
                name=name,
                version=int(found["FunctionVersion"]),
                versions=tuple(sorted(int(each) for each in numbers if each.isdigit())),
                is_split=bool(found.get("RoutingConfig", {}).get("AdditionalVersionWeights")),
            )


def lead(alias: Alias, version: int, clients: Clients) -> None:
    """Have an alias lead to a version, with all requests."""
    clients("lambda").update_alias(
        FunctionName=alias.function,
        Name=alias.name,
        FunctionVersion=str(version),
        RoutingConfig={"AdditionalVersionWeights": {}},
    )
