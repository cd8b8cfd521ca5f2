"""Operations of our own at ChatKit's address: to edit a message that was sent, and to change between what it was and is.

They are announced in `ChatKit-Extensions`; a plain client never sends them.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from chatkit.types import BaseReq, ChatKitReq, NonStreamingReq, StreamingReq, UserMessageInput
from pydantic import BaseModel, ConfigDict, Field

from chatkit_host.engine.ports import Versions

EXTENSIONS = ("edit", "versions")


class EditMessageParams(BaseModel):
    thread_id: str
    item_id: str
    input: UserMessageInput


class ThreadsEditMessageReq(BaseReq):
    """A message of the user is replaced, with all that followed it, and answered."""

    type: Literal["threads.edit_message"] = "threads.edit_message"
    params: EditMessageParams


class ListVersionsParams(BaseModel):
    thread_id: str


class ThreadsListVersionsReq(BaseReq):
    """Where the thread, as it is shown, has other versions."""

    type: Literal["threads.list_versions"] = "threads.list_versions"
    params: ListVersionsParams


class ChooseVersionParams(BaseModel):
    thread_id: str
    version_id: str


class ThreadsChooseVersionReq(BaseReq):
    """Shows another version from its place on. Answers as `threads.list_versions` does after it."""

    type: Literal["threads.choose_version"] = "threads.choose_version"
    params: ChooseVersionParams


class VersionsOfItem(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    item_id: str | None
    """The first item of the version that is shown."""
    versions: list[str]
    """Ids, oldest first. One that an answer began with has that answer's `ChatKit-Turn` as its id."""
    chosen: str


class VersionsAnswer(BaseModel):
    data: list[VersionsOfItem]


OurStreamingReq = ThreadsEditMessageReq
OurNonStreamingReq = ThreadsListVersionsReq | ThreadsChooseVersionReq

AnyStreamingReq = StreamingReq | OurStreamingReq
AnyNonStreamingReq = NonStreamingReq | OurNonStreamingReq
AnyReq = Annotated[ChatKitReq | OurStreamingReq | OurNonStreamingReq, Field(discriminator="type")]


def versions_answer(found: Sequence[Versions]) -> VersionsAnswer:
    return VersionsAnswer(
        data=[VersionsOfItem(item_id=each.item_id, versions=list(each.ids), chosen=each.chosen) for each in found]
    )
