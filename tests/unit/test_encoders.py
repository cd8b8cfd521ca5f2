"""The plain surfaces as pure functions of a turn's log: what they say of it, event by event."""

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from chatkit.types import (
    Annotation,
    AssistantMessageContent,
    AssistantMessageContentPartAdded,
    AssistantMessageContentPartDone,
    AssistantMessageItem,
    CustomTask,
    ErrorEvent,
    InferenceOptions,
    NoticeEvent,
    Page,
    StreamOptions,
    StreamOptionsEvent,
    Task,
    ThoughtTask,
    Thread,
    ThreadCreatedEvent,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    URLSource,
    UserMessageItem,
    UserMessageTextContent,
    Workflow,
    WorkflowItem,
    WorkflowTaskAdded,
    WorkflowTaskUpdated,
)
from hypothesis import given
from hypothesis import strategies as st
from support.chat import cursor_and_data

from chatkit_host.api.chat import ChatEncoder, ToolCall, WholeAnswer
from chatkit_host.api.simple import WORKING, SimpleEncoder
from chatkit_host.clock import utc_now
from chatkit_host.engine.events import TextDeltaEncoder, encode, encode_host
from chatkit_host.engine.ports import LogEvent
from chatkit_host.ids import TurnId
from chatkit_host.text import safe_text

NOW = utc_now()
TURN = TurnId("turn_1")
Encoder = ChatEncoder | SimpleEncoder
ENCODERS: list[Callable[[], Encoder]] = [lambda: ChatEncoder("thr_1", TURN), lambda: SimpleEncoder("thr_1", TURN)]
both = pytest.mark.parametrize("encoder", ENCODERS, ids=["chat", "simple"])

anything = st.text(st.characters(codec="utf-8"))


def log(*lines: bytes) -> list[LogEvent]:
    return [LogEvent(seq=seq, data=line) for seq, line in enumerate(lines, 1)]


def question(text: str = "Hello") -> UserMessageItem:
    content: list[Any] = [UserMessageTextContent(text=text)]
    return UserMessageItem(
        id="msg_q", thread_id="thr_1", created_at=NOW, content=content, inference_options=InferenceOptions()
    )


def message(text: str, item_id: str = "msg_1") -> AssistantMessageItem:
    content = [AssistantMessageContent(text=text)] if text else []
    return AssistantMessageItem(id=item_id, thread_id="thr_1", created_at=NOW, content=content)


def said(*deltas: str, item_id: str = "msg_1") -> list[bytes]:
    """A message as our model side says it."""
    whole = AssistantMessageContent(text="".join(deltas))
    delta = TextDeltaEncoder(item_id, 0)
    return [
        encode(ThreadItemAddedEvent(item=message("", item_id))),
        _update(item_id, AssistantMessageContentPartAdded(content_index=0, content=AssistantMessageContent(text=""))),
        *(delta.encode(text) for text in deltas),
        _update(item_id, AssistantMessageContentPartDone(content_index=0, content=whole)),
        encode(ThreadItemDoneEvent(item=message(whole.text, item_id))),
    ]


def workflow(*tasks: Task) -> WorkflowItem:
    shown = Workflow(type="reasoning", tasks=list(tasks))
    return WorkflowItem(id="wf_1", thread_id="thr_1", created_at=NOW, workflow=shown)


def thought(*contents: str, index: int = 0) -> list[bytes]:
    """One thought, whole each time it has grown."""
    first, *more = [ThoughtTask(content=content) for content in contents]
    return [
        _update("wf_1", WorkflowTaskAdded(task_index=index, task=first)),
        *(_update("wf_1", WorkflowTaskUpdated(task_index=index, task=task)) for task in more),
    ]


def tool(call_id: str, arguments: str, result: str) -> list[bytes]:
    return [
        encode_host("host.tool_call.started", call_id=call_id, name="add_task", arguments=arguments),
        encode_host("host.tool_call.finished", call_id=call_id, name="add_task", result=result, failed=False),
    ]


def ended(status: str = "completed", code: str | None = None, message: str | None = None) -> bytes:
    return encode_host("host.turn.ended", status=status, code=code, message=message)


def _update(item_id: str, update: Any) -> bytes:
    return encode(ThreadItemUpdatedEvent(item_id=item_id, update=update))


