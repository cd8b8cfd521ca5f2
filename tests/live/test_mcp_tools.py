"""Tools of MCP servers: shown like any other, and gone for a while without taking anything along."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from mcp import MCPError
from mcp.types import TextContent
from support.chat import Chat
from support.mcp_server import McpServer
from support.model_server import Answer, ModelServer
from support.server import Server, serving

from chatkit_host.agent.mcp_tools import servers_at

ORDER = Answer(tool_calls=[{"name": "order", "arguments": {"article": "milk"}}])


@pytest.fixture
def mcp_server(tmp_path: Path) -> Iterator[McpServer]:
    server = McpServer(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def server(tmp_path: Path, model_server: ModelServer, mcp_server: McpServer) -> Iterator[Server]:
    with serving(
        tmp_path,
        CHATKIT_HOST_MODEL="some-model",
        CHATKIT_HOST_MODEL_BASE_URL=model_server.base_url,
        CHATKIT_HOST_MCP_SERVERS=mcp_server.url,
    ) as running:
        yield running


async def until_offered(chat: Chat, model_server: ModelServer, seconds: float) -> None:
    """Until the model is offered the tool of the MCP server."""
    with anyio.fail_after(seconds):
        while True:
            await chat.create("hello")
            tools = [tool["function"]["name"] for tool in model_server.requests[-1].body["tools"]]
            if "order" in tools:
                return
            await asyncio.sleep(0.2)


async def test_a_server_that_is_down_at_start_costs_only_its_tools_until_it_comes(
    server: Server, model_server: ModelServer, mcp_server: McpServer
) -> None:
    async with Chat(server.url) as chat:
        without = await chat.create("add buy milk")
        assert (without.errors, without.tool_titles) == ([], ["Add task"])

        await asyncio.to_thread(mcp_server.start)
        await until_offered(chat, model_server, 10)
        model_server.queue(ORDER, Answer(text="It is ordered."))
        answer = await chat.create("order milk")

    assert answer.errors == []
    assert answer.tool_titles == ["Order"]
    assert answer.text == "It is ordered."
    assert mcp_server.effects == ["milk"]
    results = [message for message in model_server.requests[-1].body["messages"] if message["role"] == "tool"]
    assert results[0]["content"] in ("ordered milk", [{"type": "text", "text": "ordered milk"}])
    assert "ordered milk" in str(answer.items)


async def test_a_restarted_server_is_back_within_seconds_and_no_call_is_repeated(
    server: Server, model_server: ModelServer, mcp_server: McpServer
) -> None:
    await asyncio.to_thread(mcp_server.start)
    async with Chat(server.url) as chat:
        await until_offered(chat, model_server, 10)
        mcp_server.kill()
        model_server.queue(ORDER, Answer(text="That did not work."))
        answer = await chat.create("order milk")
        assert answer.errors == []
        assert mcp_server.effects == []

        await asyncio.to_thread(mcp_server.start)
        with anyio.fail_after(5):
            while not mcp_server.effects:
                model_server.queue(ORDER, Answer(text="It is ordered, or is it?"))
                again = await chat.create("order milk")
                assert again.errors == []

    assert mcp_server.effects == ["milk"]


async def test_calls_of_one_server_run_beside_each_other_and_fail_by_themselves(mcp_server: McpServer) -> None:
    """One that takes too long, one that is given up and one of a tool that there is not: the others do not notice."""
    await asyncio.to_thread(mcp_server.start)
    [server] = servers_at([mcp_server.url], seconds=3.0)

    async def wait(seconds: float) -> str:
        result = await server.call_tool("wait", {"seconds": seconds})
        return "".join(part.text for part in result.content if isinstance(part, TextContent))

    async with server:
        begun = asyncio.get_running_loop().time()
        too_slow, given_up = asyncio.create_task(wait(30)), asyncio.create_task(wait(20))
        unknown = asyncio.create_task(server.call_tool("no_such_tool", {}))
        others = [asyncio.create_task(wait(1)) for _ in range(20)]
        await asyncio.sleep(0.3)
        given_up.cancel()
        assert await asyncio.gather(*others) == ["waited 1.0"] * 20
        assert asyncio.get_running_loop().time() - begun < 10, "one after the other they take 20 seconds"
        assert (await unknown).is_error
        spanning = asyncio.create_task(wait(2.5))
        with pytest.raises(MCPError):
            await too_slow
        assert await spanning == "waited 2.5"
        assert await wait(0) == "waited 0.0"
