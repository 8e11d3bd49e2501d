"""The functions of a deployed stack: which version of each is called, and which there are.

Everything that calls a function calls its alias, so moving the aliases takes a release back within
seconds, with its layers and parameters. CloudFormation doesn't know of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError

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
    deployed: int
    """The version that the stack's last complete deployment made."""
    is_split: bool
    """Whether some requests go to another version, as while a release goes out."""

    @property
    def is_moved(self) -> bool:
        """Whether somebody had it lead elsewhere than CloudFormation believes.

        A release that failed leaves a newer version behind, which says nothing.
        """
        return not self.is_split and self.version != self.deployed

    @property
    def is_taken_back(self) -> bool:
        """Whether somebody had it lead to an older version than the deployed one."""
        return self.is_moved and self.version < self.deployed

    @property
    def failed(self) -> list[int]:
        """Versions that no deployment is complete with: of releases that were taken back while
        they went out."""
        return [each for each in self.versions if each > max(self.version, self.deployed)]

    @property
    def before(self) -> int | None:
        """The version before the one that it leads to; ``None`` when that is the oldest."""
        return max((each for each in self.versions if each < self.version), default=None)


def aliases_of(stack_name: str, clients: Clients) -> Iterator[Alias]:
    """The aliases of all functions of a stack."""
    functions = clients("lambda")
    aliases, deployed = _resources(stack_name, clients)
    for arn in aliases:
        function, _, name = arn.rpartition(":")
        found = functions.get_alias(FunctionName=function, Name=name)
        numbers = (
            each["Version"]
            for versions in functions.get_paginator("list_versions_by_function").paginate(
                FunctionName=function
            )
            for each in versions["Versions"]
        )
        version = int(found["FunctionVersion"])
        yield Alias(
            function=function,
            name=name,
            version=version,
            versions=tuple(sorted(int(each) for each in numbers if each.isdigit())),
            deployed=deployed.get(function, version),
            is_split=bool(found.get("RoutingConfig", {}).get("AdditionalVersionWeights")),
        )


def _resources(stack_name: str, clients: Clients) -> tuple[list[str], dict[str, int]]:
    """The ARNs of a stack's aliases, and the number of its version by the ARN of each function.

    While a release goes out there are two versions, of which the older is the deployed one.
    """
    aliases: list[str] = []
    deployed: dict[str, int] = {}
    pages = clients("cloudformation").get_paginator("list_stack_resources")
    for page in pages.paginate(StackName=stack_name):
        for resource in page["StackResourceSummaries"]:
            arn = resource.get("PhysicalResourceId", "")
            function, _, number = arn.rpartition(":")
            if resource["ResourceStatus"].startswith("DELETE_"):
                continue
            if resource["ResourceType"] == "AWS::Lambda::Alias" and arn:
                aliases.append(arn)
            elif resource["ResourceType"] == "AWS::Lambda::Version" and number.isdigit():
                deployed[function] = min(int(number), deployed.get(function, int(number)))
    return aliases, deployed


def lead(alias: Alias, version: int, clients: Clients) -> None:
    """Have an alias lead to a version, with all requests."""
    clients("lambda").update_alias(
        FunctionName=alias.function,
        Name=alias.name,
        FunctionVersion=str(version),
        RoutingConfig={"AdditionalVersionWeights": {}},
    )


def forget(alias: Alias, version: int, clients: Clients) -> None:
    """Delete a version, unless an alias leads to it after all: Lambda refuses that."""
    try:
        clients("lambda").delete_function(FunctionName=alias.function, Qualifier=str(version))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceConflictException":
            raise
