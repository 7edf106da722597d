"""`steadyhand calendar`: where a due time comes from."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from engine import bundles, clock, clocks, library
from engine.bundles import Bundle
from engine.clocks import Calendar, Explanation, Segment
from engine.clocks.explanation import length
from engine.errors import InvalidDocument, NotFound


@click.group()
def calendar() -> None:
    """Working calendars of a bundle."""


@calendar.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("name")
@click.option("--start", required=True, help="When it begins, as 2026-12-23T16:00:00+01:00.")
@click.option("--duration", required=True, help="Working time in ISO 8601, as PT8H.")
def explain(directory: Path, name: str, start: str, duration: str) -> None:
    """Print when the working time is over by calendar NAME of the bundle in DIRECTORY, and why.

    A start without a time zone is what the clock of the calendar shows.
    """
    found = find(read_bundle(directory), name)
    try:
        explanation = clocks.explain(moment(start, found), clock.length(duration), found)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    for row in _aligned([_row(explanation, segment) for segment in explanation.segments]):
        click.echo(row)
    click.echo(explanation.sentence)


def read_bundle(directory: Path) -> Bundle:
    """The bundle in a folder; ``InvalidDocument`` when its manifest cannot be read."""
    bundle = bundles.read(library.read_directory(directory))
    if broken := [f.message for f in bundle.findings if f.path.endswith(bundles.MANIFEST)]:
        raise InvalidDocument(" ".join(broken))
    return bundle


def find(bundle: Bundle, name: str) -> Calendar:
    if name not in bundle.calendars:
        known = ", ".join(bundle.calendars) or "none"
        raise NotFound(f"The bundle has no calendar “{name}”. It has: {known}.")
    return bundle.calendars[name]


def moment(text: str, calendar: Calendar) -> datetime:
    """A moment in ISO 8601; without a time zone, what the clock of the calendar shows."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"“{text}” is no moment such as 2026-11-27T20:00:00.") from error
    return read if read.tzinfo else read.replace(tzinfo=calendar.zone)


def _row(explanation: Explanation, segment: Segment) -> tuple[str, ...]:
    shown = explanation.shown
    counted = length(segment.counted) if segment.counted else "-"
    why = segment.reason or "working hours"
    return shown(segment.start), shown(segment.end), counted, segment.kind, why


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    table: list[Any] = [("from", "to", "counted", "", "why"), *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
