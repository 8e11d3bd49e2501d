"""Where things are in the working copy."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".local"
"""The state of the local cloud that ``make run`` starts."""
CLOUD_PYTHON = ROOT / ".venv-cloud" / "bin" / "python"
"""The interpreter of the emulator and of the functions that it runs; see local/serve.py."""
