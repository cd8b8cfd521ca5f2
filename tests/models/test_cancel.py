"""Whoever stops a turn stops the model: its connection is cut, not drained."""

import asyncio
import time

from agents.model_settings import ModelSettings
from agents.models.interface import ModelTracing
from support.model_runs import Path, RecordingLane, run_turn
from support.model_server import ModelServer


async def test_cancelling_a_turn_cuts_the_connection_within_a_second(path: Path, server: ModelServer) -> None:
    lane = RecordingLane()
    turn = asyncio.create_task(run_turn(path.models("hold", idle_seconds=20), "say 20 words", lane=lane))
    await asyncio.wait_for(lane.has_spoken.wait(), 5)
    cancelled = time.monotonic()
    turn.cancel()
    await asyncio.wait([turn], timeout=2)
    left = await asyncio.to_thread(server.wait_for_disconnect)
    assert left - cancelled < 1
    assert lane.done == []


async def test_cancelling_before_the_first_word_cuts_the_connection_too(path: Path, server: ModelServer) -> None:
    turn = asyncio.create_task(run_turn(path.models("fault-stall", first_token_seconds=20), "hello"))
    await asyncio.to_thread(server.wait_for_streams, 1)
    cancelled = time.monotonic()
    turn.cancel()
    await asyncio.wait([turn], timeout=2)
    left = await asyncio.to_thread(server.wait_for_disconnect)
    assert left - cancelled < 1


async def test_closing_the_stream_of_a_model_cuts_the_connection(path: Path, server: ModelServer) -> None:
    model = path.models("hold", idle_seconds=20).get_model(None)
    events = model.stream_response(
        None, "say 20 words", ModelSettings(), [], None, [], ModelTracing.DISABLED, previous_response_id=None
    )
    async for event in events:
        if event.type == "response.output_text.delta":
            break
    closed = time.monotonic()
    await events.aclose()  # pyright: ignore[reportAttributeAccessIssue] - the SDK's interface says iterator, runs close it
    left = await asyncio.to_thread(server.wait_for_disconnect)
    assert left - closed < 1


async def test_a_model_that_falls_silent_is_left(path: Path, server: ModelServer) -> None:
    await run_turn(path.models("fault-stall-mid", idle_seconds=0.2), "say 20 words")
    await asyncio.to_thread(server.wait_for_disconnect)
