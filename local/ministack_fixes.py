"""What ministack 1.5.33 does unlike AWS, where it matters to OrderHub, put right from outside.

Only :mod:`local.serve` uses this, in the emulator's own process. Each fix names what it is for;
with a newer ministack, drop the ones it has caught up with (``tests/e2e`` shows which).
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import shutil
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextvars import ContextVar
from io import BytesIO
from pathlib import Path
from typing import Any

MOST_ENVIRONMENTS = 4 * (os.cpu_count() or 1)
"""Of one function, at the same time."""
_LONGEST_WAIT = 10.0
"""In seconds."""


def apply(layers_folder: Path) -> None:
    """Apply every fix; to be called before ministack starts to serve."""
    share_layers(layers_folder)
    accept_yaml_state_machines()
    tell_sam_the_parameters()
    keep_streams_over_restarts()
    retry_failed_stream_batches()
    let_filters_ask_for_what_is_absent()
    ignore_a_slash_at_the_end()
    let_mail_be_granted_by_sender()
    let_conditions_see_keys_and_contexts()
    let_batches_be_granted_by_message()
    let_queues_move_to_another_port()
    queue_bursts()


def share_layers(folder: Path) -> None:
    """Unpack each layer once, instead of once for every execution environment.

    ministack unpacks all layers of a function into a new folder whenever it starts a worker: 0.8 s
    of every cold start with these layers, and 30 MB of disk for each concurrent request. Lambda
    shares one read-only ``/opt``; so does this.
    """
    from ministack.core.lambda_runtime import Worker
    from ministack.services import lambda_svc

    lock = threading.Lock()
    spawn = Worker._spawn

    def unpacked(content: bytes) -> Path:
        target = folder / hashlib.sha256(content).hexdigest()[:32]
        with lock:
            if not target.exists():
                folder.mkdir(parents=True, exist_ok=True)
                unfinished = Path(tempfile.mkdtemp(dir=folder))
                try:
                    with zipfile.ZipFile(BytesIO(content)) as archive:
                        archive.extractall(unfinished)
                    unfinished.rename(target)
                except BaseException:
                    shutil.rmtree(unfinished, ignore_errors=True)
                    raise
        return target

    @functools.wraps(spawn)
    def spawn_with_shared_layers(worker: Any) -> None:
        config = worker.config
        contents = (lambda_svc._resolve_layer_zip(layer) for layer in config.get("Layers", []))
        folders = [str(unpacked(content)) for content in contents if content]
        environment = config.get("Environment", {})
        variables = environment.get("Variables", {})
        worker.config = {
            **config,
            "Layers": [],
            "Environment": {
                **environment,
                "Variables": {**variables, "_LAMBDA_LAYERS_DIRS": os.pathsep.join(folders)},
            },
        }
        try:
            spawn(worker)
        finally:
            worker.config = config

    Worker._spawn = spawn_with_shared_layers


def accept_yaml_state_machines() -> None:
    """Read state machine definitions in YAML, which AWS takes from a file in S3 as it does JSON."""
    import yaml
    from ministack.services.cloudformation import provisioners

    definition_of = provisioners._sfn_definition

    @functools.wraps(definition_of)
    def definition_as_json(properties: Any) -> str:
        definition: str = definition_of(properties)
        if definition.lstrip().startswith("{"):
            return definition
        return json.dumps(yaml.safe_load(definition))

    provisioners._sfn_definition = definition_as_json


def tell_sam_the_parameters() -> None:
    """Have the SAM transform know the stack's parameters, as it does on AWS: by them it decides
    which functions get a new version, and whether releases go out gradually. ministack's transform
    sees no more of them than their defaults."""
    from ministack.services.cloudformation import changesets, engine, handlers
    from samtranslator.translator import transform as sam  # type: ignore[import-untyped]

    transform, apply_transforms = sam.transform, engine._apply_transforms
    given: ContextVar[dict[str, str]] = ContextVar("parameters")

    @functools.wraps(transform)
    def transform_with_parameters(template: Any, _none: Any, *loaders: Any) -> Any:
        return transform(template, given.get(), *loaders)

    @functools.wraps(apply_transforms)
    def apply_with_parameters(
        template: dict[str, Any], provided: Any = None, previous: Any = None
    ) -> Any:
        token = given.set(engine._transform_parameters(template, provided, previous))
        try:
            return apply_transforms(template, provided, previous)
        finally:
            given.reset(token)

    sam.transform = transform_with_parameters
    for module in (changesets, engine, handlers):
        module._apply_transforms = apply_with_parameters


def keep_streams_over_restarts() -> None:
    """Keep the records of DynamoDB streams with the tables that they belong to.

    ministack keeps how far each event source mapping has read, but not the records: after a
    restart the position points past the end of an empty stream, and as many new records as had
    ever been read would reach nobody. Records not yet read would be lost as well.
    """
    from ministack.services import dynamodb

    get_state = dynamodb.get_state
    load_persisted_state = dynamodb.load_persisted_state
    kept = "orderhub_streams"

    @functools.wraps(get_state)
    def get_state_with_streams() -> dict[str, Any]:
        state: dict[str, Any] = get_state()
        state[kept] = {
            "records": dynamodb._stream_records,
            "trimmed": dynamodb._stream_trimmed,
        }
        return state

    @functools.wraps(load_persisted_state)
    def load_state_with_streams(state: dict[str, Any]) -> None:
        streams = state.pop(kept, {})
        load_persisted_state(state)
        dynamodb._stream_records.update(streams.get("records", {}))
        dynamodb._stream_trimmed.update(streams.get("trimmed", {}))

    dynamodb.get_state = get_state_with_streams
    dynamodb.load_persisted_state = load_state_with_streams


def retry_failed_stream_batches() -> None:
    """Honour ``ReportBatchItemFailures`` and ``MaximumRetryAttempts`` on DynamoDB streams.

    ministack takes a batch with reported failures as done, and tries one that raised for ever.
    Here a failed batch is tried again as a whole, as often as the mapping says, and then goes to
    the mapping's failure destination, so that the shard moves on.
    """
    from ministack.services import lambda_svc

    execute = lambda_svc._execute_function
    attempts: dict[tuple[str, str], int] = {}

    @functools.wraps(execute)
    def execute_stream_batch(function: Any, event: Any) -> Any:
        records = event.get("Records") if isinstance(event, dict) else None
        if not (isinstance(records, list) and records):
            return execute(function, event)
        first = records[0]
        if not isinstance(first, dict) or first.get("eventSource") != "aws:dynamodb":
            return execute(function, event)

        result = execute(function, event)
        body = result.get("body")
        reported = body.get("batchItemFailures") if isinstance(body, dict) else None
        mapping = _mapping_of(lambda_svc, function, first["eventSourceARN"])
        key = (mapping.get("UUID", ""), first["dynamodb"]["SequenceNumber"])
        if not (result.get("error") or reported):
            attempts.pop(key, None)
            return result

        attempts[key] = attempts.get(key, 0) + 1
        # Without the setting, as on AWS, until the records are a day old.
        # A template's parameter arrives as text.
        limit = int(mapping.get("MaximumRetryAttempts") or -1)
        if limit < 0 or attempts[key] <= limit:
            return {
                **result,
                "error": True,
                "body": body
                if result.get("error")
                else {
                    "errorType": "ReportBatchItemFailures",
                    "errorMessage": f"{len(reported or [])} of {len(records)} records failed",
                },
            }
        del attempts[key]
        lambda_svc._send_ddb_stream_failure_record(
            mapping, function, records, first["eventSourceARN"], result, "RetryAttemptsExhausted"
        )
        return {**result, "error": False}

    lambda_svc._execute_function = execute_stream_batch


def let_filters_ask_for_what_is_absent() -> None:
    """In an event source's filter, find that something doesn't exist where what would hold it
    doesn't either: ``{"quiet": {"BOOL": [{"exists": false}]}}`` of a record without ``quiet``."""
    from ministack.services import lambda_svc

    match = lambda_svc._match_esm_filter

    @functools.wraps(match)
    def match_with_absent(record: dict[str, Any], pattern: dict[str, Any]) -> bool:
        absent: dict[str, Any] = {
            key: {} for key, rule in pattern.items() if isinstance(rule, dict) and key not in record
        }
        matched: bool = match({**record, **absent}, pattern)
        return matched

    lambda_svc._match_esm_filter = match_with_absent


