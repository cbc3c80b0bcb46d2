"""Content codings: undone whole, in bounded pieces, and refused where they are broken."""

import gzip
import random
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import pytest

from app.errors import MalformedRequest, UnsupportedMediaType
from app.routes.encodings import PIECE, decoder_for

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = b'{"pattern_type":"task_completion"}\n' * 10_000
NOISE = random.Random(1).randbytes(300_000)
COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}

each_coding = pytest.mark.parametrize("coding", COMPRESS)


def decoded(coding: str, parts: Iterator[bytes] | list[bytes]) -> Iterator[bytes]:
    """What the parts of a body stand for, piece by piece."""
    decoder = decoder_for(coding)
    for part in parts:
        yield from decoder.decode(part)
    decoder.finish()


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def test_without_a_coding_the_bytes_are_what_they_are() -> None:
    for name in ("", "identity", " Identity "):
        assert b"".join(decoded(name, [b"ab", b"", b"c"])) == b"abc"


@each_coding
@pytest.mark.parametrize(
    "content", [b"", b"x", TEXT, NOISE], ids=["empty", "byte", "text", "noise"]
)
@pytest.mark.parametrize("size", [1, 7, 1000, 10**9])
def test_a_coding_is_undone_however_its_bytes_arrive(
    coding: str, content: bytes, size: int
) -> None:
    content = content[:5000] if size == 1 else content
    parts = cut(COMPRESS[coding](content), size)
    assert b"".join(decoded(coding, parts)) == content


@each_coding
def test_names_of_codings_are_read_without_regard_to_case(coding: str) -> None:
    assert b"".join(decoded(f" {coding.upper()} ", [COMPRESS[coding](b"x")])) == b"x"


def test_the_old_name_of_gzip_is_known() -> None:
    assert b"".join(decoded("x-gzip", [gzip.compress(b"x")])) == b"x"


@each_coding
@pytest.mark.parametrize("size", [5, 10**9])
def test_members_that_follow_each_other_are_one_body(coding: str, size: int) -> None:
    compress = COMPRESS[coding]
    joined = compress(b"one\n") + compress(b"") + compress(TEXT) + compress(b"two\n")
    assert b"".join(decoded(coding, cut(joined, size))) == b"one\n" + TEXT + b"two\n"


@each_coding
def test_a_body_cut_off_anywhere_is_refused(coding: str) -> None:
    whole = COMPRESS[coding](b"some text, some text, and more of it")
    for end in range(1, len(whole)):
        with pytest.raises(MalformedRequest):
            list(decoded(coding, [whole[:end]]))


@each_coding
def test_a_second_member_cut_off_is_refused_after_what_the_first_held(coding: str) -> None:
    compress = COMPRESS[coding]
    arriving = decoded(coding, [compress(b"one\n") + compress(b"two\n")[:-3]])
    assert next(arriving) == b"one\n"
    with pytest.raises(MalformedRequest):
        list(arriving)


@each_coding
@pytest.mark.parametrize("garbage", [b"not compressed", b"\0" * 100, NOISE, TEXT])
def test_what_is_not_compressed_is_refused(coding: str, garbage: bytes) -> None:
    with pytest.raises(MalformedRequest):
        list(decoded(coding, [garbage]))


@each_coding
def test_garbage_after_a_whole_member_is_refused(coding: str) -> None:
    with pytest.raises(MalformedRequest):
        list(decoded(coding, [COMPRESS[coding](b"x") + b"garbage"]))


@each_coding
def test_a_changed_byte_is_noticed(coding: str) -> None:
    options = {int(zstd.CompressionParameter.checksum_flag): 1}
    whole = gzip.compress(NOISE) if coding == "gzip" else zstd.compress(NOISE, options=options)
    middle = len(whole) // 2
    changed = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    with pytest.raises(MalformedRequest):
        list(decoded(coding, [changed]))


@each_coding
def test_a_bomb_comes_out_in_small_pieces_and_takes_little_memory(coding: str) -> None:
    size = 200 * 1024 * 1024
    bomb = _compressed_zeros(coding, size)
    total = largest = 0
    tracemalloc.start()
    for piece in decoded(coding, [bomb]):
        total += len(piece)
        largest = max(largest, len(piece))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == size
    assert largest <= PIECE
    assert peak < 20 * 1024 * 1024


def _compressed_zeros(coding: str, size: int) -> bytes:
    compressor = zlib.compressobj(wbits=31) if coding == "gzip" else zstd.ZstdCompressor()
    zeros = bytes(2**20)
    parts = [compressor.compress(zeros) for _ in range(size // len(zeros))]
    return b"".join([*parts, compressor.flush()])


def test_a_frame_that_asks_for_a_huge_window_is_refused() -> None:
    options = {int(zstd.CompressionParameter.window_log): 27}
    compressor = zstd.ZstdCompressor(options=options)
    frame = compressor.compress(NOISE) + compressor.flush()
    with pytest.raises(MalformedRequest):
        list(decoded("zstd", [frame]))


@pytest.mark.parametrize("coding", ["br", "deflate", "compress", "gzip, gzip", "gzip;q=1", "*"])
def test_other_codings_are_not_taken_and_the_answer_says_which_are(coding: str) -> None:
    with pytest.raises(UnsupportedMediaType, match="gzip and zstd"):
        decoder_for(coding)
