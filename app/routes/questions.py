"""Questions in bodies: known members, each of its type, or a 422 that says so."""

from typing import TypeVar

from fastapi import Request

from app.routes.bodies import JSON_TYPES, media_type, read_body
from app.routes.state import state_of
from app.schemas.json_text import read_json
from app.schemas.questions import Question
from app.schemas.validation import checked

Asked = TypeVar("Asked", bound=Question)


async def read_question(request: Request, model: type[Asked]) -> Asked:
    """The body by a model. Raises InvalidRequest, and all that reading a body raises."""
    media_type(request, JSON_TYPES)
    value = read_json(await read_body(request, state_of(request).max_pattern_bytes))
    return checked(model, value)
