"""The corpus: conversations that are held twice, with our server and with the official SDK. Each is a coroutine over one side.

`full` servers override everything and have an attachment store; `plain` ones override `respond` alone.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from support.two_sides import Conversation, said

Scenario = Callable[[Conversation], Awaitable[None]]
FULL: dict[str, Scenario] = {}
PLAIN: dict[str, Scenario] = {}

UNKNOWN = "thr_00000000000070008000000000000000"


def _on(servers: Literal["full", "plain"]) -> Callable[[Scenario], Scenario]:
    def add(scenario: Scenario) -> Scenario:
        (FULL if servers == "full" else PLAIN)[getattr(scenario, "__name__", "")] = scenario
        return scenario

    return add


def _answers_to(script: str) -> Scenario:
    async def scenario(c: Conversation) -> None:
        await c.create(script)
        await c.look()
        await c.say("recall")
        await c.do("threads.list")

    return scenario


ALIKE = (
    "text",
    "silence",
    "echo",
    "annotated",
    "two_messages",
    "two_at_once",
    "odd_text",
    "unannounced",
    "widget",
    "form",
    "everything",
    "workflow",
    "other_items",
    "signals",
    "title",
    "title_in_between",
    "title_then_fail",
    "hidden",
    "replace",
    "remove",
    "twice",
    "final_error",
    "stream_error",
    "stream_error_without_retry",
    "recall",
)
"""Scripts that both sides answer alike, from the first byte to the last record."""

FULL |= {script: _answers_to(script) for script in ALIKE}


@_on("full")
async def a_conversation_from_beginning_to_end(c: Conversation) -> None:
    await c.do("threads.list")
    await c.create("text")
    await c.say("two_messages")
    await c.say("workflow")
    await c.look()
    await c.do("items.list", thread_id=c.thread)
    page = await c.do("items.list", thread_id=c.thread, limit=2, order="asc")
    await c.do("items.list", thread_id=c.thread, limit=2, order="asc", after=page["json"]["after"])
    page = await c.do("items.list", thread_id=c.thread, limit=3, order="desc")
    await c.do("items.list", thread_id=c.thread, limit=3, order="desc", after=page["json"]["after"])
    await c.do("threads.update", thread_id=c.thread, title="A title – with “signs” & <b>tags</b> ✓")
    await c.do("threads.get_by_id", thread_id=c.thread)
    await c.do("threads.delete", thread_id=c.thread)
    await c.do("threads.get_by_id", thread_id=c.thread, differs="what is unknown is 404")
    await c.do("threads.list")


@_on("full")
async def several_threads(c: Conversation) -> None:
    for script in ("text", "title", "silence"):
        await c.create(script)
    await c.do("threads.list")
    for order in ("asc", "desc"):
        page = await c.do("threads.list", limit=2, order=order)
        await c.do("threads.list", limit=2, order=order, after=page["json"]["after"])
    await c.do("threads.list", limit=0)
    await c.do("threads.list", limit=None)
    await c.do("threads.delete", thread_id=c.threads[1])
    await c.do("threads.list")


@_on("full")
async def a_message_with_all_that_it_can_have(c: Conversation) -> None:
    tag = {"type": "input_tag", "id": "doc_7", "text": "Report", "data": {"a": [1, None, "x"]}, "group": "Files"}
    content = [{"type": "input_text", "text": "echo "}, {**tag, "interactive": True}]
    options = {"tool_choice": {"id": "search"}, "model": "some-model"}
    await c.do(
        "threads.create",
        input={"content": content, "attachments": [], "quoted_text": "> as you said", "inference_options": options},
    )
    await c.do("threads.add_user_message", thread_id=c.thread, input=said("echo", quoted_text="", unknown="ignored"))
    await c.look()


@_on("full")
async def a_long_thread_starts_with_its_oldest_items(c: Conversation) -> None:
    await c.create("sixty")
    await c.say("text")
    await c.do("threads.get_by_id", thread_id=c.thread)
    await c.do("items.list", thread_id=c.thread)
    await c.do("items.list", thread_id=c.thread, limit=100, order="asc")


@_on("full")
async def limits(c: Conversation) -> None:
    await c.create("sixty")
    await c.say("sixty")
    page = await c.do("items.list", thread_id=c.thread, limit=100)
    await c.do("items.list", thread_id=c.thread, limit=100, after=page["json"]["after"])
    await c.do("items.list", thread_id=c.thread, limit=1_000_000, differs="limits are clamped")


@_on("full")
async def titles(c: Conversation) -> None:
    await c.create("text")
    await c.do("threads.update", thread_id=c.thread, title="", differs="a title is not empty")
    await c.do("threads.update", thread_id=c.thread, title="  a \u202e b\n c  ", differs="a title is visible text")


@_on("full")
async def actions(c: Conversation) -> None:
    await c.create("widget")
    widget = c.item("widget")
    await c.do("threads.custom_action", thread_id=c.thread, action={"type": "hello", "payload": {"n": [1, None]}})
    await c.do(
        "threads.custom_action", thread_id=c.thread, item_id=widget, action={"type": "replace", "payload": "once"}
    )
    await c.do("threads.custom_action", thread_id=c.thread, item_id=widget, action={"type": "fail"})
    await c.do("threads.sync_custom_action", thread_id=c.thread, action={"type": "nothing"})
    await c.look()
    await c.do("threads.custom_action", thread_id=c.thread, item_id=widget, action={"type": "root"})
    await c.look(differs="what an action changed in a stream is stored")


@_on("full")
async def an_action_at_once(c: Conversation) -> None:
    await c.create("widget")
    widget = c.item("widget")
    action = {"type": "press", "payload": 7}
    await c.do("threads.sync_custom_action", thread_id=c.thread, item_id=widget, action=action)
    await c.look(differs="what an action changed at once is stored")


@_on("full")
async def actions_that_come_from_no_widget(c: Conversation) -> None:
    await c.create("widget")
    message = c.item("user_message")
    where = {"thread_id": c.thread, "item_id": message, "action": {"type": "press"}}
    await c.do("threads.custom_action", **where, differs="actions come from widgets")
    await c.do("threads.sync_custom_action", **where, differs="what cannot be is 422")
    await c.look()


@_on("full")
async def a_client_tool(c: Conversation) -> None:
    await c.create("client_tool")
    await c.do("threads.add_client_tool_output", thread_id=c.thread, result={"selected": ["a", 1, None, {"b": 0.5}]})
    await c.look()
    await c.do("threads.add_client_tool_output", thread_id=c.thread, result="late", differs="what cannot be is 422")
    await c.look()


@_on("full")
async def a_client_tool_that_answers_nothing(c: Conversation) -> None:
    await c.create("client_tool")
    await c.do("threads.add_client_tool_output", thread_id=c.thread, result=None)
    await c.look()


@_on("full")
async def two_client_tools_of_which_one_is_dropped(c: Conversation) -> None:
    await c.create("two_client_tools")
    await c.do("threads.add_client_tool_output", thread_id=c.thread, result="one")
    await c.look()


@_on("full")
async def a_client_tool_that_nobody_waits_for(c: Conversation) -> None:
    await c.create("client_tool")
    await c.say("text")
    await c.do("threads.add_client_tool_output", thread_id=c.thread, result=1, differs="what cannot be is 422")
    await c.look()


@_on("full")
async def a_form(c: Conversation) -> None:
    await c.create("form")
    form = c.item("structured_input")
    answers = {
        "size": {"values": ["S", "M"]},
        "colours": {"values": ["red", "blue"], "skipped": False},
        "notes": {"values": [], "skipped": False},
        "unasked": {"values": ["x"]},
    }
    asked = {"thread_id": c.thread, "item_id": form, "input": {"status": "answered", "answers": answers}}
    await c.do("threads.add_structured_input", **asked)
    await c.look()
    await c.do("threads.add_structured_input", **asked, differs="what cannot be is 422")
    message = {**asked, "item_id": c.item("user_message")}
    await c.do("threads.add_structured_input", **message, differs="what cannot be is 422")
    await c.look()


@_on("full")
async def a_form_that_is_skipped(c: Conversation) -> None:
    await c.create("form")
    skipped = {"status": "skipped", "answers": {"size": {"values": ["S"]}}}
    await c.do("threads.add_structured_input", thread_id=c.thread, item_id=c.item("structured_input"), input=skipped)
    await c.look()


@_on("full")
async def a_retry(c: Conversation) -> None:
    await c.create("text")
    first = c.item("user_message")
    await c.say("two_messages")
    await c.say("widget")
    await c.do("threads.retry_after_item", thread_id=c.thread, item_id=c.items["user_message"][1])
    await c.look()
    await c.do("threads.retry_after_item", thread_id=c.thread, item_id=first)
    await c.look()
    await c.do("threads.list")


@_on("full")
async def a_retry_of_something_else(c: Conversation) -> None:
    await c.create("text")
    where = {"thread_id": c.thread}
    await c.do(
        "threads.retry_after_item", **where, item_id=c.item("assistant_message"), differs="what cannot be is 422"
    )
    await c.do("threads.retry_after_item", **where, item_id="msg_unknown", differs="a retry after nothing is 404")
    await c.look()


@_on("full")
async def feedback(c: Conversation) -> None:
    await c.create("text")
    where = {"thread_id": c.thread}
    await c.do("items.feedback", **where, item_ids=[c.item("assistant_message")], kind="positive")
    await c.look()
    ids = [c.item("assistant_message"), c.item("user_message"), c.item("user_message")]
    await c.do("items.feedback", **where, item_ids=ids, kind="negative")
    await c.look()


@_on("full")
async def feedback_on_nothing(c: Conversation) -> None:
    await c.create("text")
    differs = "feedback is about items that are there"
    await c.do("items.feedback", thread_id=c.thread, item_ids=["msg_unknown"], kind="positive", differs=differs)


@_on("full")
async def attachments(c: Conversation) -> None:
    for name, mime_type in (("résumé.pdf", "application/pdf"), ("cat.png", "image/png"), ("x.txt", "text/plain")):
        await c.do("attachments.create", name=name, size=12_345, mime_type=mime_type)
    await c.do("attachments.delete", attachment_id=c.attachments[2])
    await c.do(
        "threads.create",
        input={**said("echo"), "attachments": c.attachments[:2]},
        differs="addresses for uploads are not kept",
    )
    await c.look(differs="addresses for uploads are not kept")
    await c.do("attachments.delete", attachment_id=c.attachments[0], differs="a file that was sent stays")
    await c.do("attachments.delete", attachment_id=c.attachments[2], differs="what is unknown is 404")


@_on("full")
async def the_same_attachment_twice(c: Conversation) -> None:
    await c.do("attachments.create", name="a.txt", size=1, mime_type="text/plain")
    await c.do("threads.create", input={**said("text"), "attachments": c.attachments * 2}, differs="each file once")


@_on("full")
async def an_attachment_that_does_not_exist(c: Conversation) -> None:
    unknown = {**said("text"), "attachments": ["atc_unknown"]}
    await c.do("threads.create", input=unknown, differs="what is unknown is 404")
    await c.do("threads.list", differs="no orphan threads")
    await c.create("text")
    await c.do("threads.add_user_message", thread_id=c.thread, input=unknown, differs="what is unknown is 404")
    await c.look()


@_on("full")
async def dictation(c: Conversation) -> None:
    await c.do("input.transcribe", audio_base64="AAEC", mime_type="audio/webm;codecs=opus")
    await c.do("input.transcribe", audio_base64="", mime_type="audio/mp4")
    await c.do("input.transcribe", audio_base64="AA*EC", mime_type="audio/mp4", differs="audio is base64")


@_on("full")
async def an_empty_message(c: Conversation) -> None:
    await c.create("text")
    nothing = {"content": [], "attachments": [], "inference_options": {}}
    await c.do("threads.add_user_message", thread_id=c.thread, input=nothing, differs="an empty message is 422")


@_on("full")
async def a_thread_that_says_whether_it_can_be_stopped(c: Conversation) -> None:
    await c.create("text")
    await c.do("threads.update", thread_id=c.thread, title="no stop")
    await c.say("text")


@_on("full")
async def a_closed_thread(c: Conversation) -> None:
    await _unwelcome(c, "close")


@_on("full")
async def a_locked_thread(c: Conversation) -> None:
    await _unwelcome(c, "lock")


async def _unwelcome(c: Conversation, script: str) -> None:
    await c.create(script)
    await c.look()
    await c.say("text", differs="closed and locked threads refuse")
    await c.look(differs="nothing was said in the closed thread")
    await c.do("threads.update", thread_id=c.thread, title="Still mine")
    await c.do("threads.list")


@_on("full")
async def hidden_items_that_are_added_and_replaced(c: Conversation) -> None:
    await c.create("hidden_leak", differs="hidden items never leave")
    await c.look()
    await c.say("recall")


@_on("full")
async def an_answer_that_is_never_finished(c: Conversation) -> None:
    await c.create("unfinished", differs="what was said before an error is finished")
    await c.look(differs="what was shown is there")


@_on("full")
async def an_error_in_the_middle(c: Conversation) -> None:
    await c.create("custom_error", differs="what was said before an error is finished")
    await c.look(differs="what was shown is there")


@_on("full")
async def an_exception_in_the_middle(c: Conversation) -> None:
    await c.create("exception", differs="what was said before an error is finished")
    await c.look(differs="what was shown is there")
    await c.say("text")


@_on("full")
async def a_timeout(c: Conversation) -> None:
    await c.create("timeout", differs="known failures are told in words")
    await c.look()


@_on("full")
async def a_stop_that_the_server_handles_itself(c: Conversation) -> None:
    await c.create("text")
    await c.say("hold", leave_at="an answer")
    await c.say("recall")
    await c.look()


@_on("plain")
async def a_stop(c: Conversation) -> None:
    await c.create("text")
    await c.do("threads.create", input=said("hold"), leave_at="an answer")
    await c.do("items.list", thread_id=c.threads[0])
    await c.do("threads.list")


@_on("plain")
async def what_a_stop_leaves(c: Conversation) -> None:
    await c.create("hold_before_the_first_word", leave_at="thread.item.added")
    await c.say("recall")
    await c.look()


@_on("plain")
async def work_that_is_stopped(c: Conversation) -> None:
    await c.create("hold", leave_at="an answer")
    free: Any = {"thread_id": c.thread, "item_id": "msg_unknown"}
    await c.do("threads.retry_after_item", **free, differs="a retry after nothing is 404")
    await c.look(differs="work that was stopped is kept")


@_on("plain")
async def what_is_not_overridden(c: Conversation) -> None:
    await c.create("everything")
    differs = "what is not overridden is 422"
    action = {"thread_id": c.thread, "item_id": c.item("widget"), "action": {"type": "press"}}
    await c.do("threads.custom_action", **action, differs=differs)
    await c.do("threads.sync_custom_action", **action, differs=differs)
    await c.do("attachments.create", name="a", size=1, mime_type="text/plain", differs=differs)
    await c.do("input.transcribe", audio_base64="AAEC", mime_type="audio/mp4", differs=differs)
    await c.do("items.feedback", thread_id=c.thread, item_ids=[c.item("user_message")], kind="positive")
    await c.look()


@_on("full")
async def ids_that_nobody_knows(c: Conversation) -> None:
    await c.create("text")
    differs = "what is unknown is 404"
    thread: dict[str, Any] = {"thread_id": UNKNOWN}
    item = {**thread, "item_id": "msg_unknown"}
    for operation, params in [
        ("threads.get_by_id", thread),
        ("threads.update", {**thread, "title": "x"}),
        ("threads.delete", thread),
        ("threads.add_user_message", {**thread, "input": said("text")}),
        ("threads.add_client_tool_output", {**thread, "result": 1}),
        ("threads.add_structured_input", {**item, "input": {}}),
        ("threads.add_structured_input", {**item, "thread_id": c.thread, "input": {}}),
        ("threads.retry_after_item", item),
        ("threads.sync_custom_action", {**item, "action": {"type": "x"}}),
        ("threads.sync_custom_action", {**item, "thread_id": c.thread, "action": {"type": "x"}}),
        ("threads.custom_action", {**item, "action": {"type": "x"}}),
        ("threads.list", {"after": UNKNOWN}),
        ("items.list", thread),
        ("items.list", {"thread_id": c.thread, "after": "msg_unknown"}),
    ]:
        await c.do(operation, **params, differs=differs)
    await c.look()