def events(encoder: Encoder, *lines: bytes) -> list[Any]:
    """What is sent, past what every stream begins with. Each event is one line, of JSON except for `[DONE]`."""
    sent = b"".join(encoder([event]) for event in log(*lines))
    *records, rest = sent.split(b"\n\n")
    assert rest == b""
    told = [cursor_and_data(record) for record in records]
    assert all(cursor.startswith(f"{TURN}:") for cursor, _ in told)
    read = [data.decode() for _, data in told]
    shown = [text if text == "[DONE]" else json.loads(text) for text in read]
    match encoder:
        case ChatEncoder():
            assert shown[0] == {"thread_id": "thr_1", "turn_id": "turn_1"}
            return shown[1:]
        case SimpleEncoder():
            assert shown[:2] == [{"type": "thread", "thread_id": "thr_1"}, {"type": "thinking", "content": WORKING}]
            return shown[2:]


def chat_events(*lines: bytes) -> list[Any]:
    return events(ChatEncoder("thr_1", TURN), *lines)


def simple_events(*lines: bytes) -> list[Any]:
    return events(SimpleEncoder("thr_1", TURN), *lines)


def whole_answer(*lines: bytes) -> WholeAnswer:
    whole = WholeAnswer("thr_1")
    whole.read(log(*lines))
    return whole


def text_of(shown: Sequence[Any]) -> str:
    return "".join(
        event["content"]
        for event in shown
        if "content" in event and event != "[DONE]" and event.get("type") != "thinking"
    )


def test_an_answer_with_a_tool_in_the_chat_dialect() -> None:
    assert chat_events(
        encode(ThreadItemDoneEvent(item=question())),
        encode(StreamOptionsEvent(stream_options=StreamOptions(allow_cancel=True))),
        *tool("tc_1", '{"title":"Milk"}', '{"status":"created"}'),
        *said("Added ", "milk."),
        encode_host("host.usage", input_tokens=3, output_tokens=2),
        ended(),
    ) == [
        {"tool_call": {"id": "tc_1", "name": "add_task", "args": {"title": "Milk"}}},
        {"tool_call": {"id": "tc_1", "name": "add_task", "result": {"status": "created"}}},
        {"content": "Added "},
        {"content": "milk."},
        {"done": True, "thread_id": "thr_1", "message_id": "msg_1"},
    ]


def test_an_answer_with_a_thought_and_a_tool_in_the_simple_dialect() -> None:
    assert simple_events(
        encode(ThreadItemDoneEvent(item=question())),
        encode(ThreadItemAddedEvent(item=workflow())),
        *thought("I shall", "I shall add it."),
        *tool("tc_1", '{"title":"Milk"}', '["done"]'),
        encode(
            ThreadItemDoneEvent(item=workflow(ThoughtTask(content="I shall add it."), CustomTask(title="Add task")))
        ),
        *said("Added ", "milk."),
        ended(),
    ) == [
        {"type": "thinking", "content": "I shall"},
        {"type": "thinking", "content": " add it."},
        {"type": "tool_call", "id": "tc_1", "name": "add_task", "args": {"title": "Milk"}},
        {"type": "tool_result", "id": "tc_1", "name": "add_task", "result": ["done"]},
        {"type": "text", "content": "Added "},
        {"type": "text", "content": "milk."},
        "[DONE]",
    ]


def test_a_log_adds_up_to_a_whole_answer() -> None:
    whole = whole_answer(
        *tool("tc_1", '{"title":"Milk"}', "created"),
        encode_host("host.tool_call.started", call_id="tc_2", name="list_tasks", arguments=""),
        *said("Added ", "milk."),
        *said("Anything else?", item_id="msg_2"),
        encode_host("host.usage", input_tokens=3, output_tokens=2),
        encode_host("host.usage", input_tokens=8, output_tokens=4),
        ended(),
    )

    assert whole.content == "Added milk.\n\nAnything else?"
    assert whole.message_id == "msg_2"
    assert whole.tool_calls == [
        ToolCall(id="tc_1", name="add_task", args={"title": "Milk"}, result="created"),
        ToolCall(id="tc_2", name="list_tasks", args="", result=None),
    ]
    assert whole.usage == {"input_tokens": 8, "output_tokens": 4}
    assert whole.problem is None


