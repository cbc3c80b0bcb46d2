"""HTTP/1.1 as bytes: requests put together by hand, and answers held against RFC 9112."""

import re
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

Headers: TypeAlias = list[tuple[bytes, bytes]]

_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5]\d\d) [\t -~]*")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*)")
_SIZE = re.compile(rb"([0-9a-fA-F]+)\r\n")


@dataclass(frozen=True, slots=True)
class Request:
    """A request before it is spelt; `body` None: it has none, and no Content-Length."""

    method: bytes
    target: bytes
    headers: Headers = field(default_factory=list)
    body: bytes | None = None

    def having(self, *headers: tuple[bytes, bytes]) -> "Request":
        """The same with further headers."""
        return replace(self, headers=[*self.headers, *headers])

    def without(self, *names: bytes) -> "Request":
        """The same without some headers."""
        kept = [header for header in self.headers if header[0].lower() not in names]
        return replace(self, headers=kept)

    def head(self) -> bytes:
        """The request line and the headers, up to the empty line."""
        lines = [b"%b %b HTTP/1.1\r\n" % (self.method, self.target)]
        lines += [b"%b: %b\r\n" % header for header in self.headers]
        return b"".join([*lines, b"\r\n"])

    def spelt(self) -> bytes:
        """All of it, with the length of its body."""
        if self.body is None:
            return self.head()
        return self.having((b"Content-Length", b"%d" % len(self.body))).head() + self.body

    def in_chunks(self, *chunks: bytes) -> bytes:
        """All of it, with the body in chunks; none is empty."""
        head = self.having((b"Transfer-Encoding", b"chunked")).head()
        return head + b"".join(map(chunk, [*chunks, b""]))


def chunk(content: bytes) -> bytes:
    """A chunk; an empty one is the last."""
    return b"%x\r\n%b\r\n" % (len(content), content)


class Answer(NamedTuple):
    """One answer; of several headers of a name the last counts."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


class NotHttp(Exception):
    """What came is no HTTP/1.1."""


def answers_in(received: bytes, *, may_be_bodiless: bool = False) -> tuple[list[Answer], bytes]:
    """The whole answers, without interim ones (1xx), and what is left.

    `may_be_bodiless`: among the requests may have been a HEAD, whose answer names the length of a
    body that does not come. Raises NotHttp.
    """
    answers: list[Answer] = []
    while received:
        head, separator, rest = received.partition(b"\r\n\r\n")
        if not separator:
            break
        status, headers = _head(head)
        body = _body(status, headers, rest, may_be_bodiless)
        if body is None:
            break
        content, received = body
        if status >= 200:
            answers.append(Answer(status, headers, content))
    return answers, received


def _head(head: bytes) -> tuple[int, dict[bytes, bytes]]:
    first, *lines = head.split(b"\r\n")
    status = _STATUS_LINE.fullmatch(first)
    fields = [_FIELD.fullmatch(line) for line in lines]
    if status is None or not all(fields):
        raise NotHttp(f"a head such as {head!r}")
    headers = {found[1].lower(): found[2].rstrip() for found in fields if found}
    if {b"content-length", b"transfer-encoding"} <= headers.keys():
        raise NotHttp(f"two framings: {head!r}")
    return int(status[1]), headers


def _body(
    status: int, headers: dict[bytes, bytes], rest: bytes, may_be_bodiless: bool
) -> tuple[bytes, bytes] | None:
    """The body and what follows it; None where it is not whole."""
    has_none = status < 200 or status in (204, 304)
    if has_none or (may_be_bodiless and (not rest or rest.startswith(b"HTTP/1.1 "))):
        return b"", rest
    if headers.get(b"transfer-encoding") == b"chunked":
        return _chunks(rest)
    if b"content-length" not in headers:
        raise NotHttp(f"no framing: {headers}")
    length = int(headers[b"content-length"])
    return None if len(rest) < length else (rest[:length], rest[length:])


def _chunks(rest: bytes) -> tuple[bytes, bytes] | None:
    content: list[bytes] = []
    at = 0
    while found := _SIZE.match(rest, at):
        begin, size = found.end(), int(found[1], 16)
        at = begin + size + 2
        if len(rest) < at:
            return None
        if rest[at - 2 : at] != b"\r\n":
            raise NotHttp(f"a chunk without an end: {rest[begin:at]!r}")
        if size == 0:
            return b"".join(content), rest[at:]
        content.append(rest[begin : begin + size])
    if b"\r\n" in rest[at:]:
        raise NotHttp(f"a chunk such as {rest[at : at + 100]!r}")
    return None