def ignore_a_slash_at_the_end() -> None:
    """Take ``/orders/`` for ``/orders``, as HTTP APIs do. Their routes can't end in a slash, which
    is how one documented path is written."""
    from ministack.services import apigateway

    extract = apigateway._extract_path_params

    @functools.wraps(extract)
    def extract_without_slash(route_path: str, request_path: str) -> dict[str, str] | None:
        found: dict[str, str] | None = extract(route_path, request_path)
        if found is None and len(request_path) > 1 and request_path.endswith("/"):
            found = extract(route_path, request_path[:-1])
        return found

    apigateway._extract_path_params = extract_without_slash


def let_mail_be_granted_by_sender() -> None:
    """Judge ``ses:SendEmail`` on the identity that the mail comes from, as AWS does, and not on
    ``*``, which a policy of least privilege doesn't grant."""
    from ministack.core import iam_actions

    resource_of = iam_actions._ses_v2_resource_arn

    @functools.wraps(resource_of)
    def identity_of(method: str, path: str, body: bytes, region: str, account_id: str) -> str:
        resource: str = resource_of(method, path, body, region, account_id)
        if resource == "*" and path.rstrip("/").endswith("/outbound-emails"):
            sender = json.loads(body or b"{}").get("FromEmailAddress", "")
            return f"arn:aws:ses:{region}:{account_id}:identity/{sender}"
        return resource

    iam_actions._ses_v2_resource_arn = identity_of


