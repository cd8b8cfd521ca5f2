"""What the model is told of the conversation."""

from typing import Any

from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    ClientToolCallItem,
    FileAttachment,
    HiddenContextItem,
    InferenceOptions,
    SDKHiddenContextItem,
    ThreadItem,
    UserMessageItem,
    UserMessageTagContent,
    UserMessageTextContent,
)
from hypothesis import given
from hypothesis import strategies as st

from chatkit_host.agent.transcript import model_input, recorded
from chatkit_host.clock import utc_now
from chatkit_host.engine.ports import PastTurn, TurnStatus
from chatkit_host.ids import TurnId
from chatkit_host.store.payloads import item_json, past_items


def said(text: str, item_id: str = "msg_now", **other: Any) -> UserMessageItem:
    return UserMessageItem(
        id=item_id,
        thread_id="thr",
        created_at=utc_now(),
        content=[UserMessageTextContent(text=text)],
        inference_options=InferenceOptions(),
        **other,
    )


def answered(text: str) -> AssistantMessageItem:
    return AssistantMessageItem(
        id="msg_a", thread_id="thr", created_at=utc_now(), content=[AssistantMessageContent(text=text)]
    )


def turn(
    name: str, *items: Any, transcript: list[dict[str, Any]] | None = None, status: TurnStatus = "completed"
) -> PastTurn:
    return PastTurn(turn_id=TurnId(name), status=status, items=items, transcript=transcript)


CALL = {"type": "function_call", "call_id": "call_0", "name": "add_task", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "call_0", "output": "done"}


def test_calls_and_results_are_told_again_and_the_current_message_once() -> None:
    now = said("and now?")
    past = [
        turn("1", said("add milk", "msg_1"), transcript=[CALL, RESULT, {"role": "assistant", "content": "Added."}]),
        turn("2", now),
    ]

    told = model_input(past, now, tokens=1000)

    assert [item.get("role") or item["type"] for item in told] == [
        "user",
        "function_call",
        "function_call_output",
        "assistant",
        "user",
    ]
    assert told[1]["call_id"] == told[2]["call_id"]
    assert told[-1] == {"role": "user", "content": "and now?"}


def test_call_ids_that_repeat_in_every_turn_are_told_apart() -> None:
    past = [turn(name, said("go", name), transcript=[CALL, RESULT]) for name in ("1", "2")]

    ids = [item["call_id"] for item in model_input(past, None, tokens=1000) if "call_id" in item]

    assert ids[0] == ids[1] != ids[2] == ids[3]


def test_a_call_without_a_result_is_left_out() -> None:
    told = model_input([turn("1", said("go", "1"), transcript=[CALL])], None, tokens=1000)

    assert told == [{"role": "user", "content": "go"}]


def test_a_call_that_was_cut_off_is_told_as_such_because_it_may_have_had_its_effect() -> None:
    told = model_input([turn("1", said("pay", "1"), transcript=[CALL], status="cancelled")], None, tokens=1000)

    assert [item.get("role") or item["type"] for item in told] == ["user", "function_call", "function_call_output"]
    assert "not known whether" in told[-1]["output"]


def test_what_was_shown_of_an_answer_that_broke_off_is_told_once() -> None:
    past = [
        turn(
            "1",
            said("go", "1"),
            answered("Before."),
            answered("After"),
            transcript=[{"role": "assistant", "content": "Before."}, CALL, RESULT],
            status="interrupted",
        )
    ]

    told = model_input(past, None, tokens=1000)

    assert [item.get("content") for item in told] == ["go", "Before.", None, None, "After"]


def test_a_retry_is_not_told_the_answer_that_it_replaces() -> None:
    question = said("second question", "2")
    past = [
        turn("1", said("first", "1"), transcript=[{"role": "assistant", "content": "one"}]),
        turn("2", question, transcript=[{"role": "assistant", "content": "OLD"}]),
    ]

    told = model_input(past, question, tokens=1000)

    assert [item["content"] for item in told] == ["first", "one", "second question"]


def test_a_turn_whose_question_was_not_loaded_is_left_out() -> None:
    past = [
        turn("1", answered("cut"), transcript=[{"role": "assistant", "content": "cut"}]),
        turn("2", said("go", "2"), transcript=[{"role": "assistant", "content": "gone"}]),
    ]

    assert [item["content"] for item in model_input(past, None, tokens=1000)] == ["go", "gone"]


def test_what_the_browser_answered_is_the_result_of_a_client_tool_call() -> None:
    asked = ClientToolCallItem(
        id="tc",
        thread_id="thr",
        created_at=utc_now(),
        status="completed",
        call_id="call_0",
        name="pick",
        arguments={},
        output={"colour": "red"},
    )

    told = model_input([turn("1", said("go", "1"), asked, transcript=[CALL, RESULT])], None, tokens=1000)

    assert [item.get("output") for item in told] == [None, None, '{"colour": "red"}']


