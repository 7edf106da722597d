"""What a benchmark found: figures, as a table to read and as JSON to keep."""

import json
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One number beside the least that it could be, measured in the same run, and the goal."""

    what: str
    on: str  # the database, or "" where none takes part
    value: float
    unit: str
    floor: float | None = None
    goal: str = ""


Found = dict[str, list[Figure]]  # benchmark -> its figures
_HEADS = ("what", "on", "value", "unit", "floor", "goal")


def say(text: str) -> None:
    """Show progress, apart from the results."""
    print(f"• {text}", file=sys.stderr, flush=True)


def show(name: str, figures: Iterable[Figure]) -> None:
    """Print one benchmark's table."""
    rows = [_HEADS, *map(_cells, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    print(f"\n{name}")
    for row in rows:
        print(f"  {_line(row, widths)}")


def keep(found: Found, file: Path) -> None:
    """Write everything as JSON, with what it was measured on."""
    machine = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
    }
    figures = {name: [asdict(figure) for figure in figures] for name, figures in found.items()}
    file.write_text(json.dumps({"machine": machine, "figures": figures}, indent=2) + "\n")


def _cells(figure: Figure) -> tuple[str, ...]:
    floor = "" if figure.floor is None else _number(figure.floor)
    return figure.what, figure.on, _number(figure.value), figure.unit, floor, figure.goal


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2f}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    is_number = (False, False, True, False, True, False)
    cells = zip(row, widths, is_number, strict=True)
    return "  ".join(cell.rjust(w) if right else cell.ljust(w) for cell, w, right in cells).rstrip()
