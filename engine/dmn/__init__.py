"""Decision tables in DMN: compiled once, evaluated with which rules matched and on what."""

from engine.dmn.reader import parse
from engine.dmn.tables import Decision, DmnError, HitPolicy, Input, Outcome, Rule

__all__ = ["Decision", "DmnError", "HitPolicy", "Input", "Outcome", "Rule", "parse"]
