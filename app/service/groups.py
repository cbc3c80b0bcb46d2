"""Groups of errors: told, merged, split."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import FieldError, GroupNotFound, InvalidRequest
from app.learning.resolutions import resolution_id
from app.schemas.error_answers import (
    Agreement,
    ErrorGroup,
    ErrorGroupPage,
    GroupResolution,
    Why,
)
from app.schemas.filters import Filters, Position
from app.schemas.timestamps import format_day, format_timestamp
from app.service.cursors import decode_cursor, encode_cursor
from app.service.decisions import DecisionService
from app.storage.base import Storage
from app.storage.learned import (
    GROUP_PREFIX,
    Decision,
    Decisions,
    Group,
    GroupOrder,
    GroupPosition,
    GroupStatus,
    Proposal,
    Resolution,
    Source,
    Variant,
)

_ALL = Filters()


@dataclass(frozen=True, slots=True)
class GroupTold:
    """A group with all that is known of it but its errors."""

    group: ErrorGroup
    resolutions: list[GroupResolution]
    why: Why


class GroupService:
    """The groups of one store."""

    def __init__(self, storage: Storage, decisions: DecisionService) -> None:
        self._storage = storage
        self._decisions = decisions

    async def page(
        self,
        filters: Filters,
        *,
        status: GroupStatus | None,
        order: GroupOrder,
        limit: int,
        cursor: str | None,
    ) -> ErrorGroupPage:
        """A page of the groups of which errors match.

        Raises InvalidRequest for a cursor of another query.
        """
        question = f"{order} {status}"
        after = None
        if cursor is not None:
            position = decode_cursor(cursor, filters, question)
            after = GroupPosition(position.timestamp, position.pattern_id)
        page = await self._storage.groups(
            filters, order=order, limit=limit, status=status, after=after
        )
        following = None
        if page.more:
            position = Position(*page.groups[-1].position(order))
            following = encode_cursor(position, filters, question)
        return {"items": [_group(group) for group in page.groups], "next_cursor": following}

    async def find(self, group_id: str) -> str:
        """The id of a group that occurs, or of the one it has gone into. Raises GroupNotFound."""
        if await self._storage.group_variants(group_id, _ALL):
            return group_id
        current = await self._storage.current_group(group_id, _ALL)
        if not await self._storage.group_variants(current, _ALL):
            raise GroupNotFound(group_id)
        return current

    async def get(self, group_id: str) -> GroupTold:
        """What is known of the group that one is in now. Raises GroupNotFound."""
        current = await self.find(group_id)
        page = await self._storage.groups(
            Filters(group_id=current), order=GroupOrder.RECENT, limit=1
        )
        variants = await self._storage.group_variants(current, _ALL)
        if not page.groups or not variants:
            raise GroupNotFound(group_id)
        resolutions = await self._storage.resolutions([current], _ALL)
        why: Why = {
            "agree": _agreement(variants),
            "variants": len({variant.name.variant for variant in variants}),
            "decisions": await self._decisions.about(current),
        }
        return GroupTold(
            _group(page.groups[0]), [told_resolution(each) for each in resolutions], why
        )

    async def merge(self, group_id: str, into: str) -> tuple[Decision, str]:
        """Have a group go into another, with all that comes; the decision, and that group.

        Raises GroupNotFound, and InvalidRequest where both are one already.
        """
        merged, target = await self.find(group_id), await self._target(into)
        if merged == target:
            raise _invalid("/into", "different", "Must be another group; the two are one already.")
        decision = await self._decisions.make(
            Proposal(Decisions.MERGE, {"group_id": merged, "into": target})
        )
        return decision, target

    async def split(self, group_id: str, pattern_ids: Sequence[str]) -> tuple[Decision, str]:
        """Make errors of a group, and all that are of their variants, one of their own.

        Raises GroupNotFound, and InvalidRequest where one is not of the group, or none would
        be left in it.
        """
        group = await self.find(group_id)
        found = await self._storage.memberships(pattern_ids, _ALL)
        strange = [
            FieldError(
                "pointer", f"/pattern_ids/{place}", "member", f"Is no error of the group {group}."
            )
            for place, pattern_id in enumerate(pattern_ids)
            if pattern_id not in found or found[pattern_id].group_id != group
        ]
        if strange:
            raise InvalidRequest("Not all are errors of the group; see errors.", strange)
        variants = sorted({member.variant for member in found.values()})
        there = {each.name.variant for each in await self._storage.group_variants(group, _ALL)}
        if there <= set(variants):
            detail = "Leaves nothing: errors alike in all frames are split off together."
            raise _invalid("/pattern_ids", "whole", detail)
        new_group = _new_group_id(group, variants, self._decisions.clock())
        content = {"group_id": group, "new_group_id": new_group, "variants": variants}
        decision = await self._decisions.make(
            Proposal(Decisions.SPLIT, content | {"pattern_ids": [*pattern_ids]})
        )
        return decision, new_group

    async def _target(self, into: str) -> str:
        try:
            return await self.find(into)
        except GroupNotFound as error:
            raise _invalid("/into", "exists", str(error)) from None


def _new_group_id(group_id: str, variants: Sequence[str], at: int) -> str:
    text = json.dumps([group_id, *variants, at])
    return GROUP_PREFIX + hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _group(group: Group) -> ErrorGroup:
    return {
        "group_id": group.group_id,
        "title": group.title,
        "error_type": group.error_type,
        "count": group.count,
        "first_seen": format_timestamp(group.first_seen),
        "last_seen": format_timestamp(group.last_seen),
        "agents": group.agents,
        "projects": group.projects,
        "days": [{"day": format_day(day), "count": count} for day, count in group.days],
        "resolution_known": group.resolution_known,
        "status": group.status.value,
    }


def told_resolution(resolution: Resolution) -> GroupResolution:
    """A resolution as the API answers it."""
    told = Counter((each.source, each.worked) for each in resolution.evidence)
    return {
        "resolution_id": resolution_id(resolution.group_id, resolution.resolution),
        "resolution": resolution.text,
        "pattern_id": resolution.pattern_id,
        "occurrences": resolution.occurrences,
        "last_seen": format_timestamp(resolution.last_at),
        "evidence": {
            "carried": told[Source.CARRIED, True],
            "auto_resolved": told[Source.AUTO_RESOLVED, True],
            "worked": told[Source.OUTCOME, True],
            "failed": told[Source.OUTCOME, False],
        },
    }


def _agreement(variants: Sequence[Variant]) -> Agreement:
    """What the parts of all variants agree in."""
    parts: list[dict[str, Any]] = [json.loads(variant.parts) for variant in variants]

    def common(name: str) -> Any:
        first = parts[0][name]
        return first if all(each[name] == first for each in parts) else None

    frames = common("frames")
    return {
        "type": common("type"),
        "message": common("message"),
        "frames": frames
        and [{"module": module, "function": function} for module, function, *_ in frames],
    }


def _invalid(pointer: str, code: str, detail: str) -> InvalidRequest:
    error = FieldError("pointer", pointer, code, detail)
    return InvalidRequest("The request cannot be followed; see errors.", [error])
