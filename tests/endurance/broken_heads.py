"""Heads that break the rules of HTTP/1.1: request lines, targets, headers, framings.

Each maker returns the bytes of a request, and how many answers must come: 0 where the service
may wait for more.
"""

from collections.abc import Callable
from random import Random
from typing import TypeAlias

from tests.endurance.wire import Request

Sent: TypeAlias = tuple[bytes, int]

_METHODS = (
    b"BREW", b"get", b"GETT", b"G", b"", b"PRI", b"CONNECT", b"TRACE", b"OPTIONS", b"PROPFIND",
    b"G\0T", b"\xff\xfe", b"GET\t", b"M-SEARCH", b"QUERY", b"SOURCE", b"X" * 5000, b"POST POST",
)  # fmt: skip
_VERSIONS = (
    b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/3", b"HTTP/9.9", b"HTTP/1.10", b"HTTP/1.1 ",
    b"http/1.1", b"HTTP/1,1", b"HTTP", b"", b"ICE/1.0", b"HTTP/1.1\0", b"HTTP/-1.1", b"RTSP/1.0",
)  # fmt: skip
_TARGETS = (
    b"/../../etc/passwd", b"/v1/patterns/../../healthz", b"/v1/patterns/..", b"/v1/patterns/.",
    b"/v1/patterns/%2e%2e%2f%2e%2e%2fetc", b"/v1/patterns/a%00b", b"/v1/patterns/a%2fb", b"//",
    b"/v1/patterns/%252e%252e", b"/v1/patterns/%ff%fe", b"/v1/patterns/%c0%af", b"/v1//patterns",
    b"/v1/patterns/%", b"/v1/patterns/%zz", b"/v1/patterns/%0d%0aX-Injected:%201", b"/healthz/",
    b"/v1/patterns/\xc3\xa9", b"/v1/patterns/\xff", b"/v1/patterns?%", b"/v1/patterns?=&=&&;;",
    b"/v1/patterns?q=%00", b"/v1/patterns?q=%ff", b"/v1/patterns?q=%ed%a0%80", b"/v1/patterns#a",
    b"/v1/patterns?limit=1&limit=2", b"/v1/patterns?limit=%EF%BC%91", b"/docs/assets/../../app",
    b"/docs/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd", b"/docs/assets/%00", b"/docs/assets/", b"*",
    b"/docs/assets/..%5c..%5c", b"http://localhost/healthz", b"http://other.example/healthz",
    b"http://localhost", b"http://user:word@localhost/v1/count", b"https://[::1/v1/count", b"//",
    b"//localhost/healthz", b"localhost:80", b"localhost", b"healthz", b"", b"?q=a", b"/ /healthz",
    b"\\healthz", b"/\0", b"/\t", b"/v1/schemas/%2e", b"/" + b"a" * 70_000,
    b"/?" + b"a=b&" * 20_000, b"http:",
)  # fmt: skip
_NAMES = (
    b"", b" ", b"Bad Name", b"N\0ul", b"N\xfcme", b"(a)", b"a b:c", b"\tTab", b"X" * 3000,
    b"Content-Length ", b"Transfer-Encoding\t", b"Host", b"X-Request-ID", b"Connection",
)  # fmt: skip
_VALUES = (
    b"\0", b"a\0b", b"a\rb", b"a\nb", b"\r", b"\x01\x02", b"\xff\xfe", b"\xe2\x98\x83", b"", b" ",
    b"\t", b"a" * 9000, b"a\x7f", b"keep-alive, close", b"close, close", b",,,", b'"', b"a\x0bb",
)  # fmt: skip
_CONTENT_TYPES = (
    b"", b";", b"application/json;charset=utf-16", b"application/json; charset=\xff", b"a/b/c",
    b"application/json;charset=", b"multipart/form-data; boundary=", b"APPLICATION/JSON", b"\xff",
    b"application/x-www-form-urlencoded", b"application/json, application/json", b"text/plain",
)  # fmt: skip


def request_line(request: Request, random: Random) -> Sent:
    """A line that is none."""
    line = random.choice(
        [
            b"%b %b HTTP/1.1" % (random.choice(_METHODS), request.target),
            b"%b %b %b" % (request.method, request.target, random.choice(_VERSIONS)),
            b"%b%b HTTP/1.1" % (request.method, request.target),
            b"%b  %b  HTTP/1.1" % (request.method, request.target),
            b"\r\n\r\n\r\n%b %b HTTP/1.1" % (request.method, request.target),
            b" %b %b HTTP/1.1" % (request.method, request.target),
            b"%b\t%b\tHTTP/1.1" % (request.method, request.target),
            b"HTTP/1.1 200 OK",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + random.randbytes(60),
            random.randbytes(random.randrange(1, 200)),
            b"",
        ]
    )
    _, separator, rest = request.head().partition(b"\r\n")
    sent = line + separator + rest
    return sent, int(line != b"" and not line.startswith(b"HEAD") and b"HTTP/0.9" not in line)


