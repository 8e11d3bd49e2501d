"""``python -m tools.openapi``: write ``docs/openapi.json``."""

from tools.docs import ROOT

from .document import generate

PATH = ROOT / "docs" / "openapi.json"

if __name__ == "__main__":
    PATH.write_text(generate(), encoding="utf-8")
    print(f"wrote {PATH.relative_to(ROOT)}")
