"""Every kind of item comes back as it went in, alone and in a list."""

from collections.abc import Callable
from typing import Any

from chatkit.types import (
    Annotation,
    AssistantMessageContent,
    ClientToolCallItem,
    CustomSummary,
    CustomTask,
    DurationSummary,
    EndOfTurnItem,
    EntitySource,
    FileSource,
    FileTask,
    GeneratedImage,
    GeneratedImageItem,
    HiddenContextItem,
    ImageAttachment,
    ImageTask,
    InferenceOptions,
    SDKHiddenContextItem,
    SearchTask,
    StructuredInputAnswer,
    StructuredInputFreeform,
    StructuredInputItem,
    StructuredInputMultipleChoice,
    StructuredInputMultipleChoiceOption,
    TaskItem,
    ThoughtTask,
    ThreadItem,
    ThreadMetadata,
    ToolChoice,
    URLSource,
    UserMessageTagContent,
    UserMessageTextContent,
    WidgetItem,
    Workflow,
    WorkflowItem,
)
from chatkit.widgets import Button, Card, Col, ListView, ListViewItem, Text
from pydantic import AnyUrl

from chatkit_host.testing.store_contract.case import World, case

Make = Callable[[World, ThreadMetadata], ThreadItem]

_ICON: Any = "globe"


def _kind(make: Make) -> Make:
    @case("items", f"{make.__name__}_comes_back_as_it_was")
    async def comes_back(w: World) -> None:
        thread = await w.saved_thread()
        item = make(w, thread)
        await w.add(thread, item)
        loaded = await w.store.load_item(thread.id, item.id, w.alice)
        assert type(loaded) is type(item)
        assert loaded.model_dump() == item.model_dump()
        listed = (await w.store.load_thread_items(thread.id, None, 20, "asc", w.alice)).data
        assert [each.model_dump() for each in listed] == [item.model_dump()]

    return make


@_kind
def a_question_with_text_and_tag(w: World, thread: ThreadMetadata) -> ThreadItem:
    tag = UserMessageTagContent(id="doc_1", text="@report", data={"pages": [1, 2], "author": None}, group="docs")
    options = InferenceOptions(tool_choice=ToolChoice(id="search"), model="small")
    return w.question(
        thread, content=[UserMessageTextContent(text="See"), tag], inference_options=options, quoted_text="this"
    )


@_kind
def a_question_with_attachments(w: World, thread: ThreadMetadata) -> ThreadItem:
    image = ImageAttachment(
        id="atc_image", name="cat.png", mime_type="image/png", preview_url=AnyUrl("https://images.example/cat.png")
    )
    return w.question(thread, attachments=[w.attachment(thread_id=thread.id, metadata={"pages": 3}), image])


@_kind
def an_answer_with_annotations(w: World, thread: ThreadMetadata) -> ThreadItem:
    sources = [
        URLSource(title="A page", url="https://example.org/", attribution="Example"),
        FileSource(title="A file", filename="report.pdf"),
        EntitySource(title="An entity", id="ent_1", icon=_ICON, label="Entity", data={"a": "b"}, interactive=True),
    ]
    annotations = [Annotation(source=source, index=index) for index, source in enumerate(sources)]
    return w.answer(thread, content=[AssistantMessageContent(text="See these.", annotations=annotations)])


@_kind
def an_answer_in_several_parts(w: World, thread: ThreadMetadata) -> ThreadItem:
    return w.answer(thread, content=[AssistantMessageContent(text=text) for text in ("One.", "", "Three.")])


@_kind
def a_pending_client_tool_call(w: World, thread: ThreadMetadata) -> ThreadItem:
    return ClientToolCallItem(
        **w.item_fields(thread), call_id="call_1", name="get_selection", arguments={"deep": {"none": None, "n": 1.5}}
    )


@_kind
def a_completed_client_tool_call(w: World, thread: ThreadMetadata) -> ThreadItem:
    return ClientToolCallItem(
        **w.item_fields(thread),
        status="completed",
        call_id="call_1",
        name="get_selection",
        arguments={},
        output={"rows": [1, None, {"x": "y"}]},
    )


