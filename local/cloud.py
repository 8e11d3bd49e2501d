"""Starts and stops the emulator, and knows whether it runs.

One cloud has one home folder: its state, its logs and a lock file. The emulator's process holds
the lock for as long as it lives, so that a process id left behind by a crash, or given to another
program since, is never mistaken for a running cloud.
"""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, overload

import boto3
from botocore.config import Config

from local import project
from local.console import Progress, tail
from local.errors import LocalError
from local.ministack_journal import CHECKPOINT

if TYPE_CHECKING:
    from typing import Literal

    from mypy_boto3_apigatewayv2 import ApiGatewayV2Client
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient

DEFAULT_PORT = 4566
REGION = "us-east-1"
# The emulator's root credentials: the only ones that its IAM lets do everything.
ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"

_POLL_SECONDS = 0.05
_PORT_SECONDS = 3.0
_START_SECONDS = 60.0
# A table of 100,000 orders takes a busy machine more than a minute to write down.
_STOP_SECONDS = 300.0
# Concurrent executions over all functions; the next one is answered 429. The emulator's own
# default follows from the machine's memory, and behaviour should not.
_CONCURRENCY = 200
_PORTS = range(20_000, 30_000)


def free_port() -> int:
    """A port on loopback that nothing listens on now.

    It is none of those that systems give to outgoing connections: one of these could take it while
    a cloud that had it is started again.
    """
    for port in secrets.SystemRandom().sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise LocalError(f"No port from {_PORTS[0]} to {_PORTS[-1]} is free.")


