"""Content codings of request bodies, undone piece by piece so that memory stays bounded."""

import sys
import zlib
from collections.abc import Iterator
from typing import Protocol

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from app.errors import MalformedRequest, UnsupportedMediaType

PIECE = 64 * 1024
"""Bytes one step gives out at most, however much a small input stands for."""

_GZIP = 16 + zlib.MAX_WBITS
_LARGEST_WINDOW = 23
"""Log2 of the window a zstd frame may ask for: the 8 MiB of RFC 9659."""


class Decoder(Protocol):
    """Undoes one coding."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        """What the next bytes stand for, in pieces. Raises MalformedRequest."""

    def finish(self) -> None:
        """Raise MalformedRequest if the coded data ended too early."""


class Identity:
    """No coding."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        """The bytes themselves."""
        yield data

    def finish(self) -> None:
        """Any end is an end."""


class Gzip:
    """gzip (RFC 1952), of any number of members."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)
        self._begun = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        """What the next bytes stand for, in pieces."""
        while data:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
            self._begun = True
            try:
                piece = self._member.decompress(data, PIECE)
            except zlib.error as error:
                raise MalformedRequest(f"The body is not gzip: {error}.") from None
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            if piece:
                yield piece

    def finish(self) -> None:
        """Raise MalformedRequest if a member is not whole."""
        if self._begun and not self._member.eof:
            raise MalformedRequest("The body's gzip data is cut off.")


class Zstandard:
    """Zstandard (RFC 8878), of any number of frames."""

    def __init__(self) -> None:
        self._frame = self._new_frame()
        self._begun = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        """What the next bytes stand for, in pieces."""
        while data or not (self._frame.needs_input or self._frame.eof):
            if self._frame.eof:
                self._frame = self._new_frame()
            self._begun = True
            try:
                piece = self._frame.decompress(data, PIECE)
            except zstd.ZstdError as error:
                raise MalformedRequest(f"The body is not Zstandard: {error}.") from None
            data = self._frame.unused_data if self._frame.eof else b""
            if piece:
                yield piece

    def finish(self) -> None:
        """Raise MalformedRequest if a frame is not whole."""
        if self._begun and not self._frame.eof:
            raise MalformedRequest("The body's Zstandard data is cut off.")

    @staticmethod
    def _new_frame() -> zstd.ZstdDecompressor:
        options = {int(zstd.DecompressionParameter.window_log_max): _LARGEST_WINDOW}
        return zstd.ZstdDecompressor(options=options)


_DECODERS: dict[str, type[Identity] | type[Gzip] | type[Zstandard]] = {
    "": Identity,
    "identity": Identity,
    "gzip": Gzip,
    "x-gzip": Gzip,
    "zstd": Zstandard,
}


def decoder_for(coding: str) -> Decoder:
    """The decoder of a Content-Encoding. Raises UnsupportedMediaType for an unknown one."""
    decoder = _DECODERS.get(coding.strip().lower())
    if decoder is None:
        raise UnsupportedMediaType(
            f"The Content-Encoding {coding!r} is not taken; gzip and zstd are."
        )
    return decoder()
