"""What servers mean that call themselves OpenAI-compatible."""

import json
from typing import Any

import pytest
from support.model_runs import Path, Tasks, run_turn
from support.model_server import Answer, ModelServer

from chatkit_host.errors import ModelOutputInvalid

pytestmark = pytest.mark.parametrize("path", ["chat"], indirect=True)


def chunks(*deltas: dict[str, Any], finish: str | None = "stop", newline: str = "\n") -> list[bytes]:
    payloads: list[dict[str, Any]] = [{"choices": [{"delta": delta}]} for delta in deltas]
    if finish is not None:
        payloads.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    return [f"data: {json.dumps(payload)}{newline}{newline}".encode() for payload in payloads]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_thinking_in_either_field(field: str, path: Path, server: ModelServer) -> None:
    server.queue(Answer(reasoning="Well now.", reasoning_field=field, text="Yes."))
    outcome = await run_turn(path.models("demo"), "hello")
    assert (outcome.lane.thought, outcome.lane.said) == ("Well now.", "Yes.")


async def test_thinking_in_details_and_in_both_fields_is_told_once(path: Path, server: ModelServer) -> None:
    details = [{"type": "reasoning.text", "text": "One "}, {"type": "reasoning.encrypted", "data": "x"}]
    both = {"reasoning": "two.", "reasoning_content": "two.", "reasoning_details": [{"text": "two."}]}
    server.queue(Answer(raw=chunks({"reasoning_details": details}, both, {"content": "Yes."})))
    outcome = await run_turn(path.models("demo"), "hello")
    assert (outcome.lane.thought, outcome.lane.said) == ("One two.", "Yes.")


async def test_gemini_marks_thoughts_beside_the_content(path: Path, server: ModelServer) -> None:
    thought = {"content": "<thought>Hm.", "extra_content": {"google": {"thought": True}}}
    server.queue(Answer(raw=chunks(thought, {"content": "Yes."})))
    outcome = await run_turn(path.models("demo"), "hello")
    assert (outcome.lane.thought, outcome.lane.said) == ("Hm.", "Yes.")


async def test_deltas_that_arrive_together_leave_together(path: Path, server: ModelServer) -> None:
    server.queue(Answer(raw=[b"".join(chunks(*({"content": f"{n} "} for n in range(200))))]))
    outcome = await run_turn(path.models("demo"), "hello")
    assert outcome.lane.said == "".join(f"{n} " for n in range(200))
    assert len(outcome.lane.calls) <= 3


def call(index: int | None = 0, **more: Any) -> dict[str, Any]:
    fragment = {
        name: value for name, value in {"id": more.pop("id", None), "index": index}.items() if value is not None
    }
    return {"tool_calls": [{**fragment, "function": more}]}


@pytest.mark.parametrize(
    ("deltas", "titles"),
    [
        pytest.param(
            [call(id="a", name="add_task", arguments='{"ti'), call(arguments='tle": "A"}')],
            ["A"],
            id="in two fragments",
        ),
        pytest.param([call(id="a", name="add_task", arguments={"title": "A"})], ["A"], id="arguments as an object"),
        pytest.param([call(name="add_task", arguments='{"title": "A"}')], ["A"], id="no call id"),
        pytest.param([call(None, id="a", name="add_task", arguments='{"title": "A"}')], ["A"], id="no index"),
        pytest.param(
            [
                call(0, id="a", name="add_task", arguments='{"title": "A"}'),
                call(0, id="b", name="add_task", arguments='{"title": "B"}'),
            ],
            ["A", "B"],
            id="one index for two calls",
        ),
        pytest.param(
            [
                call(None, name="add_task", arguments='{"title": "A"}'),
                call(None, name="add_task", arguments='{"title": "B"}'),
            ],
            ["A", "B"],
            id="neither index nor id",
        ),
        pytest.param(
            [
                call(0, id="a", name="add_task", arguments='{"title":'),
                call(1, id="b", name="add_task", arguments='{"title":'),
                call(0, arguments=' "A"}'),
                call(1, arguments=' "B"}'),
            ],
            ["A", "B"],
            id="two calls interleaved",
        ),
        pytest.param(
            [call(id="a", name="add_task", arguments='{"title": "A\\u0000"}')], ["A\ufffd"], id="a NUL in the arguments"
        ),
    ],
)
async def test_tool_calls_in_fragments(
    deltas: list[dict[str, Any]], titles: list[str], path: Path, server: ModelServer
) -> None:
    tasks = Tasks()
    server.queue(Answer(raw=chunks(*deltas, finish="tool_calls")), Answer(text="Done."))
    outcome = await run_turn(path.models("demo"), "hello", tasks=tasks)
    assert outcome.failure is None
    assert [task["title"] for task in tasks.tasks.values()] == titles


