from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chatkit_host.text import SafeDeltas, is_safe, safe_text, safe_value

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
