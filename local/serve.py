"""Runs ministack, the AWS emulator; started by :class:`local.cloud.LocalCloud`.

ministack runs Lambda functions under the interpreter that runs ministack itself. Its packages
therefore stand in a folder of their own, ``PACKAGES``, that only this process puts on its path:
the interpreter that functions get has the standard library and their layers, as on AWS, and a
package missing from a layer is an import error here too.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import tempfile
from pathlib import Path

PACKAGES = Path(sys.prefix) / "ministack"
_KEEP_ALIVE = 75
"""In seconds: how long a connection may be silent between two requests."""
_LAST_REQUESTS = 5
"""In seconds: how long requests that are being answered may hold up the end."""


def main() -> None:
    """Serve until SIGTERM, which also makes ministack write its state down."""
    sys.path.insert(0, str(PACKAGES))
    import uvicorn
    from ministack import app as ministack

    from local import ministack_fixes, ministack_journal, ministack_speed

    ministack_speed.apply()
    ministack_fixes.apply(layers_folder=Path(tempfile.gettempdir()) / "layers")
    ministack_journal.keep(Path(os.environ["STATE_DIR"]) / "journal")
    ministack_journal.offer_checkpoints()

    _take_many_connections()
    # uvicorn ends in order, and then leaves the signal to whoever was there before it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(
        ministack.app,
        host=os.environ["BIND_HOST"],
        port=int(os.environ["GATEWAY_PORT"]),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        date_header=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_LAST_REQUESTS,
    )


def _take_many_connections() -> None:
    """Open as many files at once as the system lets us, each connection being one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Where there is no limit, some systems refuse to be told so; what they allow is enough then.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main()
