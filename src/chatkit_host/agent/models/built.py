"""Objects of openai's types, made of parts that need no second look."""

from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel

Kind = TypeVar("Kind", bound=BaseModel)


def built(kind: type[Kind], /, **values: Any) -> Kind:
    """As pydantic's `model_construct`, which looks at every field each time; openai's own goes through every value as well."""
    defaults, names = _fields(kind)
    model = kind.__new__(kind)
    given = {name: value for name, value in values.items() if name in names}
    others = {name: value for name, value in values.items() if name not in names} if len(given) < len(values) else {}
    object.__setattr__(model, "__dict__", defaults | given)
    object.__setattr__(model, "__pydantic_fields_set__", {*given})
    object.__setattr__(model, "__pydantic_extra__", others)
    object.__setattr__(model, "__pydantic_private__", None)
    return model


@cache
def _fields(kind: type[BaseModel]) -> tuple[dict[str, Any], frozenset[str]]:
    """What a field holds when nothing is said of it, where something is; and the names of all."""
    fields = kind.model_fields
    optional = {name: field.get_default() for name, field in fields.items() if not field.is_required()}
    if any(isinstance(value, (list, dict, set, BaseModel)) for value in optional.values()):
        raise TypeError(f"{kind.__name__} has a default that could change")
    return optional, frozenset(fields)
