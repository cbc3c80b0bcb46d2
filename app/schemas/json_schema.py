"""JSON Schema as the API publishes it."""

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema


class JsonSchema(GenerateJsonSchema):
    """Without the titles that only say a field's name once more."""

    def field_title_should_be_set(self, schema: CoreSchema) -> bool:
        return False
