"""Ranges as values (DMN 1.5 §10.3.2.7)."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Range:
    """From ``start`` to ``end``; one that is left open, as in ``(< 5)``, is null."""

    start: Any
    end: Any
    start_included: bool
    end_included: bool
    test: str = ".."  # the operator that it is written with: ``..``, ``<``, ``=`` and so on
