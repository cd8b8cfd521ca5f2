"""Something that the Agents SDK works out twice in every run, and that most runs do not need."""

from collections.abc import Callable
from typing import Any

from agents import Agent
from agents import _run_state_agent_identity as identity


def spare_the_signatures() -> None:
    """Agents with names of their own are told apart by their names.

    The SDK writes a signature of all their settings and tools to order agents of the same name, also where there is only one: a
    fifth of what a run costs besides the model. Two of the same name are still ordered its way.
    """
    if identity._build_agent_identity_map.__name__ != _by_name.__name__:
        identity._build_agent_identity_map = _by_name(identity._build_agent_identity_map)


def _by_name(whole: Callable[[Agent[Any]], dict[str, Agent[Any]]]) -> Callable[[Agent[Any]], dict[str, Agent[Any]]]:
    def _by_name(agent: Agent[Any]) -> dict[str, Agent[Any]]:
        reachable = list(identity._iter_agent_graph(agent))
        named = {each.name: each for each in reachable}
        return named if len(named) == len(reachable) else whole(agent)

    return _by_name
