"""Header blocks: names and values, compressed with the dictionary that both sides know.

Source: SPDY protocol draft 3.1, section 2.6.10.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

__all__ = ["HeaderReader", "HeaderWriter", "ProtocolError"]

_BLOCK_LIMIT = 64 << 10
_LENGTH = struct.Struct(">I")
_WORDS = (
    "options|head|post|put|delete|trace|accept|accept-charset|accept-encoding|accept-language|accept-ranges|age|allow|"
    "authorization|cache-control|connection|content-base|content-encoding|content-language|content-length|"
    "content-location|content-md5|content-range|content-type|date|etag|expect|expires|from|host|if-match|"
    "if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified|location|max-forwards|pragma|"
    "proxy-authenticate|proxy-authorization|range|referer|retry-after|server|te|trailer|transfer-encoding|upgrade|"
    "user-agent|vary|via|warning|www-authenticate|method|get|status|200 OK|version|HTTP/1.1|url|public|set-cookie|"
    "keep-alive|origin"
)
_TAIL = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative "
    "Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 "
    "Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec "
    "00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,"
    "application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset="
    "iso-8859-1,utf-,*,enq=0."
)
DICTIONARY = b"".join(_LENGTH.pack(len(word)) + word.encode() for word in _WORDS.split("|")) + _TAIL.encode()
"""The dictionary of version 3, byte for byte."""


class ProtocolError(Exception):
    """The peer does not speak SPDY/3.1, or sends more than may be sent: the connection can't go on."""


class HeaderWriter:
    """Compresses the header blocks of one direction; their order is part of the state."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def encode(self, headers: Mapping[str, str]) -> bytes:
        """Return a block; names are sent in lower case."""
        parts = [_LENGTH.pack(len(headers))]
        for name, value in headers.items():
            for text in (name.lower(), value):
                data = text.encode()
                parts += (_LENGTH.pack(len(data)), data)
        return self._deflate.compress(b"".join(parts)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)


class HeaderReader:
    """Expands the header blocks of one direction, in the order in which they arrive."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)

    def decode(self, block: bytes) -> dict[str, str]:
        """Return the headers of a block, names in lower case; several values of a name stay joined by NUL.

        Raises:
            ProtocolError: it is not a block, or expands to more than 64 KiB.
        """
        try:
            plain = self._inflate.decompress(block, _BLOCK_LIMIT + 1)
        except zlib.error as error:
            raise ProtocolError(f"a header block can't be expanded: {error}") from error
        if len(plain) > _BLOCK_LIMIT or self._inflate.unconsumed_tail or self._inflate.eof:
            raise ProtocolError("a header block is too large, or the compressed stream has ended")
        return _parsed(plain)


def _parsed(plain: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    count, position = _number(plain, 0), 4
    for _ in range(count):
        name, position = _text(plain, position)
        name = name.lower()
        value, position = _text(plain, position)
        if not name or name in headers:
            raise ProtocolError(f"the header {name!r} has no name, or appears twice")
        headers[name] = value
    if position != len(plain):
        raise ProtocolError("a header block has more bytes than headers")
    return headers


def _number(plain: bytes, position: int) -> int:
    if len(plain) < position + 4:
        raise ProtocolError("a header block ends too early")
    return int(_LENGTH.unpack_from(plain, position)[0])


def _text(plain: bytes, position: int) -> tuple[str, int]:
    start = position + 4
    end = start + _number(plain, position)
    if end > len(plain):
        raise ProtocolError("a header block ends too early")
    return plain[start:end].decode("utf-8", "replace"), end
