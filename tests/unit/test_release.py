"""How a release goes out, read from what SAM makes of the template: as AWS gets it."""

import json
import logging
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from typing import Any

import boto3
import pytest
from samcli.yamlhelper import yaml_parse  # type: ignore[import-untyped]
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]

from local import environments
from local.deployment import Target
from tests.support.table import ROOT, template

MOST_RESOURCES = 500
MOST_BYTES = 1_000_000
"""Of a template, as CloudFormation takes it."""
MOST_ALARMS = 10
"""Of a deployment group."""

ALIAS = "AWS::Lambda::Alias"
FUNCTION = "AWS::Lambda::Function"
GROUP = "AWS::CodeDeploy::DeploymentGroup"
VERSION = "AWS::Lambda::Version"

Resources = Mapping[str, Mapping[str, Any]]


@cache
def transformed(**parameters: str) -> dict[str, Any]:
    """What the SAM transform makes of the template, given these parameters."""
    source = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    for resource in source["Resources"].values():
        for name in ("CodeUri", "ContentUri", "DefinitionUri"):
            if name in resource.get("Properties", {}):
                resource["Properties"][name] = f"s3://bucket/{resource['Properties'][name]}"
    session = boto3.Session(region_name="eu-central-1")
    logging.getLogger("samtranslator.feature_toggle.feature_toggle").setLevel(logging.ERROR)
    found: dict[str, Any] = Translator({}, Parser(), None, session).translate(source, parameters)
    return found


def at_once(release: str = "a1") -> Resources:
    found: Resources = transformed(Release=release)["Resources"]
    return found


def gradually() -> Resources:
    found: Resources = transformed(Release="a1", GradualDeployment="Canary10Percent5Minutes")[
        "Resources"
    ]
    return found


def of_type(resources: Resources, wanted: str) -> dict[str, Mapping[str, Any]]:
    return {name: each for name, each in resources.items() if each["Type"] == wanted}


def watched_by(group: Mapping[str, Any]) -> Iterator[str]:
    """The logical ids of the alarms of a deployment group: referred to, or named after them."""
    for alarm in group["Properties"]["AlarmConfiguration"]["Alarms"]:
        name = alarm["Name"]
        if "Ref" in name:
            yield name["Ref"]
        else:
            logical_id = name["Fn::Sub"].removeprefix("${AWS::StackName}-")
            assert gradually()[logical_id]["Properties"]["AlarmName"] == name
            yield logical_id


def test_each_release_gives_every_function_a_new_version_and_keeps_the_old_ones() -> None:
    versions = of_type(at_once(), VERSION)
    assert {each["DeletionPolicy"] for each in versions.values()} == {"Retain"}
    assert len(versions) == len(of_type(at_once(), FUNCTION))
    assert not set(versions) & set(of_type(at_once("b2"), VERSION))
    # CloudFormation makes no version of a function that didn't change.
    for name, function in of_type(at_once(), FUNCTION).items():
        assert function["Properties"] != at_once("b2")[name]["Properties"], name


def test_what_is_no_new_release_gives_no_function_a_new_version() -> None:
    assert of_type(gradually(), VERSION) == of_type(at_once(), VERSION)


def test_nothing_calls_a_function_but_by_its_alias() -> None:
    resources = at_once()
    aliases = set(of_type(resources, ALIAS))
    assert {resources[name]["Properties"]["Name"] for name in aliases} == {"live"}
    called = set()
    for resource in resources.values():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::ApiGatewayV2::Api":
            for operations in properties["Body"]["paths"].values():
                for operation in operations.values():
                    uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
                    called.add(uri.rpartition("/functions/${")[2].removesuffix("}/invocations"))
        if resource["Type"] in ("AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping"):
            called.add(properties["FunctionName"]["Ref"])
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            called |= {
                value["Ref"]
                for name, value in properties["DefinitionSubstitutions"].items()
                if name.endswith("FunctionArn")
            }
    assert called == aliases
    (policy,) = resources["ClosingRole"]["Properties"]["Policies"]
    invoking = policy["PolicyDocument"]["Statement"][0]["Resource"]
    assert {each["Ref"] for each in invoking} <= aliases


def test_at_once_is_without_anything_of_codedeploy() -> None:
    assert not [each for each in at_once().values() if "CodeDeploy" in each["Type"]]
    assert not [each for each in at_once().values() if "UpdatePolicy" in each]


def test_gradually_every_function_goes_over_by_itself_and_back_with_the_others() -> None:
    groups = of_type(gradually(), GROUP)
    wanted = {f"{name}DeploymentGroup" for name in of_type(gradually(), FUNCTION)}
    assert set(groups) == wanted
    for alias in of_type(gradually(), ALIAS).values():
        assert alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"][
            "Ref"
        ] in (groups)
    # All look at the same alarms, so that a fault of one takes back those that still go out.
    (alarms,) = {tuple(watched_by(group)) for group in groups.values()}
    assert 0 < len(alarms) <= MOST_ALARMS
    assert "ReleaseFaultsAlarm" in alarms
    for alarm in alarms:
        properties = gradually()[alarm]["Properties"]
        # One that rings before there is any trouble, or long after it, would take back nothing,
        # or everything.
        assert properties["TreatMissingData"] == "notBreaching", alarm
        assert properties["Period"] * properties["EvaluationPeriods"] <= 300, alarm
    for group in groups.values():
        assert (
            "DEPLOYMENT_STOP_ON_ALARM" in group["Properties"]["AutoRollbackConfiguration"]["Events"]
        )


