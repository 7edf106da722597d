"""Bad files: each is refused at every door, stands in the security log, and leaves nothing.

The files are made here, of the small good ones of ``tests.files``.
"""

import os
import socket
import stat
import struct
import zlib
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from zipfile import ZIP_BZIP2, ZIP_STORED, ZipFile, ZipInfo

import pytest
from sqlalchemy import text
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from api import create_app
from api.security import SIEVE
from engine import antivirus, security_log
from engine.security_log import Filter, Kind, Sieve
from engine.settings import Settings
from tests import clamd
from tests.diagrams import bundle, line, user_task
from tests.factories import deploy, dump, open_tasks, report
from tests.files import (
    EICAR,
    GOOD,
    MAIL,
    NOW,
    chunk,
    gif,
    jpeg,
    office,
    packed,
    pdf,
    png,
    riff,
    segment,
    webp,
)

OURS = {"Sec-Fetch-Site": "same-origin"}
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
PHP = b"<?php system($_GET['c']); ?>"
ZIP = packed({"a.class": b"\xca\xfe\xba\xbe"})
MEGABYTES = 11 * 1024 * 1024


def link(name):
    made = ZipInfo(name, NOW)
    made.external_attr = (stat.S_IFLNK | 0o777) << 16
    return made


def twice():
    """Two members of one name, of which every reader may take another."""
    made = BytesIO()
    with ZipFile(made, "w") as archive:
        archive.writestr("a.txt", "harmless")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.txt", "harmful")
    return made.getvalue()


def locked():
    """As if its one member were encrypted."""
    made = bytearray(packed({"a.txt": "a"}, ZIP_STORED))
    made[6] |= 1
    made[made.rindex(b"PK\1\2") + 8] |= 1
    return bytes(made)


def lying():
    """Says that its member has one byte, and unpacks to a megabyte."""
    made = bytearray(packed({"a.txt": b"a" * 1_000_000}))
    directory = made.rindex(b"PK\1\2")
    for at in (22, directory + 24):
        made[at : at + 4] = struct.pack("<I", 1)
    for at in (14, directory + 16):
        made[at : at + 4] = struct.pack("<I", zlib.crc32(b"a"))
    return bytes(made)


def renamed():
    """Its member is called otherwise by its own header."""
    return packed({"a.txt": "a"}).replace(b"a.txt", b"b.exe", 1)


def overlapping():
    """Two names for one member: a bomb without ratio."""
    made = bytearray(packed({"a.txt": "a", "b.txt": "a"}))
    second = made.rindex(b"PK\1\2")
    made[second + 42 : second + 46] = struct.pack("<I", 0)
    return bytes(made)


def moved(content, ahead=b"", within=b""):
    """An archive with something ahead of it, or before its directory, that still can be read."""
    with ZipFile(BytesIO(content)) as archive:
        directory = archive.start_dir
    made = bytearray(ahead + content[:directory] + within + content[directory:])
    end = made.rindex(b"PK\5\6")
    made[end + 16 : end + 20] = struct.pack("<I", directory + len(ahead) + len(within))
    return bytes(made)


