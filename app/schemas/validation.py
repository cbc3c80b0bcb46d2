"""Checking a pattern, and saying by JSON Pointer what to change."""

from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from app.errors import FieldError, InvalidPattern, InvalidRequest
from app.schemas.fields import PatternType
from app.schemas.json_text import escape_pointer
from app.schemas.patterns import PATTERN

Model = TypeVar("Model", bound=BaseModel)

CODES = {
    "missing": "required",
    "int_type": "type",
    "float_type": "type",
    "bool_type": "type",
    "string_type": "type",
    "list_type": "type",
    "dict_type": "type",
    "model_type": "type",
    "model_attributes_type": "type",
    "greater_than_equal": "minimum",
    "less_than_equal": "maximum",
    "string_too_short": "minLength",
    "string_pattern_mismatch": "pattern",
    "literal_error": "enum",
    "union_tag_invalid": "enum",
    "union_tag_not_found": "required",
    "value_error": "format",
    "finite_number": "number",
    "too_long": "maxItems",
    "extra_forbidden": "unknown",
}
"""pydantic's names for what can be wrong, as the API's codes: JSON Schema's keywords."""

_TYPE_NAMES = frozenset(PatternType)

_TYPES = {
    "int_type": "an integer",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a string",
    "list_type": "an array",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}


def check_pattern(value: Any) -> dict[str, Any]:
    """The same value, known to follow the vocabulary.

    Raises InvalidPattern with every field that breaks its rule.
    """
    try:
        PATTERN.validate_python(value)
    except ValidationError as error:
        raise InvalidPattern(_field_errors(error)) from None
    return cast(dict[str, Any], value)


def checked(model: type[Model], value: Any) -> Model:
    """A value as a model of something else than a pattern. Raises InvalidRequest likewise."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InvalidRequest(
            "The body is not what the call takes; see errors.", _field_errors(error)
        ) from None


def _field_errors(error: ValidationError) -> list[FieldError]:
    return [_field_error(details) for details in error.errors()]


def _field_error(details: ErrorDetails) -> FieldError:
    kind, location = details["type"], details["loc"]
    if location and location[0] in _TYPE_NAMES:  # the discriminated union's own step
        location = location[1:]
    if kind.startswith("union_tag"):
        location = ("pattern_type",)
    pointer = "".join(f"/{escape_pointer(step)}" for step in location)
    return FieldError("pointer", pointer, CODES.get(kind, kind), _detail(details))


def _detail(details: ErrorDetails) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind in ("missing", "union_tag_not_found"):
        return "Required, but missing."
    if kind == "extra_forbidden":
        return "Not a member of this body."
    if kind in _TYPES:
        return f"Must be {_TYPES[kind]}, not {_json_type(details['input'])}."
    if kind == "union_tag_invalid":
        return f"Must be one of {context['expected_tags']}."
    if kind == "value_error":
        return f"Must be an ISO 8601 date and time: {context['error']}."
    return f"{details['msg'].replace('Input should', 'Must').replace('String should', 'Must')}."


def _json_type(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a number with a fraction or an exponent"
        case str():
            return "a string"
        case list():
            return "an array"
    return "an object"