def test_nothing_waits_for_itself_to_be_made() -> None:
    """CloudFormation refuses a template where it would, and only with CodeDeploy could it."""
    for resources in (at_once(), gradually()):
        order = TopologicalSorter({name: wanted_by(resources, name) for name in resources})
        assert len(list(order.static_order())) == len(resources)


def wanted_by(resources: Resources, name: str) -> set[str]:
    """What must be there before a resource is made."""
    found = set(references(resources[name])) | {*_listed(resources[name].get("DependsOn", []))}
    return (found & set(resources)) - {name}


def references(part: Any) -> Iterator[str]:
    """The names that ``Ref``, ``Fn::GetAtt`` and ``Fn::Sub`` name, at whatever depth."""
    if isinstance(part, list):
        for each in part:
            yield from references(each)
    elif isinstance(part, Mapping):
        for key, value in part.items():
            if key == "Ref":
                yield value
            elif key == "Fn::GetAtt":
                yield value[0] if isinstance(value, list) else value.partition(".")[0]
            elif key == "Fn::Sub":
                text = value[0] if isinstance(value, list) else value
                yield from re.findall(r"\$\{(\w+)", text)
            yield from references(value)


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_what_aws_gets_is_within_cloudformation_s_limits() -> None:
    assert len(gradually()) < MOST_RESOURCES * 0.95
    whole = transformed(Release="a1", GradualDeployment="Canary10Percent5Minutes")
    assert len(json.dumps(whole)) < MOST_BYTES / 2


def test_every_way_to_go_over_is_one_that_codedeploy_has() -> None:
    ways = template()["Parameters"]["GradualDeployment"]["AllowedValues"]
    assert set(ways) == set(template()["Mappings"]["Deployments"])
    gradual = {
        name
        for name, each in template()["Mappings"]["Deployments"].items()
        if each["IsGradual"] == "true"
    }
    assert gradual == set(ways) - {"none"}


# -- what a domain adds ----------------------------------------------------------------------------


def test_a_domain_of_one_s_own_takes_tls_1_2_and_leads_to_the_whole_api() -> None:
    resources = at_once()
    (configuration,) = resources["Domain"]["Properties"]["DomainNameConfigurations"]
    assert configuration["SecurityPolicy"] == "TLS_1_2"
    mapping = resources["DomainMapping"]["Properties"]
    assert "ApiMappingKey" not in mapping
    assert mapping["Stage"] == {"Ref": "ApiApiGatewayDefaultStage"}
    assert {resources[name]["Condition"] for name in ("Domain", "DomainMapping")} == {"HasDomain"}
    assert resources["DomainRecord"]["Condition"] == "WritesRecord"


def test_the_default_endpoint_is_on_unless_it_is_switched_off() -> None:
    (server,) = at_once()["Api"]["Properties"]["Body"]["servers"]
    endpoint = server["x-amazon-apigateway-endpoint-configuration"]
    assert endpoint == {
        "disableExecuteApiEndpoint": {"Fn::If": ["HasDefaultEndpoint", False, True]}
    }
    assert template()["Parameters"]["DefaultEndpoint"]["Default"] == "true"


# -- samconfig.toml --------------------------------------------------------------------------------

NAMES = environments.names()


def test_there_are_three_environments_with_a_stack_each() -> None:
    assert NAMES == ["dev", "staging", "prod"]
    assert len({environments.read(name).stack_name for name in NAMES}) == 3


@pytest.mark.parametrize("name", NAMES)
def test_an_environment_is_as_the_template_takes_it_and_says_what_is_built(name: str) -> None:
    environment = environments.read(name)
    assert list(environment.problems()) == []
    assert {"PythonRuntime", "Architecture"} <= set(environment.given)
    assert Target.of_environment(name).runtime == environment.given["PythonRuntime"]
    # Every parameter is said, since CloudFormation keeps what it is not told.
    assert set(environment.parameters) == set(template()["Parameters"]) - {"Release"}


def test_production_is_protected_asked_about_and_goes_out_gradually() -> None:
    prod, staging = environments.read("prod").parameters, environments.read("staging").parameters
    assert prod["DeletionProtection"] == "true"
    for parameters in (prod, staging):
        assert parameters["GradualDeployment"] != "none"
    config = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    asks = {name: config[name]["deploy"]["parameters"]["confirm_changeset"] for name in NAMES}
    assert asks == {"dev": False, "staging": False, "prod": True}


def test_values_with_blanks_and_none_reach_sam_whole() -> None:
    from samcli.cli.types import CfnParameterOverridesType  # type: ignore[import-untyped]

    given = {"WebhookPrivateNetworks": "10.0.0.0/8 fd12::/48", "AlarmTopicArn": "", "A": "b=c"}
    read = CfnParameterOverridesType().convert(tuple(environments.as_overrides(given)), None, None)
    assert read == given
