"""What the events of unfinished items add up to."""

from datetime import UTC, datetime, timedelta, timezone

from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageContentPartAdded,
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    CustomTask,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemUpdatedEvent,
    Workflow,
    WorkflowItem,
    WorkflowTaskAdded,
    WorkflowTaskUpdated,
)
from hypothesis import given
from hypothesis import strategies as st

from chatkit_host.clock import as_utc, utc_now
from chatkit_host.engine.events import TextDeltaEncoder, encode, message_begun
from chatkit_host.engine.fold import PendingItems, as_it_can_be_kept
from chatkit_host.engine.ports import LogEvent
from chatkit_host.text import safe_text

MESSAGE = AssistantMessageItem(id="msg", thread_id="thr", created_at=utc_now(), content=[])
WORKFLOW = WorkflowItem(id="wf", thread_id="thr", created_at=utc_now(), workflow=Workflow(type="custom", tasks=[]))


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"))))
def test_folding_the_log_gives_what_folding_as_it_happened_gave(deltas: list[str]) -> None:
    lived, log = PendingItems(), [encode(ThreadItemAddedEvent(item=MESSAGE))]
    lived.apply(ThreadItemAddedEvent(item=MESSAGE.model_copy(deep=True)))
    encoder = TextDeltaEncoder("msg", 0)
    for delta in deltas:
        lived.text("msg", 0, delta)
        log.append(encoder.encode(delta))

    read = PendingItems()
    read.apply_all(LogEvent(seq=seq, data=data) for seq, data in enumerate(log, 1))

    assert read.all() == lived.all()
    (message,) = read.all()
    assert isinstance(message, AssistantMessageItem)
    assert "".join(part.text for part in message.content) == "".join(deltas)


MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - as Hypothesis wants it
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]),
)


@given(st.text(), MOMENTS)
def test_a_message_that_begins_is_what_showing_its_events_gives(item_id: str, moment: datetime) -> None:
    item_id = safe_text(item_id)
    item = AssistantMessageItem(id=item_id, thread_id="thr", created_at=as_utc(moment), content=[])
    part = AssistantMessageContentPartAdded(content_index=0, content=AssistantMessageContent(text=""))
    events = [ThreadItemAddedEvent(item=item), ThreadItemUpdatedEvent(item_id=item_id, update=part)]
    assert list(message_begun(item_id, "thr", moment)) == [encode(event) for event in events]

    shown, begun = PendingItems(), PendingItems()
    for event in events:
        shown.apply(event)
    begun.begin_message(item_id, "thr", moment)
    assert begun.all() == shown.all()


def test_an_update_may_come_before_the_part_it_belongs_to() -> None:
    pending = PendingItems()
    pending.apply(ThreadItemAddedEvent(item=MESSAGE.model_copy(deep=True)))
    pending.apply(
        ThreadItemUpdatedEvent(
            item_id="msg", update=AssistantMessageContentPartTextDelta(content_index=1, delta="second")
        )
    )

    (message,) = pending.all()

    assert [part.text for part in message.content] == ["", "second"]  # type: ignore[union-attr]


def test_equal_tasks_are_told_apart_by_their_place() -> None:
    pending = PendingItems()
    pending.apply(ThreadItemAddedEvent(item=WORKFLOW.model_copy(deep=True)))
    for index in range(2):
        task = CustomTask(title="Same", status_indicator="loading")
        pending.apply(ThreadItemUpdatedEvent(item_id="wf", update=WorkflowTaskAdded(task_index=index, task=task)))
    done = CustomTask(title="Same", status_indicator="complete")
    pending.apply(ThreadItemUpdatedEvent(item_id="wf", update=WorkflowTaskUpdated(task_index=1, task=done)))

    (workflow,) = pending.all()

    assert isinstance(workflow, WorkflowItem)
    assert [task.status_indicator for task in workflow.workflow.tasks] == ["loading", "complete"]


def test_a_finished_item_is_no_longer_pending() -> None:
    pending = PendingItems()
    pending.apply(ThreadItemAddedEvent(item=MESSAGE.model_copy(deep=True)))
    pending.text("msg", 0, "said")
    pending.apply(ThreadItemDoneEvent(item=MESSAGE))

    assert pending.all() == []


def test_what_is_kept_of_an_unfinished_answer() -> None:
    spoken = MESSAGE.model_copy(update={"content": [AssistantMessageContent(text="Half a sen")]})
    silent = MESSAGE.model_copy(update={"content": [AssistantMessageContent(text=" \n")]})
    busy = WORKFLOW.model_copy(
        update={"workflow": Workflow(type="custom", tasks=[CustomTask(title="Call", status_indicator="loading")])}
    )

    assert as_it_can_be_kept(spoken) == spoken
    assert as_it_can_be_kept(silent) is None
    assert as_it_can_be_kept(WORKFLOW) is None
    kept = as_it_can_be_kept(busy)
    assert isinstance(kept, WorkflowItem)
    assert [task.status_indicator for task in kept.workflow.tasks] == ["none"]


def test_an_item_handed_out_does_not_change_what_was_given() -> None:
    pending = PendingItems()
    pending.apply(ThreadItemAddedEvent(item=MESSAGE.model_copy(deep=True)))
    pending.apply(
        ThreadItemUpdatedEvent(
            item_id="msg",
            update=AssistantMessageContentPartAdded(content_index=0, content=AssistantMessageContent(text="new")),
        )
    )

    assert MESSAGE.content == []
