"""Our server and the official SDK's, over the same ChatKitServer: the same conversations, event for event and record for record."""

import secrets
from collections.abc import AsyncIterator
from copy import deepcopy
from typing import get_args

import httpx
import pytest
from chatkit.types import ChatKitReq
from conformance.conftest import SECRET, Start
from conformance.differences import DIFFERENCES
from conformance.scenarios import FULL, PLAIN, Scenario
from support.awaiting_store import AwaitingStore
from support.scripted_server import ServerName, StoreName, make_server
from support.two_sides import Conversation, OfficialSide, OurSide, Reply, comparable

from chatkit_host.auth.mint import mint_token
from chatkit_host.store.chatkit_store import DatabaseStore
from chatkit_host.store.migrate import migrate

CASES = [
    *(pytest.param(scenario, "full", "database", id=f"{name}-database") for name, scenario in FULL.items()),
    *(pytest.param(scenario, "full", "awaiting", id=f"{name}-awaiting") for name, scenario in FULL.items()),
    *(pytest.param(scenario, "plain", "awaiting", id=f"{name}-awaiting") for name, scenario in PLAIN.items()),
]


@pytest.fixture(scope="module")
async def database(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DatabaseStore]:
    """The SDK's own."""
    url = f"sqlite:///{tmp_path_factory.mktemp('official') / 'chat.db'}"
    await migrate(url)
    store = DatabaseStore.open(url)
    yield store
    await store.close()


@pytest.mark.parametrize(("scenario", "server", "store"), CASES)
async def test_a_conversation_is_the_same_but_for_the_named_differences(
    scenario: Scenario, server: ServerName, store: StoreName, scripted: Start, database: DatabaseStore
) -> None:
    user = f"user-{secrets.token_hex(8)}"
    theirs = Conversation(OfficialSide(make_server(database if store == "database" else AwaitingStore(), server), user))
    await scenario(theirs)
    headers = {"Authorization": f"Bearer {mint_token(SECRET, user)}"}
    url = scripted(server, store).url
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=20, verify=False) as http:
        ours = Conversation(OurSide(http))
        await scenario(ours)

    expected: list[Reply] = []
    for step in theirs.steps:
        reply = step.reply
        if step.differs is not None:
            reply = DIFFERENCES[step.differs].ours(deepcopy(reply), expected)
            assert comparable([reply], ours=False) != comparable([step.reply], ours=False), f"no longer: {step.differs}"
        expected.append(reply)
    said = comparable([step.reply for step in ours.steps], ours=True)
    for step, ours_said, should in zip(theirs.steps, said, comparable(expected, ours=False), strict=True):
        assert ours_said == should, step.operation


@pytest.fixture(scope="module")
async def corpus() -> list[Conversation]:
    """All of it, held with the SDK alone."""
    conversations: list[Conversation] = []
    servers: dict[ServerName, dict[str, Scenario]] = {"full": FULL, "plain": PLAIN}
    for server, scenarios in servers.items():
        for scenario in scenarios.values():
            conversations.append(Conversation(OfficialSide(make_server(AwaitingStore(), server), "somebody")))
            await scenario(conversations[-1])
    return conversations


async def test_every_operation_is_in_the_corpus_and_succeeds_somewhere(corpus: list[Conversation]) -> None:
    operations = {request.model_fields["type"].default for request in get_args(get_args(ChatKitReq)[0])}
    succeeded = {
        step.operation
        for conversation in corpus
        for step in conversation.steps
        if step.differs is None and "raised" not in step.reply
    }
    assert succeeded == operations
    assert len(operations) == 16


async def test_every_named_difference_is_shown_by_some_conversation(corpus: list[Conversation]) -> None:
    shown = {step.differs for conversation in corpus for step in conversation.steps if step.differs is not None}
    assert shown == DIFFERENCES.keys()
