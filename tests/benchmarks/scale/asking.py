"""Asking a service over connections that stay open."""

import http.client
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

_SECONDS = 60.0
_RESOLVE = "/v1/errors/resolve"
_JSON = "application/json"

Answer = dict[str, Any]


class Connection:
    """One connection to a service on the loopback."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def request(
        self, method: str, path: str, body: bytes = b"", media_type: str = _JSON
    ) -> tuple[int, bytes]:
        """The status and the body of an answer."""
        self._connection.request(method, path, body, {"Content-Type": media_type})
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def post(self, path: str, content: Answer) -> None:
        """Post what must be taken."""
        status, body = self.request("POST", path, json.dumps(content).encode())
        assert status in {http.HTTPStatus.OK, http.HTTPStatus.CREATED}, body

    def post_lines(self, lines: bytes) -> None:
        """Post a batch of which all must be taken."""
        path, media_type = "/v1/patterns/batch", "application/x-ndjson"
        status, body = self.request("POST", path, lines, media_type)
        assert status == http.HTTPStatus.OK, body

    def resolve(self, question: Answer) -> Answer | None:
        """What is known of an error; None while the service is still loading."""
        status, body = self.request("POST", _RESOLVE, json.dumps(question).encode())
        if status == http.HTTPStatus.SERVICE_UNAVAILABLE:
            return None
        assert status == http.HTTPStatus.OK, body
        answer: Answer = json.loads(body)
        return answer


def is_known(answer: Answer | None) -> bool:
    """Whether an answer tells the error's own group."""
    return answer is not None and answer["group"] is not None


@dataclass(frozen=True, slots=True)
class Answered:
    """How long answers took, in seconds, the quickest first; how many told the error's group."""

    seconds: list[float]
    known: int

    def percentile(self, percent: int) -> float:
        """The time in which so many of all questions were answered."""
        return self.seconds[min(len(self.seconds) - 1, len(self.seconds) * percent // 100)]


def answered(port: int, questions: Sequence[Answer], connections: int = 1) -> Answered:
    """Ask one question after the other, over each connection its share."""
    with ThreadPoolExecutor(connections) as threads:
        shares = [questions[number::connections] for number in range(connections)]
        found = [*threads.map(lambda share: _answered(port, share), shares)]
    seconds = sorted(each for answers in found for each in answers.seconds)
    return Answered(seconds, sum(answers.known for answers in found))


def _answered(port: int, questions: Sequence[Answer]) -> Answered:
    seconds, known = [], 0
    with closing(Connection(port)) as connection:
        for question in questions:
            begun = time.perf_counter()
            answer = connection.resolve(question)
            seconds.append(time.perf_counter() - begun)
            known += is_known(answer)
    return Answered(seconds, known)
