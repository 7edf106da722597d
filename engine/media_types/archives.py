"""ZIP files, and office files, which are ZIP files: every byte accounted for, each member unpacked.

PKWARE APPNOTE 6.3.10. Readers of ZIP files disagree about whatever is said twice, so that what is
said twice must be the same.
"""

import re
import stat
import struct
import zlib
from collections.abc import Iterable
from io import BytesIO
from itertools import pairwise
from typing import NoReturn
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from engine.errors import InvalidDocument

ZIP = "application/zip"
_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
OFFICE = {
    "docx": f"{_OPEN_XML}.wordprocessingml.document",
    "xlsx": f"{_OPEN_XML}.spreadsheetml.sheet",
    "pptx": f"{_OPEN_XML}.presentationml.presentation",
    "odt": f"{_OPEN_DOCUMENT}.text",
    "ods": f"{_OPEN_DOCUMENT}.spreadsheet",
    "odp": f"{_OPEN_DOCUMENT}.presentation",
}
MOST_MEMBERS = 10_000
MOST_UNPACKED = 200 * 1024 * 1024  # bytes
HIGHEST_RATIO = 100  # of what a member is to what it takes in the file
_SMALL = 64 * 1024  # bytes that any member may have, however well it is packed

_MAIN_PARTS = {
    "word/document.xml": "docx",
    "xl/workbook.xml": "xlsx",
    "ppt/presentation.xml": "pptx",
}
_MACROS = re.compile(r"(.*/)?vbaProject\.bin|(Basic|Scripts)/.*", re.IGNORECASE)
_OUTSIDE = re.compile(r"[/\\]|.*(\A|/)\.\.(/|\Z)|.*[\\:\x00-\x1f\x7f]|\Z", re.DOTALL)
_HEADER, _END = struct.Struct("<4s5H3I2H"), struct.Struct("<4s4H2IH")
_AT_ONCE = 1024 * 1024  # bytes unpacked
_LONGEST_DESCRIPTOR = 24  # bytes behind a member that was packed as it came
_PACK_IT_ANEW = "Unpack it, and pack it anew."


def read(content: bytes) -> str:
    """Which kind of archive; ``InvalidDocument`` for one that is not what it says."""
    try:
        with ZipFile(BytesIO(content)) as archive:
            members = archive.infolist()
            directory = archive.start_dir
    except (BadZipFile, NotImplementedError, ValueError, OverflowError) as error:
        _refuse("This archive is damaged, or something else lies around it.", error)
    _require_names(members)
    _require_whole(content, members, directory)
    _require_small(content, members)
    return _kind(content, members)


def _require_names(members: list[ZipInfo]) -> None:
    names = [member.orig_filename for member in members]
    if any(_OUTSIDE.match(name) for name in names):
        _refuse("A file in this archive has a name that leads out of its folder.")
    if len({name.lower().rstrip("/") for name in names}) < len(names):
        _refuse("Two files in this archive have the same name.")
    if any(stat.S_ISLNK(member.external_attr >> 16) for member in members):
        _refuse("This archive holds links instead of files.")
    if any(member.flag_bits & 1 for member in members):
        raise InvalidDocument(
            "This archive is locked with a password, so that nobody can look into it."
            " Send it without one."
        )
    if "META-INF/MANIFEST.MF" in names:
        raise InvalidDocument("This is a program (JAR or APK). Programs are not taken.")


def _require_whole(content: bytes, members: list[ZipInfo], directory: int) -> None:
    """One member after the other, their directory, its end: and nothing before, between, behind."""
    end = len(content) - _END.size
    _require(len(members) <= MOST_MEMBERS and end >= 0)
    magic, *_, size, start, comment = _END.unpack_from(content, end)
    _require((magic, start, start + size, comment) == (b"PK\x05\x06", directory, end, 0))
    ordered = sorted(members, key=lambda member: member.header_offset)
    begins = [member.header_offset for member in ordered] + [directory]
    _require(begins[0] == 0)
    for member, (_, following) in zip(ordered, pairwise(begins), strict=True):
        data = _data(content, member)
        _require(0 <= following - data.stop <= _LONGEST_DESCRIPTOR)


def _data(content: bytes, member: ZipInfo) -> range:
    """Where the bytes of a member lie; its own header must call it what the directory does."""
    _require(member.header_offset + _HEADER.size <= len(content))
    magic, *_, name_length, extra_length = _HEADER.unpack_from(content, member.header_offset)
    name = member.header_offset + _HEADER.size
    encoding = "utf-8" if member.flag_bits & 0x800 else "cp437"
    _require(magic == b"PK\x03\x04")
    _require(content[name : name + name_length] == member.orig_filename.encode(encoding))
    begin = name + name_length + extra_length
    return range(begin, begin + member.compress_size)


def _require_small(content: bytes, members: Iterable[ZipInfo]) -> None:
    """Unpack each member once, as far as its size says and no further."""
    left = MOST_UNPACKED
    for member in members:
        left -= member.file_size
        most = max(_SMALL, HIGHEST_RATIO * member.compress_size)
        if left < 0 or member.file_size > most:
            raise InvalidDocument(
                "Unpacked, this archive would be too large: more than 200 MB, or than a hundred"
                " times its size. Send the files that matter."
            )
        _require(_unpacked(content, member) == member.file_size)


def _unpacked(content: bytes, member: ZipInfo) -> int:
    """How large a member really is, a little more than it says at most."""
    data = _data(content, member)
    packed = content[data.start : data.stop]
    if member.compress_type == ZIP_STORED:
        return len(packed)
    _require(member.compress_type == ZIP_DEFLATED)
    stream, size, checksum = zlib.decompressobj(-zlib.MAX_WBITS), 0, 0
    while not stream.eof and size <= member.file_size:
        try:
            part = stream.decompress(packed, _AT_ONCE)
        except zlib.error as error:
            _refuse("This archive is damaged.", error)
        _require(bool(part) or stream.eof)
        packed, size = stream.unconsumed_tail, size + len(part)
        checksum = zlib.crc32(part, checksum)
    _require(stream.eof and not stream.unused_data and checksum == member.CRC)
    return size


def _kind(content: bytes, members: list[ZipInfo]) -> str:
    names = {member.filename for member in members}
    media_type = _office(content, members, names)
    if media_type != ZIP and any(_MACROS.fullmatch(name) for name in names):
        raise InvalidDocument(
            "This office file holds macros, which may act on whoever opens it."
            " Save it without them, or as PDF."
        )
    return media_type


def _office(content: bytes, members: list[ZipInfo], names: set[str]) -> str:
    if "[Content_Types].xml" in names:
        part = next((part for part in _MAIN_PARTS if part in names), None)
        return OFFICE[_MAIN_PARTS[part]] if part else ZIP
    first = members[0]
    if first.filename == "mimetype" and first.compress_type == ZIP_STORED:
        data = _data(content, first)
        said = content[data.start : data.stop].decode("ascii", "replace")
        return said if said in OFFICE.values() else ZIP
    return ZIP


def _require(fits: bool) -> None:  # noqa: FBT001 -- like assert
    if not fits:
        _refuse("This archive is damaged, or something else lies in or around it.")


def _refuse(what: str, cause: Exception | None = None) -> NoReturn:
    raise InvalidDocument(f"{what} {_PACK_IT_ANEW}") from cause
