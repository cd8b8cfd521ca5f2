"""Packed bodies, in the pieces in which they come. Nobody asks for them, and some gateways pack all the same."""

import zlib
from typing import Protocol

_MUCH = 16 * 1024 * 1024
"""What one read may unpack to. Text packs to a tenth; a thousandth is an attack."""


class _Inflating(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Unpacking:
    """gzip in any number of members; deflate in zlib's frame or bare, as endpoints send either."""

    def __init__(self, encoding: str) -> None:
        self._is_deflate = encoding == "deflate"
        self._member: _Inflating | None = None

    def unpack(self, packed: bytes) -> bytes:
        """`ValueError`, `zlib.error`."""
        pieces: list[bytes] = []
        left = _MUCH
        member = self._member
        while packed:
            if member is None or member.eof:
                is_bare = self._is_deflate and packed[0] & 0x0F != zlib.DEFLATED
                member = zlib.decompressobj(-zlib.MAX_WBITS if is_bare else zlib.MAX_WBITS | 32)
            pieces.append(member.decompress(packed, left))
            left -= len(pieces[-1])
            if left <= 0:
                raise ValueError("More than anybody says.")
            packed = member.unused_data
        self._member = member
        return b"".join(pieces)

    @property
    def is_whole(self) -> bool:
        return self._member is None or self._member.eof