async def test_empty_arguments_are_an_empty_object(path: Path, server: ModelServer) -> None:
    tasks = Tasks()
    server.queue(Answer(raw=chunks(call(id="a", name="list_tasks"), finish="tool_calls")), Answer(text="Done."))
    outcome = await run_turn(path.models("demo"), "hello", tasks=tasks)
    assert tasks.ran == ["list_tasks"]
    assert [item["arguments"] for item in outcome.items if item.get("type") == "function_call"] == ["{}"]


@pytest.mark.parametrize(
    "arguments", ['{"title": "A"}{"title": "B"}', '{"title": ', "[1]", "not json", '{"n": NaN}', '{"a":' * 5000]
)
async def test_arguments_that_are_no_object_run_nothing(arguments: str, path: Path, server: ModelServer) -> None:
    tasks = Tasks()
    server.queue(Answer(raw=chunks(call(id="a", name="add_task", arguments=arguments), finish="tool_calls")))
    outcome = await run_turn(path.models("demo"), "hello", tasks=tasks)
    assert type(outcome.failure) is ModelOutputInvalid
    assert tasks.ran == []


async def test_a_server_that_does_not_stream_is_understood(path: Path, server: ModelServer) -> None:
    body = {"choices": [{"message": {"role": "assistant", "content": "All at once."}, "finish_reason": "stop"}]}
    server.queue(Answer(raw=[f"data: {json.dumps(body)}\n\n".encode()]))
    outcome = await run_turn(path.models("demo"), "hello")
    assert outcome.lane.said == "All at once."


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
async def test_every_line_ending(newline: str, path: Path, server: ModelServer) -> None:
    server.queue(Answer(raw=[b"\xef\xbb\xbf", b": hello\r\n\r\n", *chunks({"content": "Hi."}, newline=newline)]))
    outcome = await run_turn(path.models("demo"), "hello")
    assert outcome.lane.said == "Hi."


async def test_what_breaks_after_the_terminal_reason_does_not_matter(path: Path, server: ModelServer) -> None:
    server.queue(Answer(raw=[*chunks({"content": "Hi."}), b"data: {broken\n\n"]))
    outcome = await run_turn(path.models("demo"), "hello")
    assert (outcome.failure, outcome.final_output) == (None, "Hi.")


async def test_a_thought_signature_goes_back_to_gemini(path: Path, server: ModelServer) -> None:
    fragment = call(id="a", name="list_tasks", arguments="{}")
    fragment["tool_calls"][0]["extra_content"] = {"google": {"thought_signature": "sig"}}
    server.queue(Answer(raw=chunks(fragment, finish="tool_calls")), Answer(text="Done."))
    await run_turn(path.models("gemini-3-pro"), "hello")
    sent = server.requests[1].body["messages"][-2]["tool_calls"][0]
    assert sent["extra_content"] == {"google": {"thought_signature": "sig"}}


async def test_a_call_id_of_an_earlier_response_is_not_used_again(path: Path, server: ModelServer) -> None:
    again = Answer(tool_calls=[{"id": "call_0", "name": "list_tasks", "arguments": {}}])
    server.queue(again, again, Answer(text="Done."))
    tasks = Tasks()
    outcome = await run_turn(path.models("demo"), "hello", tasks=tasks)
    assert outcome.failure is None
    assert tasks.ran == ["list_tasks", "list_tasks"]


async def test_settings_that_the_agents_sdk_implies_are_not_sent(path: Path, server: ModelServer) -> None:
    await run_turn(path.models("demo"), "say 2 words")
    body = server.requests[0].body
    assert set(body) == {"model", "messages", "stream", "stream_options", "tools"}
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
