"""Answers a turn with an agent of the OpenAI Agents SDK."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from agents import Agent, ModelProvider, RunConfig, RunHooks, Runner
from agents.items import ModelResponse
from agents.model_settings import ModelSettings
from agents.run_config import ToolErrorFormatterArgs
from agents.run_context import RunContextWrapper
from agents.run_internal.turn_preparation import get_model_settings
from agents.tool import Tool
from agents.tool_context import ToolContext
from agents.usage import Usage
from chatkit.types import ClientToolCallItem, CustomTask, ThreadItemDoneEvent, UserMessageItem, UserMessageTextContent
from openai.types.responses import ResponseCompletedEvent

from chatkit_host.agent.context import TurnContext
from chatkit_host.agent.display import Display
from chatkit_host.agent.failures import as_turn_failure
from chatkit_host.agent.first_answer import (
    AnsweredModels,
    can_be_asked_early,
    can_be_asked_first,
    first_answer,
    has_fixed_tools,
    is_all,
)
from chatkit_host.agent.heard_model import for_one_run
from chatkit_host.agent.lane import Lane
from chatkit_host.agent.lean_runs import spare_the_signatures
from chatkit_host.agent.models.spoken import as_model_response
from chatkit_host.agent.transcript import model_input, recorded, text_of
from chatkit_host.clock import Clock
from chatkit_host.engine.ports import ModelItem
from chatkit_host.engine.responder import Responder, TurnEvents, TurnInput
from chatkit_host.errors import GuardrailTripped, InvalidInput
from chatkit_host.ids import ThreadId, new_id
from chatkit_host.text import safe_text

if TYPE_CHECKING:
    from agents.mcp import MCPServer

    from chatkit_host.agent.mcp_tools import McpTools

_log = logging.getLogger(__name__)

_TITLE_CHARACTERS = 50


class LaneModels(Protocol):
    """Gives models by name, made to speak on a turn's lane. `agent.models.routing.Models` does."""

    def bound(self, lane: Lane) -> ModelProvider: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentOptions:
    offered_models: Sequence[str] = ()
    """Models that a client may ask for by name. Others are refused."""
    max_turns: int = 10
    history_items: int = 200
    history_tokens: int = 32_000
    show_reasoning: bool = True
    tracing: bool = False


class AgentResponder(Responder):
    asks_early = True

    def __init__(
        self,
        agent: Agent[Any],
        models: LaneModels,
        clock: Clock,
        options: AgentOptions,
        mcp_servers: "Sequence[MCPServer]" = (),
    ) -> None:
        """`mcp_servers` are the agent's in addition to its own; all of them are connected and looked after."""
        self.clock = clock
        self._agent = agent
        self._models = models
        of_agents = _servers_of(agent)
        self._others = [server for server in of_agents if server not in agent.mcp_servers]
        self._mcp_tools = _mcp_tools([*of_agents, *mcp_servers])
        self._options = options
        self._settings: dict[str | None, ModelSettings] = {}

    async def open(self) -> None:
        spare_the_signatures()
        if self._mcp_tools is not None:
            self._mcp_tools.open()

    async def close(self) -> None:
        if self._mcp_tools is not None:
            await self._mcp_tools.close()
        await self._models.close()

    def title_for(self, message: UserMessageItem) -> str | None:
        """The first words of the message."""
        said = "".join(part.text for part in message.content if isinstance(part, UserMessageTextContent))
        words = " ".join(safe_text(said).split())
        return (words if len(words) <= _TITLE_CHARACTERS else words[: _TITLE_CHARACTERS - 1].rstrip() + "…") or None

    def check(self, message: UserMessageItem, context: Any) -> None:
        asked = message.inference_options.model
        if asked and asked not in self._options.offered_models:
            raise InvalidInput("This server does not offer the model that was asked for.")

    async def respond(self, turn: TurnInput, events: TurnEvents) -> None:
        agent = self.agent()
        if not (can_be_asked_first(agent, is_traced=self.is_traced) and can_be_asked_early(agent)):
            await turn.accepted()
        past = await turn.past(self._options.history_items)
        conversation = model_input(past, turn.user_message, tokens=self._options.history_tokens)
        if turn.user_message is not None:  # else the past tells this turn as well
            conversation += turn.so_far
        display = Display(events, ThreadId(turn.thread.id), self.clock, show_reasoning=self._options.show_reasoning)
        await _Run(self, turn, events, display).answer(agent, conversation)

    def agent(self) -> Agent[Any]:
        """As it can work now: with the MCP servers that can be reached."""
        if self._mcp_tools is None:
            return self._agent
        reachable = [server for server in self._mcp_tools.servers if server not in self._others]
        return self._agent if reachable == self._agent.mcp_servers else self._agent.clone(mcp_servers=reachable)

    def models(self, lane: Lane) -> ModelProvider:
        return self._models.bound(lane)

    def run_config(self, turn: TurnInput, models: ModelProvider) -> RunConfig:
        return RunConfig(
            model=asked_model(turn),
            model_provider=models,
            tracing_disabled=not self.is_traced,
            trace_include_sensitive_data=False,
            workflow_name="chatkit-host",
            group_id=turn.thread.id,
            tool_not_found_behavior="return_error_to_model",
            tool_error_formatter=_log_tool_error,
        )

    def model_settings(self, agent: Agent[Any], asked: str | None) -> ModelSettings:
        """The agent's for the model that answers; the SDK works them out, which takes it long."""
        if asked not in self._settings:
            self._settings[asked] = get_model_settings(agent, RunConfig(model=asked))
        return self._settings[asked]

    @property
    def is_traced(self) -> bool:
        return self._options.tracing

    @property
    def max_turns(self) -> int:
        return self._options.max_turns