class LocalCloud:
    """An AWS emulator on loopback, with IAM enforced and state kept over restarts.

    Args:
        home: the folder for its state and logs.
        port: where it listens; the one it had last, or 4566, when not given.
        environment: further settings of the emulator, such as ``SFN_WAIT_SCALE``.
        python: the interpreter that has the emulator.
    """

    def __init__(
        self,
        home: Path = project.HOME,
        port: int | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        python: Path = project.CLOUD_PYTHON,
    ) -> None:
        self.home = home.absolute()
        self._wanted_port = port
        self._environment = dict(environment or {})
        self._python = python
        # Only when this object started it: its parent has to collect the process in the end.
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """The port it listens on, or will once started."""
        port: int = self._wanted_port or self._remembered().get("port", DEFAULT_PORT)
        return port

    @property
    def endpoint_url(self) -> str:
        """The AWS endpoint, for every service."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the emulator prints."""
        return self.home / "log" / "cloud.log"

    @property
    def credentials(self) -> dict[str, str]:
        """The environment variables that make any AWS tool talk to this cloud as its root."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
        }

    def is_running(self) -> bool:
        """Whether its process lives; it may still be starting."""
        if not self._lock_file.exists():
            return False
        with self._lock_file.open("rb") as lock:
            return not _try_lock(lock.fileno(), fcntl.LOCK_SH)

    def running_port(self) -> int | None:
        """The port of the running process, which may differ from the one wanted; or None."""
        return self._remembered().get("port") if self.is_running() else None

    def start(self, progress: Progress | None = None) -> bool:
        """Start it and wait until it answers.

        One that runs what the emulator was before this code was changed is started again.

        Returns:
            False when it was running already (on this port; on another one it is moved).

        Raises:
            LocalError: the port is taken, the emulator is not installed, or it did not come up.
        """
        progress = progress or Progress(quiet=True)
        running_on = self.running_port()
        if running_on == self.port and self._remembered().get("code") == _fingerprint():
            self._wait_until_ready()
            return False
        if running_on is not None:
            self.stop(progress)
        if not self._python.exists():
            raise LocalError(
                f"The local cloud is not installed: {self._python} is missing.",
                hint="`make run` installs it.",
            )
        self._require_free_port()
        if self._process is not None:
            self._process.wait()  # it was killed

        with progress.step(f"Starting the local cloud on 127.0.0.1:{self.port}"):
            self._process = self._spawn()
            try:
                self._wait_until_ready()
            except BaseException:
                # Including Ctrl-C: nothing half-started is left behind.
                self._process.terminate()
                self._process.wait()
                self._process = None
                raise
        return True

    def stop(self, progress: Progress | None = None) -> bool:
        """Stop it in order, so that it writes its state down; return whether it was running.

        Raises:
            LocalError: it did not stop in time and had to be killed, losing what it had not saved.
        """
        progress = progress or Progress(quiet=True)
        if not self.is_running():
            return False
        pid = self._remembered()["pid"]
        with progress.step("Stopping the local cloud"):
            os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + _STOP_SECONDS
            while self.is_running():
                if time.monotonic() > deadline:
                    os.kill(pid, signal.SIGKILL)
                    raise LocalError(
                        f"The local cloud did not stop within {_STOP_SECONDS:.0f} s and was"
                        " killed; changes since its start may be lost.",
                        hint=f"Its log: {self.log}",
                    )
                time.sleep(_POLL_SECONDS)
            if self._process is not None:
                self._process.wait()
                self._process = None
        return True

    def checkpoint(self) -> None:
        """Have it write its state down now. What its tables take from then on is kept even if it is
        killed; all else goes back to this moment then.

        Raises:
            LocalError: it did not.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_STOP_SECONDS)
        try:
            connection.request("POST", CHECKPOINT)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise LocalError("The local cloud did not write its state down.") from error
        finally:
            connection.close()
        if status != http.HTTPStatus.NO_CONTENT:
            raise LocalError(f"The local cloud did not write its state down: HTTP {status}.")

    def clean(self, progress: Progress | None = None) -> None:
        """Stop it and forget everything: its state, its logs, its stack."""
        if not self.home.exists():
            return
        if any(self.home.iterdir()) and not self._lock_file.exists():
            raise LocalError(f"{self.home} is not the home of a local cloud; nothing was deleted.")
        self.stop(progress)
        shutil.rmtree(self.home)

    @contextmanager
    def exclusively(self, progress: Progress | None = None) -> Iterator[None]:
        """Keep other commands on the same cloud waiting, so that two ``make run`` don't meet."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "command.lock").open("wb") as lock:
            if not _try_lock(lock.fileno(), fcntl.LOCK_EX):
                if progress:
                    progress.note("Another command is at work on this local cloud; waiting for it.")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    # boto3's own overloads are too many to repeat; these are the services that we look into.
    @overload
    def client(self, service: Literal["apigatewayv2"]) -> ApiGatewayV2Client: ...
    @overload
    def client(self, service: Literal["cloudformation"]) -> CloudFormationClient: ...
    @overload
    def client(self, service: Literal["dynamodb"]) -> DynamoDBClient: ...
    @overload
    def client(self, service: Literal["lambda"]) -> LambdaClient: ...
    @overload
    def client(self, service: Literal["logs"]) -> CloudWatchLogsClient: ...
    @overload
    def client(self, service: Literal["s3"]) -> S3Client: ...
    @overload
    def client(self, service: Literal["sesv2"]) -> SESV2Client: ...
    @overload
    def client(self, service: Literal["sqs"]) -> SQSClient: ...
    @overload
    def client(self, service: Literal["ssm"]) -> SSMClient: ...
    @overload
    def client(self, service: Literal["stepfunctions"]) -> SFNClient: ...
    def client(self, service: str) -> Any:
        """Return a boto3 client of this cloud with root's permissions."""
        session = boto3.Session(
            aws_access_key_id=ACCESS_KEY_ID,
            aws_secret_access_key=SECRET_ACCESS_KEY,
            region_name=REGION,
        )
        # Step Functions' synchronous calls would go to the host "sync-127.0.0.1".
        config = Config(inject_host_prefix=False)
        # The session knows more services than its type stubs that we have installed.
        return session.client(service, endpoint_url=self.endpoint_url, config=config)  # type: ignore[call-overload]

    @property
    def _lock_file(self) -> Path:
        return self.home / "cloud.lock"

    @property
    def _description(self) -> Path:
        return self.home / "cloud.json"

    def _remembered(self) -> dict[str, Any]:
        try:
            remembered: dict[str, Any] = json.loads(self._description.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return remembered

    def _require_free_port(self) -> None:
        """Raises :class:`LocalError` unless the port is free, or soon is: one that was killed holds
        it until the system has taken all of it apart."""
        patience = time.monotonic() + _PORT_SECONDS
        while error := self._trouble_with_port():
            if time.monotonic() > patience:
                raise LocalError(
                    f"Port {self.port} on 127.0.0.1 can't be used: {error.strerror}.",
                    hint="Stop what uses it, or choose another port: make run PORT=4600",
                ) from error
            time.sleep(_POLL_SECONDS)

    def _trouble_with_port(self) -> OSError | None:
        with socket.socket() as probe:
            # As the emulator does, so that connections of its last run don't count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as error:
                return error
        return None

    def _spawn(self) -> subprocess.Popen[bytes]:
        temporary = self.home / "tmp"
        # What the workers of a run that was killed left.
        for left_over in temporary.glob("ministack-lambda-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        for folder in (temporary, self.log.parent, self.home / "state"):
            folder.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".previous.log"))

        with self._lock_file.open("wb") as lock, self.log.open("wb") as output:
            if not _try_lock(lock.fileno(), fcntl.LOCK_EX):
                raise LocalError("The local cloud is being started by another command.")
            # The child inherits the lock and keeps it, in a session of its own, so that neither
            # the end of make nor a Ctrl-C meant for make ends it.
            process = subprocess.Popen(
                [str(self._python), "-m", "local.serve"],
                cwd=project.ROOT,
                env=self._emulator_environment(temporary),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(lock.fileno(),),
            )
            description = {"pid": process.pid, "port": self.port, "code": _fingerprint()}
            self._description.write_text(json.dumps(description))
        return process

    def _emulator_environment(self, temporary: Path) -> dict[str, str]:
        # Functions inherit the emulator's environment, so it gets nothing of this shell's: no
        # AWS profile, no PYTHONPATH, no secret.
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        wait_scale = os.environ.get("SFN_WAIT_SCALE")
        return {
            **kept,
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "TMPDIR": str(temporary),
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_ACCOUNT_CONCURRENCY": str(_CONCURRENCY),
            "LAMBDA_EXECUTOR": "local",
            "LOG_LEVEL": "INFO",
            "MINISTACK_REGION": REGION,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.home / "state"),
            **({"SFN_WAIT_SCALE": wait_scale} if wait_scale else {}),
            **self._environment,
        }

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if not self.is_running():
                self._fail_to_start("stopped while starting")
            if time.monotonic() > deadline:
                self._fail_to_start(f"did not answer within {_START_SECONDS:.0f} s")
            time.sleep(_POLL_SECONDS)

    def _fail_to_start(self, what: str) -> NoReturn:
        raise LocalError(
            f"The local cloud {what}.", hint=f"{tail(self.log)}\n\nAll of its output: {self.log}"
        )

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/_ministack/ready")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def _fingerprint() -> str:
    """What a running emulator was started from."""
    digest = hashlib.sha256(project.ROOT.joinpath("requirements/cloud.txt").read_bytes())
    for module in sorted(Path(__file__).parent.glob("ministack_*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()


def _try_lock(descriptor: int, kind: int) -> bool:
    """Lock the file if others' locks allow it; return whether that worked."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
