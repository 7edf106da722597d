"""PDF, text and e-mail."""

import re

from engine.errors import InvalidDocument
from engine.media_types.intruders import MARKUP, SAVE_IT_ANEW

PDF, TEXT, MAIL = "application/pdf", "text/plain", "message/rfc822"
# Nothing in the bytes tells them apart, and to whoever looks at them they are text.
TEXT_ENDINGS = (
    *("txt", "log", "csv", "tsv", "json", "jsonl", "ndjson", "md", "yaml", "yml", "toml"),
    *("ini", "conf", "cfg", "properties", "sql", "diff", "patch", "out", "err", "trace"),
)

_SNIFFED = 1445  # bytes in which browsers look for a type (WHATWG MIME Sniffing §5.2)
_PDF = re.compile(rb"%PDF-[12]\.\d[\r\n ]")
_PDF_END = re.compile(rb"startxref\s+\d+\s+%%EOF\s{0,16}\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")  # but tab, ends of lines and pages
# Tags with which a page begins that has no <html> (WHATWG MIME Sniffing §7.1).
_PAGE = re.compile(
    rb"\s*<(\?xml|\?=|!--|!doctype|(head|title|style|h1|div|font|table|a|b|br|p|meta|link)[\s/>])",
    re.IGNORECASE,
)
_FIELD = re.compile(r"([!-9;-~]+):[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n")

_UNKNOWN = (
    "This kind of file is not taken. Send a picture (PNG, JPEG, GIF, WebP), a PDF, text in UTF-8"
    " without control characters, an e-mail (EML), an office file without macros, or a ZIP file."
)


def read_pdf(content: bytes) -> str:
    """ISO 32000-2 §7.5: a header at the very beginning, and at the very end the last trailer."""
    if not _PDF.match(content) or not _PDF_END.search(content[-1024:]):
        raise InvalidDocument(
            f"This PDF is not whole, or something else lies around it. {SAVE_IT_ANEW}"
        )
    return PDF


def read(content: bytes) -> str:
    """Text, an e-mail, or nothing that is taken."""
    text = _decoded(content)
    if _is_mail(text):
        return MAIL
    head = content.removeprefix(b"\xef\xbb\xbf")[:_SNIFFED]
    if _PAGE.match(head) or MARKUP.search(head):
        raise InvalidDocument(
            "It is a web page, an SVG drawing or a script, which may act on whoever opens it."
            " Send a picture or a PDF of it, or put it into a ZIP file."
        )
    return TEXT


def _decoded(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise InvalidDocument(_UNKNOWN) from error
    if _CONTROL.search(text):
        raise InvalidDocument(_UNKNOWN)
    return text


def _is_mail(text: str) -> bool:
    """RFC 5322 §3.6: fields up to an empty line, of which it needs a sender and a date."""
    names, at = set(), 0
    while field := _FIELD.match(text, at):
        names.add(field[1].lower())
        at = field.end()
    return {"from", "date"} <= names and text.startswith(("\n", "\r\n"), at)