def test_the_oldest_turns_are_left_out_whole_and_the_newest_always_stays() -> None:
    past = [turn(str(number), said("x" * 400, str(number)), transcript=[CALL, RESULT]) for number in range(5)]

    told = model_input(past, None, tokens=300)

    assert [item.get("role") or item["type"] for item in told] == ["user", "function_call", "function_call_output"] * 2
    assert model_input(past, None, tokens=1)[0]["role"] == "user"


def test_a_long_result_of_an_earlier_turn_is_shortened() -> None:
    long = {**RESULT, "output": "y" * 50_000}

    told = model_input([turn("1", said("go", "1"), transcript=[CALL, long])], None, tokens=100_000)

    assert len(told[-1]["output"]) < 9_000


def test_quotes_tags_and_attachments_reach_the_model_in_one_message() -> None:
    message = UserMessageItem(
        id="m",
        thread_id="thr",
        created_at=utc_now(),
        content=[
            UserMessageTextContent(text="Compare "),
            UserMessageTagContent(id="doc_1", text="Report", data={"page": 3}),
            UserMessageTextContent(text=" with this"),
        ],
        quoted_text="line one\nline two",
        attachments=[FileAttachment(id="atc", name='odd "name".pdf', mime_type="application/pdf")],
        inference_options=InferenceOptions(),
    )

    (told,) = model_input([], message, tokens=1000)

    assert told == {
        "role": "user",
        "content": (
            "The user refers to this passage:\n> line one\n> line two\n\n"
            "Compare @Report with this\n\n"
            '[@Report is {"id": "doc_1", "page": 3}]\n\n'
            '[Attached file: "odd \\"name\\".pdf", application/pdf]'
        ),
    }


def test_turns_without_a_transcript_are_told_by_their_items() -> None:
    note = SDKHiddenContextItem(id="h", thread_id="thr", created_at=utc_now(), content="The user cancelled the stream.")

    told = model_input([turn("1", said("hi", "1"), answered("hello"), note)], None, tokens=1000)

    assert [item["role"] for item in told] == ["user", "assistant", "user"]
    assert "cancelled" in told[2]["content"]


def test_only_what_every_provider_understands_is_recorded() -> None:
    run_items = [
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {
            "id": "__fake_id__",
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Hi"}],
        },
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        {**CALL, "id": "fc_1", "status": "completed"},
        RESULT,
        {"type": "web_search_call", "id": "ws_1"},
    ]

    assert recorded(run_items) == [
        {"role": "assistant", "content": "Hi"},
        {"role": "assistant", "content": "No."},
        CALL,
        RESULT,
    ]


TEXTS = st.sampled_from(["", "Hello", "two\nlines", "é 🙂"])
QUESTIONS = st.builds(
    lambda parts, quoted, files: UserMessageItem(
        id="msg_q",
        thread_id="thr",
        created_at=utc_now(),
        content=parts,
        quoted_text=quoted,
        attachments=[FileAttachment(id=f"atc_{name}", name=name, mime_type="text/plain") for name in files],
        inference_options=InferenceOptions(model="some-model"),
    ),
    st.lists(
        st.builds(lambda text: UserMessageTextContent(text=text), TEXTS)
        | st.builds(lambda text: UserMessageTagContent(id="tag", text=text, data={"a": 1}), TEXTS),
        max_size=3,
    ),
    st.none() | TEXTS,
    st.lists(st.sampled_from(["a.txt", "b.txt"]), max_size=1),
)
ANSWERS = st.builds(
    lambda texts: AssistantMessageItem(
        id="msg_a",
        thread_id="thr",
        created_at=utc_now(),
        content=[AssistantMessageContent(text=text) for text in texts],
    ),
    st.lists(TEXTS, max_size=3),
)
NOTES = st.builds(lambda text: HiddenContextItem(id="hcx", thread_id="thr", created_at=utc_now(), content=text), TEXTS)


@given(
    st.lists(st.lists(QUESTIONS | ANSWERS | NOTES, max_size=4), max_size=4),
    st.sampled_from([None, [], [{"role": "assistant", "content": "Hello"}]]),
    st.sampled_from(["completed", "interrupted"]),
)
def test_what_is_kept_of_a_past_as_words_alone_is_told_as_its_items_are(
    items: list[list[ThreadItem]], transcript: list[dict[str, Any]] | None, status: TurnStatus
) -> None:
    whole = [turn(str(name), *each, transcript=transcript, status=status) for name, each in enumerate(items)]
    read = [
        past._replace(items=past_items([(item.type, item_json(item)) for item in each]))
        for past, each in zip(whole, items, strict=True)
    ]
    assert model_input(read, None, tokens=1000) == model_input(whole, None, tokens=1000)
