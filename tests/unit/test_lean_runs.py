"""What is spared in a run changes nothing in it."""

from agents import Agent
from agents import _run_state_agent_identity as identity
from agents.run_internal.tool_use_tracker import AgentToolUseTracker, serialize_tool_use_tracker

from chatkit_host.agent.lean_runs import spare_the_signatures


def test_agents_are_told_apart_as_before() -> None:
    writer, namesake = Agent(name="writer", instructions="A"), Agent(name="writer", instructions="B")
    first = Agent(name="first", handoffs=[writer, Agent(name="reader", handoffs=[namesake])])
    plain = Agent(name="alone", handoffs=[writer])
    theirs = [dict(identity._build_agent_identity_map(agent)) for agent in (first, plain)]

    spare_the_signatures()
    spare_the_signatures()

    assert [identity._build_agent_identity_map(agent) for agent in (first, plain)] == theirs


def test_no_signature_is_written_where_names_differ(monkeypatch) -> None:
    spare_the_signatures()
    monkeypatch.delattr(identity, "_agent_identity_signature")
    agent = Agent(name="alone", handoffs=[Agent(name="other")])
    used = AgentToolUseTracker()
    used.add_tool_use(agent, ["add_task"])

    assert serialize_tool_use_tracker(used, starting_agent=agent) == {"alone": ["add_task"]}