def asked_model(turn: TurnInput) -> str | None:
    """The one that the client asks for by name, if it does."""
    return (turn.user_message.inference_options.model or None) if turn.user_message is not None else None


def _servers_of(agent: Agent[Any]) -> "list[MCPServer]":
    """Those of an agent and of the agents it hands over to, each once."""
    agents, servers = [agent], list(agent.mcp_servers)
    for each in agents:
        for other in each.handoffs:
            if isinstance(other, Agent) and other not in agents:
                agents.append(other)
                servers += [server for server in other.mcp_servers if server not in servers]
    return servers


def _mcp_tools(servers: "Sequence[MCPServer]") -> "McpTools | None":
    if not servers:
        return None  # and nothing of MCP is loaded
    from chatkit_host.agent.mcp_tools import McpTools

    return McpTools(servers)


class _Run(RunHooks[TurnContext]):
    """One run: what it shows, and what it leaves for the next turn's model input."""

    def __init__(self, responder: AgentResponder, turn: TurnInput, events: TurnEvents, display: Display) -> None:
        self._responder = responder
        self._turn = turn
        self._events = events
        self._display = display
        self._context = TurnContext.of(turn, display)
        self._transcript: list[ModelItem] = list(turn.so_far)

    async def answer(self, agent: Agent[Any], conversation: list[ModelItem]) -> None:
        try:
            answer = await self._ask_first(agent, conversation)
            await self._turn.accepted()
            if answer is not None and is_all(answer):
                response = as_model_response(answer)
                self._heard(response, response.usage)
            else:
                await self._run(for_one_run(agent, self._display), conversation, answer)
            await self._display.close()
            await self._ask_client()
        except Exception as error:
            failure = as_turn_failure(error)
            if isinstance(failure, GuardrailTripped):
                self._transcript.clear()
                await self._display.take_back()
            if failure is error:
                raise
            raise failure from error
        finally:
            if unfinished := self._display.unfinished_text():
                self._transcript.append({"role": "assistant", "content": unfinished})
            self._events.remember(self._transcript)

    async def _ask_first(self, agent: Agent[Any], conversation: list[ModelItem]) -> ResponseCompletedEvent | None:
        """None where only the run loop can ask."""
        responder = self._responder
        if not can_be_asked_first(agent, is_traced=responder.is_traced):
            return None
        asked = asked_model(self._turn)
        return await first_answer(
            agent if has_fixed_tools(agent) else for_one_run(agent, self._display),
            responder.model_settings(agent, asked),
            conversation,
            self._context,
            responder.models(self._display),
            asked,
        )

    async def _run(
        self, agent: Agent[Any], conversation: list[ModelItem], answer: ResponseCompletedEvent | None
    ) -> None:
        """`answer`: the model's first, if it was asked already."""
        models = self._responder.models(self._display)
        config = self._responder.run_config(self._turn, models if answer is None else AnsweredModels(models, answer))
        result = Runner.run_streamed(
            agent,
            conversation,  # type: ignore[arg-type]  # the SDK's union of typed dicts
            context=self._context,
            max_turns=self._responder.max_turns,
            hooks=self,
            run_config=config,
        )
        try:
            async for _ in result.stream_events():
                pass  # everything is heard where it arises: by the lane and by the hooks below
            await self._say_unsaid(result.final_output)
        finally:
            result.cancel()  # leaving the loop does not stop the model; this does

    # -- hooks: awaited by the run loop, in order with the lane ------------------------------------

    async def on_llm_end(
        self, context: RunContextWrapper[TurnContext], agent: Agent[TurnContext], response: ModelResponse
    ) -> None:
        self._heard(response, context.usage)

    async def on_tool_start(self, context: RunContextWrapper[TurnContext], agent: Any, tool: Tool) -> None:
        if isinstance(context, ToolContext):
            self._display.tool_started(context.tool_call_id, tool.name, context.tool_arguments)
            await self._events.settle()  # whatever happens now, nobody will do it a second time

    async def on_tool_end(
        self, context: RunContextWrapper[TurnContext], agent: Any, tool: Tool, result: object
    ) -> None:
        if not isinstance(context, ToolContext):
            return
        output = safe_text(text_of(result))
        if self._context.client_tool_call is not None and self._context.client_tool_call_id is None:
            self._context.client_tool_call_id = context.tool_call_id
        self._remember([{"type": "function_call_output", "call_id": context.tool_call_id, "output": output}])
        await self._display.tool_finished(context.tool_call_id, tool.name, output)
        await self._events.settle()  # whatever happens now, the model will know that it did this

    async def on_handoff(self, context: Any, from_agent: Any, to_agent: Any) -> None:
        self._display.step(CustomTask(title=f"Handed over to {to_agent.name}"[:80], status_indicator="complete"))

    # -- inside ----------------------------------------------------------------------------------

    def _heard(self, response: ModelResponse, usage: Usage) -> None:
        """`usage` is the run's so far."""
        self._remember(response.to_input_items())
        for item in response.output:
            if (task := _provider_step(item)) is not None:
                self._display.step(task)
        self._events.usage(
            {
                "requests": usage.requests,
                "input_tokens": usage.input_tokens,
                "cached_input_tokens": usage.input_tokens_details.cached_tokens or 0,
                "output_tokens": usage.output_tokens,
                "reasoning_tokens": usage.output_tokens_details.reasoning_tokens or 0,
                "total_tokens": usage.total_tokens,
            }
        )

    def _remember(self, items: Sequence[Any]) -> None:
        self._transcript.extend(recorded(items))
        self._events.remember(list(self._transcript))

    async def _say_unsaid(self, final_output: Any) -> None:
        """An agent that stops at a tool answers with the tool's result; nobody has said it yet."""
        if self._context.client_tool_call is not None or not isinstance(final_output, str) or not final_output:
            return
        words = safe_text(final_output)
        if self._display.last_words.endswith(words):
            return
        item_id = new_id("message")
        self._display.text(item_id, words)
        await self._display.message_done(item_id)
        self._remember([{"role": "assistant", "content": words}])

    async def _ask_client(self) -> None:
        call = self._context.client_tool_call
        if call is None:
            return
        item = ClientToolCallItem(
            id=new_id("tool_call"),
            thread_id=self._turn.thread.id,
            created_at=self._responder.clock(),
            call_id=self._context.client_tool_call_id or new_id("tool_call"),
            name=call.name,
            arguments=call.arguments,
        )
        await self._events.send(ThreadItemDoneEvent(item=item))


def _log_tool_error(failed: ToolErrorFormatterArgs[Any]) -> None:
    """The model is told that the tool failed, in the SDK's words; the operator, where."""
    if failed.error is not None:
        _log.warning("the tool %s failed", failed.tool_name, exc_info=failed.error)


def _provider_step(item: Any) -> CustomTask | None:
    """What a provider did by itself during its answer, as a task."""
    match getattr(item, "type", None):
        case "web_search_call":
            title = "Searched the web"
        case "file_search_call":
            title = "Searched files"
        case "code_interpreter_call":
            title = "Ran code"
        case "image_generation_call":
            title = "Made an image"
        case "mcp_call":
            title = f"Called {getattr(item, 'name', 'a tool')}"
        case _:
            return None
    return CustomTask(title=title[:80], status_indicator="complete")
