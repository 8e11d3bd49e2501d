"""The search of log lines finds what is said there."""

import base64
import json
import logging
from typing import Any

import pytest
from aws_lambda_powertools.logging import Logger

from tests.support.silence import IN_PROCESS, LONGEST_VALUE, Listener


@pytest.fixture
def listener() -> Listener:
    return Listener()


def line(**said: Any) -> str:
    return json.dumps({"message": "request", "status": 200, **said})


def test_a_line_of_nothing_but_facts_is_no_fault(listener: Listener) -> None:
    listener.see_request({"Authorization": "Bearer a-token-of-theirs"}, '{"note": "Ring twice."}')
    listener.hear(line(wire="marketplace", order_id=3474690969600001), IN_PROCESS)
    assert listener.faults() == []


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({"Authorization": "Bearer planted-secret"}, b""),
        ({"X-API-ACCESS-TOKEN": "planted-secret"}, b""),
        ({"Authorization": "Basic " + base64.b64encode(b"app:planted-secret").decode()}, b""),
        ({"Authorization": 'OAuth realm="", oauth_signature="planted%2Dsecret"'}, b""),
        ({}, b'{"api_key": "planted-secret"}'),
        ({}, b'{"order": {"line_items": [{"note": "planted-secret"}]}}'),
        ({}, b"client_secret=planted-secret&grant_type=a"),
        ({}, b"sender_email=planted-secret"),
    ],
    ids=range(8),
)
@pytest.mark.parametrize(
    "said",
    [
        {"error": "planted-secret"},
        {"trace": "KeyError: 'the order of planted-secret, which'"},
        {"event_ids": ["a", "planted-secret"]},
        {"reason": {"planted-secret": 1}},
    ],
    ids=range(4),
)
def test_a_planted_secret_is_found_and_not_repeated(
    listener: Listener, headers: dict[str, str], content: bytes, said: dict[str, Any]
) -> None:
    listener.hear(line(**said), IN_PROCESS)
    assert listener.faults() == []
    listener.see_request(headers, content)
    (fault,) = listener.faults()
    assert "planted-secret" not in fault
    assert "██" in fault


def test_what_is_no_json_is_searched_as_well(listener: Listener) -> None:
    listener.keep("planted-secret", "secret")
    listener.hear("Traceback: planted-secret", IN_PROCESS)
    assert len(listener.faults()) == 1


def test_names_are_found_however_json_spells_them(listener: Listener) -> None:
    listener.read({"address_fullname": "韩梅梅"})
    listener.hear(json.dumps({"message": "韩梅梅"}), IN_PROCESS)
    assert "\\u" in json.dumps({"message": "韩梅梅"})
    assert len(listener.faults()) == 1


def test_what_is_too_short_to_be_told_from_chance_is_not_looked_for(listener: Listener) -> None:
    listener.read({"first_name": "Lee", "api_key": "1234567"})
    listener.hear(line(correlation_id="12345678", error="Sleeping"), IN_PROCESS)
    assert listener.faults() == []


def test_lines_have_no_keys_and_no_lengths_but_known_ones(listener: Listener) -> None:
    listener.hear(line(body="{}"), IN_PROCESS)
    listener.hear(line(error="x" * (LONGEST_VALUE + 1)), IN_PROCESS)
    assert listener.faults() == [
        "in process: a line has the keys ['body']",
        f"in process: a line's error has {LONGEST_VALUE + 1} characters",
    ]


def test_what_functions_log_is_heard(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tests.support.silence.LISTENER", listener)
    Logger(service="planted").info("request", extra={"error": "planted-secret"})
    logging.getLogger("a.library").warning("about %s", "another-secret")
    listener.keep("planted-secret", "secret")
    listener.keep("another-secret", "secret")
    assert len(listener.faults()) == 2
