"""What every log line of a job says of the invocation that it belongs to."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from aws_lambda_powertools.logging import Logger

_Event = TypeVar("_Event")
_Answer = TypeVar("_Answer")

Job = Callable[[_Event, Any], _Answer]


def names_itself(logger: Logger) -> Callable[[Job[_Event, _Answer]], Job[_Event, _Answer]]:
    """Let ``logger`` name the function and the request while a job runs, in its threads too.

    The keys are those of the lines that functions behind the API log.
    """

    def decorate(job: Job[_Event, _Answer]) -> Job[_Event, _Answer]:
        @wraps(job)
        def named(event: _Event, context: Any) -> _Answer:
            with logger.append_context_keys(
                function_name=context.function_name,
                function_request_id=context.aws_request_id,
            ):
                return job(event, context)

        return named

    return decorate
