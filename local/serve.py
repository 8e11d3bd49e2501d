"""Runs ministack, the AWS emulator; started by :class:`local.cloud.LocalCloud`.

ministack runs Lambda functions under the interpreter that runs ministack itself. Its packages
therefore stand in a folder of their own, ``PACKAGES``, that only this process puts on its path:
the interpreter that functions get has the standard library and their layers, as on AWS, and a
package missing from a layer is an import error here too.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

PACKAGES = Path(sys.prefix) / "ministack"


def main() -> None:
    """Serve until SIGTERM, which also makes ministack write its state down."""
    sys.path.insert(0, str(PACKAGES))
    from ministack.app import main as serve

    from local import ministack_fixes, ministack_journal

    ministack_fixes.apply(layers_folder=Path(tempfile.gettempdir()) / "layers")
    ministack_journal.keep(Path(os.environ["STATE_DIR"]) / "journal")
    ministack_journal.offer_checkpoints()
    serve()


if __name__ == "__main__":
    main()
