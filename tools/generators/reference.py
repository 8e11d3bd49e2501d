"""``docs/reference/openapi.js``: the OpenAPI document as a script, for the page beside it.

A page that was opened from a disk may run scripts beside it, and fetch nothing.
"""

import json
from typing import Final

from tools.openapi.document import document

NAME: Final = "ORDERHUB_OPENAPI"


def generate() -> str:
    """The script: one assignment, whose value is JSON."""
    whole = json.dumps(document(), ensure_ascii=False, separators=(",", ":"))
    told = "// Written by python -m tools.docs from the code, as docs/openapi.json is."
    return f"{told}\nconst {NAME} = {whole};\n"
