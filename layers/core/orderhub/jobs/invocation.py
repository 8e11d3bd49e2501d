"""What every log line of a job says of the invocation that it belongs to."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from aws_lambda_powertools.logging import Logger

from orderhub.correlation import caused_by

_Event = TypeVar("_Event")
_Step = TypeVar("_Step", bound=Mapping[str, Any])
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


def names_its_run(logger: Logger) -> Callable[[Job[_Step, _Answer]], Job[_Step, _Answer]]:
    """:func:`names_itself` for a step of a state machine. What it does follows from the machine's
    run, whose name the event has under ``run``; from the step alone where it has none."""

    def decorate(job: Job[_Step, _Answer]) -> Job[_Step, _Answer]:
        @names_itself(logger)
        @wraps(job)
        def named(event: _Step, context: Any) -> _Answer:
            run = str(event.get("run") or context.aws_request_id)
            with caused_by(run), logger.append_context_keys(correlation_id=run):
                return job(event, context)

        return named

    return decorate
