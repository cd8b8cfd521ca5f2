"""Search in both databases: the same words find the same messages, and nothing that anybody types is an operator."""

import random
from datetime import timedelta

import pytest
import sqlalchemy as sa
from chatkit.types import AssistantMessageContent, HiddenContextItem, ThreadMetadata
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.turns import ALICE, BOB, NOON, answer, begun_turn, end_turn, later, new_thread, question

from chatkit_host.errors import InvalidInput
from chatkit_host.ids import Owner, new_id
from chatkit_host.store import migrate as migration
from chatkit_host.store.chatkit_store import DatabaseStore
from chatkit_host.store.conversation_lists import DatabaseConversationLists
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import Database
from chatkit_host.store.migrate import migrate
from chatkit_host.store.queries import search
from chatkit_host.store.tables import message_words
from chatkit_host.store.words import excerpt, indexed, terms


@pytest.fixture
def lists(database: Database) -> DatabaseConversationLists:
    return DatabaseConversationLists(database)


@pytest.fixture
def store(database: Database) -> DatabaseConversations:
    return DatabaseConversations(database)


async def _said(
    store: DatabaseConversations, *texts: str, owner: Owner = ALICE, thread: ThreadMetadata | None = None
) -> ThreadMetadata:
    """A question, and answers to it."""
    creates = thread is None
    thread = thread or new_thread()
    asked = question(thread.id, texts[0])
    new = await begun_turn(store, owner, thread, creates_thread=creates, items=[asked], input_item_id=asked.id)
    await end_turn(store, new.lease, items=[answer(thread.id, text) for text in texts[1:]])
    return thread


async def _found(lists: DatabaseConversationLists, asked: str, owner: Owner = ALICE) -> list[str]:
    """The excerpts, hits in brackets, newest first."""
    found = await lists.search(owner, asked, limit=50)
    return ["".join(f"[{part.text}]" if part.hit else part.text for part in each.excerpt) for each in found]


async def _words_kept(database: Database) -> int:
    rows = await database.reading(lambda r: r.all(sa.select(message_words.c.id)))
    return len(rows)


async def _check_the_index(database: Database) -> None:
    """Of SQLite: raises where the index has not just what `message_words` has."""
    check = "INSERT INTO message_words_index (message_words_index, rank) VALUES ('integrity-check', 1)"
    await database.writing(search.catch_up)
    await database.writing(lambda w: w.schema(lambda c: c.exec_driver_sql(check)))


async def test_a_message_is_found_by_its_words(store: DatabaseConversations, lists: DatabaseConversationLists) -> None:
    thread = await _said(store, "Where is the blue bicycle?", "In the shed, beside the ladder.")
    (found,) = await lists.search(ALICE, "bicycle", limit=5)
    items = (await store.load_items(ALICE, thread.id, limit=5, after=None, order="asc")).data
    assert (found.thread_id, found.item_id, found.speaker) == (thread.id, items[0].id, "user")
    assert found.created_at == items[0].created_at
    assert await _found(lists, "BLUE bicycle") == ["Where is the [blue] [bicycle]?"]
    assert await _found(lists, "blue ladder") == []
    assert await _found(lists, "the") == ["In [the] shed, beside [the] ladder.", "Where is [the] blue bicycle?"]


async def test_the_last_word_may_be_a_beginning(store: DatabaseConversations, lists: DatabaseConversationLists) -> None:
    await _said(store, "The blue bicycle")
    assert await _found(lists, "blue bic") == ["The [blue] [bic]ycle"]
    assert await _found(lists, "blue b") == ["The [blue] [b]icycle"]
    assert await _found(lists, "bl bicycle") == []
    assert await _found(lists, "icycle") == []


@pytest.mark.parametrize(
    ("text", "asked", "found"),
    [
        ("Größe: naïve Ångström", "grosse naive angs", "[Größe]: [naïve] [Ångs]tröm"),
        ("Größe", "GROẞE", "[Größe]"),
        ("foo-bar_baz@example.com", "bar baz", "foo-[bar]_[baz]@example.com"),
        ("see https://example.com/a/b?c=d", "example com", "see https://[example].[com]/a/b?c=d"),
        ("Python入门教程", "python", "[Python]入门教程"),
        ("今天天气很好", "天气", "今天[天气]很好"),
        ("今天天气很好", "好", "今天天气很[好]"),
        ("カタカナとひらがな", "かな", None),
        ("ประเทศไทย", "ไทย", "ประเทศ[ไทย]"),
        ("हिन्दी में", "हिन्दी", "[हिन्दी] में"),
        ("دُکان سے دودھ", "دکان", "[دُکان] سے دودھ"),
        ("می‌روم", "میروم", "[می‌روم]"),
        ("مي‌روم", "xyz", None),
        ("ﬁne ｆｕｌｌ", "fine full", "[ﬁne] [ｆｕｌｌ]"),
        ("room 101", "101", "room [101]"),
        ("it's", "it s", "[it]'[s]"),
        ("x" * 100, "x" * 100, "[" + "x" * 100 + "]"),
    ],
)
async def test_people_write_in_many_ways(
    store: DatabaseConversations, lists: DatabaseConversationLists, text: str, asked: str, found: str | None
) -> None:
    await _said(store, text)
    assert await _found(lists, asked) == ([] if found is None else [found])


