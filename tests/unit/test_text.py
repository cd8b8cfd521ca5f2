from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit_host.text import SafeDeltas, is_safe, safe_text, safe_value, visible

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))


@given(ANY_TEXT)
def test_safe_text_can_be_encoded_and_safe_text_is_left_alone(text: str) -> None:
    safe = safe_text(text)

    assert "\x00" not in safe
    safe.encode()
    assert safe_text(safe) == safe


@given(ANY_TEXT, st.lists(st.integers(0, 50)))
def test_however_text_is_cut_into_deltas_the_same_comes_out(text: str, cuts: list[int]) -> None:
    places = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    deltas = SafeDeltas()

    out = [deltas.feed(text[start:end]) for start, end in pairwise(places)]

    assert all(is_safe(part) for part in out)
    assert "".join(out) + deltas.finish() == safe_text(text)


def test_a_pair_that_was_split_is_joined() -> None:
    assert safe_text("\ud83d\ude00") == "😀"


def test_values_are_made_safe_in_depth() -> None:
    assert safe_value({"a\x00": ["\ud800", 1, None, {"b": "c"}]}) == {"a�": ["�", 1, None, {"b": "c"}]}


FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    "text", [FAMILY, f"The {FAMILY}s", "می\u200cخواهم", "❤\ufe0f", "e\u0301", "👍🏽", "1\n\t2", "漢字", "نص"]
)
def test_what_can_be_seen_is_left_alone(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\u200db", "ab"),
        ("Buy\u200b mi\u00adlk\ufeff", "Buy milk"),
        ("\u202eklim\u202c", "klim"),
        ("a\r\nb\u2028c", "a\nb\nc"),
        ("\x00\x1b[31mred", "[31mred"),
        ("flag\U000e0041", "flag"),
    ],
)
def test_what_cannot_be_seen_is_taken_away(text: str, seen: str) -> None:
    assert visible(text) == seen


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\u200d",
        "\u200b\u202e",
        "\ufe0f",
        "\ufe0f\u200d\ufe0f",
        "\u3164",
        "\u2800\u115f",
        "\u034f",
        "\u00a0\u3000",
    ],
)
def test_where_nothing_can_be_seen_there_is_nothing(text: str) -> None:
    assert visible(text) == ""


@given(ANY_TEXT)
def test_what_was_made_visible_stays_so(text: str) -> None:
    assert visible(visible(text)) == visible(text)
    assert is_safe(visible(text))
