"""The search: the words of incidents, kept beside them, and how they are looked for.

A row for each word, so that both databases find it by a plain index and in the same way. Case,
accents and leading zeros make no difference.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from weakref import WeakSet

from sqlalchemy import (
    ColumnElement,
    Engine,
    Integer,
    bindparam,
    delete,
    func,
    insert,
    inspect,
    literal,
    select,
)
from sqlalchemy.orm import Session

from engine.store.statement import Statement
from engine.store.tables import Incident, IncidentWord, table_of

LONGEST = 40  # characters of a word; what is longer is found by its beginning
MOST = 8  # words of one search
# From here on a word is common: the newest incidents are looked through for it, since nearly every
# one has it. Of a rarer word all incidents are gathered.
COMMON = 2_000
_LAST = "\U0010ffff"  # sorts behind every character

_words = table_of(IncidentWord)
_ADD = Statement(insert(_words))
_REMOVE = Statement(delete(_words).where(_words.c.number == bindparam("number")))
_NEWEST = 10_000  # incidents among which one may have been left out
_told = select(Incident.number, Incident.title, Incident.service)
_newest = (
    _told.order_by(Incident.number.desc()).limit(bindparam("newest", type_=Integer)).subquery()
)
_LEFT_OUT = Statement(
    select(_newest).where(
        ~select(_words.c.number).where(_words.c.number == _newest.c.number).exists()
    )
)
_keeping: WeakSet[Engine] = WeakSet()  # databases of which we know that they have the table
_RUN = re.compile(r"[^\W_]+")  # letters and digits
_NUMBER = re.compile(r"INC-(\d{0,4}|\d{4}-\d*)", re.IGNORECASE)
_NUMBERS = ("INC-0000-000000", "INC-9999-999999")


@dataclass(frozen=True)
class Shape:
    """What a search has conditions on; searches of one shape share a statement."""

    is_by_number: bool = False
    words: int = 0
    is_rare: bool = False  # the first word


@dataclass(frozen=True)
class Search:
    """A search with the values for the conditions of its shape."""

    shape: Shape = Shape()
    values: dict[str, str] = field(default_factory=dict)


def of(text: str) -> Iterator[str]:
    """The words of a text, as they are kept and looked for."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    for word in _RUN.findall("".join(c for c in parts if not unicodedata.combining(c))):
        yield (word.lstrip("0") or "0" if word.isdecimal() else word)[:LONGEST]


def rows_of(number: str, title: str, service: str) -> list[dict[str, str]]:
    """The rows for one incident."""
    serial = number.rpartition("-")[2]
    found = set(of(f"{serial} {title} {service}"))
    return [{"word": word, "number": number} for word in sorted(found)]


def add(session: Session, incident: Incident) -> None:
    """Keep the words of an incident that is new and written already."""
    if _are_kept(session):
        _ADD.run_each(session, rows_of(incident.number, incident.title, incident.service))


def renew(session: Session, incident: Incident) -> None:
    """Keep the words of an incident that says something else now."""
    if _are_kept(session):
        _REMOVE.run(session, {"number": incident.number})
        add(session, incident)


def catch_up(session: Session) -> int:
    """Add what a process of the release before has left out; returns how many incidents it was."""
    if not _are_kept(session):
        return 0
    left_out = _LEFT_OUT.find(session, {"newest": _NEWEST})
    _ADD.run_each(session, [row for found in left_out for row in rows_of(*found)])
    return len(left_out)


def _are_kept(session: Session) -> bool:
    """Whether the database has been migrated so far; until then nothing is found by words."""
    engine = session.get_bind().engine
    if engine not in _keeping and inspect(session.connection()).has_table(_words.name):
        _keeping.add(engine)
    return engine in _keeping


def search(session: Session, text: str) -> Search | None:
    """What ``text`` asks for; ``None`` if no incident has it."""
    text = text.strip()
    if not text:
        return Search()
    if _NUMBER.fullmatch(text):
        first, last = (text.upper() + rest[len(text) :] for rest in _NUMBERS)
        return Search(Shape(is_by_number=True), {"first_number": first, "last_number": last})
    words = list(dict.fromkeys(of(text)))[:MOST] if _are_kept(session) else []
    return _by_words(session, words)


def conditions(shape: Shape) -> Iterator[ColumnElement[bool]]:
    """What must be true of an incident that is found."""
    if shape.is_by_number:
        yield Incident.number.between(bindparam("first_number"), bindparam("last_number"))
    for index in range(shape.words):
        numbers = select(_words.c.number).where(_is_word(index))
        if shape.is_rare and index == 0:
            yield Incident.number.in_(numbers)
        else:
            yield numbers.where(_words.c.number == Incident.number).exists()


def _by_words(session: Session, words: list[str]) -> Search | None:
    counted = sorted((_count(session, word), word) for word in words)
    if not counted or not counted[0][0]:
        return None
    values: dict[str, str] = {}
    for index, (_, word) in enumerate(counted):
        values |= _range(index, word)
    return Search(Shape(words=len(counted), is_rare=counted[0][0] < COMMON), values)


def _is_word(index: int) -> ColumnElement[bool]:
    return _words.c.word.between(bindparam(f"word_{index}"), bindparam(f"last_{index}"))


def _range(index: int, word: str) -> dict[str, str]:
    """The words that one asks for: a number itself, any other also as the beginning of longer."""
    return {f"word_{index}": word, f"last_{index}": word if word.isdecimal() else word + _LAST}


_SOME = select(literal(1)).where(_is_word(0)).limit(COMMON).subquery()
_COUNT = Statement(select(func.count()).select_from(_SOME))


def _count(session: Session, word: str) -> int:
    ((found,),) = _COUNT.find(session, _range(0, word))
    return int(found)
