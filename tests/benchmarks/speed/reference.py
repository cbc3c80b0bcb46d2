"""REF: a bare FastAPI application that checks a pattern, answers with its id and keeps nothing.

It is what a person writes first, and so the measure of what HTTP and checking cost.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel


class PatternType(StrEnum):
    """What a pattern tells of."""

    TASK_COMPLETION = "task_completion"
    ERROR_OCCURRENCE = "error_occurrence"
    AGENT_USAGE = "agent_usage"
    USER_CORRECTION = "user_correction"


class Context(BaseModel):
    """Where it happened."""

    project_name: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    environment: str | None = None
    git_branch: str | None = None
    git_commit: str | None = None
    tags: list[str] = []
    metadata: dict[str, Any] = {}


class Pattern(BaseModel):
    """What happened."""

    pattern_id: str
    pattern_type: PatternType
    timestamp: datetime
    data: dict[str, Any]
    context: Context = Context()
    version: str = "1.0"


app = FastAPI()


@app.get("/ready")
async def ready() -> dict[str, bool]:
    """Answer as soon as it can."""
    return {"ready": True}


@app.post("/patterns", status_code=201)
async def create(pattern: Pattern) -> dict[str, str]:
    """Take a pattern, and forget it."""
    return {"pattern_id": pattern.pattern_id}


@app.post("/patterns/in-thread", status_code=201)
def create_in_thread(pattern: Pattern) -> dict[str, str]:
    """Do the same in the thread pool, where FastAPI runs what is no coroutine."""
    return {"pattern_id": pattern.pattern_id}