# What it is -> its name, its content, and a part of the sentence that refuses it.
BAD = {
    # two kinds at once
    "a GIF and a JAR": ("a.gif", gif() + ZIP, "behind the end"),
    "a GIF with a ZIP in a comment": (
        "a.gif",
        gif(b"\x21\xfe" + bytes((len(ZIP),)) + ZIP + b"\0"),
        "an archive besides",
    ),
    "a GIF and a script": ("a.gif", b"GIF89a/*" + b"*/=1;alert(1);", "damaged"),
    "a PNG and a ZIP": ("a.png", png() + ZIP, "behind the end"),
    "a PNG with a ZIP inside": ("a.png", png(chunk(b"teXt", ZIP)), "an archive besides"),
    "a PNG with a page inside": ("a.png", png(chunk(b"tEXt", b"C\0" + HTML)), "a web page or"),
    "a PNG with a PDF inside": ("a.png", png(chunk(b"tEXt", b"C\0" + pdf())), "a PDF besides"),
    "a PNG with a RAR inside": ("a.png", png(chunk(b"raRr", b"Rar!\x1a\x07\1\0")), "an archive"),
    "a JPEG and PHP": ("a.jpg", jpeg(segment(0xFE, PHP)), "a script besides"),
    "a JPEG and PHP behind it": ("a.jpg", jpeg() + PHP, "behind the end"),
    "a JPEG and a PDF": ("a.jpg", jpeg(segment(0xFE, pdf())), "a PDF besides"),
    "a WebP with a script": ("a.webp", webp(riff(b"EXIF", b"<script>a()</script>")), "web page"),
    "a WebP and more": ("a.webp", webp() + b"more", "behind the end"),
    "a WAV": ("a.webp", b"RIFF\4\0\0\0WAVE", "damaged"),
    "a picture and a TAR": (
        "a.png",
        png(chunk(b"tEXt", b"\0" * (257 - 41) + b"ustar")),
        "an archive besides",
    ),
    "a PDF and a ZIP": ("a.pdf", pdf() + ZIP, "not whole"),
    "a PDF in a ZIP's comment": ("a.zip", packed({"a.txt": ""})[:-2] + b"\1\0a", "around it"),
    "a PDF with a ZIP in a comment": ("a.pdf", pdf(b"%" + ZIP + b"\n"), "an archive besides"),
    "a PDF with a page in a comment": ("a.pdf", pdf(b"%" + HTML + b"\n"), "a web page or"),
    "a page before a PDF": ("a.pdf", HTML + pdf(), "a web page"),
    "text before a PDF": ("a.pdf", b"Notes\n" + pdf(), "another kind (text/plain)"),
    "a ZIP that begins as a PDF": ("a.zip", packed({"a.pdf": pdf()}, ZIP_STORED), "a PDF besides"),
    "a program before a ZIP": ("a.zip", moved(ZIP, ahead=b"MZ\0\0"), "not taken"),
    # not what it looks like
    "a page as text": ("a.txt", HTML, "a web page"),
    "a page behind text": ("a.txt", b"Notes:\n" + HTML, "a web page"),
    "a page without its tag": ("a.txt", b" \n<b onclick=a()>A</b>", "a web page"),
    "a page as a picture": ("a.png", HTML, "a web page"),
    "an SVG": ("a.svg", SVG, "an SVG drawing"),
    "an SVG as text": ("a.txt", b'<?xml version="1.0"?>' + SVG, "an SVG drawing"),
    "a page": ("a.html", b"<p>Hello</p>", "a web page"),
    "a script as text": ("a.php", PHP, "a script"),
    "text as a page": ("a.html", b"Notes", "ends in .html"),
    "text as a program": ("a.exe", b"Notes", "ends in .exe"),
    "a picture as a page": ("a.png.html", png(), "Give it the ending .png"),
    "a PDF as text": ("a.txt", pdf(), "another kind (application/pdf)"),
    "an e-mail as a page": ("a.mhtml", MAIL, "message/rfc822"),
    "a program": ("a.png", b"MZ\x90\0" * 99, "not taken"),
    "an ELF program": ("a", b"\x7fELF\2\1\1\0", "not taken"),
    "text in UTF-16": ("a.txt", "Grüße".encode("utf-16"), "text in UTF-8"),
    "text for a terminal": ("a.log", b"\x1b]0;owned\x07", "without control characters"),
    "half a picture": ("a.png", png()[:-9], "not whole"),
    "a picture with a wrong sum": ("a.png", png().replace(b"IHDR\0", b"IHDR\1"), "damaged"),
    # archives
    "a bomb": ("a.zip", packed({"a.txt": b"\0" * 40_000_000}), "would be too large"),
    "a bomb of many": (
        "a.zip",
        packed({f"{n}": b"\0" * 64_000 for n in range(3_500)}),
        "would be too large",
    ),
    "an archive that lies": ("a.zip", lying(), "damaged"),
    "an archive that leads out": ("a.zip", packed({"../a.txt": "a"}), "leads out"),
    "an archive that leads far out": ("a.zip", packed({"a/../../b": "a"}), "leads out"),
    "an archive with an absolute name": ("a.zip", packed({"/etc/passwd": "a"}), "leads out"),
    "an archive with a drive": ("a.zip", packed({"C:a.txt": "a"}), "leads out"),
    "an archive with a backslash": ("a.zip", packed({"..\\a.txt": "a"}), "leads out"),
    "an archive with links": ("a.zip", packed({link("a"): "/etc/passwd"}), "links"),
    "an archive with a name twice": ("a.zip", twice(), "the same name"),
    "an archive with two names for one": ("a.zip", renamed(), "damaged"),
    "an archive of overlapping files": ("a.zip", overlapping(), "damaged"),
    "an archive with more inside": ("a.zip", moved(ZIP, within=b"x" * 99), "damaged"),
    "an archive with more behind": ("a.zip", ZIP + b"more", "around it"),
    "an empty archive": ("a.zip", packed({}), "not taken"),
    "half an archive": ("a.zip", ZIP[:-9], "damaged"),
    "a locked archive": ("a.zip", locked(), "locked with a password"),
    "a rare archive": ("a.zip", packed({"a.txt": b"a" * 999}, ZIP_BZIP2), "damaged"),
    "a JAR": ("a.zip", packed({"META-INF/MANIFEST.MF": "a"}), "a program"),
    "a document with macros": ("a.docx", office("docx", **{"word/vbaProject.bin": "a"}), "macros"),
    "a sheet with macros": ("a.ods", office("ods", **{"Basic/a.xml": "a"}), "macros"),
    "a document by another name": ("a.zip", office("docx"), "ends in .zip"),
    "an archive as a document": ("a.docx", ZIP, "ends in .docx"),
    # sizes
    "an empty file": ("a.txt", b"", "empty"),
    "a large file": ("a.txt", b"a" * (10 * 1024 * 1024 + 1), "at most 10 MB"),
    "a very large file": ("a.txt", b"a" * MEGABYTES, "at most 10 MB"),
    # names
    "a name that leads out": ("../../etc/passwd", b"a", "holds a folder"),
    "a name of Windows": ("C:\\a.txt", b"a", "holds a folder"),
    "a name with a zero": ("a\x00b", b"a", "hidden character"),
    "a name with a line": ("a\u2028b.txt", b"a", "hidden character"),
    "a name that turns": ("a\u202etxt.exe", b"a", "hidden character"),
    "a name that hides": ("a\u200b.txt", b"a", "hidden character"),
    "a name for a server": (".htaccess", b"a", "means something"),
    "a name of a device": ("NUL.txt", b"a", "means something"),
    "a name with a dot at its end": ("a.txt.", b"a", "means something"),
    "a long name": ("a" * 201, b"a", "too long"),
}


