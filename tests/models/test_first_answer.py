"""The first answer is asked for without the run loop; nobody can tell, but by the time it takes.

An agent with hooks of its own is left to the loop. So each case is answered twice: at once, and by the loop.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
from agents import (
    Agent,
    AgentHooks,
    GuardrailFunctionOutput,
    InputGuardrail,
    ModelRetrySettings,
    ModelSettings,
    OutputGuardrail,
    Runner,
    handoff,
)
from agents.testing import ScriptedModel
from support.model_runs import Path, Tasks
from support.model_server import Answer, ModelServer
from support.turns import ALICE, new_thread, question
from support.waiting import until

from chatkit_host.agent.first_answer import can_be_asked_first
from chatkit_host.agent.responder import AgentOptions, AgentResponder
from chatkit_host.clock import utc_now
from chatkit_host.engine.ports import PastTurn
from chatkit_host.engine.responder import TurnInput
from chatkit_host.errors import TurnFailed
from chatkit_host.ids import TurnId, new_id

LIST = {"name": "list_tasks", "arguments": {"status": "all"}, "id": "call_a"}
AGAIN = {**LIST, "id": "call_d"}
ADD = {"name": "add_task", "arguments": {"title": "Milk"}, "id": "call_b"}
UNKNOWN = {"name": "launch", "arguments": {}, "id": "call_c"}
DONE = Answer(text="It is done.")
LET_THROUGH = GuardrailFunctionOutput(output_info=None, tripwire_triggered=False)

CASES: dict[str, list[Answer]] = {
    "words": [Answer(text="One two three.")],
    "thoughts and words": [Answer(reasoning="Hm, let me see.", text="Three.")],
    "thoughts alone": [Answer(reasoning="Hm."), DONE],
    "a refusal": [Answer(refusal="I will not.")],
    "nothing": [Answer()],
    "an answer that was cut": [Answer(text="One two", finish_reason="length")],
    "a citation": [
        Answer(
            text="See there.",
            annotations=[
                {
                    "type": "url_citation",
                    "url": "https://example.org",
                    "title": "There",
                    "start_index": 0,
                    "end_index": 3,
                }
            ],
        )
    ],
    "a call": [Answer(tool_calls=[LIST]), DONE],
    "words and a call": [Answer(text="Let me look.", tool_calls=[LIST]), DONE],
    "two calls, and another": [Answer(tool_calls=[LIST, ADD]), Answer(tool_calls=[AGAIN]), DONE],
    "a call of what is not there": [Answer(tool_calls=[UNKNOWN]), DONE],
}
FAULTS = ("fault-500", "fault-truncated", "fault-truncated-tool", "fault-length-tool", "fault-error-in-200")


@dataclass
class Noted:
    """Satisfies `TurnEvents`."""

    told: list[Any] = field(default_factory=list)
    transcript: Sequence[Any] = ()
    used: dict[str, int] = field(default_factory=dict)

    def begin_message(self, item_id: str, created_at: datetime) -> None:
        self.told.append(["begun", item_id])

    def text(self, item_id: str, delta: str, content_index: int = 0) -> None:
        match self.told:
            case [*_, ["text", str(last), *said]] if last == item_id:
                self.told[-1] = ["text", item_id, "".join([*said, delta])]
            case _:
                self.told.append(["text", item_id, delta])

    def show(self, event: Any) -> None:
        told = event.model_dump(mode="json")
        match told:
            case {"update": {"task": {"type": "thought", "status_indicator": "loading"} as thought}}:
                thought["content"] = "as far as it has come"
        if [told] != self.told[-1:]:
            self.told.append(told)

    finish = show

    async def send(self, event: Any) -> None:
        self.show(event)

    def tool_started(self, call_id: str, name: str, arguments: str) -> None:
        self.told.append(["started", name, arguments])

    def tool_finished(self, call_id: str, name: str, result: str, *, failed: bool = False) -> None:
        self.told.append(["finished", name, result, failed])

    def usage(self, counts: dict[str, int]) -> None:
        self.used = counts

    def remember(self, transcript: Sequence[Any]) -> None:
        self.transcript = list(transcript)

    async def settle(self) -> None:
        pass


@dataclass(frozen=True)
class Answered:
    told: str
    transcript: Sequence[Any]
    used: dict[str, int]
    failure: tuple[type[TurnFailed], str] | None
    ran: list[str]
    asked: list[dict[str, Any]]


async def answered(path: Path, server: ModelServer, model: str, answers: Sequence[Answer], **changes: Any) -> Answered:
    server.forget()
    server.queue(*answers)
    tasks, noted = Tasks(), Noted()
    agent = Agent(**{"name": "Todo", "instructions": "Be brief.", "tools": tasks.tools(), **changes})
    models = path.models(model, retries=0)
    responder = AgentResponder(agent, models, utc_now, AgentOptions())
    failure = None
    try:
        await responder.respond(_turn(), noted)
    except TurnFailed as error:
        failure = type(error), error.message
    return Answered(
        told=_anonymous(noted.told),
        transcript=_anonymous(list(noted.transcript)),
        used=noted.used,
        failure=failure,
        ran=sorted(tasks.ran),
        asked=[json.loads(_anonymous(request.body)) for request in server.requests],
    )


def _turn() -> TurnInput:
    thread = new_thread()
    asked = question(thread.id)

    async def past(limit: int) -> Sequence[PastTurn]:
        return [
            PastTurn(
                turn_id=TurnId("turn_of_earlier"),
                status="completed",
                items=[question(thread.id, "What was there?")],
                transcript=[
                    {"type": "function_call", "call_id": "call_x", "name": "list_tasks", "arguments": "{}"},
                    {"type": "function_call_output", "call_id": "call_x", "output": "[]"},
                    {"role": "assistant", "content": "Nothing."},
                ],
            ),
            PastTurn(turn_id=TurnId(new_id("turn")), status="running", items=[asked], transcript=None),
        ]

    return TurnInput(id=TurnId(new_id("turn")), owner=ALICE, thread=thread, user_message=asked, context={}, past=past)


def _anonymous(told: Any) -> str:
    """Without what is new in every run: ids by the order in which they come, and no times."""
    names: dict[str, str] = {}

    def plain(value: Any) -> Any:
        match value:
            case dict():
                return {key: plain(each) for key, each in value.items() if key != "created_at"}
            case list():
                return [plain(each) for each in value]
            case str() if value.partition("_")[0] in ("msg", "thr", "wf", "call", "msgs") and len(value) > 12:
                return names.setdefault(value, f"id {len(names)}")
            case _:
                return value

    return json.dumps(plain(told), indent=1)


@pytest.mark.anyio
@pytest.mark.parametrize("case", CASES)
async def test_an_answer_at_once_is_the_answer_of_the_run_loop(path: Path, server: ModelServer, case: str) -> None:
    at_once = await answered(path, server, "any", CASES[case])
    by_the_loop = await answered(path, server, "any", CASES[case], hooks=AgentHooks())

    assert at_once == by_the_loop
    assert at_once.asked, "the model was asked"


@pytest.mark.anyio
async def test_words_need_no_run_loop(path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Runner, "run_streamed")
    at_once = await answered(path, server, "any", [DONE])

    assert at_once.failure is None
    assert '"content": "It is done."' in at_once.transcript


@pytest.mark.anyio
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_failure_at_once_is_the_failure_of_the_run_loop(path: Path, server: ModelServer, fault: str) -> None:
    at_once = await answered(path, server, fault, [])
    by_the_loop = await answered(path, server, fault, [], hooks=AgentHooks())

    assert at_once.failure is not None
    assert at_once.failure == by_the_loop.failure
    assert at_once.asked == by_the_loop.asked
    assert at_once.ran == by_the_loop.ran == []


@pytest.mark.parametrize(
    "special",
    [
        {"hooks": AgentHooks()},
        {"handoffs": [Agent(name="Other")]},
        {"handoffs": [handoff(Agent(name="Other"))]},
        {"input_guardrails": [InputGuardrail(guardrail_function=lambda *_: LET_THROUGH)]},
        {"output_guardrails": [OutputGuardrail(guardrail_function=lambda *_: LET_THROUGH)]},
        {"output_type": int},
        {"prompt": {"id": "pmpt_1"}},
        {"model": ScriptedModel([])},
        {"model_settings": ModelSettings(retry=ModelRetrySettings(max_retries=1))},
        {"model_settings": ModelSettings(timeout=3.0)},
    ],
    ids=lambda special: next(iter(special)),
)
def test_what_the_run_loop_has_a_say_in_is_left_to_it(special: dict[str, Any]) -> None:
    assert can_be_asked_first(Agent(name="Todo", instructions="Be brief.", model="any"), is_traced=False)
    assert not can_be_asked_first(Agent(name="Todo", **special), is_traced=False)
    assert not can_be_asked_first(Agent(name="Todo"), is_traced=True)


@pytest.mark.anyio
async def test_tools_of_one_name_are_left_to_the_run_loop_as_it_leaves_them(path: Path, server: ModelServer) -> None:
    twins = Tasks().tools()[:1] * 2
    at_once = await answered(path, server, "any", [DONE], tools=twins)
    by_the_loop = await answered(path, server, "any", [DONE], tools=twins, hooks=AgentHooks())

    assert at_once == by_the_loop


@pytest.mark.anyio
async def test_instructions_and_tools_that_depend_on_who_asks_are_asked_for(server: ModelServer, path: Path) -> None:
    async def instructions(context: Any, agent: Any) -> str:
        return f"You talk to {context.context.user_id}."

    *rest, hidden = Tasks().tools()
    hidden.is_enabled = lambda context, agent: context.context.user_id != "alice"
    at_once = await answered(path, server, "any", [DONE], instructions=instructions, tools=[*rest, hidden])
    by_the_loop = await answered(
        path, server, "any", [DONE], instructions=instructions, tools=[*rest, hidden], hooks=AgentHooks()
    )

    assert at_once == by_the_loop
    asked = json.dumps(at_once.asked)
    assert "You talk to alice." in asked
    assert "list_tasks" in asked
    assert "delete_task" not in asked


def _looking(context: Any, agent: Any) -> str:
    return "Be brief."


@pytest.mark.anyio
@pytest.mark.parametrize("answer", [DONE, Answer(tool_calls=[LIST])], ids=["words", "a call"])
async def test_the_model_may_be_asked_before_the_message_is_written_but_no_tool(
    path: Path, server: ModelServer, answer: Answer
) -> None:
    server.forget()
    server.queue(answer, DONE)
    tasks, noted, written = Tasks(), Noted(), asyncio.Event()
    agent = Agent(name="Todo", instructions="Be brief.", tools=[*tasks.tools()])
    responder = AgentResponder(agent, path.models("any", retries=0), utc_now, AgentOptions())
    turn = replace(_turn(), accepted=written.wait)  # type: ignore[arg-type]

    async with asyncio.TaskGroup() as group:
        group.create_task(responder.respond(turn, noted))
        await until(lambda: len(server.requests) == 1)
        await asyncio.sleep(0.1)
        assert (len(server.requests), tasks.ran) == (1, [])
        written.set()
    assert tasks.ran == ([] if answer is DONE else ["list_tasks"])
    assert noted.transcript[-1] == {"role": "assistant", "content": "It is done."}


@pytest.mark.anyio
@pytest.mark.parametrize(
    "special",
    [{"instructions": _looking}, {"hooks": AgentHooks()}, {"handoffs": [Agent(name="Other")]}],
    ids=["instructions", "hooks", "handoffs"],
)
async def test_code_of_the_users_own_finds_the_message_written(
    path: Path, server: ModelServer, special: dict[str, Any]
) -> None:
    server.forget()
    server.queue(DONE)
    written = asyncio.Event()
    agent = Agent(**{"name": "Todo", "instructions": "Be brief.", **special})
    responder = AgentResponder(agent, path.models("any", retries=0), utc_now, AgentOptions())
    turn = replace(_turn(), accepted=written.wait)  # type: ignore[arg-type]

    async with asyncio.TaskGroup() as group:
        group.create_task(responder.respond(turn, Noted()))
        await asyncio.sleep(0.1)
        assert server.requests == []
        written.set()
    assert len(server.requests) == 1
