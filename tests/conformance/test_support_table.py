"""The support table in processes/README.md: each row has a diagram that shows what it says."""

import re
from datetime import timedelta

import pytest

from engine import bundles, clock, library
from engine.bpmn import run
from engine.bpmn.definition import compile_definition
from engine.operations import CATALOGUE
from tests.conformance.support_refused import REFUSED
from tests.conformance.support_running import SAMPLES
from tests.engine.linting import errors_in
from tests.factories import ROOT

FACTS = {"number": "INC-1", "status": "new"}
OPERATIONS = {name: operation.apply for name, operation in CATALOGUE.items()}
README = (ROOT / "processes" / "README.md").read_text()
OUTCOMES = re.compile(r"runs|runs with our fix|refused: `([a-z-]+)`")


def rows():
    """Element -> outcome, from the table under its heading."""
    part = README.split("## What runs\n")[1].split("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("|")]
    return {element: outcome for element, outcome, *_ in lines[2:]}


ROWS = rows()


def traced(sample):
    """Run a process its way; the elements that finished, in order."""
    bundle = bundles.read(sample.files)
    processes = {diagram.process_id: diagram for diagram in bundle.diagrams.values()}
    definition = compile_definition(processes["small"], bundle.decisions, processes)
    instance = run.start(definition, FACTS, OPERATIONS)
    steps, is_ended = _since(instance)
    moved = timedelta()
    try:
        for move in sample.way.split():
            moved += _move(instance, move)
            new, is_ended = _since(instance)
            steps += new
    finally:
        clock.shift(-moved)
    assert is_ended, f"It has not ended after {' '.join(steps)}."
    return " ".join(steps)


def _since(instance):
    progress = instance.progress()
    assert progress.failures == ()
    return [step.node.id for step in progress.steps], progress.is_ended


def _move(instance, move):
    """Let one thing happen, and tell how far it moved the clock."""
    if match := re.fullmatch(r"\+(\d+)h", move):
        by = timedelta(hours=int(match[1]))
        clock.shift(by)
        instance.fire_timers()
        return by
    kind, _, name = move.partition(":")
    if kind == "signal":
        instance.broadcast(name, None)
    elif kind == "message":
        instance.deliver(_waiting(instance, lambda wait: getattr(wait, "name", "") == name), None)
    else:
        element_id, _, note = move.partition("=")
        task = _waiting(instance, lambda wait: wait.node.id == element_id)
        instance.complete(task, {"note": note or "seen"})
    return timedelta()


def _waiting(instance, fits):
    return next(wait.id for wait in instance.waits.values() if fits(wait))


def test_every_row_says_one_of_three_things():
    assert [outcome for outcome in ROWS.values() if not OUTCOMES.fullmatch(outcome)] == []


def test_every_row_has_a_sample_and_every_sample_a_row():
    runs = {element for element, outcome in ROWS.items() if outcome.startswith("runs")}

    assert runs == SAMPLES.keys()
    assert ROWS.keys() - runs == REFUSED.keys()


@pytest.mark.parametrize("element", SAMPLES)
def test_what_runs_passes_the_linter(element):
    assert errors_in(SAMPLES[element].files) == set()


@pytest.mark.parametrize("element", SAMPLES)
def test_what_runs_takes_the_expected_way(element):
    assert traced(SAMPLES[element]) == SAMPLES[element].trace


@pytest.mark.parametrize("element", REFUSED)
def test_what_is_refused_is_refused_by_the_rule_with_element_and_remedy(element):
    rule = OUTCOMES.fullmatch(ROWS[element])[1]

    errors = [finding for finding in library.check(REFUSED[element]) if finding.is_error]

    assert {finding.rule for finding in errors} == {rule}
    for finding in errors:
        assert finding.element_id or rule == "file-invalid"
        assert finding.message.count(".") >= 1
