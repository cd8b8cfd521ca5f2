"""What the official SDK asks of a Store and its samples do not give, seen through the server on two stores."""

import re

import pytest
from chatkit.types import AssistantMessageItem
from support.chat import Chat, text_of


async def test_ids_cannot_be_guessed_and_do_not_collide(chat: Chat) -> None:
    """The SDK's own have 32 random bits."""
    answers = [await chat.create("silence") for _ in range(5)]

    ids = [answer.thread_id for answer in answers] + [answer.items[0].id for answer in answers]
    assert len(set(ids)) == 10
    assert all(re.fullmatch(r"(thr|msg)_[0-9a-f]{32}", one) for one in ids)


async def test_a_thread_whose_title_changes_while_it_is_created_can_be_loaded(chat: Chat) -> None:
    """The SDK passes a `Thread` with its items to `save_thread`; stored whole, it can never be read again."""
    created = await chat.create("title")

    thread = await chat.thread(created.thread_id)
    assert thread.title == "After the last word"
    assert [item.id for item in thread.items.data] == [item.id for item in created.items]
    assert [one["title"] for one in (await chat.get("threads.list")).json()["data"]] == ["After the last word"]


async def test_an_item_that_is_done_twice_is_there_once_and_keeps_its_place(chat: Chat) -> None:
    created = await chat.create("twice")

    items = await chat.items(created.thread_id)
    assert [text_of(item) for item in items if isinstance(item, AssistantMessageItem)] == ["Twice.", "After it."]
    assert len({item.id for item in items}) == 3


async def test_an_item_that_replaces_nothing_is_added(chat: Chat) -> None:
    created = await chat.create("replace")

    texts = [text_of(item) for item in await chat.items(created.thread_id) if isinstance(item, AssistantMessageItem)]
    assert texts == ["Second version.", "Something after it.", "Never there before."]


async def test_removing_what_was_never_there_is_fine(chat: Chat) -> None:
    created = await chat.create("remove")

    assert created.errors == []
    texts = [text_of(item) for item in await chat.items(created.thread_id) if isinstance(item, AssistantMessageItem)]
    assert texts == ["Stays."]


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_items_of_the_same_moment_are_all_listed_in_their_order(chat: Chat, order: str) -> None:
    thread_id = (await chat.create("same_moment")).thread_id

    listed: list[str] = []
    after = None
    while True:
        page = (await chat.get("items.list", thread_id=thread_id, limit=2, order=order, after=after)).json()
        listed += [item["content"][0]["text"] for item in page["data"]]
        if not page["has_more"]:
            break
        after = page["after"]

    expected = ["same_moment", *(f"Item {number}" for number in range(6))]
    assert listed == (expected if order == "asc" else expected[::-1])


async def test_a_deleted_thread_is_gone_with_all_that_was_in_it(chat: Chat) -> None:
    created = await chat.create("everything")

    assert (await chat.get("threads.delete", thread_id=created.thread_id)).json() == {}

    assert (await chat.get("threads.list")).json()["data"] == []
    for operation in ("threads.get_by_id", "items.list", "threads.delete"):
        assert (await chat.get(operation, thread_id=created.thread_id)).status_code == 404
