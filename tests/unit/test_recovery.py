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
    ThreadItemDoneEvent,
    ThreadItemReplacedEvent,
    ThreadStreamEvent,
    Workflow,
    WorkflowItem,
)

from chatkit_host.engine import events as wire
from chatkit_host.engine.ports import LogEvent, Operation, Turn
from chatkit_host.engine.recovery import Left, Way, end_of, taken_back, tidied, told_by, way_on
from chatkit_host.engine.worker import is_gone, worker_name
from chatkit_host.ids import Owner, ThreadId, TurnId

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CALL = {"type": "function_call", "call_id": "call_1", "name": "price", "arguments": "{}"}
SAID = {"role": "assistant", "content": "It costs"}
RESULT = {"type": "function_call_output", "call_id": "call_1", "output": "42"}


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
        (left(calls={"call_1": True}, transcript=[RESULT, CALL]), "end"),
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


def test_a_finished_message_after_the_last_tool_is_said_again_as_well() -> None:
    write = tidied(left(done=[message("msg_1"), message("msg_2")], said_last=["msg_2"]))

    assert [event.type for event in write.events] == ["host.turn.started_again", "thread.item.removed"]
    assert write.removed_items == ["msg_2"]


@pytest.mark.parametrize(("is_to_end", "status"), [(False, "interrupted"), (True, "cancelled")])
def test_an_answer_that_ends_keeps_what_was_said(is_to_end: bool, status: str) -> None:
    write = end_of(left(a_turn(is_to_end=is_to_end), pending=[message()]))

    assert write.items == [message()]
    assert write.events[-1].is_the_end
    assert write.end is not None
    assert write.end.status == status


def logged(*events: ThreadStreamEvent | bytes) -> list[LogEvent]:
    lines = (event if isinstance(event, bytes) else wire.encode(event) for event in events)
    return [LogEvent(seq=seq, data=line) for seq, line in enumerate(lines, start=1)]


def test_a_form_that_was_answered_is_the_question_and_no_part_of_the_answer() -> None:
    turn = a_turn(operation="structured_input", input_item_id=None)
    of_it = told_by(turn, logged(ThreadItemReplacedEvent(item=client_call())), [])

    assert (of_it.done, way_on(of_it, NOON)) == ([], "again")


def test_words_behind_the_last_tool_result_do_not_count() -> None:
    """A server that is told to stop writes them down, one that is killed after a message was finished has shown it."""
    events = logged(
        ThreadItemDoneEvent(item=message("msg_1", "I look.")),
        wire.encode_host("host.tool_call.started", call_id="call_1", name="price", arguments="{}"),
        wire.encode_host("host.tool_call.finished", call_id="call_1", name="price", result="42", failed=False),
        ThreadItemDoneEvent(item=message("msg_2")),
    )
    of_it = told_by(a_turn(), events, [CALL, RESULT, SAID])

    assert (of_it.transcript, of_it.said_last, way_on(of_it, NOON)) == ([CALL, RESULT], ["msg_2"], "on")


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
