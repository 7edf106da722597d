"""Decisions in DMN 1.5: compiled once, evaluated with which rules matched and on what."""

from collections.abc import Iterable

from engine.dmn.acceptance import accept
from engine.dmn.checks import check
from engine.dmn.decisions import Decision, Outcome
from engine.dmn.errors import DmnError
from engine.dmn.findings import Finding
from engine.dmn.model import Model, load
from engine.dmn.tables import Aggregation, HitPolicy, Input, Output, Rule, Table

__all__ = [
    "Aggregation",
    "Decision",
    "DmnError",
    "Finding",
    "HitPolicy",
    "Input",
    "Model",
    "Outcome",
    "Output",
    "Rule",
    "Table",
    "check",
    "load",
    "parse",
]


def parse(content: bytes, others: Iterable[bytes] = ()) -> list[Decision]:
    """Compile the decisions and decision services of a file; ``others`` are what it may import.

    Raises ``InvalidDocument`` when it is not XML, ``DmnError`` when it is not a DMN file or holds
    anything that would not be evaluated as it stands.
    """
    return accept(load(content, others))
