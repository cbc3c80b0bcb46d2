"""JSON Schema as the API publishes it."""

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema


class JsonSchema(GenerateJsonSchema):
    """Without the titles that only say a field's name once more, and in the order of the code."""

    def field_title_should_be_set(self, schema: CoreSchema) -> bool:
        return False

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        return value
