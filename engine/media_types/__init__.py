"""What a file is, by its bytes alone; whatever is not on the list, or two things at once, is not.

A file begins and ends where its format says so, and every byte between belongs to it: that leaves
no room for a second file. Neither its name nor what its sender calls it decides; a name that says
something else is refused.

Of our own, since libraries that know file types (puremagic, python-magic) name the likeliest one
by its first bytes, and say nothing about the rest.
"""

from collections.abc import Callable
from pathlib import PurePosixPath

from engine.errors import InvalidDocument
from engine.media_types import archives, intruders, pictures, writings

# Media type -> the endings of a name that fit it, the usual one first.
ENDINGS = {
    **{kind.media_type: kind.endings for kind in pictures.KINDS},
    writings.PDF: ("pdf",),
    writings.MAIL: ("eml",),
    writings.TEXT: writings.TEXT_ENDINGS,
    archives.ZIP: ("zip",),
    **{media_type: (ending,) for ending, media_type in archives.OFFICE.items()},
}
TAKEN = "pictures (PNG, JPEG, GIF, WebP), PDF, text, e-mails (EML), office files and ZIP"

# What a file begins with -> what reads it whole, and says more exactly what it is.
_READERS: dict[bytes, Callable[[bytes], str]] = {
    **{kind.beginning: kind.read for kind in pictures.KINDS},
    b"%PDF-": writings.read_pdf,
    b"PK\x03\x04": archives.read,
}


def recognise(content: bytes, name: str) -> str:
    """The media type; ``InvalidDocument`` says what is wrong with the file, and what to do."""
    media_type = _read(content)
    ending = PurePosixPath(name).suffix[1:].lower()
    is_rotated = media_type == writings.TEXT and ending.isdecimal()  # app.log.1
    if ending and ending not in ENDINGS[media_type] and not is_rotated:
        fitting = " or ".join(f".{one}" for one in ENDINGS[media_type][:2])
        raise InvalidDocument(
            f"Its name ends in .{ending}, and its content is of another kind ({media_type})."
            f" Give it the ending {fitting}, or choose the file that you meant."
        )
    return media_type


def _read(content: bytes) -> str:
    reader = next((read for magic, read in _READERS.items() if content.startswith(magic)), None)
    if reader is None:
        return writings.read(content)
    media_type = reader(content)
    intruders.require_none(content, media_type)
    return media_type