@_kind
def a_widget(w: World, thread: ThreadMetadata) -> ThreadItem:
    widget = Card(key="root", children=[Col(children=[Text(value="Hello", id="text"), Button(label="Go")])])
    return WidgetItem(**w.item_fields(thread), widget=widget, copy_text="Hello")


@_kind
def a_list_widget(w: World, thread: ThreadMetadata) -> ThreadItem:
    return WidgetItem(**w.item_fields(thread), widget=ListView(children=[ListViewItem(children=[Text(value="A row")])]))


@_kind
def a_generated_image(w: World, thread: ThreadMetadata) -> ThreadItem:
    return GeneratedImageItem(
        **w.item_fields(thread), image=GeneratedImage(id="img_1", url="data:image/png;base64,iVBORw0KGgo=")
    )


@_kind
def an_image_that_is_not_there_yet(w: World, thread: ThreadMetadata) -> ThreadItem:
    return GeneratedImageItem(**w.item_fields(thread))


@_kind
def a_structured_input(w: World, thread: ThreadMetadata) -> ThreadItem:
    options = [StructuredInputMultipleChoiceOption(value=value) for value in ("red", "green")]
    return StructuredInputItem(
        **w.item_fields(thread),
        inputs=[
            StructuredInputMultipleChoice(id="colour", question="Which?", options=options, multiple=True),
            StructuredInputFreeform(id="why", question="Why?", description="In a few words"),
        ],
    )


@_kind
def an_answered_structured_input(w: World, thread: ThreadMetadata) -> ThreadItem:
    answer = StructuredInputAnswer(values=["because"], skipped=False)
    return StructuredInputItem(
        **w.item_fields(thread),
        status="answered",
        inputs=[StructuredInputFreeform(id="why", question="Why?", answer=answer)],
    )


@_kind
def a_workflow_with_every_kind_of_task(w: World, thread: ThreadMetadata) -> ThreadItem:
    tasks = [
        CustomTask(title="Working", icon=_ICON, content="*hard*", status_indicator="loading"),
        SearchTask(title="Searching", queries=["a", "b"], sources=[URLSource(title="A", url="https://a.example/")]),
        ThoughtTask(title="Thinking", content="Hm.", status_indicator="complete"),
        FileTask(title="Reading", sources=[FileSource(title="A file", filename="a.txt")]),
        ImageTask(title="Drawing"),
    ]
    summary = CustomSummary(title="Done", icon=_ICON)
    return WorkflowItem(
        **w.item_fields(thread), workflow=Workflow(type="custom", tasks=tasks, summary=summary, expanded=True)
    )


@_kind
def a_workflow_of_thoughts(w: World, thread: ThreadMetadata) -> ThreadItem:
    workflow = Workflow(type="reasoning", tasks=[ThoughtTask(content="Hm.")], summary=DurationSummary(duration=7))
    return WorkflowItem(**w.item_fields(thread), workflow=workflow)


@_kind
def a_task(w: World, thread: ThreadMetadata) -> ThreadItem:
    return TaskItem(**w.item_fields(thread), task=CustomTask(title="Working", status_indicator="complete"))


@_kind
def hidden_context(w: World, thread: ThreadMetadata) -> ThreadItem:
    return HiddenContextItem(**w.item_fields(thread), content=["anything", {"at": None}, 3])


@_kind
def hidden_context_of_nothing(w: World, thread: ThreadMetadata) -> ThreadItem:
    # The content is required, so that a store that leaves out None cannot load this again.
    return HiddenContextItem(**w.item_fields(thread), content=None)


@_kind
def hidden_context_of_the_sdk(w: World, thread: ThreadMetadata) -> ThreadItem:
    return SDKHiddenContextItem(**w.item_fields(thread), content="The user cancelled the stream.")


@_kind
def an_end_of_turn(w: World, thread: ThreadMetadata) -> ThreadItem:
    return EndOfTurnItem(**w.item_fields(thread))