def target(request: Request, random: Random) -> Sent:
    """A target that leads elsewhere, or nowhere."""
    changed = Request(request.method, random.choice(_TARGETS), request.headers, request.body)
    return changed.spelt(), int(changed.target != b"")


def header(request: Request, random: Random) -> Sent:
    """A header that is none, or not what it seems."""
    bad = random.choice(
        [
            (random.choice(_NAMES), b"a"),
            (b"X-Odd", random.choice(_VALUES)),
            (b"X-Request-ID", random.choice(_VALUES)),
            (b"Content-Type", random.choice(_CONTENT_TYPES)),
            (b"Content-Encoding", random.choice((b"br", b"gzip, gzip", b"\xff", b"deflate", b""))),
            (b"If-Match", random.choice((b"1-1", b'"', b'W/"1-1"', b'""', b"*, *", b'"a' * 400))),
            (b"Idempotency-Key", random.choice((b"", b"\xff", b"a" * 300, b"a b"))),
            (b"Origin", random.choice((b"null", b"http://other.example", b"//[", b"\xff"))),
            (b"Connection", random.choice((b"close", b"\xff", b"Host", b"keep-alive"))),
            (b"Accept", b"*/*;q=" + b"9" * 400),
        ]
    )
    return request.having(bad).spelt(), 1


def host(request: Request, random: Random) -> Sent:
    """No Host, several, or one that is none."""
    names = (b"", b"other.example", b"localhost:99999", b"[::1", b"\xff", b"a b", b"localhost, a")
    hosts = [(b"Host", name) for name in random.choices(names, k=random.randrange(3))]
    return request.without(b"host").having(*hosts).spelt(), 1


def line_ends(request: Request, random: Random) -> Sent:
    """Lines that end otherwise, go on in the next one, or have no colon."""
    sent = request.head()
    cases = [
        (sent.replace(b"\r\n", b"\n"), 0),
        (sent.replace(b"\r\n", b"\r"), 0),
        (sent.replace(b"\r\n", b"\n\r"), 0),
        (sent[:-2] + b"X-Folded: a\r\n b\r\n\tc\r\n\r\n", 1),
        (sent.replace(b"\r\n", b"\r\n folded\r\n", 1), 1),
        (sent[:-2] + b"no colon\r\n\r\n", 1),
        (sent[:-2] + b": no name\r\n\r\n", 1),
        (sent[:-2] + b"X: a\rX-Injected: b\r\n\r\n", 1),
    ]
    return random.choice(cases)


def flood(request: Request, random: Random) -> Sent:
    """More headers than anyone needs, or longer ones; some are more than is taken."""
    many = random.choice((100, 1_000, 10_000, 40_000))
    line = random.choice(
        (b"a:b\r\n", b"X-Many: value\r\n", b"Host: localhost\r\n", b"Cookie: a=b\r\n")
    )
    long = random.choice((8_000, 64_000, 130_000, 600_000))
    floods = [line * many, b"X-Long: " + b"a" * long + b"\r\n", b"X" * long + b": a\r\n"]
    return request.head()[:-2] + random.choice(floods) + b"\r\n", 1


def framing(request: Request, random: Random) -> Sent:
    """Two lengths, a length and chunks, lengths that are none."""
    length = b"%d" % len(request.body or b"")
    lengths = (b"-1", b"+5", b"0x10", b"5, 5", b"5, 6", b"1e3", b"", b" ", b"\xb2", b"5 5",
               b"00005", b"9" * 19, b"9" * 40, b"18446744073709551616", length + b"\0")  # fmt: skip
    codings = (b"gzip", b"chunked, chunked", b"gzip, chunked", b"chunked, gzip", b"identity", b"",
               b"xchunked", b"Chunked", b" chunked", b"chunked;a=b", b"\x0bchunked")  # fmt: skip
    request = request.having(
        *random.choice(
            [
                [(b"Content-Length", length), (b"Content-Length", length)],
                [(b"Content-Length", length), (b"Content-Length", length + b"1")],
                [(b"Content-Length", random.choice(lengths))],
                [(b"Transfer-Encoding", random.choice(codings))],
                [(b"Content-Length", length), (b"Transfer-Encoding", random.choice(codings))],
                [(b"Transfer-Encoding", b"chunked"), (b"Transfer-Encoding", b"identity")],
                [(b"Transfer-Encoding", b"chunked"), (b"Content-Length", length)],
            ]
        )
    )
    return request.head() + (request.body or b"{}"), 0


ALL: tuple[Callable[[Request, Random], Sent], ...] = (
    request_line,
    target,
    target,
    header,
    header,
    host,
    line_ends,
    flood,
    framing,
)
