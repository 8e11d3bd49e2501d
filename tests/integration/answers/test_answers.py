"""The document's examples are what handlers answer, word for word.

``ORDERHUB_RECORD=1`` writes what they answer now; ``python -m tools.docs`` puts it into the
document.
"""

import json
import os
from typing import Any

import pytest

from orderhub import bootstrap
from tests.integration.answers.stage import Stage
from tests.integration.answers.stories import STORIES
from tools.openapi.recorded import folder, recorded


@pytest.mark.parametrize("api", STORIES)
def test_the_examples_of_the_document_are_what_handlers_answer(
    api: str, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = STORIES[api]
    stage = Stage(bootstrap.application(), api, story.begin, monkeypatch)
    story.play(stage, table)
    if os.environ.get("ORDERHUB_RECORD"):
        text = json.dumps(stage.recorded, ensure_ascii=False, indent=1)
        (folder() / f"{api}.json").write_text(text + "\n", encoding="utf-8")
        recorded.cache_clear()
    for name, statuses in stage.recorded.items():
        assert recorded(name) == statuses, name
