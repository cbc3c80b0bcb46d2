"""Which known errors have a word: an inverted index, and how rare each word is."""

import heapq
import math
from array import array
from collections import defaultdict
from collections.abc import Iterable

_REMEMBERED = 65_536


class Postings:
    """Documents by the tokens they hold; documents are small integers, tokens 32-bit ones."""

    def __init__(self) -> None:
        self._documents: dict[int, int | array[int]] = {}
        self._number = 0
        self.weights = _Weights(self)
        """How much it tells to have a token: its smoothed inverse document frequency, squared.

        The square is what it comes to in the cosine of TF-IDF vectors.
        """

    def add(self, document: int, tokens: Iterable[int]) -> None:
        """Enter a document, which must not be in already, under its distinct tokens."""
        for token in tokens:
            held = self._documents.get(token)
            if held is None:
                self._documents[token] = document
            elif isinstance(held, int):
                self._documents[token] = array("I", (held, document))
            else:
                held.append(document)
        self._number += 1
        self.weights.clear()

    def remove(self, document: int, tokens: Iterable[int]) -> None:
        """Take a document out again, from under the tokens it was entered with."""
        for token in tokens:
            held = self._documents[token]
            if isinstance(held, int):
                del self._documents[token]
            elif len(held) == 2:
                self._documents[token] = held[1] if held[0] == document else held[0]
            else:
                held.remove(document)
        self._number -= 1
        self.weights.clear()

    def weight(self, token: int) -> float:
        """What `weights` remembers until something is added or removed."""
        held = self._documents.get(token)
        frequency = 0 if held is None else 1 if isinstance(held, int) else len(held)
        return (1 + math.log((1 + self._number) / (1 + frequency))) ** 2

    def best(self, gains: dict[int, float], limit: int, most: int) -> dict[int, float]:
        """At most about `limit` documents that gain most by the tokens they hold, and what.

        `gains` says what each token is worth. Those worth most are looked up first, and none any
        more once `most` entries were read: what is left then tells little, and is in too many.
        """
        gained: defaultdict[int, float] = defaultdict(float)
        for token in sorted(gains, key=lambda token: (-gains[token], token)):
            held = self._documents.get(token)
            if held is None:
                continue
            gain = gains[token]
            if isinstance(held, int):
                gained[held] += gain
                most -= 1
            else:
                for document in held:
                    gained[document] += gain
                most -= len(held)
            if most <= 0:
                break
        if len(gained) <= limit:
            return gained
        least = heapq.nlargest(limit, gained.values())[-1]
        return {document: gain for document, gain in gained.items() if gain >= least}


class _Weights(dict[int, float]):
    """Weights by token, worked out when first asked for; no more are remembered than pay."""

    def __init__(self, postings: Postings) -> None:
        super().__init__()
        self._postings = postings

    def __missing__(self, token: int) -> float:
        if len(self) == _REMEMBERED:
            self.clear()
        weight = self[token] = self._postings.weight(token)
        return weight
