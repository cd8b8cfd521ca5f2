"""Models that are imported early are built late, modules that nobody uses are not loaded, and both work as ever."""

import gc
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from chatkit_host.lean_imports import (
    build,
    imports_that_stay,
    loaded_when_used,
    models_built_when_used,
    not_installed,
)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`lean_library`, which takes a name from its module `part`, and does without the module `option`."""
    package = tmp_path / "lean_library"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from .part import Part\n\n\ndef answer():\n    return Part.answer()\n\n\n"
        "try:\n    from . import option\nexcept ImportError:\n    option = None\n"
    )
    (package / "part.py").write_text("class Part:\n    @staticmethod\n    def answer():\n        return 42\n")
    (package / "option.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in [name for name in sys.modules if name.startswith("lean_library")]:
        del sys.modules[name]


@pytest.mark.usefixtures("library")
def test_a_module_is_loaded_when_something_is_asked_of_its_names() -> None:
    with loaded_when_used("lean_library.part"):
        lean: Any = import_module("lean_library")
    assert "lean_library.part" not in sys.modules

    assert lean.answer() == 42

    assert lean.Part.answer is import_module("lean_library.part").Part.answer
    assert not hasattr(lean.Part, "question")


@pytest.mark.usefixtures("library")
def test_others_may_load_it_meanwhile_and_get_the_real_one() -> None:
    with loaded_when_used("lean_library.part"):
        lean: Any = import_module("lean_library")

    part = import_module("lean_library.part")

    assert part.Part.__module__ == "lean_library.part"
    assert lean.answer() == 42


@pytest.mark.usefixtures("library")
def test_afterwards_it_is_there_as_if_it_had_been_imported() -> None:
    with loaded_when_used("lean_library.part"):
        lean: Any = import_module("lean_library")

    assert lean.part.Part.__name__ == "Part"
    assert lean.part is import_module("lean_library.part")


@pytest.mark.usefixtures("library")
def test_a_module_that_is_not_installed_is_there_again_afterwards() -> None:
    with not_installed("lean_library.option"):
        lean: Any = import_module("lean_library")

    assert lean.option is None
    assert import_module("lean_library.option").__name__ == "lean_library.option"


def test_what_stays_is_not_looked_through_again_and_a_failed_import_changes_nothing() -> None:
    before = gc.get_freeze_count()
    try:
        with pytest.raises(ImportError), imports_that_stay():
            raise ImportError
        assert (gc.isenabled(), gc.get_freeze_count()) == (True, before)

        with imports_that_stay():
            assert not gc.isenabled()
        assert gc.isenabled()
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("kept_back", [loaded_when_used, not_installed])
def test_a_module_that_is_loaded_stays_as_it_is(kept_back: Any) -> None:
    before = import_module("lean_library.option")

    with kept_back("lean_library.option"):
        assert import_module("lean_library.option") is before

    assert sys.modules["lean_library.option"] is before


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