def let_conditions_see_keys_and_contexts() -> None:
    """Give the conditions of policies what AWS gives them and ministack doesn't: the encryption
    context of KMS (``kms:EncryptionContext:…``), and the partition keys that a request to DynamoDB
    names (``dynamodb:LeadingKeys``), as far as these are called ``pk``."""
    from ministack.core import iam_actions

    tags_of = iam_actions.request_tag_context

    @functools.wraps(tags_of)
    def context_of(service: str, action: str, body: bytes, params: Any) -> dict[str, Any]:
        context: dict[str, Any] = tags_of(service, action, body, params)
        if service == "kms":
            for key, value in (json.loads(body or b"{}").get("EncryptionContext") or {}).items():
                context[f"kms:EncryptionContext:{key}"] = value
        if service == "dynamodb" and (keys := sorted(set(_partitions(json.loads(body or b"{}"))))):
            context["dynamodb:LeadingKeys"] = keys
        return context

    iam_actions.request_tag_context = context_of


def let_batches_be_granted_by_message() -> None:
    """Judge SQS's calls for batches by what they do with each message (``sqs:SendMessage``), as AWS
    does: policies know no ``sqs:SendMessageBatch``."""
    from ministack.core import iam_actions

    action_of = iam_actions.extract_iam_action

    @functools.wraps(action_of)
    def action_per_message(*request: Any) -> str | None:
        action: str | None = action_of(*request)
        return action.removesuffix("Batch") if action and action.startswith("sqs:") else action

    iam_actions.extract_iam_action = action_per_message


def let_queues_move_to_another_port() -> None:
    """Find queues again when the cloud listens on another port than it did.

    ministack keeps them by their URLs, which name the port, and its readers for functions ask for
    them by the URL of now: after ``make run PORT=…`` no function would get a message any more.
    """
    from ministack.services import sqs

    load_persisted_state = sqs.load_persisted_state

    @functools.wraps(load_persisted_state)
    def load_state_of_this_port(state: dict[str, Any]) -> None:
        queues = state["queues"]
        for (account, region, url), queue in queues.all_items():
            queue["url"] = sqs._queue_url_for_account(account, queue["name"])
            if queue["url"] != url:
                queues.pop_scoped(account, region, url)
                queues.set_scoped(account, region, queue["url"], queue)
        load_persisted_state(state)

    sqs.load_persisted_state = load_state_of_this_port


def _partitions(request: Any) -> Iterator[str]:
    """The partition keys of the items that a request, or a part of it, is about."""
    if isinstance(request, list):
        for part in request:
            yield from _partitions(part)
    elif isinstance(request, dict):
        item = request.get("Item") or request.get("Key")
        if isinstance(item, dict) and "pk" in item:
            yield item["pk"].get("S", "")
        elif isinstance(request.get("KeyConditionExpression"), str):
            yield from _queried(request)
        else:
            for part in request.values():
                yield from _partitions(part)


def _queried(query: dict[str, Any]) -> Iterator[str]:
    """The partition that a query reads, of the table or of an index."""
    names = query.get("ExpressionAttributeNames", {})
    values = query.get("ExpressionAttributeValues", {})
    for name, value in re.findall(r"(#?\w+)\s*=\s*(:\w+)", query["KeyConditionExpression"]):
        if names.get(name, name).endswith("pk"):
            yield values.get(value, {}).get("S", "")


def _mapping_of(lambda_svc: Any, function: Any, source_arn: str) -> dict[str, Any]:
    name = (function.get("config") or function).get("FunctionName")
    for _account, _region, mapping in lambda_svc._iter_all_esms():
        if mapping.get("EventSourceArn") == source_arn and mapping.get("FunctionName") == name:
            found: dict[str, Any] = mapping
            return found
    return {}


def queue_bursts() -> None:
    """Let a burst on one function wait for its environments, once there are as many as the machine
    can use.

    ministack starts a process for each concurrent request, as Lambda starts an environment. A
    hundred of them starting at once on two processors take longer than the gateway waits. Beyond
    :data:`MOST_ENVIRONMENTS` of a function, a request waits for one that is free, and gets one of
    its own after all if that takes too long: a function that calls itself must not wait for itself.
    """
    from ministack.services import lambda_svc

    acquire, release = lambda_svc.acquire_worker, lambda_svc.release_worker
    released = threading.Condition()

    @functools.wraps(acquire)
    def acquire_or_wait(*args: Any, **options: Any) -> Any:
        give_up_at = time.monotonic() + _LONGEST_WAIT
        with released:
            while time.monotonic() < give_up_at:
                found = acquire(*args, **{**options, "max_concurrency": MOST_ENVIRONMENTS})
                if found[0] is not None:
                    return found
                released.wait(timeout=0.5)
        return acquire(*args, **options)

    @functools.wraps(release)
    def release_and_tell(worker: Any) -> None:
        release(worker)
        with released:
            released.notify_all()

    lambda_svc.acquire_worker = acquire_or_wait
    lambda_svc.release_worker = release_and_tell
