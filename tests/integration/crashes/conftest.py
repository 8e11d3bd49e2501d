"""The stage that crash scenarios run on."""

import os
from typing import Any
from uuid import uuid4

import boto3
import pytest

from orderhub.adapters import eventbridge, kms, ses, sqs
from tests.support.wiretap import Wiretap

from .stage import Stage, present, set_up

SENDER = "orders@example.com"


@pytest.fixture(scope="session")
def services(cloud: Any) -> dict[str, Any]:
    """Clients that try as often as those of the functions do, made once."""
    found: dict[str, Any] = {
        "kms": boto3.client("kms", config=kms._CONFIG),
        "events": boto3.client("events", config=eventbridge._CONFIG),
        "sqs": boto3.client("sqs", config=sqs._CONFIG),
        "sesv2": boto3.client("sesv2", config=ses._CONFIG),
    }
    found["sesv2"].create_email_identity(EmailIdentity=SENDER)
    return found


@pytest.fixture
def stage(
    table: Any, services: dict[str, Any], wiretap: Wiretap, monkeypatch: pytest.MonkeyPatch
) -> Stage:
    for module, name in ((kms, "kms"), (eventbridge, "events"), (sqs, "sqs"), (ses, "sesv2")):
        monkeypatch.setattr(module, "connect", lambda client=services[name]: client)
    bus = f"orders-{uuid4().hex}"
    services["events"].create_event_bus(Name=bus)
    monkeypatch.setenv("EVENT_BUS_NAME", bus)
    for variable in ("DELIVERIES_QUEUE", "UNPUBLISHED_QUEUE"):
        queue = services["sqs"].create_queue(QueueName=f"queue-{uuid4().hex}")
        monkeypatch.setenv(variable, queue["QueueUrl"])
    monkeypatch.setenv("MAIL_SENDER", SENDER)
    monkeypatch.setenv("PUBLIC_URL", "https://api.example.com")
    stage = Stage(wiretap, os.environ["TABLE_NAME"], present(), monkeypatch)
    set_up(stage)
    return stage
