"""A second file within a file: what reads it as something else would find that."""

import re

from engine.errors import InvalidDocument

SAVE_IT_ANEW = "Open it, save it anew as one kind of file, and choose that."

_PDF_HEADER = 1024  # bytes from the beginning, in which PDF viewers look for one
_ZIP_END = 65_557  # bytes from the end, in which archivers look for a directory
# By their place: what archivers and drives look for there.
_PLACED = {257: b"ustar", 0x8001: b"CD001"}
# Long enough to come by chance in no picture of ten megabytes.
_ARCHIVE = re.compile(rb"Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|MSCF\0\0\0\0")
# What a browser or a web server would act on.
MARKUP = re.compile(rb"<(\?php|!doctype\s+html|(html|svg|script|iframe|body)[\s/>])", re.IGNORECASE)


def require_none(content: bytes, media_type: str) -> None:
    """``InvalidDocument`` for a file that is something else besides."""
    is_zip = content.startswith(b"PK")
    if not is_zip and (b"PK\x05\x06" in content[-_ZIP_END:] or _ARCHIVE.search(content)):
        _refuse(media_type, "an archive")
    if b"%PDF-" in content[1:_PDF_HEADER]:
        _refuse(media_type, "a PDF")
    if any(content[at : at + len(magic)] == magic for at, magic in _PLACED.items()):
        _refuse(media_type, "an archive")
    # What is packed in an archive acts nowhere before somebody unpacks it.
    if not is_zip and MARKUP.search(content):
        _refuse(media_type, "a web page or a script")


def _refuse(media_type: str, also: str) -> None:
    raise InvalidDocument(f"It is {also} besides what it looks like ({media_type}). {SAVE_IT_ANEW}")
