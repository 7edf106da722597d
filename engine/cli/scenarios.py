"""`steadyhand test`: how the processes of a bundle are to run, and what the scenarios cover."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from engine import library
from engine.cli.findings import count
from engine.errors import NotFound
from engine.library.scenarios import picture, trial
from engine.library.scenarios.coverage import Part
from engine.library.scenarios.trial import Trial, Verdict


@click.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
@click.option("--strict", is_flag=True, help="Fail below 100 % as well.")
@click.option(
    "--draw",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write each diagram with what was covered into this folder, as SVG.",
)
def test(directory: Path, style: str, *, strict: bool, folder: Path | None) -> None:
    """Play the scenarios of the bundle in DIRECTORY (processes/<domain>), its tests/*.json.

    Prints which sequence flows and decision rules they cover. Exits with 1 when one fails.
    """
    try:
        files = library.read_directory(directory)
        tried = trial.run(files)
    except NotFound as error:
        raise click.UsageError(str(error)) from error
    click.echo(_as_json(tried) if style == "json" else "\n".join(_as_text(tried)))
    if folder:
        picture.save(files, tried.parts, folder)
    if tried.failed or (strict and tried.covered < tried.total):
        raise SystemExit(1)


def _as_text(tried: Trial) -> Iterator[str]:
    yield from map(_line, tried.verdicts)
    rows = [*map(_row, tried.parts), _figures("total", tried.covered, tried.total, tried.percent)]
    width = max(len(name) for name, _ in rows)
    yield from ("", *(f"{name.ljust(width)}  {figures}" for name, figures in rows))
    yield from _missing(tried)
    yield ""
    yield f"{count(len(tried.verdicts), 'scenario')}, {len(tried.failed)} failed."


def _line(verdict: Verdict) -> str:
    scenario, problem = verdict.scenario, verdict.problem
    if problem is None:
        return f"{scenario.path}: passed “{scenario.title}”"
    return f"{scenario.path}: failed “{scenario.title}”, {problem.place}: {problem.message}"


def _row(part: Part) -> tuple[str, str]:
    return _figures(_place(part), part.covered, len(part.items), part.percent)


def _figures(name: str, covered: int, total: int, percent: int) -> tuple[str, str]:
    return name, f"{covered:4} of {total:4}  {percent:3} %"


def _missing(tried: Trial) -> Iterator[str]:
    lines = [
        f"{part.path}:{item.id}: never taken: {item.name}"
        for part in tried.parts
        for item in part.missing
    ]
    yield from ("", *lines) if lines else ()


def _place(part: Part) -> str:
    return part.path if part.kind == "diagram" else f"{part.path}: {part.name}"


def _as_json(tried: Trial) -> str:
    told = {
        "scenarios": list(map(_scenario, tried.verdicts)),
        "coverage": list(map(_part, tried.parts)),
        "covered": tried.covered,
        "total": tried.total,
        "percent": tried.percent,
    }
    return json.dumps(told, ensure_ascii=False, indent=2)


def _scenario(verdict: Verdict) -> dict[str, object]:
    problem = verdict.problem
    return {
        "path": verdict.scenario.path,
        "title": verdict.scenario.title,
        "passed": problem is None,
        "place": problem.place if problem else None,
        "message": problem.message if problem else None,
    }


def _part(part: Part) -> dict[str, object]:
    return {
        "kind": part.kind,
        "path": part.path,
        "id": part.id,
        "name": part.name,
        "covered": part.covered,
        "total": len(part.items),
        "percent": part.percent,
        "items": [{"id": i.id, "name": i.name, "times": i.times} for i in part.items],
    }
