"""Each fault of a provider, on each way to it: no false completion, no tool run from half a call, nothing quoted."""

import logging

import pytest
from support.model_runs import Path, Tasks, run_turn
from support.model_server import CANARY, ModelServer

from chatkit_host.errors import (
    ContentRefused,
    ContextTooLong,
    ModelError,
    ModelIncomplete,
    ModelNotFound,
    ModelOutputInvalid,
    ModelRateLimited,
    ModelRefusedCredentials,
    ModelTimeout,
    ModelUnavailable,
)

EXPECTED: dict[str, tuple[type[ModelError], ...]] = {
    "fault-429": (ModelRateLimited,),
    "fault-429-long": (ModelRateLimited,),
    "fault-500": (ModelUnavailable,),
    "fault-401": (ModelRefusedCredentials,),
    "fault-404": (ModelNotFound,),
    "fault-context": (ContextTooLong,),
    "fault-reset-first": (ModelUnavailable,),
    "fault-reset-mid": (ModelIncomplete,),
    "fault-stall": (ModelTimeout,),
    "fault-stall-mid": (ModelTimeout,),
    "fault-drip": (ModelTimeout,),
    "fault-truncated": (ModelIncomplete,),
    "fault-truncated-tool": (ModelIncomplete,),
    "fault-aborted-chunked": (ModelIncomplete,),
    "fault-garbage": (ModelOutputInvalid,),
    "fault-html": (ModelOutputInvalid,),
    "fault-length": (ModelIncomplete,),
    "fault-length-tool": (ModelIncomplete,),
    "fault-content-filter": (ContentRefused,),
    "fault-empty": (ModelIncomplete,),
    "fault-error-in-200": (ModelRateLimited,),
}
# LiteLLM tells less: what it has thrown away cannot be told apart again.
LITELLM_ALSO: dict[str, tuple[type[ModelError], ...]] = {
    "fault-garbage": (ModelIncomplete, ModelError),
    "fault-html": (ModelIncomplete, ModelError),
    "fault-error-in-200": (ModelIncomplete, ModelError),
}


@pytest.mark.parametrize("fault", EXPECTED)
async def test_a_fault_fails_the_answer_by_its_name(
    fault: str, path: Path, server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    tasks = Tasks()
    models = path.models(fault, first_token_seconds=0.5 if fault in ("fault-stall", "fault-drip") else 2)
    outcome = await run_turn(models, "say 20 words", tasks=tasks)
    kinds = EXPECTED[fault] + (LITELLM_ALSO.get(fault, ()) if path.is_litellm else ())
    assert outcome.failure is not None
    assert type(outcome.failure) in kinds
    assert outcome.final_output is None
    assert tasks.ran == []
    assert outcome.lane.done == []
    assert CANARY not in outcome.failure.message
    assert CANARY not in str(outcome.error)
    assert CANARY not in caplog.text
    half = " ".join(f"word{n}" for n in range(1, 4))
    if fault in ("fault-reset-mid", "fault-stall-mid", "fault-truncated", "fault-aborted-chunked"):
        assert outcome.lane.said.startswith(half)


async def test_an_answer_that_reached_its_limit_says_so_and_keeps_its_text(path: Path) -> None:
    outcome = await run_turn(path.models("fault-length"), "hello")
    assert isinstance(outcome.failure, ModelIncomplete)
    assert outcome.failure.message == "The answer reached its length limit."
    assert outcome.lane.said == "This answer is cut"


@pytest.mark.parametrize("fault", ["fault-429-once", "fault-500-once", "fault-reset-first-once"])
async def test_what_fails_before_the_first_word_is_tried_again(fault: str, path: Path, server: ModelServer) -> None:
    server.forget_attempts()
    outcome = await run_turn(path.models(fault), "say 5 words")
    assert outcome.failure is None
    assert outcome.lane.said == "word1 word2 word3 word4 word5"
    assert len(server.requests) == 2


async def test_a_provider_is_asked_three_times_at_most(path: Path, server: ModelServer) -> None:
    await run_turn(path.models("fault-500"), "say 5 words")
    assert len(server.requests) == 3


async def test_a_long_retry_after_is_not_waited_for(path: Path, server: ModelServer) -> None:
    outcome = await run_turn(path.models("fault-429-long"), "say 5 words")
    assert isinstance(outcome.failure, ModelRateLimited)
    assert len(server.requests) == 1


async def test_a_broken_stream_is_not_tried_again(path: Path, server: ModelServer) -> None:
    await run_turn(path.models("fault-reset-mid"), "say 20 words")
    assert len(server.requests) == 1


async def test_equal_call_ids_become_different_ones(path: Path) -> None:
    tasks = Tasks()
    outcome = await run_turn(path.models("fault-duplicate-ids"), "add A and B", tasks=tasks)
    assert outcome.failure is None
    assert [task["title"] for task in tasks.tasks.values()] == ["A", "B"]
    calls = [item["call_id"] for item in outcome.items if item.get("type") == "function_call"]
    assert len(set(calls)) == 2


async def test_text_is_made_safe(path: Path) -> None:
    nul = await run_turn(path.models("fault-nul"), "hello")
    assert nul.lane.said == nul.final_output == "Before\ufffdafter."
    surrogate = await run_turn(path.models("fault-surrogate"), "hello")
    assert surrogate.failure is None
    assert surrogate.lane.said == "A smile \U0001f600 and a half \ufffd."


async def test_a_slow_first_word_is_awaited(path: Path) -> None:
    outcome = await run_turn(path.models("fault-slow-first"), "say 5 words")
    assert outcome.failure is None
