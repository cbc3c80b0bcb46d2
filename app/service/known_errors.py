"""The errors that are known, in memory, to be asked which are most like another."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from sys import intern

from app.learning import features as features_module
from app.learning import fingerprint as fingerprints
from app.learning.features import Features, features_of_trace
from app.learning.fingerprint import Fingerprint, fingerprint_of_trace
from app.learning.index import ErrorIndex, Exemplar, Match
from app.learning.stack import Trace
from app.learning.trace import parse_trace
from app.service import learner
from app.storage.learned import VariantName

ANALYSIS_VERSION = 1000 * fingerprints.VERSION + features_module.VERSION
"""It changes with whatever is found out otherwise of the same error."""

MOST_VIEWS = 32
"""Sets of projects of which an index of their own is kept."""

MOST_EXEMPLARS = 3
"""Variants of one group and project that are compared: the latest."""

MOST_REMEMBERED = 8
"""Variants that take their place where some are deleted, these included."""

_VARIANT_DIGITS = 16


def analysed(
    error_type: str, error_message: str, stack_trace: str | None, project_name: str
) -> tuple[Fingerprint, Features]:
    """Who an error is, and what of it is compared with others."""
    trace = parse_trace(stack_trace) if stack_trace else Trace(None)
    fingerprint = fingerprint_of_trace(error_type, error_message, trace)
    return fingerprint, features_of_trace(fingerprint, error_message, trace, project_name)


def analysis(
    error_type: str, error_message: str, stack_trace: str | None, project_name: str
) -> tuple[Fingerprint, bytes]:
    """The same, to be kept."""
    fingerprint, features = analysed(error_type, error_message, stack_trace, project_name)
    return fingerprint, features.to_bytes()


class KnownErrors:
    """The latest variants of each group in each project; what the learner tells of, by any thread.

    How rare a word is decides how much it counts. So that nobody can notice what is in
    projects they may not see, whoever is bound to some is answered from an index of these
    alone, which is made when it is first asked.
    """

    def __init__(self) -> None:
        self._exemplars: dict[str, Exemplar] = {}
        self._latest: dict[tuple[str, str], tuple[str, ...]] = {}
        """The keys of those of a project and a group, the latest last."""
        self._all = ErrorIndex()
        self._views: OrderedDict[frozenset[str], ErrorIndex] = OrderedDict()
        self._mutex = threading.Lock()

    def put(self, exemplars: Sequence[learner.Exemplar]) -> None:
        """Add those that are not there; those of another version of the features are passed over.

        The first error of a variant is its exemplar, now and after a restart.
        """
        for name, fingerprint, features in exemplars:
            key = _key(name)
            if features and key not in self._exemplars:
                with self._mutex:
                    self._put(Exemplar(key, fingerprint, features), intern(name.project_name))

    def remove(self, names: Sequence[VariantName]) -> None:
        """Forget exemplars; some may not be there."""
        for name in names:
            with self._mutex:
                exemplar = self._exemplars.pop(_key(name), None)
                if exemplar is not None:
                    self._remove(exemplar, name.project_name)

    def _put(self, exemplar: Exemplar, project_name: str) -> None:
        self._exemplars[exemplar.key] = exemplar
        latest = (*self._latest.get((project_name, exemplar.group), ()), exemplar.key)
        if len(latest) > MOST_REMEMBERED:
            del self._exemplars[latest[0]]
            latest = latest[1:]
        self._latest[project_name, exemplar.group] = latest
        self._show(project_name, latest)

    def _remove(self, exemplar: Exemplar, project_name: str) -> None:
        for index in self._holding(project_name):
            index.remove(exemplar.key)
        before = self._latest.pop((project_name, exemplar.group))
        latest = tuple(key for key in before if key != exemplar.key)
        if latest:
            self._latest[project_name, exemplar.group] = latest
            self._show(project_name, latest)

    def _show(self, project_name: str, latest: Sequence[str]) -> None:
        """Have the latest few, and no others, be in the indexes."""
        shown = latest[-MOST_EXEMPLARS:]
        for index in self._holding(project_name):
            for key in latest:
                if key not in shown:
                    index.remove(key)
                elif key not in index:
                    index.add(self._exemplars[key])

    def nearest(
        self, asked: Features, limit: int, projects: Sequence[str] | None
    ) -> list[tuple[VariantName, Match]]:
        """The groups most like an error, in some projects or, where None are named, in all."""
        with self._mutex:
            index = self._all if projects is None else self._view(frozenset(projects))
            return [(_name(match.key), match) for match in index.nearest(asked, limit)]

    def _holding(self, project_name: str) -> list[ErrorIndex]:
        views = [index for names, index in self._views.items() if project_name in names]
        return [self._all, *views]

    def _view(self, projects: frozenset[str]) -> ErrorIndex:
        if projects not in self._views:
            view = self._views[projects] = ErrorIndex()
            for known in self._all.exemplars():
                if _name(known.key).project_name in projects:
                    view.add(known)
            if len(self._views) > MOST_VIEWS:
                self._views.popitem(last=False)
        self._views.move_to_end(projects)
        return self._views[projects]


def _key(name: VariantName) -> str:
    return f"{name.variant:{_VARIANT_DIGITS}}{name.project_name}"


def _name(key: str) -> VariantName:
    return VariantName(key[_VARIANT_DIGITS:], key[:_VARIANT_DIGITS])
