"""Objects of openai's types, made of parts that need no second look."""

from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel

Kind = TypeVar("Kind", bound=BaseModel)


def built(kind: type[Kind], /, **values: Any) -> Kind:
    """As openai's `construct`, which looks at every field each time and goes through every value as well."""
    defaults = _defaults(kind)
    model = kind.__new__(kind)
    given = {name: value for name, value in values.items() if name in defaults}
    others = {name: value for name, value in values.items() if name not in defaults} if len(given) < len(values) else {}
    object.__setattr__(model, "__dict__", defaults | given)
    object.__setattr__(model, "__pydantic_fields_set__", {*given})
    object.__setattr__(model, "__pydantic_extra__", others)
    object.__setattr__(model, "__pydantic_private__", None)
    return model


@cache
def _defaults(kind: type[BaseModel]) -> dict[str, Any]:
    """What each field holds when nothing is said of it; None, as openai has it, also where something must be."""
    fields = kind.model_fields
    defaults = {name: None if field.is_required() else field.get_default() for name, field in fields.items()}
    if any(isinstance(value, (list, dict, set, BaseModel)) for value in defaults.values()):
        raise TypeError(f"{kind.__name__} has a default that could change")
    return defaults
