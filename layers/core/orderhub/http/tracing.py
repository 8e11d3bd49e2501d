"""What a trace of X-Ray says of a request, so that it is found by shop, order and correlation id.

Lambda records a function's segment by itself, and lets nobody write on it; annotations stand on a
subsegment below. That is one datagram to the daemon that Lambda runs beside the function, and only
for requests that are traced. A library for it would cost each cold start more than that.
"""

import json
import os
import secrets
import socket
from collections.abc import Mapping
from typing import Final

_HEADER: Final = b'{"format": "json", "version": 1}\n'
_ANNOTATED: Final = ("route", "shop_id", "order_id", "correlation_id", "error", "status")
_CALLERS_FAULT: Final = 400
_OUR_FAULT: Final = 500


def trace() -> Mapping[str, str]:
    """Of the request in hand, ``Root`` (its name) and ``Parent`` (the function's segment); empty
    where it is not traced. Lambda names one for every request."""
    found = dict(
        part.split("=", 1)
        for part in os.environ.get("_X_AMZN_TRACE_ID", "").split(";")
        if "=" in part
    )
    return found if found.get("Sampled") == "1" and {"Root", "Parent"} <= found.keys() else {}


def annotate(line: Mapping[str, object], started: float, ended: float) -> None:
    """Let the trace, if there is one, say what the request's log line says of it. Both times are in
    seconds since 1970. Nothing comes of a daemon that doesn't listen."""
    found, daemon = trace(), os.environ.get("AWS_XRAY_DAEMON_ADDRESS", "")
    host, _, port = daemon.rpartition(":")
    if not found or not host:
        return
    status = int(str(line["status"]))
    segment = {
        "name": line["wire"],
        "type": "subsegment",
        "id": secrets.token_hex(8),
        "trace_id": found["Root"],
        "parent_id": found["Parent"],
        "start_time": started,
        "end_time": ended,
        "error": _CALLERS_FAULT <= status < _OUR_FAULT,
        "fault": status >= _OUR_FAULT,
        "annotations": {name: line[name] for name in _ANNOTATED if line.get(name)},
    }
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
            way.sendto(_HEADER + json.dumps(segment, default=str).encode(), (host, int(port)))
    except (OSError, ValueError):
        return
