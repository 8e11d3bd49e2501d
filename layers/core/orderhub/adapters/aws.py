"""The one botocore session of a process: its clients share what is slow to read, such as service
models and the credentials. It reads less than botocore does by itself, and faster."""

import gzip
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
from botocore.handlers import BUILTIN_HANDLERS, REGISTER_FIRST
from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session

_ENDPOINTS: Final = "endpoints"
_PARTITIONS: Final = "partitions"
_SERVICES: Final = frozenset(
    {"dynamodb", "eventbridge", "kms", "sesv2", "signin", "sqs", "sso", "sso-oidc", "sts"}
)
"""Those that somebody here calls, and those that credentials come from, as botocore's events name
them."""


@cache
def session() -> Session:
    """The environment's region, credentials and endpoints, as of the first call."""
    made = Session(include_builtin_handlers=False)
    made.register_component("data_loader", _LeanLoader(file_loader=_FastFileLoader()))
    _register_handlers(made)
    return made


def _register_handlers(session: Session) -> None:
    """botocore's own handlers, without those of services that nobody here calls: nine in ten."""
    events = session.get_component("event_emitter")
    for event, handler, *place in BUILTIN_HANDLERS:
        _, _, detail = event.partition(".")
        if detail and detail.partition(".")[0] not in _SERVICES:
            continue
        if not place:
            events.register(event, handler)
        elif place[0] is REGISTER_FIRST:
            events.register_first(event, handler)
        else:
            events.register_last(event, handler)


class _LeanLoader(Loader):
    """botocore's loader of models, without the endpoints of all services, which take longer to
    read than everything else together.

    Each service's model has rules that say where its endpoints are. Of the old list botocore only
    asks which partition a region is in, and that stands in a small file as well.

    The rules can send a request that names a table by its ARN to its owner's account, for which
    botocore searches each call for ARNs. We name tables by their names.
    """

    def load_service_model(
        self, service_name: str, type_name: str, api_version: str | None = None
    ) -> Any:
        model = super().load_service_model(service_name, type_name, api_version)
        for operation in model.get("operations", {}).values():
            operation.pop("operationContextParams", None)
        return model

    def list_available_services(self, type_name: str) -> list[str]:
        """All that have a folder. botocore looks into each of the four hundred for ``type_name``,
        and finds out once more when it reads the one that is asked for."""
        folders = (path for path in self.search_paths if Path(path).is_dir())
        return sorted({each.name for path in folders for each in Path(path).iterdir()})

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        if name != _ENDPOINTS:
            return super().load_data_with_path(name)
        known, path = super().load_data_with_path(_PARTITIONS)
        return _endpoints(known["partitions"]), path


def _endpoints(partitions: list[dict[str, Any]]) -> dict[str, Any]:
    """The list of endpoints, as its version 3 has it, with no exceptions for any service."""
    return {
        "version": 3,
        "partitions": [
            {
                "partition": partition["id"],
                "dnsSuffix": partition["outputs"]["dnsSuffix"],
                "regionRegex": partition["regionRegex"],
                "regions": {region: {} for region in partition["regions"]},
                "services": {},
                "defaults": {
                    "hostname": "{service}.{region}.{dnsSuffix}",
                    "protocols": ["https"],
                    "signatureVersions": ["v4"],
                    "variants": _variants(partition["outputs"]),
                },
            }
            for partition in partitions
        ],
    }


def _variants(outputs: dict[str, Any]) -> list[dict[str, Any]]:
    """That there are endpoints of other kinds; which they are, a service's own rules say."""
    suffixes = {"": outputs["dnsSuffix"], "dualstack": outputs["dualStackDnsSuffix"]}
    return [
        {
            "tags": [tag for tag in (dual_stack, "fips" if fips else "") if tag],
            "hostname": f"{{service}}{'-fips' if fips else ''}.{{region}}.{{dnsSuffix}}",
            "dnsSuffix": suffix,
        }
        for fips in (True, False)
        for dual_stack, suffix in suffixes.items()
        if fips or dual_stack
    ]


class _FastFileLoader(JSONFileLoader):
    """botocore's reader of files, with msgspec: four times as fast for a service's model."""

    def load_file(self, file_path: str) -> Any:
        for path, unpacked in (
            (Path(f"{file_path}.json"), bytes),
            (Path(f"{file_path}.json.gz"), gzip.decompress),
        ):
            if path.is_file():
                return msgspec.json.decode(unpacked(path.read_bytes()))
        return None
