"""What only OpenAI's Responses API has."""

import json

import pytest
from agents import ModelSettings
from support.model_runs import Path, Tasks, run_turn
from support.model_server import Answer, ModelServer

from chatkit_host.errors import ContentRefused, ModelIncomplete, ModelUnavailable

pytestmark = pytest.mark.parametrize("path", ["responses"], indirect=True)


async def test_citations_of_today_and_tomorrow_reach_the_lane(path: Path, server: ModelServer) -> None:
    citations = [
        {"type": "url_citation", "url": "https://example.com", "title": "Example", "start_index": 0, "end_index": 3},
        {"type": "file_citation", "file_id": "file_1", "filename": "a.pdf", "index": 1},
        {"type": "of_next_year", "anything": {"nested": [1]}},
    ]
    server.queue(Answer(text="See this.", annotations=citations))
    outcome = await run_turn(path.models("demo"), "hello")
    assert outcome.failure is None
    assert outcome.lane.annotations == citations


async def test_a_refusal_is_told_as_one(path: Path, server: ModelServer) -> None:
    server.queue(Answer(refusal="I cannot help with that."))
    outcome = await run_turn(path.models("demo"), "hello")
    assert "".join(outcome.lane.refusals.values()) == "I cannot help with that."


async def test_the_history_is_ours(path: Path, server: ModelServer) -> None:
    server.queue(Answer(reasoning="Hm.", tool_calls=[{"name": "list_tasks", "arguments": {}}]))
    models = path.models("o3-mini")
    outcome = await run_turn(models, "what is on my list?", tasks=Tasks())
    assert outcome.failure is None
    first, second = (request.body for request in server.requests)
    assert first["store"] is False
    assert first["include"] == ["reasoning.encrypted_content"]
    assert [item.get("type") for item in second["input"]] == [
        None,
        "reasoning",
        "function_call",
        "function_call_output",
    ]
    assert second["input"][1]["encrypted_content"] == "encrypted-thought"
    assert not any("id" in item or "provider_data" in item for item in second["input"])


async def test_a_model_that_does_not_reason_is_not_asked_for_its_thoughts(path: Path, server: ModelServer) -> None:
    await run_turn(path.models("gpt-4.1-mini"), "say 3 words")
    assert "include" not in server.requests[0].body
    assert "reasoning" not in server.requests[0].body


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (
            {"type": "response.failed", "response": {"error": {"code": "server_error", "message": "x"}}},
            ModelUnavailable,
        ),
        ({"type": "error", "code": "server_error", "message": "x", "param": None}, ModelUnavailable),
        (
            {"type": "response.incomplete", "response": {"incomplete_details": {"reason": "content_filter"}}},
            ContentRefused,
        ),
        ({"type": "response.completed", "response": {"status": "completed", "output": []}}, ModelIncomplete),
    ],
)
async def test_its_ways_to_fail(path: Path, server: ModelServer, event: dict[str, object], kind: type) -> None:
    server.queue(Answer(raw=[f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()]))
    outcome = await run_turn(path.models("demo"), "hello")
    assert type(outcome.failure) is kind


async def test_settings_reach_the_request(path: Path, server: ModelServer) -> None:
    model = path.models("gpt-5.1").get_model(None)
    from agents.models.interface import ModelTracing

    settings = ModelSettings(
        temperature=0.2,
        max_tokens=50,
        verbosity="high",
        reasoning={"effort": "high"},
        extra_body={"service_tier": "flex"},
        extra_headers={"X-Team": "a"},
    )
    await model.get_response("Be brief.", "say 2 words", settings, [], None, [], ModelTracing.DISABLED)
    body = server.requests[0].body
    assert body["temperature"] == 0.2
    assert body["max_output_tokens"] == 50
    assert body["text"] == {"verbosity": "high"}
    assert body["reasoning"] == {"effort": "high"}
    assert body["service_tier"] == "flex"
    assert body["instructions"] == "Be brief."
    assert server.requests[0].headers["X-Team"] == "a"
    assert server.requests[0].headers["Authorization"] == "Bearer sk-test"
