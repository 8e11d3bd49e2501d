"""``./orderhub`` for tests that call it many times: each call is a process of its own, forked from
one that has imported everything, so that it takes a tenth of the time and is otherwise the same.

Run as a program, this is the process that is forked::

    python warm_command.py SOCKET
"""

import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
_MOST = 1 << 20

_CLIENT = """\
#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    call = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [len(call).to_bytes(4, "big")], [0, 1, 2])
    server.sendall(call)
    sys.exit(int(server.recv(4) or b"1"))
"""


@contextmanager
def warm_command() -> Iterator[str]:
    """Serves calls until left; the text of a program that calls, to be put where it is wanted."""
    # Not in a test's own folder: sockets have short names.
    with TemporaryDirectory() as folder, _served(f"{folder}/socket") as address:
        yield _CLIENT.format(python=sys.executable, address=address)


@contextmanager
def _served(address: str) -> Iterator[str]:
    server = subprocess.Popen([sys.executable, __file__, address], cwd=ROOT)  # noqa: S603
    try:
        deadline = time.monotonic() + 60
        while not Path(address).exists():
            assert server.poll() is None, "the command could not be loaded"
            assert time.monotonic() < deadline, "the command takes too long to load"
            time.sleep(0.02)
        yield address
    finally:
        server.terminate()
        server.wait()


def _serve(address: str) -> None:
    _load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{address}.new")
        listening.listen()
        Path(f"{address}.new").rename(address)
        while True:
            calling, _ = listening.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listening.close()
                _answer(calling)
            calling.close()


def _load() -> None:
    """All that commands import, and what AWS's client reads from its files."""
    import boto3

    import orderhub
    import orderhub_cli

    for package in (orderhub_cli, orderhub):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.startswith(
                ("orderhub.wire.", "orderhub.pages", "orderhub.payments")
            ):
                import_module(module.name)
    boto3.client(
        "dynamodb",
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
    )


def _answer(calling: socket.socket) -> None:
    """Be the command: with its arguments, folder, environment, input and output."""
    head, files, _, _ = socket.recv_fds(calling, 4, 3)
    call = b""
    while len(call) < int.from_bytes(head, "big"):
        call += calling.recv(_MOST)
    arguments, folder, environment = json.loads(call)
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    code = 1
    try:
        from orderhub_cli.main import app

        sys.argv = ["orderhub", *arguments]
        app(prog_name="orderhub")
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        calling.sendall(str(code).encode())
        os._exit(code)


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "layers" / "core"), str(ROOT / "cli")]
    sys.path.remove(str(Path(__file__).parent))
    _serve(sys.argv[1])