@both
@given(deltas=st.lists(anything))
def test_any_text_comes_through_to_the_letter(encoder: Callable[[], Encoder], deltas: list[str]) -> None:
    spoken = [safe_text(delta) for delta in deltas]

    shown = events(encoder(), *said(*spoken), ended())

    assert text_of(shown) == "".join(spoken)
    assert [event["content"] for event in shown if "content" in event and event != "[DONE]"] == [d for d in spoken if d]


@both
@given(messages=st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1))))
def test_a_stream_put_together_says_what_the_whole_answer_says(
    encoder: Callable[[], Encoder], messages: list[list[str]]
) -> None:
    lines = [line for number, deltas in enumerate(messages) for line in said(*deltas, item_id=f"msg_{number}")]

    assert text_of(events(encoder(), *lines, ended())) == whole_answer(*lines, ended()).content


@both
@given(cuts=st.lists(st.integers(0, 12)))
def test_it_does_not_matter_how_the_log_is_cut_into_batches(encoder: Callable[[], Encoder], cuts: list[int]) -> None:
    events_in_one = log(*tool("tc_1", "{}", "ok"), *said("a", "b", "c"), *said("d", item_id="msg_2"), ended())
    places = sorted({0, len(events_in_one), *(min(cut, len(events_in_one)) for cut in cuts)})
    in_pieces, in_one = encoder(), encoder()

    pieces = [in_pieces(events_in_one[start:end]) for start, end in itertools.pairwise(places)]

    assert b"".join(pieces) == in_one(events_in_one)


@given(contents=st.lists(anything, min_size=1))
def test_a_thought_that_grows_is_told_once(contents: list[str]) -> None:
    grown = ["".join(safe_text(part) for part in contents[: end + 1]) for end in range(len(contents))]

    shown = simple_events(encode(ThreadItemAddedEvent(item=workflow())), *thought(*grown), ended())

    assert "".join(event["content"] for event in shown[:-1]) == grown[-1]


def test_thoughts_are_told_apart_by_their_place() -> None:
    done = workflow(ThoughtTask(content="One."), ThoughtTask(content="Two."))

    shown = simple_events(
        encode(ThreadItemAddedEvent(item=workflow())),
        *thought("On", "One."),
        *thought("Tw", index=1),
        encode(ThreadItemDoneEvent(item=done)),
    )

    assert [event["content"] for event in shown] == ["On", "e.", "\n\n", "Tw", "o."]