@pytest.mark.parametrize(
    "asked",
    [
        '"',
        "'",
        "*",
        "AND",
        "OR NOT",
        "NEAR(a b)",
        "words : x",
        "^a",
        "a*",
        "-a",
        "{",
        "\\",
        "%",
        "\0",
        "😀",
        "()",
        "&|!:<->",
        "a AND",
        "'; DROP TABLE threads; --",
        "x" * 1000,
        "x " * 500,
        "日" * 500,
        " ",
        "",
        "\ud800",
        "a\u0301" * 300,
    ],
)
async def test_whatever_is_asked_is_no_error(
    store: DatabaseConversations, lists: DatabaseConversationLists, asked: str
) -> None:
    await _said(store, "Nothing of that")
    assert await _found(lists, asked) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.text(max_size=60), said=st.text(max_size=60))
async def test_any_text_can_be_said_and_asked(
    lists: DatabaseConversationLists, store: DatabaseConversations, asked: str, said: str
) -> None:
    owner = Owner(new_id("request"))
    await _said(store, said or " ", owner=owner)
    await lists.search(owner, asked, limit=5)
    wanted = terms(said)
    assert len(await lists.search(owner, said, limit=5)) == (0 if wanted is None else 1)


async def test_one_owner_never_finds_anothers(store: DatabaseConversations, lists: DatabaseConversationLists) -> None:
    await _said(store, "secret plans")
    await _said(store, "my plans", owner=BOB)
    assert await _found(lists, "plans") == ["secret [plans]"]
    assert await _found(lists, "plans", BOB) == ["my [plans]"]
    assert await _found(lists, "secret", BOB) == []


async def test_the_newest_is_found_first(store: DatabaseConversations, lists: DatabaseConversationLists) -> None:
    first = await _said(store, "word 0")
    for number in range(1, 5):
        await _said(store, f"word {number}")
    await _said(store, "word 5", thread=first)
    assert await _found(lists, "word") == [f"[word] {number}" for number in (5, 4, 3, 2, 1, 0)]
    assert len(await lists.search(ALICE, "word", limit=2)) == 2
    with pytest.raises(InvalidInput):
        await lists.search(ALICE, "word", limit=0)


async def test_hidden_items_and_those_set_aside_are_not_found(
    store: DatabaseConversations, lists: DatabaseConversationLists
) -> None:
    thread = await _said(store, "a question", "old answer")
    new = await begun_turn(store, thread=thread)
    hidden = HiddenContextItem(id="hcx_1", thread_id=thread.id, created_at=later(), content="hidden answer")
    await end_turn(store, new.lease, items=[hidden])
    assert await _found(lists, "answer") == ["old [answer]"]
    asked = (await store.load_items(ALICE, thread.id, limit=1, after=None, order="asc")).data[0]
    for status, found in (("failed", ["old [answer]"]), ("completed", ["new [answer]"])):
        again = await begun_turn(
            store, thread=thread, operation="retry", items=[], input_item_id=asked.id, supersedes_after=asked.id
        )
        assert await _found(lists, "answer") == []
        said = [answer(thread.id, "new answer")] if status == "completed" else []
        await end_turn(store, again.lease, "completed" if status == "completed" else "failed", items=said)
        assert await _found(lists, "answer") == found


async def test_an_item_that_changes_is_found_by_its_new_words(
    store: DatabaseConversations, lists: DatabaseConversationLists, database: Database
) -> None:
    thread = await _said(store, "a question", "the first answer")
    item = (await store.load_items(ALICE, thread.id, limit=1, after=None, order="desc")).data[0]
    await store.save_item(
        ALICE, thread.id, item.model_copy(update={"content": [AssistantMessageContent(text="second")]})
    )
    assert await _found(lists, "first") == []
    assert await _found(lists, "second") == ["[second]"]
    context = {"user_id": ALICE}
    theirs = DatabaseStore(database)
    await theirs.add_thread_item(thread.id, answer(thread.id, "third"), context)
    assert await _found(lists, "third") == ["[third]"]
    hidden = HiddenContextItem(id=item.id, thread_id=thread.id, created_at=later(), content="second")
    await theirs.save_item(thread.id, hidden, context)
    assert await _found(lists, "second") == []


async def test_what_is_deleted_is_not_found_and_leaves_nothing(
    store: DatabaseConversations, lists: DatabaseConversationLists, database: Database
) -> None:
    thread = await _said(store, "one word", "two word", "three word")
    kept = await _said(store, "other word")
    item = (await store.load_items(ALICE, thread.id, limit=2, after=None, order="asc")).data[1]
    await DatabaseStore(database).delete_thread_item(thread.id, item.id, {"user_id": ALICE})
    assert await _found(lists, "word") == ["other [word]", "three [word]", "one [word]"]
    await store.delete_thread(ALICE, thread.id)
    assert await _found(lists, "word") == ["other [word]"]
    assert await _words_kept(database) == 1
    await store.delete_thread(ALICE, kept.id)
    assert await _words_kept(database) == 0
    if database.address.is_sqlite:
        await _check_the_index(database)


