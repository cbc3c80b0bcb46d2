"""Which numbers stand under a feature: an inverted index, small where most features lead to one."""

from array import array
from collections.abc import Iterable, KeysView


class Postings:
    """Numbers by 32-bit features."""

    __slots__ = ("_lists",)

    def __init__(self) -> None:
        self._lists: dict[int, int | array[int]] = {}

    def features(self) -> KeysView[int]:
        """Those under which anything stands."""
        return self._lists.keys()

    def add(self, features: Iterable[int], number: int) -> None:
        """Put a number under features, each of which it does not stand under yet."""
        for feature in features:
            found = self._lists.get(feature)
            if found is None:
                self._lists[feature] = number
            elif isinstance(found, int):
                self._lists[feature] = array("I", (found, number))
            else:
                found.append(number)

    def remove(self, features: Iterable[int], number: int) -> None:
        """Take a number away from under features, each of which it stands under."""
        for feature in features:
            found = self._lists[feature]
            if isinstance(found, int):
                del self._lists[feature]
            else:
                found.remove(number)
                if len(found) == 1:
                    self._lists[feature] = found[0]

    def __getitem__(self, feature: int) -> "array[int] | tuple[int]":
        found = self._lists[feature]
        return (found,) if isinstance(found, int) else found
