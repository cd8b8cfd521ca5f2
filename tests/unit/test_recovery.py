"""What is decided about a turn whose worker died."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    ClientToolCallItem,
    CustomTask,
    ThreadItem,
    Workflow,
    WorkflowItem,
)

from chatkit_host.engine.ports import Operation, Turn
from chatkit_host.engine.recovery import Left, Way, end_of, taken_back, tidied, way_on
from chatkit_host.engine.worker import is_gone, worker_name
from chatkit_host.ids import Owner, ThreadId, TurnId

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CALL = {"type": "function_call", "call_id": "call_1", "name": "price", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "call_1", "output": "42"}
SAID = {"role": "assistant", "content": "It costs 42."}


def a_turn(**fields: Any) -> Turn:
    known = {
        "id": TurnId("turn_1"),
        "thread_id": ThreadId("thr_1"),
        "owner": Owner("alice"),
        "operation": "message",
        "status": "running",
        "worker": "w",
        "attempt": 1,
        "input_item_id": "msg_0",
        "request_hash": None,
        "last_seq": 9,
        "usage": None,
        "error_code": None,
        "is_to_end": False,
        "created_at": NOON,
        "finished_at": None,
    }
    return Turn(**{**known, **fields})


def left(turn: Turn | None = None, **fields: Any) -> Left:
    known = {"events": (), "transcript": (), "pending": (), "done": (), "calls": {}}
    return Left(turn=turn or a_turn(), **{**known, **fields})


def message(item_id: str = "msg_1", text: str = "Half an ans") -> AssistantMessageItem:
    return AssistantMessageItem(
        id=item_id, thread_id="thr_1", created_at=NOON, content=[AssistantMessageContent(text=text)]
    )


def workflow() -> WorkflowItem:
    tasks = [CustomTask(title="Price", status_indicator="loading")]
    return WorkflowItem(
        id="wf_1", thread_id="thr_1", created_at=NOON, workflow=Workflow(type="custom", tasks=list(tasks))
    )


def client_call() -> ThreadItem:
    return ClientToolCallItem(
        id="tc_1", thread_id="thr_1", created_at=NOON, status="pending", call_id="c", name="locate", arguments={}
    )


@pytest.mark.parametrize(
    ("of_it", "way"),
    [
        (left(), "again"),
        (left(done=[message(), workflow()]), "again"),
        (left(done=[client_call()]), "end"),
        (left(calls={"call_1": False}, transcript=[CALL]), "end"),
        (left(calls={"call_1": True}, transcript=[CALL, RESULT]), "on"),
        (left(calls={"call_1": True}, transcript=[CALL]), "end"),
        (left(calls={"call_1": True, "call_2": False}, transcript=[CALL, RESULT]), "end"),
        (left(calls={"call_1": True}, transcript=[CALL, RESULT, SAID]), "end"),
        (left(calls={"call_1": True}), "end"),
    ],
)
def test_nothing_is_done_twice(of_it: Left, way: Way) -> None:
    assert way_on(of_it, NOON) == way


@pytest.mark.parametrize("operation", ["message", "retry", "client_tool_output", "structured_input"])
def test_what_a_message_began_can_be_begun_again(operation: Operation) -> None:
    assert way_on(left(a_turn(operation=operation)), NOON) == "again"


@pytest.mark.parametrize(
    "turn",
    [
        a_turn(operation="action"),
        a_turn(is_to_end=True),
        a_turn(attempt=3),
        a_turn(created_at=NOON - timedelta(hours=1, seconds=1)),
    ],
)
def test_a_turn_that_nobody_wants_any_more_ends(turn: Turn) -> None:
    assert way_on(left(turn), NOON) == "end"


def test_events_are_numbered_beyond_whatever_a_reader_can_have_seen() -> None:
    of_it = left(done=[message("msg_1")], pending=[message("msg_2")])

    for write in (taken_back(of_it), tidied(of_it), end_of(of_it)):
        seqs = [event.seq for event in write.events]
        assert seqs == list(range(1_000_010, 1_000_010 + len(seqs)))


def test_an_answer_that_starts_again_takes_back_all_that_was_said() -> None:
    write = taken_back(left(done=[message("msg_1")], pending=[message("msg_2")]))

    assert [event.type for event in write.events] == [
        "host.turn.started_again",
        "thread.item.removed",
        "thread.item.removed",
    ]
    assert (write.removed_items, write.transcript, write.end) == (["msg_1"], [], None)


def test_an_answer_that_goes_on_keeps_its_steps_and_takes_back_words_that_broke_off() -> None:
    write = tidied(left(pending=[workflow(), message()]))

    assert [event.type for event in write.events] == [
        "host.turn.started_again",
        "thread.item.done",
        "thread.item.removed",
    ]
    [kept] = write.items
    assert isinstance(kept, WorkflowItem)
    assert [task.status_indicator for task in kept.workflow.tasks] == ["none"]
    assert (write.removed_items, write.transcript) == ((), None)


@pytest.mark.parametrize(("is_to_end", "status"), [(False, "interrupted"), (True, "cancelled")])
def test_an_answer_that_ends_keeps_what_was_said(is_to_end: bool, status: str) -> None:
    write = end_of(left(a_turn(is_to_end=is_to_end), pending=[message()]))

    assert write.items == [message()]
    assert write.events[-1].is_the_end
    assert write.end is not None
    assert write.end.status == status


def test_a_worker_knows_that_it_lives_and_that_another_has_gone() -> None:
    mine = worker_name()
    machine, process, began, random = mine.split("|")

    assert not is_gone(mine)
    assert is_gone(f"{machine}|{process}|{int(began) - 1}|{random}"), "the number was given to another process"
    assert is_gone(f"{machine}|4194305|{began}|{random}"), "no process has this number"


def test_nothing_is_known_of_workers_elsewhere() -> None:
    machine, _, began, random = worker_name().split("|")

    assert not is_gone(f"other.{machine}|4194305|{began}|{random}")
    assert not is_gone("host:123:abc")
    assert not is_gone("")