@pytest.fixture
def incident(database, cast):
    deploy(database, bundle(*line(user_task("Look"))))
    return report(database, cast.rob)


@pytest.fixture
def browse(database, cast):
    """Somebody's client of an application of these settings."""

    def start(username="dora", **settings):
        http = create_app(database, Settings(database.url, **settings)).test_client()
        http.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {cast.token(username)}"
        return http

    return start


@pytest.fixture
def logged(database, cast):
    """What the log says of uploads."""

    def read():
        with database.reading() as session:
            return security_log.find(session, cast.aude, Filter(Kind.UPLOAD_REFUSED), limit=9)

    return read


@pytest.fixture(scope="session")
def scanner():
    if clamd.CLAMD is None:
        missing = "clamd is missing: install the system's package “clamav-daemon”."
        (pytest.fail if os.environ.get("STEADYHAND_CI") else pytest.skip)(missing)
    with TemporaryDirectory() as directory, clamd.running(Path(directory)) as addresses:
        yield addresses


def send(http, incident, name, content, **headers):
    return post(http, f"/api/v1/incidents/{incident.id}/attachments", name, content, headers)


def post(http, path, name, content, headers):
    # Encoded here: the client would leave large ones in files that nobody closes.
    boundary, body = encode_multipart(
        {"file": FileStorage(BytesIO(content), name), "is_public": "true"}
    )
    headers = {**headers, "Content-Type": f"multipart/form-data; boundary={boundary}"}
    return http.post(path, data=body, headers=headers)


def test_a_bad_file_is_refused_and_logged_and_leaves_nothing(
    browse, incident, database, logged, subtests
):
    http, before = browse(), dump(database)
    for what, (name, content, said) in BAD.items():
        with subtests.test(what):
            http.application.extensions[SIEVE] = Sieve()  # lets the next one into the log, too

            answer = send(http, incident, name, content)

            (error,) = answer.get_json()["errors"]
            is_large = len(content) > 10 * 1024 * 1024
            assert answer.status_code == (413 if is_large else 422)
            assert error["pointer"] == "#/file"
            assert said in error["detail"]
            (newest, *_) = logged()
            assert newest.detail.endswith(error["detail"])
            assert newest.actor_name == "Dora Desk"
    assert len(BAD) >= 25
    assert dump(database) == before


