"""Events that are written down while somebody waits say what the SDK's models would."""

from datetime import UTC, datetime, timedelta, timezone

from chatkit.types import (
    ActiveStatus,
    AssistantMessageItem,
    InferenceOptions,
    LockedStatus,
    Page,
    StreamOptions,
    StreamOptionsEvent,
    ThreadCreatedEvent,
    ThreadItem,
    ThreadItemDoneEvent,
    ThreadMetadata,
    UserMessageItem,
    UserMessageTextContent,
)
from hypothesis import given
from hypothesis import strategies as st

from chatkit_host.clock import as_utc, utc_now
from chatkit_host.engine.events import done, encode, stream_options, thread_answer, thread_begun
from chatkit_host.text import safe_text

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - as Hypothesis wants it
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]),
)
MESSAGE = AssistantMessageItem(id="msg", thread_id="thr", created_at=utc_now(), content=[])


@given(st.text(), st.none() | st.text(), MOMENTS, st.booleans(), st.none() | st.just(["example.com"]))
def test_a_thread_that_begins_is_told_as_the_sdk_tells_it(
    thread_id: str, title: str | None, moment: datetime, locked: bool, domains: list[str] | None
) -> None:
    thread = ThreadMetadata(
        id=safe_text(thread_id),
        title=None if title is None else safe_text(title),
        created_at=as_utc(moment),
        status=LockedStatus() if locked else ActiveStatus(),
        allowed_image_domains=domains,
        metadata={"secret": "not for clients"},
    )
    for items in (Page[ThreadItem](), Page[ThreadItem](data=[MESSAGE])):
        answer = thread_answer(thread, items)
        assert thread_begun(thread, items) == encode(ThreadCreatedEvent(thread=answer))


@given(st.text(), MOMENTS, st.none() | st.text(), st.none() | st.text())
def test_a_question_is_told_as_the_sdk_tells_it(
    text: str, moment: datetime, quoted: str | None, model: str | None
) -> None:
    question = UserMessageItem(
        id="msg",
        thread_id="thr",
        created_at=as_utc(moment),
        content=[UserMessageTextContent(text=text)],
        quoted_text=quoted,
        inference_options=InferenceOptions(model=model),
    )
    assert done(question) == encode(ThreadItemDoneEvent(item=question))


class MoreOptions(StreamOptions):
    more: str = "of a server's own"


def test_stream_options_are_told_as_the_sdk_tells_them() -> None:
    for options in (
        StreamOptions(allow_cancel=True),
        StreamOptions(allow_cancel=False),
        MoreOptions(allow_cancel=True),
    ):
        assert stream_options(options) == encode(StreamOptionsEvent(stream_options=options))
