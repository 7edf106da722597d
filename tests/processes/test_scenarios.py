"""Every shipped bundle: its scenarios go as they say, and cover all of it."""

import json
import re
from functools import cache

import pytest

from engine import bundles, library
from engine.library.scenarios import trial
from tests.factories import ROOT

# Those that have something to run: a bundle may hold legal duties alone.
BUNDLES = sorted({diagram.parent.name for diagram in ROOT.glob("processes/*/*.bpmn")})


@cache
def tried(name):
    return trial.run(library.read_directory(ROOT / "processes" / name))


@pytest.mark.parametrize("name", BUNDLES)
def test_every_scenario_goes_as_it_says(name):
    assert [(verdict.scenario.path, verdict.problem) for verdict in tried(name).failed] == []


@pytest.mark.parametrize("name", BUNDLES)
def test_every_sequence_flow_and_decision_rule_is_covered(name):
    assert [item.name for part in tried(name).parts for item in part.missing] == []
    assert tried(name).total > 0


def test_the_example_for_process_owners_goes_as_it_says():
    readme = (ROOT / "processes" / "README.md").read_text()
    (example,) = re.findall(r"```json\n(.*?)```", readme, re.DOTALL)
    files = library.read_directory(ROOT / "processes" / "itsm")
    others = {path: files[path] for path in files if not bundles.is_scenario(path)}

    told = trial.run(others | {"processes/itsm/tests/example.json": example.encode()})

    assert json.loads(example)["title"] == told.verdicts[0].scenario.title
    assert told.failed == []
