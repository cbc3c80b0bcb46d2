"""What fixed errors like this one, and whether that worked."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.errors import FieldError, InvalidRequest, PatternNotFound, ResolutionNotFound, StillLoading
from app.learning.confidence import Confidence, is_at_least
from app.learning.evidence import Evidence, Outcome, evidence_of
from app.learning.fingerprint import Fingerprint
from app.learning.index import MOST_COMPARED, Match
from app.learning.ranking import Candidate, ranked
from app.schemas.filters import Filters
from app.schemas.timestamps import DAY
from app.service.known_errors import KnownErrors, analysed
from app.service.learner import Learner
from app.service.patterns import PatternService
from app.storage.learned import (
    GROUP_PREFIX,
    Decision,
    Decisions,
    Proposal,
    Resolution,
    Source,
    Variant,
    VariantName,
)

CARRIED_WEIGHT = 0.25
"""What an error that carries a resolution tells of it, next to a report that it worked."""

MOST_CARRIED = 4
"""Of errors that carry it, those that tell: an import of many is no proof."""

_ALL = Filters()
_RESOLUTION_ID = re.compile(r"res-([0-9a-f]{16})-([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class AskedError:
    """An error of which somebody wants to know what fixed it."""

    error_type: str
    error_message: str
    stack_trace: str | None = None
    project_name: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A resolution that may fix an error, the error it is known from, and what says so."""

    candidate: Candidate
    resolution: Resolution
    known: Variant


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of an error: resolutions, the best first, and its group if it has one."""

    suggestions: list[Suggestion]
    group: Variant | None


class Resolving:
    """Answers from the errors that are known."""

    def __init__(self, learner: Learner, known: KnownErrors) -> None:
        self._learner = learner
        self._known = known

    async def resolve(
        self, service: PatternService, asked: AskedError, *, least: Confidence, limit: int
    ) -> Answer:
        """What fixed errors like this one, as far as a service may see. Raises StillLoading."""
        if not self._learner.ready.is_set():
            raise StillLoading
        fingerprint, nearest = await asyncio.to_thread(self._nearest, asked, service.project_names)
        fit = [
            (_own(name, match, fingerprint), name, match)
            for name, match in nearest
            if is_at_least(match.agreement.confidence, least) or match.group == fingerprint.group
        ]
        names = {name for names in fit for name in names[:2]}
        found = {each.name: each for each in await service.storage.find_variants(names, _ALL)}
        leads = [
            (found[own] if own in found else found[name], match)
            for own, name, match in fit
            if own in found or name in found
        ]
        same = [known for known, match in leads if match.group == fingerprint.group]
        groups = {known.group_id for known, _ in leads}
        resolutions = await service.storage.resolutions(groups, _ALL) if groups else []
        suggested = _suggestions(leads, resolutions, service.clock())
        best = ranked((each.candidate for each in suggested.values()), limit=limit, least=least)
        return Answer(
            [suggested[each.resolution, each.match.key] for each in best], same[0] if same else None
        )

    def _nearest(
        self, asked: AskedError, projects: Sequence[str] | None
    ) -> tuple[Fingerprint, list[tuple[VariantName, Match]]]:
        fingerprint, features = analysed(
            asked.error_type, asked.error_message, asked.stack_trace, asked.project_name
        )
        return fingerprint, self._known.nearest(features, MOST_COMPARED, projects)


async def report(
    service: PatternService,
    resolution: str,
    *,
    worked: bool,
    pattern_id: str | None,
    note: str | None,
    key: str | None,
) -> tuple[Decision, bool]:
    """Keep whether a resolution has worked; whether that is new.

    The same again, by its idempotency key or by the error it was tried on, counts once.
    Raises ResolutionNotFound, and InvalidRequest where the error is not there.
    """
    group_id, hashed = await _known_resolution(service, resolution)
    content = {"group_id": group_id, "resolution": hashed, "worked": worked}
    projects: tuple[str, ...] = ()
    if pattern_id is not None:
        projects = (await _project_of(service, pattern_id),)
        content["pattern_id"] = pattern_id
    if note is not None:
        content["note"] = note
    once = None
    if key is not None or pattern_id is not None:
        origin = f"key {key}" if key is not None else f"pattern {pattern_id}"
        once = f"outcome {hashed} {group_id} {worked} {origin}"
    proposal = Proposal(Decisions.OUTCOME, content, projects, once)
    return await service.decisions.make_once(proposal)


async def _known_resolution(service: PatternService, resolution: str) -> tuple[str, str]:
    """The group that has a resolution now, and its hash. Raises ResolutionNotFound."""
    parts = _RESOLUTION_ID.fullmatch(resolution)
    if parts is not None:
        hashed = parts[1]
        group_id = await service.storage.current_group(GROUP_PREFIX + parts[2], _ALL)
        known = await service.storage.resolutions([group_id], _ALL)
        if any(each.resolution == hashed for each in known):
            return group_id, hashed
    raise ResolutionNotFound(resolution)


async def _project_of(service: PatternService, pattern_id: str) -> str:
    try:
        pattern = await service.get(pattern_id)
    except PatternNotFound as error:
        missing = FieldError("pointer", "/pattern_id", "exists", str(error))
        raise InvalidRequest("The error is not there; see errors.", [missing]) from None
    project_name: str = pattern.content()["context"].get("project_name", "")
    return project_name


def _own(name: VariantName, match: Match, fingerprint: Fingerprint) -> VariantName:
    """The variant that was asked for, where a match is of its group: somebody may have split it
    off."""
    return (
        VariantName(name.project_name, fingerprint.variant)
        if match.group == fingerprint.group
        else name
    )


def _suggestions(
    leads: Sequence[tuple[Variant, Match]], resolutions: Iterable[Resolution], now: int
) -> dict[tuple[str, str], Suggestion]:
    """What each known error leads to, by resolution and match."""
    by_group: defaultdict[str, list[tuple[Resolution, Evidence]]] = defaultdict(list)
    for each in resolutions:
        by_group[each.group_id].append((each, _evidence(each, now)))
    return {
        (each.resolution, match.key): Suggestion(
            Candidate(each.resolution, match, evidence), each, known
        )
        for known, match in leads
        for each, evidence in by_group[known.group_id]
    }


def _evidence(resolution: Resolution, now: int) -> Evidence:
    carried = 0
    outcomes = []
    for told in resolution.evidence:
        weight = 1.0
        if told.source is Source.CARRIED:
            carried += 1
            weight = CARRIED_WEIGHT if carried <= MOST_CARRIED else 0.0
        outcomes.append(Outcome(told.worked, (now - told.at) / DAY, weight))
    return evidence_of(outcomes)
