"""No branch of the permissions goes without a test of its own."""

import json
import os
import subprocess
import sys

import pytest

from tests.factories import ROOT


@pytest.mark.timeout(900)
def test_every_branch_of_the_permissions_is_taken(tmp_path):
    environment = {**os.environ, "COVERAGE_FILE": str(tmp_path / "coverage")}
    report = tmp_path / "coverage.json"

    def run(*words):
        command = [sys.executable, "-m", "coverage", *words]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    run(
        *("run", "--branch", "--include", "engine/people/permissions.py"),
        *("-m", "pytest", "-q", "-p", "no:xdist", "-k", "not postgresql"),
        "tests/engine/test_permissions.py",
    )
    run("json", "-o", str(report))

    totals = json.loads(report.read_text())["totals"]
    assert totals["num_branches"] > 20
    assert (totals["missing_lines"], totals["missing_branches"]) == (0, 0)
