"""Small files of every kind that is taken, and of kinds that are not; each is made here."""

import struct
import zlib
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from engine.media_types.archives import OFFICE

NOW = (2026, 11, 23, 12, 0, 0)


def chunk(kind, body=b""):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*more):
    """One black point, and perhaps further chunks."""
    header = struct.pack(">2I5B", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + b"".join(more)
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND")
    )


def segment(marker, body):
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def jpeg(*more):
    """One point: tables of ones, a frame and a scan with a stuffed zero and a restart."""
    huffman = b"\x00" + b"\1" + b"\0" * 15 + b"\0"
    frame = struct.pack(">BHHB3B", 8, 1, 1, 1, 1, 0x11, 0)
    return (
        b"\xff\xd8"
        + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
        + b"".join(more)
        + segment(0xDB, b"\0" + b"\1" * 64)
        + segment(0xC0, frame)
        + segment(0xC4, huffman)
        + segment(0xDA, b"\1\1\0\0\x3f\0")
        + b"\x3f\xff\0\xff\xd0\x3f"
        + b"\xff\xd9"
    )


def gif(more=b""):
    screen = struct.pack("<2H3B", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    picture = b"\x2c" + struct.pack("<4HB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0"
    return b"GIF89a" + screen + more + picture + b"\x3b"


def webp(*more):
    body = (
        b"WEBP" + riff(b"VP8L", b"\x2f\0\0\0\0\x07\x10\x11\x11\x88\x88\xfe\x07\0") + b"".join(more)
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def riff(kind, body):
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def pdf(comment=b""):
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>",
    ]
    made, places = b"%PDF-1.7\n" + comment, []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj%sendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    table = b"xref\n0 4\n0000000000 65535 f \n" + table
    end = b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(made)
    return made + table + end


def packed(members, method=ZIP_DEFLATED):
    """A ZIP file; the members by name, or by a ``ZipInfo`` of its own."""
    made = BytesIO()
    with ZipFile(made, "w") as archive:
        for member, content in dict(members).items():
            info = member if isinstance(member, ZipInfo) else ZipInfo(member, NOW)
            archive.writestr(info, content, method)
    return made.getvalue()


def office(ending, **more):
    """A document of one of the two families of office files."""
    if ending.startswith("od"):
        made = BytesIO()
        with ZipFile(made, "w") as archive:
            archive.writestr(ZipInfo("mimetype", NOW), OFFICE[ending], ZIP_STORED)
            for name, content in {"content.xml": "<a/>", "META-INF/manifest.xml": "<a/>"}.items():
                archive.writestr(ZipInfo(name, NOW), content, ZIP_DEFLATED)
            for name, content in more.items():
                archive.writestr(ZipInfo(name, NOW), content, ZIP_DEFLATED)
        return made.getvalue()
    part = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "pptx": "ppt/presentation.xml"}
    return packed({"[Content_Types].xml": "<Types/>", part[ending]: "<a/>", **more})


MAIL = (
    b"Received: from mx.example by desk.example\r\n\tfor <desk@example.org>\r\n"
    b"From: Rob <rob@example.org>\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\n"
    b"Subject: Mail is down\r\n\r\nSince nine, <b>nothing</b> comes in.\r\n"
)
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

# Name -> media type and content.
GOOD = {
    "screen.png": ("image/png", png(chunk(b"tEXt", b"Comment\0The sign-in page"))),
    "photo.jpg": ("image/jpeg", jpeg(segment(0xE1, b"Exif\0\0"))),
    "photo.JPEG": ("image/jpeg", jpeg(segment(0xFE, b"A comment"))),
    "steps.gif": ("image/gif", gif(b"\x21\xfe\x03abc\0")),
    "screen.webp": ("image/webp", webp()),
    "contract.pdf": ("application/pdf", pdf(b"%\xe2\xe3\xcf\xd3\n")),
    "notes.txt": ("text/plain", "Grüße, \N{SNOWMAN}\n".encode()),
    "with a mark.txt": ("text/plain", b"\xef\xbb\xbfNotes\r\n"),
    "mail.log": ("text/plain", b"12:00 GET /?q=<b> 200\n\tat a.b.C(D.java:1)\n" * 99),
    "app.log.1": ("text/plain", b"12:00 started\n"),
    "orders.csv": ("text/plain", b"order,total\n1,=2+3\n"),
    "state.json": ("text/plain", b'{"state": "down"}'),
    "no ending": ("text/plain", b"Notes\n"),
    "report.eml": ("message/rfc822", MAIL),
    "logs.zip": ("application/zip", packed({"a/": "", "a/one.log": "x\n" * 999, "two.txt": ""})),
    "stored.zip": ("application/zip", packed({"one.log": "x"}, ZIP_STORED)),
    **{f"plan.{ending}": (media_type, office(ending)) for ending, media_type in OFFICE.items()},
}
