"""The offline demo's sentences, and what it makes of them."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from chatkit_host.agent.models.offline_brain import GREETING, NOTICE, THANKS, Reply, ToolCall, ToolCalls, decide
from chatkit_host.agent.models.offline_history import messages_from_items

TOOLS = {"add_task", "list_tasks", "complete_task", "delete_task", "update_task"}
SATURDAY = date(2026, 11, 21)

MILK = {"id": "task_1", "title": "Buy milk", "completed": False, "priority": "medium", "due_date": None}
MOM = {"id": "task_2", "title": "Call mom", "completed": False, "priority": "high", "due_date": "2026-12-01"}
OAT = {"id": "task_3", "title": "Buy oat milk", "completed": True, "priority": "low", "due_date": None}


def user(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def assistant(text: str) -> list[dict[str, Any]]:
    return [{"role": "assistant", "content": text}]


def called(name: str, *outputs: Any, first: int = 1) -> list[dict[str, Any]]:
    """One or more calls of a tool in one response, and their results."""
    ids = [f"call_{name}_{number}" for number in range(first, first + len(outputs))]
    calls = [{"id": call_id, "function": {"name": name, "arguments": "{}"}} for call_id in ids]
    results = [
        {"role": "tool", "tool_call_id": call_id, "content": json.dumps(output)}
        for call_id, output in zip(ids, outputs, strict=True)
    ]
    return [{"role": "assistant", "content": None, "tool_calls": calls}, *results]


def answer(*messages: Sequence[dict[str, Any]], tools: set[str] = TOOLS) -> Reply | ToolCalls:
    return decide([message for part in messages for message in part], tools, SATURDAY)


def calls(decision: Reply | ToolCalls) -> list[tuple[str, dict[str, Any]]]:
    assert isinstance(decision, ToolCalls), decision
    return [(call.name, dict(call.arguments)) for call in decision.calls]


@pytest.mark.parametrize(
    ("sentence", "tasks"),
    [
        ("add buy milk", [{"title": "Buy milk"}]),
        ("Add buy milk and call mom", [{"title": "Buy milk"}, {"title": "Call mom"}]),
        ("add buy milk and eggs", [{"title": "Buy milk and eggs"}]),
        ("add milk, eggs and bread", [{"title": "Milk"}, {"title": "Eggs"}, {"title": "Bread"}]),
        ("please add buy milk to my list", [{"title": "Buy milk"}]),
        ("put eggs on my to-do list please", [{"title": "Eggs"}]),
        ("remember to water the plants", [{"title": "Water the plants"}]),
        ("don't forget to feed the cat", [{"title": "Feed the cat"}]),
        ("Don’t forget to feed the cat.", [{"title": "Feed the cat"}]),
        ("I need to buy stamps", [{"title": "Buy stamps"}]),
        ("todo: buy shoes", [{"title": "Buy shoes"}]),
        ("create a task to call the dentist", [{"title": "Call the dentist"}]),
        ("create a new task called 'Write report'", [{"title": "Write report"}]),
        ("can you add a task: pay rent?", [{"title": "Pay rent"}]),
        (
            "create three tasks: wash car, cook dinner and sleep",
            [{"title": t} for t in ("Wash car", "Cook dinner", "Sleep")],
        ),
        ("add finish report", [{"title": "Finish report"}]),
        ("add review the list", [{"title": "Review the list"}]),
        ("add pay rent with high priority", [{"title": "Pay rent", "priority": "high"}]),
        ("add a low priority task to sweep the yard", [{"title": "Sweep the yard", "priority": "low"}]),
        ("add pay rent by 2026-12-01", [{"title": "Pay rent", "due_date": "2026-12-01"}]),
        ("remind me to call Anna tomorrow", [{"title": "Call Anna", "due_date": "2026-11-22"}]),
        ("remind me to call Anna on friday", [{"title": "Call Anna", "due_date": "2026-11-27"}]),
    ],
)
def test_adding(sentence: str, tasks: list[dict[str, Any]]) -> None:
    assert calls(answer(user(sentence))) == [("add_task", task) for task in tasks]


@pytest.mark.parametrize(
    ("sentence", "status"),
    [
        ("what is on my list?", "all"),
        ("What's on my list", "all"),
        ("list tasks", "all"),
        ("show me all my tasks", "all"),
        ("how many tasks do I have?", "all"),
        ("what do I have to do?", "pending"),
        ("list pending tasks", "pending"),
        ("do I have any tasks left?", "pending"),
        ("show completed tasks", "completed"),
        ("what have I finished?", "completed"),
    ],
)
def test_listing(sentence: str, status: str) -> None:
    assert calls(answer(user(sentence))) == [("list_tasks", {"status": status})]


@pytest.mark.parametrize(
    ("sentence", "call"),
    [
        ("mark call mom as done", ("complete_task", {"task_id": "task_2"})),
        ("I finished the mom one", ("complete_task", {"task_id": "task_2"})),
        ("I've called mom, so mark call mom done", None),
        ("the mom task is done", ("complete_task", {"task_id": "task_2"})),
        ("complete task 2", ("complete_task", {"task_id": "task_2"})),
        ("mark the second one done", ("complete_task", {"task_id": "task_2"})),
        ("check off the last one", ("complete_task", {"task_id": "task_3"})),
        ("reopen buy oat milk", ("complete_task", {"task_id": "task_3", "completed": False})),
        ("mark buy oat milk as not done", ("complete_task", {"task_id": "task_3", "completed": False})),
        ("rename buy milk to buy almond milk", ("update_task", {"task_id": "task_1", "title": "Buy almond milk"})),
        ("change the title of call mom to call dad", ("update_task", {"task_id": "task_2", "title": "Call dad"})),
        ("set the priority of call mom to low", ("update_task", {"task_id": "task_2", "priority": "low"})),
        ("make call mom high priority", ("update_task", {"task_id": "task_2", "priority": "high"})),
        ("set the due date of call mom to tomorrow", ("update_task", {"task_id": "task_2", "due_date": "2026-11-22"})),
        ("delete the mom task", ("delete_task", {"task_id": "task_2"})),
        ("remove task 1 from my list", ("delete_task", {"task_id": "task_1"})),
        ("delete all completed tasks", ("delete_task", {"task_id": "task_3"})),
    ],
)
def test_acting_looks_at_the_list_first(sentence: str, call: tuple[str, dict[str, Any]] | None) -> None:
    if call is None:
        assert isinstance(answer(user(sentence)), (Reply, ToolCalls))
        return
    assert calls(answer(user(sentence))) == [("list_tasks", {"status": "all"})]
    assert calls(answer(user(sentence), called("list_tasks", [MILK, MOM, OAT]))) == [call]


@pytest.mark.parametrize("sentence", ["hi", "Hello!", "good morning"])
def test_greetings(sentence: str) -> None:
    assert answer(user(sentence)) == Reply(GREETING)


def test_thanks() -> None:
    assert answer(user("Thank you!")) == Reply(THANKS)


@pytest.mark.parametrize(
    "sentence", ["help", "what's the weather?", "tell me a joke", "", "Why is the sky blue?", "🦜"]
)
def test_anything_else_is_told_what_this_is(sentence: str) -> None:
    assert answer(user(sentence)) == Reply(NOTICE)
    assert "not a language model" in NOTICE
    assert "CHATKIT_HOST_MODEL" in NOTICE


CREATED = {"task_id": "task_9", "status": "created", "title": "Buy tea"}


def test_it_is_what_was_just_added() -> None:
    before = (user("add buy tea"), called("add_task", CREATED), assistant("I added “Buy tea” to your list."))
    assert calls(answer(*before, user("mark it done"))) == [("complete_task", {"task_id": "task_9"})]
    assert calls(answer(*before, user("delete that"))) == [("delete_task", {"task_id": "task_9"})]


def test_them_is_all_that_was_just_added() -> None:
    both = called("add_task", CREATED, {"task_id": "task_10", "status": "created", "title": "Buy salt"})
    decision = answer(user("add tea, salt"), both, assistant("I added both."), user("complete them"))
    assert calls(decision) == [("complete_task", {"task_id": "task_9"}), ("complete_task", {"task_id": "task_10"})]


def test_it_is_unclear_after_a_list() -> None:
    before = (user("list tasks"), called("list_tasks", [MILK, MOM]), assistant("You have 2 tasks."))
    decision = answer(*before, user("mark it done"))
    assert isinstance(decision, Reply)
    assert decision.text.startswith("Which one do you mean?")


def test_without_anything_said_before_it_means_nothing() -> None:
    decision = answer(user("mark it done"))
    assert isinstance(decision, Reply)
    assert "not sure which task" in decision.text


def test_what_was_deleted_is_no_longer_meant() -> None:
    deleted = called("delete_task", {"task_id": "task_9", "status": "deleted", "title": "Buy tea"})
    decision = answer(
        user("add buy tea"), called("add_task", CREATED), user("delete it"), deleted, user("mark it done")
    )
    assert isinstance(decision, Reply)


def test_the_list_that_was_shown_is_counted_in() -> None:
    before = (user("list tasks"), called("list_tasks", [MOM, OAT]), assistant("You have 2 tasks."))
    assert calls(answer(*before, user("delete the first one"))) == [("delete_task", {"task_id": "task_2"})]


def test_an_ambiguous_name_is_asked_back_and_the_answer_understood() -> None:
    eggs = {**MILK, "id": "task_4", "title": "Buy eggs"}
    asked = (user("delete the buy task"), called("list_tasks", [MOM, MILK, eggs]))
    decision = answer(*asked)
    assert isinstance(decision, Reply)
    assert decision.text == "Which one do you mean? I found 2 to delete:\n\n1. Buy milk\n2. Buy eggs"
    again = (*asked, assistant(decision.text), user("the second one"))
    assert calls(answer(*again)) == [("delete_task", {"task_id": "task_4"})]


def test_a_task_that_is_not_there() -> None:
    decision = answer(user("delete the meeting task"), called("list_tasks", [MILK]))
    assert decision == Reply("I could not find that task on your list.")
    assert answer(user("delete the meeting task"), called("list_tasks", [])) == Reply("Your list is empty.")


def test_it_tells_what_the_tools_did() -> None:
    two = called("add_task", CREATED, {"task_id": "task_10", "status": "created", "title": "Buy salt"})
    assert answer(user("add tea, salt"), two) == Reply("I added “Buy tea” and “Buy salt” to your list.")
    done = called("complete_task", {"task_id": "task_1", "status": "completed", "title": "Buy milk"})
    assert answer(user("complete task 1"), called("list_tasks", [MILK]), done) == Reply(
        "Done: I marked “Buy milk” as completed."
    )


def test_it_shows_a_list() -> None:
    listed = answer(user("list my tasks"), called("list_tasks", [MILK, MOM, OAT]))
    assert listed == Reply(
        "You have 3 tasks:\n\n1. Buy milk\n2. Call mom (high priority, due 2026-12-01)\n3. Buy oat milk (done, low priority)"
    )
    assert answer(user("list pending tasks"), called("list_tasks", [])) == Reply("You have no pending tasks.")


def test_a_tool_that_fails_is_told_of() -> None:
    failed = called("add_task", {"error": {"code": "invalid_input", "message": "The title is too long."}})
    assert answer(user("add x"), failed) == Reply("That did not work: The title is too long.")
    nonsense = [*called("add_task", None)[:1], {"role": "tool", "tool_call_id": "call_add_task_1", "content": "oops"}]
    assert answer(user("add x"), nonsense) == Reply("That did not work: The tool failed.")


def test_a_tool_that_is_not_offered_is_not_called() -> None:
    for sentence in ("add x", "list tasks", "delete the milk task"):
        decision = answer(user(sentence), tools=set())
        assert decision == Reply("I cannot do that here: this agent has no tool for it.")
    assert isinstance(answer(user("delete the milk task"), tools={"delete_task"}), Reply)


def test_results_in_the_envelopes_of_mcp_are_read() -> None:
    block = {"type": "text", "text": json.dumps(MILK)}
    assert answer(user("list tasks"), called("list_tasks", [block])) == Reply("You have 1 task:\n\n1. Buy milk")
    assert answer(user("list tasks"), called("list_tasks", {"result": [MILK]})) == Reply(
        "You have 1 task:\n\n1. Buy milk"
    )


def test_items_of_the_responses_api_are_read_the_same() -> None:
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "add buy tea"}]},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "function_call", "call_id": "c", "name": "add_task", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": json.dumps(CREATED)},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I added it."}]},
        {"role": "user", "content": "mark it done"},
    ]
    assert decide(messages_from_items(items), TOOLS) == ToolCalls((ToolCall("complete_task", {"task_id": "task_9"}),))