@pytest.mark.parametrize("path", ["/incidents/{0.number}/files", "/tasks/{1.id}/files"])
def test_a_bad_file_is_refused_beside_the_field_of_a_page(
    browse, incident, database, cast, logged, path
):
    task = open_tasks(database, incident, cast.dora)["Look"]
    http, before = browse(), dump(database)
    for content, status in ((b"MZ\0", 422), (b"a" * MEGABYTES, 413)):
        http.application.extensions[SIEVE] = Sieve()

        answer = post(http, path.format(incident, task), "a.txt", content, OURS)

        assert answer.status_code == status
        assert 'id="error-file"' in answer.text
    assert len(logged()) == 2
    assert dump(database) == before


def test_elsewhere_a_request_stays_small(browse):
    answer = browse().post("/api/v1/incidents", json={"answers": {"a": "a" * 1024 * 1024}})

    assert answer.status_code == 413
    assert "at most 1 MB" in answer.get_json()["detail"]


def test_an_installation_says_how_large_a_file_may_be(browse, incident):
    http = browse(longest_upload=1)

    assert send(http, incident, "a.txt", b"a" * 1024 * 1024).status_code == 201
    answer = send(http, incident, "a.txt", b"a" * (1024 * 1024 + 1))
    assert answer.status_code == 413
    assert "at most 1 MB" in answer.get_json()["detail"] + answer.text


def test_who_may_not_add_a_file_learns_nothing_about_it(browse, incident, logged):
    answer = send(browse("aude", clamd="127.0.0.1:1"), incident, "a.exe", b"MZ")

    assert answer.status_code == 403
    assert logged() == []


@pytest.mark.parametrize("at", [0, 1], ids=["socket", "port"])
def test_malware_is_refused_and_logged(browse, incident, database, scanner, logged, at):
    http, before = browse(clamd=scanner[at]), dump(database)

    answer = send(http, incident, "eicar.txt", EICAR)

    assert answer.status_code == 422
    (error,) = answer.get_json()["errors"]
    assert f"found {clamd.NAME}.UNOFFICIAL in this file" in error["detail"]
    (entry,) = logged()
    assert clamd.NAME in entry.detail
    assert dump(database) == before


def test_malware_in_an_archive_is_refused(browse, incident, scanner):
    content = packed({"a/eicar.txt": EICAR})

    assert send(browse(clamd=scanner[0]), incident, "a.zip", content).status_code == 422


def test_malware_is_taken_by_nobody_who_has_a_scanner_and_by_all_others(browse, incident):
    assert send(browse(), incident, "eicar.txt", EICAR).status_code == 201


@pytest.mark.parametrize("address", ["127.0.0.1:1", "/nowhere/clamd.sock", "nonsense"])
def test_nothing_is_kept_while_the_scanner_is_away(browse, incident, database, address):
    http, before = browse(clamd=address), dump(database)

    answer = send(http, incident, "a.txt", b"Notes")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
    assert "try again later" in answer.get_json()["detail"]
    assert dump(database) == before


@pytest.mark.parametrize("said", [b"", b"stream: OK", b"INSTREAM size limit exceeded. ERROR\0"])
def test_only_the_word_of_the_scanner_that_all_is_well_counts(said):
    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=_say, args=(server, said), daemon=True).start()
        address = f"127.0.0.1:{server.getsockname()[1]}"

        if said == b"stream: OK":
            assert antivirus.find_malware(b"Notes", address) is None
        else:
            with pytest.raises(antivirus.Unreachable):
                antivirus.find_malware(b"Notes", address)


def _say(server, said):
    connection, _ = server.accept()
    with connection:
        sent = b""
        while not sent.endswith(bytes(4)):  # the end of a stream is a part without a byte
            sent += connection.recv(4096)
        connection.sendall(said)


def test_the_scanner_looks_before_a_transaction_begins(browse, incident, database):
    """As long as the scanner takes, somebody else can change something."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        http = browse(clamd=f"127.0.0.1:{server.getsockname()[1]}")
        answers = []
        sending = Thread(
            target=lambda: answers.append(
                send(http, incident, "a.txt", b"Notes", **{"Idempotency-Key": "k"})
            )
        )
        sending.start()
        connection, _ = server.accept()
        with connection:
            with database.transaction() as session:
                session.execute(text("UPDATE incident SET occurrences = 2"))
            connection.recv(4096)
            connection.sendall(b"stream: OK\0")
            sending.join()

    assert answers[0].status_code == 201


@pytest.mark.parametrize("name", GOOD)
def test_a_good_file_is_not_refused_by_the_scanner(browse, incident, scanner, name):
    answer = send(browse(clamd=scanner[0]), incident, name, GOOD[name][1])

    assert answer.status_code == 201
