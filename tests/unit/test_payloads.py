"""What was written as JSON text comes back as it was."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit_host.store.payloads import value_from, value_json
from chatkit_host.text import safe_value

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_any_value(value: Any) -> None:
    assert value_from(value_json(value)) == safe_value(value)


@pytest.mark.parametrize("value", [2**64, -(2**200), 0.1 + 0.2, 5e-324, 1.7976931348623157e308])
def test_numbers_lose_nothing(value: float) -> None:
    assert value_from(value_json({"number": value})) == {"number": value}


def test_what_is_nested_deeply() -> None:
    text = "[" * 500 + "]" * 500
    assert value_from(text) == json.loads(text)
