"""What the fuzzer tries, one kind after the other, each of which chance varies without end."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise
from random import Random
from typing import ClassVar

from tests.endurance import broken_bodies, broken_heads
from tests.endurance.operations import Operations
from tests.endurance.wire import Request, chunk


class Ending(Enum):
    """What a client does once it has sent all."""

    STAY = "waits for the answer"
    HALF_CLOSE = "closes its side and listens"
    LEAVE = "closes"
    RESET = "resets"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Bytes sent over a connection of their own, piece by piece.

    `due` is how many answers must come; 0 where the service may wait for more, or close.
    """

    pieces: tuple[bytes, ...]
    due: int = 1
    ending: Ending = Ending.STAY
    kind: str = ""

    @property
    def sent(self) -> bytes:
        """All of it."""
        return b"".join(self.pieces)


class Attempts:
    """The attempts of a seed, each by its number; keys are what requests authenticate with."""

    def __init__(self, seed: int, keys: tuple[str, ...]) -> None:
        self._seed = seed
        self._keys = keys
        self._operations = Operations()

    def attempt(self, number: int) -> Attempt:
        """The same for the same seed and number, but for the keys' texts."""
        random = Random(f"{self._seed} {number}")
        kind = random.choices([*self.KINDS], [weight for weight, _ in self.KINDS.values()])[0]
        found = self.KINDS[kind][1](self, random)
        return replace(found, kind=found.kind or kind)

    def _request(self, random: Random, *, odd: float = 0.0, with_body: bool = False) -> Request:
        request = self._operations.request(random, odd=odd, with_body=with_body)
        return request.having(*self._credentials(random))

    def _credentials(self, random: Random) -> list[tuple[bytes, bytes]]:
        """Mostly a good key; sometimes none, or what is none."""
        key = random.choice([self._keys[0]] * 20 + [*self._keys]).encode()
        return random.choice(
            [[(b"Authorization", b"Bearer " + key)]] * 40
            + [
                [(b"X-API-Key", key)],
                [],
                [(b"Authorization", b"Bearer")],
                [(b"Authorization", b"Basic YTpi")],
                [(b"Authorization", b"Bearer " + key[:-1])],
                [(b"X-API-Key", b"ps_\xff\xfe_" + key)],
                [(b"Authorization", b"Bearer " + key * 50)],
            ]
        )

    def _well_formed(self, random: Random) -> Attempt:
        return Attempt((self._request(random).spelt(),))

    def _odd_parameters(self, random: Random) -> Attempt:
        return Attempt((self._request(random, odd=0.5).spelt(),))

    def _broken_head(self, random: Random) -> Attempt:
        break_it = random.choice(broken_heads.ALL)
        sent, due = break_it(self._request(random), random)
        return Attempt(_in_pieces(sent, random), due, kind=_named("head", break_it))

    def _broken_body(self, random: Random) -> Attempt:
        request = self._request(random, with_body=True)
        if request.body is not None and random.random() < 0.5:
            content = broken_bodies.broken_json(request.body, random)
        else:
            content = request.body or b""
        break_it = random.choice(broken_bodies.ALL)
        sent, due = break_it(request, content, random)
        return Attempt(_in_pieces(sent, random), due, kind=_named("body", break_it))

    def _split(self, random: Random) -> Attempt:
        """A chunked body, cut at any place, be it amid a chunk's size."""
        request = self._request(random, with_body=True)
        body = request.body or b""
        cuts = sorted(random.randrange(1, max(2, len(body))) for _ in range(random.randrange(12)))
        places = [0, *cuts, len(body)]
        chunks = [body[a:b] for a, b in pairwise(places) if a < b]
        sent = request.in_chunks(*chunks)
        if random.random() < 0.2:
            return Attempt(tuple(sent[n : n + 1] for n in range(len(sent)))[:1500], 0)
        return Attempt(_in_pieces(sent, random, 0.9))

    def _pipelined(self, random: Random) -> Attempt:
        """Several requests at once, at times with something broken at the end."""
        number = random.randint(2, 8)
        requests = b"".join(self._request(random, odd=0.1).spelt() for _ in range(number))
        if random.random() < 0.5:
            return Attempt(_in_pieces(requests, random), number)
        broken, _ = random.choice(broken_heads.ALL)(self._request(random), random)
        return Attempt(_in_pieces(requests + broken, random), 1)

    def _expecting(self, random: Random) -> Attempt:
        """Expect: 100-continue, without waiting for it; or another expectation."""
        request = self._request(random, with_body=True)
        expectation = random.choice([b"100-continue"] * 4 + [b"100-Continue", b"200-ok", b""])
        sent = request.having((b"Expect", expectation)).spelt()
        cut = sent.index(b"\r\n\r\n") + 4
        return Attempt((sent[:cut], sent[cut:]))

    def _upgrade(self, random: Random) -> Attempt:
        """Offers to change to another protocol, and a request that follows."""
        offer = random.choice([b"h2c", b"websocket", b"TLS/1.0", b"h2c, websocket", b""])
        request = self._request(random).having(
            (b"Connection", random.choice([b"Upgrade", b"Upgrade, HTTP2-Settings", b"upgrade"])),
            (b"Upgrade", offer),
            (b"HTTP2-Settings", b"AAMAAABkAARAAAAAAAIAAAAA"),
            (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
            (b"Sec-WebSocket-Version", b"13"),
        )
        if random.random() < 0.3:
            return Attempt(_in_pieces(request.having((b"Connection", b"close")).spelt(), random))
        return Attempt(_in_pieces(request.spelt() + self._request(random).spelt(), random), 2)

    def _early_end(self, random: Random) -> Attempt:
        """A part of a request, or a whole one, whose client goes."""
        sent = self._request(random).spelt()
        cut = random.choice([len(sent), random.randrange(1, len(sent))])
        ending = random.choice([Ending.HALF_CLOSE, Ending.LEAVE, Ending.RESET])
        return Attempt(_in_pieces(sent[:cut], random), 0, ending)

    def _mutated(self, random: Random) -> Attempt:
        """Bytes of a request changed, left out, put in and repeated."""
        sent = bytearray(self._request(random, odd=0.1).spelt())
        for _ in range(random.choice((1, 1, 2, 4, 16, 64))):
            place, size = random.randrange(len(sent) or 1), random.choice((1, 1, 2, 8, 64))
            noise = random.choice([random.randbytes(size), _NOISE[random.randrange(len(_NOISE))]])
            other = sent[place : place + size] * random.randint(2, 5)
            sent[place : place + size] = random.choice([noise, b"", bytes(other)])
            if random.random() < 0.3:
                sent[place:place] = noise
        return Attempt(_in_pieces(bytes(sent), random), 0)

    KINDS: ClassVar[dict[str, tuple[int, Callable[["Attempts", Random], Attempt]]]] = {
        "well-formed": (15, _well_formed),
        "odd parameters": (15, _odd_parameters),
        "broken heads": (20, _broken_head),
        "broken bodies": (20, _broken_body),
        "split": (5, _split),
        "pipelined": (5, _pipelined),
        "Expect": (3, _expecting),
        "Upgrade": (3, _upgrade),
        "ends early": (5, _early_end),
        "mutated": (12, _mutated),
    }
    """How often each is tried, and what makes it."""


_NOISE = (
    b"\r\n", b"\n", b"\r", b"\0", b"\r\n\r\n", b":", b" ", b"\t", b"%", b"%00", b"\xff", b"{", b'"',
    b"HTTP/1.1", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", chunk(b""),
)  # fmt: skip


def _named(part: str, maker: Callable[..., object]) -> str:
    return f"{part}: {maker.__name__.replace('_', ' ')}"


def _in_pieces(sent: bytes, random: Random, likely: float = 0.3) -> tuple[bytes, ...]:
    """Mostly at once; else cut at random places."""
    if len(sent) < 2 or random.random() > likely:
        return (sent,)
    cuts = sorted({random.randrange(1, len(sent)) for _ in range(random.randint(1, 6))})
    places = [0, *cuts, len(sent)]
    return tuple(sent[a:b] for a, b in pairwise(places))
