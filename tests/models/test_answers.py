from support.model_runs import Path, RecordingLane, Tasks, run_turn
from support.model_server import Answer, ModelServer

from chatkit_host.agent.models.event_lane import EventLane


async def test_text_reaches_the_lane_and_its_message_ends_once(path: Path) -> None:
    outcome = await run_turn(path.models("demo"), "please say 50 words")
    assert outcome.failure is None
    assert outcome.lane.said == outcome.final_output == " ".join(f"word{n}" for n in range(1, 51))
    assert outcome.lane.done == list(outcome.lane.texts)
    assert [item_id[:4] for item_id in outcome.lane.texts] == ["msg_"]


async def test_tools_run_and_the_next_turn_knows_of_them(path: Path) -> None:
    tasks = Tasks()
    models = path.models("demo")
    first = await run_turn(models, "add buy milk and call mom", tasks=tasks)
    assert first.final_output == "I added “Buy milk” and “Call mom” to your list."
    second = await run_turn(models, "mark the second one done", tasks=tasks, history=first.items)
    assert second.failure is None
    assert tasks.ran[-1] == "complete_task"
    assert second.final_output == "Done: I marked “Call mom” as completed."
    assert [task["completed"] for task in tasks.tasks.values()] == [False, True]
    third = await run_turn(models, "what is on my list?", tasks=tasks, history=second.items)
    assert third.final_output == "You have 2 tasks:\n\n1. Buy milk\n2. Call mom (done)"


async def test_without_a_lane_the_answer_is_told_in_stream_events(path: Path) -> None:
    outcome = await run_turn(path.models("demo"), "say 3 words", bound=False)
    kinds = [event.data.type for event in outcome.events if event.type == "raw_response_event"]
    assert kinds[0] == "response.created"
    assert kinds[1:3] == ["response.output_item.added", "response.content_part.added"]
    assert set(kinds[3:-4]) == {"response.output_text.delta"}
    assert kinds[-4:] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    deltas = [event.data for event in outcome.events if getattr(event, "data", None)]
    assert "".join(d.delta for d in deltas if d.type == "response.output_text.delta") == "word1 word2 word3"
    assert [d.sequence_number for d in deltas] == list(range(len(deltas)))
    assert outcome.final_output == "word1 word2 word3"


async def test_with_a_lane_the_run_loop_gets_one_event_for_each_response(path: Path) -> None:
    outcome = await run_turn(path.models("demo"), "add buy milk")
    raw = [event.data.type for event in outcome.events if event.type == "raw_response_event"]
    assert raw == ["response.completed", "response.completed"]


async def test_a_model_called_by_a_tool_does_not_speak_into_the_answer(path: Path) -> None:
    lane = RecordingLane()
    lane.is_open = False
    outcome = await run_turn(path.models("demo"), "say 3 words", lane=lane)
    assert outcome.final_output == "word1 word2 word3"
    assert lane.calls == []


async def test_usage_is_counted(path: Path) -> None:
    outcome = await run_turn(path.models("demo"), "say 7 words")
    assert (outcome.usage.requests, outcome.usage.input_tokens, outcome.usage.output_tokens) == (1, 12, 7)


async def test_no_id_of_the_provider_is_kept_but_that_of_a_call(path: Path, server: ModelServer) -> None:
    server.queue(Answer(text="I will.", reasoning="Hm.", tool_calls=[{"name": "list_tasks", "arguments": {}}]))
    outcome = await run_turn(path.models("demo"), "what is on my list?")
    assert outcome.failure is None
    ids = [item.get("id", "") for item in outcome.items]
    assert not [item_id for item_id in ids if "provider" in item_id or "fake" in item_id]
    assert len(set(filter(None, ids))) == len(list(filter(None, ids)))


async def test_thinking_goes_to_its_own_channel_and_ends_before_the_text(path: Path, server: ModelServer) -> None:
    server.queue(Answer(reasoning="Let me think about it.", text="Done thinking."))
    outcome = await run_turn(path.models("demo"), "hello")
    assert outcome.lane.thought == "Let me think about it."
    assert outcome.lane.said == "Done thinking."
    assert outcome.lane.done == [*outcome.lane.thoughts, *outcome.lane.texts]


async def test_a_table_of_equal_chunks_is_not_an_error(path: Path, server: ModelServer) -> None:
    server.queue(Answer(text="- " * 150))
    outcome = await run_turn(path.models("demo"), "hello")
    assert outcome.failure is None
    assert outcome.lane.said.count("-") == 150


async def test_get_response_collects_the_stream(path: Path) -> None:
    models = path.models("demo")
    await models.probe()
    assert models.check() == []


async def test_the_event_lane_satisfies_the_lane_without_a_turn() -> None:
    lane = EventLane("demo")
    lane.refusal("msg_1", "No.")
    lane.annotation("msg_1", {"type": "from_the_future"})
    await lane.message_done("msg_1")
    await lane.message_done("msg_unknown")
    assert [event.type for event in lane.drain()][-1] == "response.output_item.done"
