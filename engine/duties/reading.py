"""Read the file of a regime; each mistake is a sentence that says what to do."""

import re
import tomllib

from engine import manifests
from engine.duties import entries
from engine.duties.regimes import Evidence, Regime, Stage
from engine.duties.stage_reading import Reader
from engine.errors import InvalidDocument
from engine.manifests import Table, require_known

_ID = re.compile(r"[a-z0-9-]{1,64}")
_FACT = re.compile(r"[a-z][a-z0-9_]{0,63}")
_TEXTS = (
    *("title", "jurisdiction", "source", "checked_by", "applies_to", "recipient"),
    "calendar",
)
_OPTIONAL_TEXTS = ("url", "if_late", "note")
_OTHERS = {"checked_on", "evidence", "valid_from", "valid_until", "reporters", "facts", "stage"}


def read(content: bytes, regime_id: str) -> Regime:
    """The regime of a TOML file; ``InvalidDocument`` says what is wrong."""
    try:
        table = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidDocument(f"This is not TOML: {error}.") from error
    if not _ID.fullmatch(regime_id):
        raise InvalidDocument("Name the file of a regime in lower-case letters, digits and -.")
    where = f"Regime “{regime_id}”"
    require_known(where, table, {*_TEXTS, *_OPTIONAL_TEXTS, *_OTHERS})
    return _regime(where, regime_id, table)


def _regime(where: str, regime_id: str, table: Table) -> Regime:
    said = {key: entries.text(where, table, key) for key in _TEXTS}
    said |= {key: entries.optional(where, table, key) for key in _OPTIONAL_TEXTS}
    facts = _facts(where, table.get("facts"))
    reporters = entries.words(where, table, "reporters")
    return Regime(
        id=regime_id,
        checked_on=entries.date(where, table, "checked_on"),
        evidence=entries.one_of(where, table, "evidence", Evidence),
        valid_from=entries.optional_date(where, table, "valid_from"),
        valid_until=entries.optional_date(where, table, "valid_until"),
        reporters=reporters,
        facts=facts,
        stages=_stages(where, table, Reader(facts, reporters)),
        **said,
    )


def _facts(where: str, table: object) -> dict[str, str]:
    if not isinstance(table, dict) or not table:
        raise InvalidDocument(
            f"{where}: list under [facts] what starts its periods, each with a sentence, as in "
            "aware = 'We know of the incident'."
        )
    for name in table:
        if not _FACT.fullmatch(name):
            raise InvalidDocument(f"{where}: name the fact “{name}” in a-z, digits and _.")
    return {name: entries.text(f"{where}, facts", table, name).rstrip(".") for name in table}


def _stages(where: str, table: Table, reader: Reader) -> tuple[Stage, ...]:
    """In order; each may run from the submission of one that stands above it, so no ring forms."""
    stages: dict[str, Stage] = {}
    remedy = f"{where}: write each stage as [[stage]] with id, title, source and from."
    for written in manifests.tables(table, "stage", remedy):
        stage = reader.read(where, written, stages.keys())
        if stage.id in stages:
            raise InvalidDocument(f"{where}: two stages are called “{stage.id}”. Rename one.")
        stages[stage.id] = stage
    if not stages:
        raise InvalidDocument(remedy)
    return tuple(stages.values())
