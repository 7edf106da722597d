"""`steadyhand import`: a folder tree that `steadyhand check` passes, and the open questions."""

import re

import pytest
from click.testing import CliRunner

from engine.cli import main
from tests.engine.importing import chain, drawn, node


@pytest.fixture
def run(tmp_path):
    (tmp_path / "look.bpmn").write_bytes(drawn(*chain(node("task", "Look", "Look at it"))))
    to = ["--to", str(tmp_path / "out")]
    return lambda *words: CliRunner().invoke(main, [*words[:1], str(tmp_path / words[1]), *to])


def test_the_bundle_is_written_and_passes_the_check(run, tmp_path):
    result = run("import", "look.bpmn")

    checked = CliRunner().invoke(main, ["check", str(tmp_path / "out" / "processes" / "look")])
    assert result.exit_code == 0
    assert (tmp_path / "out/forms/look/look-at-it.json").exists()
    assert checked.exit_code == 0, checked.output


def test_each_question_is_a_line_as_a_compiler_prints_it(run):
    lines = run("import", "look.bpmn").output.splitlines()

    assert any(
        line.startswith("look.bpmn:Look: question task-plain: “Look at it” A") for line in lines
    )
    assert lines[-1] == "3 questions, from drawn."


def test_nothing_is_overwritten(run, tmp_path):
    run("import", "look.bpmn")
    manifest = tmp_path / "out/processes/look/bundle.toml"
    manifest.write_text("mine")

    result = run("import", "look.bpmn")

    assert result.exit_code == 1
    assert "is there already" in result.output
    assert manifest.read_text() == "mine"


@pytest.mark.parametrize(
    "name", ["../../evil", "/etc/evil", "..\\..\\evil", "..", "a/b", "C:evil", "~", "\u2025/x"]
)
def test_no_name_in_a_drawing_leads_out_of_the_folder(run, tmp_path, name):
    """Of the process or of a step, whose form is a file too: letters alone are taken over."""
    given = drawn(*chain(node("task", name, name))).replace(b'"Handling"', f'"{name}"'.encode())
    (tmp_path / "look.bpmn").write_bytes(given)
    before = set(tmp_path.rglob("*"))

    result = run("import", "look.bpmn")

    written = set(tmp_path.rglob("*")) - before
    assert result.exit_code == 0, result.output
    assert written
    assert all(path.resolve().is_relative_to(tmp_path / "out") for path in written)
    assert all(re.fullmatch(r"[\w.-]+", path.name) for path in written)


def test_what_is_no_diagram_is_refused_in_a_sentence(run, tmp_path):
    (tmp_path / "no.bpmn").write_text("no")

    result = run("import", "no.bpmn")

    assert (result.exit_code, "not XML" in result.output) == (1, True)
    assert not (tmp_path / "out").exists()
