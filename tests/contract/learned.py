"""Errors, and what might be learned of them, in short."""

from typing import Any

from app.schemas.filters import Filters
from app.schemas.records import Record
from app.storage.base import Storage
from app.storage.learned import (
    Group,
    GroupOrder,
    LearnedError,
    Learning,
    Proposal,
    VariantName,
)
from tests.contract.reading import seq_of
from tests.records import NOON, record

ALL = Filters()
VERSION = 1


def error(pattern_id: str, project: str | None = None, **members: Any) -> Record:
    """An error, of a project if one is named."""
    context = {} if project is None else {"project_name": project}
    return record(pattern_id, "error_occurrence", context=context, **members)


def lesson(seq: int, variant: str, resolution: str | None = None, **members: Any) -> LearnedError:
    """What was learned of an error; the first letter of a variant is its fingerprint."""
    what = {"title": f"title of {variant}", "parts": "{}", "features": variant.encode()} | members
    return LearnedError(
        seq, variant, variant[0], what.pop("version", VERSION), resolution=resolution, **what
    )


async def learn(storage: Storage, *errors: LearnedError, version: int = VERSION) -> set[str]:
    """Have errors be learned, and all that came before them; what no longer occurs."""
    through = (await storage.summary(NOON)).last_seq
    return {name.variant for name in await storage.learn(errors, Learning(through, version))}


async def report(
    storage: Storage, pattern_id: str, variant: str, resolution: str | None = None, **members: Any
) -> int:
    """Store an error and have it be learned; its seq."""
    auto = members.pop("auto_resolved", False)
    project = members.pop("project", None)
    data = members.pop("data", {}) | ({} if resolution is None else {"resolution": resolution})
    await storage.insert(error(pattern_id, project, data=data, **members))
    seq = await seq_of(storage, pattern_id)
    await learn(storage, lesson(seq, variant, resolution, auto_resolved=auto))
    return seq


async def decide(
    storage: Storage, kind: str, *projects: str, key: str | None = None, **content: Any
) -> int:
    """Make a decision; its number."""
    decision, _ = await storage.decide(Proposal(kind, content, projects, key), NOON)
    return decision.number


async def listed(
    storage: Storage,
    filters: Filters = ALL,
    *,
    order: GroupOrder = GroupOrder.RECENT,
    limit: int = 100,
    **options: Any,
) -> list[Group]:
    """The groups of the first page."""
    page = await storage.groups(filters, order=order, limit=limit, **options)
    return page.groups


async def grouped(storage: Storage, filters: Filters = ALL) -> dict[str, int]:
    """How many errors each group has."""
    return {group.group_id: group.count for group in await listed(storage, filters)}


def named(*variants: str) -> list[VariantName]:
    """Variants of no project."""
    return [VariantName("", variant) for variant in variants]
