"""The environments of ``samconfig.toml``: which stack, where, and with which parameters."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import project
from local.errors import LocalError
from tools.template import template

RELEASE = "Release"
"""The parameter that only a deployment itself can say."""


@dataclass(frozen=True)
class Environment:
    """One environment: ``dev``, ``staging``, ``prod``."""

    name: str
    stack_name: str
    region: str | None
    """As the file says; the caller's own when it says none."""
    profile: str | None
    """The AWS profile, likewise."""
    given: Mapping[str, str]
    """The parameters that the file gives a value."""

    @property
    def is_for_trying(self) -> bool:
        """Whether nothing is lost with it."""
        return self.name == "dev"

    @property
    def parameters(self) -> dict[str, str]:
        """Every parameter of the template but the release, with the file's value or the default.

        Defaults too: CloudFormation keeps the last value of a parameter that it isn't given, so
        that a line taken out of the file would change nothing.
        """
        return {
            name: self.given.get(name, str(described.get("Default", "")))
            for name, described in _described().items()
            if name != RELEASE
        }

    def problems(self) -> Iterator[str]:
        """What is wrong with its parameters, as far as the template alone can tell."""
        described = _described()
        for name, value in self.given.items():
            if name not in described or name == RELEASE:
                yield f"{name} is no parameter that may be set."
            elif trouble := _trouble(described[name], value):
                yield f"{name} is {value!r}: {trouble}."


def names(root: Path = project.ROOT) -> list[str]:
    """The environments that the file has."""
    return [name for name in _config(root) if name != "version"]


def read(name: str, root: Path = project.ROOT) -> Environment:
    """The environment that is called so.

    Raises:
        LocalError: there is none, or it doesn't say what it must.
    """
    try:
        parameters = _config(root)[name]["deploy"]["parameters"]
        overrides = parameters["parameter_overrides"]
        given = dict(override.split("=", 1) for override in overrides)
        return Environment(
            name=name,
            stack_name=parameters["stack_name"],
            region=parameters.get("region"),
            profile=parameters.get("profile"),
            given={name: value.strip('"') for name, value in given.items()},
        )
    except (KeyError, ValueError) as error:
        raise LocalError(
            f"samconfig.toml does not describe the environment {name!r}.",
            hint="It needs [ENV.deploy.parameters] with stack_name and parameter_overrides, a list"
            f' of "Name=value". There are: {", ".join(names(root))}.',
        ) from error


def as_overrides(parameters: Mapping[str, str]) -> list[str]:
    """Parameters as ``sam deploy --parameter-overrides`` takes them, values with blanks too."""
    return [f'{name}="{value}"' for name, value in parameters.items()]


def _config(root: Path) -> dict[str, Any]:
    with (root / "samconfig.toml").open("rb") as file:
        return tomllib.load(file)


def _described() -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = template()["Parameters"]
    return found


def _trouble(described: Mapping[str, Any], value: str) -> str | None:
    """What the template has against a value, in words."""
    allowed = described.get("AllowedValues")
    if allowed and value not in [str(each) for each in allowed]:
        return f"it may be {', '.join(str(each) for each in allowed)}"
    pattern = described.get("AllowedPattern")
    if pattern and not re.search(pattern, value):
        return f"it must look like {pattern}"
    if described["Type"] == "Number":
        low, high = described.get("MinValue"), described.get("MaxValue")
        if not value.isdigit():
            try:
                float(value)
            except ValueError:
                return "it must be a number"
        if low is not None and float(value) < low:
            return f"it must be {low} at least"
        if high is not None and float(value) > high:
            return f"it must be {high} at most"
    return None
