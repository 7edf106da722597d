"""`steadyhand duty`: which reports the law asks for, by when, and why."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path, PurePosixPath

import click

from engine import bundles, clock, duties
from engine.bundles import Bundle
from engine.cli import calendars
from engine.clocks import Calendar
from engine.duties import Deadline, Known, Regime
from engine.duties.fields import Field
from engine.errors import InvalidDocument, NotFound

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def duty() -> None:
    """Duties to report an incident, by the regimes of a bundle."""


@duty.command("list")
@click.argument("directory", type=_FOLDER)
def list_(directory: Path) -> None:
    """Print the regimes of the bundle in DIRECTORY, and what starts their periods."""
    for regime in _regimes(calendars.read_bundle(directory)):
        click.echo(f"{regime.id}: {regime.title}, {regime.jurisdiction}")
        for name, sentence in regime.facts.items():
            click.echo(f"  {name}: {sentence}")


@duty.command()
@click.argument("directory", type=_FOLDER)
@click.argument("regime_id", metavar="REGIME")
@click.option("--fact", "facts", multiple=True, help="As aware=2026-11-27T20:00:00+01:00.")
@click.option("--submitted", multiple=True, help="A stage, as initial=2026-11-28T10:00:00.")
@click.option("--reporter", help="The kind of reporter, where the regime tells between them.")
@click.option("--calendar", "name", help="A calendar of the bundle instead of the regime's own.")
def explain(
    directory: Path,
    regime_id: str,
    facts: tuple[str, ...],
    submitted: tuple[str, ...],
    reporter: str | None,
    name: str | None,
) -> None:
    """Print by when each stage of REGIME in the bundle in DIRECTORY is due, and why.

    A moment without a time zone is what the clock of the calendar shows. A stage that was submitted
    several times is named several times.
    """
    bundle = calendars.read_bundle(directory)
    regime = _regime(bundle, regime_id)
    calendar = calendars.find(bundle, name or regime.calendar)
    try:
        known = Known(_facts(facts, calendar), _submissions(submitted, calendar), reporter)
        deadlines = duties.deadlines(regime, calendar, known)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    for line in (*_head(regime, calendar, known), *_lines(deadlines, calendar)):
        click.echo(line)


@duty.command()
@click.argument("directory", type=_FOLDER)
@click.argument("regime_id", metavar="REGIME")
@click.argument("stage_id", metavar="STAGE")
def fields(directory: Path, regime_id: str, stage_id: str) -> None:
    """Print what STAGE of REGIME in the bundle in DIRECTORY asks for."""
    bundle = calendars.read_bundle(directory)
    regime = _regime(bundle, regime_id)
    if stage_id not in (stage.id for stage in regime.stages):
        known = ", ".join(stage.id for stage in regime.stages)
        raise NotFound(f"The regime has no stage “{stage_id}”. It has: {known}.")
    for field in duties.fields.missing(_fields(bundle, regime), stage_id, {}, frozenset()):
        condition = f", {field.condition}" if field.condition else ""
        click.echo(f"{field.id}  {field.name} ({field.type}){condition}")


def _fields(bundle: Bundle, regime: Regime) -> tuple[Field, ...]:
    ending = f"/{regime.id}{bundles.FIELDS}"
    found = (read for path, read in bundle.report_fields.items() if path.endswith(ending))
    return next(found, ())


def _regimes(bundle: Bundle) -> list[Regime]:
    """Every regime; one that cannot be read is refused rather than left out."""
    findings = (f for f in bundle.findings if PurePosixPath(f.path).suffix == ".toml")
    if broken := [f"{finding.path}: {finding.message}" for finding in findings]:
        raise InvalidDocument("\n".join(broken))
    return list(bundle.regimes.values())


def _regime(bundle: Bundle, regime_id: str) -> Regime:
    regimes = {regime.id: regime for regime in _regimes(bundle)}
    if regime_id not in regimes:
        known = ", ".join(regimes) or "none"
        raise NotFound(f"The bundle has no regime “{regime_id}”. It has: {known}.")
    return regimes[regime_id]


def _facts(written: Sequence[str], calendar: Calendar) -> dict[str, datetime]:
    facts: dict[str, datetime] = {}
    for name, moment in _named(written, calendar):
        if name in facts:
            raise ValueError(f"“{name}” is there twice. A fact has one moment.")
        facts[name] = moment
    return facts


def _submissions(written: Sequence[str], calendar: Calendar) -> dict[str, list[datetime]]:
    submissions: dict[str, list[datetime]] = {}
    for name, moment in _named(written, calendar):
        submissions.setdefault(name, []).append(moment)
    return submissions


def _named(written: Sequence[str], calendar: Calendar) -> Iterator[tuple[str, datetime]]:
    for text in written:
        name, sign, moment = text.partition("=")
        if not sign:
            raise ValueError(f"“{text}” has no moment. Write it as {name}=2026-11-27T20:00:00.")
        yield name, calendars.moment(moment, calendar)


def _head(regime: Regime, calendar: Calendar, known: Known) -> Iterator[str]:
    yield f"{regime.title}, {regime.jurisdiction}"
    yield f"{regime.source}{f' <{regime.url}>' if regime.url else ''}"
    yield from regime.caveats(_first_day(known, calendar))
    yield f"Days are counted by the calendar “{calendar.name}” ({calendar.zone.key})."
    yield from _labelled(("If it cannot be met: ", regime.if_late), ("Note: ", regime.note))


def _first_day(known: Known, calendar: Calendar) -> date:
    first = min(known.facts.values(), default=clock.now())
    return first.astimezone(calendar.zone).date()


def _lines(deadlines: Sequence[Deadline], calendar: Calendar) -> Iterator[str]:
    for deadline in deadlines:
        stage = deadline.stage
        yield f"\n{stage.title} ({stage.id}), {stage.source}: {_state(deadline)}"
        if deadline.limit:
            yield f"  due   {duties.shown_end(deadline.limit.due_at, calendar.zone)}"
            yield f"  safe  {duties.shown_end(deadline.limit.safe_at, calendar.zone)}"
        yield from (f"  {sentence}" for sentence in deadline.why)
        yield from _labelled(("  Applies: ", stage.applies_to), ("  Contents: ", stage.contents))


def _labelled(*texts: tuple[str, str]) -> Iterator[str]:
    yield from (label + text for label, text in texts if text)


def _state(deadline: Deadline) -> str:
    return f"{deadline.state}, too late" if deadline.is_late else deadline.state.value
