"""Names of a drawing -> ids, keys of forms and variables, each unique where it has to be."""

import re
import unicodedata
from collections.abc import Container

from engine.bpmn.lint.shape import MAX_ID, MAX_NAME

_SAFE_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def is_safe(element_id: str) -> bool:
    """Whether an id may stay: plain characters, not too long."""
    return len(element_id) <= MAX_ID and _SAFE_ID.fullmatch(element_id) is not None


def identifier(text: str) -> str:
    """An id (XML NCName) that looks like ``text``."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", _ascii(text)).strip("_")[: MAX_ID - 10]
    plain = plain or "Element"
    return plain if plain[0].isalpha() else f"_{plain}"


def slug(text: str, longest: int = 60) -> str:
    """Lower-case words joined by hyphens: for files and form keys; may be empty."""
    plain = re.sub(r"[^a-z0-9]+", "-", _ascii(text).lower()).strip("-")
    return plain[:longest].strip("-")


def variable(text: str, ending: str) -> str:
    """A variable's name; with its ending, so that no word of FEEL can be one."""
    plain = slug(text, 40).replace("-", "_")
    return f"{plain}_{ending}" if plain[:1].isalpha() else f"{ending}_{plain}".strip("_")


def unique(wanted: str, taken: Container[str]) -> str:
    """``wanted``, or the first of wanted_2, wanted_3, … that is free."""
    number, found = 1, wanted
    while found in taken:
        number += 1
        found = f"{wanted}_{number}"
    return found


def one_line(text: str, longest: int = MAX_NAME) -> str:
    """Text without line breaks and control characters, cut where it gets too long."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return plain if len(plain) <= longest else plain[: longest - 1].rstrip() + "…"


def _ascii(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return decomposed.encode("ascii", "ignore").decode()
