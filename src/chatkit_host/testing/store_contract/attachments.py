"""Attachments: descriptions of files, saved before and after a message uses them."""

from typing import Any

from chatkit.types import AttachmentUploadDescriptor, ImageAttachment
from pydantic import AnyUrl

from chatkit_host.testing.store_contract.case import World, assert_not_found, case


@case("attachments")
async def a_saved_file_is_loaded_whole(w: World) -> None:
    attachment = w.attachment(name="отчёт 📄.txt", metadata={"pages": 3, "none": None})
    await w.store.save_attachment(attachment, w.alice)
    assert await w.store.load_attachment(attachment.id, w.alice) == attachment


@case("attachments")
async def a_saved_image_is_loaded_whole(w: World) -> None:
    await _comes_back(w, _image(w, preview_url=AnyUrl("https://images.example/cat.png?size=small")))


@case("attachments")
async def a_preview_may_be_a_data_url(w: World) -> None:
    await _comes_back(w, _image(w, preview_url=AnyUrl("data:image/png;base64,iVBORw0KGgo=")))


@case("attachments")
async def an_unknown_attachment_is_not_found(w: World) -> None:
    await assert_not_found(w.store.load_attachment("atc_unknown", w.alice))


@case("attachments")
async def where_to_upload_is_kept_until_it_is_taken_back(w: World) -> None:
    descriptor = AttachmentUploadDescriptor(
        url=AnyUrl("https://upload.example/1?sign=x%2Fy"), method="PUT", headers={"x-token": "1"}
    )
    attachment = w.attachment(upload_descriptor=descriptor)
    await _comes_back(w, attachment)
    await _comes_back(w, attachment.model_copy(update={"upload_descriptor": None}))


@case("attachments")
async def saving_an_attachment_again_replaces_it(w: World) -> None:
    # The SDK saves it again with the thread's id when a message uses it.
    thread = await w.saved_thread()
    attachment = w.attachment()
    await w.store.save_attachment(attachment, w.alice)
    await _comes_back(w, attachment.model_copy(update={"thread_id": thread.id}))


@case("attachments")
async def a_deleted_attachment_is_not_found(w: World) -> None:
    attachment = w.attachment()
    await w.store.save_attachment(attachment, w.alice)
    await w.store.delete_attachment(attachment.id, w.alice)
    await assert_not_found(w.store.load_attachment(attachment.id, w.alice))


@case("attachments")
async def deleting_an_attachment_leaves_the_others(w: World) -> None:
    gone, stays = w.attachment(), w.attachment()
    for attachment in (gone, stays):
        await w.store.save_attachment(attachment, w.alice)
    await w.store.delete_attachment(gone.id, w.alice)
    assert await w.store.load_attachment(stays.id, w.alice) == stays


@case("attachments")
async def changing_a_loaded_attachment_changes_nothing_stored(w: World) -> None:
    attachment = w.attachment(metadata={"pages": 3})
    await w.store.save_attachment(attachment, w.alice)
    loaded = await w.store.load_attachment(attachment.id, w.alice)
    loaded.name = "changed.txt"
    (loaded.metadata or {})["pages"] = 4
    again = await w.store.load_attachment(attachment.id, w.alice)
    assert (again.name, again.metadata) == ("notes.txt", {"pages": 3})


def _image(w: World, **fields: Any) -> ImageAttachment:
    return ImageAttachment(id=w.attachment().id, name="cat.png", mime_type="image/png", **fields)


async def _comes_back(w: World, attachment: Any) -> None:
    await w.store.save_attachment(attachment, w.alice)
    assert await w.store.load_attachment(attachment.id, w.alice) == attachment
