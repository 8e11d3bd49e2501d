import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import cloud
from local.cloud import LocalCloud, free_port

STAND_IN = """\
#!{python}
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

HTTPServer(("127.0.0.1", int(os.environ["GATEWAY_PORT"])), Ready).serve_forever()
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[LocalCloud]:
    """A cloud whose emulator is a stand-in that says that it is ready."""
    emulator = tmp_path / "python"
    emulator.write_text(STAND_IN.format(python=sys.executable))
    emulator.chmod(emulator.stat().st_mode | stat.S_IXUSR)
    made = LocalCloud(tmp_path / "home", free_port(), python=emulator)
    assert made.start()
    yield made
    made.stop()


def process_id(of: LocalCloud) -> object:
    return of._remembered()["pid"]


def test_a_running_cloud_is_left_alone(running: LocalCloud) -> None:
    before = process_id(running)
    assert not running.start()
    assert process_id(running) == before


def test_a_cloud_that_runs_an_older_emulator_is_started_again(
    running: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = process_id(running)
    monkeypatch.setattr(cloud, "_fingerprint", lambda: "of newer code")
    assert running.start()
    assert process_id(running) != before
    assert not running.start()
