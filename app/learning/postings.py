"""Which of what is known has a word: an inverted index, and how rare each word is."""

import heapq
import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, KeysView, Mapping

_MOST_IN_A_TUPLE = 6
"""A tuple of so few takes less memory than an array, which is quicker to append to."""


class Postings:
    """Documents by the tokens they hold; both are 32-bit integers."""

    def __init__(self) -> None:
        self._documents: dict[int, tuple[int, ...] | array[int]] = {}

    def tokens(self) -> KeysView[int]:
        """Those that any document holds."""
        return self._documents.keys()

    def __getitem__(self, token: int) -> "tuple[int, ...] | array[int]":
        """The documents that hold a token, one of `tokens`."""
        return self._documents[token]

    def add(self, document: int, tokens: Iterable[int]) -> None:
        """Enter a document, which must not be in already, under its distinct tokens."""
        alone = (document,)  # one for all words of this document alone, and most words are
        for token in tokens:
            held = self._documents.get(token)
            if held is None:
                self._documents[token] = alone
            elif not isinstance(held, tuple):
                held.append(document)
            elif len(held) < _MOST_IN_A_TUPLE:
                self._documents[token] = (*held, document)
            else:
                self._documents[token] = array("I", (*held, document))

    def remove(self, document: int, tokens: Iterable[int]) -> None:
        """Take a document out again, from under the tokens it was entered with."""
        for token in tokens:
            held = self._documents[token]
            if held == (document,):
                del self._documents[token]
            elif isinstance(held, tuple):
                self._documents[token] = tuple(other for other in held if other != document)
            else:
                held.remove(document)
                if len(held) <= _MOST_IN_A_TUPLE:
                    self._documents[token] = tuple(held)


class WeightedPostings(Postings):
    """The same, with what each token tells by how few documents hold it."""

    def __init__(self) -> None:
        super().__init__()
        self._number = 0
        self._weights = _Weights(0)

    def add(self, document: int, tokens: Iterable[int]) -> None:
        super().add(document, tokens)
        self._number += 1
        self._weights = _Weights(self._number)

    def remove(self, document: int, tokens: Iterable[int]) -> None:
        super().remove(document, tokens)
        self._number -= 1
        self._weights = _Weights(self._number)

    def weight(self, token: int) -> float:
        """How much it tells to have a token: its smoothed inverse document frequency, squared.

        The square is what it comes to in the cosine of TF-IDF vectors.
        """
        return self._weights[len(self._documents.get(token, ()))]

    def weight_of_all(self, tokens: Iterable[int]) -> float:
        """The sum of the weights of tokens that documents have; the quick way to it."""
        held = map(self._documents.__getitem__, tokens)
        return sum(map(self._weights.__getitem__, map(len, held)))

    def best(self, gains: Mapping[int, float], limit: int, most: int) -> dict[int, float]:
        """The documents that gain most by the tokens they hold, and what: `limit`, and ties.

        `gains` says what each token is worth. Those worth most are looked up first, and none any
        more once `most` entries were read: what is left then tells little, and is in too many.
        """
        gained: defaultdict[int, float] = defaultdict(float)
        for token in sorted(gains, key=lambda token: (-gains[token], token)):
            held = self._documents.get(token, ())
            gain = gains[token]
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
    """Weights by the number of documents that have a token, of so many in all."""

    def __init__(self, documents: int) -> None:
        super().__init__()
        self._documents = documents

    def __missing__(self, having: int) -> float:
        weight = self[having] = (1 + math.log((1 + self._documents) / (1 + having))) ** 2
        return weight
