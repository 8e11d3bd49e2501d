"""Ways in which one outgoing call can go wrong, and a watcher that does it to one call of a run."""

from enum import StrEnum
from threading import Lock
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from tests.support.wiretap import Answer, Call, Killed, failure


class Cut(StrEnum):
    """What becomes of a call. A function that runs out of its time is as dead as one that is
    killed."""

    BEFORE = "before"
    """No attempt of the SDK arrives."""
    LOST_ONCE = "answer lost once"
    """It happened; the SDK heard nothing and tries again, which passes."""
    SILENCE = "silence"
    """It happened; the SDK heard nothing, and no further attempt arrives."""
    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    THROTTLED = "throttled"
    INTERNAL_ERROR = "internal error"
    CONFLICT = "conflict"
    """Of a write with a transaction at the same items."""
    NOT_TAKEN = "not taken"
    """The answer to a batch is that nothing of it was done."""


_WRITES = (
    "dynamodb:TransactWriteItems",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
)
_BATCHES = (
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "events:PutEvents",
    "sqs:SendMessageBatch",
)


def cuts_of(name: str) -> list[Cut]:
    """Those that can happen to a call of this name."""
    impossible = set()
    if name not in _WRITES:
        impossible.add(Cut.CONFLICT)
    if name not in _BATCHES:
        impossible.add(Cut.NOT_TAKEN)
    return [cut for cut in Cut if cut not in impossible]


class Recorder:
    """A watcher that notes the calls which happened, each attempt of them, and lets them pass."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.happened: list[Call] = []
        self._ids: dict[str, int] = {}
        self._turn = Lock()

    def __call__(self, call: Call, happen: Answer) -> AWSResponse:
        self._number(call)
        return self._done(call, happen)

    def _number(self, call: Call) -> int:
        """The place of a call among those that began, the same for all attempts of it."""
        with self._turn:
            if call.id not in self._ids:
                self._ids[call.id] = len(self._ids)
                self.names.append(call.name)
            return self._ids[call.id]

    def _done(self, call: Call, happen: Answer) -> AWSResponse:
        answer = happen()
        if answer.status_code < 300:
            self.happened.append(call)
        return answer


class Cutter(Recorder):
    """Cuts the call that is the ``place``-th to begin, once."""

    def __init__(self, place: int, cut: Cut) -> None:
        super().__init__()
        self.name = ""
        """Of the call that was cut; empty as long as none was."""
        self._place, self._cut = place, cut
        self.is_dead = False
        """Whether the process is; whatever it still calls then dies as well."""

    def __call__(self, call: Call, happen: Answer) -> AWSResponse:
        if self.is_dead:
            raise Killed
        if self._number(call) != self._place or self._cut not in cuts_of(call.name):
            return self._done(call, happen)
        self.name = call.name
        return self._go_wrong(call, happen)

    def _go_wrong(self, call: Call, happen: Answer) -> AWSResponse:
        where = f"https://{call.service}.amazonaws.com/"
        match self._cut:
            case Cut.LOST_ONCE | Cut.SILENCE if call.attempt == 1:
                self._done(call, happen)
                raise ReadTimeoutError(endpoint_url=where)
            case Cut.LOST_ONCE:
                return self._done(call, happen)
            case Cut.BEFORE | Cut.SILENCE:
                raise ConnectTimeoutError(endpoint_url=where)
            case Cut.KILLED_BEFORE | Cut.KILLED_AFTER:
                if self._cut is Cut.KILLED_AFTER:
                    self._done(call, happen)
                self.is_dead = True
                raise Killed
            case Cut.THROTTLED:
                return failure(call, 400, "ThrottlingException")
            case Cut.INTERNAL_ERROR:
                return failure(call, 500, "InternalServerError")
            case Cut.CONFLICT if "TransactItems" not in call.body:
                return failure(call, 400, "TransactionConflictException")
            case Cut.CONFLICT:
                reasons = [{"Code": "None"} for _ in call.body["TransactItems"]]
                reasons[0]["Code"] = "TransactionConflict"
                code = "TransactionCanceledException"
                return failure(call, 400, code, CancellationReasons=reasons)
            case _:
                return failure(call, 200, "", **_nothing_taken(call))


def _nothing_taken(call: Call) -> dict[str, Any]:
    match call.name:
        case "dynamodb:BatchGetItem":
            return {"Responses": {}, "UnprocessedKeys": call.body["RequestItems"]}
        case "dynamodb:BatchWriteItem":
            return {"UnprocessedItems": call.body["RequestItems"]}
        case "events:PutEvents":
            entries = [{"ErrorCode": "InternalFailure"} for _ in call.body["Entries"]]
            return {"FailedEntryCount": len(entries), "Entries": entries}
        case _:
            failed = [
                {"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"}
                for entry in call.body["Entries"]
            ]
            return {"Successful": [], "Failed": failed}
