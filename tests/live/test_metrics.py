"""What the operator sees of a running server: numbers at `/metrics`, and a line in the log for each answer."""

import json
import re
from pathlib import Path

import httpx
from support.chat import Chat, user_input
from support.model_server import Answer, ModelServer
from support.server import Server, serving

SAMPLE = re.compile(r'chatkit_host_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+')


def metrics_of(server: Server) -> dict[str, float]:
    """By name and labels, and every line as the format wants it."""
    answer = httpx.get(f"{server.url}/metrics", timeout=30)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = [line for line in answer.text.splitlines() if not line.startswith("# ")]
    assert all(SAMPLE.fullmatch(line) for line in samples), samples
    return {
        name.removeprefix("chatkit_host_"): float(number) for name, number in (line.rsplit(" ", 1) for line in samples)
    }


def ended_turns(server: Server) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    return [line for line in lines if line["message"] == "turn ended"]


async def test_numbers_are_told_when_they_are_asked_for(tmp_path: Path, model_server: ModelServer) -> None:
    with serving(
        tmp_path,
        CHATKIT_HOST_METRICS="1",
        CHATKIT_HOST_MODEL="some-model",
        CHATKIT_HOST_MODEL_BASE_URL=model_server.base_url,
    ) as server:
        async with Chat(server.url) as chat:
            model_server.queue(Answer(text="The canary sings."))
            await chat.create("canary")
            assert (await chat.get("threads.get_by_id", thread_id="thr_unknown")).status_code == 404
        told = metrics_of(server)

        assert told['turns_total{status="completed"}'] == 1
        assert told['errors_total{in="request",code="not_found"}'] == 1
        assert told["turn_seconds_count"] == 1
        assert told["first_text_seconds_count"] == 1
        assert told['first_text_seconds_bucket{le="+Inf"}'] == 1
        assert told['tokens_total{kind="input"}'] > 0
        assert told['tokens_total{kind="output"}'] > 0
        assert (told["open_streams"], told["running_turns"]) == (0, 0)
        assert told["database_connections_in_use"] == 0
        assert "canary" not in str(told)


async def test_an_answer_that_failed_is_counted_by_what_went_wrong(tmp_path: Path, model_server: ModelServer) -> None:
    with serving(
        tmp_path,
        CHATKIT_HOST_METRICS="1",
        CHATKIT_HOST_MODEL="fault-401",
        CHATKIT_HOST_MODEL_BASE_URL=model_server.base_url,
    ) as server:
        async with Chat(server.url) as chat:
            await chat.create("hello")
        told = metrics_of(server)

    assert told['turns_total{status="failed"}'] == 1
    assert told['errors_total{in="turn",code="model_auth"}'] == 1
    assert told["first_text_seconds_count"] == 0


async def test_streams_are_counted_while_they_are_sent(tmp_path: Path, model_server: ModelServer) -> None:
    with serving(
        tmp_path,
        CHATKIT_HOST_METRICS="1",
        CHATKIT_HOST_MODEL="hold",
        CHATKIT_HOST_MODEL_BASE_URL=model_server.base_url,
    ) as server:
        async with (
            Chat(server.url) as chat,
            chat.asking("threads.create", input=user_input("say 50 words")) as (_, events),
        ):
            await anext(events)
            told = metrics_of(server)

    assert (told["open_streams"], told["running_turns"]) == (1, 1)


def test_numbers_are_not_told_otherwise(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert httpx.get(f"{server.url}/metrics", timeout=30).status_code == 404


async def test_the_log_has_a_line_for_each_answer_without_what_was_said(
    tmp_path: Path, model_server: ModelServer
) -> None:
    with serving(
        tmp_path,
        CHATKIT_HOST_LOG_FORMAT="json",
        CHATKIT_HOST_MODEL="some-model",
        CHATKIT_HOST_MODEL_BASE_URL=model_server.base_url,
    ) as server:
        async with Chat(server.url) as chat:
            model_server.queue(Answer(text="The canary sings."))
            answer = await chat.create("feed the canary")
        server.stop()
        (line,) = ended_turns(server)

    assert (line["turn_id"], line["thread_id"], line["status"]) == (answer.turn_id, answer.thread_id, "completed")
    assert {"seconds", "first_text_seconds", "input_tokens", "output_tokens"} <= set(line)
    assert "canary" not in server.log


async def test_the_log_has_what_was_said_when_that_is_switched_on(tmp_path: Path) -> None:
    with serving(tmp_path, CHATKIT_HOST_LOG_FORMAT="json", CHATKIT_HOST_LOG_CONTENT="1") as server:
        async with Chat(server.url) as chat:
            answer = await chat.create("add buy milk")
        server.stop()
        (line,) = ended_turns(server)

    assert (line["question"], line["answer"]) == ("add buy milk", answer.text)
