"""PNG, JPEG, GIF and WebP: read part by part, up to an end behind which nothing is."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from engine.errors import InvalidDocument

_SAVE = "Open it in a picture viewer and save it anew, or choose another one."
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Kind:
    """A format of pictures, and how far a picture in it reaches."""

    media_type: str
    endings: tuple[str, ...]
    beginning: bytes
    end: Callable[[bytes], int]  # the length by the format; past the end raises ``IndexError``

    def read(self, content: bytes) -> str:
        try:
            end = self.end(content)
        except (IndexError, struct.error, ValueError) as error:
            raise InvalidDocument(f"This picture is damaged or not whole. {_SAVE}") from error
        if end < len(content):
            raise InvalidDocument(f"Something else lies behind the end of this picture. {_SAVE}")
        if end > len(content):
            raise InvalidDocument(f"This picture is damaged or not whole. {_SAVE}")
        return self.media_type


def _png(content: bytes) -> int:
    """W3C PNG (Third Edition) §5: chunks from IHDR to IEND, each with its checksum."""
    at, kind = len(_PNG), b""
    while kind != b"IEND":
        length, found = struct.unpack_from(">I4s", content, at)
        _require((found == b"IHDR") == (at == len(_PNG)) and found.isalpha())
        body = content[at + 4 : at + 8 + length]
        (checksum,) = struct.unpack_from(">I", content, at + 8 + length)
        _require(zlib.crc32(body) == checksum)
        at, kind = at + 12 + length, found
    return at


def _jpeg(content: bytes) -> int:
    """ITU-T T.81 annex B: segments, and pictures of any bytes up to the next marker."""
    at = 2
    while True:
        _require(content[at] == 0xFF)
        marker = content[at + 1]
        if marker == 0xD9:
            return at + 2
        if marker == 0xFF:  # fill bytes may stand before a marker
            at += 1
            continue
        (length,) = struct.unpack_from(">H", content, at + 2)
        _require(length >= 2 and marker >= 0xC0 and not 0xD0 <= marker <= 0xD8)
        at += 2 + length
        if marker == 0xDA:
            at = _behind_scan(content, at)


def _behind_scan(content: bytes, at: int) -> int:
    """The next marker that ends what a scan has encoded; a stuffed zero or a restart does not."""
    while True:
        at = content.index(b"\xff", at)
        if content[at + 1] != 0 and not 0xD0 <= content[at + 1] <= 0xD7:
            return at
        at += 2


def _gif(content: bytes) -> int:
    """GIF89a: the screen with its colours, then blocks up to the trailer."""
    _require(content[:6] in (b"GIF87a", b"GIF89a"))
    at = 13 + _colours(content[10])
    while content[at] != 0x3B:
        if content[at] == 0x2C:
            at += 10 + _colours(content[at + 9]) + 1
        else:
            _require(content[at] == 0x21)
            at += 2
        while content[at]:  # sub-blocks, each with its length, up to an empty one
            at += 1 + content[at]
        at += 1
    return at + 1


def _colours(flags: int) -> int:
    """Bytes of a table of colours, if there is one."""
    return int(3 * 2 ** ((flags & 7) + 1)) if flags & 0x80 else 0


def _webp(content: bytes) -> int:
    """RFC 9649 §2: one RIFF of the kind WEBP, whose chunks fill it."""
    (size,) = struct.unpack_from("<I", content, 4)
    _require(content[8:15] == b"WEBPVP8" and size <= len(content))
    at = 12
    while at < size + 8:
        (length,) = struct.unpack_from("<I", content, at + 4)
        at += 8 + length + length % 2
    _require(at == size + 8)
    return at


def _require(fits: bool) -> None:  # noqa: FBT001 -- like assert
    if not fits:
        raise ValueError


KINDS = (
    Kind("image/png", ("png",), _PNG, _png),
    Kind("image/jpeg", ("jpg", "jpeg", "jpe", "jfif"), b"\xff\xd8\xff", _jpeg),
    Kind("image/gif", ("gif",), b"GIF8", _gif),
    Kind("image/webp", ("webp",), b"RIFF", _webp),
)
