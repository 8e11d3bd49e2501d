"""`make smoke` and what a release is, on the deployed stack."""

from typing import Any

import pytest

from local import health, smoke
from local.aliases import aliases_of, forget, lead
from local.console import Progress
from local.deployment import release_of
from local.release import take_back_stack
from tests.e2e.conftest import ON_THE_CLOUD, Deployment

pytestmark = ON_THE_CLOUD


def test_the_deployed_api_refuses_nobody_s_requests_in_the_words_of_each_api(
    deployment: Deployment,
) -> None:
    """One route of each: other tests start the other functions, and each start takes its time."""
    document = smoke.read_document()
    first = {route.api: route.path for route in smoke.routes_of(document)}
    few = {**document, "paths": {path: document["paths"][path] for path in first.values()}}
    answers = list(smoke.ask(deployment.api_url, few))
    assert len(answers) >= len(first) >= 7
    assert [f"{each.route.key}: {each.problem}" for each in answers if each.problem] == []


def test_what_is_switched_off_is_said(deployment: Deployment) -> None:
    name = deployment.stack.name
    said = list(health.troubles(name, deployment.aws))
    assert not [each for each in said if "rings" not in each]

    functions = deployment.aws("lambda")
    publisher = deployment.stack.resources["LayMilestones"]
    (mapping,) = functions.list_event_source_mappings(FunctionName=publisher)["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        said = list(health.troubles(name, deployment.aws))
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    assert [each for each in said if f"What {publisher} reads" in each]


@pytest.fixture
def split(deployment: Deployment) -> Any:
    """One function with two versions, as in a release that goes out."""
    functions = deployment.aws("lambda")
    name = deployment.stack.resources["BrickLinkRejectRequest"]
    before = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    functions.update_function_configuration(FunctionName=name, Description="another")
    after = functions.publish_version(FunctionName=name)["Version"]
    weights = {"AdditionalVersionWeights": {after: 0.1}}
    functions.update_alias(FunctionName=name, Name="live", RoutingConfig=weights)
    yield after
    functions.update_alias(
        FunctionName=name,
        Name="live",
        FunctionVersion=before,
        RoutingConfig={"AdditionalVersionWeights": {}},
    )
    functions.delete_function(FunctionName=name, Qualifier=after)


def test_a_release_that_goes_out_is_said(deployment: Deployment, split: str) -> None:
    said = list(health.troubles(deployment.stack.name, deployment.aws))
    assert [each for each in said if each.startswith("A release is going out: 1 of ")]


def test_every_function_runs_the_version_of_the_release_that_the_stack_says(
    deployment: Deployment,
) -> None:
    functions, release = deployment.aws("lambda"), deployment.outputs["Release"]
    assert release == release_of(release)
    aliases = [
        arn for name, arn in deployment.stack.resources.items() if name.endswith("Aliaslive")
    ]
    assert len(aliases) > 60
    for arn in aliases:
        running = functions.get_function_configuration(FunctionName=arn)
        assert running["Description"].endswith(release), arn


def test_a_release_is_taken_back_by_moving_every_function_one_version_and_that_is_said(
    deployment: Deployment,
) -> None:
    functions, stack = deployment.aws("lambda"), deployment.stack.name
    before = {alias.function: alias for alias in aliases_of(stack, deployment.aws)}
    name = deployment.stack.resources["BrickLinkRejectRequest"]
    (newer,) = (alias for function, alias in before.items() if function.endswith(name))
    functions.update_function_configuration(FunctionName=name, Description="newer")
    made = int(functions.publish_version(FunctionName=name)["Version"])
    lead(newer, made, deployment.aws)
    try:
        said = list(health.troubles(stack, deployment.aws))
        assert [each for each in said if each.startswith("1 of ") and "another version" in each]
        take_back_stack(stack, deployment.aws, confirmed=False, progress=Progress(quiet=True))
        assert _version_of(deployment, name) == made

        take_back_stack(stack, deployment.aws, confirmed=True, progress=Progress(quiet=True))
        assert _version_of(deployment, name) == newer.version
        # What is left is as a release that failed leaves it: no trouble, and it can go.
        (left,) = [
            alias for alias in aliases_of(stack, deployment.aws) if alias.function == newer.function
        ]
        assert (left.is_moved, left.failed) == (False, [made])
    finally:
        for alias in before.values():
            lead(alias, alias.version, deployment.aws)
        forget(newer, made, deployment.aws)
    versions = functions.list_versions_by_function(FunctionName=name)["Versions"]
    assert str(made) not in {each["Version"] for each in versions}


def _version_of(deployment: Deployment, function: str) -> int:
    alias = deployment.aws("lambda").get_alias(FunctionName=function, Name="live")
    return int(alias["FunctionVersion"])
