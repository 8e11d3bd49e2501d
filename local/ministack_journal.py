"""Makes what ministack's DynamoDB acknowledges outlive ``kill -9``.

ministack writes its state down when it stops in order. Beside that, each request's changes to
tables go to a journal here, as one line that is written before the request is answered, and a start
after a crash applies them to the last state that was written down. A line survives the end of the
process, however it ends; only the operating system's own crash can lose some, since nothing is
flushed to the disk for each.

The state holds the number of the first journal that it does not include. What else the emulator
keeps (stacks, queues, keys, how far each reader of a stream has come) goes back to the last
checkpoint (:data:`CHECKPOINT`, or an orderly stop). Since streams are kept in the journal, and
their readers go on where they were at the checkpoint, every event is published at least once.
"""

from __future__ import annotations

import functools
import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHECKPOINT = "/_orderhub/checkpoint"
"""A POST to this path writes all state down."""
_STATE_KEY = "orderhub_journal"


class Journal:
    """Numbered files of lines in one folder; a new process begins a new one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._number = max(self._numbers(), default=0) + 1
        self._file: Any = None

    def append(self, changes: list[Any]) -> None:
        """Write changes down, all or none."""
        line = json.dumps(changes, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            if self._file is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._file = self._path(self._number).open("ab", buffering=0)
            self._file.write(line)

    def begin_next(self) -> int:
        """The number of a new file, which takes everything from now on."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
            self._number += 1
            return self._number

    def go_on_from(self, number: int) -> None:
        """Begin no file below this number: the state holds all that would be in it."""
        self._number = max(self._number, number)

    def since(self, number: int) -> Iterator[list[Any]]:
        """All changes from this file on, in the order in which they came."""
        for each in sorted(self._numbers()):
            if each < number:
                continue
            for line in self._path(each).read_bytes().splitlines(keepends=True):
                # What was being written when the process ended was answered to nobody.
                if line.endswith(b"\n"):
                    yield json.loads(line)

    def forget_before(self, number: int) -> None:
        """Delete the files below this number."""
        for each in self._numbers():
            if each < number:
                self._path(each).unlink()

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08d}.jsonl"

    def _numbers(self) -> list[int]:
        return [int(path.stem) for path in self._folder.glob("*.jsonl")]


def keep(folder: Path) -> None:
    """Keep a journal of all tables in ``folder``; to be called before ministack starts to serve."""
    from ministack.services import dynamodb

    journal = Journal(folder)
    gathered = threading.local()

    def changed(change: list[Any]) -> None:
        request: list[Any] | None = getattr(gathered, "changes", None)
        if request is None:
            journal.append([change])  # by no request: what expired
        else:
            request.append(change)

    answer, put, remove = dynamodb.handle_request, dynamodb._set_item, dynamodb._remove_item
    record, get_state = dynamodb._build_change_record, dynamodb.get_state
    load = dynamodb.load_persisted_state

    @functools.wraps(answer)
    async def answer_when_written(*request: Any) -> Any:
        # Requests follow each other: none is suspended before its answer is there.
        gathered.changes = []
        try:
            return await answer(*request)
        finally:
            changes, gathered.changes = gathered.changes, None
            if changes:
                journal.append(changes)

    @functools.wraps(put)
    def put_and_write(table: Any, pk: Any, sk: Any, item: Any) -> Any:
        changed(["item", table["TableArn"], pk, sk, item])
        return put(table, pk, sk, item)

    @functools.wraps(remove)
    def remove_and_write(table: Any, pk: Any, sk: Any) -> Any:
        changed(["item", table["TableArn"], pk, sk, None])
        return remove(table, pk, sk)

    @functools.wraps(record)
    def record_and_write(table: Any, *details: Any) -> Any:
        made = record(table, *details)
        changed(["record", table["TableArn"], made])
        return made

    @functools.wraps(get_state)
    def state_with_number() -> dict[str, Any]:
        state: dict[str, Any] = get_state()
        return {**state, _STATE_KEY: journal.begin_next()}

    @functools.wraps(load)
    def load_with_journal(state: dict[str, Any]) -> None:
        first = state.pop(_STATE_KEY, 0)
        load(state)
        journal.go_on_from(first)
        journal.forget_before(first)
        replay(dynamodb, journal.since(first), put, remove)

    dynamodb.handle_request = answer_when_written
    dynamodb._set_item, dynamodb._remove_item = put_and_write, remove_and_write
    dynamodb._build_change_record = record_and_write
    dynamodb.get_state, dynamodb.load_persisted_state = state_with_number, load_with_journal


def replay(dynamodb: Any, lines: Iterator[list[Any]], put: Any, remove: Any) -> None:
    """Apply changes to ministack's tables and streams. What is in them already stays as it is, so
    that changes which the state includes do no harm."""
    known: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for key, records in dynamodb._stream_records.all_items():
        known[key] = {each["eventID"] for each in records}
    for kind, arn, *change in (one for line in lines for one in line):
        _, _, _, region, account, resource = arn.split(":", 5)
        name = resource.removeprefix("table/")
        table = dynamodb._tables.get_scoped(account, region, name)
        if table is None:
            continue  # deleted, or made since the checkpoint
        if kind == "record":
            (record,) = change
            if record["eventID"] in known[account, region, name]:
                continue
            known[account, region, name].add(record["eventID"])
            records = dynamodb._stream_records.get_scoped(account, region, name, [])
            records.append(record)
            dynamodb._stream_records.set_scoped(account, region, name, records)
        elif change[-1] is None:
            remove(table, *change[:2])
        else:
            put(table, *change)


def offer_checkpoints() -> None:
    """Have ministack write its state down whenever :data:`CHECKPOINT` is called, as it does at its
    end."""
    from ministack import app as ministack

    serve = ministack.app

    @functools.wraps(serve)
    async def serve_checkpoints(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or (scope["method"], scope["path"]) != ("POST", CHECKPOINT):
            await serve(scope, receive, send)
            return
        ministack.save_all(ministack._build_persistence_save_dict())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    ministack.app = serve_checkpoints
