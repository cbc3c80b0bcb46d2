"""What is learned of a correction: made of its pattern, kept in the store, and remembered."""

from sys import intern

from app.learning.corrections.hunks import hunks_of, packed
from app.learning.corrections.index import Correction
from app.schemas.records import StoredDocument
from app.storage.learned import LearnedCorrection


def lesson_of(pattern: StoredDocument) -> LearnedCorrection:
    """What there is to learn of a correction."""
    content = pattern.content()
    data = content["data"]
    correction_type, category = data["correction_type"], data.get("correction_category")
    hunks = hunks_of(data["original_output"], data["corrected_output"])
    return LearnedCorrection(
        pattern.seq,
        pattern.pattern_id,
        pattern.timestamp,
        content["context"].get("project_name", ""),
        data["agent"],
        data.get("task_type"),
        correction_type,
        category,
        packed(hunks, correction_type, category),
    )


def remembered(lesson: LearnedCorrection) -> Correction:
    """The same for an index; of names that many have, one copy."""
    task_type, category = lesson.task_type, lesson.category
    return Correction(
        lesson.seq,
        lesson.pattern_id,
        lesson.timestamp,
        intern(lesson.project_name),
        intern(lesson.agent),
        None if task_type is None else intern(task_type),
        intern(lesson.correction_type),
        None if category is None else intern(category),
        lesson.hunks,
    )
