"""The benchmarks run, each in its short form: what they say is not judged."""

import json
import math
import subprocess
import sys

import pytest

from benchmarks import places
from benchmarks.__main__ import BENCHMARKS
from tests.server import ROOT


@pytest.fixture(scope="module")
def opened():
    with places.opened() as opened:
        yield opened


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_finds_a_figure_for_everything_it_measures(name, opened):
    benchmark = BENCHMARKS[name]

    found = list(benchmark.run(benchmark.SHORT, opened))

    assert found
    assert [f for f in found if not (math.isfinite(f.value) and f.value >= 0)] == []
    assert {f.on for f in found} in ({"SQLite", "PostgreSQL"}, {""})
    assert len({(f.what, f.on) for f in found}) == len(found)


def test_the_command_prints_a_table_and_keeps_the_figures_as_json(tmp_path):
    kept = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "kernel", "storage", "--short", "--on", "SQLite"]

    done = subprocess.run([*command, "--json", kept], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    figures = json.loads(kept.read_text())["figures"]
    assert list(figures) == ["kernel", "storage"]
    for figure in (figure for found in figures.values() for figure in found):
        assert figure["what"] in done.stdout


def test_the_command_refuses_a_benchmark_that_does_not_exist():
    command = [sys.executable, "-m", "benchmarks", "nothing"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 2
    assert "invalid choice: 'nothing'" in done.stderr