@given(arguments=st.one_of(anything, st.recursive(st.none() | anything, st.lists).map(json.dumps)))
def test_arguments_and_results_are_json_where_they_are_and_text_where_not(arguments: str) -> None:
    text = safe_text(arguments)

    started, finished = chat_events(*tool("tc_1", text, text))

    given_args = started["tool_call"]["args"]
    assert finished["tool_call"]["result"] == given_args
    assert given_args == text or given_args == json.loads(text)
    assert isinstance(given_args, str | list | dict)


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", "[1,", "7", "null", '"quoted"', "[" * 5000 + "]" * 5000, "NaN"])
def test_what_is_no_object_or_list_stays_as_it_is(text: str) -> None:
    assert chat_events(*tool("tc_1", text, text))[1]["tool_call"]["result"] == text


# -- messages that do not come in deltas: from servers of the user's own ---------------------------


@both
def test_a_message_that_comes_whole_is_said(encoder: Callable[[], Encoder]) -> None:
    shown = events(encoder(), encode(ThreadItemDoneEvent(item=message("All at once."))), ended())

    assert text_of(shown) == "All at once."


@both
def test_a_message_that_comes_half_in_deltas_is_said_once(encoder: Callable[[], Encoder]) -> None:
    shown = events(
        encoder(),
        encode(ThreadItemAddedEvent(item=message("It "))),
        TextDeltaEncoder("msg_1", 0).encode("is "),
        encode(ThreadItemDoneEvent(item=message("It is so."))),
        ended(),
    )

    assert text_of(shown) == "It is so."


@both
def test_what_was_said_is_not_said_again_when_it_is_changed(encoder: Callable[[], Encoder]) -> None:
    cited = AssistantMessageContent(
        text="It is.", annotations=[Annotation(source=URLSource(title="a", url="https://a"))]
    )
    shown = events(
        encoder(),
        *said("It ", "iss."),
        encode(ThreadItemReplacedEvent(item=message("It is.").model_copy(update={"content": [cited]}))),
        ended(),
    )

    assert text_of(shown) == "It iss."
    assert whole_answer(*said("It iss."), encode(ThreadItemReplacedEvent(item=message("It is.")))).content == "It is."


@both
def test_two_messages_are_two_paragraphs(encoder: Callable[[], Encoder]) -> None:
    shown = events(encoder(), *said("Let me see."), *tool("tc_1", "{}", "[]"), *said("None.", item_id="msg_2"), ended())

    assert text_of(shown) == "Let me see.\n\nNone."


@both
def test_what_was_said_before_the_thread_began_here_is_no_answer(encoder: Callable[[], Encoder]) -> None:
    earlier: Any = Page(data=[question("Hi"), message("Said before.", "msg_0")])
    created = ThreadCreatedEvent(thread=Thread(id="thr_1", created_at=NOW, items=earlier))

    shown = events(encoder(), encode(created), encode(ThreadItemDoneEvent(item=question())), *said("Now."), ended())

    assert text_of(shown) == "Now."


def test_an_answer_that_was_taken_back_is_not_in_the_whole() -> None:
    whole = whole_answer(
        *said("A secret."), encode(ThreadItemRemovedEvent(item_id="msg_1")), *said("I can't.", item_id="msg_2"), ended()
    )

    assert whole.content == "I can't."
    assert whole.message_id == "msg_2"
    assert whole_answer(*said("A secret."), encode(ThreadItemRemovedEvent(item_id="msg_1")), ended()).message_id is None


@both
def test_what_has_no_word_here_is_left_out(encoder: Callable[[], Encoder]) -> None:
    shown = events(encoder(), encode(NoticeEvent(level="info", message="Careful.")), *said("Yes."), ended())

    assert text_of(shown) == "Yes."
    assert len(shown) == 2


# -- ends ------------------------------------------------------------------------------------------

FAILED = encode(ErrorEvent(message="The model could not answer. Try again.", allow_retry=True))

ENDS = {
    "failed": (
        [FAILED, ended("failed", "model_error", "The model could not answer. Try again.")],
        {"code": "model_error", "message": "The model could not answer. Try again."},
    ),
    "failed without a word": (
        [encode(ErrorEvent.model_validate({"code": "stream.error"})), ended("failed", "internal")],
        {"code": "internal", "message": "The answer could not be finished."},
    ),
    "an error that the server of a user told": (
        [encode(ErrorEvent(message="Closed today.")), ended()],
        {"code": "custom", "message": "Closed today."},
    ),
    "stopped": ([ended("cancelled")], {"code": "cancelled", "message": "The answer was stopped."}),
    "interrupted": (
        [ended("interrupted")],
        {"code": "interrupted", "message": "The server stopped before the answer was finished. Try again."},
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_an_answer_that_did_not_complete_ends_with_an_error_and_nothing_after_it(end: str) -> None:
    lines, problem = ENDS[end]

    assert chat_events(*said("Half"), *lines) == [{"content": "Half"}, {"error": problem}]
    assert simple_events(*said("Half"), *lines) == [{"type": "text", "content": "Half"}, {"type": "error", **problem}]
    whole = whole_answer(*said("Half"), *lines)
    assert whole.problem is not None
    assert whole.problem.model_dump() == problem


def test_a_failure_that_the_assistant_tells_itself_is_an_answer() -> None:
    lines = [encode(ThreadItemDoneEvent(item=message("I stopped here."))), ended("failed", "max_turns")]

    assert chat_events(*lines)[-1] == {"done": True, "thread_id": "thr_1", "message_id": "msg_1"}
    assert simple_events(*lines)[-1] == "[DONE]"
    assert whole_answer(*lines).problem is None


def test_an_answer_without_a_message_is_done_all_the_same() -> None:
    assert chat_events(ended()) == [{"done": True, "thread_id": "thr_1", "message_id": None}]
