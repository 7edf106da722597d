"""What a check of decisions has to say."""

from dataclasses import dataclass
from typing import Literal

from engine.dmn.tables import Table

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Finding:
    """One thing about a decision; ``info`` is about what could not be checked."""

    rule: str
    severity: Severity
    element_id: str
    element_name: str
    message: str


def finding(rule: str, severity: Severity, table: Table, message: str) -> Finding:
    return Finding(rule, severity, table.element_id, table.element_name, message)


def unanalysed(table: Table, reason: str) -> Finding:
    message = f"Gaps and overlaps of this table were not looked for, because {reason}."
    return finding("decision-not-analysed", "info", table, message)
