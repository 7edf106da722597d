"""The entries of a regime's file, each of its type, or refused with a sentence."""

import datetime
from collections.abc import Collection
from enum import StrEnum
from typing import TypeVar

from engine.errors import InvalidDocument
from engine.manifests import Table

_Word = TypeVar("_Word", bound=StrEnum)


def text(where: str, table: Table, key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise InvalidDocument(f"{where}: give {key}, a text which people will read.")
    return value.strip()


def optional(where: str, table: Table, key: str) -> str:
    return text(where, table, key) if key in table else ""


def date(where: str, table: Table, key: str) -> datetime.date:
    value = table.get(key)
    if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
        raise InvalidDocument(f"{where}: give {key}, a date such as 2026-12-24, without quotes.")
    return value


def optional_date(where: str, table: Table, key: str) -> datetime.date | None:
    return date(where, table, key) if key in table else None


def optional_time(where: str, table: Table, key: str) -> datetime.time | None:
    value = table.get(key)
    if value is not None and not isinstance(value, datetime.time):
        raise InvalidDocument(f"{where}: {key} is a time such as 17:30:00, without quotes.")
    return value


def words(where: str, table: Table, key: str) -> tuple[str, ...]:
    """A list of texts, each there once; an empty one where the key is left out."""
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise InvalidDocument(f"{where}: {key} is a list of words, as in ['one', 'another'].")
    if len(set(value)) < len(value):
        raise InvalidDocument(f"{where}: {key} has a word twice. Keep one of them.")
    return tuple(value)


def words_of(where: str, table: Table, key: str, known: Collection[str]) -> frozenset[str]:
    for word in words(where, table, key):
        _require(where, key, word, known)
    return frozenset(words(where, table, key))


def one_of(where: str, table: Table, key: str, kind: type[_Word]) -> _Word:
    word = table.get(key)
    _require(where, key, word, [member.value for member in kind])
    return next(member for member in kind if member == word)


def _require(where: str, key: str, word: object, known: Collection[str]) -> None:
    if word not in known:
        listed = ", ".join(f"“{each}”" for each in known) or "nothing yet"
        raise InvalidDocument(f"{where}: {key} cannot be {word!r}. It may be {listed}.")
