"""Log lines of jobs name the function, whoever logs them."""

import json
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

from aws_lambda_powertools.logging import Logger

from orderhub.jobs.invocation import names_itself
from tests.support.api import LambdaContext


def test_lines_name_the_function_and_the_request_in_all_threads_and_only_meanwhile() -> None:
    written = StringIO()
    logger = Logger(service="invocations", stream=written)

    @names_itself(logger)
    def job(event: str, context: Any) -> str:
        logger.info("here")
        with ThreadPoolExecutor(1) as threads:
            threads.submit(logger.info, "there").result()
        return event.upper()

    assert job("done", LambdaContext("deliver", aws_request_id="r1")) == "DONE"
    assert job("again", LambdaContext("deliver", aws_request_id="r2")) == "AGAIN"
    logger.info("outside")
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [
        (line["message"], line.get("function_name"), line.get("function_request_id"))
        for line in lines
    ] == [
        ("here", "deliver", "r1"),
        ("there", "deliver", "r1"),
        ("here", "deliver", "r2"),
        ("there", "deliver", "r2"),
        ("outside", None, None),
    ]
