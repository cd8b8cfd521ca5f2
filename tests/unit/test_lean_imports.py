"""Models that are imported early are built late, and work as ever."""

import pytest
from pydantic import BaseModel, ValidationError

from chatkit_host.lean_imports import build, models_built_when_used


def test_models_are_built_when_they_are_first_used_and_others_at_once() -> None:
    with models_built_when_used():

        class Early(BaseModel):
            count: int

    class Late(BaseModel):
        early: Early

    assert not Early.__pydantic_complete__
    assert Late.__pydantic_complete__
    assert Late.model_validate({"early": {"count": "3"}}).early.count == 3
    assert Early(count=3) == Early.model_validate({"count": 3})
    assert Early.__pydantic_complete__
    with pytest.raises(ValidationError):
        Early.model_validate({"count": "three"})


def test_models_can_be_built_before_they_are_used() -> None:
    with models_built_when_used():

        class Early(BaseModel):
            count: int

        class Another(BaseModel):
            count: int

    build([Early])

    assert Early.__pydantic_complete__
    assert not Another.__pydantic_complete__
