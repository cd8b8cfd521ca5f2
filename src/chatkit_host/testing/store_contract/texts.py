"""Text of all kinds; what a database cannot hold does no harm to the rest."""

from chatkit.types import ClientToolCallItem

from chatkit_host.testing.store_contract.case import World, assert_not_found, case

_KEPT = {
    "emoji": "👩‍👩‍👧‍👦 🇺🇳 🫠",
    "scripts": "Ελληνικά עברית العربية हिन्दी 中文 한국어",
    "combining_marks": "e\u0301 is not \u00e9",
    "newlines": "a\r\nb\nc\rd\u2028e\u2029f\x85g",
    "control_characters": "a\x01\x08\x1b[31m\x7fb",
    "quotes_and_backslashes": '\'; DROP TABLE threads; -- "\\" \\n %s $1 :x {y}',
    "markup": '<script>alert("1")</script>&amp;',
    "json": '{"type": "assistant_message", "content": []}',
    "nothing": "",
    "spaces": "  leading, trailing\t ",
    "the_byte_order_mark": "\ufeffa\ufffe",
}


def _kept(name: str, text: str) -> None:
    @case("text", f"{name}_are_kept" if name.endswith("s") else f"{name}_is_kept")
    async def is_kept(w: World) -> None:
        thread = await w.saved_thread(title=text, metadata={"text": text})
        item = w.answer(thread, text)
        await w.add(thread, item)
        loaded = await w.store.load_thread(thread.id, w.alice)
        assert (loaded.title, loaded.metadata) == (text, {"text": text})
        assert await w.store.load_item(thread.id, item.id, w.alice) == item


for _name, _text in _KEPT.items():
    _kept(_name, _text)


def _harmless(name: str, text: str) -> None:
    @case("text", f"{name}_does_no_harm")
    async def does_no_harm(w: World) -> None:
        # Models emit such text. Whether it is kept or replaced is up to the store; losing the item is not.
        thread = await w.saved_thread(title=f"before{text}after", metadata={f"key{text}": f"before{text}after"})
        item = w.answer(thread, f"before{text}after")
        call = ClientToolCallItem(
            **w.item_fields(thread), call_id="call", name="tool", arguments={"a": [f"before{text}after"]}
        )
        await w.add(thread, item, call)
        title = (await w.store.load_thread(thread.id, w.alice)).title
        assert title is not None
        assert (title[:6], title[-5:]) == ("before", "after")
        loaded = (await w.store.load_thread_items(thread.id, None, 20, "asc", w.alice)).data
        assert [each.id for each in loaded] == [item.id, call.id]
        assert loaded[0].type == "assistant_message"
        words = loaded[0].content[0].text
        assert (words[:6], words[-5:]) == ("before", "after")
        words.replace("\0", "").encode()  # raises when a surrogate is left


_harmless("a_nul", "\0")
_harmless("a_high_surrogate", "\ud83d")
_harmless("a_low_surrogate", "\ude00")
_harmless("a_pair_of_surrogates", "\ud83d\ude00")


@case("text")
async def numbers_beyond_64_bits_are_kept(w: World) -> None:
    thread = await w.saved_thread(metadata={"count": 2**80})
    assert (await w.store.load_thread(thread.id, w.alice)).metadata == {"count": 2**80}


@case("text")
async def an_id_is_text_and_nothing_else(w: World) -> None:
    thread = await w.saved_thread()
    (item_id,) = await w.added_answers(thread, 1)
    for strange in ("%", "_", "*", "' OR '1'='1", "", item_id.upper(), f"{item_id} "):
        await assert_not_found(w.store.load_item(thread.id, strange, w.alice))
        await assert_not_found(w.store.load_thread(strange, w.alice))
