"""The fields of a report: at which stage each is asked for, and which of them are still missing."""

import tomllib
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from enum import StrEnum

from engine import manifests
from engine.duties import entries
from engine.errors import InvalidDocument
from engine.manifests import Table, require_known

_REMEDY = "Write each field as [[field]] with id, name, type and stages."
_KEYS = {"id", "name", "type", "choices", "format", "stages", "condition"}


class Type(StrEnum):
    TEXT = "text"
    CHOICE = "choice"
    CHOICES = "choices"  # several of them
    BOOLEAN = "yes or no"
    MOMENT = "moment"  # in UTC
    DURATION = "duration"  # days, hours and minutes
    INTEGER = "integer"
    PERCENTAGE = "percentage"
    AMOUNT = "amount"  # of money
    CURRENCY = "currency"  # ISO 4217
    COUNTRIES = "countries"  # ISO 3166, two letters each
    LEI = "LEI"  # ISO 17442


@dataclass(frozen=True)
class Field:
    id: str
    name: str
    type: Type
    choices: tuple[str, ...]
    format: str  # more about how it is written, in the words of the law
    stages: frozenset[str]
    condition: str  # when it is asked for, in the words of the law; "" for always


def read(content: bytes) -> tuple[Field, ...]:
    """The fields of a TOML file in their order; ``InvalidDocument`` says what is wrong."""
    try:
        table = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidDocument(f"This is not TOML: {error}.") from error
    require_known("Fields", table, {"source", "field"})
    entries.text("Fields", table, "source")
    fields: dict[str, Field] = {}
    for written in manifests.tables(table, "field", _REMEDY):
        field = _read(written)
        if field.id in fields:
            raise InvalidDocument(f"Two fields are called “{field.id}”. Rename one.")
        fields[field.id] = field
    return tuple(fields.values())


def missing(
    fields: Iterable[Field], stage_id: str, answers: Mapping[str, object], unmet: Set[str]
) -> list[Field]:
    """The fields that the stage asks for and that have no answer yet, in their order.

    A field with a condition is asked for until somebody has said that its condition is not met:
    ``unmet`` are the ids of those of which that was said.
    """
    asked = (field for field in fields if stage_id in field.stages)
    return [
        field
        for field in asked
        if not _is_answered(answers.get(field.id)) and not (field.condition and field.id in unmet)
    ]


def _is_answered(answer: object) -> bool:
    """No and zero are answers; nothing but spaces is none."""
    if isinstance(answer, str):
        return bool(answer.strip())
    return answer not in (None, [], ())


def _read(table: Table) -> Field:
    where = f"Field “{entries.text('Field', table, 'id')}”"
    require_known(where, table, _KEYS)
    kind, choices = (
        entries.one_of(where, table, "type", Type),
        entries.words(where, table, "choices"),
    )
    if bool(choices) != (kind in (Type.CHOICE, Type.CHOICES)):
        raise InvalidDocument(f"{where}: a choice has choices, and nothing else has.")
    stages = entries.words(where, table, "stages")
    if not stages:
        raise InvalidDocument(f"{where}: list the stages that ask for it.")
    return Field(
        entries.text(where, table, "id"),
        entries.text(where, table, "name"),
        kind,
        choices,
        entries.optional(where, table, "format"),
        frozenset(stages),
        entries.optional(where, table, "condition"),
    )
