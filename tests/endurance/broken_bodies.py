"""Bodies that are not what their heads say, or not what JSON is.

Each maker returns the bytes of a request, and how many answers must come: 0 where the service
may wait for more.
"""

import gzip
import json
import re
import sys
import zlib
from collections.abc import Callable
from functools import partial
from random import Random

from tests.endurance.broken_heads import Sent
from tests.endurance.wire import Request, chunk

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_VALUES = (
    b"null", b"true", b"-0", b"1e400", b"-1e400", b"1e-400", b"9" * 400, b"9" * 5000, b"0.1e1",
    b"NaN", b"Infinity", b"01", b"1.", b".5", b"+1", b"0x1", b"[]", b"{}", b'""', b'"\\u0000"',
    b'"\\ud800"', b'"\\udc00\\ud800"', b'"\xed\xa0\x80"', b'"\xc0\xaf"', b'"\xf8\x88\x80\x80\x80"',
    b'"\xff"', b'"\x00"', b'"\t"', b'"\\x"', b'"\\u12"', b"'a'", b'{"":{"":""}}', b'{"a":1,"a":2}',
    b'"\xf4\x90\x80\x80"', b"[" * 150 + b"]" * 150, b"[" * 5000, b"[" * 20_000 + b"]" * 20_000,
    b'{"a":' * 3000 + b"1" + b"}" * 3000, b'"' + b"a" * 20_000 + b'"', b'"2026-02-30T00:00:00Z"',
    b"1.7976931348623157e309", b"18446744073709551616", b"-9223372036854775809", b"/**/1", b"1,",
)  # fmt: skip
"""What stands in JSON in place of a value; some of it may."""

_MEMBERS = (
    b'"pattern_id"', b'"pattern_type"', b'"timestamp"', b'"data"', b'"context"', b'"version"',
    b'"tags"', b'"metadata"', b'"project_name"', b'"success"', b'"duration_ms"', b'"stored"', b'""',
    b'"\\u0000"', b'"__proto__"', b'"\\ud800"', b'"a\\u0062"',
)  # fmt: skip

_VALUE = re.compile(rb'(?<=: )("[^"]*"|-?[0-9.]+|true|false|null)')


def broken_json(body: bytes, random: Random) -> bytes:
    """JSON with a value, or a member more, that may be no JSON; or cut off."""
    value = random.choice(_VALUES)
    found = [*_VALUE.finditer(body)]
    cases = [
        body[: random.randrange(len(body) + 1)],
        body + random.choice((b"}", b"{}", b"\0", b",", b"\xef\xbb\xbf", b" ")),
        body.replace(b"{", b"{" + random.choice(_MEMBERS) + b":" + value + b",", 1),
        value,
        b"[" + b",".join([body] * random.randrange(4)) + b"]",
        json.dumps({"data": {"a" * 40: random.random()}}).encode(),
    ]
    if found:
        place = random.choice(found)
        cases += [body[: place.start()] + value + body[place.end() :]] * 6
    return random.choice(cases)


def plain(request: Request, content: bytes, random: Random) -> Sent:
    """As it is, at once or in chunks."""
    whole = Request(request.method, request.target, request.headers, content)
    return (whole.in_chunks(content) if content and random.random() < 0.3 else whole.spelt()), 1


def lines(request: Request, content: bytes, random: Random) -> Sent:
    """Lines of which one is odd, and whose ends are."""
    end = random.choice((b"\n", b"\r\n", b"\r", b"\n\n", b"\x1e", b"\0\n", b"\xe2\x80\xa8"))
    body = end.join([request.body or b"", content, b"", content])
    typed = request.without(b"content-type").having((b"Content-Type", b"application/x-ndjson"))
    return Request(b"POST", b"/v1/patterns/batch", typed.headers, body).spelt(), 1


def charset(request: Request, content: bytes, random: Random) -> Sent:
    """In another encoding than UTF-8."""
    text = content.decode("utf-8", "replace")
    coding = random.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp1252", "utf-7"))
    named = random.choice((b"application/json", b"application/json; charset=" + coding.encode()))
    typed = request.without(b"content-type").having((b"Content-Type", named))
    body = text.encode(coding, "replace")
    return Request(request.method, request.target, typed.headers, body).spelt(), 1


def compressed(request: Request, content: bytes, random: Random) -> Sent:
    """Compressed, and then cut, spoilt, repeated or called something else."""
    codings: list[tuple[bytes, Callable[[bytes], bytes]]] = [
        (b"gzip", partial(gzip.compress, mtime=0)),  # or no two would be alike
        (b"zstd", zstd.compress),
        (b"gzip", zlib.compress),
    ]
    name, compress = random.choice(codings)
    body = compress(content)
    bomb = compress(b" " * random.choice((100_000, 5_000_000)) + content)
    spoilt = bytearray(body)
    spoilt[random.randrange(len(spoilt))] ^= 1 << random.randrange(8)
    changed = random.choice(
        [
            body,
            body[: random.randrange(len(body))],
            bytes(spoilt),
            body + body,
            body + b"\0" * 20,
            body + content,
            compress(body),
            bomb,
            content,
            compress(b""),
            b"",
        ]
    )
    called = random.choice((name, name, name, b"zstd", b"gzip", b"x-gzip", b"gzip, zstd", b"br"))
    coded = request.without(b"content-encoding").having((b"Content-Encoding", called))
    return Request(coded.method, coded.target, coded.headers, changed).spelt(), 1


def chunks(request: Request, content: bytes, random: Random) -> Sent:
    """Chunks whose sizes, ends, extensions or trailers are none."""
    head = request.having((b"Transfer-Encoding", b"chunked")).head()
    good = chunk(content) if content else b""
    last = chunk(b"")
    size = random.choice((b"", b"-1", b"+1", b"0x1", b"g", b"1 ", b"f" * 17, b"1;" + b"a" * 9000,
                          b"00000000000001", b"1\n", b"\xff", b"1;a=\"\0\""))  # fmt: skip
    cases = [
        (good + size + b"\r\na\r\n" + last, 0),
        (good[:-2] + b"XX" + last, int(bool(content))),
        (good + b"0\r\nX-Trailer: a\r\n\r\n", 1),
        (good + b"0\r\nContent-Length: 5\r\nHost: other\r\nAuthorization: Bearer a\r\n\r\n", 1),
        (good + b"0\r\n" + b"X-Many: a\r\n" * 20_000 + b"\r\n", 0),
        (good + b"0\r\nno colon\r\n\r\n", 0),
        (good + b"0;a=b;c\r\n\r\n", 0),
        (good.replace(b"\r\n", b"\n") + last, 0),
        (good, 0),
        (b"ffffffff\r\n" + content, 0),
        (b"".join(map(chunk, [bytes([byte]) for byte in content[:2000]])) + last, 1),
    ]
    body, due = random.choice(cases)
    return head + body, due


def too_short(request: Request, content: bytes, random: Random) -> Sent:
    """Less, or more, than the length that is named."""
    more = random.choice((-1, 1, 5, 10_000, 10**12))
    length = b"%d" % max(0, len(content) + more)
    return request.having((b"Content-Length", length)).head() + content, 0


ALL: tuple[Callable[[Request, bytes, Random], Sent], ...] = (
    plain,
    plain,
    plain,
    lines,
    charset,
    compressed,
    compressed,
    chunks,
    chunks,
    too_short,
)