async def test_whatever_happens_between_two_searches_is_found_in_the_next(
    store: DatabaseConversations, lists: DatabaseConversationLists, database: Database
) -> None:
    """More messages than SQLite's index is told of at once, changed and deleted before and after it knows them."""
    draw, context, theirs = random.Random(11), {"user_id": ALICE}, DatabaseStore(database)
    thread = await _said(store, "beginning")
    words: dict[str, str] = {}

    async def shown(asked: str) -> list[str]:
        found = await lists.search(ALICE, asked, limit=1000)
        return sorted("".join(part.text for part in each.excerpt) for each in found)

    for number in range(300):
        match draw.choice(["add", "add", "add", "change", "delete", "search"]):
            case "change" if words:
                item_id = draw.choice([*words])
                words[item_id] = f"changed{number:03}"
                await theirs.save_item(thread.id, answer(thread.id, words[item_id], id=item_id), context)
            case "delete" if words:
                # The newest too: its number in the index is given to the next message.
                item_id = draw.choice([[*words][-1], draw.choice([*words])])
                del words[item_id]
                await theirs.delete_thread_item(thread.id, item_id, context)
            case "search":
                assert await shown("word") == sorted(word for word in words.values() if word.startswith("word"))
                assert await shown("changed") == sorted(word for word in words.values() if word.startswith("changed"))
            case _:
                item = answer(thread.id, f"word{number:03}")
                words[item.id] = f"word{number:03}"
                await theirs.add_thread_item(thread.id, item, context)
    for word in words.values():
        assert await shown(word) == [word]
    if database.address.is_sqlite:
        await _check_the_index(database)


async def test_the_longest_and_oddest_messages_are_written(
    store: DatabaseConversations, lists: DatabaseConversationLists
) -> None:
    draw = random.Random(3)
    texts = [
        "y" * 1_000_000,
        " ".join(f"word{number}" for number in range(100_000)),
        "".join(chr(draw.randint(0x20000, 0x2A6DF)) for _ in range(100_000)),
        " ".join(chr(draw.randint(0x10400, 0x10427)) * 2 for _ in range(100_000)),
        "".join(chr(draw.randint(0x1, 0xD7FF)) for _ in range(100_000)),
    ]
    await _said(store, *texts)
    assert len(await _found(lists, "word17")) == 1
    assert len(await _found(lists, "y" * 60)) == 1


async def test_messages_of_the_release_before_are_found_after_migrating(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database.open(empty_url)
    await database.writing(lambda w: w.schema(_to_first_release))
    await migrate(empty_url)
    lists = DatabaseConversationLists(database)
    assert await _found(lists, "word") == [f"[word] {number}" for number in (2, 1, 0)]
    assert await _found(lists, "hidden") == []
    await database.close()


def _to_first_release(connection: sa.Connection) -> None:
    from alembic import command

    command.upgrade(migration.configuration(connection), "0001")
    said = [(f"msg_{number}", answer("thr_1", f"word {number}", id=f"msg_{number}")) for number in (2, 0, 1)]
    hidden = HiddenContextItem(id="hcx_1", thread_id="thr_1", created_at=later(), content="hidden")
    moments = {f"msg_{number}": NOON + timedelta(minutes=number) for number in range(3)} | {"hcx_1": NOON}
    is_sqlite = connection.dialect.name == "sqlite"
    written = {name: f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}" if is_sqlite else moment for name, moment in moments.items()}
    connection.execute(
        sa.text(
            "INSERT INTO threads (id, owner, status, metadata, created_at, updated_at, next_seq)"
            " VALUES ('thr_1', 'alice', '{\"type\":\"active\"}', '{}', :now, :now, 5)"
        ),
        {"now": written["msg_0"]},
    )
    for place, (item_id, item) in enumerate([*said, ("hcx_1", hidden)], start=1):
        connection.execute(
            sa.text(
                "INSERT INTO items (thread_id, id, owner, seq, kind, payload, created_at)"
                " VALUES ('thr_1', :id, 'alice', :seq, :kind, :payload, :now)"
            ),
            {
                "id": item_id,
                "seq": place,
                "kind": item.type,
                "payload": item.model_dump_json(),
                "now": written[item_id],
            },
        )


def test_an_excerpt_shows_where_the_first_hit_is() -> None:
    wanted = terms("needle")
    assert wanted is not None
    parts = excerpt("hay " * 200 + "needle " + "hay " * 200, wanted)
    assert [part.text for part in parts if part.hit] == ["needle"]
    assert (parts[0].text, parts[-1].text) == ("…", "…")
    assert len("".join(part.text for part in parts)) < 210
    assert "".join(part.text for part in excerpt("nothing here", wanted)) == "nothing here"


def test_an_index_entry_begins_with_its_owner_and_has_each_word_once() -> None:
    first, *rest = indexed(ALICE, "To be, or not to be").split(" ")
    assert first.startswith("·")
    assert rest == ["to", "be", "or", "not"]
    assert first not in indexed(BOB, "")
