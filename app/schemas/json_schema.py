"""JSON Schema as the API publishes it."""

import ast
import inspect
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import ModelSchema, TypedDictSchema


class JsonSchema(GenerateJsonSchema):
    """With what stands below each field as its description, and in the order of the code.

    The titles that only say a field's name once more are left out. pydantic's own way to
    descriptions (`use_attribute_docstrings`) reads each class's source where it is defined, a
    tenth of the service's start; here it is read when somebody asks for the schema.
    """

    def field_title_should_be_set(self, schema: CoreSchema) -> bool:
        return False

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        return value

    def typed_dict_schema(self, schema: TypedDictSchema) -> JsonSchemaValue:
        return _described(super().typed_dict_schema(schema), schema.get("cls"))

    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        return _described(super().model_schema(schema), schema["cls"])


def _described(schema: JsonSchemaValue, shape: type[Any] | None) -> JsonSchemaValue:
    """A shape's schema, and in it what is said of each field that has no description yet."""
    said: dict[str, str] = {}
    for known in reversed(getattr(shape, "__mro__", ())):
        if known.__module__.startswith("app."):
            said |= _docstrings(known)
    for name, field in schema.get("properties", {}).items():
        if name in said:
            field.setdefault("description", said[name])
    return schema


@cache
def _docstrings(shape: type[Any]) -> dict[str, str]:
    """The string below each field of a class, by the field's name."""
    (tree,) = ast.parse(inspect.getsource(shape)).body
    assert isinstance(tree, ast.ClassDef)
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in pairwise(tree.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }
