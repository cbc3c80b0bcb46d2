"""Which group goes on as which, when another version of the algorithm finds other fingerprints.

Errors that were in one group may have several new fingerprints, and those of one fingerprint may
come from several groups. The largest shares are handed on first: a fingerprint inherits one group,
and a group goes to one fingerprint; those that are left over begin groups of their own. What a
person has decided about a group goes for all that come of it: they stay in it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

Counts = defaultdict[str, Counter[str]]
"""How many errors of something new were in which group; what was seen first comes first."""


def _counts() -> Counts:
    return defaultdict(Counter)


@dataclass(slots=True)
class Estate:
    """What was found of all errors, in the order of their coming."""

    fingerprints: Counts = field(default_factory=_counts)
    variants: defaultdict[str | None, Counts] = field(default_factory=lambda: defaultdict(_counts))

    def count(
        self, fingerprint: str, variant: str, group: str, apart: str, project: str | None
    ) -> None:
        """Count an error by its new names.

        `group` is that of its old fingerprint. `apart` is the one its old variant was put in by
        itself, in a project or everywhere; empty where it was not.
        """
        self.fingerprints[fingerprint][group] += 1
        self.variants[project][variant][apart] += 1

    def groups(self, decided: Collection[str]) -> dict[str, str]:
        """The group that each fingerprint inherits, where it does; some were `decided` about."""
        shares = [
            (number, new, group)
            for new, counts in self.fingerprints.items()
            for group, number in counts.items()
        ]
        inherited: dict[str, str] = {}
        taken: set[str] = set()
        for _, new, group in sorted(shares, key=lambda share: -share[0]):
            if new not in inherited and (group not in taken or group in decided):
                inherited[new] = group
                taken.add(group)
        return inherited

    def groups_apart(self) -> Mapping[str | None, dict[str, str]]:
        """The groups that variants are put in by themselves, by project; None is everywhere."""
        found = {
            project: {
                variant: apart for variant, counts in each.items() if (apart := _most(counts))
            }
            for project, each in self.variants.items()
        }
        return {project: variants for project, variants in found.items() if variants}


def _most(counts: Counter[str]) -> str:
    """What was counted most; of several, the first."""
    return max(counts, key=lambda name: counts[name])
